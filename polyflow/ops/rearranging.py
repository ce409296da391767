"""Elements in another order, or several times over: flip, roll, tile, repeat (standard, "Manipulation Functions")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import again, along_axis, flat, over_axes, ranked, shifted
from polyflow.core.declaration import Trait, define_op
from polyflow.core.keys import INDEX
from polyflow.core.literal import literal
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import product, single_axis
from polyflow.core.signature import Axis, Slice
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, ShapeError, ValueRangeError, message
from polyflow.ops.indexing import take
from polyflow.ops.manipulation import reshape


@define_op(traits=Trait.VIEW | Trait.INVOLUTION)
def flip(x: TensorType, /, *, axis: Axis = None) -> TensorType:
    """``x`` with the order of its elements reversed along ``axis``, along all axes without one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.flip([[1, 2], [3, 4]], axis=1)).tolist()
    [[2, 1], [4, 3]]

    Standard: "flip".
    """
    return x.with_shape(x.known_shape)


@flip.gradient
def flip_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.flip(g, axis=operation.attributes["axis"])


flip.batching(over_axes)


@flip.samples
def flip_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 2), axis=(0, -1))
    yield Sample(normal(2, 0), axis=0)
    yield Sample(normal())
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op
def roll(x: TensorType, /, shift: int | tuple[int, ...], *, axis: Axis = None) -> TensorType:
    """``x`` moved on by ``shift`` places along ``axis``; what leaves at one end comes in at the other.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.roll([1, 2, 3, 4], 1)).tolist()
    [4, 1, 2, 3]

    Without an axis the elements move on in row-major order, whatever the shape. A tuple of shifts goes with a tuple of
    as many axes. Standard: "roll".
    """
    if isinstance(shift, tuple) and not (isinstance(axis, tuple) and len(axis) == len(shift)):
        raise AxisError(
            message("shifts and axes do not pair up", found=f"shift={shift}, axis={axis}", needed="an axis a shift")
        )
    return x.with_shape(x.known_shape)


@roll.gradient
def roll_gradient(xp: Any, operation: Any, g: Any) -> Any:
    shift = operation.attributes["shift"]
    back = tuple(-each for each in shift) if isinstance(shift, tuple) else -shift
    return xp.roll(g, back, axis=operation.attributes["axis"])


roll.batching(along_axis)


@roll.samples
def roll_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), shift=2)
    yield Sample(normal(2, 3), shift=-4, axis=1)
    yield Sample(normal(2, 3), shift=3, axis=1)
    yield Sample(normal(2, 3, 4), shift=(1, -1), axis=(0, 2))
    yield Sample(normal(2, 3), shift=1, axis=(0, 1))
    yield Sample(normal(0), shift=1)
    yield ErrorSample(normal(2, 3), shift=(1, 2), axis=0).raises(AxisError, "do not pair up")


@define_op(traits=Trait.IDENTITY)
def tile(x: TensorType, repetitions: tuple[int, ...], /) -> TensorType:
    """``x`` put side by side ``repetitions[i]`` times along each axis ``i``, counted from the last.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tile([[1, 2]], (2, 2))).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]

    Where there are fewer repetitions than axes, or fewer axes than repetitions, ones are put in front. Standard:
    "tile".
    """
    if not isinstance(repetitions, tuple) or any(not isinstance(each, int) or each < 0 for each in repetitions):
        raise ValueRangeError(message("not repetitions", found=repetitions, needed="a tuple of numbers of at least 0"))
    counts, sizes = _aligned(repetitions, x.known_shape)
    return x.with_shape([product(pair) for pair in zip(counts, sizes, strict=True)])


def _aligned(repetitions: tuple[int, ...], shape: tuple[Any, ...]) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Both with ones in front, to one length."""
    missing = len(shape) - len(repetitions)
    return (1,) * missing + repetitions, (1,) * -missing + shape


@tile.gradient
def tile_gradient(xp: Any, operation: Any, g: Any) -> Any:
    shape = operation.inputs[0].type.static_shape
    counts, sizes = _aligned(operation.attributes["repetitions"], shape)
    split = xp.reshape(g, tuple(each for pair in zip(counts, sizes, strict=True) for each in pair))
    return xp.reshape(xp.sum(split, axis=tuple(range(0, 2 * len(counts), 2))), shape)


@tile.batching
def tile_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    counts, _ = _aligned(operation.attributes["repetitions"], operation.inputs[0].shape)
    return again(operation, [ranked(xp, inputs[0], len(counts))], repetitions=(1, *counts))


@tile.samples
def tile_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), repetitions=(2, 1))
    yield Sample(normal(2), repetitions=(3, 2, 2))
    yield Sample(normal(2, 3), repetitions=(2,))
    yield Sample(normal(2, 3), repetitions=(0, 2))
    yield Sample(normal(), repetitions=())
    yield ErrorSample(normal(2), repetitions=(-1,)).raises(ValueRangeError, "not repetitions")


@define_op(name="repeat")
def repeat_op(x: TensorType, repeats: int, /, *, axis: Axis = None) -> TensorType:
    """Each element of ``x`` along ``axis`` ``repeats`` times in a row; ``x`` is flattened first without an axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.repeat([[1, 2], [3, 4]], 2, axis=1)).tolist()
    [[1, 1, 2, 2], [3, 3, 4, 4]]

    Users call :func:`polyflow.repeat`, which also takes a number for each element. Standard: "repeat".
    """
    if not isinstance(repeats, int):
        raise ArgumentError(
            message(
                "repeats must be a whole number here",
                found=type(repeats).__name__,
                remedy="polyflow.repeat, which takes one for each element as well",
            )
        )
    if repeats < 0:
        raise ValueRangeError(message("cannot repeat so often", found=f"repeats={repeats}", needed="repeats >= 0"))
    return _repeated(x, axis, repeats)


