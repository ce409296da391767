"""Products of vectors, diagonals and powers of matrices (standard, "Linear Algebra Extension").

``matmul``, ``tensordot``, ``vecdot`` and ``matrix_transpose`` are those of the main namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import again, aligned, on_last_axes
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import accumulator
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import broadcast
from polyflow.core.signature import DTypeLike
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ArgumentError, AxisError, DTypeError, ShapeError, message
from polyflow.ops.batched_products import batched_outer
from polyflow.ops.matrices import SINGULAR, stack_of_matrices, stack_of_squares, well_conditioned


@define_op(namespace="linalg", dtypes="numeric", promote=True)
def cross(x1: TensorType, x2: TensorType, /, *, axis: int = -1) -> TensorType:
    """The cross products of the vectors of three elements along ``axis``; the other axes broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.cross([1, 0, 0], [0, 1, 0])).tolist()
    [0, 0, 1]

    Where the operands differ in rank, ``axis`` is counted from the last. Raises ``ShapeError`` where either has not
    three elements along it. Standard: "linalg.cross".
    """
    larger, smaller = max(x1.rank, x2.rank), min(x1.rank, x2.rank)
    first = -smaller if larger != smaller else -larger
    last = -1 if larger != smaller else larger - 1
    if not first <= axis <= last:
        found = f"axis={axis}, shapes {format_shape(x1.shape)} and {format_shape(x2.shape)}"
        raise AxisError(message("no axis of both operands", found=found, needed=f"{first} <= axis <= {last}"))
    for each in (x1, x2):
        if each.known_shape[axis] not in (3, None):
            found = f"shape {format_shape(each.shape)}, axis {axis}"
            raise ShapeError(message("cross products are of vectors of three elements", found=found))
    return broadcast(x1, x2)


@cross.gradient
def cross_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    axis = operation.attributes["axis"]
    # A triple product stays the same when its factors move round: g . (x1 x x2) = x1 . (x2 x g) = x2 . (g x x1).
    return xp.linalg.cross(x2, g, axis=axis), xp.linalg.cross(g, x1, axis=axis)


@cross.batching
def cross_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    rank = max(each.ndim for each in operation.inputs)
    axis = operation.attributes["axis"]
    return again(operation, aligned(xp, operation, inputs, batched), axis=axis if axis < 0 else axis - rank)


@cross.samples
def cross_samples() -> Iterator[Sample]:
    yield Sample(normal(3), normal(3, seed=1))
    yield Sample(normal(2, 3), normal(4, 1, 3, seed=1))
    yield Sample(normal(3, 2), normal(3, 1, seed=1), axis=0)
    yield Sample(normal(3, 2), normal(4, 3, 1, seed=1), axis=-2)
    yield Sample(normal(0, 3), normal(3, seed=1))
    yield ErrorSample(normal(2), normal(2, seed=1)).raises(ShapeError, "vectors of three elements")
    yield ErrorSample(normal(3, 2), normal(4, 3, 2, seed=1), axis=0).raises(AxisError, "-2 <= axis <= -1")
    yield ErrorSample([True] * 3, [True] * 3).raises(DTypeError, "needed:  a numeric dtype")


@define_op(namespace="linalg", dtypes="numeric", promote=True)
def outer(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The products of each element of the vector ``x1`` with each of the vector ``x2``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.outer([1, 2], [3, 4])).tolist()
    [[3, 4], [6, 8]]

    Raises ``ShapeError`` where an operand is no vector. Standard: "linalg.outer".
    """
    if x1.rank != 1 or x2.rank != 1:
        found = f"shapes {format_shape(x1.shape)} and {format_shape(x2.shape)}"
        remedy = "polyflow.tensordot(x1, x2, axes=0)"
        raise ShapeError(message("an outer product is of two vectors", found=found, needed="rank 1", remedy=remedy))
    return x1.with_shape((*x1.known_shape, *x2.known_shape))


@outer.gradient
def outer_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    return xp.matmul(g, x2), xp.matmul(x1, g)


outer.batching(batched_outer)


@outer.samples
def outer_samples() -> Iterator[Sample]:
    yield Sample(normal(3), normal(2, seed=1))
    yield Sample(normal(0), normal(2, seed=1))
    yield ErrorSample(normal(2, 3), normal(3, seed=1)).raises(ShapeError, "an outer product is of two vectors")


@define_op(namespace="linalg", traits=Trait.VIEW)
def diagonal(x: TensorType, /, *, offset: int = 0) -> TensorType:
    """The diagonal of each matrix, ``offset`` places above the main one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.diagonal([[1, 2], [3, 4]])).tolist()
    [1, 4]

    It takes the place of the last two axes, and is empty where there is no such diagonal. Standard: "linalg.diagonal".
    """
    rows, columns = stack_of_matrices(x).known_shape[-2:]
    count = None if rows is None or columns is None else _count(rows, columns, offset)
    return x.with_shape((*x.known_shape[:-2], count))


