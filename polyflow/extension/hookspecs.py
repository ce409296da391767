"""The hooks: the only door by which ops, backends, passes and commands come in, the built-in ones like a stranger's.

A plugin is a module named by an entry point of the group ``polyflow``. It implements any of these functions, decorated
with ``polyflow.hookimpl``, and imports nothing heavy: array libraries are loaded in a backend's factory. It may say by
``polyflow_contract = "1.0"`` which version of the contract it was written for (``polyflow.extension.contract``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
def polyflow_kernels() -> Mapping[str, KernelTable | Callable[[], KernelTable]]:  # type: ignore[empty-body]
    """Kernels for backends, which may be somebody else's: by the backend's name, then by the op's full name.

    In place of a table may stand a function that makes it: it is called when the backend is loaded, and is the place to
    import the array library. The backend's own kernels come before them, an op's generic kernel after them.
    """


@hookspec
def polyflow_passes() -> Iterable[Pass]:  # type: ignore[empty-body]
    """The passes that the plugin adds; each names its stage (``polyflow.extension.passes.STAGES``)."""


@hookspec
def polyflow_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """The subcommands that the plugin adds to ``polyflow``."""
