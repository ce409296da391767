"""The kit's commands and instruments, brought in by the same door as a stranger's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyflow.extension import BackendEntry, Command, Pass, hookimpl
from polyflow_conformance import instruments
from polyflow_conformance.instruments.shuffling import Shuffle

if TYPE_CHECKING:
    import argparse


def _run(arguments: argparse.Namespace) -> int:
    from polyflow_conformance.command import run  # the kit is loaded when it is asked for

    return run(arguments)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from polyflow_conformance.command import add_arguments  # as above

    add_arguments(parser)


def _run_mutants(arguments: argparse.Namespace) -> int:
    from polyflow_conformance.mutants.command import run  # as above

    return run(arguments)


def _add_mutants_arguments(parser: argparse.ArgumentParser) -> None:
    from polyflow_conformance.mutants.command import add_arguments  # as above

    add_arguments(parser)


@hookimpl
def polyflow_commands() -> list[Command]:
    """``polyflow conform`` and ``polyflow mutants``."""
    return [
        Command("conform", "prove that a backend does what sessions rely on", _add_arguments, _run),
        Command("mutants", "prove that the kit finds planted faults", _add_mutants_arguments, _run_mutants),
    ]


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The instruments: backends to test with."""
    return list(instruments.ENTRIES)


@hookimpl
def polyflow_passes() -> list[Pass]:
    """What shuffles the programs of ``strict``."""
    return [Shuffle()]
