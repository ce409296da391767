"""Norms, and tensors that are brought to a length."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from polyflow.errors import ValueRangeError, message
from polyflow.ops.arithmetic import divide, multiply, sqrt, square
from polyflow.ops.comparison import isfinite
from polyflow.ops.complex_numbers import conj, real
from polyflow.ops.linalg_norms import vector_norm
from polyflow.ops.logical import logical_not
from polyflow.ops.magnitudes import abs as _abs
from polyflow.ops.magnitudes import clip, maximum
from polyflow.ops.reductions import max as _max
from polyflow.ops.reductions import sum as _sum
from polyflow.ops.searching import where

Axes = int | Sequence[int] | None


def l2_loss(x: Any, /, *, name: str | None = None) -> Any:
    """Half the sum of the squares, ``sum(x ** 2) / 2``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.l2_loss([3.0, 4.0])).tolist()
    12.5

    Source: TensorFlow, "tf.nn.l2_loss".
    """
    return _sum(square(x)) / 2


def l2_normalize(x: Any, /, axis: Axes = None, epsilon: float = 1e-12, *, name: str | None = None) -> Any:
    """``x`` divided by its length along ``axis``, ``x / sqrt(max(sum(x ** 2), epsilon))``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.l2_normalize([[6.0, 8.0], [0.0, 0.0]], 1)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]

    Source: TensorFlow, "tf.math.l2_normalize".
    """
    return divide(x, sqrt(maximum(_sum(square(x), axis=axis, keepdims=True), epsilon)))


def norm(
    x: Any, /, ord: str | float = "euclidean", axis: Axes = None, keepdims: bool = False, *, name: str | None = None
) -> Any:
    """The length of vectors along an axis, or of matrices along two.

    >>> import polyflow as pf
    >>> x = pf.constant([[3.0, 4.0], [0.0, 5.0]])
    >>> [each.tolist() for each in pf.Session().run([pf.norm(x, axis=1), pf.norm(x, 1, axis=[0, 1])])]
    [[5.0, 5.0], 9.0]

    ``ord`` is "euclidean", "fro" or a number; of matrices the norm 1 is the largest column sum of magnitudes and the
    norm infinity the largest row sum. Without an axis ``x`` is one vector. ``polyflow.linalg.matrix_norm`` has the
    others. Source: TensorFlow, "tf.norm".
    """
    axes = tuple(axis) if isinstance(axis, list | tuple) else axis
    if ord in ("euclidean", "fro"):
        return vector_norm(x, axis=axes, keepdims=keepdims, name=name)
    if not isinstance(axes, tuple) or len(axes) == 1:
        if isinstance(ord, str):
            raise ValueRangeError(message("norm: an order that is not known", found=repr(ord), needed="a number"))
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=ord, name=name)
    if ord not in (1, inf) or len(axes) != 2:
        needed = '"euclidean", "fro", 1 or inf along two axes'
        remedy = "polyflow.linalg.matrix_norm"
        raise ValueRangeError(
            message("norm: an order that is not known", found=repr(ord), needed=needed, remedy=remedy)
        )
    summed, greatest = axes if ord == 1 else axes[::-1]
    found = _max(_sum(_abs(x), axis=summed, keepdims=True), axis=greatest, keepdims=True)
    return found if keepdims else _sum(found, axis=axes)


def _squares(x: Any) -> Any:
    """The square of the magnitude of each element."""
    return real(multiply(x, conj(x)))


def clip_by_value(x: Any, /, clip_value_min: Any, clip_value_max: Any, *, name: str | None = None) -> Any:
    """``x`` with its elements brought between two bounds.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.clip_by_value([-1.0, 0.5, 3.0], 0.0, 1.0)).tolist()
    [0.0, 0.5, 1.0]

    Source: TensorFlow, "tf.clip_by_value".
    """
    return clip(x, clip_value_min, clip_value_max, name=name)


def clip_by_norm(x: Any, /, clip_norm: Any, axes: Axes = None, *, name: str | None = None) -> Any:
    """``x`` shortened to the length ``clip_norm`` where it is longer.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.clip_by_norm([3.0, 4.0], 2.5)).tolist()
    [1.5, 2.0]

    The length is taken along ``axes``, over all elements without them; the gradient is finite for ``x`` of zeros.
    Source: TensorFlow, "tf.clip_by_norm".
    """
    return multiply(x, clip_norm / maximum(_length(x, axes), clip_norm))


def _length(x: Any, axes: Axes, keepdims: bool = True) -> Any:
    """The Euclidean length, whose gradient at zero is zero."""
    total = _sum(_squares(x), axis=axes, keepdims=keepdims)
    return where(total > 0, sqrt(where(total > 0, total, 1)), 0)


def global_norm(tensors: Sequence[Any], /, *, name: str | None = None) -> Any:
    """The length of all ``tensors`` taken as one vector.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.global_norm([pf.constant([3.0]), None, pf.constant([[0.0, 4.0]])])).tolist()
    5.0

    ``None`` among them counts for nothing. Source: TensorFlow, "tf.linalg.global_norm".
    """
    present = [each for each in tensors if each is not None]
    if not present:
        raise ValueRangeError(message("global_norm: there is nothing to measure", found=f"{len(tensors)} times None"))
    total: Any = None
    for each in present:
        part = _sum(_squares(each))
        total = part if total is None else total + part
    return where(total > 0, sqrt(where(total > 0, total, 1)), 0)


def clip_by_global_norm(
    tensors: Sequence[Any], clip_norm: Any, /, use_norm: Any = None, *, name: str | None = None
) -> tuple[list[Any], Any]:
    """The tensors shortened together so that :func:`global_norm` is at most ``clip_norm``, and what it was.

    >>> import polyflow as pf
    >>> clipped, length = pf.clip_by_global_norm([pf.constant([3.0]), None, pf.constant([4.0])], 2.5)
    >>> [each.tolist() for each in pf.Session().run([clipped[0], clipped[2], length])]
    [[1.5], [2.0], 5.0]

    ``None`` stays ``None``. Where the norm is infinite or NaN, so that no length is right, all become NaN.
    Source: TensorFlow, "tf.clip_by_global_norm".
    """
    length = global_norm(tensors) if use_norm is None else use_norm
    scale = clip_norm / maximum(length, clip_norm)
    scale = where(logical_not(isfinite(length)), float("nan"), scale)
    return [None if each is None else multiply(each, scale) for each in tensors], length
