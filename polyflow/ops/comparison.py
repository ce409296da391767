"""Comparisons, and questions about single elements: results are truth values (standard, "Elementwise Functions").

Operands of different dtypes are compared in the dtype in which they meet. A comparison with NaN is false, except
``not_equal``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import bool_
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError

_TRUTH = "its result is a truth value"


@define_op(traits=Trait.ELEMENTWISE | Trait.COMMUTATIVE, promote=True)
def equal(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether ``x1 == x2`` for each pair of elements, operands broadcast; complex numbers are equal in both parts.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.equal([1, 2, 3], 2)).tolist()
    [False, True, False]

    Standard: "equal".
    """
    return broadcast(x1, x2).with_dtype(bool_)


equal.zero_gradient(_TRUTH)


@equal.samples
def equal_samples() -> Iterator[Sample]:
    yield Sample(booleans(2, 3), booleans(3, seed=1))
    yield from _pairs()
    yield ErrorSample(values([1], "uint64"), values([1], "int64")).raises(DTypeError, "uint64 and int64 do not promote")


@define_op(traits=Trait.ELEMENTWISE | Trait.COMMUTATIVE, promote=True)
def not_equal(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether ``x1 != x2`` for each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.not_equal([1, 2, 3], 2)).tolist()
    [True, False, True]

    Standard: "not_equal".
    """
    return broadcast(x1, x2).with_dtype(bool_)


not_equal.zero_gradient(_TRUTH)


@not_equal.samples
def not_equal_samples() -> Iterator[Sample]:
    yield Sample(booleans(2, 3), booleans(3, seed=1))
    yield from _pairs()
    yield ErrorSample(values([1], "uint64"), values([1], "int64")).raises(DTypeError, "uint64 and int64 do not promote")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def less(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether ``x1 < x2`` for each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.less([1, 2, 3], 2)).tolist()
    [True, False, False]

    Standard: "less".
    """
    return broadcast(x1, x2).with_dtype(bool_)


less.zero_gradient(_TRUTH)


@less.samples
def less_samples() -> Iterator[Sample]:
    yield from _pairs()
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def less_equal(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether ``x1 <= x2`` for each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.less_equal([1, 2, 3], 2)).tolist()
    [True, True, False]

    Standard: "less_equal".
    """
    return broadcast(x1, x2).with_dtype(bool_)


less_equal.zero_gradient(_TRUTH)


@less_equal.samples
def less_equal_samples() -> Iterator[Sample]:
    yield from _pairs()
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def greater(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether ``x1 > x2`` for each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.greater([1, 2, 3], 2)).tolist()
    [False, False, True]

    Standard: "greater".
    """
    return broadcast(x1, x2).with_dtype(bool_)


greater.zero_gradient(_TRUTH)


@greater.samples
def greater_samples() -> Iterator[Sample]:
    yield from _pairs()
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def greater_equal(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether ``x1 >= x2`` for each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.greater_equal([1, 2, 3], 2)).tolist()
    [False, True, True]

    Standard: "greater_equal".
    """
    return broadcast(x1, x2).with_dtype(bool_)


greater_equal.zero_gradient(_TRUTH)


@greater_equal.samples
def greater_equal_samples() -> Iterator[Sample]:
    yield from _pairs()
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric")
def isfinite(x: TensorType, /) -> TensorType:
    """Whether each element is neither infinite nor NaN, in both parts if it is complex.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.isfinite([1.0, float("-inf"), float("nan")])).tolist()
    [True, False, False]

    Standard: "isfinite".
    """
    return x.with_dtype(bool_)


isfinite.zero_gradient(_TRUTH)


@isfinite.samples
def isfinite_samples() -> Iterator[Sample]:
    yield from _special_numbers()


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric")
def isinf(x: TensorType, /) -> TensorType:
    """Whether each element is infinite, in either part if it is complex.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.isinf([1.0, float("-inf"), float("nan")])).tolist()
    [False, True, False]

    Standard: "isinf".
    """
    return x.with_dtype(bool_)


isinf.zero_gradient(_TRUTH)


@isinf.samples
def isinf_samples() -> Iterator[Sample]:
    yield from _special_numbers()


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric")
def isnan(x: TensorType, /) -> TensorType:
    """Whether each element is NaN, in either part if it is complex.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.isnan([1.0, float("-inf"), float("nan")])).tolist()
    [False, False, True]

    Standard: "isnan".
    """
    return x.with_dtype(bool_)


isnan.zero_gradient(_TRUTH)


@isnan.samples
def isnan_samples() -> Iterator[Sample]:
    yield from _special_numbers()


def _pairs() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([1, 2, 3]), values([[2], [1]]))
    yield Sample(values([nan, inf, 0.0]), values([nan, inf, -0.0]), dtypes="real floating", gradient=False)
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")


def _special_numbers() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([[0.0, nan, inf], [-inf, 1.0, nan]]), dtypes="real floating", gradient=False)
    yield Sample(
        values([complex(inf, 0), complex(0, nan), complex(nan, -inf)]), dtypes="complex floating", gradient=False
    )
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")
