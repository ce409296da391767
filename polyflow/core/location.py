"""Where the user's program built an operation: the nearest line outside polyflow."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NamedTuple

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_NOT_THE_USERS = (_PACKAGE, contextlib.__file__)  # `with` on polyflow's context managers passes through contextlib


class Location(NamedTuple):
    """A line of a user's program."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def user_location() -> Location | None:
    """The innermost line on the stack that is not polyflow's own; ``None`` where there is none."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame = frame.f_back  # type: ignore[assignment]
    return None if frame is None else Location(frame.f_code.co_filename, frame.f_lineno)
