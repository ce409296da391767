"""Reductions to one number along axes: sums, products, extremes and moments (standard, "Statistical Functions")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import over_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import accumulator
from polyflow.core.literal import literal
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import normal_axes, product, reduced
from polyflow.core.signature import Axis, DTypeLike
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import AxisError, DTypeError, ShapeError, message
from polyflow.ops.arithmetic import multiply
from polyflow.ops.manipulation import broadcast_to, reshape


@define_op
def sum(x: TensorType, /, *, axis: Axis = None, dtype: DTypeLike = None, keepdims: bool = False) -> TensorType:
    """The sum of the elements of ``x`` over ``axis``, over all axes without one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sum([[1, 2], [3, 4]], axis=0)).tolist()
    [4, 6]

    The elements are converted to ``dtype`` first: without one, integers and bools to 64 bits. ``keepdims`` leaves the
    axes with size 1. The sum of no elements is 0. Standard: "sum".
    """
    return reduced(x, axis, keepdims, dtype=dtype or accumulator(x.known_dtype))


@sum.gradient
def sum_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    return _spread(xp, _restored(xp, operation, xp.astype(g, x.dtype)), x)


sum.batching(over_axes)


@sum.simplification
def sum_simplification(operation: Any) -> Any:
    """A sum of repetitions of one value is a multiple of it."""
    inner, result = operation.inputs[0].operation, operation.output.type
    if inner.op is not broadcast_to or result.dtype is not inner.output.type.dtype:
        return None
    given, shape = inner.inputs[0].type, inner.output.type.shape
    if result.dtype.kind != "float" or result.dtype.bits < 32 or not given.is_static or not result.is_static:
        return None
    sizes = (1,) * (len(shape) - given.rank) + given.shape
    axes = normal_axes(operation.attributes["axis"], len(shape))
    count = product([shape[each] for each in axes]) or 0
    if {sizes[each] for each in axes} != {1} or not 1 < count < _EXACT:
        return None
    kept = tuple([size for place, size in enumerate(sizes) if place not in axes])
    if operation.attributes["keepdims"]:
        kept = sizes
    value = inner.inputs[0] if kept == given.shape else (reshape, inner.inputs, {"shape": kept})
    multiple: Any = multiply, (value, (constant_op, (), {"value": literal(count, result.dtype)})), {}
    return multiple if kept == result.shape else (broadcast_to, (multiple,), {"shape": result.shape})


_EXACT = 1 << 24
"""Repetitions up to which every dtype of 32 bits and more holds their number exactly."""


@sum.samples
def sum_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 4), axis=(0, -1))
    yield Sample(normal(2, 3), axis=1, keepdims=True)
    yield Sample(normal(2, 3), axis=())
    yield Sample(normal(2, 0, 3), axis=1)
    yield Sample(normal())
    yield Sample(normal(2, 3), axis=0, dtype="float64", dtypes="real")
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")
    yield ErrorSample(normal(2, 3), axis=(0, -2)).raises(AxisError, "names one axis twice")


@define_op
def prod(x: TensorType, /, *, axis: Axis = None, dtype: DTypeLike = None, keepdims: bool = False) -> TensorType:
    """The product of the elements of ``x`` over ``axis``, over all axes without one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.prod([[1, 2], [3, 4]], axis=1)).tolist()
    [2, 12]

    The elements are converted to ``dtype`` first: without one, integers and bools to 64 bits. The product of no
    elements is 1. The gradient is right where elements are 0. Standard: "prod".
    """
    return reduced(x, axis, keepdims, dtype=dtype or accumulator(x.known_dtype))


@prod.gradient
def prod_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # The slope at an element is the product of the others: of those before it and those after it. Dividing the
    # product by the element would fail at zeros.
    x = operation.inputs[0]
    y = xp.astype(x, operation.output.dtype)
    axes = _axes(operation)
    if len(axes) == 1:
        others = _products_of_others(xp, y, axes[0])
    elif not axes:
        others = xp.ones_like(y)
    else:
        order = (*(place for place in range(x.ndim) if place not in axes), *axes)
        moved = xp.permute_dims(y, order)
        kept = moved.type.static_shape[: x.ndim - len(axes)]
        flat = xp.reshape(moved, (*kept, product(moved.shape[len(kept) :])))
        others = xp.reshape(_products_of_others(xp, flat, len(kept)), moved.shape)
        others = xp.permute_dims(others, tuple(order.index(place) for place in range(x.ndim)))
    return xp.astype(_restored(xp, operation, g) * others, x.dtype)


def _products_of_others(xp: Any, x: Any, axis: int) -> Any:
    """At each place, the product of all elements along ``axis`` but the one there."""
    all_but_last = (*(slice(None),) * axis, slice(None, -1))
    before = xp.cumulative_prod(x, axis=axis, include_initial=True)[all_but_last]
    after = xp.cumulative_prod(xp.flip(x, axis=axis), axis=axis, include_initial=True)[all_but_last]
    return before * xp.flip(after, axis=axis)


prod.batching(over_axes)


@prod.samples
def prod_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 2), axis=(2, 0))
    yield Sample(normal(2, 3, 2, seed=1), axis=1)
    yield Sample(values([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0], [4.0, 5.0, 6.0]]), axis=1, keepdims=True)
    yield Sample(normal(2, 0), axis=1)
    yield Sample(normal())
    yield Sample(values([200, 200, 200], "uint8"))
    yield ErrorSample(normal(2), axis=1).raises(AxisError, "axis 1 is out of range for rank 1")


@define_op(dtypes="real")
def max(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """The largest element of ``x`` over ``axis``, over all axes without one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.max([[1, 5], [4, 3]], axis=1)).tolist()
    [5, 4]

    NaN where an element is NaN. Elements that tie share the gradient evenly. Raises ``ShapeError`` where there are no
    elements. Standard: "max".
    """
    return _extreme(x, axis, keepdims)


def _extreme(x: TensorType, axis: Axis, keepdims: bool) -> TensorType:
    shape = x.known_shape
    if product(shape[each] for each in normal_axes(axis, len(shape))) == 0:
        raise ShapeError(message("there is no extreme of no elements", found=format_shape(shape), needed="an element"))
    return reduced(x, axis, keepdims)


@max.gradient
def max_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return _extreme_gradient(xp, operation, g)


def _extreme_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    is_extreme = x == _restored(xp, operation, operation.output)
    ties = xp.sum(xp.astype(is_extreme, x.dtype), axis=_axes(operation), keepdims=True)
    return xp.where(is_extreme, _restored(xp, operation, g) / ties, 0.0)


max.batching(over_axes)


@max.samples
def max_samples() -> Iterator[Sample]:
    yield from _extreme_samples()
    yield Sample(values([[1.0, float("nan")], [float("-inf"), 2.0]]), axis=1, gradient=False, dtypes="real floating")


def _extreme_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 4), axis=(0, 2), keepdims=True)
    yield Sample(normal(2, 3, 2, seed=1), axis=1)
    yield Sample(normal(0, 3), axis=1)
    yield Sample(normal())
    yield Sample(values([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]]), axis=1, gradient=False)
    yield ErrorSample(normal(2, 0), axis=1).raises(ShapeError, "there is no extreme of no elements")
    yield ErrorSample(values([1j], "complex64")).raises(DTypeError, "needed:  a real dtype")


@define_op(dtypes="real")
def min(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """The smallest element of ``x`` over ``axis``, over all axes without one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.min([[1, 5], [4, 3]], axis=1)).tolist()
    [1, 3]

    NaN where an element is NaN. Elements that tie share the gradient evenly. Raises ``ShapeError`` where there are no
    elements. Standard: "min".
    """
    return _extreme(x, axis, keepdims)


@min.gradient
def min_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return _extreme_gradient(xp, operation, g)


min.samples(_extreme_samples)
min.batching(over_axes)


@define_op(dtypes="floating", to_float=True)
def mean(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """The arithmetic mean of the elements of ``x`` over ``axis``, over all axes without one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.mean([[1, 2], [3, 5]], axis=1)).tolist()
    [1.5, 4.0]

    Integers are averaged in the default float dtype. The mean of no elements is NaN. Standard: "mean".
    """
    return reduced(x, axis, keepdims)


@mean.gradient
def mean_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    return _spread(xp, _restored(xp, operation, g) / _count(xp, operation), x)


mean.batching(over_axes)


@mean.samples
def mean_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 4), axis=(0, -1), keepdims=True)
    yield Sample(normal(0, 3), axis=1)
    yield Sample(normal(2, 0), axis=1, gradient=False)  # NaN
    yield Sample(normal())
    yield ErrorSample(normal(2, 3), axis=-3).raises(AxisError, "axis -3 is out of range for rank 2")


@define_op(dtypes="real floating", to_float=True)
def var(x: TensorType, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> TensorType:
    """The variance of the elements of ``x`` over ``axis``, over all axes without one.

    ``sum((x - mean(x))**2) / (n - correction)`` for ``n`` elements: 1 as ``correction`` estimates the variance of the
    population that a sample was drawn from. NaN where ``correction`` is ``n`` or more.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.var([1.0, 3.0, 5.0, 7.0], correction=-1)).tolist()
    4.0

    Standard: "var".
    """
    return reduced(x, axis, keepdims)


@var.gradient
def var_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return 2 * _restored(xp, operation, g) * _centred_share(xp, operation)


def _centred_share(xp: Any, operation: Any) -> Any:
    """``(x - mean(x)) / (n - correction)``: half the slope of the variance."""
    x = operation.inputs[0]
    centred = x - xp.mean(x, axis=_axes(operation), keepdims=True)
    return centred / (_count(xp, operation) - operation.attributes["correction"])


@var.kernel
def var_kernel(xp: Any, x: Any, *, axis: Any, correction: float, keepdims: bool) -> Any:
    return _moment(xp, xp.var, x, axis, correction, keepdims)


def _moment(xp: Any, function: Any, x: Any, axis: Any, correction: float, keepdims: bool) -> Any:
    # The standard leaves a divisor of 0 or less open, and namespaces differ: inf, NaN, warnings.
    count = product(x.shape[each] for each in normal_axes(axis, x.ndim))
    if count is not None and count <= correction:
        return xp.sum(x, axis=axis, keepdims=keepdims) * float("nan")
    return function(x, axis=axis, correction=correction, keepdims=keepdims)


var.batching(over_axes)


@var.samples
def var_samples() -> Iterator[Sample]:
    yield from _moment_samples()
    yield Sample(values([[2.0, 2.0]]), axis=1)


def _moment_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3, 4), axis=(0, -1), keepdims=True)
    yield Sample(normal(4, 3), axis=0, correction=1)
    yield Sample(normal(0, 3), axis=1, correction=0.5)
    yield Sample(normal(2, 3), axis=1, correction=4, gradient=False)
    yield ErrorSample(values([1j], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(dtypes="real floating", to_float=True)
def std(x: TensorType, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> TensorType:
    """The standard deviation of the elements of ``x`` over ``axis``: the square root of :func:`var`.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.std([1.0, 3.0, 5.0, 7.0], correction=-1)).tolist()
    2.0

    Where it is 0 the gradient is taken as 0. Standard: "std".
    """
    return reduced(x, axis, keepdims)


@std.gradient
def std_gradient(xp: Any, operation: Any, g: Any) -> Any:
    is_zero = operation.output == 0
    slope = xp.where(is_zero, 0.0, g / xp.where(is_zero, 1.0, operation.output))
    return _restored(xp, operation, slope) * _centred_share(xp, operation)


@std.kernel
def std_kernel(xp: Any, x: Any, *, axis: Any, correction: float, keepdims: bool) -> Any:
    return _moment(xp, xp.std, x, axis, correction, keepdims)


std.batching(over_axes)


@std.samples
def std_samples() -> Iterator[Sample]:
    yield from _moment_samples()
    yield Sample(values([[2.0, 2.0]]), axis=1, gradient=False)


# -- what the gradients share


def _axes(operation: Any) -> tuple[int, ...]:
    return normal_axes(operation.attributes["axis"], operation.inputs[0].ndim)


def _restored(xp: Any, operation: Any, value: Any) -> Any:
    """A value of the result's shape with the reduced axes put back, of size 1."""
    axes = _axes(operation)
    if operation.attributes["keepdims"] or not axes:
        return value
    return xp.expand_dims(value, axis=tuple(sorted(axes)))


def _spread(xp: Any, value: Any, x: Any) -> Any:
    """``value`` in the shape of ``x``, which it broadcasts to."""
    return xp.zeros_like(x) + value if None in x.shape else xp.broadcast_to(value, x.shape)


def _count(xp: Any, operation: Any) -> Any:
    """How many elements each result is made of: a number, or a tensor where only a run can tell."""
    x = operation.inputs[0]
    count = product(x.shape[axis] for axis in _axes(operation))
    if count is not None:
        return float(count)
    return xp.sum(xp.ones_like(x), axis=_axes(operation), keepdims=True)
