"""Mutants that no check can kill, since nothing that anybody could see is wrong with them, each with the reason.

    [[equivalent]]
    operators = ["reversed", "other memory order"]
    targets = ["ones", "zeros"]
    reason = "all elements are equal"

The file is ``equivalents.toml`` beside this module. An entry is about all mutants of these operators and targets; the
target of an op stands for all of that op, so that ``"argmax"`` stands for ``argmax:0`` too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from polyflow.errors import ValueRangeError, message

FILE = Path(__file__).parent / "equivalents.toml"


@dataclass(frozen=True)
class Group:
    """Mutants that are equivalent for one reason."""

    operators: tuple[str, ...]
    targets: tuple[str, ...]
    reason: str

    def holds(self, name: str) -> bool:
        """Whether the mutant of that name is one of them.

        >>> group = Group(("reversed",), ("ones", "take:1"), "")
        >>> [group.holds(f"reversed/{each}") for each in ("ones", "ones:1", "ones_like", "take:0")]
        [True, True, False, False]
        """
        operator, _, target = name.partition("/")
        return operator in self.operators and not {target, target.partition(":")[0]}.isdisjoint(self.targets)


def read_equivalents(path: Path = FILE) -> list[Group]:
    """The groups of the file.

    Raises ``ValueRangeError`` for an entry without a reason, or with anything else.
    """
    found = []
    for number, entry in enumerate(tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])):
        if not _is_group(entry):
            raise ValueRangeError(
                message(
                    f"{path.name}: entry {number} is no group of equivalent mutants",
                    found=repr(entry),
                    needed="operators and targets, lists of texts, and a reason, a text",
                )
            )
        found.append(Group(tuple(entry["operators"]), tuple(entry["targets"]), entry["reason"]))
    return found


def _is_group(entry: dict[str, object]) -> bool:
    lists = [entry.get(key) for key in ("operators", "targets")]
    are_lists = all(isinstance(each, list) and each and all(isinstance(one, str) for one in each) for each in lists)
    return set(entry) == {"operators", "targets", "reason"} and are_lists and isinstance(entry["reason"], str)


def reasons(names: Iterable[str], groups: Iterable[Group]) -> dict[str, str]:
    """By the name of each of these mutants that is equivalent, why."""
    known = list(groups)
    found = {}
    for name in names:
        for group in known:
            if group.holds(name):
                found[name] = group.reason
    return found
