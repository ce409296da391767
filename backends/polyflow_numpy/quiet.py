"""Running NumPy so that inf and nan are results, not warnings, and without buffers where these cost more than they
save; without changing what other code sees."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

_umath: Any = np._core.umath  # type: ignore[attr-defined]
_setting: Any = getattr(_umath, "_extobj_contextvar", None)


LONG = 384
"""The shortest rows for which a ufunc that broadcasts takes less time without buffers. With them it first copies the
column, or the row, again and again, until there is one long run; that helps where rows are short."""
_FEWEST = 256
"""Elements of a buffer, fewer than those of long rows: a ufunc that need not convert then goes without."""


def quiet(function: Callable[..., Any], buffer: int | None = None) -> Callable[..., Any]:
    """``function`` under ``numpy.errstate(all="ignore")``, with buffers of so many elements where that is given."""
    if _setting is None:  # a NumPy that keeps its settings elsewhere
        return wraps(function)(partial(_under_errstate, function))
    # What errstate does, at a fifth of its cost: a call on a small array takes less time than entering errstate.
    settings: dict[str, Any] = {"all": "ignore"} if buffer is None else {"all": "ignore", "bufsize": buffer}
    enter, leave, ignored = _setting.set, _setting.reset, _umath._make_extobj(**settings)

    def run(*arguments: Any, **options: Any) -> Any:
        token = enter(ignored)
        try:
            return function(*arguments, **options)
        finally:
            leave(token)

    return run


def on_long_rows(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` for arrays whose rows are ``LONG`` or longer, in which ufuncs broadcast without buffers.

    >>> import numpy as np
    >>> from polyflow_numpy.quiet import on_long_rows
    >>> on_long_rows(np.subtract)(np.ones((2, 400)), np.ones((2, 1))).sum().item()
    0.0
    """
    return quiet(function, _FEWEST)


def _under_errstate(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with np.errstate(all="ignore"):
        return function(*arguments, **options)
