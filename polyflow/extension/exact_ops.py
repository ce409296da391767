"""The ops that round nothing, by name: on them every backend must agree to the last bit, in every dtype.

Kernels of them run on floats of 16 bits as they are; the conformance kit allows them no tolerance.
"""

from __future__ import annotations

ROUNDS_NOTHING = frozenset({
    "abs", "all", "any", "argmax", "argmin", "argsort", "assigned", "astype", "bitwise_and", "bitwise_invert",
    "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "broadcast_arrays", "broadcast_to",
    "ceil", "clip", "concat", "conj", "constant", "copysign", "count_nonzero", "custom_gradient", "empty",
    "empty_like", "equal", "expand_dims", "eye", "fft.fftshift", "fft.ifftshift", "flip", "floor", "full",
    "full_like", "getitem", "greater", "greater_equal", "identity", "imag", "index_set", "invert_permutation",
    "isfinite", "isin", "isinf", "isnan", "less", "less_equal", "linalg.diagonal", "logical_and", "logical_not",
    "logical_or", "logical_xor", "matrix_transpose", "max", "maximum", "meshgrid", "min", "minimum", "moveaxis",
    "negative", "nextafter", "nn.max_pool", "nn.max_pool_chosen", "nn.one_hot", "nn.relu", "nn.relu6", "nonzero",
    "not_equal", "ones", "ones_like", "pad", "permute_dims", "placeholder", "positive", "random.bits",
    "random.fold_in", "random.key", "random.split", "real", "repeat", "repeat_each", "reshape", "roll", "round",
    "searchsorted", "sign", "signbit", "sort", "split", "squeeze", "stack", "stop_gradient", "take",
    "take_along_axis", "tile", "top_k", "tril", "triu", "trunc", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "unsorted_segment_max", "unsorted_segment_min", "unstack", "variable", "where", "zeros",
    "zeros_like",
})  # fmt: skip
"""Ops whose results hold elements of their operands, exact functions of them, or no real floats at all."""
