"""The operations without which there is no graph: constants, placeholders, and the cast that promotion asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal, weak_type
from polyflow.core.samples import Sample, normal, values
from polyflow.core.signature import DTypeLike
from polyflow.core.types import Shape, TensorType


@define_op(name="constant")
def constant_op(*, value: Literal, weak: bool = False) -> TensorType:
    """A value that stands in the graph.

    ``weak`` says that it was a Python scalar, which is kept in the widest dtype of its kind and takes the dtype of what
    it meets. Users call :func:`polyflow.constant`.

    >>> import polyflow as pf
    >>> pf.constant([1, 2]).operation.op
    <op constant>
    """
    return weak_type(value) if weak else value.type


constant_op.no_gradient("it has no operand")


@constant_op.kernel
def constant_kernel(xp: Any, *, value: Any, weak: bool = False) -> Any:
    return value


@constant_op.samples
def constant_samples() -> Iterator[Sample]:
    yield Sample(value=values([[1.0, 2.0], [3.0, 4.0]]))
    yield Sample(value=values(3))


@define_op(name="placeholder", traits=Trait.EFFECT)
def placeholder_op(*, dtype: DType | None = None, shape: Shape | None = None) -> TensorType:
    """A value that is given when the graph runs; users call :func:`polyflow.placeholder`.

    >>> import polyflow as pf
    >>> pf.placeholder("float32", (None, 2)).operation.op
    <op placeholder>
    """
    return TensorType(dtype, shape)


placeholder_op.no_gradient("it has no operand")


@placeholder_op.samples
def placeholder_samples() -> Iterator[Sample]:
    yield from ()  # it is fed, never run


@define_op(traits=Trait.ELEMENTWISE | Trait.IDENTITY)
def astype(x: TensorType, dtype: DTypeLike, /, *, copy: bool = True) -> TensorType:
    """The elements of ``x`` converted to ``dtype``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.astype(pf.constant([1.7, -1.7]), pf.int32)).tolist()
    [1, -1]

    A float becomes an integer by dropping its fraction (NaN, and what does not fit, become what the engine makes of
    them), a number becomes bool by comparing with 0, a complex number becomes real by dropping its imaginary part.
    ``copy`` is accepted for the standard's sake: values are immutable. Standard: "astype".
    """
    return x.with_dtype(dtype or x.known_dtype)


@astype.gradient
def astype_gradient(xp: Any, operation: Any, g: Any) -> Any:
    wanted = operation.inputs[0].dtype
    if g.dtype.is_complex and not wanted.is_complex:
        g = xp.real(g)
    return xp.astype(g, wanted)


@astype.samples
def astype_samples() -> Iterator[Sample]:
    for name in ("float64", "complex128", "int16", "bool", "uint8"):
        yield Sample(values([[0.0, 1.0], [2.5, 100.75]]), name, dtypes="real floating", gradient=name[0] in "fc")
    for name in ("float16", "bfloat16"):  # a little above the middle of two numbers: rounded up, if only once
        near_ties = [1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-8 + 2.0**-40, 1 + 2.0**-8, -65519.9, 65520.0, 1e-7, 1e39, 1e-42]
        yield Sample(values(near_ties), name, dtypes="real floating", gradient=False)
        yield Sample(values([2**53 + 2**45 + 1, -(2**24) - 2**16, 2049, 2051], "int64"), name, gradient=False)
        yield Sample(normal(2, 3), name, dtypes="floating", gradient=False)
    yield Sample(normal(2, 3), "complex64", dtypes="floating")
    yield Sample(values([0, 1, 100]), "int8", dtypes="integral")
    yield Sample(values([2**53 + 1, 2**62 + 1], "int64"), "uint64")
    yield Sample(values([0, 1, 100]), "float32", dtypes="boolean or integral")
