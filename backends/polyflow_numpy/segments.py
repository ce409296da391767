"""Reductions by segments and the largest of each row in NumPy: one sort, then one pass of a ufunc."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.extension import Kernel
from polyflow.ops.data_types import finfo, iinfo

Array = np.ndarray[Any, Any]


def _by_segment(ufunc: np.ufunc, bound: str) -> Kernel:
    """``ufunc.reduceat`` over rows sorted by segment; segments without rows get ``bound``."""

    def kernel(data: Array, segment_ids: Array, /, *, num_segments: int) -> Array:
        rest = data.shape[segment_ids.ndim :]
        ids = segment_ids.reshape(-1).astype(np.int64)
        result = np.full((num_segments, *rest), _empty(data.dtype, bound), data.dtype)
        order = np.argsort(ids, kind="stable")
        order = order[(ids[order] >= 0) & (ids[order] < num_segments)]
        if order.size:
            ids = ids[order]
            starts = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
            rows = data.reshape(-1, *rest)[order]
            result[ids[starts]] = ufunc.reduceat(rows, starts, axis=0, dtype=data.dtype)
        return result

    return kernel


def _empty(dtype: np.dtype[Any], bound: str) -> Any:
    if bound == "one":
        return 1
    facts: Any = iinfo(dtype) if dtype.kind in "iu" else finfo(dtype)
    return getattr(facts, bound)


def top_k(x: Array, k: int, /) -> tuple[Array, Array]:
    """A stable sort of the negated order: of equal elements the first comes first."""
    places = x.shape[-1] - 1 - np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    return np.take_along_axis(x, places, axis=-1), places.astype(np.int64)


KERNELS: dict[str, Kernel] = {
    "unsorted_segment_max": _by_segment(np.maximum, "min"),
    "unsorted_segment_min": _by_segment(np.minimum, "max"),
    "unsorted_segment_prod": _by_segment(np.multiply, "one"),
    "top_k": top_k,
}
