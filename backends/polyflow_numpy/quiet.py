"""Running NumPy so that inf and nan are results, not warnings, without changing what other code sees."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

_umath: Any = np._core.umath  # type: ignore[attr-defined]
_setting: Any = getattr(_umath, "_extobj_contextvar", None)


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` under ``numpy.errstate(all="ignore")``."""
    if _setting is None:  # a NumPy that keeps its settings elsewhere
        return wraps(function)(partial(_under_errstate, function))
    # What errstate does, at a fifth of its cost: a call on a small array takes less time than entering errstate.
    enter, leave, ignored = _setting.set, _setting.reset, _umath._make_extobj(all="ignore")

    def run(*arguments: Any, **options: Any) -> Any:
        token = enter(ignored)
        try:
            return function(*arguments, **options)
        finally:
            leave(token)

    return run


def _under_errstate(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with np.errstate(all="ignore"):
        return function(*arguments, **options)