def _repeated(x: TensorType, axis: Axis, repeats: int | None) -> TensorType:
    if axis is None:
        return x.with_shape((product([product(x.known_shape), repeats]),))
    place = single_axis(axis, x.rank)
    shape = list(x.known_shape)
    shape[place] = product([shape[place], repeats])
    return x.with_shape(shape)


@repeat_op.gradient
def repeat_gradient(xp: Any, operation: Any, g: Any) -> Any:
    shape = operation.inputs[0].type.static_shape
    axis = operation.attributes["axis"]
    place = len(shape) - 1 if axis is None else axis
    split = (*shape[: place + 1], operation.attributes["repeats"], *shape[place + 1 :])
    return xp.sum(xp.reshape(g, split), axis=place + 1)


repeat_op.batching(along_axis)


@repeat_op.samples
def repeat_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), 2)
    yield Sample(normal(2, 3), 3, axis=-2)
    yield Sample(normal(2, 3), 0, axis=1)
    yield Sample(normal(), 3)
    yield ErrorSample(normal(2), -1).raises(ValueRangeError, "cannot repeat so often")
    yield ErrorSample(normal(2), (1, 2)).raises(ArgumentError, "repeats must be a whole number here")


@define_op(name="repeat_each", dtypes={"counts": "integral"})
def repeat_each_op(x: TensorType, counts: TensorType, /, *, axis: Axis = None) -> TensorType:
    """Each element of ``x`` along ``axis`` as often in a row as its entry of ``counts`` says.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.repeat([5, 6, 7], pf.constant([2, 0, 1]))).tolist()
    [5, 5, 7]

    ``x`` is flattened first without an axis; ``counts`` has one entry for each element, or one for all. How many
    elements come out is known only at run time. Users call :func:`polyflow.repeat`. Standard: "repeat".
    """
    size = product(x.known_shape) if axis is None else x.known_shape[single_axis(axis, x.rank)]
    if counts.rank != 1 or (None not in (size, counts.known_shape[0]) and counts.known_shape[0] not in (1, size)):
        found = format_shape(counts.known_shape)
        raise ShapeError(message("counts do not fit the axis", found=found, needed=format_shape((size,))))
    return _repeated(x, axis, None)


@repeat_each_op.gradient
def repeat_each_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, counts = operation.inputs
    axis = operation.attributes["axis"]
    flat = xp.reshape(x, (x.size,)) if axis is None else x
    place = axis or 0
    sources = xp.repeat_each(xp.arange(flat.type.static_shape[place]), counts)
    key = (*(Slice(None, None, None),) * place, INDEX)
    return xp.reshape(xp.index_add(xp.zeros_like(flat), g, sources, key=key), x.shape), None


@repeat_each_op.kernel
def repeat_each_kernel(xp: Any, x: Any, counts: Any, *, axis: int | None) -> Any:
    if (x.size if axis is None else x.shape[axis]) == 0:  # as is known while building: no counts are asked
        return xp.reshape(x, (0,)) if axis is None else x
    return xp.repeat(x, counts, axis=axis)


@repeat_each_op.batching
def repeat_each_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    x, counts = inputs
    if batched[1]:
        return NotImplemented
    axis = operation.attributes["axis"]
    return again(operation, [flat(xp, x) if axis is None else x, counts], axis=1 if axis is None else shifted(axis))


@repeat_each_op.samples
def repeat_each_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), values([1, 2, 0], "int64"), axis=1)
    yield Sample(normal(2, 2), values([0, 1, 3, 1], "int64"))
    yield Sample(normal(3), values([2], "int64"), axis=0)
    yield Sample(normal(0, 3), values([2], "int64"), axis=0)
    yield Sample(values([float("inf"), 1.0]), values([2, 1], "int64"), dtypes="real floating", gradient=False)
    wrong = ErrorSample(normal(2, 3), values([1, 2], "int64"), axis=1)
    yield wrong.raises(ShapeError, "counts do not fit the axis")


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None, name: str | None = None) -> Any:
    """Each element of ``x`` along ``axis`` several times in a row; ``x`` is flattened first without an axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.repeat(pf.constant([5, 6, 7]), [2, 0, 1])).tolist()
    [5, 5, 7]

    ``repeats`` is a number, or has one for each element. Numbers give a shape that is known while building, a tensor of
    them one that is known only at run time. Standard: "repeat".
    """
    if isinstance(repeats, int):
        return repeat_op(x, repeats, axis=axis, name=name)
    if hasattr(repeats, "__tensor__"):
        return repeat_each_op(x, repeats, axis=axis, name=name)
    counts = literal(repeats).tolist()
    if not isinstance(counts, list) or len(counts) == 1:
        return repeat_op(x, counts[0] if isinstance(counts, list) else counts, axis=axis, name=name)
    sources = literal([place for place, count in enumerate(counts) for _ in range(count)], "int64")
    flat, place = (reshape(x, (-1,)), 0) if axis is None else (x, axis)
    shape = getattr(flat, "shape", None)
    size = None if shape is None else shape[single_axis(place, len(shape))]
    if size not in (None, len(counts)):
        raise ShapeError(message("repeat: repeats do not fit the axis", found=f"{len(counts)} of them", needed=size))
    return take(flat, sources, axis=place, name=name)
