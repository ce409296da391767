"""Which operations can be compiled, and what nodes they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.tensor import Operation, Tensor
from polyflow_numba.nodes import (
    SHORT,
    UNROLLED,
    Value,
    can_multiply,
    can_reduce,
    is_reshaped_by_ones,
    lane,
    mapped,
    number,
    product,
    reduced,
    reshaped,
    stretched,
    transposed,
)

LARGEST = 1 << 16
"""Elements of an operand or a result from which on NumPy's loops are as fast, and its products faster."""
MOST_PRODUCTS = 1 << 13
"""Multiplications from which on a product of matrices is for BLAS."""
MOST_BY_LINES = 1 << 16
"""Likewise, of a product with long rows of few terms."""

_FLOATS = ("float32", "float64")
_NUMBERS = (*_FLOATS, "int32", "int64")
_EVERY = tuple(SHORT)

_MAPS: dict[str, tuple[str, Sequence[str]]] = {
    "add": ("{0} + {1}", _NUMBERS),
    "subtract": ("{0} - {1}", _NUMBERS),
    "multiply": ("{0} * {1}", _NUMBERS),
    "divide": ("{0} / {1}", _FLOATS),
    "negative": ("-{0}", _NUMBERS),
    "abs": ("abs({0})", _NUMBERS),
    "square": ("{0} * {0}", _NUMBERS),
    "maximum": ("larger({0}, {1})", _NUMBERS),
    "minimum": ("smaller({0}, {1})", _NUMBERS),
    "sqrt": ("sqrt({0})", _FLOATS),
    "exp": ("exp_{t}({0})", _FLOATS),
    "log": ("log_{t}({0})", _FLOATS),
    "tanh": ("tanh_{t}({0})", ("float32",)),
    "nn.sigmoid": ("{t}(1) / ({t}(1) + exp_{t}(-{0}))", _FLOATS),
    "nn.relu": ("{t}(0) if {0} <= {t}(0) else {0}", _NUMBERS),
    "less": ("{0} < {1}", _NUMBERS),
    "less_equal": ("{0} <= {1}", _NUMBERS),
    "greater": ("{0} > {1}", _NUMBERS),
    "greater_equal": ("{0} >= {1}", _NUMBERS),
    "equal": ("{0} == {1}", _EVERY),
    "not_equal": ("{0} != {1}", _EVERY),
    "isnan": ("{0} != {0}", _FLOATS),
    "logical_and": ("{0} and {1}", ("bool",)),
    "logical_or": ("{0} or {1}", ("bool",)),
    "logical_not": ("not {0}", ("bool",)),
    "where": ("{1} if {0} else {2}", _EVERY),
}
"""By op the expression of an element, and the dtypes that its last operand may have."""
VIEWS = frozenset({"broadcast_to", "expand_dims", "matrix_transpose", "permute_dims", "reshape", "squeeze"})
"""Ops that compute nothing."""
_REDUCTIONS: dict[str, Sequence[str]] = {"sum": _NUMBERS, "mean": _FLOATS, "max": _NUMBERS, "min": _NUMBERS}
_SOFTMAXES = ("nn.softmax", "nn.log_softmax")


def can_compile(operation: Operation) -> bool:
    """Whether there are nodes for ``operation``, and it is small enough that they are worth it."""
    name = operation.op.full_name
    if name not in _KINDS or len(operation.outputs) != 1 or not all(map(_is_small, operation.inputs)):
        return False
    if not operation.inputs or not _is_small(operation.output):
        return False
    dtype, shape = operation.inputs[-1].type.known_dtype.name, operation.inputs[0].type.static_shape
    result, attributes = operation.output.type, operation.attributes
    if name in _MAPS:
        return dtype in _MAPS[name][1]
    if name == "astype":
        return dtype == "bool" or result.known_dtype.kind in ("float", "bool") or dtype.startswith("int")
    if name in VIEWS:
        return name != "reshape" or is_reshaped_by_ones(shape, result.static_shape)
    if name in _REDUCTIONS:
        return (
            dtype in _REDUCTIONS[name]
            and result.known_dtype.name == dtype
            and can_reduce(shape, _axes(attributes["axis"], len(shape)))
        )
    if name in _SOFTMAXES:
        return dtype in _FLOATS and can_reduce(shape, _axes(attributes["axis"], len(shape)))
    a, b = (each.type.static_shape for each in operation.inputs)
    if dtype not in _FLOATS or not can_multiply(a, b):
        return False
    most = MOST_BY_LINES if a[1] <= UNROLLED and lane(result.static_shape) == 1 else MOST_PRODUCTS
    return a[0] * a[1] * b[1] <= most


