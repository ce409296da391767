"""The levels of the kit: what is proved, from single ops to devices."""

from __future__ import annotations

from collections.abc import Sequence

from polyflow.core.declaration import Op
from polyflow.errors import ValueRangeError, message, nearest

LEVELS = {
    "core": "values, types, memory and special cases of all ops but those of the next levels",
    "linalg": "the same of linear algebra",
    "fft": "the same of Fourier transforms",
    "autodiff": "reverse mode of first and second order, forward mode",
    "control": "loops and branches: values, derivatives, the same under every executor and without passes",
    "state": "variables: order, branches, loops, sessions side by side",
    "random": "the bits of every distribution, keys and streams",
    "errors": "calls that must be refused, and how",
    "devices": "devices, copies, threads, memory over many runs, settings of the process",
}
"""The levels, in the order in which they run, and what each is about."""
ALL = "all"


def chosen_levels(names: Sequence[str]) -> tuple[str, ...]:
    """The levels named, in the order of the kit; ``ValueRangeError`` for a name that is none.

    >>> chosen_levels(["state", "core"]), len(chosen_levels(["all"]))
    (('core', 'state'), 9)
    """
    for name in names:
        if name not in LEVELS and name != ALL:
            raise ValueRangeError(
                message("the kit has no such level", found=name, needed=nearest(name, [*LEVELS, ALL]))
            )
    return tuple(each for each in LEVELS if each in names or ALL in names)


def level_of(op: Op) -> str:
    """The level that proves the values of ``op``."""
    return op.namespace if op.namespace in ("linalg", "fft", "random") else "core"
