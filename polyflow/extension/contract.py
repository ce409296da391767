"""The contract between polyflow and plugins: its version, and whether a plugin brings what its hooks promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyflow.core.declaration import Op
from polyflow.errors import PluginError, message
from polyflow.extension.backend import BackendEntry, KernelTable
from polyflow.extension.command import Command

CONTRACT = (1, 0)
"""Major and minor version of the hooks, of ``Backend``, ``Pass`` and ``define_op``.

The minor one counts additions, the major one changes that a plugin would notice. A plugin may say in its module which
version it was written for, as in ``polyflow_contract = "1.0"``; one that says nothing is taken as it is.
"""


def check_contract(plugin: object, name: str, distribution: str) -> None:
    """Refuse a plugin that was written for another contract than this polyflow keeps.

    >>> class Plugin:
    ...     polyflow_contract = "1.0"
    >>> check_contract(Plugin(), "mine", "my-dist")
    >>> Plugin.polyflow_contract = "2.0"
    >>> check_contract(Plugin(), "mine", "my-dist")
    Traceback (most recent call last):
    polyflow.errors.PluginError: plugin 'mine' of my-dist was written for another contract
      found:   2.0
      needed:  1.0
      try:     a newer polyflow, or a my-dist for this one

    A newer major or minor version is refused, and an older major one. Raises ``PluginError``, also where what the
    plugin says is no version.
    """
    declared = getattr(plugin, "polyflow_contract", None)
    if declared is None:
        return
    offered = ".".join(map(str, CONTRACT))
    parts = str(declared).split(".")
    if len(parts) != 2 or not all(each.isdecimal() for each in parts):
        raise PluginError(
            message(
                f"plugin {name!r} of {distribution} declares a contract that is no version",
                operand="polyflow_contract",
                found=repr(declared),
                needed=f"major and minor, as in {offered!r}",
            )
        )
    major, minor = map(int, parts)
    if (major, minor) <= CONTRACT and major == CONTRACT[0]:
        return
    is_newer = (major, minor) > CONTRACT
    remedy = f"a newer polyflow, or a {distribution} for this one" if is_newer else f"a newer {distribution}"
    raise PluginError(
        message(
            f"plugin {name!r} of {distribution} was written for another contract",
            found=declared,
            needed=offered,
            remedy=remedy,
        )
    )


def check_brought(hook: str, brought: Any) -> Any:
    """What an implementation of ``hook`` returned, as a list or a mapping, if it is what the hook promises.

    Raises ``PluginError`` that names the first part that is not, and whatever a generator raises.
    """
    if hook == "polyflow_kernels":
        if not isinstance(brought, Mapping):
            raise _unfit(hook, brought if not hasattr(brought, "__iter__") else list(brought))
        for each in brought.values():
            if not callable(each) and not isinstance(each, Mapping):
                raise _unfit(hook, each)
        return brought
    if isinstance(brought, Mapping) or not hasattr(brought, "__iter__"):
        raise _unfit(hook, brought)
    parts = list(brought)
    for each in parts:
        if not _fits(hook, each):
            raise _unfit(hook, each)
    return parts


def check_table(table: Any) -> KernelTable:
    """The kernels by op that a plugin brings for one backend; ``PluginError`` where they are none."""
    if not isinstance(table, Mapping):
        raise _unfit("polyflow_kernels", table)
    for each in table.values():
        if not callable(each):
            raise _unfit("polyflow_kernels", each)
    return table


_PROMISED = {
    "polyflow_ops": "ops made by define_op",
    "polyflow_backends": "BackendEntry objects",
    "polyflow_kernels": "by backend a table of kernels, or a function that makes it",
    "polyflow_passes": "callables with a name and a stage",
    "polyflow_commands": "Command objects",
}
_CLASSES = {"polyflow_ops": Op, "polyflow_backends": BackendEntry, "polyflow_commands": Command}


def _fits(hook: str, part: Any) -> bool:
    if hook in _CLASSES:
        return isinstance(part, _CLASSES[hook])
    return callable(part) and hasattr(part, "name") and hasattr(part, "stage")


def _unfit(hook: str, part: object) -> PluginError:
    return PluginError(message(f"{hook} brings something else", found=repr(part), needed=_PROMISED[hook]))
