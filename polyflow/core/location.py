"""Where the user's program built an operation: the nearest line outside polyflow."""

from __future__ import annotations

import contextlib
import os
import sys
from types import CodeType
from typing import NamedTuple

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_NOT_THE_USERS = (_PACKAGE, contextlib.__file__)  # `with` on polyflow's context managers passes through contextlib
_MOST = 10_000
"""Files, and places in them, that are remembered."""


class Location(NamedTuple):
    """A line of a user's program."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class _Own(dict[str, bool]):
    """By file, whether it is polyflow's own."""

    def __missing__(self, file: str) -> bool:
        if len(self) >= _MOST:
            self.clear()
        found = self[file] = file.startswith(_NOT_THE_USERS)
        return found


_own = _Own()
_places: dict[tuple[int, int], tuple[CodeType, Location]] = {}
"""By the identity of code and the place in it; the code is kept, so that no other gets its identity."""


def user_location(skipped: int = 0) -> Location | None:
    """The innermost line on the stack that is not polyflow's own; ``None`` where there is none.

    That many frames, the caller's first, are ``skipped``: they are known to be polyflow's own.
    """
    frame = sys._getframe(1 + skipped)
    code = frame.f_code
    while _own[code.co_filename]:
        frame = frame.f_back  # type: ignore[assignment]
        if frame is None:
            return None
        code = frame.f_code
    place = id(code), frame.f_lasti  # a line number is found by reading all that the compiler noted of those before
    known = _places.get(place)
    if known is None:
        if len(_places) >= _MOST:
            _places.clear()
        known = _places[place] = code, Location(code.co_filename, frame.f_lineno)
    return known[1]
