"""Random bits on PyTorch: Threefry in int64 cut to 32 bits at each step, since PyTorch adds and shifts no uint32.

The definition is in ``polyflow.ops.random_bits``; the bits are the same. Keys come as uint32 or as int64.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from array_api_compat import torch as xp

from polyflow.core.dtypes import as_dtype
from polyflow.extension import KernelTable
from polyflow.ops.error_inverse import erfinv_kernel
from polyflow.ops.random_bits import PARITY, ROTATIONS
from polyflow.ops.random_standard import drawn_bits, normal_of_uniform

_MASK = 0xFFFFFFFF


def key(seed: Any, /) -> Any:
    """The op of that name."""
    number = seed.long()[..., None]
    return torch.cat([(number >> 32) & _MASK, number & _MASK], dim=-1).to(torch.uint32)


def split(key: Any, num: tuple[int, ...], /) -> Any:
    """The op of that name."""
    words = torch.stack(_threefry(key, math.prod(num)), dim=-1)
    return words.reshape((*key.shape[:-1], *num, 2)).to(torch.uint32)


def fold_in(key: Any, data: Any, /) -> Any:
    """The op of that name."""
    count = data.long()[..., None] & _MASK
    return torch.cat(_rounds(key.long(), torch.zeros_like(count), count), dim=-1).to(torch.uint32)


def bits(key: Any, shape: tuple[int, ...], dtype: Any, /) -> Any:
    """The op of that name, in a dtype of at least its width where PyTorch does not compute in it."""
    return _drawn(key, shape, 32).to(dtype)


def standard_uniform(key: Any, shape: tuple[int, ...], dtype: Any, /) -> Any:
    """The op of that name."""
    width, places = drawn_bits(as_dtype(dtype))
    drawn = (_drawn(key, shape, width) >> (width - places)) & (2**places - 1)
    return drawn.to(dtype) * 2.0**-places


def standard_normal(key: Any, shape: tuple[int, ...], dtype: Any, /) -> Any:
    """The op of that name."""
    return normal_of_uniform(xp, standard_uniform(key, shape, dtype), dtype, lambda x: erfinv_kernel(xp, x))


def _drawn(key: Any, shape: tuple[int, ...], width: int) -> Any:
    """Bits in int64, of which the lower ``width`` count."""
    first, second = _threefry(key, math.prod(shape))
    return ((first << 32) | second if width == 64 else first ^ second).reshape((*key.shape[:-1], *shape))


def _threefry(key: Any, count: int) -> tuple[Any, Any]:
    counter = torch.arange(count)
    return _rounds(key.long(), counter >> 32, counter & _MASK)


def _rounds(key: Any, first: Any, second: Any) -> tuple[Any, Any]:
    """Twenty rounds, modulo 2**32."""
    words = (key[..., 0:1], key[..., 1:2], key[..., 0:1] ^ key[..., 1:2] ^ PARITY)
    first, second = (first + words[0]) & _MASK, (second + words[1]) & _MASK
    for group in range(5):
        for places in ROTATIONS[group % 2]:
            first = (first + second) & _MASK
            second = first ^ ((second << places) & _MASK | (second >> (32 - places)))
        first = (first + words[(group + 1) % 3]) & _MASK
        second = (second + words[(group + 2) % 3] + (group + 1)) & _MASK
    return first, second


_OWN = (key, split, fold_in, bits, standard_uniform, standard_normal)
KERNELS: KernelTable = {f"random.{each.__name__}": each for each in _OWN}