def _count(rows: int, columns: int, offset: int) -> int:
    """How many elements a diagonal has."""
    return max(min(rows - max(-offset, 0), columns - max(offset, 0)), 0)


@diagonal.gradient
def diagonal_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, offset = operation.inputs[0], operation.attributes["offset"]
    rows, columns = x.type.static_shape[-2:]
    count = _count(rows, columns, offset)
    if count == 0:
        return None
    above = max(-offset, 0)
    lines = xp.pad(g, ((0, 0),) * (g.ndim - 1) + ((above, rows - above - count),))
    return _on_diagonal(xp, operation, xp.expand_dims(lines, axis=-1))


def _on_diagonal(xp: Any, operation: Any, g: Any) -> Any:
    """``g``, broadcast to the operand, on the diagonal that the operation took, and 0 elsewhere."""
    rows, columns = operation.inputs[0].type.static_shape[-2:]
    is_chosen = xp.eye(rows, columns, k=operation.attributes["offset"], dtype=xp.bool)
    return xp.where(is_chosen, g, 0.0)


diagonal.batching(on_last_axes)


@diagonal.samples
def diagonal_samples() -> Iterator[Sample]:
    for offset in (0, 1, -2, 3):
        yield Sample(normal(2, 3, 4), offset=offset)
    yield Sample(normal(4, 2), offset=-1)
    yield Sample(normal(2, 3), offset=9)
    yield Sample(normal(0, 2, 2))
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")


@define_op(namespace="linalg", dtypes="numeric")
def trace(x: TensorType, /, *, offset: int = 0, dtype: DTypeLike = None) -> TensorType:
    """The sum of the diagonal of each matrix, ``offset`` places above the main one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.trace([[1, 2], [3, 4]])).tolist()
    5

    ``dtype`` is that of the sum, as in :func:`polyflow.sum`. Standard: "linalg.trace".
    """
    return TensorType(dtype or accumulator(x.known_dtype), stack_of_matrices(x).known_shape[:-2])


@trace.gradient
def trace_gradient(xp: Any, operation: Any, g: Any) -> Any:
    g = xp.astype(g, operation.inputs[0].dtype)
    return _on_diagonal(xp, operation, xp.expand_dims(g, axis=(-2, -1)))


trace.batching(on_last_axes)


@trace.samples
def trace_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 3))
    yield Sample(normal(2, 3, 4), offset=1)
    yield Sample(normal(4, 2), offset=-1)
    yield Sample(normal(2, 2), offset=5)
    yield Sample(normal(2, 2), dtype="complex128", dtypes="real floating")
    yield Sample(normal(2, 0, 0))
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")


@define_op(namespace="linalg", dtypes="floating", to_float=True, traits=Trait.VIEW)
def matrix_power(x: TensorType, n: int, /) -> TensorType:
    """The ``n``-th power of each square matrix; for a negative ``n``, of its inverse.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.matrix_power([[1.0, 1.0], [0.0, 1.0]], 5)).tolist()
    [[1.0, 5.0], [0.0, 1.0]]

    Standard: "linalg.matrix_power".
    """
    if not isinstance(n, int):
        raise ArgumentError(message("the power of a matrix is a whole number", found=repr(n)))
    return stack_of_squares(x)


@matrix_power.gradient
def matrix_power_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # For every power, negative ones too, f([[A, E], [0, A]]) has the derivative of f at A along E in its corner.
    # Source: N. Higham, "Functions of Matrices", theorem 3.6.
    x, n = operation.inputs[0], operation.attributes["n"]
    if n == 0:
        return None
    size = x.type.static_shape[-1]
    x = xp.matrix_transpose(x)
    upper = xp.concat([x, g], axis=-1)
    lower = xp.concat([xp.zeros_like(x), x], axis=-1)
    return xp.linalg.matrix_power(xp.concat([upper, lower], axis=-2), n)[..., :size, size:]


matrix_power.batching(on_last_axes)


@matrix_power.samples
def matrix_power_samples() -> Iterator[Sample]:
    for n in (0, 1, 2, 5):
        yield Sample(normal(3, 3), n, dtypes="floating")
    yield Sample(normal(2, 3, 3), -3, dtypes="floating", prepare=_with_inverse)
    yield Sample(normal(0, 2, 2), 3, dtypes="floating")
    yield Sample(values([[1, 1], [1, 0]], "int32"), 5)
    yield Sample(SINGULAR, -2, dtypes="floating", gradient=False)
    yield ErrorSample(normal(2, 3), 2).raises(ShapeError, "the matrices are not square")
    yield ErrorSample(normal(2, 2), 0.5).raises(ArgumentError, "a whole number")


def _with_inverse(xp: Any, x: Any, n: int) -> Any:
    return well_conditioned(xp, x), n
