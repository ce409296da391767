"""Operators on executors: tokens that get lost, programs that disturb each other, threads that stay.

The backend is sound; polyflow is not, or what it compiles.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from polyflow.extension import Backend
from polyflow.runtime import dataflow_frames, dataflow_run
from polyflow_conformance.mutants.hook_faults import negated
from polyflow_conformance.mutants.mutant import Faulty, Mutant, Operator, Step, World, of_steps
from polyflow_conformance.mutants.patching import patched


def _tokens(world: World, operator: str) -> Iterator[Mutant]:
    frames = dataflow_frames.FrameRun
    settle = frames.settle

    def once(self: Any, route: Any, value: Any) -> None:
        """What does not change in a loop comes to the iterations that have begun, and to no other."""

    def doubled(self: Any, route: Any, value: Any) -> None:
        is_number = getattr(getattr(value, "dtype", None), "kind", "") == "f"
        settle(self, route, value + value if is_number else value)

    yield from of_steps(
        operator,
        {
            "what a loop reads comes once": [(frames, "settle", once)],
            "what a loop reads is another in later iterations": [(frames, "settle", doubled)],
        },
    )


# -- programs at once


def _at_once(world: World, operator: str) -> Iterator[Mutant]:
    """Programs that are wrong while they, or others, run in another thread."""
    for target, is_disturbed in {
        "the same program": lambda mine, running: running.count(mine) > 1,
        "another program": lambda mine, running: len(set(running)) > 1,
    }.items():
        yield Mutant(operator, target, partial(_disturbed, is_disturbed), is_of_process=True)


@contextmanager
def _disturbed(is_disturbed: Any, sound: Backend) -> Iterator[Any]:
    running: list[object] = []

    def compile(function: Any, request: Any) -> Any:
        honest, mine = sound.compile(function, request), object()

        def run(*arguments: Any) -> Any:
            running.append(mine)
            try:
                time.sleep(1e-4)
                found = honest(*arguments)
                return negated(sound, found) if is_disturbed(mine, list(running)) else found
            finally:
                running.remove(mine)

        return run

    yield Faulty(sound, compile=compile)


# -- threads that stay


def _threads(world: World, operator: str) -> Iterator[Mutant]:
    step = Step(dataflow_run.DataflowRun, "_end")
    yield Mutant(
        operator, "of a dataflow run", _staying, touches=frozenset({step.word}), steps=(step,), is_of_process=True
    )


@contextmanager
def _staying(sound: Backend) -> Iterator[Any]:
    over = threading.Event()
    end = dataflow_run.DataflowRun._end

    def not_quite(self: Any) -> None:
        end(self)
        threading.Thread(target=over.wait, daemon=True).start()

    with patched(dataflow_run.DataflowRun, "_end", not_quite):
        yield Faulty(sound)
    over.set()


OPERATORS = (
    Operator("wrong tokens", "of the dataflow executor, in loops", _tokens),
    Operator("disturbed", "programs that run at once", _at_once),
    Operator("thread left", "when a run is over", _threads),
)
