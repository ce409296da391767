"""Kernels that JAX has under another name, or that differ from the standard in ``jax.numpy``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyflow.core.keys import front_of_indices, native_key, split_key
from polyflow.extension import Kernel, special_cases
from polyflow.extension.half_precision import ready_to_round
from polyflow.ops.random_bits import fold_in_kernel, key_kernel, split_kernel
from polyflow_jax import (
    control_flow,
    convolution,
    empty_axes,
    error_function,
    host,
    linalg,
    pooling,
    segments,
    small_products,
    unsized,
)


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """The elements converted; the real part of a complex array where the dtype is real."""
    x = jnp.asarray(x)
    if jnp.iscomplexobj(x) and not jnp.issubdtype(dtype, jnp.complexfloating) and dtype != jnp.bool_:
        x = jnp.real(x)
    if dtype in _HALVES and x.dtype.itemsize >= 4 and x.dtype != jnp.float32:
        x = ready_to_round(jnp, x.astype(jnp.float64) if x.dtype.itemsize == 4 else x, jax.lax.bitcast_convert_type)
    return x.astype(dtype)


_HALVES = (jnp.dtype(jnp.float16), jnp.dtype(jnp.bfloat16))


def getitem(x: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
    """``x[key]``, as JAX takes keys of every kind; an empty mask beside a full axis, which it does not, as places."""
    x = jnp.asarray(x)
    if len(key) == 1 and len(indices) == 1 and indices[0].dtype == jnp.bool_ and not indices[0].size:
        return x[jnp.nonzero(indices[0], size=0)]
    if not indices or any(each.dtype == jnp.bool_ for each in indices):
        return x[native_key(key, indices)]
    if 0 in x.shape:
        x, indices = empty_axes.with_room(x, indices, key)  # type: ignore[assignment]
    return x.at[native_key(key, indices)].get(mode="fill")  # for what lies outside, as ``take`` does


def index_add(x: Any, updates: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
    """``x.at[key].add``; a mask becomes the places where it is true.

    Their number is read off the shape of ``updates``; where that is broadcast, there is room for every place, and what
    is left over lies outside and is dropped.
    """
    x = jnp.asarray(x)
    if x.size == 0:
        return x
    masks = [each.dtype == jnp.bool_ for each in indices]
    if not any(masks):
        return x.at[native_key(key, indices)].add(updates)
    spans = [each.ndim if is_mask else 1 for each, is_mask in zip(indices, masks, strict=True)]
    count = _masked_count(x, updates, key, indices, spans)
    places: list[Any] = []
    rest = iter(zip(indices, masks, strict=True))
    for part in key:
        if not isinstance(part, str):
            places.append(part)
            continue
        index, is_mask = next(rest)
        if is_mask:
            size = index.size if count == 1 else count
            places.extend(jnp.nonzero(index, size=size, fill_value=max(index.shape, default=1)))
        else:
            places.append(index)
    return x.at[tuple(places)].add(updates, mode="drop")


def index_set(x: Any, value: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
    """``x.at[key].set``; one mask alone chooses between the two."""
    x = jnp.asarray(x)
    if x.size == 0:
        return x
    if len(indices) == 1 and indices[0].dtype == jnp.bool_ and value.ndim == 0 and len(key) == 1:
        mask = jnp.reshape(indices[0], indices[0].shape + (1,) * (x.ndim - indices[0].ndim))
        return jnp.where(mask, value, x)
    return x.at[native_key(key, indices)].set(value)


def _masked_count(x: Any, updates: Any, key: Any, indices: Any, spans: list[int]) -> int:
    """How many elements the masks of ``key`` select, read off the shape of ``updates``."""
    kept = sum(part.kind in ("slice", "new") for part in split_key(key, x.ndim, spans))
    place = front_of_indices(key)
    if place is not None:
        parts = split_key(key, x.ndim, spans)
        first = next(number for number, part in enumerate(parts) if part.is_index)
        place = sum(part.kind in ("slice", "new") for part in parts[:first])
    return int(updates.shape[place or 0]) if updates.ndim > kept else 1


_MENDED = ("asinh", "cosh", "exp", "expm1", "log", "log1p", "sinh")
"""Functions of complex numbers whose special cases JAX does not keep."""
_MENDED_AT_INFINITY = ("acos", "asin", "atan", "atanh", "tanh")
"""Those of which JAX does not keep the special cases of infinite real parts either."""


def _on_one_side(function: Kernel) -> Kernel:
    """The function, its imaginary parts with the signs of the operand's, also of zeros beside the branch cut."""

    def kernel(x: Any, /) -> Any:
        result = function(x)
        if not jnp.iscomplexobj(x):
            return result
        return jax.lax.complex(result.real, jnp.copysign(result.imag, x.imag))

    kernel.on_reals = function.on_reals  # type: ignore[attr-defined]
    return kernel


