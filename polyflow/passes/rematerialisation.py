"""Rematerialisation: values that nobody reads for a long time are freed, and computed once more where they are read.

Which values: as in the compilers' passes of that name (XLA's ``HloRematerialization``), a walk in the order of the
program frees, wherever too much is alive, the value with the best ratio of bytes times the root of its lifetime to the
work of computing it anew. That work is the work of all that has to be computed anew with it, so that what is kept and
what is not alternate, and stretches grow as memory gets scarcer: on a chain these are the segments of Chen et al.,
"Training deep nets with sublinear memory cost" (2016). A gradient comes to the oldest of them last, when the memory of
all others is free again: with j of them kept behind it a stretch may be of j values, and j grows with the root of its
lifetime. What was computed anew may be freed again in a later round.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from math import inf, sqrt
from typing import NamedTuple

from polyflow.core.declaration import Op, Trait
from polyflow.core.nested import every_operation, has_effect
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation, Tensor
from polyflow.passes.keeping_apart import kept_apart
from polyflow.passes.liveness import Liveness, bytes_of, gaps, inner_bytes

ROUNDS = 16
"""Rounds in which values are chosen, all that fit in one go."""
PATIENCE = 2
"""Rounds in a row that do not lower the peak, after which there is no more."""
LONGEST = 400
"""Operations that may be computed anew for the sake of one value."""
EFFORT = 200
"""Operations that one walk looks at, for each of the program, to find out what it takes to compute values anew."""
MOST = 4
"""By what the operations of a program may be multiplied."""
SMALL = 16
"""Operations of the body of a branch or call that may be computed anew."""
_BOUND = Trait.EFFECT | Trait.HOST | Trait.ELSEWHERE
_OVERHEAD = 256
"""What calling a kernel costs, in elements that one would have gone over."""


class Remade(NamedTuple):
    """A program in which values are computed anew."""

    program: Program
    anew: tuple[Operation, ...]
    """What is computed anew, once for each time, those inside of loops once for each time of an iteration."""
    peak: int


def rematerialised(program: Program, limit: int, call: Op | None = None) -> Remade:
    """``program`` with values computed anew, so that at most ``limit`` bytes are alive, or as few as can be had.

    For a compiler, what is computed anew is put inside of ``call``.
    """
    program, inside = _with_smaller_bodies(program, limit, call)
    names = {each.name for each in (*(x.operation for x in program.parameters), *program.operations)}
    most = MOST * len(program) + LONGEST
    sources: dict[str, Operation] = {}
    life = Liveness(program)
    best, lowest, in_vain = program, life.peak, 0
    for _ in range(ROUNDS):
        chosen = _chosen(life, limit) if lowest > limit and in_vain < PATIENCE else {}
        if not chosen:
            break
        program = _Writer(life, chosen, sources, names).program()
        if len(program) > most:
            break
        life = Liveness(program)
        in_vain += 1
        if life.peak < lowest:
            best, lowest, in_vain = program, life.peak, 0
    anew = {each.name: sources[each.name] for each in best.operations if each.name in sources}
    if call is not None and anew:
        best = kept_apart(best, anew, call)
        lowest = Liveness(best).peak  # a call holds its operands to its end
    return Remade(best, (*anew.values(), *inside), lowest)


def _with_smaller_bodies(program: Program, limit: int, call: Op | None) -> tuple[Program, list[Operation]]:
    """``program`` with values computed anew in the bodies of loops during which too much is alive; and these values."""
    life = Liveness(program)
    anew: list[Operation] = []
    changed: dict[str, Operation] = {}
    for operation, alive in zip(program.operations, life.profile, strict=False):
        if alive > limit and "carried" in operation.attributes and operation.op.is_nested:
            body: Program = operation.attributes["body"]
            room = limit - alive + inner_bytes(operation) + sum(bytes_of(each.type) for each in body.parameters)
            made = rematerialised(body, room, call)
            if made.anew:
                changed[operation.name] = operation.changed(attributes={**operation.attributes, "body": made.program})
                anew += made.anew
    if not changed:
        return program, anew

    def inside(rewriter: Rewriter, operation: Operation) -> Replacement:
        made = changed.get(operation.name)
        return None if made is None else rewriter.keep(made.changed(inputs=operation.inputs))

    return rewrite(program, inside), anew


# -- which values


Chosen = dict[Tensor, int]
"""By value that is to be freed, the last place where it is read before that."""


def _chosen(life: Liveness, limit: int) -> Chosen:
    """The values to free, so that no more than ``limit`` bytes are alive as far as the walk can tell."""
    choice = _Choice(life)
    opening: dict[int, list[_Stretch]] = {}
    for tensor, places in life.read.items():
        if tensor not in life.results and bytes_of(tensor.type) and choice.work(tensor.operation):
            for start, stop in gaps(places):
                opening.setdefault(start + 1, []).append(_Stretch(tensor, bytes_of(tensor.type), start, stop))
    back = [0] * (len(life.program) + 2)
    freed = 0
    numbers = itertools.count()
    heap: list[tuple[float, int, _Stretch]] = []
    for place in range(len(life.program)):
        freed -= back[place]
        for each in opening.get(place, ()):
            heapq.heappush(heap, (-each.score(choice.work(each.tensor.operation)), next(numbers), each))
        while life.profile[place] - freed > limit and heap:
            _, number, each = heapq.heappop(heap)
            if each.stop <= place or each.tensor in choice.chosen:
                continue
            next_best = -heap[0][0] if heap else 0.0
            score = each.score(choice.work_anew(each, next_best))
            if score and score < next_best:  # known better by now, or lower since others have been chosen
                heapq.heappush(heap, (-score, number, each))
            elif score:
                choice.chosen[each.tensor] = each.start
                freed += each.size
                back[each.stop] += each.size
    return choice.chosen


class _Stretch(NamedTuple):
    """A value that nobody reads between two places."""

    tensor: Tensor
    size: int
    start: int
    stop: int

    def score(self, work: int) -> float:
        """What is saved by work; 0 where there is no work that computes the value anew."""
        return self.saved / work if work else 0.0

    @property
    def saved(self) -> float:
        """Bytes times the root of the lifetime."""
        return self.size * sqrt(self.stop - self.start)


class _Choice:
    """What has been chosen in one walk, and what it takes to compute values anew."""

    def __init__(self, life: Liveness) -> None:
        self.chosen: Chosen = {}
        self._life = life
        self._works: dict[Operation, int] = {}
        self._left = EFFORT * len(life.program)

    def work(self, operation: Operation) -> int:
        """The work of ``operation`` alone; 0 where it cannot run once more."""
        found = self._works.get(operation)
        if found is None:
            found = self._works[operation] = _work(operation) if _is_repeatable(operation) else 0
        return found

    def work_anew(self, stretch: _Stretch, next_best: float) -> int:
        """The work of computing a value at the end of its stretch, with all that it needs and that is not there then.

        Not all of it, where the score is below ``next_best`` in any case; 0 where it cannot be done.
        """
        enough = stretch.saved / next_best if next_best else inf
        first = stretch.tensor.operation
        waiting, seen, total = [first], {first}, 0
        while waiting and total <= enough:
            current = waiting.pop()
            work = self.work(current)
            if not work or len(seen) > LONGEST or self._left < 0:
                return 0
            total += work
            self._left -= 1
            for each in current.inputs:
                if each.operation not in seen and not self._is_there(each, stretch.stop):
                    seen.add(each.operation)
                    waiting.append(each.operation)
        return total

    def _is_there(self, tensor: Tensor, place: int) -> bool:
        for each in self._life.holds(tensor):
            if self._life.read[each][-1] < place or (each in self.chosen and place > self.chosen[each]):
                return False
        return True


def _is_repeatable(operation: Operation) -> bool:
    """Whether running ``operation`` once more gives the same values and does nothing else."""
    if operation.op.traits & _BOUND:
        return False
    if not operation.op.is_nested:
        return True
    if "carried" in operation.attributes or has_effect(operation):
        return False
    inside = list(every_operation(Program((), (operation,), ())))
    return len(inside) <= SMALL and not any(each.op.traits & _BOUND for each in inside)


def _work(operation: Operation) -> int:
    """The work of an operation, in elements that an elementwise one would go over: an estimate by its traits."""
    made = sum(each.type.size or 0 for each in operation.outputs)
    read = sum(each.type.size or 0 for each in operation.inputs)
    traits = operation.op.traits
    if Trait.ELEMENTWISE in traits:
        return _OVERHEAD + made
    if Trait.VIEW in traits and Trait.NESTED not in traits:
        return _OVERHEAD + (0 if len(operation.inputs) == 1 else made)
    if Trait.ASSOCIATIVE in traits:  # a product of matrices, by the size of what is summed
        return _OVERHEAD + made * (operation.inputs[0].type.known_shape[-1] or 1) // 8
    return _OVERHEAD + (8 if len(operation.inputs) < 2 else 64) * (made + read)


# -- the new program


class _Writer:
    """Writes a program anew in which the values ``chosen`` are freed, and computed once more where they are read."""

    def __init__(self, life: Liveness, chosen: Chosen, sources: dict[str, Operation], names: set[str]) -> None:
        self._life = life
        self._chosen = chosen
        self._sources = sources
        self._names = names
        self._operations: list[Operation] = []
        self._early: dict[Tensor, Tensor] = {}
        """What stands for a value before it is freed."""
        self._late: dict[Tensor, Tensor] = {}
        """What stands for it afterwards, once it has been computed anew."""

    def program(self) -> Program:
        """The new program."""
        old = self._life.program
        for place, operation in enumerate(old.operations):
            inputs = [self._value(each, place) for each in operation.inputs]
            if any(a is not b for a, b in zip(inputs, operation.inputs, strict=True)):
                made = operation.changed(inputs=inputs)
                self._early.update(zip(operation.outputs, made.outputs, strict=True))
                operation = made
            self._operations.append(operation)
        end = len(old.operations)
        results = tuple([self._value(each, end) for each in old.results])
        return Program(old.parameters, tuple(self._operations), results)

    def _value(self, tensor: Tensor, place: int) -> Tensor:
        """What stands for ``tensor`` at ``place``; all that is missing is computed first."""
        if self._has_been_freed(tensor, place):
            if tensor not in self._late:
                self._compute(tensor.operation, place)
            return self._late[tensor]
        return self._early.get(tensor, tensor)

    def _has_been_freed(self, tensor: Tensor, place: int) -> bool:
        """Whether ``tensor``, made before, or what it is a view of, was to be freed before ``place``."""
        chosen = self._chosen
        made = self._life.made.get(tensor, -1)
        return any(made <= chosen[each] < place for each in self._life.holds(tensor) if each in chosen)

    def _compute(self, operation: Operation, place: int) -> None:
        """Compute the results of ``operation`` once more at ``place``, and before it what it needs and is not there."""
        passing: dict[Tensor, Tensor] = {}  # what is read here and nowhere else afterwards
        waiting = [operation]
        while waiting:
            current = waiting[-1]
            missing = [
                each.operation
                for each in current.inputs
                if each not in self._late and each not in passing and not self._is_at_hand(each, place)
            ]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if all(each in self._late or each in passing for each in current.outputs):
                continue
            made = self._again(current, [self._found(each, place, passing) for each in current.inputs])
            for old, new in zip(current.outputs, made.outputs, strict=True):
                target = self._late if self._has_been_freed(old, place) else passing
                target.setdefault(old, new)

    def _is_at_hand(self, tensor: Tensor, place: int) -> bool:
        return not self._has_been_freed(tensor, place) and self._life.is_there(tensor, place)

    def _found(self, tensor: Tensor, place: int, passing: Mapping[Tensor, Tensor]) -> Tensor:
        if self._has_been_freed(tensor, place):
            return self._late[tensor]
        return passing[tensor] if tensor in passing else self._early.get(tensor, tensor)

    def _again(self, operation: Operation, inputs: Sequence[Tensor]) -> Operation:
        """``operation`` once more, on ``inputs``, under a name that nothing has."""
        source = self._sources.get(operation.name, operation)
        number = 1
        while (name := f"{source.name}/again_{number}") in self._names:
            number += 1
        self._names.add(name)
        self._sources[name] = source
        made = Operation(
            operation.op,
            name,
            tuple(inputs),
            operation.attributes,
            tuple([each.type for each in operation.outputs]),
            control_inputs=operation.control_inputs,
            device=operation.device,
            location=operation.location,
            position=operation.position,
            origin=operation.origin,
        )
        self._operations.append(made)
        return made
