"""Reductions and arithmetic under TensorFlow 1's names, gathered by ``polyflow.compat.v1``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.compat.v1.literals import convert_to_tensor
from polyflow.compat.v1.static_shapes import known_numbers
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, message
from polyflow.nn.norms import clip_by_global_norm as _clip_by_global_norm
from polyflow.nn.norms import clip_by_norm as _clip_by_norm
from polyflow.nn.norms import clip_by_value as _clip_by_value
from polyflow.nn.norms import global_norm as _global_norm
from polyflow.nn.norms import l2_normalize as _l2_normalize
from polyflow.ops.activations import softplus
from polyflow.ops.arithmetic import add, floor_divide, multiply, negative, sqrt, square, subtract
from polyflow.ops.arithmetic import divide as _divide
from polyflow.ops.complex_numbers import conj
from polyflow.ops.counting import all as _all
from polyflow.ops.counting import any as _any
from polyflow.ops.creation import ones_like
from polyflow.ops.exponential import exp, log
from polyflow.ops.linear import matmul as _matmul
from polyflow.ops.linear import tensordot as _tensordot
from polyflow.ops.magnitudes import abs, sign
from polyflow.ops.manipulation import matrix_transpose
from polyflow.ops.ordering import identity, stop_gradient
from polyflow.ops.reductions import max as _max
from polyflow.ops.reductions import mean as _mean
from polyflow.ops.reductions import min as _min
from polyflow.ops.reductions import prod as _prod
from polyflow.ops.reductions import std as _std
from polyflow.ops.reductions import sum as _sum
from polyflow.ops.reductions import var as _var
from polyflow.ops.rounding import round as _round
from polyflow.ops.running import cumprod as _cumprod
from polyflow.ops.running import cumsum as _cumsum
from polyflow.ops.searching import where

Axes = int | Sequence[int] | None


def _reduction(reduce: Any, name: str, keeps_dtype: bool = False) -> Callable[..., Any]:
    """A reduction with TensorFlow's parameters; sums and products keep the dtype of what they sum."""

    def reduction(
        input_tensor: Any,
        axis: Axes = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: Axes = None,
        keep_dims: bool | None = None,
    ) -> Any:
        input_tensor = convert_to_tensor(input_tensor)
        axes = known_numbers(reduction_indices if axis is None else axis)
        options = {"dtype": input_tensor.dtype} if keeps_dtype and input_tensor.dtype is not None else {}
        return reduce(input_tensor, axis=axes, keepdims=bool(keepdims or keep_dims), name=name, **options)

    reduction.__name__ = reduction.__qualname__ = name
    reduction.__doc__ = f"``polyflow.{reduce.name}`` with TensorFlow's names for its parameters."
    return reduction


reduce_sum = _reduction(_sum, "reduce_sum", keeps_dtype=True)
reduce_prod = _reduction(_prod, "reduce_prod", keeps_dtype=True)
_floating_mean = _reduction(_mean, "reduce_mean")
reduce_max = _reduction(_max, "reduce_max")
reduce_min = _reduction(_min, "reduce_min")
reduce_all = _reduction(_all, "reduce_all")
reduce_any = _reduction(_any, "reduce_any")
reduce_std = _reduction(_std, "reduce_std")
reduce_variance = _reduction(_var, "reduce_variance")