def _is_small(tensor: Tensor) -> bool:
    type = tensor.type
    return type.is_static and type.known_dtype.name in SHORT and 0 < (type.size or 0) <= LARGEST


def value_of(operation: Operation, operands: Sequence[Value]) -> Value:
    """The result of an operation that can be compiled."""
    return _KINDS[operation.op.full_name](operation, operands)


def _map(operation: Operation, operands: Sequence[Value]) -> Value:
    text = _MAPS[operation.op.full_name][0].replace("{t}", SHORT[operands[-1].node.dtype])
    result = operation.output.type
    dtype = result.known_dtype.name
    if dtype.startswith("int"):
        text = f"{SHORT[dtype]}({text})"  # Numba computes with more bits
    return mapped(text, dtype, result.static_shape, *operands)


def _astype(operation: Operation, operands: Sequence[Value]) -> Value:
    (x,), result = operands, operation.output.type
    dtype = result.known_dtype.name
    if x.node.dtype == dtype:
        return x
    text = f"{{0}} != {SHORT[x.node.dtype]}(0)" if dtype == "bool" else f"{SHORT[dtype]}({{0}})"
    return mapped(text, dtype, result.static_shape, x)


def _view(operation: Operation, operands: Sequence[Value]) -> Value:
    (x,), shape = operands, operation.output.type.static_shape
    name, rank = operation.op.full_name, len(x.shape)
    if name == "broadcast_to":
        return stretched(x, shape)
    if name == "matrix_transpose":
        return transposed(x, (*range(rank - 2), rank - 1, rank - 2))
    if name == "permute_dims":
        return transposed(x, _axes(operation.attributes["axes"], rank))
    return reshaped(x, shape)


def _reduction(operation: Operation, operands: Sequence[Value]) -> Value:
    (x,), name = operands, operation.op.full_name
    axes = _axes(operation.attributes["axis"], len(x.shape))
    found = reduced("sum" if name == "mean" else name, x, axes, operation.attributes["keepdims"])
    if name != "mean":
        return found
    result, dtype = operation.output.type, x.node.dtype
    count = (operation.inputs[0].type.size or 0) // (result.size or 1)
    return mapped("{0} / {1}", dtype, result.static_shape, found, number(float(count), dtype))


def _softmax(operation: Operation, operands: Sequence[Value]) -> Value:
    (x,) = operands
    axes, t, shape = _axes(operation.attributes["axis"], len(x.shape)), SHORT[x.node.dtype], x.shape
    shifted = mapped("{0} - {1}", x.node.dtype, shape, x, reduced("max", x, axes, True))
    exponentials = mapped(f"exp_{t}({{0}})", x.node.dtype, shape, shifted)
    total = reduced("sum", exponentials, axes, True)
    if operation.op.full_name == "nn.softmax":
        return mapped("{0} / {1}", x.node.dtype, shape, exponentials, total)
    logarithm = mapped(f"log_{t}({{0}})", x.node.dtype, total.shape, total)
    return mapped("{0} - {1}", x.node.dtype, shape, shifted, logarithm)


def _matmul(operation: Operation, operands: Sequence[Value]) -> Value:
    return product(*operands)


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes, counted from 0; all where none is named."""
    if axis is None:
        return tuple(range(rank))
    return tuple([each % rank for each in (axis if isinstance(axis, tuple) else (axis,))])


_KINDS: dict[str, Callable[[Operation, Sequence[Value]], Value]] = {
    **dict.fromkeys(_MAPS, _map),
    "astype": _astype,
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(_SOFTMAXES, _softmax),
    "matmul": _matmul,
}
