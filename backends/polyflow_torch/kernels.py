"""Kernels for what PyTorch leaves out of the standard, or does otherwise."""

from __future__ import annotations

from typing import Any

import torch
from array_api_compat import torch as xp

from polyflow.core.keys import native_key
from polyflow.extension import KernelTable, special_cases
from polyflow.extension.half_precision import ready_to_round
from polyflow.ops.printing import print_kernel
from polyflow.ops.reductions import var_kernel
from polyflow_torch import fourier, linalg, random


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """Rounded once on the way to 16 bits, where PyTorch rounds twice; the real part of a complex number."""
    if x.dtype.is_complex and not dtype.is_complex and dtype is not torch.bool:
        x = torch.real(x)
    if dtype in (torch.float16, torch.bfloat16) and x.dtype in (torch.float64, torch.int64, torch.int32):
        wide = x.to(torch.float64) if x.dtype is torch.int32 else x
        x = ready_to_round(xp, wide, lambda value, wanted: value.view(wanted))
    return x.to(dtype, copy=copy)


def add(x1: Any, x2: Any, /) -> Any:
    """Part by part for complex numbers without dimensions, which PyTorch multiplies by 1 first: NaN at infinities."""
    if x1.dtype.is_complex and x1.ndim == x2.ndim == 0:
        return torch.complex(x1.real + x2.real, x1.imag + x2.imag)
    return x1 + x2


def sqrt(x: Any, /) -> Any:
    """Rounded correctly: PyTorch's of float32 is off by one last place."""
    return torch.sqrt(x.double()).float() if x.dtype is torch.float32 else torch.sqrt(x)


def round_(x: Any, /) -> Any:
    """Part by part for complex numbers, which the namespace puts together by a product with 1j."""
    return torch.complex(torch.round(x.real), torch.round(x.imag)) if x.dtype.is_complex else xp.round(x)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    """Zero and not minus zero for a small positive quotient, and the standard's special cases."""
    result = special_cases.floor_divide(xp, torch.floor_divide, x1, x2)
    if not result.dtype.is_floating_point:
        return result
    small = (x1 != 0) & torch.isfinite(x1) & torch.isfinite(x2) & (x2 != 0)
    return torch.where(small & (result == 0), torch.where((x1 < 0) == (x2 < 0), 0.0, -0.0).to(result.dtype), result)


def remainder(x1: Any, x2: Any, /) -> Any:
    """By ``fmod``, which keeps more digits than PyTorch's own; a zero has the sign of ``x2``."""
    if not x1.dtype.is_floating_point:
        return torch.remainder(x1, x2)
    rest = torch.fmod(x1, x2)
    rest = torch.where((rest != 0) & ((rest < 0) != (x2 < 0)), rest + x2, rest)
    return torch.where(rest == 0, torch.copysign(rest, x2), rest)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """With a correction that is no whole number too."""
    return torch.sqrt(var_kernel(xp, x, axis=axis, correction=correction, keepdims=keepdims))


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """One shift for several axes too."""
    if isinstance(axis, tuple) and not isinstance(shift, tuple):
        shift = (shift,) * len(axis)
    return xp.roll(x, shift, axis=axis)


