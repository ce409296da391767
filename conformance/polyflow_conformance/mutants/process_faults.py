"""Operators on what outlives a run: memory, objects, threads, and settings of the process."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from polyflow.extension import Backend
from polyflow.session import session
from polyflow_conformance.mutants.mutant import Faulty, Mutant, Operator, World
from polyflow_conformance.mutants.patching import patched
from polyflow_conformance.process_settings import MUTANT

IS_ALONE = [False]
"""Whether this process runs nothing but the mutant: settings of one that hunts are left alone."""


def _leaks(world: World, operator: str) -> Iterator[Mutant]:
    for target, keep in {"an object a run": _object, "bytes a run": _bytes}.items():
        yield Mutant(operator, target, partial(_keeping, keep), is_of_process=True)
    yield Mutant(operator, "closed sessions", _keeping_sessions, is_of_process=True)
    yield Mutant(operator, "a thread a program", _keeping_threads, is_of_process=True)


def _object(kept: list[Any], runs: int) -> None:
    if runs % 10 == 0:
        kept.append([runs])


def _bytes(kept: list[Any], runs: int) -> None:
    kept.append(bytes(200))


@contextmanager
def _keeping(keep: Callable[[list[Any], int], None], sound: Backend) -> Iterator[Any]:
    kept: list[Any] = []

    def compile(function: Any, request: Any) -> Any:
        honest, runs = sound.compile(function, request), [0]

        def run(*arguments: Any) -> Any:
            runs[0] += 1
            keep(kept, runs[0])
            return honest(*arguments)

        return run

    yield Faulty(sound, compile=compile)
    kept.clear()


@contextmanager
def _keeping_sessions(sound: Backend) -> Iterator[Any]:
    kept: list[Any] = []
    close = session.Session.close

    def closed(self: Any) -> None:
        kept.append((self, self.graph))
        close(self)

    with patched(session.Session, "close", closed):
        yield Faulty(sound)
    kept.clear()


@contextmanager
def _keeping_threads(sound: Backend) -> Iterator[Any]:
    end = threading.Event()

    def compile(function: Any, request: Any) -> Any:
        threading.Thread(target=end.wait, daemon=True).start()
        return sound.compile(function, request)

    yield Faulty(sound, compile=compile)
    end.set()


def _settings(world: World, operator: str) -> Iterator[Mutant]:
    changes: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
        "recursion limit": (lambda: _set(sys.getrecursionlimit, sys.setrecursionlimit, 5000), sys.setrecursionlimit),
        "switch interval": (lambda: _set(sys.getswitchinterval, sys.setswitchinterval, 0.01), sys.setswitchinterval),
        "random state": (lambda: _set(random.getstate, lambda _: random.seed(1), None), random.setstate),
        "environment": (
            lambda: os.environ.__setitem__("MUTANT_WAS_HERE", "1"), lambda _: os.environ.pop("MUTANT_WAS_HERE", None)),
        "warnings": (lambda: _set(lambda: warnings.filters[:], lambda _: warnings.simplefilter("ignore"), None),
                     lambda before: setattr(warnings, "filters", before)),
        "garbage collector": (lambda: _set(gc.get_threshold, lambda _: gc.set_threshold(900), None),
                              lambda before: gc.set_threshold(*before)),
        "working directory": (lambda: _set(os.getcwd, os.chdir, "/"), os.chdir),
    }  # fmt: skip
    for target, (change, undo) in changes.items():
        yield Mutant(
            operator,
            target,
            partial(_setting, f"{operator}/{target}", change, undo),
            touches=frozenset({"setting"}),
            is_of_process=True,
        )


def _set(read: Callable[[], Any], write: Callable[[Any], Any], value: Any) -> Any:
    before = read()
    write(value)
    return before


@contextmanager
def _setting(name: str, change: Callable[[], Any], undo: Callable[[Any], Any], sound: Backend) -> Iterator[Any]:
    """A backend that changes a setting; the process in which that is looked for is told to plant it too."""
    before: list[Any] = []
    was = os.environ.get(MUTANT)
    os.environ[MUTANT] = name

    def compile(function: Any, request: Any) -> Any:
        if IS_ALONE[0] and not before:
            before.append(change())
        return sound.compile(function, request)

    yield Faulty(sound, compile=compile)
    for each in before:
        undo(each)
    del os.environ[MUTANT]
    if was is not None:
        os.environ[MUTANT] = was


OPERATORS = (
    Operator("leak", "what is kept for ever", _leaks),
    Operator("process setting changed", "while the first program is compiled", _settings),
)
