"""Where each public name of polyflow lives: read by type checkers, and by ``polyflow/__init__.py`` when it is asked."""

from polyflow import dataflow as dataflow
from polyflow import errors as errors
from polyflow import fft as fft
from polyflow import linalg as linalg
from polyflow import nn as nn
from polyflow import random as random
from polyflow import training as train
from polyflow.autodiff.custom import custom_gradient as custom_gradient
from polyflow.autodiff.gradients import gradients as gradients
from polyflow.autodiff.registered import RegisterGradient as RegisterGradient
from polyflow.control_flow.checkpointing import checkpoint as checkpoint
from polyflow.control_flow.conditional import case as case
from polyflow.control_flow.conditional import cond as cond
from polyflow.control_flow.conditional import switch_case as switch_case
from polyflow.control_flow.scanning import foldl as foldl
from polyflow.control_flow.scanning import foldr as foldr
from polyflow.control_flow.scanning import map_fn as map_fn
from polyflow.control_flow.scanning import scan as scan
from polyflow.control_flow.tensor_array import TensorArray as TensorArray
from polyflow.control_flow.while_loops import fori_loop as fori_loop
from polyflow.control_flow.while_loops import while_loop as while_loop
from polyflow.core.constants import e as e
from polyflow.core.constants import inf as inf
from polyflow.core.constants import nan as nan
from polyflow.core.constants import newaxis as newaxis
from polyflow.core.constants import pi as pi
from polyflow.core.declaration import Trait as Trait
from polyflow.core.declaration import define_op as define_op
from polyflow.core.dtypes import DType as DType
from polyflow.core.dtypes import bfloat16 as bfloat16
from polyflow.core.dtypes import bool_ as bool
from polyflow.core.dtypes import complex64 as complex64
from polyflow.core.dtypes import complex128 as complex128
from polyflow.core.dtypes import float16 as float16
from polyflow.core.dtypes import float32 as float32
from polyflow.core.dtypes import float64 as float64
from polyflow.core.dtypes import int8 as int8
from polyflow.core.dtypes import int16 as int16
from polyflow.core.dtypes import int32 as int32
from polyflow.core.dtypes import int64 as int64
from polyflow.core.dtypes import uint8 as uint8
from polyflow.core.dtypes import uint16 as uint16
from polyflow.core.dtypes import uint32 as uint32
from polyflow.core.dtypes import uint64 as uint64
from polyflow.core.graph import Graph as Graph
from polyflow.core.graph import control_dependencies as control_dependencies
from polyflow.core.graph import device as device
from polyflow.core.graph import get_default_graph as get_default_graph
from polyflow.core.graph import name_scope as name_scope
from polyflow.core.graph import reset_default_graph as reset_default_graph
from polyflow.core.primitives import astype as astype
from polyflow.core.samples import ErrorSample as ErrorSample
from polyflow.core.samples import Sample as Sample
from polyflow.core.tensor import Operation as Operation
from polyflow.core.tensor import Tensor as Tensor
from polyflow.errors import PolyflowError as PolyflowError
from polyflow.extension import hookimpl as hookimpl
from polyflow.nn.norms import clip_by_global_norm as clip_by_global_norm
from polyflow.nn.norms import clip_by_norm as clip_by_norm
from polyflow.nn.norms import clip_by_value as clip_by_value
from polyflow.nn.norms import global_norm as global_norm
from polyflow.nn.norms import norm as norm
from polyflow.ops.arithmetic import add as add
from polyflow.ops.arithmetic import divide as divide
from polyflow.ops.arithmetic import floor_divide as floor_divide
from polyflow.ops.arithmetic import multiply as multiply
from polyflow.ops.arithmetic import negative as negative
from polyflow.ops.arithmetic import positive as positive
from polyflow.ops.arithmetic import pow as pow
from polyflow.ops.arithmetic import reciprocal as reciprocal
from polyflow.ops.arithmetic import remainder as remainder
from polyflow.ops.arithmetic import sqrt as sqrt
from polyflow.ops.arithmetic import square as square
from polyflow.ops.arithmetic import subtract as subtract
from polyflow.ops.asserting import Assert as Assert
from polyflow.ops.asserting import assert_equal as assert_equal
from polyflow.ops.asserting import assert_greater as assert_greater
from polyflow.ops.asserting import assert_greater_equal as assert_greater_equal
from polyflow.ops.asserting import assert_less as assert_less
from polyflow.ops.asserting import assert_less_equal as assert_less_equal
from polyflow.ops.asserting import assert_non_negative as assert_non_negative
from polyflow.ops.asserting import assert_none_equal as assert_none_equal
from polyflow.ops.asserting import assert_positive as assert_positive
from polyflow.ops.bands import diag as diag
from polyflow.ops.bands import diag_part as diag_part
from polyflow.ops.bands import matrix_band_part as matrix_band_part
from polyflow.ops.bands import matrix_diag as matrix_diag
from polyflow.ops.bands import matrix_diag_part as matrix_diag_part
from polyflow.ops.bands import sequence_mask as sequence_mask
from polyflow.ops.bitwise import bitwise_and as bitwise_and
from polyflow.ops.bitwise import bitwise_invert as bitwise_invert
from polyflow.ops.bitwise import bitwise_left_shift as bitwise_left_shift
from polyflow.ops.bitwise import bitwise_or as bitwise_or
from polyflow.ops.bitwise import bitwise_right_shift as bitwise_right_shift
from polyflow.ops.bitwise import bitwise_xor as bitwise_xor
from polyflow.ops.comparison import equal as equal
from polyflow.ops.comparison import greater as greater
from polyflow.ops.comparison import greater_equal as greater_equal
from polyflow.ops.comparison import isfinite as isfinite
from polyflow.ops.comparison import isinf as isinf
from polyflow.ops.comparison import isnan as isnan
from polyflow.ops.comparison import less as less
from polyflow.ops.comparison import less_equal as less_equal
from polyflow.ops.comparison import not_equal as not_equal
from polyflow.ops.complex_numbers import conj as conj
from polyflow.ops.complex_numbers import imag as imag
from polyflow.ops.complex_numbers import real as real
from polyflow.ops.counters import count_up_to as count_up_to
from polyflow.ops.counting import all as all
from polyflow.ops.counting import any as any
from polyflow.ops.counting import count_nonzero as count_nonzero
from polyflow.ops.creation import empty as empty
from polyflow.ops.creation import empty_like as empty_like
from polyflow.ops.creation import eye as eye
from polyflow.ops.creation import full as full
from polyflow.ops.creation import full_like as full_like
from polyflow.ops.creation import ones as ones
from polyflow.ops.creation import ones_like as ones_like
from polyflow.ops.creation import zeros as zeros
from polyflow.ops.creation import zeros_like as zeros_like
from polyflow.ops.cumulative import cumulative_prod as cumulative_prod
from polyflow.ops.cumulative import cumulative_sum as cumulative_sum
from polyflow.ops.cumulative import diff as diff
from polyflow.ops.data_types import broadcast_shapes as broadcast_shapes
from polyflow.ops.data_types import can_cast as can_cast
from polyflow.ops.data_types import finfo as finfo
from polyflow.ops.data_types import iinfo as iinfo
from polyflow.ops.data_types import isdtype as isdtype
from polyflow.ops.data_types import result_type as result_type
from polyflow.ops.dimensions import rank as rank
from polyflow.ops.dimensions import shape as shape
from polyflow.ops.dimensions import size as size
from polyflow.ops.einstein import einsum as einsum
from polyflow.ops.error_function import erf as erf
from polyflow.ops.error_function import erfc as erfc
from polyflow.ops.error_inverse import erfinv as erfinv
from polyflow.ops.exponential import exp as exp
from polyflow.ops.exponential import expm1 as expm1
from polyflow.ops.exponential import log as log
from polyflow.ops.exponential import log1p as log1p
from polyflow.ops.exponential import log2 as log2
from polyflow.ops.exponential import log10 as log10
from polyflow.ops.exponential import logaddexp as logaddexp
from polyflow.ops.gathering import gather as gather
from polyflow.ops.gathering import gather_nd as gather_nd
from polyflow.ops.gathering import invert_permutation as invert_permutation
from polyflow.ops.grids import arange as arange
from polyflow.ops.grids import linspace as linspace
from polyflow.ops.grids import meshgrid as meshgrid
from polyflow.ops.host_functions import py_func as py_func
from polyflow.ops.hyperbolic import acosh as acosh
from polyflow.ops.hyperbolic import asinh as asinh
from polyflow.ops.hyperbolic import atanh as atanh
from polyflow.ops.hyperbolic import cosh as cosh
from polyflow.ops.hyperbolic import sinh as sinh
from polyflow.ops.hyperbolic import tanh as tanh
from polyflow.ops.index_assignment import index_set as index_set
from polyflow.ops.indexing import getitem as getitem
from polyflow.ops.indexing import index_add as index_add
from polyflow.ops.indexing import take as take
from polyflow.ops.indexing import take_along_axis as take_along_axis
from polyflow.ops.joining import concat as concat
from polyflow.ops.joining import parts_like as parts_like
from polyflow.ops.joining import stack as stack
from polyflow.ops.joining import unstack as unstack
from polyflow.ops.linear import matmul as matmul
from polyflow.ops.linear import tensordot as tensordot
from polyflow.ops.linear import vecdot as vecdot
from polyflow.ops.logical import logical_and as logical_and
from polyflow.ops.logical import logical_not as logical_not
from polyflow.ops.logical import logical_or as logical_or
from polyflow.ops.logical import logical_xor as logical_xor
from polyflow.ops.magnitudes import abs as abs
from polyflow.ops.magnitudes import clip as clip
from polyflow.ops.magnitudes import copysign as copysign
from polyflow.ops.magnitudes import hypot as hypot
from polyflow.ops.magnitudes import maximum as maximum
from polyflow.ops.magnitudes import minimum as minimum
from polyflow.ops.magnitudes import nextafter as nextafter
from polyflow.ops.magnitudes import sign as sign
from polyflow.ops.magnitudes import signbit as signbit
from polyflow.ops.manipulation import broadcast_arrays as broadcast_arrays
from polyflow.ops.manipulation import broadcast_to as broadcast_to
from polyflow.ops.manipulation import expand_dims as expand_dims
from polyflow.ops.manipulation import matrix_transpose as matrix_transpose
from polyflow.ops.manipulation import moveaxis as moveaxis
from polyflow.ops.manipulation import permute_dims as permute_dims
from polyflow.ops.manipulation import reshape as reshape
from polyflow.ops.manipulation import squeeze as squeeze
from polyflow.ops.ordering import group as group
from polyflow.ops.ordering import identity as identity
from polyflow.ops.ordering import no_op as no_op
from polyflow.ops.ordering import stop_gradient as stop_gradient
from polyflow.ops.ordering import tuple_ as tuple
from polyflow.ops.padding import pad as pad
from polyflow.ops.patches import extract_image_patches as extract_image_patches
from polyflow.ops.patches import extract_patches as extract_patches
from polyflow.ops.printing import Print as Print
from polyflow.ops.printing import print_ as print
from polyflow.ops.queue_kinds import FIFOQueue as FIFOQueue
from polyflow.ops.queue_kinds import PaddingFIFOQueue as PaddingFIFOQueue
from polyflow.ops.queue_kinds import PriorityQueue as PriorityQueue
from polyflow.ops.queue_kinds import QueueBase as QueueBase
from polyflow.ops.queue_kinds import RandomShuffleQueue as RandomShuffleQueue
from polyflow.ops.random_streams import set_random_seed as set_random_seed
from polyflow.ops.ranking import top_k as top_k
from polyflow.ops.rearranging import flip as flip
from polyflow.ops.rearranging import repeat as repeat
from polyflow.ops.rearranging import roll as roll
from polyflow.ops.rearranging import tile as tile
from polyflow.ops.reductions import max as max
from polyflow.ops.reductions import mean as mean
from polyflow.ops.reductions import min as min
from polyflow.ops.reductions import prod as prod
from polyflow.ops.reductions import std as std
from polyflow.ops.reductions import sum as sum
from polyflow.ops.reductions import var as var
from polyflow.ops.rounding import ceil as ceil
from polyflow.ops.rounding import floor as floor
from polyflow.ops.rounding import round as round
from polyflow.ops.rounding import trunc as trunc
from polyflow.ops.running import cumprod as cumprod
from polyflow.ops.running import cumsum as cumsum
from polyflow.ops.scattering import scatter_nd as scatter_nd
from polyflow.ops.scattering import tensor_scatter_nd_add as tensor_scatter_nd_add
from polyflow.ops.scattering import tensor_scatter_nd_max as tensor_scatter_nd_max
from polyflow.ops.scattering import tensor_scatter_nd_min as tensor_scatter_nd_min
from polyflow.ops.scattering import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from polyflow.ops.scattering import tensor_scatter_nd_update as tensor_scatter_nd_update
from polyflow.ops.searching import argmax as argmax
from polyflow.ops.searching import argmin as argmin
from polyflow.ops.searching import nonzero as nonzero
from polyflow.ops.searching import searchsorted as searchsorted
from polyflow.ops.searching import where as where
from polyflow.ops.segments import segment_max as segment_max
from polyflow.ops.segments import segment_mean as segment_mean
from polyflow.ops.segments import segment_min as segment_min
from polyflow.ops.segments import segment_prod as segment_prod
from polyflow.ops.segments import segment_sum as segment_sum
from polyflow.ops.segments import unsorted_segment_max as unsorted_segment_max
from polyflow.ops.segments import unsorted_segment_mean as unsorted_segment_mean
from polyflow.ops.segments import unsorted_segment_min as unsorted_segment_min
from polyflow.ops.segments import unsorted_segment_prod as unsorted_segment_prod
from polyflow.ops.segments import unsorted_segment_sqrt_n as unsorted_segment_sqrt_n
from polyflow.ops.segments import unsorted_segment_sum as unsorted_segment_sum
from polyflow.ops.sets import isin as isin
from polyflow.ops.sets import unique_all as unique_all
from polyflow.ops.sets import unique_counts as unique_counts
from polyflow.ops.sets import unique_inverse as unique_inverse
from polyflow.ops.sets import unique_values as unique_values
from polyflow.ops.shaped import fill as fill
from polyflow.ops.shaped import placeholder_with_default as placeholder_with_default
from polyflow.ops.slicing import boolean_mask as boolean_mask
from polyflow.ops.slicing import dynamic_slice as dynamic_slice
from polyflow.ops.slicing import reverse as reverse
from polyflow.ops.slicing import slice as slice
from polyflow.ops.slicing import split as split
from polyflow.ops.slicing import strided_slice as strided_slice
from polyflow.ops.sorting import argsort as argsort
from polyflow.ops.sorting import sort as sort
from polyflow.ops.sources import asarray as asarray
from polyflow.ops.sources import constant as constant
from polyflow.ops.sources import placeholder as placeholder
from polyflow.ops.state import Variable as Variable
from polyflow.ops.state import global_variables as global_variables
from polyflow.ops.state import trainable_variables as trainable_variables
from polyflow.ops.triangles import tril as tril
from polyflow.ops.triangles import triu as triu
from polyflow.ops.trigonometric import acos as acos
from polyflow.ops.trigonometric import asin as asin
from polyflow.ops.trigonometric import atan as atan
from polyflow.ops.trigonometric import atan2 as atan2
from polyflow.ops.trigonometric import cos as cos
from polyflow.ops.trigonometric import sin as sin
from polyflow.ops.trigonometric import tan as tan
from polyflow.ops.variable_updates import scatter_add as scatter_add
from polyflow.ops.variable_updates import scatter_nd_add as scatter_nd_add
from polyflow.ops.variable_updates import scatter_nd_sub as scatter_nd_sub
from polyflow.ops.variable_updates import scatter_nd_update as scatter_nd_update
from polyflow.ops.variable_updates import scatter_sub as scatter_sub
from polyflow.ops.variable_updates import scatter_update as scatter_update
from polyflow.runtime.options import RunOptions as RunOptions
from polyflow.session.eager import eager as eager
from polyflow.session.eager_array import EagerArray as EagerArray
from polyflow.session.function import function as function
from polyflow.session.inspection import NamespaceInfo
from polyflow.session.jacobians import hessian as hessian
from polyflow.session.jacobians import jacobian as jacobian
from polyflow.session.session import Session as Session
from polyflow.session.session import get_default_session as get_default_session
from polyflow.session.transforms import grad as grad
from polyflow.session.transforms import hvp as hvp
from polyflow.session.transforms import jvp as jvp
from polyflow.session.transforms import value_and_grad as value_and_grad
from polyflow.session.transforms import vjp as vjp
from polyflow.session.vmap import vmap as vmap

