"""Rounding to whole numbers (standard, "Elementwise Functions"). The result keeps the dtype of the operand."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError

_ROUNDING = Trait.ELEMENTWISE | Trait.IDEMPOTENT | Trait.VIEW  # integers may come back as they are
_STEPS = "it is constant between its jumps"


@define_op(traits=_ROUNDING, dtypes="real")
def ceil(x: TensorType, /) -> TensorType:
    """The smallest whole number not below each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.ceil([1.5, -1.5])).tolist()
    [2.0, -1.0]

    Standard: "ceil".
    """
    return broadcast(x)


ceil.zero_gradient(_STEPS)


@ceil.samples
def ceil_samples() -> Iterator[Sample]:
    yield from _roundings()
    yield ErrorSample(normal(2).of("complex64")).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=_ROUNDING, dtypes="real")
def floor(x: TensorType, /) -> TensorType:
    """The largest whole number not above each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.floor([1.5, -1.5])).tolist()
    [1.0, -2.0]

    Standard: "floor".
    """
    return broadcast(x)


floor.zero_gradient(_STEPS)


@floor.samples
def floor_samples() -> Iterator[Sample]:
    yield from _roundings()
    yield ErrorSample(normal(2).of("complex64")).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=_ROUNDING, dtypes="real")
def trunc(x: TensorType, /) -> TensorType:
    """The whole number nearest to each element that is not farther from 0.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.trunc([1.5, -1.5])).tolist()
    [1.0, -1.0]

    Standard: "trunc".
    """
    return broadcast(x)


trunc.zero_gradient(_STEPS)


@trunc.samples
def trunc_samples() -> Iterator[Sample]:
    yield from _roundings()
    yield ErrorSample(normal(2).of("complex64")).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=_ROUNDING, dtypes="numeric")
def round(x: TensorType, /) -> TensorType:
    """The whole number nearest to each element, the even one of two; both parts of a complex number are rounded.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.round([0.5, 1.5, -1.7])).tolist()
    [0.0, 2.0, -2.0]

    Standard: "round".
    """
    return broadcast(x)


round.zero_gradient(_STEPS)


@round.samples
def round_samples() -> Iterator[Sample]:
    yield from _roundings()
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


def _roundings() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([0.5, -0.5, 1.5, 2.5, -0.0]), dtypes="real floating", gradient=False)
    yield Sample(values([inf, -inf, nan]), dtypes="real floating", gradient=False)
