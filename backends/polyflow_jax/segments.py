"""Reductions by segments and the largest of each row in JAX, by XLA's scatter and top-k."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyflow.extension import Kernel


def _by_segment(reduce: Callable[..., Any], bound: str | None) -> Kernel:
    """A reduction of ``jax.ops``, with TensorFlow's value for segments without rows: a finite bound of the dtype."""

    def kernel(data: Any, segment_ids: Any, /, *, num_segments: int) -> Any:
        rest = data.shape[segment_ids.ndim :]
        rows = jnp.reshape(data, (segment_ids.size, *rest))
        ids = jnp.reshape(segment_ids, (-1,)).astype(jnp.int64)
        ids = jnp.where((ids >= 0) & (ids < num_segments), ids, num_segments)  # which JAX drops; it takes ids as int32
        found = reduce(rows, ids, num_segments=num_segments)
        if bound is None or jnp.issubdtype(data.dtype, jnp.integer):  # of integers the bounds are finite already
            return found
        counts = jax.ops.segment_sum(jnp.ones_like(ids), ids, num_segments=num_segments)
        is_empty = jnp.reshape(counts == 0, (num_segments,) + (1,) * len(rest))
        facts: Any = jnp.finfo(data.dtype)  # type: ignore[no-untyped-call]
        return jnp.where(is_empty, getattr(facts, bound), found)

    return kernel


def top_k(x: Any, k: int, /) -> tuple[Any, Any]:
    """``jax.lax.top_k``, with indices as int64; for it alone -0 is less than 0, and NaN with a sign the least."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        values, places = lax.top_k(x, k)
        return values, places.astype(jnp.int64)
    plain = jnp.where(x == 0, jnp.zeros_like(x), jnp.where(jnp.isnan(x), jnp.full_like(x, jnp.nan), x))
    _, places = lax.top_k(plain, k)
    return jnp.take_along_axis(x, places, axis=-1), places.astype(jnp.int64)


KERNELS: dict[str, Kernel] = {
    "unsorted_segment_max": _by_segment(jax.ops.segment_max, "min"),
    "unsorted_segment_min": _by_segment(jax.ops.segment_min, "max"),
    "unsorted_segment_prod": _by_segment(jax.ops.segment_prod, None),
    "top_k": top_k,
}
