"""Exponentials and logarithms (standard, "Elementwise Functions"). Integers are taken as the default float dtype."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from math import log as real_log
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, normal, positive, values
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, DTypeError, ShapeError


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def exp(x: TensorType, /) -> TensorType:
    """e to the power of each element.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.exp([0.0, float("-inf")])).tolist()
    [1.0, 0.0]

    Standard: "exp".
    """
    return x


@exp.gradient
def exp_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * operation.output


@exp.samples
def exp_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([inf, -inf, 200.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def expm1(x: TensorType, /) -> TensorType:
    """``exp(x) - 1`` of each element, accurate near 0 too.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.expm1([0.0, float("-inf")])).tolist()
    [0.0, -1.0]

    Standard: "expm1".
    """
    return x


@expm1.gradient
def expm1_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (operation.output + 1)


@expm1.samples
def expm1_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(values([1e-6, -1e-6, 0.0]), dtypes="real floating")
    yield Sample(values([inf, -inf, -0.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def log(x: TensorType, /) -> TensorType:
    """The natural logarithm of each element; NaN for a negative real number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.log([1.0, float("inf")])).tolist()
    [0.0, inf]

    Of a complex number it is the principal value, with the branch cut along the negative real axis. The logarithm of
    what ``exp``, ``1 + exp``, ``nn.sigmoid`` or ``nn.softmax`` made of real numbers is found without computing that,
    and so are its gradients: nothing overflows. Standard: "log".
    """
    return x


@log.gradient
def log_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / operation.inputs[0]


@log.stable
def log_stable(xp: Any, see: Any, x: Any) -> Any:
    """What the inverse function was applied to, or the function that is the logarithm of the one applied."""
    inner = see(x)
    if inner is None or x.dtype.kind != "float":
        return None
    name = inner.op.full_name
    if inner.op is exp:
        return inner.inputs[0]
    if name == "nn.softmax":
        return xp.nn.log_softmax(inner.inputs[0], axis=inner.attributes["axis"])
    if name == "nn.sigmoid":
        return -xp.nn.softplus(-inner.inputs[0])
    for exponential, one in (inner.inputs, inner.inputs[::-1]) if name == "add" else ():
        if _is_exponential(see, exponential) and _is_one(one) and exponential.type == x.type:
            return xp.nn.softplus(exponential.operation.inputs[0])
    return None


def _is_exponential(see: Any, x: Any) -> bool:
    inner = see(x)
    return inner is not None and inner.op is exp and x.dtype.kind == "float"


def _is_one(x: Any) -> bool:
    return x.operation.op is constant_op and x.operation.attributes["value"].uniform_value == 1


@log.samples
def log_samples() -> Iterator[Sample]:
    yield from _logarithms()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def log1p(x: TensorType, /) -> TensorType:
    """``log(1 + x)`` of each element, accurate near 0 too; NaN for a real number below -1.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.log1p([0.0, float("inf")])).tolist()
    [0.0, inf]

    ``log1p(exp(x))`` of real numbers is ``nn.softplus(x)``, which does not overflow. Standard: "log1p".
    """
    return x


@log1p.gradient
def log1p_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / (1 + operation.inputs[0])


@log1p.stable
def log1p_stable(xp: Any, see: Any, x: Any) -> Any:
    """The softplus, where it is one."""
    return xp.nn.softplus(x.operation.inputs[0]) if _is_exponential(see, x) else None


@log1p.samples
def log1p_samples() -> Iterator[Sample]:
    yield from _logarithms()
    yield Sample(values([1e-6, -1e-6, 0.0]), dtypes="real floating")


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def log2(x: TensorType, /) -> TensorType:
    """The logarithm to base 2 of each element; NaN for a negative real number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.log2([1.0, 8.0])).tolist()
    [0.0, 3.0]

    Standard: "log2".
    """
    return x


@log2.gradient
def log2_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / (operation.inputs[0] * real_log(2))


@log2.samples
def log2_samples() -> Iterator[Sample]:
    yield from _logarithms()


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating", to_float=True)
def log10(x: TensorType, /) -> TensorType:
    """The logarithm to base 10 of each element; NaN for a negative real number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.log10([1.0, 10.0])).tolist()
    [0.0, 1.0]

    Standard: "log10".
    """
    return x


@log10.gradient
def log10_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g / (operation.inputs[0] * real_log(10))


@log10.samples
def log10_samples() -> Iterator[Sample]:
    yield from _logarithms()


@define_op(traits=Trait.ELEMENTWISE | Trait.COMMUTATIVE, dtypes="real floating", promote=True, to_float=True)
def logaddexp(x1: TensorType, x2: TensorType, /) -> TensorType:
    """``log(exp(x1) + exp(x2))`` of each pair of elements, without overflow on the way, operands broadcast.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.logaddexp([0.0, 1000.0], float("-inf"))).tolist()
    [0.0, 1000.0]

    Standard: "logaddexp".
    """
    return broadcast(x1, x2)


@logaddexp.gradient
def logaddexp_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # The weights are exp(x - output). Where that is infinity minus infinity, the larger operand has all the weight.
    x1, x2 = operation.inputs
    is_infinite = xp.isinf(operation.output)
    finite = xp.where(is_infinite, 0.0, operation.output)

    def weight(x: Any, other: Any) -> Any:
        limit = xp.where(x == other, 0.5, xp.where(x > other, 1.0, 0.0))
        return xp.where(is_infinite, limit, xp.exp(xp.where(is_infinite, 0.0, x) - finite))

    return g * weight(x1, x2), g * weight(x2, x1)


@logaddexp.samples
def logaddexp_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(3, seed=1))
    yield Sample(values([1.0, 500.0]), values([1.0, -500.0]), dtypes="real floating")
    yield Sample(values([-inf, inf, -inf]), values([-inf, inf, 1.0]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(3)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2).of("complex64"), normal(2)).raises(DTypeError, "needed:  a real floating dtype")


def _logarithms() -> Iterator[Sample]:
    yield Sample(positive(2, 3))
    yield Sample(normal(3).of("complex128"))
    yield Sample(values([-2.0, 0.0, inf]), gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")
