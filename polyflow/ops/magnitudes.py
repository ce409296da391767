"""Magnitudes: signs, absolute values, lengths and bounds (standard, "Elementwise Functions").

Where two operands tie, or a bound is met exactly, each of the two gets half of the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import bool_, real_dtype
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError

_SYMMETRIC = Trait.ELEMENTWISE | Trait.COMMUTATIVE


@define_op(traits=Trait.ELEMENTWISE | Trait.IDEMPOTENT, dtypes="numeric")
def abs(x: TensorType, /) -> TensorType:
    """The absolute value of each element; of a complex number its distance from 0, a real number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.abs([-1.5, 0.0, 2.0])).tolist()
    [1.5, 0.0, 2.0]

    The gradient at 0 is 0. Standard: "abs".
    """
    return x.with_dtype(real_dtype(x.known_dtype))


@abs.gradient
def abs_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, length = operation.inputs[0], operation.output
    if not x.dtype.is_complex:
        return g * xp.sign(x)
    return g * (xp.conj(x) / xp.where(length == 0, 1.0, length))


@abs.samples
def abs_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(3).of("complex64"))
    yield Sample(values([-0.0, 0.0, -inf, nan]), dtypes="real floating", gradient=False)
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric")
def sign(x: TensorType, /) -> TensorType:
    """-1, 0 or 1 as each element is below, at or above 0; ``x / abs(x)`` of a complex number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sign([-1.5, 0.0, 2.0])).tolist()
    [-1.0, 0.0, 1.0]

    Standard: "sign".
    """
    return broadcast(x)


@sign.gradient
def sign_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # A real sign is constant between its jumps. With s = x / |x|, a complex one turns: ds = (dx - s*s conj(dx)) / 2|x|.
    x, s = operation.inputs[0], operation.output
    if not x.dtype.is_complex:
        return None
    length = xp.abs(x)
    return (g - xp.conj(s * s * g)) / xp.where(length == 0, 1.0, 2.0 * length)


@sign.samples
def sign_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([1.0, -1.0, 0.0]), gradient=False, dtypes="real floating")
    yield Sample(values([-0.0, 0.0, inf, nan]), dtypes="real floating", gradient=False)
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def signbit(x: TensorType, /) -> TensorType:
    """Whether the sign bit of each element is set: it is for negative numbers, for -0.0 and for a negative NaN.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.signbit([-1.5, -0.0, 0.0])).tolist()
    [True, True, False]

    Standard: "signbit".
    """
    return x.with_dtype(bool_)


signbit.zero_gradient("its result is a truth value")


@signbit.samples
def signbit_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([-0.0, 0.0, -inf]), dtypes="real floating")
    yield ErrorSample(normal(2).of("complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", promote=True, to_float=True)
def copysign(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The magnitude of ``x1`` with the sign of ``x2``, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.copysign([1.5, -2.0], [-1.0, -0.0])).tolist()
    [-1.5, -2.0]

    The gradient where ``x1`` is 0 is 0. Standard: "copysign".
    """
    return broadcast(x1, x2)


@copysign.gradient
def copysign_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    return g * (xp.sign(x1) * xp.copysign(1.0, x2)), None


