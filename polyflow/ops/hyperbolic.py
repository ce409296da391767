"""Hyperbolic functions and their inverses (standard, "Elementwise Functions").

Integers are taken as the default float dtype. Complex inverses have the branch cuts of the standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, uniform, values
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def sinh(x: TensorType, /) -> TensorType:
    """The hyperbolic sine of each element.

    ``(exp(x) - exp(-x)) / 2``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sinh([0.0])).tolist()
    [0.0]

    Standard: "sinh".
    """
    return x


@sinh.gradient
def sinh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * xp.cosh(operation.inputs[0])


@sinh.samples
def sinh_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def cosh(x: TensorType, /) -> TensorType:
    """The hyperbolic cosine of each element.

    ``(exp(x) + exp(-x)) / 2``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.cosh([0.0])).tolist()
    [1.0]

    Standard: "cosh".
    """
    return x


@cosh.gradient
def cosh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * xp.sinh(operation.inputs[0])


@cosh.samples
def cosh_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def tanh(x: TensorType, /) -> TensorType:
    """The hyperbolic tangent of each element.

    ``sinh(x) / cosh(x)``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tanh([0.0, float("inf")])).tolist()
    [0.0, 1.0]

    Standard: "tanh".
    """
    return x


@tanh.gradient
def tanh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (1 - xp.square(operation.output))


@tanh.samples
def tanh_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def asinh(x: TensorType, /) -> TensorType:
    """The number whose hyperbolic sine each element is.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.asinh([0.0, -0.0])).tolist()
    [0.0, -0.0]

    Standard: "asinh".
    """
    return x


@asinh.gradient
def asinh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / xp.sqrt(1 + xp.square(operation.inputs[0]))


@asinh.samples
def asinh_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def acosh(x: TensorType, /) -> TensorType:
    """The non-negative number whose hyperbolic cosine each element is; NaN for a real number below 1.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.acosh([1.0, float("inf")])).tolist()
    [0.0, inf]

    Standard: "acosh".
    """
    return x


@acosh.gradient
def acosh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Two roots instead of one of the product: so the branch cut of a complex argument is the function's own.
    x = operation.inputs[0]
    return g / (xp.sqrt(x - 1) * xp.sqrt(x + 1))


@acosh.samples
def acosh_samples() -> Iterator[Sample]:
    yield Sample(uniform(2, 3, low=1.2, high=5.0))
    yield Sample(normal(3).of("complex128"))
    yield Sample(values([1.0, 0.5, inf]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def atanh(x: TensorType, /) -> TensorType:
    """The number whose hyperbolic tangent each element is; NaN for a real number outside ``[-1, 1]``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.atanh([0.0, -0.0])).tolist()
    [0.0, -0.0]

    Standard: "atanh".
    """
    return x


@atanh.gradient
def atanh_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    return g / ((1 - x) * (1 + x))


@atanh.samples
def atanh_samples() -> Iterator[Sample]:
    yield Sample(uniform(2, 3, low=-0.9, high=0.9))
    yield Sample(values([1.0, -1.0, 2.0, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


def _on_the_whole_line() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([inf, -inf, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")
