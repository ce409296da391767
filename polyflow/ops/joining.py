"""Several tensors into one and back: ``concat``, ``stack``, ``unstack`` (standard, "Manipulation Functions")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

from polyflow.core.batching import again, along_axis, flat, in_all
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import product, single_axis
from polyflow.core.signature import Axis, NewAxis
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, ShapeError, message


@define_op(traits=Trait.IDENTITY, promote=True)
def concat(arrays: Sequence[TensorType], /, *, axis: Axis = 0) -> TensorType:
    """The arrays one after the other along ``axis``; flattened first where it is ``None``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.concat([[[1, 2]], [[3, 4], [5, 6]]])).tolist()
    [[1, 2], [3, 4], [5, 6]]

    They meet in one dtype, and have one shape but for ``axis``. Standard: "concat".
    """
    first = _first(arrays)
    if axis is None:
        return first.with_shape((_total([product(each.known_shape) for each in arrays]),))
    place = single_axis(axis, first.rank)
    shapes = [(*each.known_shape[:place], None, *each.known_shape[place + 1 :]) for each in arrays]
    shape = list(_common_shape([each.known_shape for each in arrays], shapes, f"axis {place}"))
    shape[place] = _total([each.known_shape[place] for each in arrays])
    return first.with_shape(shape)


def _first(arrays: Sequence[TensorType]) -> TensorType:
    if not arrays:
        raise ArgumentError(message("there is nothing to join", found="no arrays", needed="at least one"))
    return arrays[0]


def _total(sizes: Sequence[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _common_shape(shown: Sequence[Shape], shapes: Sequence[Shape], exception: str) -> Shape:
    """The one shape that all of ``shapes`` have, the known dimensions of each taken together."""
    common = shapes[0]
    for place, shape in enumerate(shapes):
        if len(shape) != len(common) or any(
            left != right and None not in (left, right) for left, right in zip(common, shape, strict=True)
        ):
            raise ShapeError(
                message(
                    f"arrays[0] and arrays[{place}] do not fit together",
                    found=f"{format_shape(shown[0])} and {format_shape(shown[place])}",
                    needed=f"one shape, but for {exception}" if exception else "one shape",
                )
            )
        common = tuple(right if left is None else left for left, right in zip(common, shape, strict=True))
    return common


@concat.gradient
def concat_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    sizes = [each.size if axis is None else each.shape[axis] for each in operation.inputs]
    if None in sizes:
        return tuple(parts_like(g, list(operation.inputs), axis=axis))
    ends = list(accumulate(sizes, initial=0))
    keys = [slice(start, stop) for start, stop in pairwise(ends)]
    if axis is None:
        pieces = zip(operation.inputs, keys, strict=True)
        return tuple(xp.reshape(g[key], each.type.static_shape) for each, key in pieces)
    return tuple(g[(*(slice(None),) * axis, key)] for key in keys)


concat.batching(along_axis)


@concat.samples
def concat_samples() -> Iterator[Sample]:
    yield Sample([normal(2, 3), normal(4, 3, seed=1)])
    yield Sample([normal(2, 3), normal(2, 0, seed=1), normal(2, 1, seed=2)], axis=-1)
    yield Sample([normal(2, 3), normal(seed=1), normal(2, seed=2)], axis=None)
    yield Sample([normal(2, 3)])
    wrong = ErrorSample([normal(2, 3), normal(2, 4, seed=1)])
    yield wrong.raises(ShapeError, "arrays[0] and arrays[1] do not fit together")
    yield ErrorSample([normal(2, 3)], axis=2).raises(AxisError, "axis 2 is out of range for rank 2")
    yield ErrorSample([], axis=None).raises(ArgumentError, "there is nothing to join")


@define_op(traits=Trait.VIEW)
def parts_like(x: TensorType, like: Sequence[TensorType], /, *, axis: Axis = 0) -> tuple[TensorType, ...]:
    """The parts of ``x`` along ``axis`` that :func:`concat` of arrays of the shapes of ``like`` would put together.

    >>> import polyflow as pf
    >>> [part.tolist() for part in pf.Session().run(pf.parts_like([1, 2, 3], [[0], [0, 0]]))]
    [[1], [2, 3]]

    Raises ``ShapeError`` where these would have another shape than ``x``.
    """
    whole, shape = concat.rule(like, axis=axis).known_shape, x.known_shape
    if len(whole) != len(shape) or any(
        left != right and None not in (left, right) for left, right in zip(whole, shape, strict=True)
    ):
        found = f"{format_shape(shape)} for parts that make {format_shape(whole)}"
        raise ShapeError(message("the parts do not make up the whole", found=found, needed="one shape"))
    return tuple([each.with_dtype(x.known_dtype) for each in like])


@parts_like.gradient
def parts_like_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return (concat(list(g), axis=operation.attributes["axis"]), *(None,) * (len(operation.inputs) - 1))


@parts_like.kernel
def parts_like_kernel(xp: Any, x: Any, like: Sequence[Any], *, axis: int | None = 0) -> Any:
    sizes = [product(each.shape) if axis is None else each.shape[axis] for each in like]
    keys = [slice(start, stop) for start, stop in pairwise(accumulate(sizes, initial=0))]
    if axis is None:
        return tuple([xp.reshape(x[key], each.shape) for each, key in zip(like, keys, strict=True)])
    return tuple([x[(*(slice(None),) * axis, key)] for key in keys])


@parts_like.batching
def batched_parts_like(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    """Along the axis behind the batch; where all axes are one, along that."""
    axis = operation.attributes["axis"]
    every = in_all(xp, inputs, batched)
    if axis is not None:
        return again(operation, every, axis=axis + 1)
    parts = again(operation, [flat(xp, each) for each in every], axis=1)
    shapes = [each.type.static_shape for each in operation.outputs]
    return tuple([xp.reshape(part, (part.shape[0], *shape)) for part, shape in zip(parts, shapes, strict=True)])


@parts_like.samples
def parts_like_samples() -> Iterator[Sample]:
    yield Sample(normal(5, 2), [normal(2, 2, seed=1), normal(3, 2, seed=2)])
    yield Sample(normal(2, 5), [normal(2, 2, seed=1), normal(2, 0, seed=2), normal(2, 3, seed=3)], axis=1)
    yield Sample(normal(7), [normal(2, 2, seed=1), normal(3, seed=2)], axis=None)
    wrong = ErrorSample(normal(4, 2), [normal(2, 2, seed=1), normal(3, 2, seed=2)])
    yield wrong.raises(ShapeError, "the parts do not make up the whole")


@define_op(promote=True)
def stack(arrays: Sequence[TensorType], /, *, axis: NewAxis = 0) -> TensorType:
    """The arrays side by side along a new axis, which stands at ``axis`` in the result.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.stack([[1, 2], [3, 4]], axis=1)).tolist()
    [[1, 3], [2, 4]]

    They meet in one dtype and have one shape. Standard: "stack".
    """
    first = _first(arrays)
    place = single_axis(axis, first.rank + 1)
    shapes = [each.known_shape for each in arrays]
    shape = _common_shape(shapes, shapes, "")
    return first.with_shape((*shape[:place], len(arrays), *shape[place:]))


@stack.gradient
def stack_gradient(xp: Any, operation: Any, g: Any) -> Any:
    before = (slice(None),) * operation.attributes["axis"]
    return tuple(g[(*before, place)] for place in range(len(operation.inputs)))


stack.batching(along_axis)


@stack.samples
def stack_samples() -> Iterator[Sample]:
    yield Sample([normal(2, 3), normal(2, 3, seed=1)])
    yield Sample([normal(2), normal(2, seed=1), normal(2, seed=2)], axis=-1)
    yield Sample([normal()])
    wrong = ErrorSample([normal(2), normal(3, seed=1)])
    yield wrong.raises(ShapeError, "arrays[0] and arrays[1] do not fit together")
    yield ErrorSample([normal(2)], axis=2).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op(traits=Trait.VIEW)
def unstack(x: TensorType, /, *, axis: Axis = 0) -> tuple[TensorType, ...]:
    """The tuple of the slices of ``x`` along ``axis``, which must be known when the graph is built.

    >>> import polyflow as pf
    >>> [each.tolist() for each in pf.Session().run(pf.unstack([[1, 2], [3, 4]], axis=1))]
    [[1, 3], [2, 4]]

    Standard: "unstack".
    """
    place = single_axis(0 if axis is None else axis, x.rank)
    count = x.known_shape[place]
    if count is None:
        summary = "how many results there are depends on a size that is not known yet"
        raise ShapeError(message(summary, found=str(x), needed=f"a known size of axis {place}"))
    return (x.with_shape((*x.known_shape[:place], *x.known_shape[place + 1 :])),) * count


@unstack.gradient
def unstack_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.stack(list(g) if isinstance(g, tuple) else [g], axis=operation.attributes["axis"])


unstack.batching(along_axis)


@unstack.samples
def unstack_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 2), axis=-1)
    yield Sample(normal(1, 3))
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")
