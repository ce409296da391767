"""``vmap``: a function of one example as a function of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.autodiff.vectorised import Example, common_size, vmap_op, without_axis
from polyflow.core import building
from polyflow.core.graph import Graph
from polyflow.core.location import user_location
from polyflow.core.structures import Structure, flatten, spread
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, message
from polyflow.extension.backend import Backend
from polyflow.session.function import Function
from polyflow.session.tracing import TracedGraph, as_tensors, is_tensor_like
from polyflow.session.transforms import transform


def vmap(
    f: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_size: int | None = None,
    backend: str | Backend | None = None,
    device: str | None = None,
) -> Function:
    """``f``, a function of one example, as a function of many: arrays are mapped over one of their axes.

    >>> import numpy as np, polyflow as pf
    >>> rows = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> pf.vmap(lambda row, scale: pf.sum(row) * scale, in_axes=(0, None))(rows, 10.0).tolist()
    [30.0, 70.0]

    ``in_axes`` is the axis of each array that counts the examples, or ``None`` for what is the same for all; one for
    all arguments, or a tuple with an entry for each, which may be nested as the argument is. ``out_axes`` says the same
    of the results; those with ``None`` must not depend on the example. Keyword arguments are mapped over axis 0.

    It is a transformation of the program, not a loop: each op handles all examples at once, as its batching rule says.
    An op without one for its operands is repeated for each example; it is logged at level INFO, and its operations
    stand under ``vmap/unrolled_...``. Random numbers take a key, mapped for numbers of its own in each example. Raises
    ``ShapeError`` where the mapped axes differ in size, or the size of a result depends on data, ``AxisError`` where an
    array has no such axis.
    """

    def symbolic(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = flatten((args, kwargs))
        axes = [*spread(_in_axes(in_axes, len(args)), structure.members[0], "in_axes")]
        axes += [0] * structure.members[1].leaf_count()
        outer: Any = building.overriding_builder()
        values = as_tensors(leaves, outer)
        _check_mapped(structure, values, axes)
        tensors = [each for each in values if isinstance(each, Tensor)]
        mapped = [axis for each, axis in zip(values, axes, strict=True) if isinstance(each, Tensor)]
        common_size([each.type for each in tensors], mapped, axis_size)
        graph = TracedGraph(_name(f), outer)
        parameters = [
            graph.parameter(without_axis(each.type, axis), each.operation.name)
            for each, axis in zip(tensors, mapped, strict=True)
        ]
        rest = iter(parameters)
        inner = [next(rest) if isinstance(each, Tensor) else each for each in values]
        inner_args, inner_kwargs = structure.rebuild(inner)
        with building.overriding(graph):
            returned, shape = flatten(f(*inner_args, **inner_kwargs))
            results = [graph.as_tensor(each) if is_tensor_like(each) else each for each in returned]
        chosen = [
            (each, axis)
            for each, axis in zip(results, spread(out_axes, shape, "out_axes"), strict=True)
            if isinstance(each, Tensor)
        ]
        example = Example(graph, (*parameters, *graph.captured.values()), tuple([each for each, _ in chosen]))
        attributes = {
            "example": example,
            "in_axes": (*mapped, *[None] * len(graph.captured)),
            "out_axes": tuple([axis for _, axis in chosen]),
            "size": axis_size,
        }
        found = iter(_apply(outer, (*tensors, *graph.captured), attributes) if chosen else ())
        return shape.rebuild([next(found) if isinstance(each, Tensor) else each for each in results])

    return transform(f, "vmap", symbolic, backend, device)


def _apply(builder: Any, operands: tuple[Tensor, ...], attributes: dict[str, Any]) -> Sequence[Tensor]:
    if isinstance(builder, Graph):
        return builder.add(vmap_op, operands, attributes).outputs
    return builder.apply(vmap_op, operands, attributes, None, None)  # type: ignore[no-any-return]


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _in_axes(in_axes: Any, count: int) -> Any:
    """One entry for each of ``count`` arguments."""
    if not isinstance(in_axes, tuple | list):
        return (in_axes,) * count
    if len(in_axes) == count:
        return tuple(in_axes)
    raise ArgumentError(
        message(
            "vmap: in_axes does not fit the arguments",
            found=f"{len(in_axes)} entries",
            needed=f"{count}, one for each positional argument",
            where=user_location(),
        )
    )


def _check_mapped(structure: Structure, values: Sequence[Any], axes: Sequence[Any]) -> None:
    """Refuse to map over what has no axis."""
    for path, value, axis in zip(structure.paths(), values, axes, strict=True):  # [0][place]... or [1][name]...
        if axis is None:
            continue
        if not isinstance(axis, int):
            raise ArgumentError(message("vmap: an entry of in_axes", found=repr(axis), needed="an axis, or None"))
        has_axes = isinstance(value, Tensor) and value.type.shape != ()
        if not has_axes:
            found = str(value.type) if isinstance(value, Tensor) else f"{type(value).__name__} {value!r:.40}"
            raise ArgumentError(
                message(
                    f"vmap: argument {path[3:]} has no axis to map over",
                    found=found,
                    needed="an array of rank 1 or more",
                    where=user_location(),
                    remedy="None in in_axes for what is the same for all examples",
                )
            )
