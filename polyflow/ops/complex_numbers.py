"""Parts and conjugates of complex numbers (standard, "Elementwise Functions").

Gradients follow the convention of JAX: that of a real function of ``a + bj`` is ``df/da - j df/db``, so the gradient of
a holomorphic function is multiplied by its complex derivative, not by the conjugate of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import real_dtype
from polyflow.core.samples import ErrorSample, Sample, booleans, normal
from polyflow.core.shapes import broadcast
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError


@define_op(traits=Trait.ELEMENTWISE | Trait.IDEMPOTENT | Trait.VIEW, dtypes="numeric")
def real(x: TensorType, /) -> TensorType:
    """The real part of each element; a real number is its own.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.real([1 + 2j, 3j])).tolist()
    [1.0, 0.0]

    Standard: "real".
    """
    return x.with_dtype(real_dtype(x.known_dtype))


@real.gradient
def real_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.astype(g, operation.inputs[0].dtype)


@real.samples
def real_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3).of("complex64"))
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")


@define_op(traits=Trait.ELEMENTWISE | Trait.VIEW, dtypes="complex floating")
def imag(x: TensorType, /) -> TensorType:
    """The imaginary part of each element, a real number.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.imag([1 + 2j, -3j])).tolist()
    [2.0, -3.0]

    Standard: "imag".
    """
    return x.with_dtype(real_dtype(x.known_dtype))


@imag.gradient
def imag_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return -1j * xp.astype(g, operation.inputs[0].dtype)


@imag.samples
def imag_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield ErrorSample(normal(2).of("float32")).raises(DTypeError, "needed:  a complex floating dtype")


@define_op(traits=Trait.ELEMENTWISE | Trait.INVOLUTION | Trait.VIEW, dtypes="numeric")
def conj(x: TensorType, /) -> TensorType:
    """The complex conjugate of each element; a real number is its own.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.conj([1 + 2j, 3j])).tolist()
    [(1-2j), -3j]

    Standard: "conj".
    """
    return broadcast(x)


@conj.gradient
def conj_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.conj(g)


@conj.samples
def conj_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 3).of("complex64"))
    yield ErrorSample(booleans(2)).raises(DTypeError, "needed:  a numeric dtype")
