"""What a plugin hands over to add a subcommand to ``polyflow``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # sessions load this and no command line
    import argparse


@dataclass(frozen=True)
class Command:
    """A subcommand: its name, one line of help, its arguments, and what it does."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    """Does the work and returns the exit status."""
