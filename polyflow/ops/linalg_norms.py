"""Norms of vectors and of matrices (standard, "Linear Algebra Extension").

Elements that share an extreme share its gradient evenly. At 0, where a norm has a kink, the gradient is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from polyflow.core.batching import on_last_axes, over_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import real_dtype
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import normal_axes, reduced
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import AxisError, ShapeError, ValueRangeError, message
from polyflow.ops.matrices import (
    NOT_FINITE,
    conjugate,
    inverse_or_zero,
    smaller,
    stack_of_matrices,
    well_conditioned,
)


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def vector_norm(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> TensorType:
    """The length of the vector along ``axis``, or of the elements along several axes.

    ``sum(abs(x) ** ord) ** (1 / ord)``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.vector_norm([[3.0, -4.0], [0.0, 1.0]], axis=1)).tolist()
    [5.0, 1.0]

    The largest magnitude for ``ord=inf``, the smallest for ``-inf``, the number of elements that are not 0 for
    ``ord=0``. All axes for ``None``. Standard: "linalg.vector_norm".
    """
    if isinstance(ord, bool) or not isinstance(ord, int | float):
        raise ValueRangeError(message("an order that is not known", found=repr(ord), needed="a real number"))
    if ord in (inf, -inf) and 0 in [x.known_shape[each] for each in normal_axes(axis, x.rank)]:
        raise ShapeError(message("no elements have no extreme", found=format_shape(x.shape), needed="one or more"))
    return reduced(x, axis, keepdims, dtype=real_dtype(x.known_dtype))


@vector_norm.gradient
def vector_norm_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, ord = operation.inputs[0], operation.attributes["ord"]
    axes = normal_axes(operation.attributes["axis"], x.ndim)
    norm = operation.output
    if axes and not operation.attributes["keepdims"]:
        g, norm = xp.expand_dims(g, axis=axes), xp.expand_dims(norm, axis=axes)
    if ord == 0:
        return None
    if ord == 2:
        return g * inverse_or_zero(xp, norm) * conjugate(xp, x)
    direction = conjugate(xp, xp.sign(x))
    if ord in (inf, -inf):
        return g * _shares(xp, xp.abs(x), axes, ord > 0) * direction
    if ord == 1:
        return g * direction
    magnitude = xp.abs(x)
    is_kink = (magnitude == 0) | (norm == 0)
    ratio = xp.where(is_kink, 1.0, magnitude) / xp.where(norm == 0, 1.0, norm)
    return g * xp.where(is_kink, 0.0, ratio ** (ord - 1)) * direction


def _shares(xp: Any, x: Any, axes: tuple[int, ...], is_largest: bool) -> Any:
    """For each element its share of the extreme along ``axes``: 1, or 1 / n for each of n that have it."""
    extreme = (xp.max if is_largest else xp.min)(x, axis=axes, keepdims=True)
    is_hit = xp.astype(x == extreme, x.dtype)
    return is_hit / xp.sum(is_hit, axis=axes, keepdims=True)


vector_norm.batching(over_axes)


@vector_norm.samples
def vector_norm_samples() -> Iterator[Sample]:
    for ord in (2, 1, inf, -inf, 3, 2.5, -1, 0.5):
        yield Sample(normal(3, 4), axis=1, ord=ord, dtypes="floating")
    yield Sample(values([[0.0, 2.0], [0.0, 0.0]]), axis=1, ord=0, dtypes="floating", gradient=False)
    yield Sample(normal(2, 3, 2), dtypes="floating")
    yield Sample(normal(2, 3, 2), axis=(2, 0), keepdims=True, dtypes="floating")
    yield Sample(normal(2, 3, 2), axis=(2, 0), ord=inf, dtypes="floating")
    yield Sample(normal(), dtypes="floating")
    yield Sample(values([0.0, 0.0]), dtypes="floating", gradient=False)
    yield Sample(normal(0, 3), axis=0, dtypes="floating")
    yield Sample(values([3, 4], "int32"))
    yield ErrorSample(normal(2), axis=1).raises(AxisError, "axis 1 is out of range for rank 1")
    yield ErrorSample(normal(2), ord="fro").raises(ValueRangeError, "an order that is not known")
    yield ErrorSample(normal(0), ord=inf).raises(ShapeError, "no elements have no extreme")


_SPECTRAL = (2, -2, "nuc")
_SUMS: dict[Any, int] = {1: -2, -1: -2, inf: -1, -inf: -1}
"""The axis along which magnitudes are summed; the extreme is that along the other."""


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def matrix_norm(x: TensorType, /, *, keepdims: bool = False, ord: float | str | None = "fro") -> TensorType:
    """A norm of each matrix.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.matrix_norm([[3.0, 0.0], [0.0, -4.0]])).tolist()
    5.0

    "fro", or ``None``: the length of all elements. "nuc": the sum of the singular values; 2 and -2: the largest and
    the smallest. 1 and -1: the largest and the smallest sum of the magnitudes of a column; inf and -inf: of a row.
    Second derivatives of "nuc", 2 and -2 ask for singular values that differ. Standard: "linalg.matrix_norm".
    """
    if ord not in ("fro", None, *_SPECTRAL, *_SUMS):
        needed = "'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        raise ValueRangeError(message("an order that is not known", found=repr(ord), needed=needed))
    rows, columns = stack_of_matrices(x).known_shape[-2:]
    choices = {-2: columns, -1: rows, None: smaller(rows, columns)}[_SUMS.get(ord)]
    if choices == 0 and ord not in ("fro", "nuc", None):
        raise ShapeError(message("no elements have no extreme", found=format_shape(x.shape), needed="one or more"))
    return reduced(x, (-2, -1), keepdims, dtype=real_dtype(x.known_dtype))


@matrix_norm.gradient
def matrix_norm_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, ord, norm = operation.inputs[0], operation.attributes["ord"], operation.output
    if not operation.attributes["keepdims"]:
        g, norm = xp.expand_dims(g, axis=(-2, -1)), xp.expand_dims(norm, axis=(-2, -1))
    if ord in ("fro", None):
        return g * inverse_or_zero(xp, norm) * conjugate(xp, x)
    if ord in _SUMS:
        axis = _SUMS[ord]
        sums = xp.sum(xp.abs(x), axis=axis, keepdims=True)
        return g * _shares(xp, sums, (-3 - axis,), ord > 0) * conjugate(xp, xp.sign(x))
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    weights = xp.sign(s) if ord == "nuc" else _shares(xp, s, (-1,), ord > 0)
    return g * conjugate(xp, (u * xp.astype(xp.expand_dims(weights, axis=-2), u.dtype)) @ vh)


matrix_norm.batching(on_last_axes)


@matrix_norm.samples
def matrix_norm_samples() -> Iterator[Sample]:
    for ord in ("fro", "nuc", None, *_SUMS, 2, -2):
        yield Sample(normal(3, 4), ord=ord, dtypes="floating", prepare=well_conditioned)
        yield Sample(normal(2, 3, 2), ord=ord, keepdims=True, dtypes="floating", prepare=well_conditioned)
    yield Sample(normal(0, 2, 3), ord=2, dtypes="floating")
    yield Sample(normal(0, 3), dtypes="floating")
    for ord in ("nuc", 2, -2):
        yield Sample(NOT_FINITE, ord=ord, dtypes="floating", gradient=False)
    yield Sample(values([[0.0, 0.0], [0.0, 0.0]]), dtypes="floating", gradient=False)
    yield Sample(values([[3, 0], [0, 4]], "int32"))
    yield ErrorSample(normal(2)).raises(ShapeError, "no matrices")
    yield ErrorSample(normal(2, 2), ord=3).raises(ValueRangeError, "an order that is not known")
    yield ErrorSample(normal(0, 2), ord=inf).raises(ShapeError, "no elements have no extreme")
