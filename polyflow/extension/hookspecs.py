"""The hooks: the only door by which ops, backends, passes and commands come in, the built-in ones like a stranger's.

A plugin is a module named by an entry point of the group ``polyflow``. It implements any of these functions, decorated
with ``polyflow.hookimpl``, and imports nothing heavy: array libraries are loaded in a backend's factory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from polyflow.core.declaration import Op
    from polyflow.extension.backend import BackendEntry, KernelTable
    from polyflow.extension.command import Command
    from polyflow.extension.passes import Pass

PROJECT = "polyflow"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def polyflow_ops() -> Iterable[Op]:  # type: ignore[empty-body]
    """The ops that the plugin declares."""


@hookspec
def polyflow_backends() -> Iterable[BackendEntry]:  # type: ignore[empty-body]
    """The backends that the plugin offers; each is loaded when a session first names it."""


@hookspec
def polyflow_kernels() -> Mapping[str, KernelTable]:  # type: ignore[empty-body]
    """Kernels for backends, which may be somebody else's: by the backend's name, then by the op's full name."""


@hookspec
def polyflow_passes() -> Iterable[Pass]:  # type: ignore[empty-body]
    """The passes that the plugin adds; each names its stage."""


@hookspec
def polyflow_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """The subcommands that the plugin adds to ``polyflow``."""
