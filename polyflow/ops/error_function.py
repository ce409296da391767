"""The error function and its complement, which the array API standard has not: rational functions in pieces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def erf(x: TensorType, /) -> TensorType:
    """The error function ``2 / sqrt(pi) * integral of exp(-t**2) from 0 to x`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.erf([0.0, 10.0, -10.0])).tolist()
    [0.0, 1.0, -1.0]

    Source: fdlibm, "s_erf.c", Sun Microsystems 1993.
    """
    return x


@erf.kernel
def erf_kernel(xp: Any, x: Any) -> Any:
    size = xp.abs(x)
    near, middle, tail = _pieces(xp, size)
    outer = xp.where(size < _MIDDLE, _ERX + middle, 1 - tail)
    return xp.where(size < _NEAR, x + x * near, xp.where(x < 0, -outer, outer))


@erf.gradient
def erf_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (2 / math.sqrt(math.pi) * xp.exp(-xp.square(operation.inputs[0])))


@erf.samples
def erf_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values(_PLACES))
    yield ErrorSample(values([1.0], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def erfc(x: TensorType, /) -> TensorType:
    """``1 - erf(x)`` of each element, with all its digits where ``erf`` is close to 1.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.erfc([0.0, -10.0])).tolist()
    [1.0, 2.0]

    Source: fdlibm, "s_erf.c", Sun Microsystems 1993.
    """
    return x


@erfc.kernel
def erfc_kernel(xp: Any, x: Any) -> Any:
    size = xp.abs(x)
    near, middle, tail = _pieces(xp, size)
    below = xp.where(size < _MIDDLE, 1 + (_ERX + middle), 2 - tail)
    above = xp.where(size < _MIDDLE, 1 - _ERX - middle, tail)
    inner = xp.where(x < 0.25, 1 - (x + x * near), 0.5 - (x * near + (x - 0.5)))
    return xp.where(size < _NEAR, inner, xp.where(x < 0, below, above))


@erfc.gradient
def erfc_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (-2 / math.sqrt(math.pi) * xp.exp(-xp.square(operation.inputs[0])))


@erfc.samples
def erfc_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values(_PLACES))
    yield ErrorSample(values([1.0], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


_NEAR, _MIDDLE, _TAIL, _END = 0.84375, 1.25, 1 / 0.35, 30.0  # where the pieces meet; erfc underflows before _END
_ERX = 0.845062911510467529297  # erf(1), in so few bits that adding to it is exact in float32
_PLACES = [each * sign for each in (0.0, 1e-5, 0.2, 0.8, 1.0, 1.2, 2.0, 4.0, 6.5, 100.0) for sign in (1, -1)]

# Coefficients of numerators and denominators, of the lowest power first.
_P_NEAR = (
    1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
    -5.77027029648944159157e-03, -2.37630166566501626084e-05,
)  # fmt: skip
_Q_NEAR = (
    1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
    1.32494738004321644526e-04, -3.96022827877536812320e-06,
)  # fmt: skip
_P_MIDDLE = (
    -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01, 3.18346619901161753674e-01,
    -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03,
)  # fmt: skip
_Q_MIDDLE = (
    1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
    1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02,
)  # fmt: skip
_P_TAIL = (
    -9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e01, -6.23753324503260060396e01,
    -1.62396669462573470355e02, -1.84605092906711035994e02, -8.12874355063065934246e01, -9.81432934416914548592e00,
)  # fmt: skip
_Q_TAIL = (
    1.0, 1.96512716674392571292e01, 1.37657754143519042600e02, 4.34565877475229228821e02, 6.45387271733267880336e02,
    4.29008140027567833386e02, 1.08635005541779435134e02, 6.57024977031928170135e00, -6.04244152148580987438e-02,
)  # fmt: skip
_P_END = (
    -9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e01, -1.60636384855821916062e02,
    -6.37566443368389627722e02, -1.02509513161107724954e03, -4.83519191608651397019e02,
)  # fmt: skip
_Q_END = (
    1.0, 3.03380607434824582924e01, 3.25792512996573918826e02, 1.53672958608443695994e03, 3.19985821950859553908e03,
    2.55305040643316442583e03, 4.74528541206955367215e02, -2.24409524465858183362e01,
)  # fmt: skip


def _pieces(xp: Any, size: Any) -> tuple[Any, Any, Any]:
    """``erf(x) / x - 1`` near 0, ``erf(x) - _ERX`` around 1, and ``erfc(x)`` beyond, each right on its own stretch."""
    square = size * size
    near = _polynomial(square, _P_NEAR) / _polynomial(square, _Q_NEAR)
    middle = _polynomial(size - 1, _P_MIDDLE) / _polynomial(size - 1, _Q_MIDDLE)
    far = xp.minimum(size, xp.full((), _END, dtype=size.dtype))
    reciprocal = 1 / (far * far)
    ratio = xp.where(
        far < _TAIL,
        _polynomial(reciprocal, _P_TAIL) / _polynomial(reciprocal, _Q_TAIL),
        _polynomial(reciprocal, _P_END) / _polynomial(reciprocal, _Q_END),
    )
    # exp(-x * x) loses digits to the rounding of x * x: split x into a part with an exact square and a small rest.
    coarse = xp.round(far * 16) / 16
    power = xp.exp(-coarse * coarse - 0.5625) * xp.exp((coarse - far) * (coarse + far) + ratio)
    return near, middle, power / far


def _polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    result = x * coefficients[-1] + coefficients[-2]
    for coefficient in reversed(coefficients[:-2]):
        result = result * x + coefficient
    return result
