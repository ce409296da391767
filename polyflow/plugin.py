"""The built-in ops, passes and commands, brought in by the same door as a stranger's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from polyflow.control_flow import CONSTRUCTS
from polyflow.control_flow.passes import LoopRooms, ProductSums
from polyflow.core import primitives
from polyflow.core.declaration import Op, ops_in
from polyflow.core.operators import later
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

_LISTINGS = "polyflow.tools.listings"


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


def _command(name: str, summary: str, module: str, add_arguments: str = "add_arguments", run: str = "run") -> Command:
    """A command whose module is loaded when it is asked for, not with every session."""
    return Command(name, summary, later(module, add_arguments), later(module, run))


@hookimpl
def polyflow_commands() -> list[Command]:
    """The commands of ``polyflow/tools``."""
    return [
        _command(
            "backends", "list the backends, their devices and dtypes", _LISTINGS, "add_no_arguments", "run_backends"
        ),
        _command("new", "write a small package for a backend or ops of your own", "polyflow.tools.scaffold"),
        _command("diff", "find the first operation that two backends disagree on", "polyflow.tools.diff"),
        _command("plugins", "list the plugins and what became of them", _LISTINGS, "add_no_arguments", "run_plugins"),
    ]