@copysign.samples
def copysign_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([1.0, -1.0, 0.0]), values([-0.0, 0.0, -1.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", promote=True, to_float=True)
def nextafter(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The number next to ``x1`` in its dtype on the way to ``x2``, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nextafter(pf.constant([1.0], pf.float64), 2)).tolist()
    [1.0000000000000002]

    Standard: "nextafter".
    """
    return broadcast(x1, x2)


nextafter.no_gradient("it steps along the numbers that a dtype can hold, which is no function of real numbers")


@nextafter.samples
def nextafter_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([0.0, 0.0, 1.0]), values([0.0, -1.0, inf]), dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")


@define_op(traits=_SYMMETRIC, dtypes="real", promote=True)
def maximum(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The larger of each pair of elements, operands broadcast; NaN where either is.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.maximum([1, 5], 3)).tolist()
    [3, 5]

    Where the two are equal, each gets half of the gradient. Standard: "maximum".
    """
    return broadcast(x1, x2)


@maximum.gradient
def maximum_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    return _shares(xp, x1 > x2, x1 == x2, g), _shares(xp, x2 > x1, x1 == x2, g)


@maximum.samples
def maximum_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([1.0, nan, inf]), values([1.0, 0.0, nan]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=_SYMMETRIC, dtypes="real", promote=True)
def minimum(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The smaller of each pair of elements, operands broadcast; NaN where either is.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.minimum([1, 5], 3)).tolist()
    [1, 3]

    Where the two are equal, each gets half of the gradient. Standard: "minimum".
    """
    return broadcast(x1, x2)


@minimum.gradient
def minimum_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    return _shares(xp, x1 < x2, x1 == x2, g), _shares(xp, x2 < x1, x1 == x2, g)


@minimum.samples
def minimum_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([1.0, nan, inf]), values([1.0, 0.0, nan]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def clip(x: TensorType, /, min: TensorType | None = None, max: TensorType | None = None) -> TensorType:
    """Each element of ``x``, moved to the nearer bound where it lies outside ``[min, max]``; operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.clip([-2.0, 0.5, 7.0], 0, 1)).tolist()
    [0.0, 0.5, 1.0]

    A bound that is ``None`` is not applied; first what is below ``min`` is replaced, then what is above ``max``, and a
    zero at a bound that is 0 keeps its sign. An element that meets a bound exactly shares the gradient with it, half
    and half. Standard: "clip".
    """
    return broadcast(*(each for each in (x, min, max) if each is not None))


@clip.gradient
def clip_gradient(xp: Any, operation: Any, g: Any) -> Any:
    absent = operation.attributes.get("absent", ())
    x, *bounds = operation.inputs
    lower = None if "min" in absent else bounds[0]
    upper = None if "max" in absent else bounds[-1]
    raised = x if lower is None else xp.maximum(x, lower)
    to_bounds = []
    if upper is not None:
        to_bounds.append(_shares(xp, upper < raised, upper == raised, g))
        g = _shares(xp, raised < upper, raised == upper, g)
    if lower is not None:
        to_bounds.insert(0, _shares(xp, lower > x, lower == x, g))
        g = _shares(xp, x > lower, x == lower, g)
    return g, *to_bounds


@clip.samples
def clip_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1), values(9))
    yield Sample(normal(2, 3), min=None, max=normal(3, seed=1))
    yield Sample(normal(2, 3), normal(2, 1, seed=1))
    yield Sample(normal(3))
    yield Sample(values([0, 1, 2]), values(1), values(2), gradient=False)
    yield Sample(values([-0.0, 0.0, 2.0]), values(-1.0), values(1.0), gradient=False, dtypes="real floating")
    zeros = values([-0.0, 0.0, -1.0, 1.0, nan])
    for lower, upper in ((0.0, 1.0), (-1.0, 0.0), (-0.0, 1.0), (-1.0, -0.0), (0.0, None), (None, 0.0), (0.0, -0.0)):
        yield Sample(zeros, min=lower, max=upper, gradient=False, dtypes="real floating")
    yield Sample(zeros, values([0.0, -0.0, 0.0, 0.0, 0.0]), gradient=False, dtypes="real floating")
    yield Sample(zeros, min=None, max=values([0.0, -0.0, 0.0, 0.0, nan]), gradient=False, dtypes="real floating")
    yield Sample(zeros, values([[0.0], [-0.0]]), values(1.0), gradient=False, dtypes="real floating")
    large = 2**60
    yield Sample(values([-inf, inf, nan]), values(0.0), gradient=False, dtypes="real floating")
    yield Sample(values([-2.0, 0.5, 3.0]), values(-1.0), values(1.0), dtypes="real floating")
    yield Sample(values([large + 1, -large - 1], "int64"), values(-large - 3, "int64"), gradient=False)
    yield ErrorSample(normal(2), normal(3), normal(2)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=_SYMMETRIC, dtypes="real floating", promote=True, to_float=True)
def hypot(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The length of the hypotenuse over ``x1`` and ``x2``, operands broadcast, without overflow on the way.

    ``sqrt(x1 * x1 + x2 * x2)``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.hypot([3.0, 5.0], [4.0, 12.0])).tolist()
    [5.0, 13.0]

    The gradient at the origin is 0. Standard: "hypot".
    """
    return broadcast(x1, x2)


@hypot.gradient
def hypot_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    length = xp.where(operation.output == 0, 1.0, operation.output)
    return g * (x1 / length), g * (x2 / length)


@hypot.samples
def hypot_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([0.0, inf, 3.0]), values([0.0, nan, 4.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real floating dtype")


def _shares(xp: Any, wins: Any, ties: Any, g: Any) -> Any:
    """``g`` where an operand wins, half of it where it ties, and 0 where it loses."""
    return xp.where(wins, g, xp.where(ties, 0.5 * g, 0.0))
