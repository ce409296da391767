"""Batching rules of products of matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from polyflow.core.batching import again, ranked, shifted, to_front


def batched_matmul(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``matmul``: one product where one operand is the same for all, else a product for each example."""
    x1, x2 = inputs
    one1, one2 = operation.inputs
    if batched == [True, False] and one2.ndim <= 2:
        return again(operation, inputs)
    if batched == [False, True] and one2.ndim >= 2 >= one1.ndim:
        return again(operation, inputs)
    if batched == [False, True] and one2.ndim == 1:
        return to_front(xp, xp.matmul(x1, xp.matrix_transpose(x2)), max(one1.ndim - 1, 0))
    if one1.ndim == 1:
        x1 = xp.expand_dims(x1, axis=-2)
    if one2.ndim == 1:
        x2 = xp.expand_dims(x2, axis=-1)
    rank = max(one1.ndim, one2.ndim, 2)
    x1, x2 = (ranked(xp, each, rank) if has else each for each, has in zip((x1, x2), batched, strict=True))
    found = xp.matmul(x1, x2)
    axes = tuple(axis for axis, one in ((-2, one1), (-1, one2)) if one.ndim == 1)
    return xp.squeeze(found, axis=axes) if axes else found


def batched_tensordot(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``tensordot``: one product where one operand is the same for all, else a product for each example."""
    x1, x2 = inputs
    one1, one2 = operation.inputs
    left, right = pairs_of_axes(operation.attributes["axes"], one1.ndim, one2.ndim)
    if batched == [True, False]:
        return again(operation, inputs, axes=(shifted(left), right))
    if batched == [False, True]:
        return to_front(xp, again(operation, inputs, axes=(left, shifted(right))), one1.ndim - len(left))
    kept1 = tuple(axis for axis in range(one1.ndim) if axis not in left)
    kept2 = tuple(axis for axis in range(one2.ndim) if axis not in right)
    sizes1, sizes2 = one1.type.static_shape, one2.type.static_shape
    inner = prod(sizes1[axis] for axis in left)
    size = x1.type.static_shape[0]
    rows, columns = (prod(sizes[axis] for axis in kept) for sizes, kept in ((sizes1, kept1), (sizes2, kept2)))
    x1 = xp.reshape(xp.permute_dims(x1, (0, *shifted(kept1), *shifted(left))), (size, rows, inner))
    x2 = xp.reshape(xp.permute_dims(x2, (0, *shifted(right), *shifted(kept2))), (size, inner, columns))
    return xp.reshape(xp.matmul(x1, x2), (size, *operation.output.type.static_shape))


def pairs_of_axes(axes: Any, rank1: int, rank2: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes that a ``tensordot`` sums over, counted from the front.

    >>> pairs_of_axes(1, 2, 2), pairs_of_axes(((-1,), (0,)), 2, 2)
    (((1,), (0,)), ((1,), (0,)))
    """
    if isinstance(axes, int):
        return tuple(range(rank1 - axes, rank1)), tuple(range(axes))
    return tuple(axis % rank1 for axis in axes[0]), tuple(axis % rank2 for axis in axes[1])


def batched_solve(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``linalg.solve``, whose second operand is one right side, or matrices of them."""
    x1, x2 = inputs
    one1, one2 = operation.inputs
    is_vector = one2.ndim == 1
    if is_vector:
        x2 = xp.expand_dims(x2, axis=-1)
    rank = max(one1.ndim, one2.ndim + is_vector)
    x1, x2 = (ranked(xp, each, rank) if has else each for each, has in zip((x1, x2), batched, strict=True))
    found = again(operation, [x1, x2])
    return xp.squeeze(found, axis=-1) if is_vector else found


def batched_outer(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ``linalg.outer``."""
    x1, x2 = inputs
    return xp.expand_dims(x1, axis=-1) * xp.expand_dims(x2, axis=-2)


def batched_by_matrix(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """The rule of ops on a stack of matrices, with further operands that have an element for each matrix."""
    x, *others = inputs
    one = operation.inputs[0]
    if not batched[0]:  # the same matrices, as often as there are elements for them
        count = next(each.shape[0] for each, has in zip(others, batched[1:], strict=True) if has)
        x = xp.broadcast_to(x, (count, *x.shape))
    others = [ranked(xp, each, one.ndim - 2) if has else each for each, has in zip(others, batched[1:], strict=True)]
    return again(operation, [x, *others])
