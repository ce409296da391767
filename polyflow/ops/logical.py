"""Logical functions (standard, "Elementwise Functions"). They take bool only: a number is no truth value."""

from __future__ import annotations

from collections.abc import Iterator

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, booleans, normal
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError

_SYMMETRIC = Trait.ELEMENTWISE | Trait.COMMUTATIVE
_TRUTH = "its operands and its result are truth values"


@define_op(traits=_SYMMETRIC, dtypes="bool", promote=True, neutral={0: True, 1: True})
def logical_and(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether both of each pair of elements are true, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.logical_and([True, True, False], [True, False, False])).tolist()
    [True, False, False]

    Standard: "logical_and".
    """
    return broadcast(x1, x2)


logical_and.zero_gradient(_TRUTH)


@logical_and.samples
def logical_and_samples() -> Iterator[Sample]:
    yield from _pairs()


@define_op(traits=_SYMMETRIC, dtypes="bool", promote=True, neutral={0: False, 1: False})
def logical_or(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether at least one of each pair of elements is true, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.logical_or([True, True, False], [True, False, False])).tolist()
    [True, True, False]

    Standard: "logical_or".
    """
    return broadcast(x1, x2)


logical_or.zero_gradient(_TRUTH)


@logical_or.samples
def logical_or_samples() -> Iterator[Sample]:
    yield from _pairs()


@define_op(traits=_SYMMETRIC, dtypes="bool", promote=True, neutral={0: False, 1: False})
def logical_xor(x1: TensorType, x2: TensorType, /) -> TensorType:
    """Whether exactly one of each pair of elements is true, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.logical_xor([True, True, False], [True, False, False])).tolist()
    [False, True, False]

    Standard: "logical_xor".
    """
    return broadcast(x1, x2)


logical_xor.zero_gradient(_TRUTH)


@logical_xor.samples
def logical_xor_samples() -> Iterator[Sample]:
    yield from _pairs()


@define_op(traits=Trait.ELEMENTWISE | Trait.INVOLUTION, dtypes="bool")
def logical_not(x: TensorType, /) -> TensorType:
    """Whether each element is false.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.logical_not([True, False])).tolist()
    [False, True]

    Standard: "logical_not".
    """
    return broadcast(x)


logical_not.zero_gradient(_TRUTH)


@logical_not.samples
def logical_not_samples() -> Iterator[Sample]:
    yield Sample(booleans(2, 3))
    yield ErrorSample(normal(2).of("float32")).raises(DTypeError, "needed:  a bool dtype")


def _pairs() -> Iterator[Sample]:
    yield Sample(booleans(2, 3), booleans(2, 3, seed=1))
    yield Sample(booleans(2, 1, seed=2), booleans(3, seed=3))
    yield ErrorSample(booleans(2), booleans(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(booleans(2), normal(2).of("float32")).raises(DTypeError, "needed:  a bool dtype")
