"""The kit's command, brought in by the same door as a stranger's."""

from __future__ import annotations

import argparse

from polyflow.extension import Command, hookimpl


def _run(arguments: argparse.Namespace) -> int:
    from polyflow_conformance.command import run  # the kit is loaded when it is asked for

    return run(arguments)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    from polyflow_conformance.command import add_arguments  # as above

    add_arguments(parser)


@hookimpl
def polyflow_commands() -> list[Command]:
    """``polyflow conform``."""
    return [Command("conform", "prove that a backend does what sessions rely on", _add_arguments, _run)]
