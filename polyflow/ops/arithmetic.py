"""Arithmetic: the elementwise functions behind ``+ - * / // % **`` and their kin (standard, "Elementwise Functions").

Signs, absolute values and bounds stand in ``magnitudes.py``, rounding in ``rounding.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.samples import positive as positive_numbers
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, DTypeError, ShapeError

_SYMMETRIC = Trait.ELEMENTWISE | Trait.COMMUTATIVE


@define_op(traits=_SYMMETRIC, dtypes="numeric", promote=True, neutral={0: -0.0, 1: -0.0})
def add(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The sum ``x1 + x2`` of each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.add([1, 2], [[10], [20]])).tolist()
    [[11, 12], [21, 22]]

    Integers wrap around. Raises ``ShapeError`` where the shapes do not broadcast. Standard: "add".
    """
    return broadcast(x1, x2)


@add.gradient
def add_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g, g


@add.samples
def add_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(2, 3, seed=1))
    yield Sample(normal(2, 1, 3), normal(4, 1, seed=1))
    yield Sample(normal(), normal(0, 3, seed=1))
    yield ErrorSample(normal(2, 3), normal(4)).raises(ShapeError, "shapes (2, 3) and (4,) do not broadcast")
    yield ErrorSample(booleans(2), booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric", promote=True, neutral={1: 0.0})
def subtract(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The difference ``x1 - x2`` of each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.subtract([5, 7], 2)).tolist()
    [3, 5]

    Standard: "subtract".
    """
    return broadcast(x1, x2)


@subtract.gradient
def subtract_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g, -g


@subtract.samples
def subtract_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield ErrorSample(normal(2, 3), normal(2)).raises(ShapeError, "shapes (2, 3) and (2,) do not broadcast")


@define_op(traits=_SYMMETRIC, dtypes="numeric", promote=True, neutral={0: 1, 1: 1})
def multiply(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The product ``x1 * x2`` of each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.multiply([1.5, 2.0], 2)).tolist()
    [3.0, 4.0]

    Standard: "multiply".
    """
    return broadcast(x1, x2)


@multiply.gradient
def multiply_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    return g * x2, g * x1


@multiply.samples
def multiply_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(2, 3, seed=1))
    yield Sample(normal(3), normal(2, 1, seed=1))
    yield ErrorSample(normal(2, 3), normal(4)).raises(ShapeError, "do not broadcast")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", promote=True, to_float=True, neutral={1: 1})
