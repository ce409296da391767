"""NumPy as an array API namespace: its own functions, and array_api_compat's where they differ from the standard.

NumPy follows the standard since 2.1 but for the names below. ``array_api_compat.numpy`` mends those, and loads nearly
all of NumPy's rarer parts, which takes as long as NumPy itself: so it is loaded when one of them is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from polyflow.errors import BackendError, message

_MENDED = frozenset({
    "UniqueAllResult", "UniqueCountsResult", "UniqueInverseResult", "__array_api_version__", "__array_namespace_info__",
    "argsort", "clip", "count_nonzero", "cumulative_prod", "cumulative_sum", "fft", "finfo", "iinfo", "linalg",
    "nonzero", "sign", "sort", "std", "take_along_axis", "tensordot", "unique_all", "unique_counts", "unique_inverse",
    "unique_values", "var",
})  # fmt: skip
"""Other keywords, defaults, dtypes or kinds of results than the standard's."""


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: str | None = None) -> Any:
    """The elements as ``dtype``, of a NumPy scalar too, which ``numpy.astype`` refuses.

    >>> from polyflow_numpy import namespace
    >>> int(namespace.astype(namespace.float64(2.5), "int64"))
    2
    """
    if device not in (None, "cpu"):
        raise BackendError(message(f"NumPy has no device {device!r}", needed="'cpu', or None"))
    return x.astype(dtype, copy=copy)


def __dir__() -> list[str]:
    """What there is, loaded or not."""
    return sorted({*globals(), *dir(np), *_MENDED})


def __getattr__(name: str) -> Any:
    if name in _MENDED:
        found = getattr(import_module("array_api_compat.numpy"), name)
    elif name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        found = getattr(np, name)
    globals()[name] = found
    return found
