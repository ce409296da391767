"""polyflow: write an array program once, choose the engine when the session opens, get the same answer everywhere.

The names are those of the Python array API standard, then those of TensorFlow 1. This module only gathers them.

>>> import polyflow as pf
>>> x = pf.placeholder("float32", (None, 2), name="x")
>>> y = pf.sum(x * x, axis=1)
>>> pf.Session("numpy").run(y, {x: [[3.0, 4.0]]}).tolist()
[25.0]
"""

import sys as _sys

from polyflow import nn
from polyflow import training as train
from polyflow.autodiff.custom import custom_gradient
from polyflow.autodiff.gradients import gradients
from polyflow.autodiff.registered import RegisterGradient
from polyflow.compat.numpy_protocol import bind_numpy_protocol
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import (
    DType,
    bfloat16,
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
from polyflow.core.dtypes import bool_ as bool
from polyflow.core.graph import Graph, get_default_graph, on_default_graph, reset_default_graph
from polyflow.core.operators import bind_operators
from polyflow.core.primitives import astype
from polyflow.core.samples import ErrorSample, Sample
from polyflow.core.tensor import Operation, Tensor
from polyflow.errors import PolyflowError
from polyflow.extension import hookimpl
from polyflow.ops.arithmetic import (
    add,
    divide,
    floor_divide,
    multiply,
    negative,
    positive,
    pow,
    reciprocal,
    remainder,
    sqrt,
    square,
    subtract,
)
from polyflow.ops.bitwise import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
)
from polyflow.ops.comparison import equal, greater, greater_equal, isfinite, isinf, isnan, less, less_equal, not_equal
from polyflow.ops.complex_numbers import conj, imag, real
from polyflow.ops.counting import all, any, count_nonzero
from polyflow.ops.creation import empty, empty_like, eye, full, full_like, ones, ones_like, zeros, zeros_like
from polyflow.ops.cumulative import cumulative_prod, cumulative_sum, diff
from polyflow.ops.data_types import can_cast, finfo, iinfo, isdtype, result_type
from polyflow.ops.error_function import erf, erfc
from polyflow.ops.exponential import exp, expm1, log, log1p, log2, log10, logaddexp
from polyflow.ops.grids import arange, linspace, meshgrid
from polyflow.ops.hyperbolic import acosh, asinh, atanh, cosh, sinh, tanh
from polyflow.ops.indexing import getitem, index_add, take, take_along_axis, tensor_getitem
from polyflow.ops.joining import concat, stack, unstack
from polyflow.ops.linear import matmul, tensordot, vecdot
from polyflow.ops.logical import logical_and, logical_not, logical_or, logical_xor
from polyflow.ops.magnitudes import abs, clip, copysign, hypot, maximum, minimum, nextafter, sign, signbit
from polyflow.ops.manipulation import (
    broadcast_arrays,
    broadcast_to,
    expand_dims,
    matrix_transpose,
    moveaxis,
    permute_dims,
    reshape,
    squeeze,
)
from polyflow.ops.ordering import group, identity, no_op, stop_gradient
from polyflow.ops.ordering import tuple_ as tuple
from polyflow.ops.padding import pad
from polyflow.ops.rearranging import flip, repeat, roll, tile
from polyflow.ops.reductions import max, mean, min, prod, std, sum, var
from polyflow.ops.rounding import ceil, floor, round, trunc
from polyflow.ops.searching import argmax, argmin, nonzero, searchsorted, where
from polyflow.ops.sets import isin, unique_all, unique_counts, unique_inverse, unique_values
from polyflow.ops.sorting import argsort, sort
from polyflow.ops.sources import asarray, constant, placeholder
from polyflow.ops.state import Variable, global_variables, trainable_variables
from polyflow.ops.triangles import tril, triu
from polyflow.ops.trigonometric import acos, asin, atan, atan2, cos, sin, tan
from polyflow.session.session import Session, get_default_session

__version__ = "0.1.0.dev0"
e = 2.718281828459045
inf = float("inf")
nan = float("nan")
newaxis = None
pi = 3.141592653589793

name_scope = on_default_graph(Graph.name_scope)
control_dependencies = on_default_graph(Graph.control_dependencies)
device = on_default_graph(Graph.device)

for _array_class in (Tensor, Variable):
    bind_operators(_array_class, _sys.modules[__name__])
    bind_numpy_protocol(_array_class, _sys.modules[__name__])
Tensor.__getitem__ = tensor_getitem  # type: ignore[method-assign]

__all__ = [
    "nn",
    "train",
    "custom_gradient",
    "gradients",
    "RegisterGradient",
    "Trait",
    "define_op",
    "DType",
    "bfloat16",
    "complex64",
    "complex128",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "Graph",
    "get_default_graph",
    "reset_default_graph",
    "astype",
    "ErrorSample",
    "Sample",
    "Operation",
    "Tensor",
    "PolyflowError",
    "hookimpl",
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "pow",
    "negative",
    "positive",
    "square",
    "sqrt",
    "reciprocal",
    "abs",
    "sign",
    "signbit",
    "copysign",
    "nextafter",
    "maximum",
    "minimum",
    "clip",
    "hypot",
    "ceil",
    "floor",
    "trunc",
    "round",
    "exp",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "real",
    "imag",
    "conj",
    "erf",
    "erfc",
    "zeros",
    "ones",
    "empty",
    "full",
    "zeros_like",
    "ones_like",
    "empty_like",
    "full_like",
    "eye",
    "arange",
    "linspace",
    "meshgrid",
    "tril",
    "triu",
    "sum",
    "prod",
    "max",
    "min",
    "mean",
    "var",
    "std",
    "cumulative_sum",
    "cumulative_prod",
    "diff",
    "all",
    "any",
    "count_nonzero",
    "reshape",
    "expand_dims",
    "squeeze",
    "permute_dims",
    "moveaxis",
    "matrix_transpose",
    "broadcast_to",
    "broadcast_arrays",
    "flip",
    "roll",
    "tile",
    "repeat",
    "concat",
    "stack",
    "unstack",
    "matmul",
    "tensordot",
    "vecdot",
    "where",
    "argmax",
    "argmin",
    "nonzero",
    "searchsorted",
    "getitem",
    "index_add",
    "take",
    "take_along_axis",
    "sort",
    "argsort",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "isin",
    "pad",
    "identity",
    "stop_gradient",
    "can_cast",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
    "group",
    "no_op",
    "tuple",
    "asarray",
    "constant",
    "placeholder",
    "Variable",
    "global_variables",
    "trainable_variables",
    "Session",
    "get_default_session",
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
    "name_scope",
    "control_dependencies",
    "device",
    "__version__",
]
