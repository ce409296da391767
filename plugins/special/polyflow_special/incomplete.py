"""The incomplete gamma and beta functions, regularised: they go from 0 to 1 as ``x`` does over its range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import NoGradient, Trait, define_op
from polyflow.core.samples import Sample, positive, uniform, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow_special import scalars
from polyflow_special.by_elements import by_elements
from polyflow_special.gamma import betaln, gammaln

_NO_CLOSED_FORM = NoGradient("no closed form is known for the derivative by a parameter of the integrand")


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def gammainc(a: TensorType, x: TensorType, /) -> TensorType:
    """The integral of ``t**(a - 1) * exp(-t)`` from 0 to ``x``, divided by the one to infinity.

    >>> import polyflow as pf
    >>> pf.Session().run(gammainc([1.0, 2.0], [0.0, pf.inf])).tolist()
    [0.0, 1.0]
    """
    return broadcast(a, x)


@gammainc.kernel
def gammainc_kernel(xp: Any, a: Any, x: Any) -> Any:
    return by_elements(xp, scalars.gammainc, a, x)


@gammainc.gradient
def gammainc_gradient(xp: Any, operation: Any, g: Any) -> Any:
    a, x = operation.inputs
    return _NO_CLOSED_FORM, g * xp.exp((a - 1) * xp.log(x) - x - gammaln(a))


@gammainc.samples
def gammainc_samples() -> Iterator[Sample]:
    yield from _gamma_samples()


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def gammaincc(a: TensorType, x: TensorType, /) -> TensorType:
    """``1 - gammainc(a, x)``, with all its digits where ``gammainc`` is close to 1.

    >>> import polyflow as pf
    >>> pf.Session().run(gammaincc([1.0, 2.0], [0.0, pf.inf])).tolist()
    [1.0, 0.0]
    """
    return broadcast(a, x)


@gammaincc.kernel
def gammaincc_kernel(xp: Any, a: Any, x: Any) -> Any:
    return by_elements(xp, scalars.gammaincc, a, x)


@gammaincc.gradient
def gammaincc_gradient(xp: Any, operation: Any, g: Any) -> Any:
    a, x = operation.inputs
    return _NO_CLOSED_FORM, -g * xp.exp((a - 1) * xp.log(x) - x - gammaln(a))


@gammaincc.samples
def gammaincc_samples() -> Iterator[Sample]:
    yield from _gamma_samples()


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def betainc(a: TensorType, b: TensorType, x: TensorType, /) -> TensorType:
    """The integral of ``t**(a - 1) * (1 - t)**(b - 1)`` from 0 to ``x``, divided by the one to 1.

    >>> import polyflow as pf
    >>> pf.Session().run(betainc(2.0, 3.0, [0.0, 1.0])).tolist()
    [0.0, 1.0]
    """
    return broadcast(a, b, x)


@betainc.kernel
def betainc_kernel(xp: Any, a: Any, b: Any, x: Any) -> Any:
    return by_elements(xp, scalars.betainc, a, b, x)


@betainc.gradient
def betainc_gradient(xp: Any, operation: Any, g: Any) -> Any:
    a, b, x = operation.inputs
    density = xp.exp((a - 1) * xp.log(x) + (b - 1) * xp.log1p(-x) - betaln(a, b))
    return _NO_CLOSED_FORM, _NO_CLOSED_FORM, g * density


@betainc.samples
def betainc_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1), uniform(4, low=0.1, high=0.9, seed=2), gradient=False)
    yield Sample(positive(4).of("float32"), positive(4, seed=1).of("float32"), uniform(4, low=0.1, high=0.9))
    yield Sample(values([2.0, 2.0]), values([3.0, 3.0]), values([0.0, 1.0]), gradient=False)


def _gamma_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1), gradient=False)
    yield Sample(positive(4).of("float32"), positive(4, seed=1))
    yield Sample(values([0.5, 5.0, 10.0, 2.0]), values([8.0, 0.5, 11.5, 0.0]), gradient=False)