__version__: str
__array_api_version__: str

def __array_namespace_info__() -> NamespaceInfo: ...

__all__ = [
    "Assert",
    "DType",
    "EagerArray",
    "ErrorSample",
    "FIFOQueue",
    "Graph",
    "Operation",
    "PaddingFIFOQueue",
    "PolyflowError",
    "Print",
    "PriorityQueue",
    "QueueBase",
    "RandomShuffleQueue",
    "RegisterGradient",
    "RunOptions",
    "Sample",
    "Session",
    "Tensor",
    "TensorArray",
    "Trait",
    "Variable",
    "abs",
    "acos",
    "acosh",
    "add",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "asarray",
    "asin",
    "asinh",
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_less",
    "assert_less_equal",
    "assert_non_negative",
    "assert_none_equal",
    "assert_positive",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "bfloat16",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "bool",
    "boolean_mask",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "can_cast",
    "case",
    "ceil",
    "checkpoint",
    "clip",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "complex128",
    "complex64",
    "concat",
    "cond",
    "conj",
    "constant",
    "control_dependencies",
    "copysign",
    "cos",
    "cosh",
    "count_nonzero",
    "count_up_to",
    "cumprod",
    "cumsum",
    "cumulative_prod",
    "cumulative_sum",
    "custom_gradient",
    "define_op",
    "device",
    "diag",
    "diag_part",
    "diff",
    "divide",
    "dynamic_slice",
    "e",
    "eager",
    "einsum",
    "empty",
    "empty_like",
    "equal",
    "erf",
    "erfc",
    "erfinv",
    "errors",
    "exp",
    "expand_dims",
    "expm1",
    "extract_image_patches",
    "extract_patches",
    "eye",
    "fft",
    "fill",
    "finfo",
    "flip",
    "float16",
    "float32",
    "float64",
    "floor",
    "floor_divide",
    "foldl",
    "foldr",
    "fori_loop",
    "full",
    "full_like",
    "function",
    "gather",
    "gather_nd",
    "get_default_graph",
    "get_default_session",
    "getitem",
    "global_norm",
    "global_variables",
    "grad",
    "gradients",
    "greater",
    "greater_equal",
    "group",
    "hessian",
    "hookimpl",
    "hvp",
    "hypot",
    "identity",
    "iinfo",
    "imag",
    "index_add",
    "index_set",
    "inf",
    "int16",
    "int32",
    "int64",
    "int8",
    "invert_permutation",
    "isdtype",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "jacobian",
    "jvp",
    "less",
    "less_equal",
    "linalg",
    "dataflow",
    "linspace",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "map_fn",
    "matmul",
    "matrix_band_part",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "meshgrid",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "name_scope",
    "nan",
    "negative",
    "newaxis",
    "nextafter",
    "nn",
    "no_op",
    "nonzero",
    "norm",
    "not_equal",
    "ones",
    "ones_like",
    "pad",
    "parts_like",
    "permute_dims",
    "pi",
    "placeholder",
    "placeholder_with_default",
    "positive",
    "pow",
    "print",
    "prod",
    "py_func",
    "random",
    "rank",
    "real",
    "reciprocal",
    "remainder",
    "repeat",
    "reset_default_graph",
    "reshape",
    "result_type",
    "reverse",
    "roll",
    "round",
    "scan",
    "scatter_add",
    "scatter_nd",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "scatter_sub",
    "scatter_update",
    "searchsorted",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "sequence_mask",
    "set_random_seed",
    "shape",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "size",
    "slice",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "stop_gradient",
    "strided_slice",
    "subtract",
    "sum",
    "switch_case",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensor_scatter_nd_add",
    "tensor_scatter_nd_max",
    "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub",
    "tensor_scatter_nd_update",
    "tensordot",
    "tile",
    "top_k",
    "train",
    "trainable_variables",
    "tril",
    "triu",
    "trunc",
    "tuple",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "unsorted_segment_max",
    "unsorted_segment_mean",
    "unsorted_segment_min",
    "unsorted_segment_prod",
    "unsorted_segment_sqrt_n",
    "unsorted_segment_sum",
    "unstack",
    "value_and_grad",
    "var",
    "vecdot",
    "vjp",
    "vmap",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]
