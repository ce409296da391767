"""Liveness: how many bytes the values of a program take while it runs operation by operation, in its order.

The model is that of the straight executor: what an operation reads and what it makes are alive together, and a value is
freed behind the last operation that reads it. Parameters and constants count from the beginning to the end, results
from where they are made to the end. What a kernel allocates for itself and frees is not counted, nor is a value whose
size depends on data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from polyflow.core.declaration import Trait
from polyflow.core.nested import bodies
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType

BLOCK, BLOCKS = 1 << 18, 1 << 22
"""Bytes of each of its values that a fused operation holds while it runs: half an array, but so many at least, the
block of one thread, and at most, the blocks of all."""


def bytes_of(type: TensorType) -> int:
    """The bytes of a value; 0 where they depend on data."""
    return 0 if type.size is None else type.size * type.known_dtype.itemsize


class Liveness:
    """Where each value of a program is made, read and freed, and the bytes that are alive at each operation.

    A view shares the memory of what it is a view of, and keeps it alive: both are *held* while one of them is.
    """

    def __init__(self, program: Program, has_own_results: bool = True) -> None:
        self.program = program
        self.made: dict[Tensor, int] = {}
        """By value, the place of the operation that makes it."""
        self.read: dict[Tensor, list[int]] = {}
        """By value that has memory of its own, the places where it or a view of it is made or read, ascending."""
        self._holds: dict[Tensor, tuple[Tensor, ...]] = {}
        """By value, those whose memory is held while it is alive, its own among them."""
        self.lasting = set(program.parameters)
        """What is alive from the beginning to the end."""
        end = len(program.operations)
        for place, operation in enumerate(program.operations):
            for each in operation.inputs:
                self._note(each, place)
            for each in operation.outputs:
                self.made[each] = place
                if operation.op is constant_op:
                    self.lasting.add(each)
                else:
                    self._holds[each] = self._held_by(operation, each)
                    self._note(each, place)
        self.results: set[Tensor] = set()
        """Values with memory of their own that are, or are seen through, results."""
        for each in program.results:
            self._note(each, end)
            self.results.update(self.holds(each))
        always = sum(bytes_of(each.type) for each in self.lasting)
        changes = [0] * (end + 2)
        for each, places in self.read.items():
            if has_own_results or each not in self.results:
                size = bytes_of(each.type)
                changes[places[0]] += size
                changes[places[-1] + 1] -= size
        self.profile: list[int] = []
        """The bytes alive at each operation, what nested programs need for themselves included; then at the end."""
        alive = always
        for place in range(end + 1):
            alive += changes[place]
            inside = inner_bytes(program.operations[place]) if place < end else 0
            self.profile.append(alive + inside)

    @property
    def peak(self) -> int:
        """The most bytes that are alive at one operation."""
        return max(self.profile)

    def holds(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """The values whose memory is held while ``tensor`` is alive; none for what lasts."""
        return self._holds.get(tensor, ())

    def is_there(self, tensor: Tensor, place: int) -> bool:
        """Whether an operation at ``place``, behind the one that makes ``tensor``, can read it without holding longer
        what is freed before."""
        return all(self.read[each][-1] >= place for each in self.holds(tensor))

    def alive(self, place: int) -> list[Tensor]:
        """The values with memory of their own that are alive at ``place``, the largest first; what lasts is among
        them."""
        found = [each for each, places in self.read.items() if places[0] <= place <= places[-1]]
        return sorted((*self.lasting, *found), key=lambda each: (-bytes_of(each.type), each.name))

    def _note(self, tensor: Tensor, place: int) -> None:
        for each in self.holds(tensor):
            places = self.read.setdefault(each, [])
            if not places or places[-1] != place:
                places.append(place)

    def _held_by(self, operation: Operation, tensor: Tensor) -> tuple[Tensor, ...]:
        if not _shares(operation, tensor):
            return (tensor,)
        source = operation.inputs[0]
        base = self.holds(source)
        is_first = source in self.lasting or (len(base) == 1 and base[0] is source)
        # A view of a view may be a copy, as where a transposed array is reshaped: it is counted as one.
        return base if is_first and _is_pure_view(operation, tensor) else (*base, tensor)


def _shares(operation: Operation, tensor: Tensor) -> bool:
    """Whether a result may lie in the memory of the first operand."""
    if not operation.inputs:
        return False
    traits = operation.op.traits
    is_same = Trait.IDENTITY in traits and operation.inputs[0].type == tensor.type
    return is_same or (Trait.VIEW in traits and not operation.op.is_nested)


def _is_pure_view(operation: Operation, tensor: Tensor) -> bool:
    """Whether a result that may share memory surely does: the same elements in another order or shape."""
    source = operation.inputs[0].type
    if operation.op.has_trait(Trait.IDENTITY):
        return operation.op.has_trait(Trait.VIEW) or source == tensor.type
    is_elementwise = operation.op.has_trait(Trait.ELEMENTWISE)
    return len(operation.inputs) == 1 and not is_elementwise and source.size == tensor.type.size


def inner_bytes(operation: Operation) -> int:
    """What the programs that ``operation`` runs need at most at one time, besides its operands and results."""
    if not operation.op.is_nested:
        return 0
    is_loop = "carried" in operation.attributes
    needs = [_besides_parameters(each, is_loop) for each in bodies(operation)]
    if operation.op.name == "fused":
        (body,) = bodies(operation)
        largest = max(bytes_of(each.type) for each in (*operation.inputs, *operation.outputs))
        held = min(max(BLOCK, largest // 2), BLOCKS, largest)
        # Blocks are cut out of flat arrays: one whose elements stand in another order is copied.
        views = [] if operation.attributes["by_rows"] else [x for x in set(operation.inputs) if _shares(x.operation, x)]
        copied = sum(bytes_of(each.type) for each in views)
        return copied + _besides_parameters(body, True) * held // max(largest, 1)
    return max(needs, default=0)


def _besides_parameters(program: Program, has_own_results: bool) -> int:
    peak = Liveness(program, has_own_results).peak
    return peak - sum(bytes_of(each.type) for each in set(program.parameters))


def gaps(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The stretches of a program, from one place to the next, in which a value is alive and nobody reads it."""
    for start, stop in pairwise(places):
        if stop - start > 1:
            yield start, stop
