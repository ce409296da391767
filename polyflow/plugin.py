"""The built-in ops, passes and commands, brought in by the same door as a stranger's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyflow.control_flow import CONSTRUCTS
from polyflow.control_flow.passes import LoopRooms, ProductSums
from polyflow.core import primitives
from polyflow.core.declaration import Op, ops_in
from polyflow.extension.command import Command
from polyflow.extension.hookspecs import hookimpl
from polyflow.extension.passes import Pass
from polyflow.ops import FAMILIES
from polyflow.passes import fusion
from polyflow.passes.algebra import Algebra
from polyflow.passes.common_subexpressions import CommonSubexpressions
from polyflow.passes.constant_folding import ConstantFolding
from polyflow.passes.dead_code import DeadCode
from polyflow.passes.product_chains import ProductChains
from polyflow.passes.row_fusion import RowFusion
from polyflow.tools.listings import add_no_arguments, run_backends, run_plugins

if TYPE_CHECKING:
    import argparse


@hookimpl
def polyflow_ops() -> Iterator[Op]:
    """The ops of ``polyflow/ops``, and those without which there is no graph; families are loaded as they come."""
    yield from ops_in(primitives)
    yield from ops_in(fusion)
    for family in (*FAMILIES, *CONSTRUCTS):
        yield from ops_in(importlib.import_module(family))


@hookimpl
def polyflow_passes() -> list[Pass]:
    """The passes of ``polyflow/passes``."""
    simplify: list[Pass] = [ConstantFolding(), Algebra(), CommonSubexpressions(), DeadCode()]
    return [*simplify, ProductSums(), ProductChains(), fusion.Fusion(), RowFusion(), LoopRooms()]


def _add_new_arguments(parser: argparse.ArgumentParser) -> None:
    from polyflow.tools.scaffold import add_arguments  # loaded when a command is asked for, not with every session

    add_arguments(parser)


def _run_new(arguments: argparse.Namespace) -> int:
    from polyflow.tools.scaffold import run  # as above

    return run(arguments)


def _add_diff_arguments(parser: argparse.ArgumentParser) -> None:
    from polyflow.tools.diff import add_arguments  # as above

    add_arguments(parser)


def _run_diff(arguments: argparse.Namespace) -> int:
    from polyflow.tools.diff import run  # as above

    return run(arguments)


@hookimpl
def polyflow_commands() -> list[Command]:
    """The commands of ``polyflow/tools``."""
    return [
        Command("backends", "list the backends, their devices and dtypes", add_no_arguments, run_backends),
        Command("new", "write a small package for a backend or ops of your own", _add_new_arguments, _run_new),
        Command("diff", "find the first operation that two backends disagree on", _add_diff_arguments, _run_diff),
        Command("plugins", "list the plugins and what became of them", add_no_arguments, run_plugins),
    ]
