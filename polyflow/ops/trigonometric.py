"""Trigonometric functions and their inverses, in radians (standard, "Elementwise Functions").

Integers are taken as the default float dtype. Complex inverses have the branch cuts of the standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal, uniform, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, DTypeError, ShapeError


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def sin(x: TensorType, /) -> TensorType:
    """The sine of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sin([0.0, -0.0])).tolist()
    [0.0, -0.0]

    Standard: "sin".
    """
    return x


@sin.gradient
def sin_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * xp.cos(operation.inputs[0])


@sin.samples
def sin_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def cos(x: TensorType, /) -> TensorType:
    """The cosine of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.cos([0.0])).tolist()
    [1.0]

    Standard: "cos".
    """
    return x


@cos.gradient
def cos_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return -g * xp.sin(operation.inputs[0])


@cos.samples
def cos_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def tan(x: TensorType, /) -> TensorType:
    """The tangent of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tan([0.0])).tolist()
    [0.0]

    Standard: "tan".
    """
    return x


@tan.gradient
def tan_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (1 + xp.square(operation.output))


@tan.samples
def tan_samples() -> Iterator[Sample]:
    yield Sample(uniform(2, 3, low=-1.4, high=1.4))
    yield Sample(values([1.56, -1.56]), gradient=False, dtypes="real floating")
    yield Sample(values([inf, -inf, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def asin(x: TensorType, /) -> TensorType:
    """The angle in ``[-pi/2, pi/2]`` whose sine each element is; NaN for a real number outside ``[-1, 1]``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.asin([0.0, -0.0])).tolist()
    [0.0, -0.0]

    Standard: "asin".
    """
    return x


@asin.gradient
def asin_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / _leg(xp, operation.inputs[0])


@asin.samples
def asin_samples() -> Iterator[Sample]:
    yield from _between_minus_one_and_one()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def acos(x: TensorType, /) -> TensorType:
    """The angle in ``[0, pi]`` whose cosine each element is; NaN for a real number outside ``[-1, 1]``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.acos([1.0])).tolist()
    [0.0]

    Standard: "acos".
    """
    return x


@acos.gradient
def acos_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return -g / _leg(xp, operation.inputs[0])


@acos.samples
def acos_samples() -> Iterator[Sample]:
    yield from _between_minus_one_and_one()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def atan(x: TensorType, /) -> TensorType:
    """The angle in ``[-pi/2, pi/2]`` whose tangent each element is.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.atan([0.0, -0.0])).tolist()
    [0.0, -0.0]

    Standard: "atan".
    """
    return x


@atan.gradient
def atan_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / (1 + xp.square(operation.inputs[0]))


@atan.samples
def atan_samples() -> Iterator[Sample]:
    yield from _on_the_whole_line()


@define_op(traits=Trait.ELEMENTWISE, dtypes="real floating", promote=True, to_float=True)
def atan2(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The angle in ``[-pi, pi]`` from the x-axis to the point with height ``x1`` and width ``x2``, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.atan2([0.0, -0.0], [1.0, 1.0])).tolist()
    [0.0, -0.0]

    The gradient at the origin is 0. Standard: "atan2".
    """
    return broadcast(x1, x2)


@atan2.gradient
def atan2_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    radius = xp.hypot(x1, x2)
    radius = xp.where(radius == 0, 1.0, radius)
    return g * (x2 / radius / radius), -g * (x1 / radius / radius)


@atan2.samples
def atan2_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([0.0, -0.0, 0.0, -0.0]), values([0.0, 0.0, -0.0, -0.0]), gradient=False, dtypes="real floating")
    yield Sample(values([inf, inf, 1.0]), values([inf, -inf, inf]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real floating dtype")


def _leg(xp: Any, x: Any) -> Any:
    """``sqrt(1 - x * x)``, accurate near 1 too: the other leg of the triangle with hypotenuse 1."""
    return xp.sqrt((1 - x) * (1 + x))


def _on_the_whole_line() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([inf, -inf, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


def _between_minus_one_and_one() -> Iterator[Sample]:
    yield Sample(uniform(2, 3, low=-0.9, high=0.9))
    yield Sample(values([1.0, -1.0, 2.0, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")