def divide(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The quotient ``x1 / x2`` of each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.divide([1, 2], 4)).tolist()
    [0.25, 0.5]

    Integers are divided in the default float dtype. Standard: "divide".
    """
    return broadcast(x1, x2)


@divide.gradient
def divide_gradient(xp: Any, operation: Any, g: Any) -> Any:
    _, x2 = operation.inputs
    return g / x2, -g * operation.output / x2


@divide.samples
def divide_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), positive_numbers(3, seed=1))
    yield Sample(values([1.0, -1.0, 0.0]), values([0.0, 0.0, 0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def floor_divide(x1: TensorType, x2: TensorType, /) -> TensorType:
    """The largest whole number not above ``x1 / x2``, for each pair of elements, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.floor_divide([7, -7], 2)).tolist()
    [3, -4]

    Dividing an integer by 0 is no error, and gives what the engine gives. Standard: "floor_divide".
    """
    return broadcast(x1, x2)


floor_divide.zero_gradient("it is constant between its jumps")


@floor_divide.samples
def floor_divide_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), positive_numbers(3, seed=1))
    yield Sample(values([7, 7, 6]), values([2, 3, 3]), gradient=False)
    yield Sample(values([7.0, -7.0, 7.0, -7.0]), values([2.0, 2.0, -2.0, -2.0]), dtypes="real floating", gradient=False)
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="real", promote=True)
def remainder(x1: TensorType, x2: TensorType, /) -> TensorType:
    """What ``floor_divide(x1, x2)`` leaves of ``x1``; it has the sign of ``x2``.

    ``x1 - x2 * floor(x1 / x2)``

    >>> import polyflow as pf
    >>> pf.Session().run(pf.remainder([7, -7], 3)).tolist()
    [1, 2]

    The remainder of an integer divided by 0 is undefined. Standard: "remainder".
    """
    return broadcast(x1, x2)


@remainder.gradient
def remainder_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x1, x2 = operation.inputs
    return g, -g * xp.floor_divide(x1, x2)


@remainder.samples
def remainder_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), positive_numbers(3, seed=1))
    yield Sample(values([7, 7, 6]), values([2, 3, 3]), gradient=False)
    yield Sample(values([7.0, -7.0, 7.0, -7.0]), values([3.0, 3.0, -3.0, -3.0]), dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric", promote=True, neutral={1: 1})
def pow(x1: TensorType, x2: TensorType, /) -> TensorType:
    """``x1`` to the power ``x2``, element by element, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.pow([1.0, 2.0, 3.0], 2)).tolist()
    [1.0, 4.0, 9.0]

    An integer to a negative power is the quotient ``1 / x1 ** -x2`` without what is behind the point: 1, -1 or 0; 0 for
    0. Standard: "pow".
    """
    return broadcast(x1, x2)


@pow.gradient
def pow_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Where x1 is 0 its logarithm is replaced by 0: x1**x2 does not change with x2 there, for x2 > 0.
    x1, x2 = operation.inputs
    is_zero = x1 == 0
    logarithm = xp.where(is_zero, 0.0, xp.log(xp.where(is_zero, 1.0, x1)))
    slope = xp.where(x2 == 0, 0.0, x2 * x1 ** xp.where(x2 == 0, 1.0, x2 - 1))
    return g * slope, g * operation.output * logarithm


@pow.simplification
def pow_simplification(operation: Any) -> Any:
    """Squares and reciprocals have kernels of their own."""
    base, exponent = operation.inputs
    if exponent.operation.op is not constant_op or base.type != operation.output.type or base.dtype.kind == "complex":
        return None
    power = exponent.operation.attributes["value"].uniform_value
    if power == 2:
        return square, (base,), {}
    return (reciprocal, (base,), {}) if power == -1 and base.dtype.kind == "float" else None


@pow.samples
def pow_samples() -> Iterator[Sample]:
    yield Sample(positive_numbers(2, 3), normal(3, seed=1), dtypes="floating")
    yield Sample(values([0.0, 2.0, 3.0]), values([2.0, 0.0, 3.0]), gradient=False)
    for exponents in ([-1, 2, -3, -2, -4, -1, 0], -1, -2):
        signed = values([2, 3, 1, -1, -2, 0, 7], "int64"), values(exponents, "int64")
        yield Sample(*signed, gradient=False)
    yield Sample(values([2, 1, -1], "int8"), -3, gradient=False)
    # Libraries have roots, squares and quotients in store for one exponent, which differ at zeros and infinities.
    powers = (0.5, -0.5, 2.0, -1.0, 3.0)
    for power in powers:
        yield Sample(_SPECIAL, values(power), gradient=False, dtypes="real floating")
        yield Sample(_SPECIAL, power, gradient=False, dtypes="real floating")
    yield Sample(_SPECIAL, values([[each] for each in powers]), gradient=False, dtypes="real floating")
    yield Sample(values([[-inf], [-0.0]]), values([0.5]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")


_SPECIAL = values([-inf, -2.0, -1.0, -0.0, 0.0, 0.25, 1.0, 4.0, inf, nan])


@define_op(traits=Trait.ELEMENTWISE | Trait.INVOLUTION, dtypes="numeric")
def negative(x: TensorType, /) -> TensorType:
    """``-x`` of each element; an unsigned integer wraps around.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.negative([1, -2])).tolist()
    [-1, 2]

    Standard: "negative".
    """
    return broadcast(x)


@negative.gradient
def negative_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return -g


@negative.samples
def negative_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([0, 0], "int64"))
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE | Trait.IDEMPOTENT | Trait.IDENTITY | Trait.VIEW, dtypes="numeric")
def positive(x: TensorType, /) -> TensorType:
    """``+x``: each element as it is.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.positive([1, -2])).tolist()
    [1, -2]

    Standard: "positive".
    """
    return broadcast(x)


@positive.gradient
def positive_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g


@positive.samples
def positive_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="numeric")
def square(x: TensorType, /) -> TensorType:
    """``x * x`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.square([1, -2])).tolist()
    [1, 4]

    Standard: "square".
    """
    return broadcast(x)


@square.gradient
def square_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (2 * operation.inputs[0])


@square.samples
def square_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def sqrt(x: TensorType, /) -> TensorType:
    """The square root of each element; NaN for a negative real number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sqrt([4.0, 9.0])).tolist()
    [2.0, 3.0]

    Standard: "sqrt".
    """
    return x


@sqrt.gradient
def sqrt_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / (2 * operation.output)


@sqrt.samples
def sqrt_samples() -> Iterator[Sample]:
    yield Sample(positive_numbers(2, 3))
    yield Sample(values([-1.0, 0.0]), gradient=False, dtypes="real floating")
    yield Sample(normal(2, 3).of("complex128"))
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def reciprocal(x: TensorType, /) -> TensorType:
    """``1 / x`` of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.reciprocal([2.0, -4.0])).tolist()
    [0.5, -0.25]

    Integers are divided in the default float dtype. Standard: "reciprocal".
    """
    return x


@reciprocal.gradient
def reciprocal_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return -g * xp.square(operation.output)


@reciprocal.samples
def reciprocal_samples() -> Iterator[Sample]:
    yield Sample(positive_numbers(2, 3))
    yield Sample(values([0.0, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")