def getitem(x: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
    """``x[key]``; slices with negative steps, which PyTorch has not, are of the array turned round."""
    turned, positive = _turned(x.shape, native_key(key, indices))
    return (torch.flip(x, turned) if turned else x)[positive]


def index_set(x: Any, updates: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
    """A copy of ``x`` with other elements at ``key``."""
    turned, positive = _turned(x.shape, native_key(key, indices))
    result = torch.flip(x, turned) if turned else x.clone()
    result[positive] = updates
    return torch.flip(result, turned) if turned else result


def index_add(x: Any, updates: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
    """A copy of ``x`` with ``updates`` added at ``key``, where a place may stand several times."""
    turned, positive = _turned(x.shape, native_key(key, indices))
    places = torch.arange(x.numel()).reshape(x.shape)
    chosen = (torch.flip(places, turned) if turned else places)[positive]
    added = torch.broadcast_to(updates, chosen.shape).reshape(-1)
    return x.reshape(-1).index_add(0, chosen.reshape(-1), added).reshape(x.shape)


def _turned(shape: tuple[int, ...], key: Any) -> tuple[tuple[int, ...], Any]:
    """The axes to turn round so that all steps of ``key`` are positive, and the key that it becomes: its places are
    int64, since what has uint8 is a mask to PyTorch."""
    key = key if isinstance(key, tuple) else (key,)
    masks = [isinstance(each, torch.Tensor) and each.dtype is torch.bool for each in key]
    spans = [0 if each is None else each.ndim if mask else 1 for each, mask in zip(key, masks, strict=True)]
    axis, axes, keys = 0, [], []
    for each, span, mask in zip(key, spans, masks, strict=True):
        if each is Ellipsis:
            span = len(shape) - sum(spans) + 1
        elif isinstance(each, slice) and (each.step or 1) < 0:
            places = range(shape[axis])[each]
            last = shape[axis] - 1
            axes.append(axis)
            each = slice(last - places[0], last - places[-1] + 1, -each.step) if len(places) else slice(0, 0)
        keys.append(each.long() if isinstance(each, torch.Tensor) and not mask else each)
        axis += span
    return tuple(axes), tuple(keys)


def take(x: Any, indices: Any, /, *, axis: Any = None) -> Any:
    """Places of any rank, counted from the end where they are negative."""
    axis = 0 if axis is None else axis % x.ndim
    places = indices.reshape(-1).long()
    found = torch.index_select(x, axis, torch.where(places < 0, places + x.shape[axis], places))
    return found.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Places of any integer dtype; those outside are refused, which PyTorch's own of the name wraps around."""
    places = torch.arange(x.shape[axis], device=x.device)[indices.long()]
    return xp.take_along_axis(x, places, axis=axis)


def unique_all(x: Any, /) -> tuple[Any, Any, Any, Any]:
    """The values, the first place of each, the value of each place, and how often each is there."""
    flat = x.reshape(-1)
    order = torch.argsort(flat, stable=True)
    ranked = flat[order]
    is_new = torch.ones_like(ranked, dtype=torch.bool)
    is_new[1:] = ranked[1:] != ranked[:-1]
    starts = torch.nonzero(is_new)[:, 0]
    inverse = torch.empty_like(order)
    inverse[order] = torch.cumsum(is_new, 0) - 1
    counts = torch.diff(starts, append=starts.new_tensor([flat.shape[0]]))
    return ranked[starts], order[starts], inverse.reshape(x.shape), counts


def relu(x: Any, /) -> Any:
    """Zero, never minus zero: that plus zero is zero."""
    return torch.relu(x) + 0


def relu6(x: Any, /) -> Any:
    """Zero, never minus zero."""
    return torch.where(x == 0, torch.zeros_like(x), torch.clamp(x, 0, 6))


def print_(x: Any, data: Any, /, *, printer: Any) -> Any:
    """Numbers of bfloat16 as float64, since PyTorch has no other way to hand them out (pytorch/pytorch#110285)."""
    shown = [each.double() if each.dtype is torch.bfloat16 else each for each in data]
    return print_kernel(xp, x, shown, printer=printer)


_OWN = (
    astype, add, sqrt, floor_divide, remainder, std, roll, getitem, index_set, index_add, take, take_along_axis,
    unique_all,
)  # fmt: skip
KERNELS: KernelTable = {
    **{each.__name__: each for each in _OWN},
    "round": round_,
    "print": print_,
    "expm1": special_cases.mended("expm1", xp, at_infinity=True),
    "nn.relu": relu,
    "nn.relu6": relu6,
    **linalg.KERNELS,
    **fourier.KERNELS,
    **random.KERNELS,
}
