"""Gathering slices by index, in TensorFlow's words; ``take`` and ``tensor[key]`` stand in ``indexing.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, integers, normal, values
from polyflow.core.shapes import single_axis
from polyflow.core.signature import Axis
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message
from polyflow.ops.indexing import getitem


@define_op(dtypes={"indices": "integral"})
def gather(x: TensorType, indices: TensorType, /, *, axis: Axis = None, batch_dims: int = 0) -> TensorType:
    """The slices of ``x`` along ``axis`` at ``indices``, which may differ for each element of a batch.

    >>> import polyflow as pf
    >>> x = pf.constant([[1, 2, 3], [4, 5, 6]])
    >>> pf.Session().run([pf.gather(x, [1, 0, 1]), pf.gather(x, [2, 0], batch_dims=1)])[1].tolist()
    [3, 4]

    The first ``batch_dims`` axes of both are the same; ``axis``, by default the one after them, is replaced by the
    other axes of ``indices``. Negative indices count from the end; one outside the axis as in ``take``.
    Source: TensorFlow, "tf.gather".
    """
    place = _gathered_axis(axis, batch_dims, x.rank)
    _check_batch(x.known_shape, indices.known_shape, batch_dims)
    shape = x.known_shape
    return x.with_shape((*shape[:place], *indices.known_shape[batch_dims:], *shape[place + 1 :]))


def _gathered_axis(axis: Axis, batch_dims: int, rank: int) -> int:
    place = single_axis(batch_dims if axis is None else axis, rank)
    if not 0 <= batch_dims <= place:
        needed = f"a number from 0 to the axis, {place}"
        raise ValueRangeError(message("batch_dims that make no sense", found=batch_dims, needed=needed))
    return place


def _check_batch(left: Shape, right: Shape, batch_dims: int) -> None:
    pairs = zip(left[:batch_dims], right[:batch_dims], strict=False)
    if len(right) < batch_dims or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ShapeError(
            message(
                f"x and indices differ in their first {batch_dims} axes",
                found=f"{format_shape(left)} and {format_shape(right)}",
                needed="one batch",
            )
        )


@gather.expansion
def gather_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (x, indices) = builder.xp, inputs
    batch = attributes["batch_dims"]
    axis = _gathered_axis(attributes["axis"], batch, x.ndim)
    if batch == 0:
        return xp.take(x, indices, axis=axis)
    moved = xp.moveaxis(x, axis, batch)
    found = getitem(moved, *batch_lines(xp, indices.shape, batch), indices, key=(INDEX,) * (batch + 1))
    end, between = indices.ndim, axis - batch  # the axes of x between the batch and `axis` come first again
    order = (*range(batch), *range(end, end + between), *range(batch, end), *range(end + between, found.ndim))
    return xp.permute_dims(found, order) if between else found


def batch_lines(xp: Any, shape: Sequence[int], count: int) -> list[Any]:
    """For each of the first ``count`` axes of ``shape`` its indices, in a form that broadcasts to ``shape``."""
    rank = len(shape)
    return [xp.reshape(xp.arange(shape[axis]), (-1,) + (1,) * (rank - axis - 1)) for axis in range(count)]


@gather.samples
def gather_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), integers(2, 2, low=0, high=4))
    yield Sample(normal(2, 4, 3), integers(5, low=0, high=3, dtype="int32"), axis=-1)
    yield Sample(normal(2, 4, 3), integers(2, 5, low=0, high=4), batch_dims=1)
    yield Sample(normal(2, 3, 2, 4), integers(2, 2, 3, low=-4, high=4), axis=3, batch_dims=1)
    yield Sample(normal(2, 3, 4), integers(2, 3, low=0, high=4), batch_dims=2)
    yield ErrorSample(normal(2, 4), integers(3, 5, low=0, high=4), batch_dims=1).raises(
        ShapeError, "x and indices differ in their first 1 axes"
    )
    yield ErrorSample(normal(2, 4), integers(2, low=0, high=2), axis=0, batch_dims=1).raises(
        ValueRangeError, "batch_dims that make no sense"
    )
    yield ErrorSample(normal(4), values([0.5], "float32")).raises(DTypeError, "needed:  a integral dtype")


@define_op(dtypes={"indices": "integral"})
def gather_nd(x: TensorType, indices: TensorType, /, *, batch_dims: int = 0) -> TensorType:
    """The slices of ``x`` at the places that the rows of ``indices``, along its last axis, name.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]])).tolist()
    [2, 3]

    A row has an index for each of the first axes of ``x`` after the ``batch_dims`` axes that both have in common.
    Raises ``ShapeError`` where it has more. Source: TensorFlow, "tf.gather_nd".
    """
    _check_batch(x.known_shape, indices.known_shape[:-1], batch_dims)
    depth = index_depth(indices, x.rank - batch_dims)
    return x.with_shape((*indices.known_shape[:-1], *x.known_shape[batch_dims + depth :]))


def index_depth(indices: TensorType, most: int) -> int:
    """The number of axes that each row of ``indices`` speaks of."""
    depth = indices.known_shape[-1] if indices.rank else None
    if depth is None or not 1 <= depth <= most:
        raise ShapeError(
            message(
                "the rows of indices do not name places",
                found=format_shape(indices.known_shape),
                needed=f"a last axis of a known size from 1 to {most}",
            )
        )
    return depth


def index_columns(indices: Any) -> list[Any]:
    """The index arrays, one for each axis, that the last axis of ``indices`` holds side by side."""
    return [indices[..., column] for column in range(indices.shape[-1])]


@gather_nd.expansion
def gather_nd_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x, indices = inputs
    columns = [*batch_lines(builder.xp, indices.shape[:-1], attributes["batch_dims"]), *index_columns(indices)]
    return getitem(x, *columns, key=(INDEX,) * len(columns))


@gather_nd.samples
def gather_nd_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), integers(2, 2, low=0, high=3))
    yield Sample(normal(4, 3, 2), values([[[0], [-1]], [[2], [0]]], "int32"))
    yield Sample(normal(2, 4, 3, 2), integers(2, 3, 2, low=0, high=3), batch_dims=1)
    yield Sample(normal(4, 3), values([3, 1], "int64"))
    yield ErrorSample(normal(4), integers(2, 2, low=0, high=3)).raises(ShapeError, "do not name places")
    yield ErrorSample(normal(2, 4), integers(3, 1, low=0, high=3), batch_dims=1).raises(ShapeError, "first 1 axes")


@define_op(dtypes="integral")
def invert_permutation(x: TensorType, /) -> TensorType:
    """The permutation that undoes ``x``: ``y[x[i]] == i``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.invert_permutation([2, 0, 1])).tolist()
    [1, 2, 0]

    ``x`` holds each number from 0 to its size once; what another ``x`` gives is not defined. Raises ``ShapeError``
    where it does not have rank 1. Source: TensorFlow, "tf.math.invert_permutation".
    """
    if x.rank != 1:
        raise ShapeError(message("not a permutation", found=format_shape(x.known_shape), needed="rank 1"))
    return x


invert_permutation.zero_gradient("its operand is whole numbers")


@invert_permutation.kernel
def invert_permutation_kernel(xp: Any, x: Any) -> Any:
    return xp.astype(xp.argsort(x), x.dtype)


@invert_permutation.batching
def invert_permutation_batching(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    return xp.astype(xp.argsort(inputs[0], axis=-1), inputs[0].dtype)


@invert_permutation.samples
def invert_permutation_samples() -> Iterator[Sample]:
    yield Sample(values([3, 0, 2, 1]))
    yield Sample(values([1, 0, 2]))
    yield Sample(values([], "int64"))
    yield ErrorSample(values([[0, 1]], "int64")).raises(ShapeError, "not a permutation")
