"""Files that a command is to write when its work is done: whether they can be, asked before it starts."""

from __future__ import annotations

import os
from pathlib import Path

from polyflow.errors import ValueRangeError, message


def check_writable(path: Path | None) -> None:
    """Refuse ``path`` if no file can be written there; nothing is written.

    >>> check_writable(Path("no/such/folder/report.json"))
    Traceback (most recent call last):
    polyflow.errors.ValueRangeError: no/such/folder/report.json cannot be written
      found:   there is no folder no/such/folder
      needed:  a file in a folder that is there

    Raises ``ValueRangeError`` where the folder is missing, ``path`` is a folder, or writing is not allowed.
    """
    if path is None:
        return
    found = None
    if path.is_dir():
        found = "it is a folder"
    elif not path.parent.is_dir():
        found = f"there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        found = "it is not allowed"
    if found is not None:
        raise ValueRangeError(
            message(f"{path} cannot be written", found=found, needed="a file in a folder that is there")
        )
