"""How operands meet: Python scalars are weak, dtypes promote, and every function says which kinds of dtype it takes."""

from __future__ import annotations

from polyflow.core.dtypes import CATEGORIES, DEFAULT_DTYPES, DType, in_category, promote
from polyflow.errors import ArgumentError, DTypeError, message
from polyflow_reference.array import Array
from polyflow_reference.promotion import KIND_RANK, promoted
from polyflow_reference.values import Scalar, from_scalar, scalar_type_of

Operand = Array | bool | int | float | complex


def common_dtype(*operands: Operand | DType) -> DType:
    """The dtype in which arrays, dtypes and Python scalars meet.

    A scalar of a kind that the dtypes hold already has no say; one of a higher kind counts as its default dtype.

    >>> common_dtype(Array.of([1]), 2.5), common_dtype(Array.of([1.5]), 2)
    (polyflow.float32, polyflow.float32)
    """
    dtypes = [x if isinstance(x, DType) else x.dtype for x in operands if isinstance(x, (Array, DType))]
    scalar_types = [scalar_type_of(x) for x in operands if not isinstance(x, (Array, DType))]
    if not dtypes:
        return promoted(DEFAULT_DTYPES[scalar_type] for scalar_type in scalar_types)
    result = promoted(dtypes)
    for scalar_type in scalar_types:
        default = DEFAULT_DTYPES[scalar_type]
        if KIND_RANK[default.kind] > KIND_RANK[result.kind]:
            result = promote(result, default)
    return result


def meet(function: str, category: str, *operands: Operand, floating: bool = False) -> list[Array]:
    """The operands as arrays of their common dtype, which must belong to ``category``.

    With ``floating``, integers become the default floating-point dtype.

    >>> meet("divide", "numeric", Array.of([1]), 2, floating=True)
    [Array([1.0], float32), Array(2.0, float32)]
    """
    if not any(isinstance(x, Array) for x in operands):
        found = " and ".join(type(x).__name__ for x in operands)
        raise ArgumentError(message(f"{function}: no operand is an array", found=found, needed="at least one"))
    dtype = common_dtype(*operands)
    require(function, category, dtype)
    if floating and dtype.is_integer:
        dtype = DEFAULT_DTYPES[float]
    return [x.cast(dtype) if isinstance(x, Array) else Array([from_scalar(x, dtype)], (), dtype) for x in operands]


def require(function: str, category: str, dtype: DType) -> None:
    """Refuse a dtype outside a category.

    >>> require("sum", "numeric", Array.of([1.0]).dtype)
    """
    if not in_category(dtype, category):
        raise DTypeError(
            message(
                f"{function}: dtype {dtype.name}", found=f"kind {dtype.kind}", needed=" or ".join(CATEGORIES[category])
            )
        )


def as_array(function: str, x: object) -> Array:
    """``x`` itself, which must be an array of this backend.

    >>> as_array("sum", Array.of(1))
    Array(1, int64)
    """
    if not isinstance(x, Array):
        raise ArgumentError(
            message(f"{function}: no array of the reference backend", found=type(x).__name__, remedy="asarray(x)")
        )
    return x


def scalar_array(value: Scalar, dtype: DType) -> Array:
    """A Python scalar as an array of rank 0.

    >>> scalar_array(1, DEFAULT_DTYPES[float])
    Array(1.0, float32)
    """
    return Array([from_scalar(value, dtype)], (), dtype)
