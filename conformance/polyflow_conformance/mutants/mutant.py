"""What a mutant is: a fault, by the operator that made it, that can be planted and taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import ModuleType
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DTYPES, DType
from polyflow.core.primitives import constant_op
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import PolyflowError
from polyflow.extension import Backend, Kernel
from polyflow.extension.kernels import find_kernel
from polyflow.extension.manager import Extensions
from polyflow_conformance.cases import special_cases, value_cases
from polyflow_conformance.mutants.derivatives import Derivative, derivative_of
from polyflow_conformance.mutants.patching import patched
from polyflow_conformance.running import GraphOfCases, outputs_of

NAME = "mutant"
"""The name of every backend with a planted fault."""


class Faulty:
    """A backend with kernels replaced, or with other attributes; everything else is the sound one's."""

    def __init__(self, sound: Backend, kernels: Mapping[str, Kernel] | None = None, **attributes: Any) -> None:
        self._sound = sound
        self.name = NAME
        self.kernels = {**sound.kernels, **(kernels or {})}
        for name, value in attributes.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # which copies ask for before there is a sound one
            raise AttributeError(name)
        return getattr(self._sound, name)


Plant = Callable[[Backend], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Step:
    """A function of polyflow that a fault replaces, by the module, class or op that has it."""

    owner: Any
    name: str

    @property
    def word(self) -> str:
        """How coverage tells that the step was made."""
        owner = self.owner
        path = owner.__name__ if isinstance(owner, ModuleType) else getattr(owner, "__qualname__", repr(owner))
        return f"step:{path}.{self.name}"


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    operator: str
    target: str
    """What the operator was applied to: an op, often with a place in it, a hook, or a step of a session."""
    plant: Plant = field(compare=False, repr=False)
    """Of a sound backend, a context in which there is the faulty one."""
    op: str = ""
    """The op that it is a fault of, whose items are run first."""
    touches: frozenset[str] = frozenset()
    """What an item must use to be able to see it, in the words of :mod:`coverage`; nothing where that is not known."""
    steps: tuple[Step, ...] = ()
    """The steps of polyflow that are replaced."""
    is_of_process: bool = False
    """Whether it shows in threads, over many runs or in settings, so that it meets the slow probes from the start."""

    @property
    def id(self) -> str:
        """Its name, by which ``-k`` and ``POLYFLOW_MUTANT`` select it."""
        return f"{self.operator}/{self.target}"


@dataclass(frozen=True)
class Operator:
    """A way to make faults: of everything that it fits, one fault each."""

    name: str
    summary: str
    faults: Callable[[World, str], Iterable[Mutant]] = field(repr=False)
    """The faults under its name."""


@dataclass
class World:
    """What faults are made of: a sound backend and the ops that are installed."""

    sound: Backend
    extensions: Extensions
    _profiles: dict[str, Profile] = field(default_factory=dict)
    _derivatives: dict[str, Derivative] = field(default_factory=dict)

    @cached_property
    def ops(self) -> dict[str, Op]:
        """Every op that has samples, by name."""
        return {name: op for name, op in self.extensions.ops.items() if op.sample_rule is not None}

    def kernel(self, name: str) -> Kernel | None:
        """The sound kernel of an op; ``None`` where no program calls one, or it does more than give a result."""
        op = self.extensions.ops[name]
        if op.expansion_rule is not None or op.has_trait(Trait.EFFECT) or op is constant_op:
            return None
        return find_kernel(op, self.sound)

    def profile(self, name: str) -> Profile:
        """What the op takes and gives in the cases that the kit has for it."""
        if name not in self._profiles:
            self._profiles[name] = _profile(self.ops[name], self.sound.dtypes)
        return self._profiles[name]

    def derivative(self, name: str) -> Derivative:
        """What derivative the op has in those cases."""
        if name not in self._derivatives:
            self._derivatives[name] = derivative_of(self.ops[name])
        return self._derivatives[name]


@dataclass
class Profile:
    """The types with which an op is called, and those of its results."""

    calls: list[tuple[tuple[TensorType, ...], tuple[TensorType, ...], Mapping[str, Any]]] = field(default_factory=list)
    """Operands, results, attributes."""

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of dtypes of results: bool, int, uint, float, complex."""
        return frozenset(each.known_dtype.kind for _, results, _ in self.calls for each in results)

    @cached_property
    def dtypes(self) -> list[DType]:
        """The dtypes of first results, in the order of the standard."""
        found = {results[0].known_dtype for _, results, _ in self.calls if results}
        return [each for each in DTYPES.values() if each in found]

    @cached_property
    def largest_rank(self) -> int:
        """The largest rank of a result."""
        return max((each.rank or 0 for _, results, _ in self.calls for each in results), default=0)

    @cached_property
    def result_count(self) -> int:
        """The largest number of results."""
        return max((len(results) for _, results, _ in self.calls), default=0)


def _profile(op: Op, dtypes: Iterable[DType]) -> Profile:
    found = Profile()
    wanted = [each for each in DTYPES.values() if each in set(dtypes)]
    for case in [*value_cases(op, wanted), *special_cases(op, wanted)]:
        graph = GraphOfCases()
        try:
            with graph.graph.as_default():
                results = outputs_of(case, graph)
        except PolyflowError:
            continue
        operation = next((each.operation for each in results if isinstance(each, Tensor)), None)
        if operation is None or operation.op is not op or any(each.dtype is None for each in results):
            continue
        found.calls.append(
            (
                tuple([each.type for each in operation.inputs]),
                tuple([each.type for each in results]),
                operation.attributes,
            )
        )
    return found


@contextmanager
def faulty(sound: Backend, kernels: Mapping[str, Kernel] | None = None, **attributes: Any) -> Iterator[Any]:
    """A backend with other kernels or attributes."""
    yield Faulty(sound, kernels, **attributes)


Replacement = tuple[Any, str, Any]
"""The owner of a step, its name there, and what takes its place."""


def of_steps(operator: str, table: Mapping[str, Sequence[Replacement]], **options: Any) -> Iterator[Mutant]:
    """A mutant for each entry: the sound backend in a polyflow of which some steps are others."""
    for target, replacements in table.items():
        steps = tuple([Step(owner, name) for owner, name, _ in replacements])
        touches = frozenset(each.word for each in steps)
        yield Mutant(operator, target, partial(replaced, replacements), touches=touches, steps=steps, **options)


@contextmanager
def replaced(replacements: Sequence[Replacement], sound: Backend) -> Iterator[Any]:
    """The sound backend, while attributes of something else are others."""
    with ExitStack() as stack:
        for owner, name, value in replacements:
            stack.enter_context(patched(owner, name, value))
        yield Faulty(sound)
