"""Which items of the kit use what: the kernels that they call, the rules that they read.

A fault of something that an item does not use cannot be seen by that item, so that a mutant needs to meet no others.
What is used is told as ``kernel:add``, ``gradient:add`` and ``rule:add``, what stands in a program that is run as
``op:add``, the steps of polyflow by where they are; settings of the process, which are looked at in a process of its
own, as ``setting``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any

from polyflow.core.nested import every_operation
from polyflow.core.program import Program
from polyflow.extension import Backend
from polyflow.extension.passes import PassContext
from polyflow_conformance.kit import Item
from polyflow_conformance.mutants.mutant import NAME, Faulty, Mutant, Step, World
from polyflow_conformance.mutants.patching import patched
from polyflow_conformance.results import FAILED

SETTINGS = "settings_of_the_process_are_left_alone"


@dataclass
class Coverage:
    """By item, what it uses and how long it takes."""

    uses: dict[str, frozenset[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def seers(self, mutant: Mutant, items: Sequence[Item]) -> list[Item]:
        """The items that can see the mutant, the cheapest first."""
        found = [each for each in items if not mutant.touches or mutant.touches & self.uses.get(each.id, frozenset())]
        if mutant.touches or mutant.op:
            found = [each for each in found if each.subject != SETTINGS or "setting" in mutant.touches]
        return sorted(found, key=lambda each: self.seconds.get(each.id, 0.0))


@dataclass(frozen=True)
class _Looking:
    """A pass that changes nothing, and notes what stands in a program."""

    used: set[str]
    stage: str = "lower"
    name: str = "looking"
    backend: str = NAME

    def __call__(self, program: Program, context: PassContext) -> Program:
        self.used.update(f"op:{each.op.full_name}" for each in every_operation(program))
        return program


def measured(
    world: World,
    items: Sequence[Item],
    failed: Callable[[Item, Any], None] | None = None,
    steps: Iterable[Step] = (),
) -> Coverage:
    """Run all items on the sound backend and take down what each uses, ``steps`` among it; ``failed`` hears of what
    fails even so."""
    used: set[str] = set()
    found = Coverage()
    with ExitStack() as stack:
        backend = recording(world.sound, used)
        stack.enter_context(patched(world.extensions, "passes", (*world.extensions.passes, _Looking(used))))
        for step in dict.fromkeys(steps):
            sound = getattr(step.owner, step.name)
            stack.enter_context(patched(step.owner, step.name, _noting(used, step.word, sound)))
        for name, op in world.extensions.ops.items():
            for rule, what in (("gradient_rule", "gradient"), ("rule", "rule")):
                sound = getattr(op, rule)
                if sound is not None and (rule != "rule" or op.signature):
                    stack.enter_context(patched(op, rule, _noting(used, f"{what}:{name}", sound)))
        for item in items:
            used.clear()
            start = time.process_time()
            results = item.run(backend)
            found.seconds[item.id] = time.process_time() - start
            found.uses[item.id] = frozenset({*used, "setting"} if item.subject == SETTINGS else used)
            for each in results:
                if each.status == FAILED and failed is not None:
                    failed(item, each)
    return found


def recording(sound: Backend, used: set[str]) -> Any:
    """The sound backend, whose kernels note that they are called."""
    from polyflow.extension.kernels import find_kernel
    from polyflow.extension.manager import extensions

    kernels = {}
    for name, op in extensions().ops.items():
        kernel = find_kernel(op, sound)
        if kernel is not None:
            kernels[name] = _noting(used, f"kernel:{name}", kernel)
    return Faulty(sound, kernels)


def _noting(used: set[str], what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arguments: Any, **options: Any) -> Any:
        used.add(what)
        return function(*arguments, **options)

    return update_wrapper(run, function) if hasattr(function, "__name__") else run
