"""The inverse of the error function, which the array API standard has not: polynomials of ``-log(1 - x**2)``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, uniform, values
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def erfinv(x: TensorType, /) -> TensorType:
    """The number of which each element is the error function: ``erf(erfinv(x)) == x``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.erfinv([0.0, 1.0, -1.0])).tolist()
    [0.0, inf, -inf]

    It is NaN outside of [-1, 1]. Source: M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2012.
    """
    return x


@erfinv.kernel
def erfinv_kernel(xp: Any, x: Any) -> Any:
    if x.dtype not in (xp.float32, xp.float64):
        return xp.astype(erfinv_kernel(xp, xp.astype(x, xp.float32)), x.dtype)
    pieces = PIECES_64 if x.dtype == xp.float64 else PIECES_32
    w = -xp.log1p(-x * x)
    ratio = evaluate(xp, pieces[-1], w)
    for piece in reversed(pieces[:-1]):
        ratio = xp.where(w < piece.end, evaluate(xp, piece, w), ratio)
    return xp.where(xp.abs(x) == 1, x * math.inf, ratio * x)


@erfinv.gradient
def erfinv_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (math.sqrt(math.pi) / 2 * xp.exp(xp.square(operation.output)))


@erfinv.samples
def erfinv_samples() -> Iterator[Sample]:
    yield Sample(uniform(3, 4, low=-0.99, high=0.99))
    yield Sample(values([0.0, 1e-6, -0.5, 0.95, 0.999, -0.9999999]), gradient=False)
    yield Sample(values([1.0, -1.0, 1.5, math.nan]), gradient=False)
    yield ErrorSample(values([1.0], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


class Piece(NamedTuple):
    """A polynomial that gives ``erfinv(x) / x`` where ``w = -log(1 - x**2)`` is below ``end``."""

    end: float
    shift: float
    is_root: bool
    """Whether it is a polynomial of ``sqrt(w) - shift``, or of ``w - shift``."""
    coefficients: tuple[float, ...]
    """Of the highest power first."""


def evaluate(xp: Any, piece: Piece, w: Any) -> Any:
    """The polynomial of ``piece`` at each ``w``."""
    place = xp.sqrt(w) - piece.shift if piece.is_root else w - piece.shift
    return horner(piece.coefficients, place)


def horner(coefficients: Sequence[float], x: Any) -> Any:
    """The polynomial with ``coefficients``, the highest power's first."""
    result = x * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        result = result * x + coefficient
    return result


PIECES_32 = (
    Piece(5.0, 2.5, False, (
        2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
        -0.00417768164, 0.246640727, 1.50140941,
    )),
    Piece(math.inf, 3.0, True, (
        -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
        0.00943887047, 1.00167406, 2.83297682,
    )),
)  # fmt: skip
PIECES_64 = (
    Piece(6.25, 3.125, False, (
        -3.6444120640178196996e-21, -1.685059138182016589e-19, 1.2858480715256400167e-18, 1.115787767802518096e-17,
        -1.333171662854620906e-16, 2.0972767875968561637e-17, 6.6376381343583238325e-15, -4.0545662729752068639e-14,
        -8.1519341976054721522e-14, 2.6335093153082322977e-12, -1.2975133253453532498e-11, -5.4154120542946279317e-11,
        1.051212273321532285e-09, -4.1126339803469836976e-09, -2.9070369957882005086e-08, 4.2347877827932403518e-07,
        -1.3654692000834678645e-06, -1.3882523362786468719e-05, 0.0001867342080340571352, -0.00074070253416626697512,
        -0.0060336708714301490533, 0.24015818242558961693, 1.6536545626831027356,
    )),
    Piece(16.0, 3.25, True, (
        2.2137376921775787049e-09, 9.0756561938885390979e-08, -2.7517406297064545428e-07, 1.8239629214389227755e-08,
        1.5027403968909827627e-06, -4.013867526981545969e-06, 2.9234449089955446044e-06, 1.2475304481671778723e-05,
        -4.7318229009055733981e-05, 6.8284851459573175448e-05, 2.4031110387097893999e-05, -0.0003550375203628474796,
        0.00095328937973738049703, -0.0016882755560235047313, 0.0024914420961078508066, -0.0037512085075692412107,
        0.005370914553590063617, 1.0052589676941592334, 3.0838856104922207635,
    )),
    Piece(math.inf, 5.0, True, (
        -2.7109920616438573243e-11, -2.5556418169965252055e-10, 1.5076572693500548083e-09, -3.7894654401267369937e-09,
        7.6157012080783393804e-09, -1.4960026627149240478e-08, 2.9147953450901080826e-08, -6.7711997758452339498e-08,
        2.2900482228026654717e-07, -9.9298272942317002539e-07, 4.5260625972231537039e-06, -1.9681778105531670567e-05,
        7.5995277030017761139e-05, -0.00021503011930044477347, -0.00013871931833623122026, 1.0103004648645343977,
        4.8499064014085844221,
    )),
)  # fmt: skip
