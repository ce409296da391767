"""The command ``polyflow``: subcommands that plugins bring, the built-in ones among them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from polyflow.errors import PolyflowError
from polyflow.extension.command import Command
from polyflow.extension.manager import extensions

CUT_OFF = 128 + 13
"""The exit status where nobody reads what is printed: that of programs that the signal SIGPIPE ends."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors name the plugins that are broken: the command that is missing may be theirs."""

    def error(self, text: str) -> NoReturn:
        troubles = extensions().troubles()
        super().error(text if troubles is None else f"{text}\n  found:   {troubles}")


class _Subparser(argparse.ArgumentParser):
    """The parser of a subcommand, which brings its arguments once it is chosen: to know them it may load a lot."""

    def __init__(self, *, command: Command, **options: Any) -> None:
        super().__init__(description=command.help, **options)
        self._command: Command | None = command
        self.set_defaults(run=command.run)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        command, self._command = self._command, None
        if command is not None:
            command.add_arguments(self)
        return super().parse_known_args(args, namespace)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; the exit status is its own, 1 for an error of polyflow, 2 for bad arguments."""
    parser = _Parser(prog="polyflow", description="Array programs that run on any engine.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Subparser)
    for command, _ in extensions().commands:
        commands.add_parser(command.name, help=command.help, command=command)
    name = ""
    try:
        chosen = parser.parse_args(arguments)
        name = f" {chosen.command}"
        status: int = chosen.run(chosen)
        sys.stdout.flush()  # so that nobody there to read is noticed here
    except PolyflowError as error:
        print(f"polyflow{name}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads has enough, as in `polyflow backends | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CUT_OFF
    return status
