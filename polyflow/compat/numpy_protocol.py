"""NumPy's functions on tensors: ``numpy.exp(tensor)`` adds an operation to the graph, as ``polyflow.exp`` does.

NumPy asks its operands how they want to be treated (NEP 13 for ufuncs, NEP 18 for functions). Only renamings stand
here; what polyflow has no function for is refused by NumPy with a TypeError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polyflow

UFUNCS = {
    "absolute": "abs", "fabs": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh",
    "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh", "conjugate": "conj", "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift", "power": "pow", "float_power": "pow",
    "true_divide": "divide",
}  # fmt: skip
FUNCTIONS = {
    "amax": "max", "amin": "min", "around": "round", "concatenate": "concat", "dot": "matmul",
    "transpose": "permute_dims",
}  # fmt: skip
_WITH_AXIS = {"sum", "prod", "mean", "max", "min", "std", "var", "all", "any", "argmax", "argmin", "squeeze", "flip"}


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What ``__array_ufunc__`` of tensors does."""
    name = UFUNCS.get(ufunc.__name__, ufunc.__name__)
    function = getattr(polyflow, name, None)
    if method != "__call__" or options or function is None:
        return NotImplemented
    return function(*inputs)


def array_function(
    self: Any, function: Callable[..., Any], types: Sequence[type], args: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """What ``__array_function__`` of tensors does."""
    name = FUNCTIONS.get(function.__name__, function.__name__)
    chosen = getattr(polyflow, name, None)
    if chosen is None:
        return NotImplemented
    if name in _WITH_AXIS and len(args) == 2:
        args, options = args[:1], {**options, "axis": args[1]}
    if name == "permute_dims" and len(args) == 1:
        axes = options.get("axes") or range(args[0].ndim)[::-1]
        args, options = (args[0], tuple(axes)), {}
    return chosen(*args, **options)
