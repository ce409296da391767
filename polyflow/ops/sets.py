"""Arrays as sets: distinct elements and membership (standard, "Set Functions")."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.dtypes import bool_, int64
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, integers, normal, values
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError
from polyflow.ops.batched_searching import batched_isin

_NO_ORIGIN = "it does not say which element of x each value was taken from; unique_all has a gradient"


def _found(x: TensorType) -> tuple[TensorType, TensorType]:
    """The types of the distinct values, and of an index for each."""
    shape = (0 if x.size == 0 else None,)
    return x.with_shape(shape), TensorType(int64, shape)


@define_op(result_names=("values", "indices", "inverse_indices", "counts"))
def unique_all(x: TensorType, /) -> tuple[TensorType, TensorType, TensorType, TensorType]:
    """The distinct values of ``x``, the index of the first of each, where each element went, and how many there are.

    >>> import polyflow as pf
    >>> [each.tolist() for each in pf.Session().run(pf.unique_all([5, 7, 5]))]
    [[5, 7], [0, 1], [0, 1, 0], [2, 1]]

    Values ascend; ``x`` is flattened for the indices. NaNs are distinct, zeros of both signs are one value. How many
    values there are is known only at run time. Standard: "unique_all".
    """
    found, index = _found(x)
    return found, index, TensorType(int64, x.known_shape), index


@unique_all.gradient
def unique_all_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, first = operation.inputs[0], operation.outputs[1]
    zeros = xp.reshape(xp.zeros_like(x), (-1,))
    return xp.reshape(xp.index_add(zeros, g[0], first, key=(INDEX,)), x.type.static_shape)


@unique_all.samples
def unique_all_samples() -> Iterator[Sample]:
    yield from _unique_samples()


def _unique_samples() -> Iterator[Sample]:
    yield Sample(values([[3.0, 1.0, 3.0], [2.0, 1.0, 3.0]]), dtypes="real", gradient=False)
    yield Sample(normal(4), dtypes="real")
    yield Sample(values([1.0, nan, 3.0, 1.0, nan, 2.0, nan]), dtypes="real floating", gradient=False)
    yield Sample(normal(0), dtypes="real")
    yield Sample(values([True, True], "bool"))


@define_op(result_names=("values", "counts"))
def unique_counts(x: TensorType, /) -> tuple[TensorType, TensorType]:
    """The distinct values of ``x``, ascending, and how many of each there are.

    >>> import polyflow as pf
    >>> [each.tolist() for each in pf.Session().run(pf.unique_counts([5, 7, 5]))]
    [[5, 7], [2, 1]]

    Standard: "unique_counts".
    """
    return _found(x)


unique_counts.no_gradient(_NO_ORIGIN)
unique_counts.samples(_unique_samples)


@define_op(result_names=("values", "inverse_indices"))
def unique_inverse(x: TensorType, /) -> tuple[TensorType, TensorType]:
    """The distinct values of ``x``, ascending, and for each element of ``x`` the index of its value there.

    >>> import polyflow as pf
    >>> [each.tolist() for each in pf.Session().run(pf.unique_inverse([5, 7, 5]))]
    [[5, 7], [0, 1, 0]]

    Standard: "unique_inverse".
    """
    return _found(x)[0], TensorType(int64, x.known_shape)


unique_inverse.no_gradient(_NO_ORIGIN)
unique_inverse.samples(_unique_samples)


@define_op
def unique_values(x: TensorType, /) -> TensorType:
    """The distinct values of ``x``, ascending.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.unique_values([5, 7, 5])).tolist()
    [5, 7]

    Standard: "unique_values".
    """
    return _found(x)[0]


unique_values.no_gradient(_NO_ORIGIN)
unique_values.samples(_unique_samples)


@define_op(promote=True)
def isin(x1: TensorType, x2: TensorType, /, *, invert: bool = False) -> TensorType:
    """For each element of ``x1`` whether ``x2`` has it; whether not, with ``invert``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.isin([1, 2, 3], [3, 1, 7])).tolist()
    [True, False, True]

    Standard: "isin".
    """
    return TensorType(bool_, x1.known_shape)


isin.zero_gradient("its result is boolean")


isin.batching(batched_isin)


@isin.samples
def isin_samples() -> Iterator[Sample]:
    yield Sample(integers(2, 3, low=0, high=5), integers(4, low=0, high=5, seed=1))
    yield Sample(integers(2, 3, low=0, high=5), values(3, "int64"), invert=True)
    yield Sample(values(2, "int64"), values([], "int64"))
    yield Sample(values([-1, 1, -2, 3], "int64"), values([1, -2, -3], "int64"))
    wrong = ErrorSample(values([1], "uint64"), values([1], "int64"))
    yield wrong.raises(DTypeError, "uint64 and int64 do not promote")
