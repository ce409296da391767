"""All operators, the mutants that they make, which of them a hunt goes for, and the one that the environment names."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from typing import Any

from polyflow.errors import ValueRangeError, message, nearest
from polyflow.extension import Backend
from polyflow.extension.manager import extensions
from polyflow_conformance.instruments.wrapping import default_backend
from polyflow_conformance.mutants import (
    call_faults,
    executor_faults,
    hook_faults,
    memory_faults,
    process_faults,
    program_faults,
    result_faults,
    rule_faults,
    session_faults,
    state_faults,
    stream_faults,
)
from polyflow_conformance.mutants.mutant import Faulty, Mutant, Operator, World
from polyflow_conformance.process_settings import MUTANT

OPERATORS: tuple[Operator, ...] = (
    *result_faults.OPERATORS, *call_faults.OPERATORS, *memory_faults.OPERATORS, *rule_faults.OPERATORS,
    *program_faults.OPERATORS, *hook_faults.OPERATORS, *state_faults.OPERATORS, *stream_faults.OPERATORS,
    *session_faults.OPERATORS, *executor_faults.OPERATORS, *process_faults.OPERATORS,
)  # fmt: skip

FEW = 12
"""Up to so many mutants of one operator are all hunted: they are faults of steps, of which each is another one."""

_kept = ExitStack()


def world_of_default() -> World:
    """The world of the default backend and of what is installed."""
    return World(default_backend(), extensions())


def mutants_of(world: World, names: Sequence[str] = ()) -> dict[str, list[Mutant]]:
    """All mutants, by operator; of the operators named only, where any are."""
    return {
        each.name: list(each.faults(world, each.name)) for each in OPERATORS if not names or each.name in set(names)
    }


def drawn(mutants: dict[str, list[Mutant]], count: int, seed: int, first: Collection[str] = ()) -> list[Mutant]:
    """So many of them: ``first`` those of these names; of operators that make few, all; of the others one each in
    turn, of ops not drawn yet before others."""
    generator = random.Random(seed)
    found = [each for some in mutants.values() for each in some if each.id in first][:count]
    left = {
        name: [each for each in generator.sample(some, len(some)) if each.id not in first]
        for name, some in mutants.items()
    }
    met = Counter(each.op for each in found)
    for some in left.values():
        if len(some) <= FEW:
            found += some[: max(count - len(found), 0)]
            some.clear()
    while len(found) < count and any(left.values()):
        for some in left.values():
            if some and len(found) < count:
                chosen = min(range(len(some)), key=lambda place: (met[some[place].op] if some[place].op else 0, place))
                mutant = some.pop(chosen)
                met[mutant.op] += 1
                found.append(mutant)
    return found


def find_mutant(world: World, name: str) -> Mutant:
    """The mutant of that name; ``ValueRangeError`` where no operator makes it."""
    operator = name.partition("/")[0]
    known = {each.id: each for some in mutants_of(world, [operator]).values() for each in some}
    if name not in known:
        needed = (
            nearest(name, known) if known else f"an operator: {nearest(operator, [each.name for each in OPERATORS])}"
        )
        raise ValueRangeError(message("no operator makes such a mutant", found=repr(name), needed=needed))
    return known[name]


def named_by_environment() -> Backend:
    """The backend with the fault that ``POLYFLOW_MUTANT`` names, planted for good; a sound one where it names none."""
    world, name = world_of_default(), os.environ.get(MUTANT, "")
    process_faults.IS_ALONE[0] = True
    found: Any = _kept.enter_context(find_mutant(world, name).plant(world.sound)) if name else Faulty(world.sound)
    backend: Backend = found
    return backend
