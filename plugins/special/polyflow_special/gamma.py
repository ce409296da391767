"""The gamma function's logarithm and derivatives, Hurwitz' zeta function, and the beta function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from polyflow.core.declaration import NoGradient, Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, positive, uniform, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ValueRangeError, message
from polyflow_special import scalars
from polyflow_special.by_elements import by_elements


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def gammaln(x: TensorType, /) -> TensorType:
    """The logarithm of the magnitude of the gamma function of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(gammaln([1.0, 2.0, 0.0])).tolist()
    [0.0, 0.0, inf]
    """
    return x


@gammaln.kernel
def gammaln_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, scalars.gammaln, x)


@gammaln.gradient
def gammaln_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * digamma(operation.inputs[0])


@gammaln.samples
def gammaln_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 4))
    yield Sample(values([0.5, 10.0, 100.0, -0.5, -3.75, 0.0]), gradient=False)
    yield ErrorSample(values([1.0], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, is_total=False)
def digamma(x: TensorType, /) -> TensorType:
    """The derivative of ``gammaln`` at each element.

    >>> import polyflow as pf
    >>> round(float(pf.Session().run(digamma(pf.constant(1.0, "float64")))), 12)  # minus Euler's constant
    -0.577215664902
    """
    return x


@digamma.kernel
def digamma_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, scalars.digamma, x)


@digamma.gradient
def digamma_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * polygamma(operation.inputs[0], n=1)


@digamma.samples
def digamma_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 4))
    yield Sample(values([0.01, 10.0, 1e4, -0.5, -3.75]), gradient=False)
    yield ErrorSample(values([1.0], "complex64")).raises(DTypeError, "needed:  a real floating dtype")


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, is_total=False)
def polygamma(x: TensorType, /, *, n: int = 1) -> TensorType:
    """The derivative of order ``n`` of ``digamma``, at positive elements.

    >>> import polyflow as pf
    >>> round(float(pf.Session().run(polygamma(pf.constant(1.0, "float64")))), 12)  # pi**2 / 6
    1.644934066848

    ``ValueRangeError`` where ``n`` is negative.
    """
    if n < 0:
        raise ValueRangeError(message("polygamma: the order of a derivative", found=n, needed="0 or more"))
    return x


@polygamma.kernel
def polygamma_kernel(xp: Any, x: Any, *, n: int) -> Any:
    return by_elements(xp, partial(scalars.polygamma, n), x)


@polygamma.gradient
def polygamma_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * polygamma(operation.inputs[0], n=operation.attributes["n"] + 1)


@polygamma.samples
def polygamma_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 4))
    yield Sample(positive(5), n=3)
    yield Sample(positive(5), n=0)
    yield ErrorSample(positive(2), n=-1).raises(ValueRangeError, "polygamma: the order of a derivative")


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def zeta(s: TensorType, q: TensorType, /) -> TensorType:
    """Hurwitz' zeta function, the sum of ``(q + k)**-s`` over ``k`` from 0, for ``s > 1`` and ``q > 0``.

    >>> import polyflow as pf
    >>> round(float(pf.Session().run(zeta(pf.constant(2.0, "float64"), 1.0))), 12)  # pi**2 / 6
    1.644934066848
    """
    return broadcast(s, q)


@zeta.kernel
def zeta_kernel(xp: Any, s: Any, q: Any) -> Any:
    return by_elements(xp, scalars.zeta, s, q)


@zeta.gradient
def zeta_gradient(xp: Any, operation: Any, g: Any) -> Any:
    s, q = operation.inputs
    return NoGradient("no closed form is known for the derivative by s"), -g * s * zeta(s + 1, q)


@zeta.samples
def zeta_samples() -> Iterator[Sample]:
    yield Sample(uniform(3, 1, low=1.5, high=6.0), positive(4), gradient=False)
    yield Sample(uniform(5, low=1.5, high=6.0).of("float32"), positive(5))


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def betaln(a: TensorType, b: TensorType, /) -> TensorType:
    """The logarithm of the beta function of positive elements.

    >>> import polyflow as pf
    >>> pf.Session().run(betaln([1.0], [1.0])).tolist()
    [0.0]
    """
    return broadcast(a, b)


@betaln.kernel
def betaln_kernel(xp: Any, a: Any, b: Any) -> Any:
    return by_elements(xp, scalars.betaln, a, b)


@betaln.gradient
def betaln_gradient(xp: Any, operation: Any, g: Any) -> Any:
    a, b = operation.inputs
    both = digamma(a + b)
    return g * (digamma(a) - both), g * (digamma(b) - both)


@betaln.samples
def betaln_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1))


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def beta(a: TensorType, b: TensorType, /) -> TensorType:
    """The beta function of positive elements: the integral of ``t**(a - 1) * (1 - t)**(b - 1)`` from 0 to 1.

    >>> import polyflow as pf
    >>> pf.Session().run(beta([1.0], [2.0])).tolist()
    [0.5]
    """
    return broadcast(a, b)


@beta.kernel
def beta_kernel(xp: Any, a: Any, b: Any) -> Any:
    return by_elements(xp, scalars.beta, a, b)


@beta.gradient
def beta_gradient(xp: Any, operation: Any, g: Any) -> Any:
    a, b = operation.inputs
    both, scale = digamma(a + b), g * operation.output
    return scale * (digamma(a) - both), scale * (digamma(b) - both)


@beta.samples
def beta_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1))
