"""Products with logarithms that are 0 where a factor is 0, and the divergences made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import Sample, positive, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True)
def xlogy(x: TensorType, y: TensorType, /) -> TensorType:
    """``x * log(y)``, and 0 where ``x`` is 0, unless ``y`` is NaN.

    >>> import polyflow as pf
    >>> pf.Session().run(xlogy([0.0, 2.0], [0.0, 1.0])).tolist()
    [0.0, 0.0]
    """
    return broadcast(x, y)


@xlogy.kernel
def xlogy_kernel(xp: Any, x: Any, y: Any) -> Any:
    is_zero = (x == 0) & ~xp.isnan(y)
    return xp.where(is_zero, 0.0, x * xp.log(y))


@xlogy.gradient
def xlogy_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, y = operation.inputs
    return g * xp.log(y), g * (x / y)


@xlogy.samples
def xlogy_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1))
    yield Sample(values([0.0, 0.0, 0.0, 2.0]), values([0.0, math.nan, 3.0, 0.0]), gradient=False)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True)
def xlog1py(x: TensorType, y: TensorType, /) -> TensorType:
    """``x * log1p(y)``, and 0 where ``x`` is 0, unless ``y`` is NaN.

    >>> import polyflow as pf
    >>> pf.Session().run(xlog1py([0.0, 2.0], [-1.0, 0.0])).tolist()
    [0.0, 0.0]
    """
    return broadcast(x, y)


@xlog1py.kernel
def xlog1py_kernel(xp: Any, x: Any, y: Any) -> Any:
    is_zero = (x == 0) & ~xp.isnan(y)
    return xp.where(is_zero, 0.0, x * xp.log1p(y))


@xlog1py.gradient
def xlog1py_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, y = operation.inputs
    return g * xp.log1p(y), g * (x / (1 + y))


@xlog1py.samples
def xlog1py_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1))
    yield Sample(values([0.0, 0.0, 0.0, 2.0]), values([-1.0, math.nan, 3.0, -1.0]), gradient=False)


@define_op(namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def entr(x: TensorType, /) -> TensorType:
    """``-x * log(x)``, 0 at 0, minus infinity below.

    >>> import polyflow as pf
    >>> pf.Session().run(entr([0.0, 1.0, -1.0])).tolist()
    [0.0, 0.0, -inf]
    """
    return x


@entr.kernel
def entr_kernel(xp: Any, x: Any) -> Any:
    return xp.where(x < 0, -math.inf, xp.where(x == 0, 0.0, 0.0 - x * xp.log(x)))


@entr.gradient
def entr_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (-1 - xp.log(operation.inputs[0]))


@entr.samples
def entr_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 4))
    yield Sample(values([0.0, 1.0, -1.0, math.nan, math.inf]), gradient=False)


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def rel_entr(x: TensorType, y: TensorType, /) -> TensorType:
    """``x * log(x / y)``; 0 where ``x`` is 0 and ``y`` is not negative, infinite outside.

    >>> import polyflow as pf
    >>> pf.Session().run(rel_entr([0.0, 2.0, 1.0], [1.0, 2.0, 0.0])).tolist()
    [0.0, 0.0, inf]
    """
    return broadcast(x, y)


@rel_entr.kernel
def rel_entr_kernel(xp: Any, x: Any, y: Any) -> Any:
    outside = xp.where(xp.isnan(x) | xp.isnan(y), math.nan, xp.where((x == 0) & (y >= 0), 0.0, math.inf))
    return xp.where((x > 0) & (y > 0), x * xp.log(x / y), outside)


@rel_entr.gradient
def rel_entr_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, y = operation.inputs
    return g * (xp.log(x / y) + 1), -g * (x / y)


@rel_entr.samples
def rel_entr_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1))
    yield Sample(values([0.0, 0.0, 2.0, -1.0, math.nan]), values([0.0, 3.0, 0.0, 1.0, 1.0]), gradient=False)


@define_op(
    namespace="special", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True, promote=True, is_total=False
)
def kl_div(x: TensorType, y: TensorType, /) -> TensorType:
    """``x * log(x / y) - x + y``; ``y`` where ``x`` is 0 and ``y`` is not negative, infinite outside.

    >>> import polyflow as pf
    >>> pf.Session().run(kl_div([0.0, 2.0, 1.0], [3.0, 2.0, 0.0])).tolist()
    [3.0, 0.0, inf]
    """
    return broadcast(x, y)


@kl_div.kernel
def kl_div_kernel(xp: Any, x: Any, y: Any) -> Any:
    outside = xp.where(xp.isnan(x) | xp.isnan(y), math.nan, xp.where((x == 0) & (y >= 0), y, math.inf))
    return xp.where((x > 0) & (y > 0), x * xp.log(x / y) - x + y, outside)


@kl_div.gradient
def kl_div_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, y = operation.inputs
    return g * xp.log(x / y), g * (1 - x / y)


@kl_div.samples
def kl_div_samples() -> Iterator[Sample]:
    yield Sample(positive(3, 1), positive(4, seed=1))
    yield Sample(values([0.0, 0.0, 2.0, -1.0, math.nan]), values([0.0, 3.0, 0.0, 1.0, 1.0]), gradient=False)
