"""The garbage collector while many objects are made that stay, such as those of a program."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PORTION = 250_000
"""New objects after which the collector looks at them; after Python's 700 it would walk a large graph dozens of times
while a plan of it is made, and find nothing: a quarter of the time that the plan takes."""


class _Patience:
    """Who has asked for it, in all threads together, and the thresholds to return to."""

    lock = threading.Lock()
    count = 0
    before = after = (0, 0, 0)


@contextmanager
def larger_portions() -> Iterator[None]:
    """While this context lasts, the collector looks at new objects in larger portions; what it finds is the same."""
    with _Patience.lock:
        _Patience.count += 1
        if _Patience.count == 1:
            _Patience.before = first, *rest = gc.get_threshold()
            gc.set_threshold(max(first, PORTION) if first else 0, *rest)  # 0 is for never
            _Patience.after = gc.get_threshold()
    try:
        yield
    finally:
        with _Patience.lock:
            _Patience.count -= 1
            if not _Patience.count and gc.get_threshold() == _Patience.after:  # nobody has set others meanwhile
                gc.set_threshold(*_Patience.before)
