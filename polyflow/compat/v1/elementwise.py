"""Functions of each element by TensorFlow 1's names of their operands: ``tf.add(x=a, y=b, name="sum")``."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from polyflow.core.location import user_location
from polyflow.errors import ArgumentError, message
from polyflow.ops import activations, arithmetic, comparison, exponential, hyperbolic, logical, magnitudes, rectifiers
from polyflow.ops import trigonometric as trig
from polyflow.ops.complex_numbers import conj as _conj
from polyflow.ops.complex_numbers import imag as _imag
from polyflow.ops.complex_numbers import real as _real
from polyflow.ops.error_function import erf as _erf
from polyflow.ops.error_function import erfc as _erfc
from polyflow.ops.ordering import identity as _identity
from polyflow.ops.ordering import stop_gradient as _stop_gradient
from polyflow.ops.rounding import ceil as _ceil
from polyflow.ops.rounding import floor as _floor


def named(op: Any, called: str, *operands: str) -> Callable[..., Any]:
    """``op`` with these names for its operands, each by place or by name, and after them ``name``.

    >>> import polyflow.compat.v1 as tf
    >>> [each.tolist() for each in tf.Session().run([tf.pow(x=2.0, y=3.0), tf.nn.relu(features=[-1.0, 2.0])])]
    [8.0, [0.0, 2.0]]

    Raises ``ArgumentError`` for other arguments.
    """
    parameters = [Parameter(each, Parameter.POSITIONAL_OR_KEYWORD) for each in operands]
    last = Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default=None)
    signature = Signature([*parameters, last])

    def function(*args: Any, **keywords: Any) -> Any:
        try:
            given = signature.bind(*args, **keywords).arguments
        except TypeError as error:
            summary, needed = f"{called}: {error}", f"{called}{signature}"
            raise ArgumentError(message(summary, needed=needed, where=user_location())) from None
        return op(*[given[each] for each in operands], name=given.get("name"))

    function.__name__ = function.__qualname__ = called
    function.__doc__ = (
        f"``polyflow.{getattr(op, 'full_name', None) or called}`` with TensorFlow's names for its operands."
    )
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _unary(op: Any, called: str) -> Callable[..., Any]:
    return named(op, called, "x")


def _binary(op: Any, called: str) -> Callable[..., Any]:
    return named(op, called, "x", "y")


def _activation(op: Any, called: str) -> Callable[..., Any]:
    return named(op, called, "features")


abs, sign = _unary(magnitudes.abs, "abs"), _unary(magnitudes.sign, "sign")
acos, asin, atan = _unary(trig.acos, "acos"), _unary(trig.asin, "asin"), _unary(trig.atan, "atan")
cos, sin, tan = _unary(trig.cos, "cos"), _unary(trig.sin, "sin"), _unary(trig.tan, "tan")
acosh, asinh = _unary(hyperbolic.acosh, "acosh"), _unary(hyperbolic.asinh, "asinh")
atanh, cosh = _unary(hyperbolic.atanh, "atanh"), _unary(hyperbolic.cosh, "cosh")
sinh, tanh = _unary(hyperbolic.sinh, "sinh"), _unary(hyperbolic.tanh, "tanh")
exp, expm1 = _unary(exponential.exp, "exp"), _unary(exponential.expm1, "expm1")
log, log1p = _unary(exponential.log, "log"), _unary(exponential.log1p, "log1p")
erf, erfc = _unary(_erf, "erf"), _unary(_erfc, "erfc")
ceil, floor = _unary(_ceil, "ceil"), _unary(_floor, "floor")
negative, reciprocal = _unary(arithmetic.negative, "negative"), _unary(arithmetic.reciprocal, "reciprocal")
sqrt, square = _unary(arithmetic.sqrt, "sqrt"), _unary(arithmetic.square, "square")
is_finite, is_inf = _unary(comparison.isfinite, "is_finite"), _unary(comparison.isinf, "is_inf")
is_nan, logical_not = _unary(comparison.isnan, "is_nan"), _unary(logical.logical_not, "logical_not")
sigmoid, conj = _unary(activations.sigmoid, "sigmoid"), _unary(_conj, "conj")
real, imag = named(_real, "real", "input"), named(_imag, "imag", "input")
identity, stop_gradient = named(_identity, "identity", "input"), named(_stop_gradient, "stop_gradient", "input")
add, subtract = _binary(arithmetic.add, "add"), _binary(arithmetic.subtract, "subtract")
multiply, pow = _binary(arithmetic.multiply, "multiply"), _binary(arithmetic.pow, "pow")
floor_divide = _binary(arithmetic.floor_divide, "floor_divide")
maximum, minimum = _binary(magnitudes.maximum, "maximum"), _binary(magnitudes.minimum, "minimum")
equal, not_equal = _binary(comparison.equal, "equal"), _binary(comparison.not_equal, "not_equal")
less, less_equal = _binary(comparison.less, "less"), _binary(comparison.less_equal, "less_equal")
greater = _binary(comparison.greater, "greater")
greater_equal = _binary(comparison.greater_equal, "greater_equal")
logical_and, logical_or = _binary(logical.logical_and, "logical_and"), _binary(logical.logical_or, "logical_or")
logical_xor = _binary(logical.logical_xor, "logical_xor")
atan2 = named(trig.atan2, "atan2", "y", "x")
relu, relu6 = _activation(rectifiers.relu, "relu"), _activation(rectifiers.relu6, "relu6")
elu, selu = _activation(rectifiers.elu, "elu"), _activation(rectifiers.selu, "selu")
softplus, softsign = _activation(activations.softplus, "softplus"), _activation(activations.softsign, "softsign")
swish = _activation(activations.silu, "swish")
