"""Batching rules that many ops share: what an op does to operands that have one more axis in front.

A rule has the form ``rule(xp, operation, inputs, batched)``. ``operation`` is the operation as it stands in the program
of one example; ``inputs`` are the operands for all examples, with the batch in axis 0 where ``batched`` says so and as
they are elsewhere; at least one is batched. The rule returns the outputs, all of them with the batch in axis 0, or
``NotImplemented`` where it knows no way for these operands: then the operation is done example by example.

An op hangs one on itself, as in ``sum.batching(over_axes)``; elementwise ops need none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from polyflow.core.building import builder_of

BatchingRule = Callable[[Any, Any, Sequence[Any], Sequence[bool]], Any]
"""``rule(xp, operation, inputs, batched)``; tensors and namespaces of any builder, hence Any."""


# -- what rules are written with


def again(operation: Any, inputs: Sequence[Any], **changed: Any) -> Any:
    """The op of ``operation`` applied to ``inputs``, with some attributes changed."""
    return builder_of(inputs).apply(operation.op, inputs, {**operation.attributes, **changed}, None, operation.device)


def batch_size(inputs: Sequence[Any], batched: Sequence[bool]) -> int:
    """How many examples there are."""
    first = next(each for each, is_batched in zip(inputs, batched, strict=True) if is_batched)
    return first.type.known_shape[0]  # type: ignore[no-any-return]


def in_all(xp: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """The operands, each with the batch in axis 0: those without are repeated."""
    size = batch_size(inputs, batched)
    return [
        each if is_batched else xp.broadcast_to(each, (size, *each.type.static_shape))
        for each, is_batched in zip(inputs, batched, strict=True)
    ]


def ranked(xp: Any, x: Any, rank: int) -> Any:
    """A batched ``x`` whose examples have ``rank`` axes: new ones of size 1 stand behind the batch."""
    missing = rank + 1 - x.ndim
    return xp.expand_dims(x, axis=tuple(range(1, missing + 1))) if missing > 0 else x


def aligned(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """The operands with batched ones of one rank, so that they broadcast as the examples do."""
    rank = max(each.type.rank for each in operation.inputs)
    return [ranked(xp, each, rank) if is_batched else each for each, is_batched in zip(inputs, batched, strict=True)]


def to_front(xp: Any, x: Any, axis: int) -> Any:
    """``x`` with the batch moved from ``axis`` to the front."""
    return xp.moveaxis(x, axis, 0) if axis else x


def flat(xp: Any, x: Any) -> Any:
    """A batched ``x`` with all axes of its examples made one."""
    size, *sizes = x.type.static_shape
    return xp.reshape(x, (size, prod(sizes)))


def shifted(axis: Any) -> Any:
    """An axis of an example as an axis of the batch; ``None`` stays."""
    if isinstance(axis, tuple):
        return tuple([each + 1 for each in axis])
    return axis if axis is None else axis + 1


def shifted_axes(operation: Any) -> Mapping[str, Any]:
    """The attributes that are axes, each as an axis of the batch."""
    forms = operation.op.signature.forms
    return {name: shifted(operation.attributes[name]) for name, form in forms if form in ("axis", "new axis")}


def is_without_axis(operation: Any) -> bool:
    """Whether an axis was left open."""
    return any(
        form in ("axis", "new axis") and operation.attributes[name] is None
        for name, form in operation.op.signature.forms
    )


# -- rules for whole kinds of ops


def elementwise(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """For ops that broadcast their operands: ranks are aligned, the rest is broadcasting."""
    return again(operation, aligned(xp, operation, inputs, batched))


def along_axis(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """For ops that work along axes of their operands, all of which have them: every axis counts one more.

    Where the axis was left open, the op works on all elements in row-major order, which are made one axis.
    """
    every = in_all(xp, inputs, batched)
    if is_without_axis(operation):
        found = again(operation, [flat(xp, each) for each in every], axis=1)
        return xp.reshape(found, (found.shape[0], *operation.output.type.static_shape))
    return again(operation, every, **shifted_axes(operation))


def over_axes(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """For ops of one operand that work over several axes, all of them where they are left open."""
    rank = operation.inputs[0].type.rank
    forms = operation.op.signature.forms
    axes = {name: operation.attributes[name] for name, form in forms if form == "axis"}
    every = {name: tuple(range(rank)) if axis is None else axis for name, axis in axes.items()}
    return again(operation, inputs, **{name: shifted(axis) for name, axis in every.items()})


def on_last_axes(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """For ops on the last axes of operands that all have the axes in front: nothing changes but the rank."""
    return again(operation, in_all(xp, inputs, batched))


def to_shape(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """For ops of one operand whose attribute ``shape`` is the shape of the result."""
    size = batch_size(inputs, batched)
    return again(operation, inputs, shape=(size, *operation.output.type.static_shape))


def folded_in(*axes: int) -> BatchingRule:
    """A rule for ops that have a batch of their own in axis ``axes[i]`` of operand ``i``, and in axis 0 of the result.

    The two batches are made one, and parted again in the result.
    """

    def fold(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
        size = batch_size(inputs, batched)
        folded = []
        for each, axis in zip(in_all(xp, inputs, batched), axes, strict=True):
            moved = xp.moveaxis(each, 0, axis) if axis else each
            shape = moved.type.static_shape
            folded.append(xp.reshape(moved, (*shape[:axis], size * shape[axis + 1], *shape[axis + 2 :])))
        return xp.reshape(again(operation, folded), (size, *operation.output.type.static_shape))

    return fold
