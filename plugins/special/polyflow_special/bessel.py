"""Modified Bessel functions of order 0 and 1, as they are and scaled by ``exp(-abs(x))``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import Sample, normal, values
from polyflow.core.types import TensorType
from polyflow_special.by_elements import by_elements
from polyflow_special.scalars import bessel


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def i0(x: TensorType, /) -> TensorType:
    """The modified Bessel function of order 0 of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(i0([0.0])).tolist()
    [1.0]
    """
    return x


@i0.kernel
def i0_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, partial(bessel, 0, is_scaled=False), x)


@i0.gradient
def i0_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * i1(operation.inputs[0])


@i0.samples
def i0_samples() -> Iterator[Sample]:
    yield from _samples([0.0, 0.5, -3.0, 8.0, 20.0])


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def i0e(x: TensorType, /) -> TensorType:
    """``i0(x) * exp(-abs(x))``, which does not overflow.

    >>> import polyflow as pf
    >>> pf.Session().run(i0e([0.0])).tolist()
    [1.0]
    """
    return x


@i0e.kernel
def i0e_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, partial(bessel, 0, is_scaled=True), x)


@i0e.gradient
def i0e_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    return g * (i1e(x) - xp.sign(x) * operation.output)


@i0e.samples
def i0e_samples() -> Iterator[Sample]:
    yield from _samples([0.0, 0.5, -3.0, 8.0, 50.0, -1e4])


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def i1(x: TensorType, /) -> TensorType:
    """The modified Bessel function of order 1 of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(i1([0.0])).tolist()
    [0.0]
    """
    return x


@i1.kernel
def i1_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, partial(bessel, 1, is_scaled=False), x)


@i1.gradient
def i1_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x = operation.inputs[0]
    return g * (i0(x) - _by(xp, operation.output, x))


@i1.samples
def i1_samples() -> Iterator[Sample]:
    yield from _samples([0.0, 0.5, -3.0, 8.0, 20.0])


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def i1e(x: TensorType, /) -> TensorType:
    """``i1(x) * exp(-abs(x))``, which does not overflow.

    >>> import polyflow as pf
    >>> pf.Session().run(i1e([0.0])).tolist()
    [0.0]
    """
    return x


@i1e.kernel
def i1e_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, partial(bessel, 1, is_scaled=True), x)


@i1e.gradient
def i1e_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, y = operation.inputs[0], operation.output
    return g * (i0e(x) - xp.sign(x) * y - _by(xp, y, x))


@i1e.samples
def i1e_samples() -> Iterator[Sample]:
    yield from _samples([0.0, 0.5, -3.0, 8.0, 50.0, -1e4])


def _by(xp: Any, y: Any, x: Any) -> Any:
    """``y / x`` for a ``y`` that is about ``x / 2`` near 0."""
    is_zero = x == 0
    return xp.where(is_zero, 0.5, y / xp.where(is_zero, 1.0, x))


def _samples(special: list[float]) -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values(special), gradient=False)
