"""The same elements in another shape: reshape, permute, broadcast (standard, "Manipulation Functions")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import again, aligned, along_axis, batch_size, on_last_axes, ranked, shifted, to_shape
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import broadcast_shapes, normal_axes, product
from polyflow.core.signature import Axis, NewAxis, ShapeLike
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, ShapeError, ValueRangeError, message

_RESHAPING = Trait.VIEW | Trait.IDENTITY


@define_op(traits=_RESHAPING)
def reshape(x: TensorType, /, shape: ShapeLike, *, copy: bool | None = None) -> TensorType:
    """The elements of ``x``, in row-major order, in another shape.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.reshape([1, 2, 3, 4, 5, 6], (2, -1))).tolist()
    [[1, 2, 3], [4, 5, 6]]

    One size may be -1: it is what the others leave. ``copy`` is accepted for the standard's sake: values are immutable.
    Raises ``ShapeError`` where the number of elements differs. Standard: "reshape".
    """
    return x.with_shape(_reshaped(x.known_shape, shape))


def _reshaped(found: Shape, wanted: tuple[int, ...]) -> Shape:
    open_places = [place for place, size in enumerate(wanted) if size == -1]
    if any(size < -1 for size in wanted) or len(open_places) > 1:
        needed = "sizes of at least 0, one of which may be -1"
        raise ValueRangeError(message("not a shape to reshape to", found=wanted, needed=needed))
    size, rest = product(found), product(each for each in wanted if each != -1)
    if size is None or rest is None:
        return tuple(None if each == -1 else each for each in wanted)
    if open_places and rest and size % rest == 0:
        return tuple(size // rest if each == -1 else each for each in wanted)
    if open_places or size != rest:
        raise ShapeError(
            message(
                f"cannot reshape {format_shape(found)} to {format_shape(wanted)}",
                found=f"{size} elements",
                needed=f"a multiple of {rest}, other than of 0" if open_places else f"{rest} elements",
            )
        )
    return wanted


@reshape.gradient
def reshape_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    if x.shape.count(None) == 1 and 0 not in x.shape:
        return xp.reshape(g, tuple(-1 if size is None else size for size in x.shape))
    return xp.reshape(g, x.type.static_shape)


reshape.batching(to_shape)


@reshape.simplification
def reshape_simplification(operation: Any) -> Any:
    """The shape that it was given before makes no difference."""
    inner = operation.inputs[0].operation
    if inner.op is not reshape or not inner.inputs[0].type.is_static:  # else it may be refused while it runs
        return None
    is_back = inner.inputs[0].type == operation.output.type
    return inner.inputs[0] if is_back else (reshape, inner.inputs, operation.attributes)


@reshape.samples
def reshape_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), shape=(3, 2))
    yield Sample(normal(2, 3, 2), shape=(-1, 4))
    yield Sample(normal(), shape=(1, -1))
    yield Sample(normal(6), shape=6)
    yield Sample(normal(0, 3), shape=(3, -1))
    yield Sample(normal(1, 1), shape=())
    yield ErrorSample(normal(2, 3), shape=(4, 2)).raises(ShapeError, "cannot reshape (2, 3) to (4, 2)")
    yield ErrorSample(normal(2, 3), shape=(4, -1)).raises(ShapeError, "needed:  a multiple of 4")
    yield ErrorSample(normal(2, 3), shape=(-1, -1)).raises(ValueRangeError, "one of which may be -1")


@define_op(traits=_RESHAPING)
def expand_dims(x: TensorType, /, axis: NewAxis = 0) -> TensorType:
    """``x`` with an axis of size 1 put in at each position that ``axis`` names in the result.

    >>> import polyflow as pf
    >>> pf.expand_dims([[1, 2, 3]], axis=(0, -1)).shape
    (1, 1, 3, 1)

    Standard: "expand_dims".
    """
    axes = (axis,) if isinstance(axis, int) else axis
    rest = iter(x.known_shape)
    return x.with_shape([1 if place in axes else next(rest) for place in range(x.rank + len(axes))])


@expand_dims.gradient
def expand_dims_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.squeeze(g, axis=operation.attributes["axis"])


expand_dims.batching(along_axis)


@expand_dims.samples
def expand_dims_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), axis=0)
    yield Sample(normal(2, 3), axis=-1)
    yield Sample(normal(2, 3), axis=(-1, 0, 2))
    yield Sample(normal(), axis=(0, 1))
    yield Sample(normal(2), axis=())
    yield ErrorSample(normal(2, 3), axis=3).raises(AxisError, "axis 3 is out of range for rank 3")
    yield ErrorSample(normal(2, 3), axis=(0, -4)).raises(AxisError, "names one axis twice")


@define_op(traits=_RESHAPING)
def squeeze(x: TensorType, /, axis: Axis) -> TensorType:
    """``x`` without the axes that ``axis`` names, which must have size 1.

    >>> import polyflow as pf
    >>> pf.squeeze([[[1, 2, 3]]], axis=(0, 1)).shape
    (3,)

    Raises ``ShapeError`` for an axis of another size. Standard: "squeeze".
    """
    if axis is None:
        needed = "the axes by number, so that no other one vanishes by chance"
        raise ArgumentError(message("the axes to squeeze are not named", found="axis=None", needed=needed))
    axes = normal_axes(axis, x.rank)
    for each in axes:
        if x.known_shape[each] not in (1, None):
            raise ShapeError(message(f"axis {each} has size {x.known_shape[each]}", needed="an axis of size 1"))
    return x.with_shape([size for place, size in enumerate(x.known_shape) if place not in axes])


@squeeze.gradient
def squeeze_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.expand_dims(g, axis=operation.attributes["axis"])


squeeze.batching(along_axis)


@squeeze.samples
def squeeze_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 1, 3), axis=1)
    yield Sample(normal(1, 2, 1), axis=(-1, 0))
    yield Sample(normal(2, 1), axis=())
    yield ErrorSample(normal(2, 1, 3), axis=2).raises(ShapeError, "axis 2 has size 3")
    yield ErrorSample(normal(2, 1), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op(traits=Trait.VIEW)
def permute_dims(x: TensorType, /, axes: Axis) -> TensorType:
    """``x`` with its axes in the order of ``axes``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.permute_dims([[1, 2, 3], [4, 5, 6]], (1, 0))).tolist()
    [[1, 4], [2, 5], [3, 6]]

    Standard: "permute_dims".
    """
    if not isinstance(axes, tuple) or len(axes) != x.rank:
        needed = f"a tuple that names each of the {x.rank} axes once"
        raise AxisError(message("not a permutation of the axes", found=axes, needed=needed))
    return x.with_shape([x.known_shape[each] for each in axes])


@permute_dims.gradient
def permute_dims_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axes = operation.attributes["axes"]
    return xp.permute_dims(g, tuple(axes.index(place) for place in range(len(axes))))


@permute_dims.batching
def permute_dims_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return again(operation, inputs, axes=(0, *shifted(operation.attributes["axes"])))


@permute_dims.simplification
def permute_dims_simplification(operation: Any) -> Any:
    """One permutation after another is one, or none."""
    inner = operation.inputs[0].operation
    if inner.op is not permute_dims:
        return None
    rank = len(operation.attributes["axes"])
    before, axes = ([each % rank for each in one.attributes["axes"]] for one in (inner, operation))
    both = [before[each] for each in axes]
    return inner.inputs[0] if both == sorted(both) else (permute_dims, inner.inputs, {"axes": tuple(both)})


@permute_dims.samples
def permute_dims_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3, 4), axes=(2, 0, 1))
    yield Sample(normal(2, 3), axes=(-1, -2))
    yield Sample(normal(), axes=())
    yield ErrorSample(normal(2, 3), axes=(0,)).raises(AxisError, "not a permutation of the axes")
    yield ErrorSample(normal(2, 3), axes=(0, 0)).raises(AxisError, "names one axis twice")


@define_op(traits=Trait.VIEW)
def moveaxis(x: TensorType, source: Axis, destination: Axis, /) -> TensorType:
    """``x`` with the axes ``source`` moved to the positions ``destination``, the others in their order.

    >>> import polyflow as pf
    >>> pf.moveaxis([[[1, 2, 3], [4, 5, 6]]], 0, -1).shape
    (2, 3, 1)

    Standard: "moveaxis".
    """
    sources, destinations = normal_axes(source, x.rank), normal_axes(destination, x.rank)
    if source is None or destination is None or len(sources) != len(destinations):
        raise AxisError(
            message(
                "source and destination do not pair up",
                found=f"source={source}, destination={destination}",
                needed="as many positions as axes",
            )
        )
    target = dict(zip(destinations, sources, strict=True))
    others = iter([place for place in range(x.rank) if place not in sources])
    return x.with_shape([x.known_shape[target[place] if place in target else next(others)] for place in range(x.rank)])


@moveaxis.gradient
def moveaxis_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.moveaxis(g, operation.attributes["destination"], operation.attributes["source"])


moveaxis.batching(along_axis)


@moveaxis.samples
def moveaxis_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3, 4), source=0, destination=-1)
    yield Sample(normal(2, 3, 4), source=(2, 0), destination=(0, 1))
    yield ErrorSample(normal(2, 3), source=0, destination=(0, 1)).raises(AxisError, "do not pair up")
    yield ErrorSample(normal(2, 3), source=2, destination=0).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op(traits=Trait.VIEW | Trait.INVOLUTION)
def matrix_transpose(x: TensorType, /) -> TensorType:
    """Each matrix of ``x``, which the last two axes make up, transposed; also ``x.mT``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.matrix_transpose([[1, 2, 3], [4, 5, 6]])).tolist()
    [[1, 4], [2, 5], [3, 6]]

    Standard: "matrix_transpose".
    """
    if x.rank < 2:
        raise ShapeError(message("there is no matrix to transpose", found=f"rank {x.rank}", needed="rank 2 or more"))
    *batch, rows, columns = x.known_shape
    return x.with_shape([*batch, columns, rows])


@matrix_transpose.gradient
def matrix_transpose_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.matrix_transpose(g)


matrix_transpose.batching(on_last_axes)


@matrix_transpose.samples
def matrix_transpose_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 4))
    yield ErrorSample(normal(2)).raises(ShapeError, "there is no matrix to transpose")


@define_op(traits=_RESHAPING)
def broadcast_to(x: TensorType, /, shape: ShapeLike) -> TensorType:
    """``x`` repeated along new axes, and along axes of size 1, to fill ``shape``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.broadcast_to([1, 2], (2, 2))).tolist()
    [[1, 2], [1, 2]]

    Raises ``ShapeError`` where ``x`` does not broadcast to ``shape``. Standard: "broadcast_to".
    """
    found = x.known_shape
    fits = all(have in (need, 1, None) for have, need in zip(reversed(found), reversed(shape), strict=False))
    if len(found) > len(shape) or not fits or any(size < 0 for size in shape):
        raise ShapeError(
            message(
                f"cannot broadcast {format_shape(found)} to {format_shape(shape)}",
                needed="from the right, each axis of the size asked for or of size 1",
            )
        )
    return x.with_shape(shape)


@broadcast_to.gradient
def broadcast_to_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g


@broadcast_to.batching
def broadcast_to_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return to_shape(xp, operation, [ranked(xp, inputs[0], operation.output.ndim)], batched)


@broadcast_to.simplification
def broadcast_to_simplification(operation: Any) -> Any:
    """The shape that it had on the way makes no difference."""
    inner = operation.inputs[0].operation
    is_known = inner.op is broadcast_to and inner.inputs[0].type.is_static
    return (broadcast_to, inner.inputs, operation.attributes) if is_known else None


@broadcast_to.samples
def broadcast_to_samples() -> Iterator[Sample]:
    yield Sample(normal(3), shape=(2, 3))
    yield Sample(normal(2, 1, 3), shape=(2, 4, 3))
    yield Sample(normal(), shape=(0, 2))
    yield Sample(normal(2, 3), shape=(2, 3))
    yield ErrorSample(normal(2, 3), shape=(3, 2)).raises(ShapeError, "cannot broadcast (2, 3) to (3, 2)")
    yield ErrorSample(normal(2, 3), shape=(3,)).raises(ShapeError, "cannot broadcast (2, 3) to (3,)")


@define_op(traits=Trait.VIEW)
def broadcast_arrays(*arrays: TensorType) -> tuple[TensorType, ...]:
    """Each of ``arrays`` broadcast to the shape in which all of them meet, its dtype kept.

    >>> import polyflow as pf
    >>> [each.shape for each in pf.broadcast_arrays([1, 2, 3], [[1.0], [2.0]])]
    [(2, 3), (2, 3)]

    Raises ``ShapeError`` where the shapes do not broadcast. Standard: "broadcast_arrays".
    """
    shape = broadcast_shapes(*(each.known_shape for each in arrays))
    return tuple(each.with_shape(shape) for each in arrays)


@broadcast_arrays.gradient
def broadcast_arrays_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g


@broadcast_arrays.batching
def broadcast_arrays_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    shape = (batch_size(inputs, batched), *operation.outputs[0].type.static_shape)
    return [xp.broadcast_to(each, shape) for each in aligned(xp, operation, inputs, batched)]


@broadcast_arrays.samples
def broadcast_arrays_samples() -> Iterator[Sample]:
    yield Sample(normal(3), normal(2, 1, seed=1), normal(seed=2))
    yield Sample(normal(2, 3))
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "shapes (2,) and (3,) do not broadcast")