def absolute(x: Any, /) -> Any:
    """``jax.numpy.abs``, infinite for complex numbers of which a part is infinite and the other NaN."""
    if not jnp.iscomplexobj(x):
        return jnp.abs(x)
    return jnp.where(jnp.isinf(x.real) | jnp.isinf(x.imag), jnp.inf, jnp.abs(x)).astype(x.real.dtype)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    """``jax.numpy.floor_divide``, zero and not minus zero for a small positive quotient."""
    result = special_cases.floor_divide(jnp, jnp.floor_divide, x1, x2)
    return jnp.where((result == 0) & (x1 != 0) & jnp.isfinite(x2), jnp.zeros_like(result), result)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """What lies outside the bounds replaced, and NaN where a bound is: a zero at a bound keeps its sign."""
    if min is not None:
        x = jnp.where((x < min) | (min != min), min, x)
    return x if max is None else jnp.where((x > max) | (max != max), max, x)


def pow(x1: Any, x2: Any, /) -> Any:
    """``jax.numpy.pow``; of an integer to a negative power the quotient: 1, -1 or 0."""
    is_known = not isinstance(x2, jax.core.Tracer)
    if not jnp.issubdtype(x2.dtype, jnp.signedinteger) or (is_known and bool((np.asarray(x2) >= 0).all())):
        return jnp.pow(x1, x2)
    of_ones = jnp.where(x1 == -1, 1 - 2 * (x2 & 1), x1 == 1)
    return jnp.where(x2 < 0, of_ones, jnp.pow(x1, jnp.maximum(x2, 0))).astype(x1.dtype)


def sign(x: Any, /) -> Any:
    """``jax.numpy.sign``, positive zero for zeros."""
    return jnp.where(x == 0, jnp.zeros_like(x), jnp.sign(x))


def _of_truths(reduce: Kernel) -> Kernel:
    """The reduction of bools; of complex numbers XLA would reduce the real parts alone."""

    def kernel(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return reduce(x != 0 if jnp.iscomplexobj(x) else x, axis=axis, keepdims=keepdims)

    return kernel


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """``jax.numpy.searchsorted``, in the dtype of indices."""
    return jnp.searchsorted(x1, x2, side=side, sorter=sorter).astype(jnp.int64)


def sigmoid(x: Any, /) -> Any:
    """XLA's own logistic function."""
    return jax.lax.logistic(x)


def _once(generic: Callable[..., Any]) -> Kernel:
    """The kernel of keys. XLA, which fuses small results with their readers, is kept from working a key out in every
    draw anew, once for each word of it: programs with many draws would compile three times as long."""

    def kernel(*operands: Any, **attributes: Any) -> Any:
        barrier: Any = jax.lax.optimization_barrier
        return barrier(generic(jnp, *operands, **attributes))

    return kernel


KERNELS: dict[str, Kernel] = {
    "astype": astype,
    "clip": clip,
    "all": _of_truths(jnp.all),
    "any": _of_truths(jnp.any),
    "getitem": unsized.selected(getitem),
    "index_add": index_add,
    "index_set": index_set,
    "pow": pow,
    "searchsorted": searchsorted,
    "sign": sign,
    "take": empty_axes.take,
    "abs": absolute,
    "floor_divide": floor_divide,
    "remainder": partial(special_cases.remainder, jnp, jnp.remainder),
    **{name: special_cases.mended(name, jnp) for name in _MENDED},
    **{name: special_cases.mended(name, jnp, at_infinity=True) for name in _MENDED_AT_INFINITY},
    **{name: _on_one_side(special_cases.mended(name, jnp, at_infinity=True)) for name in ("acosh", "sqrt")},
    "nn.sigmoid": sigmoid,
    "random.fold_in": _once(fold_in_kernel),
    "random.key": _once(key_kernel),
    "random.split": _once(split_kernel),
    **control_flow.KERNELS,
    **convolution.KERNELS,
    **error_function.KERNELS,
    **host.KERNELS,
    **linalg.KERNELS,
    **pooling.KERNELS,
    **segments.KERNELS,
    **small_products.KERNELS,
    **unsized.KERNELS,
}
