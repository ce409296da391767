"""Running sums and products along an axis (standard, "Statistical Functions"), and differences, which undo them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import along_axis
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DType, accumulator
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import single_axis
from polyflow.core.signature import Axis, DTypeLike
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import AxisError, DTypeError, ShapeError, ValueRangeError, message


@define_op(dtypes="numeric")
def cumulative_sum(
    x: TensorType, /, *, axis: Axis = None, dtype: DTypeLike = None, include_initial: bool = False
) -> TensorType:
    """At each place along ``axis``, the sum of the elements up to and including the one there.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.cumulative_sum([1, 2, 3])).tolist()
    [1, 3, 6]

    ``axis`` may be left out for rank 1 only. The elements are converted to ``dtype`` first: without one, integers to 64
    bits. ``include_initial`` puts a 0 in front. Standard: "cumulative_sum".
    """
    return _cumulative(x, axis, dtype, include_initial)


def _cumulative(x: TensorType, axis: Axis, dtype: DType | None, include_initial: bool) -> TensorType:
    place = single_axis(axis, x.rank)
    shape = list(x.known_shape)
    size = shape[place]
    if include_initial and size is not None:
        shape[place] = size + 1
    return TensorType(dtype or accumulator(x.known_dtype), tuple(shape))


@cumulative_sum.gradient
def cumulative_sum_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    axis = single_axis(operation.attributes["axis"], x.ndim)
    if operation.attributes["include_initial"]:
        g = g[_along(axis, 1, None)]
    return xp.astype(xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis), x.dtype)


cumulative_sum.batching(along_axis)


@cumulative_sum.samples
def cumulative_sum_samples() -> Iterator[Sample]:
    yield from _cumulative_samples()


def _cumulative_samples() -> Iterator[Sample]:
    yield Sample(normal(5))
    yield Sample(normal(2, 6), axis=-1, include_initial=True)
    yield Sample(normal(3, 2), axis=0)
    yield Sample(values([[2.0, 0.0, 3.0, 4.0, 0.0, 5.0, 1.0]]), axis=1)
    yield Sample(normal(2, 0), axis=1, include_initial=True)
    yield Sample(normal(2, 1), axis=1)
    yield Sample(values([100, 100, 2], "int8"))
    yield Sample(normal(3), dtype="float64", dtypes="real")
    yield ErrorSample(normal(2, 3)).raises(AxisError, "needs an axis for rank 2")
    yield ErrorSample(values([True], "bool")).raises(DTypeError, "needed:  a numeric dtype")


@define_op(dtypes="numeric")
def cumulative_prod(
    x: TensorType, /, *, axis: Axis = None, dtype: DTypeLike = None, include_initial: bool = False
) -> TensorType:
    """At each place along ``axis``, the product of the elements up to and including the one there.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.cumulative_prod([1, 2, 3, 4])).tolist()
    [1, 2, 6, 24]

    ``axis`` may be left out for rank 1 only. The elements are converted to ``dtype`` first: without one, integers to 64
    bits. ``include_initial`` puts a 1 in front. The gradient is right where elements are 0. Standard:
    "cumulative_prod".
    """
    return _cumulative(x, axis, dtype, include_initial)


@cumulative_prod.gradient
def cumulative_prod_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # The gradient at k is prod(x[:k]) * t[k] with t[k] = g[k] + x[k+1] * t[k+1]. The recurrence is solved for all k at
    # once: t over windows of one element, then two, four, ..., with the products that link two windows. No division,
    # so zeros are no special case.
    x = operation.inputs[0]
    axis = single_axis(operation.attributes["axis"], x.ndim)
    size = x.type.static_shape[axis]
    if operation.attributes["include_initial"]:
        g = g[_along(axis, 1, None)]
    factors = xp.astype(x, g.dtype)
    before = xp.cumulative_prod(factors, axis=axis, include_initial=True)[_along(axis, None, -1)]
    totals, links, reach = g, factors[_along(axis, 1, None)], 1
    while reach < size:
        head = totals[_along(axis, None, size - reach)] + links * totals[_along(axis, reach, None)]
        totals = xp.concat([head, totals[_along(axis, size - reach, None)]], axis=axis)
        if 2 * reach < size:
            links = links[_along(axis, None, size - 2 * reach)] * links[_along(axis, reach, None)]
        reach *= 2
    return xp.astype(before * totals, x.dtype)


def _along(axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    """The key that slices ``axis`` only."""
    return (*(slice(None),) * axis, slice(start, stop))


cumulative_prod.samples(_cumulative_samples)
cumulative_prod.batching(along_axis)


@define_op(traits=Trait.VIEW, dtypes="numeric", promote=True)
def diff(
    x: TensorType,
    /,
    *,
    axis: Axis = -1,
    n: int = 1,
    prepend: TensorType | None = None,
    append: TensorType | None = None,
) -> TensorType:
    """The differences ``x[i + 1] - x[i]`` along ``axis``, taken ``n`` times over.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.diff([1, 4, 9, 16], n=2)).tolist()
    [2, 2]

    ``prepend`` and ``append`` are joined to the ends of ``x`` first. Standard: "diff".
    """
    place = single_axis(axis, x.rank)
    if n < 0:
        raise ValueRangeError(message("cannot take differences so often", found=f"n={n}", needed="n >= 0"))
    size: int | None = 0
    for each in (prepend, x, append):
        if each is None:
            continue
        others = [axis for axis in range(x.rank) if axis != place]
        if each.rank != x.rank or any(_differ(each.known_shape[axis], x.known_shape[axis]) for axis in others):
            needed = f"{format_shape(x.known_shape)}, but for axis {place}"
            raise ShapeError(message("cannot be joined to x", found=format_shape(each.known_shape), needed=needed))
        more = each.known_shape[place]
        size = None if size is None or more is None else size + more
    shape = list(x.known_shape)
    shape[place] = None if size is None else (size - n if size > n else 0)
    return x.with_shape(shape)


def _differ(left: int | None, right: int | None) -> bool:
    return left != right and None not in (left, right)


@diff.gradient
def diff_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # One difference is undone by the negated difference of g with a 0 at both ends.
    axis, times = operation.attributes["axis"], operation.attributes["n"]
    sizes = [each.type.static_shape[axis] for each in operation.inputs]
    if times > sum(sizes):
        return (None,) * len(sizes)
    zero = xp.zeros((*g.shape[:axis], 1, *g.shape[axis + 1 :]), dtype=g.dtype)
    for _ in range(times):
        g = -xp.diff(g, axis=axis, prepend=zero, append=zero)
    absent = operation.attributes.get("absent", ())
    start = 0 if "prepend" in absent else sizes[1]
    of_x = g[_along(axis, start, start + sizes[0])]
    of_prepend = [] if "prepend" in absent else [g[_along(axis, None, start)]]
    of_append = [] if "append" in absent else [g[_along(axis, start + sizes[0], None)]]
    return (of_x, *of_prepend, *of_append)


@diff.kernel
def diff_kernel(xp: Any, x: Any, *, axis: int, n: int, prepend: Any = None, append: Any = None) -> Any:
    # Namespaces differ in whether they take None for what is not joined.
    parts = [each for each in (prepend, x, append) if each is not None]
    joined = xp.concat(parts, axis=axis) if len(parts) > 1 else x
    for _ in range(n):
        joined = joined[_along(axis, 1, None)] - joined[_along(axis, None, -1)]
    return joined


diff.batching(along_axis)


@diff.samples
def diff_samples() -> Iterator[Sample]:
    yield Sample(normal(5))
    yield Sample(normal(3, 5), axis=0, n=2)
    yield Sample(normal(3, 5), n=0)
    yield Sample(normal(2, 3), n=4)
    yield Sample(normal(2, 3), n=2, prepend=normal(2, 1, seed=1), append=normal(2, 2, seed=2))
    yield Sample(normal(2, 3), axis=0, append=normal(1, 3, seed=1))
    yield ErrorSample(normal(2, 3), n=-1).raises(ValueRangeError, "cannot take differences so often")
    yield ErrorSample(normal(2, 3), append=normal(3, seed=1)).raises(ShapeError, "cannot be joined to x")
    yield ErrorSample(normal(2, 3), axis=0, append=normal(1, 2, seed=1)).raises(ShapeError, "but for axis 0")
