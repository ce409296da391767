"""The distribution function of the standard normal distribution, its inverse and its logarithm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import Sample, normal, uniform, values
from polyflow.core.types import TensorType
from polyflow_special import scalars
from polyflow_special.by_elements import by_elements

_ROOT = math.sqrt(2 * math.pi)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def ndtr(x: TensorType, /) -> TensorType:
    """The chance that a standard normal number is below each element.

    >>> import polyflow as pf
    >>> pf.Session().run(ndtr([-pf.inf, 0.0, pf.inf])).tolist()
    [0.0, 0.5, 1.0]
    """
    return x


@ndtr.kernel
def ndtr_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, scalars.ndtr, x)


@ndtr.gradient
def ndtr_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (xp.exp(-0.5 * xp.square(operation.inputs[0])) / _ROOT)


@ndtr.samples
def ndtr_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values([-math.inf, -6.0, 0.0, 6.0, math.inf, math.nan]), gradient=False)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def log_ndtr(x: TensorType, /) -> TensorType:
    """The logarithm of ``ndtr``, also where ``ndtr`` underflows.

    >>> import polyflow as pf
    >>> pf.Session().run(log_ndtr([pf.inf])).tolist()
    [0.0]
    """
    return x


@log_ndtr.kernel
def log_ndtr_kernel(xp: Any, x: Any) -> Any:
    return by_elements(xp, scalars.log_ndtr, x)


@log_ndtr.gradient
def log_ndtr_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (xp.exp(-0.5 * xp.square(operation.inputs[0]) - operation.output) / _ROOT)


@log_ndtr.samples
def log_ndtr_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(values([-9.5, -10.5, -30.0, -1.0, 0.0, 6.0]), gradient=False)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def ndtri(p: TensorType, /) -> TensorType:
    """The number below which a standard normal number is with the chance that each element is; NaN outside of [0, 1].

    >>> import polyflow as pf
    >>> pf.Session().run(ndtri([0.0, 0.5, 1.0])).tolist()
    [-inf, 0.0, inf]
    """
    return p


@ndtri.kernel
def ndtri_kernel(xp: Any, p: Any) -> Any:
    return by_elements(xp, scalars.ndtri, p)


@ndtri.gradient
def ndtri_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (_ROOT * xp.exp(0.5 * xp.square(operation.output)))


@ndtri.samples
def ndtri_samples() -> Iterator[Sample]:
    yield Sample(uniform(3, 4, low=0.05, high=0.95))
    yield Sample(values([0.0, 1.0, 0.5, 0.999, 1e-4, 1.5, math.nan]), gradient=False)
