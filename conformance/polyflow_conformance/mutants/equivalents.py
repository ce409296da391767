"""Mutants that no check can kill, since nothing that anybody could see is wrong with them, each with the reason.

    [[equivalent]]
    mutant = "reversed/ones"
    reason = "all elements are equal"

The file is ``equivalents.toml`` beside this module; ``mutant`` is a name as a hunt prints it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from polyflow.errors import ValueRangeError, message

FILE = Path(__file__).parent / "equivalents.toml"
_KEYS = {"mutant", "reason"}


def read_equivalents(path: Path = FILE) -> dict[str, str]:
    """By the name of the mutant, why it is one in name only.

    Raises ``ValueRangeError`` for an entry without a reason, or with anything else.
    """
    found: dict[str, str] = {}
    for number, entry in enumerate(tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])):
        if set(entry) != _KEYS or not all(isinstance(each, str) and each for each in entry.values()):
            raise ValueRangeError(
                message(
                    f"{path.name}: entry {number} is no equivalent mutant",
                    found=repr(entry),
                    needed="mutant and reason, both texts",
                )
            )
        found[entry["mutant"]] = entry["reason"]
    return found
