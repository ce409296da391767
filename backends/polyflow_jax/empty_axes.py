"""Indexing an axis without elements, which JAX refuses while it compiles: a loop that never runs may hold it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from polyflow.core.keys import split_key


def with_room(x: Any, indices: Sequence[Any], key: tuple[Any, ...]) -> tuple[Any, Sequence[Any]]:
    """``x`` with an element in each empty axis that ``indices`` speak of, and ``indices`` that lie outside of those."""
    parts = [each for each in split_key(key, x.ndim, [1] * len(indices)) if each.kind == "index"]
    empty = {each.axis: each.value for each in parts if x.shape[each.axis] == 0}
    shape = [1 if axis in empty else size for axis, size in enumerate(x.shape)]
    outside = [jnp.ones_like(each) if place in empty.values() else each for place, each in enumerate(indices)]
    return jnp.zeros(shape, x.dtype), outside


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """``jax.numpy.take``, also from an axis without elements: all indices lie outside then."""
    place = 0 if axis is None else axis % x.ndim
    if x.shape[place] == 0:
        x = jnp.zeros((*x.shape[:place], 1, *x.shape[place + 1 :]), x.dtype)
        indices = jnp.ones_like(indices)
    return jnp.take(x, indices, axis=axis)
