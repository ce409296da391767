"""TensorFlow 1's vocabulary: graph programs written for it run here, on every backend.

>>> import polyflow.compat.v1 as tf
>>> x = tf.placeholder(tf.float32, [None, 2], name="x")
>>> w = tf.Variable(tf.ones([2, 1]), name="w")
>>> loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
>>> train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
>>> with tf.Session() as session:
...     session.run(tf.global_variables_initializer())
...     session.run([loss, train], {x: [[1.0, 0.0]]})[0].tolist()
1.0

Words only: each stands for something that polyflow has, with TensorFlow's order of arguments, or is made of such.
What differs is polyflow's: dtypes meet instead of being refused, variables need no initialiser call,
``Session`` takes the name of a backend as its target. docs/tensorflow-1.md has all words, and all that differs.
"""

from polyflow import errors
from polyflow.autodiff.custom import custom_gradient
from polyflow.autodiff.registered import RegisterGradient
from polyflow.compat.v1 import initializers, linalg, losses, train
from polyflow.compat.v1 import neural as nn
from polyflow.compat.v1.arrays import (
    argmax,
    argmin,
    argsort,
    cast,
    concat,
    expand_dims,
    extract_image_patches,
    eye,
    gather,
    gather_nd,
    linspace,
    one_hot,
    ones_like,
    pad,
    rank,
    repeat,
    reverse,
    roll,
    scatter_nd,
    searchsorted,
    sequence_mask,
    shape,
    size,
    slice,
    sort,
    split,
    squeeze,
    stack,
    to_double,
    to_float,
    to_int32,
    to_int64,
    transpose,
    unique,
    unstack,
    zeros_like,
)
from polyflow.compat.v1.configuration import ConfigProto, GPUOptions
from polyflow.compat.v1.elementwise import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    ceil,
    conj,
    cos,
    cosh,
    equal,
    erf,
    erfc,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    identity,
    imag,
    is_finite,
    is_inf,
    is_nan,
    less,
    less_equal,
    log,
    log1p,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    real,
    reciprocal,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    stop_gradient,
    subtract,
    tan,
    tanh,
)  # fmt: skip
from polyflow.compat.v1.flow import (
    TensorShape,
    assign,
    assign_add,
    assign_sub,
    cond,
    ensure_shape,
    gradients,
    is_variable_initialized,
    recompute_grad,
    while_loop,
)
from polyflow.compat.v1.initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from polyflow.compat.v1.literals import constant, convert_to_tensor, placeholder_with_default
from polyflow.compat.v1.mathematics import (
    add_n,
    clip_by_global_norm,
    clip_by_norm,
    clip_by_value,
    cumprod,
    cumsum,
    div,
    div_no_nan,
    divide,
    global_norm,
    log_sigmoid,
    matmul,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_std,
    reduce_sum,
    reduce_variance,
    round,
    rsqrt,
    squared_difference,
    tensordot,
    truediv,
)
from polyflow.compat.v1.missing import getter
from polyflow.compat.v1.scopes import AUTO_REUSE, VariableScope, get_variable, get_variable_scope, variable_scope
from polyflow.compat.v1.segments import (
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from polyflow.compat.v1.selecting import where
from polyflow.compat.v1.sessions import (
    InteractiveSession,
    RunOptions,
    Session,
    multinomial,
    random_normal,
    random_shuffle,
    random_uniform,
    truncated_normal,
)
from polyflow.compat.v1.shaped import broadcast_to, fill, ones, range, reshape, tile, zeros
from polyflow.compat.v1.variables import (
    GraphKeys,
    Variable,
    add_to_collection,
    get_collection,
    get_collection_ref,
    global_variables,
    global_variables_initializer,
    initialize_all_variables,
    local_variables,
    local_variables_initializer,
    trainable_variables,
    variables_initializer,
)
from polyflow.control_flow.conditional import case, switch_case
from polyflow.control_flow.scanning import foldl, foldr, map_fn, scan
from polyflow.control_flow.tensor_array import TensorArray
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
from polyflow.core.tensor import Operation, Tensor
from polyflow.nn.norms import norm
from polyflow.ops.asserting import (
    Assert,
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_less,
    assert_less_equal,
    assert_non_negative,
    assert_none_equal,
    assert_positive,
)
from polyflow.ops.bands import diag, diag_part, matrix_band_part, matrix_diag, matrix_diag_part
from polyflow.ops.counters import count_up_to
from polyflow.ops.counting import count_nonzero
from polyflow.ops.einstein import einsum
from polyflow.ops.gathering import invert_permutation
from polyflow.ops.grids import meshgrid
from polyflow.ops.host_functions import py_func
from polyflow.ops.manipulation import matrix_transpose
from polyflow.ops.ordering import group, no_op
from polyflow.ops.ordering import tuple_ as tuple
from polyflow.ops.printing import Print
from polyflow.ops.printing import print_ as print
from polyflow.ops.queue_kinds import FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue
from polyflow.ops.random_streams import set_random_seed
from polyflow.ops.scattering import (
    tensor_scatter_nd_add,
    tensor_scatter_nd_max,
    tensor_scatter_nd_min,
    tensor_scatter_nd_sub,
    tensor_scatter_nd_update,
)
from polyflow.ops.slicing import boolean_mask, strided_slice
from polyflow.ops.sources import placeholder
from polyflow.ops.variable_updates import (
    scatter_add,
    scatter_nd_add,
    scatter_nd_sub,
    scatter_nd_update,
    scatter_sub,
    scatter_update,
)
from polyflow.session.session import get_default_session

cholesky, trace, matrix_determinant = linalg.cholesky, linalg.trace, linalg.det
matrix_inverse, matrix_solve = linalg.inv, linalg.solve
mul, sub, neg, floordiv, inv = multiply, subtract, negative, floor_divide, reciprocal
all_variables, div_floor = global_variables, floor_divide
sigmoid, softmax, top_k = nn.sigmoid, nn.softmax, nn.top_k
tensor_scatter_add, tensor_scatter_sub = tensor_scatter_nd_add, tensor_scatter_nd_sub
tensor_scatter_update = tensor_scatter_nd_update
tensor_scatter_max, tensor_scatter_min = tensor_scatter_nd_max, tensor_scatter_nd_min
newaxis = None
name_scope = on_default_graph(Graph.name_scope)
control_dependencies = on_default_graph(Graph.control_dependencies)
device = on_default_graph(Graph.device)

__all__ = [
    "train", "custom_gradient", "gradients", "RegisterGradient", "nn", "argmax", "argmin", "argsort",
    "broadcast_to", "cast", "concat", "convert_to_tensor", "expand_dims", "extract_image_patches", "eye", "fill",
    "gather", "gather_nd", "linspace", "one_hot", "ones", "ones_like", "pad", "range", "rank", "repeat", "reshape",
    "reverse", "scatter_nd", "searchsorted", "sequence_mask", "shape", "size", "slice", "sort", "split", "squeeze",
    "stack", "tile", "to_double", "to_float", "to_int32", "to_int64", "transpose", "unique", "unstack", "where",
    "zeros", "zeros_like", "cumprod", "cumsum", "div", "div_no_nan", "divide", "log_sigmoid", "matmul",
    "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_std", "reduce_sum", "reduce_variance", "round", "rsqrt", "squared_difference", "tensordot", "truediv",
    "InteractiveSession", "Session", "assign", "assign_add", "assign_sub", "global_variables_initializer",
    "initialize_all_variables", "multinomial", "random_normal", "random_shuffle", "random_uniform",
    "truncated_normal", "variables_initializer", "DType", "bfloat16", "complex64", "complex128", "float16",
    "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "Graph",
    "get_default_graph", "on_default_graph", "reset_default_graph", "Operation", "Tensor", "losses",
    "clip_by_global_norm", "clip_by_norm", "clip_by_value", "global_norm", "norm", "add", "floor_divide",
    "multiply", "negative", "pow", "reciprocal", "sqrt", "square", "subtract", "diag", "diag_part",
    "matrix_band_part", "matrix_diag", "matrix_diag_part", "equal", "greater", "greater_equal", "less",
    "less_equal", "not_equal", "is_finite", "is_inf", "is_nan", "conj", "imag", "real", "count_nonzero", "einsum",
    "erf", "erfc", "exp", "expm1", "log", "log1p", "invert_permutation", "meshgrid", "acosh", "asinh", "atanh",
    "cosh", "sinh", "tanh", "logical_and", "logical_not", "logical_or", "logical_xor", "abs", "maximum", "minimum",
    "sign", "matrix_transpose", "group", "identity", "no_op", "stop_gradient", "tuple", "set_random_seed", "roll",
    "ceil", "floor", "tensor_scatter_nd_add", "tensor_scatter_nd_max", "tensor_scatter_nd_min",
    "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "segment_max", "segment_mean", "segment_min",
    "segment_prod", "segment_sum", "unsorted_segment_max", "unsorted_segment_mean", "unsorted_segment_min",
    "unsorted_segment_prod", "unsorted_segment_sqrt_n", "unsorted_segment_sum", "placeholder_with_default",
    "boolean_mask", "strided_slice", "constant", "placeholder", "Variable", "global_variables",
    "trainable_variables", "acos", "asin", "atan", "atan2", "cos", "sin", "tan", "get_default_session", "mul",
    "sub", "neg", "floordiv", "inv", "all_variables", "div_floor", "sigmoid", "softmax", "top_k",
    "tensor_scatter_add", "tensor_scatter_sub", "tensor_scatter_update", "tensor_scatter_max", "tensor_scatter_min",
    "name_scope", "control_dependencies", "device", "errors", "Assert", "Print", "print", "py_func", "assert_equal",
    "assert_greater", "assert_greater_equal", "assert_less", "assert_less_equal", "assert_non_negative",
    "assert_none_equal", "assert_positive", "count_up_to", "FIFOQueue", "PaddingFIFOQueue", "PriorityQueue",
    "QueueBase", "RandomShuffleQueue", "RunOptions", "local_variables_initializer", "TensorArray", "TensorShape",
    "case", "cond", "foldl", "foldr", "map_fn", "recompute_grad", "scan", "scatter_add", "scatter_nd_add",
    "scatter_nd_sub", "scatter_nd_update", "scatter_sub", "scatter_update", "switch_case", "while_loop",
    "AUTO_REUSE", "cholesky", "matrix_determinant", "matrix_inverse", "matrix_solve", "trace", "ConfigProto",
    "GPUOptions", "GraphKeys", "VariableScope", "add_n", "add_to_collection", "constant_initializer",
    "get_collection", "get_collection_ref", "get_variable", "get_variable_scope", "glorot_normal_initializer",
    "glorot_uniform_initializer", "initializers", "linalg", "local_variables", "ones_initializer",
    "orthogonal_initializer", "random_normal_initializer", "random_uniform_initializer",
    "truncated_normal_initializer", "variable_scope", "variance_scaling_initializer", "zeros_initializer",
    "ensure_shape", "is_variable_initialized", "newaxis",
]  # fmt: skip
__getattr__ = getter(__name__, "")
