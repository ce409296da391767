"""Operations on the bits of integers and truth values (standard, "Elementwise Functions")."""

from __future__ import annotations

from collections.abc import Iterator

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, booleans, integers, normal, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError

_SYMMETRIC = Trait.ELEMENTWISE | Trait.COMMUTATIVE
_WHOLE = "its operands and its result are whole numbers or truth values"


@define_op(traits=_SYMMETRIC, dtypes="boolean or integral", promote=True)
def bitwise_and(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The bits that are set in both of each pair of elements, operands broadcast; truth values are single bits.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.bitwise_and([12, 1], [10, 2])).tolist()
    [8, 0]

    Standard: "bitwise_and".
    """
    return broadcast(x1, x2)


bitwise_and.zero_gradient(_WHOLE)


@bitwise_and.samples
def bitwise_and_samples() -> Iterator[Sample]:
    yield from _pairs()


@define_op(traits=_SYMMETRIC, dtypes="boolean or integral", promote=True, neutral={0: 0, 1: 0})
def bitwise_or(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The bits that are set in at least one of each pair of elements, operands broadcast; truth values are single bits.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.bitwise_or([12, 1], [10, 2])).tolist()
    [14, 3]

    Standard: "bitwise_or".
    """
    return broadcast(x1, x2)


bitwise_or.zero_gradient(_WHOLE)


@bitwise_or.samples
def bitwise_or_samples() -> Iterator[Sample]:
    yield from _pairs()


@define_op(traits=_SYMMETRIC, dtypes="boolean or integral", promote=True, neutral={0: 0, 1: 0})
def bitwise_xor(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The bits that are set in exactly one of each pair of elements, operands broadcast; truth values are single bits.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.bitwise_xor([12, 1], [10, 2])).tolist()
    [6, 3]

    Standard: "bitwise_xor".
    """
    return broadcast(x1, x2)


bitwise_xor.zero_gradient(_WHOLE)


@bitwise_xor.samples
def bitwise_xor_samples() -> Iterator[Sample]:
    yield from _pairs()


@define_op(traits=Trait.ELEMENTWISE | Trait.INVOLUTION, dtypes="boolean or integral")
def bitwise_invert(x: TensorType, /) -> TensorType:
    """Each element with every bit flipped; a truth value becomes the other one.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.bitwise_invert([0, 5, -1])).tolist()
    [-1, -6, 0]

    Standard: "bitwise_invert".
    """
    return broadcast(x)


bitwise_invert.zero_gradient(_WHOLE)


@bitwise_invert.samples
def bitwise_invert_samples() -> Iterator[Sample]:
    yield Sample(integers(2, 3, low=0, high=100, dtype=None))
    yield Sample(booleans(2, 3))
    yield ErrorSample(normal(2).of("float32")).raises(DTypeError, "needed:  a boolean or integral dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="integral", promote=True, neutral={1: 0})
def bitwise_left_shift(x1: TensorType, x2: TensorType, /) -> TensorType:
    """``x1 * 2**x2``: the bits of ``x1`` moved ``x2`` places up, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.bitwise_left_shift([1, 3], [4, 1])).tolist()
    [16, 6]

    Bits that leave at the top are lost. A shift below 0, or by as many places
    as there are bits or more, is undefined. Standard: "bitwise_left_shift".
    """
    return broadcast(x1, x2)


bitwise_left_shift.zero_gradient(_WHOLE)


@bitwise_left_shift.samples
def bitwise_left_shift_samples() -> Iterator[Sample]:
    yield from _shifts()


@define_op(traits=Trait.ELEMENTWISE, dtypes="integral", promote=True, neutral={1: 0})
def bitwise_right_shift(x1: TensorType, x2: TensorType, /) -> TensorType:
    """``floor(x1 / 2**x2)``: the bits of ``x1`` moved ``x2`` places down, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.bitwise_right_shift([16, -3], [4, 1])).tolist()
    [1, -2]

    A negative number stays negative: its sign bit is repeated. A shift below 0, or by as many places
    as there are bits or more, is undefined. Standard: "bitwise_right_shift".
    """
    return broadcast(x1, x2)


bitwise_right_shift.zero_gradient(_WHOLE)


@bitwise_right_shift.samples
def bitwise_right_shift_samples() -> Iterator[Sample]:
    yield from _shifts()


def _pairs() -> Iterator[Sample]:
    yield Sample(integers(2, 3, low=0, high=100, dtype=None), integers(3, low=0, high=100, seed=1, dtype=None))
    yield Sample(values([-5, 7, -128], "int8"), values([3, -4, 127], "int8"))
    yield Sample(booleans(2, 3), booleans(2, 3, seed=1))
    yield ErrorSample(values([1, 2]), values([1, 2, 3])).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("float32"), values([1, 2])).raises(
        DTypeError, "needed:  a boolean or integral dtype"
    )


def _shifts() -> Iterator[Sample]:
    yield Sample(integers(2, 3, low=0, high=100, dtype=None), integers(3, low=0, high=8, seed=1, dtype=None))
    yield Sample(values([-5, 7, -128], "int8"), values([1, 7, 3], "int8"))
    yield ErrorSample(values([1, 2]), values([1, 2, 3])).raises(ShapeError, "do not broadcast")
    yield ErrorSample(booleans(2), booleans(2)).raises(DTypeError, "integral dtype")
