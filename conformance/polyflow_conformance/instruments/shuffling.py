"""The pass behind the backend ``strict``: the operations of a program in another order that is as legal."""

from __future__ import annotations

import random

from polyflow.core.nested import has_effect
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension.passes import PassContext


class Shuffle:
    """Reorders programs, but no others than those of ``strict``.

    What reads a value comes after what makes it, and operations that do something besides giving a result keep their
    order; anything else is drawn, from a seed that is the length of the program.
    """

    name = "shuffle"
    stage = "lower"
    backend = "strict"

    def __call__(self, program: Program, context: PassContext) -> Program:
        """The program in another order."""
        return Program(program.parameters, shuffled(program.operations, len(program)), program.results)


def shuffled(operations: tuple[Operation, ...], seed: int) -> tuple[Operation, ...]:
    """The operations in an order that is drawn from all legal ones."""
    generator = random.Random(seed)
    made = {each for operation in operations for each in operation.outputs}
    readers: dict[Tensor, list[int]] = {}
    waits = []
    latest: int | None = None
    followers: dict[int, list[int]] = {}
    for place, operation in enumerate(operations):
        needed = {each for each in operation.inputs if each in made}
        for each in needed:
            readers.setdefault(each, []).append(place)
        count = len(needed)
        if has_effect(operation):
            if latest is not None:
                followers.setdefault(latest, []).append(place)
                count += 1
            latest = place
        waits.append(count)
    ready = [place for place, count in enumerate(waits) if not count]
    found = []
    while ready:
        chosen = generator.randrange(len(ready))
        ready[chosen], ready[-1] = ready[-1], ready[chosen]
        place = ready.pop()
        found.append(operations[place])
        later = [one for each in operations[place].outputs for one in readers.get(each, ())]
        for one in [*later, *followers.get(place, ())]:
            waits[one] -= 1
            if not waits[one]:
                ready.append(one)
    return tuple(found)
