"""What a generic kernel needs of the namespace: a backend that lacks it has no kernel for the op, and says so early.

Nearly always the namespace has every name that stands in the kernel; where it lacks one,
:mod:`polyflow.extension.kernel_ways` looks whether the kernel can do without.
"""

from __future__ import annotations

from functools import cache
from types import CodeType, FunctionType
from typing import Any

from polyflow.core.operators import later

needs = later("polyflow.extension.kernel_ways", "needs")  # of kernels that a backend lacks, of which there are few
Path = str
"""Of a name in the namespace, as ``"maximum"`` or ``"linalg.qr"``."""

MAIN = frozenset({
    "abs", "acos", "acosh", "add", "all", "any", "arange", "argmax", "argmin", "argsort", "asarray", "asin", "asinh",
    "astype", "atan", "atan2", "atanh", "bfloat16", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "bool", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "can_cast",
    "ceil", "clip", "complex128", "complex64", "concat", "conj", "copysign", "cos", "cosh", "count_nonzero",
    "cumulative_prod", "cumulative_sum", "diff", "divide", "empty", "empty_like", "equal", "exp", "expand_dims",
    "expm1", "eye", "finfo", "flip", "float16", "float32", "float64", "floor", "floor_divide", "from_dlpack", "full",
    "full_like", "greater", "greater_equal", "hypot", "iinfo", "imag", "int16", "int32", "int64", "int8", "isdtype",
    "isfinite", "isin", "isinf", "isnan", "less", "less_equal", "linspace", "log", "log10", "log1p", "log2",
    "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "matmul", "matrix_transpose", "max",
    "maximum", "mean", "meshgrid", "min", "minimum", "moveaxis", "multiply", "negative", "nextafter", "nonzero",
    "not_equal", "ones", "ones_like", "permute_dims", "positive", "pow", "prod", "real", "reciprocal", "remainder",
    "repeat", "reshape", "result_type", "roll", "round", "searchsorted", "sign", "signbit", "sin", "sinh", "sort",
    "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "take", "take_along_axis", "tan", "tanh",
    "tensordot", "tile", "tril", "triu", "trunc", "uint16", "uint32", "uint64", "uint8", "unique_all", "unique_counts",
    "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where", "zeros", "zeros_like",
})  # fmt: skip
PARTS = {
    "linalg": frozenset({
        "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm",
        "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals",
        "tensordot", "trace", "vecdot", "vector_norm",
    }),
    "fft": frozenset({
        "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
        "rfftfreq", "rfftn",
    }),
}  # fmt: skip
"""The names of the standard, and those of its extensions."""

_names: dict[int, tuple[object, frozenset[str]]] = {}
"""By the number of a namespace, itself, which keeps the number its own, and what it lists."""


def lacking(rule: Any, namespace: Any) -> list[Path]:
    """The names of the standard that the kernel ``rule`` cannot do without and ``namespace`` has not.

    >>> import math
    >>> def kernel(xp, x):
    ...     return xp.maximum(xp.sin(x), 0)
    >>> lacking(kernel, math)
    ['maximum']
    """
    if all(_has(namespace, path) for path in _mentioned(rule)):  # nearly always, and then nobody looks closer
        return []
    return [path for path in needs(rule) if not _has(namespace, path)]


def _has(namespace: Any, path: Path) -> bool:
    """Whether the name is there; what a namespace lists is not loaded to find out."""
    part, dot, name = path.partition(".")
    if dot:
        return hasattr(getattr(namespace, part, None), name)
    found = _names.get(id(namespace))
    if found is None:
        found = _names[id(namespace)] = namespace, frozenset(dir(namespace))
    return path in found[1] or hasattr(namespace, path)


@cache
def _mentioned(rule: Any) -> tuple[Path, ...]:
    """Every name of the standard in the code of the kernel and its helpers: found quickly, and some are not needed."""
    found: dict[Path, None] = {}
    for function in with_helpers(rule):
        names = function.__code__.co_names
        found.update((each, None) for each in names if each in MAIN)
        for part, inside in PARTS.items():
            if part in names:
                found.update((f"{part}.{each}", None) for each in names if each in inside)
    return tuple(found)


def with_helpers(rule: Any) -> list[FunctionType]:
    """The kernel, and the functions that it hands the namespace to; none where it is no plain function."""
    found: list[FunctionType] = [rule] if isinstance(rule, FunctionType) and rule.__code__.co_argcount else []
    for each in found:
        found += [helper for helper in helpers_of(each, namespace_of(rule)).values() if helper not in found]
    return found


def namespace_of(rule: FunctionType) -> str:
    """What the kernel calls its first parameter."""
    return rule.__code__.co_varnames[0]


def helpers_of(function: FunctionType, namespace: str) -> dict[str, FunctionType]:
    """By name, the functions among the globals of ``function`` with a parameter of the namespace's name."""
    named = ((name, function.__globals__.get(name)) for name in function.__code__.co_names)
    functions = {name: each for name, each in named if isinstance(each, FunctionType)}
    return {name: each for name, each in functions.items() if namespace in parameters_of(each.__code__)}


def parameters_of(code: CodeType) -> tuple[str, ...]:
    """The names of the parameters."""
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
