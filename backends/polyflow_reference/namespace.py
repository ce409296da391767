"""The array API namespace of the reference backend, revision 2025.12: every function, dtype and constant of it.

This module only gathers; each family of functions stands in a module of its own.

>>> asarray([1, 2]) + 1
Array([2, 3], int64)
"""

from __future__ import annotations

import math

from polyflow.core.dtypes import (
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from polyflow_reference import fft, linalg
from polyflow_reference.arithmetic import (
    abs,
    add,
    clip,
    conj,
    divide,
    floor_divide,
    imag,
    maximum,
    minimum,
    multiply,
    negative,
    positive,
    pow,
    real,
    reciprocal,
    remainder,
    sign,
    square,
    subtract,
)
from polyflow_reference.array import API_VERSION
from polyflow_reference.bits import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
)
from polyflow_reference.comparisons import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
)
from polyflow_reference.creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    meshgrid,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from polyflow_reference.cumulative import cumulative_prod, cumulative_sum, diff
from polyflow_reference.data_types import astype, can_cast, finfo, iinfo, isdtype, result_type
from polyflow_reference.exponentials import exp, expm1, log, log1p, log2, log10, logaddexp, sqrt
from polyflow_reference.floating import copysign, hypot, isfinite, isinf, isnan, nextafter, signbit
from polyflow_reference.indexing import take, take_along_axis
from polyflow_reference.inspection import __array_namespace_info__
from polyflow_reference.joining import concat, repeat, stack, tile, unstack
from polyflow_reference.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from polyflow_reference.manipulation import (
    broadcast_arrays,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    permute_dims,
    reshape,
    roll,
    squeeze,
)
from polyflow_reference.reductions import all, any, max, mean, min, prod, std, sum, var
from polyflow_reference.roundings import ceil, floor, round, trunc
from polyflow_reference.searching import argmax, argmin, count_nonzero, nonzero, searchsorted, where
from polyflow_reference.sets import isin, unique_all, unique_counts, unique_inverse, unique_values
from polyflow_reference.shapes import broadcast_shapes
from polyflow_reference.sorting import argsort, sort
from polyflow_reference.trigonometry import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    sin,
    sinh,
    tan,
    tanh,
)

bool = bool_

e = math.e
inf = math.inf
nan = math.nan
newaxis = None
pi = math.pi

__array_api_version__ = API_VERSION

__all__ = [
    "__array_api_version__", "__array_namespace_info__", "abs", "acos", "acosh", "add", "all", "any", "arange",
    "argmax", "argmin", "argsort", "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh", "bfloat16",
    "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "bool", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "can_cast", "ceil", "clip", "complex128",
    "complex64", "concat", "conj", "copysign", "cos", "cosh", "count_nonzero", "cumulative_prod", "cumulative_sum",
    "diff", "divide", "e", "empty", "empty_like", "equal", "exp", "expand_dims", "expm1", "eye", "fft", "finfo",
    "flip", "float16", "float32", "float64", "floor", "floor_divide", "from_dlpack", "full", "full_like", "greater",
    "greater_equal", "hypot", "iinfo", "imag", "inf", "int16", "int32", "int64", "int8", "isdtype", "isfinite",
    "isin", "isinf", "isnan", "less", "less_equal", "linalg", "linspace", "log", "log10", "log1p", "log2",
    "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "matmul", "matrix_transpose", "max",
    "maximum", "mean", "meshgrid", "min", "minimum", "moveaxis", "multiply", "nan", "negative", "newaxis",
    "nextafter", "nonzero", "not_equal", "ones", "ones_like", "permute_dims", "pi", "positive", "pow", "prod",
    "real", "reciprocal", "remainder", "repeat", "reshape", "result_type", "roll", "round", "searchsorted", "sign",
    "signbit", "sin", "sinh", "sort", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "take",
    "take_along_axis", "tan", "tanh", "tensordot", "tile", "tril", "triu", "trunc", "uint16", "uint32", "uint64",
    "uint8", "unique_all", "unique_counts", "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where",
    "zeros", "zeros_like",
]  # fmt: skip
