"""Backends with others behind them, on which runs what they cannot do themselves."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.errors import BackendError, message
from polyflow.extension.backend import Backend


def with_fallback(backend: Backend, names: Sequence[str | Backend], find: Callable[[Any], Backend]) -> Backend:
    """``backend`` with those of ``names`` behind it, the first choice first; it shares everything else.

    ``find`` gives the backend of a name, and a backend as it is. Raises ``BackendError`` for one that is ``backend``
    itself, and for what is no sequence.
    """
    if not names:
        return backend
    if isinstance(names, str) or not isinstance(names, Sequence):
        remedy = f"fallback=[{names!r}]" if isinstance(names, str) else "fallback=['numpy']"
        raise BackendError(message("fallback", found=repr(names), needed="a sequence of backends", remedy=remedy))
    others = tuple([find(each) for each in names])
    found = [each.name for each in (backend, *others)]
    if len(set(found)) != len(found):
        raise BackendError(message("fallback: a backend is there twice", found=", ".join(found), needed="each once"))
    backed: Any = copy.copy(backend)
    backed.fallbacks = others  # no part of the contract: a backend need not know of it
    for name in ("guard", "copy", "to_literal"):
        setattr(backed, name, partial(_of_holder, name, (backend, *others)))
    return backed  # type: ignore[no-any-return]


def _of_holder(name: str, backends: Sequence[Backend], array: Any) -> Any:
    """The method of that name of the first among ``backends`` that ``array`` belongs to."""
    for each in backends:
        found = each.type_of(array)
        if found is not None and found.dtype in each.dtypes:
            return getattr(each, name)(array)
    return getattr(backends[0], name)(array)


def fallbacks_of(backend: Backend) -> tuple[Backend, ...]:
    """The backends behind ``backend``, the first choice first."""
    found: tuple[Backend, ...] = getattr(backend, "fallbacks", ())
    return found


def holder_of(dtype: DType, backend: Backend) -> Backend:
    """The backend that arrays of ``dtype`` live on: ``backend``, or the first one behind it that has the dtype."""
    return next((each for each in (backend, *fallbacks_of(backend)) if dtype in each.dtypes), backend)
