"""The built-in ops, passes and commands, brought in by the same door as a stranger's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from polyflow.control_flow import CONSTRUCTS
from polyflow.control_flow.rooms import LoopRooms
from polyflow.control_flow.sums import ProductSums
from polyflow.core import primitives
from polyflow.core.declaration import Op, ops_in
from polyflow.extension.command import Command
from polyflow.extension.hookspecs import hookimpl
from polyflow.extension.passes import Pass
from polyflow.ops import FAMILIES
from polyflow.passes.algebra import Algebra
from polyflow.passes.common_subexpressions import CommonSubexpressions
from polyflow.passes.constant_folding import ConstantFolding
from polyflow.passes.dead_code import DeadCode
from polyflow.tools.listings import add_no_arguments, run_backends, run_plugins


@hookimpl
def polyflow_ops() -> Iterator[Op]:
    """The ops of ``polyflow/ops``, and those without which there is no graph."""
    yield from ops_in(primitives)
    for family in (*FAMILIES, *CONSTRUCTS):
        yield from ops_in(importlib.import_module(family))


@hookimpl
def polyflow_passes() -> list[Pass]:
    """The passes of ``polyflow/passes``."""
    return [Algebra(), ConstantFolding(), CommonSubexpressions(), DeadCode(), ProductSums(), LoopRooms()]


@hookimpl
def polyflow_commands() -> list[Command]:
    """The commands of ``polyflow/tools``."""
    return [
        Command("backends", "list the backends, their devices and dtypes", add_no_arguments, run_backends),
        Command("plugins", "list the plugins and what became of them", add_no_arguments, run_plugins),
    ]
