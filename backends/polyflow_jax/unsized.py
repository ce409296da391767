"""Operations whose results have as many elements as the data say, on the CPU: NumPy's, on the memory of JAX's arrays.

XLA cannot compile them, so they run between compiled programs. There JAX would compile each part of them anew for
every size that comes along: tens of milliseconds for what NumPy does in some microseconds. On other devices arrays
are not fetched for that, and while JAX traces there are no data: then it is JAX's function that is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyflow.core.keys import native_key
from polyflow.extension import Kernel
from polyflow.ops.rearranging import repeat_each_kernel


def in_numpy(kernel: Kernel, otherwise: Kernel) -> Kernel:
    """``kernel``, which makes new arrays of NumPy's, where operands are data on the CPU; else ``otherwise``."""

    @wraps(otherwise)
    def chosen(*operands: Any, **attributes: Any) -> Any:
        if not all(map(_is_here, operands)):
            return otherwise(*operands, **attributes)
        found = kernel(*map(np.asarray, operands), **attributes)
        return tuple(map(jax.device_put, found)) if isinstance(found, tuple) else jax.device_put(found)

    return chosen


def selected(otherwise: Kernel) -> Kernel:
    """Indexing: by masks, which select as many elements as they say, in NumPy; else ``otherwise``."""
    by_masks = in_numpy(lambda x, /, *indices, key: x[native_key(key, indices)], otherwise)

    @wraps(otherwise)
    def getitem(x: Any, /, *indices: Any, key: tuple[Any, ...]) -> Any:
        has_mask = any(each.dtype == jnp.bool_ for each in indices)
        return (by_masks if has_mask else otherwise)(x, *indices, key=key)

    return getitem


def _is_here(operand: Any) -> bool:
    """Whether the elements of ``operand`` can be read at no cost."""
    if isinstance(operand, jax.core.Tracer):
        return False
    return not isinstance(operand, jax.Array) or all(each.platform == "cpu" for each in operand.devices())


def _finder(name: str) -> Kernel:
    """A function of the standard that finds elements, in order; of none it finds none, also while JAX traces."""
    function: Callable[..., Any] = getattr(jnp, name)

    def found(x: Any, /) -> Any:
        return function(x, size=0) if x.size == 0 else function(x)

    return in_numpy(_sorted if name == "unique_values" else getattr(np, name), found)


def _sorted(x: Any, /) -> Any:
    return np.unique(x, equal_nan=False)  # ``numpy.unique_values`` keeps no order


def _in_either(kernel: Callable[..., Any]) -> Kernel:
    """A kernel for both namespaces."""

    def of(xp: Any) -> Kernel:
        return lambda *operands, **attributes: kernel(xp, *operands, **attributes)

    return in_numpy(of(np), of(jnp))


def _first_rows(xp: Any, x: Any, count: Any, /) -> Any:
    return xp.array(x[: int(count)])


def _with_more_rows(xp: Any, x: Any, place: Any, /) -> Any:
    more = max(int(place) + 1 - x.shape[0], x.shape[0])
    return xp.concatenate([x, xp.zeros((more, *x.shape[1:]), x.dtype)])


_grown = _in_either(_with_more_rows)


def grown_rows(x: Any, place: Any, /) -> Any:
    """The op of that name: ``x`` itself, not a copy, where it has such a row."""
    return x if int(place) < x.shape[0] else _grown(x, place)


KERNELS: dict[str, Kernel] = {
    **{name: _finder(name) for name in ("nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values")},
    "first_rows": _in_either(_first_rows),
    "grown_rows": grown_rows,
    "repeat_each": _in_either(repeat_each_kernel),
}