def reduce_mean(
    input_tensor: Any,
    axis: Axes = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: Axes = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """The mean; of whole numbers a whole number, rounded towards 0.

    >>> import polyflow.compat.v1 as tf
    >>> [each.tolist() for each in tf.Session().run([tf.reduce_mean([1, 2]), tf.reduce_mean([1.0, 2.0])])]
    [1, 1.5]
    """
    x = convert_to_tensor(input_tensor)
    if x.dtype is None or not x.dtype.is_integer:
        return _floating_mean(x, axis, keepdims, name, reduction_indices, keep_dims)  # type: ignore[no-any-return]
    total = reduce_sum(x, axis, keepdims, None, reduction_indices, keep_dims)
    count = reduce_sum(ones_like(x), axis, keepdims, None, reduction_indices, keep_dims)
    return multiply(sign(total), floor_divide(abs(total), count), name=name)  # type: ignore[no-any-return]


def reduce_logsumexp(input_tensor: Any, axis: Axes = None, keepdims: bool = False, name: str | None = None) -> Any:
    """``log(sum(exp(x)))`` over ``axis``, without overflow.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.reduce_logsumexp([1000.0, -1000.0])).tolist()
    1000.0
    """
    axes = known_numbers(axis)
    largest = stop_gradient(_max(input_tensor, axis=axes, keepdims=True))
    found = log(_sum(exp(subtract(input_tensor, largest)), axis=axes, keepdims=True)) + largest
    return found if keepdims else _sum(found, axis=axes, name=name)


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """The matrix product, each operand transposed first where asked, or transposed and conjugated (``adjoint``).

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.matmul([[1, 2]], [[3, 4]], transpose_b=True)).tolist()
    [[11]]
    """
    a, b = (conj(each) if adjoint else each for each, adjoint in ((a, adjoint_a), (b, adjoint_b)))
    left = matrix_transpose(a) if transpose_a or adjoint_a else a
    return _matmul(left, matrix_transpose(b) if transpose_b or adjoint_b else b, name=name)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """``polyflow.tensordot``; a pair of numbers names one axis of each.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.tensordot([[1, 2]], [[3, 4]], [1, 1])).tolist()
    [[11]]
    """
    if isinstance(axes, list | tuple):
        axes = tuple((each,) if isinstance(each, int) else tuple(each) for each in axes)
    return _tensordot(a, b, axes=axes, name=name)


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """The quotient as Python has it: integers become floats."""
    return _divide(x, y, name=name)


truediv = divide


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """The quotient as Python 2 had it: of integers the largest whole number below it.

    >>> import polyflow.compat.v1 as tf
    >>> [each.tolist() for each in tf.Session().run([tf.div([7], 2), tf.div([7.0], 2.0)])]
    [[3], [3.5]]
    """
    is_whole = all(_is_whole(each) for each in (x, y))
    return floor_divide(x, y, name=name) if is_whole else _divide(x, y, name=name)


def _is_whole(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    if isinstance(value, list | tuple):
        return all(map(_is_whole, value))
    return isinstance(value, int) if dtype is None else "int" in str(dtype)


def div_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """The quotient, 0 where ``y`` is 0.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.div_no_nan([3.0, 1.0], [2.0, 0.0])).tolist()
    [1.5, 0.0]
    """
    is_zero = y == 0 if hasattr(y, "__tensor__") else subtract(y, 0) == 0
    return where(is_zero, 0, _divide(x, where(is_zero, 1, y)), name=name)


def add_n(inputs: Sequence[Any], name: str | None = None) -> Tensor:
    """The sum of tensors of one shape.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.add_n([tf.constant([1.0]), tf.constant([2.0]), tf.constant([4.0])])).tolist()
    [7.0]

    Raises ``ArgumentError`` for none.
    """
    terms = [convert_to_tensor(each) for each in inputs]
    if not terms:
        raise ArgumentError(message("add_n: nothing to add", needed="one tensor or more"))
    *most, last = terms
    if not most:
        return identity(last, name=name)  # type: ignore[no-any-return]
    total = most[0]
    for each in most[1:]:
        total = total + each
    return add(total, last, name=name)  # type: ignore[no-any-return]


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """``(x - y) ** 2``.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.squared_difference([3.0], [1.0])).tolist()
    [4.0]
    """
    return square(subtract(x, y), name=name)


def rsqrt(x: Any, name: str | None = None) -> Any:
    """``1 / sqrt(x)``.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.rsqrt([4.0])).tolist()
    [0.5]
    """
    return _divide(1, sqrt(x), name=name)


def round(x: Any, name: str | None = None) -> Any:
    """The nearest whole number, of two the even one."""
    return _round(x, name=name)


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """``log(sigmoid(x))``, without overflow.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.log_sigmoid([-1000.0])).tolist()
    [-1000.0]
    """
    return negative(softplus(negative(x)), name=name)


def l2_normalize(x: Any, axis: Axes = None, epsilon: float = 1e-12, name: str | None = None, dim: Axes = None) -> Any:
    """``polyflow.nn.l2_normalize``; ``dim`` is an old name of ``axis``."""
    return _l2_normalize(x, known_numbers(dim if axis is None else axis), epsilon, name=name)


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """``polyflow.clip_by_value``."""
    return _clip_by_value(t, clip_value_min, clip_value_max, name=name)


def clip_by_norm(t: Any, clip_norm: Any, axes: Axes = None, name: str | None = None) -> Any:
    """``polyflow.clip_by_norm``."""
    return _clip_by_norm(t, clip_norm, known_numbers(axes), name=name)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """``polyflow.clip_by_global_norm``."""
    return _clip_by_global_norm(t_list, clip_norm, use_norm, name=name)


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Any:
    """``polyflow.global_norm``."""
    return _global_norm(t_list, name=name)


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """``polyflow.cumsum``."""
    return _cumsum(x, axis, exclusive=exclusive, reverse=reverse, name=name)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """``polyflow.cumprod``."""
    return _cumprod(x, axis, exclusive=exclusive, reverse=reverse, name=name)
