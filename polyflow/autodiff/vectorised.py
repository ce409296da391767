"""The op behind ``vmap``: a traced function of one example, done for all when specialisation knows every type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyflow.autodiff.batching import Batcher, Value
from polyflow.core.declaration import define_op
from polyflow.core.graph import Graph
from polyflow.core.shapes import normal_axis
from polyflow.core.specialise import Specialiser
from polyflow.core.tensor import Tensor
from polyflow.core.types import UNKNOWN, TensorType
from polyflow.errors import AxisError, ShapeError, message


@dataclass(frozen=True, eq=False)
class Example:
    """A function of one example as a graph of its own."""

    graph: Graph
    parameters: tuple[Tensor, ...]
    results: tuple[Tensor, ...]

    def __repr__(self) -> str:
        return f"<example of {len(self.graph)} operations>"


@define_op(name="vmap", takes_unknown=True)
def vmap_op(
    operands: Sequence[TensorType],
    /,
    *,
    example: Any,
    in_axes: tuple[int | None, ...],
    out_axes: tuple[int | None, ...],
    size: int | None,
) -> tuple[TensorType, ...]:
    """The results of ``example`` for each slice of the operands along their ``in_axes``, stacked along ``out_axes``.

    An axis that is ``None`` makes an operand the same for all, or promises it of a result. Users call
    :func:`polyflow.vmap`.

    >>> import polyflow as pf
    >>> pf.vmap(pf.sum)(pf.constant([[1.0, 2.0], [3.0, 4.0]])).operation.op
    <op vmap>
    """
    known = common_size(operands, in_axes, size)
    return tuple(_stacked(each.type, axis, known) for each, axis in zip(example.results, out_axes, strict=True))


vmap_op.no_gradient("specialisation replaces it by the operations that it stands for")


def without_axis(type: TensorType, axis: int | None) -> TensorType:
    """The type of one example of a tensor of ``type``; ``AxisError`` where it has no such axis."""
    if axis is None:
        return TensorType(type.dtype, type.shape)
    if type.shape is None:
        return TensorType(type.dtype, None)
    place = normal_axis(axis, type.rank)
    return TensorType(type.dtype, (*type.shape[:place], *type.shape[place + 1 :]))


def common_size(types: Sequence[TensorType], in_axes: Sequence[int | None], size: int | None = None) -> int | None:
    """How many examples there are, ``None`` where no type knows; ``ShapeError`` where types do not agree."""
    found: dict[int, str] = {} if size is None else {size: "axis_size"}
    for type, axis in zip(types, in_axes, strict=True):
        if axis is not None and type.shape is not None:
            here = type.shape[normal_axis(axis, type.rank)]
            if here is not None:
                found.setdefault(here, f"axis {axis} of {type}")
    if len(found) > 1:
        listed = " and ".join(f"{count} ({where})" for count, where in found.items())
        raise ShapeError(message("vmap: the mapped axes differ in size", found=listed, needed="one number of examples"))
    return next(iter(found), None)


def _stacked(type: TensorType, axis: int | None, size: int | None) -> TensorType:
    if type.shape is None:
        return UNKNOWN if type.dtype is None else TensorType(type.dtype, None)
    if axis is None:
        return TensorType(type.dtype, type.shape)
    place = normal_axis(axis, type.rank + 1)
    return TensorType(type.dtype, (*type.shape[:place], size, *type.shape[place:]))


@vmap_op.expansion
def vmap_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    example, in_axes = attributes["example"], attributes["in_axes"]
    inputs = [builder.cast(each, None) if each.type.weak else each for each in inputs]
    types = [each.type for each in inputs]
    size = common_size(types, in_axes, attributes["size"])
    if size is None:
        raise ShapeError(
            message(
                "vmap: how many examples there are depends on data",
                found=", ".join(map(str, types)),
                needed="mapped axes of known size",
                where=builder.location,
            )
        )
    feeds = {
        parameter: without_axis(type, axis)
        for parameter, type, axis in zip(example.parameters, types, in_axes, strict=True)
    }
    single = Specialiser(example.graph, feeds, builder.xp)
    results = [single.resolve(each) for each in example.results]
    results = [single.cast(each, None) if each.type.weak else each for each in results]
    batcher = Batcher(builder, single, size)
    for parameter, tensor, axis in zip(single.parameters, inputs, in_axes, strict=False):
        place = 0 if axis is None else normal_axis(axis, tensor.type.rank)
        moved = builder.xp.moveaxis(tensor, place, 0) if place else tensor
        batcher.values[parameter] = Value(moved, axis is not None)
    found = batcher.results(results)
    return tuple(
        [_placed(builder, batcher, value, axis) for value, axis in zip(found, attributes["out_axes"], strict=True)]
    )


def _placed(builder: Any, batcher: Batcher, value: Value, axis: int | None) -> Tensor:
    """The tensor with its batch in ``axis``."""
    if axis is None:
        if value.is_batched:
            raise AxisError(
                message(
                    "vmap: a result with out_axes=None depends on the batch",
                    found=str(value.tensor.type),
                    needed="a result that is the same for all examples",
                    where=builder.location,
                )
            )
        return value.tensor
    tensor = batcher.spread(value).tensor
    place = normal_axis(axis, tensor.type.rank)
    return builder.xp.moveaxis(tensor, 0, place) if place else tensor
