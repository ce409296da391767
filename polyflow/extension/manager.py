"""The plugins of this process: found by entry points, asked through hooks, each kept from harming the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

import pluggy

from polyflow.core.declaration import Op
from polyflow.core.registry import OpNamespace, OpRegistry
from polyflow.errors import BackendError, PluginError, message, nearest
from polyflow.extension import hookspecs
from polyflow.extension.backend import Backend, BackendEntry, Kernel, KernelTable
from polyflow.extension.command import Command
from polyflow.extension.contract import check_brought, check_contract, check_table
from polyflow.extension.entry_points import entry_points
from polyflow.extension.kernels import Refused
from polyflow.extension.passes import STAGES, Pass

GROUP = "polyflow"
DISABLED = "POLYFLOW_DISABLE_PLUGINS"
"""Environment variable: names of plugins, separated by commas, that are not loaded."""
_FAILURES = (Exception, SystemExit)
"""What a plugin may raise: one that calls ``sys.exit`` must not end everybody's process."""


class PluginRecord(NamedTuple):
    """What became of one plugin."""

    name: str
    distribution: str
    module: str
    error: BaseException | None = None
    is_disabled: bool = False

    @property
    def trouble(self) -> str | None:
        """Why it brings nothing, or not all; ``None`` where it is well."""
        if self.is_disabled:
            return f"plugin {self.name!r} ({self.distribution}) is disabled by {DISABLED}"
        if self.error is None:
            return None
        return f"plugin {self.name!r} ({self.distribution}) is broken: {self.reason}"

    @property
    def reason(self) -> str:
        """What went wrong, in one line; empty where nothing did."""
        if isinstance(self.error, SystemExit):
            return f"it calls sys.exit({'' if self.error.code is None else repr(self.error.code)})"
        return "" if self.error is None else " ".join(str(self.error).split())


class _PluginManager(pluggy.PluginManager):
    """Looks closely at what a module marks as a hook only: the rest of its names are many."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        return super().parse_hookimpl_opts(plugin, name) if self._may_be("impl", plugin, name) else None

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        return (
            super().parse_hookspec_opts(module_or_class, name) if self._may_be("spec", module_or_class, name) else None
        )

    def _may_be(self, kind: str, owner: Any, name: str) -> bool:
        mark = f"{self.project_name}_{kind}"
        return not isinstance(owner, ModuleType) or mark in getattr(vars(owner).get(name), "__dict__", ())


class Extensions:
    """All that plugins bring: ops, backends, kernels, passes, commands."""

    def __init__(self, *, load_entry_points: bool = True) -> None:
        self._plugins = _PluginManager(hookspecs.PROJECT)
        self._plugins.add_hookspecs(hookspecs)
        self._distributions: dict[str, str] = {}
        self._tabled: list[tuple[str, str, str]] = []
        self._loaded: dict[str, Backend] = {}
        self._lock = threading.RLock()
        self._clashes: dict[tuple[str, str], PluginError] = {}
        self.records: list[PluginRecord] = []
        if load_entry_points:
            self._load_entry_points()

    def register(self, plugin: ModuleType | object, name: str, distribution: str) -> None:
        """Take in a plugin that no entry point names.

        Raises ``PluginError`` where it was written for another contract (``polyflow.extension.contract``).
        """
        check_contract(plugin, name, distribution)
        self._plugins.register(plugin, name)
        self._plugins.check_pending()
        self._distributions[name] = distribution
        module = getattr(plugin, "__name__", type(plugin).__name__)
        self.records.append(PluginRecord(name, distribution, module))

    def _load_entry_points(self) -> None:
        disabled = {each.strip() for each in os.environ.get(DISABLED, "").split(",")}
        for point, distribution in entry_points(GROUP):
            if point.name in disabled:
                self.records.append(PluginRecord(point.name, distribution, point.value, is_disabled=True))
                continue
            try:
                self.register(point.load(), point.name, distribution)
            except _FAILURES as error:  # a broken plugin must not break anybody else
                if self._plugins.has_plugin(point.name):
                    self._plugins.unregister(name=point.name)
                self.records.append(PluginRecord(point.name, distribution, point.value, error=error))

    def _call(self, hook: str) -> Iterator[tuple[Any, str]]:
        """What each plugin's implementation of ``hook`` returned, with the plugin's distribution."""
        for brought, name in self._asked(hook):
            yield brought, self._distributions[name]

    def _asked(self, hook: str) -> Iterator[tuple[Any, str]]:
        """What each plugin's implementation of ``hook`` returned, with the plugin's name."""
        for implementation in getattr(self._plugins.hook, hook).get_hookimpls():
            name = implementation.plugin_name
            try:
                brought = check_brought(hook, implementation.function())
            except _FAILURES as error:  # a broken plugin must not break anybody else
                self._blame(name, error)
                continue
            yield brought, name

    def _blame(self, name: str, error: BaseException) -> None:
        self.records = [each._replace(error=error) if each.name == name else each for each in self.records]

    def troubles(self) -> str | None:
        """The plugins that are broken or disabled, and why, for the error of whoever misses something."""
        return "; ".join(filter(None, (each.trouble for each in self.records))) or None

    def ask_all(self) -> list[PluginError]:
        """Ask every plugin for all that it brings, so that ``records`` are complete; the clashes between them."""
        clashes = []
        for what in ("ops", "backend_entries", "passes", "commands", "_kernels"):
            try:
                list(getattr(self, what))
            except PluginError as error:
                clashes.append(error)
        return [*clashes, *self._clashes.values()]

    def strays(self) -> list[str]:
        """Kernels that nobody will call, since no backend or no op is called so.

        Every backend that plugins bring kernels for is loaded for it, if it can be: then their tables are made.
        """
        for name in self._kernels:
            with suppress(BackendError, PluginError):
                self.backend(name)
        found = []
        for backend, brought in self._kernels.items():
            for plugin in dict.fromkeys(plugin for _, plugin in brought if backend not in self.backend_entries):
                of = f"plugin {plugin!r} ({self._distributions[plugin]}) brings kernels for backend {backend!r}"
                found.append(f"{of}, and none is called so; {nearest(backend, self.backend_entries)}")
        for backend, plugin, name in self._tabled:
            if name not in self.ops:
                of = f"plugin {plugin!r} ({self._distributions[plugin]}) brings a kernel for {name!r} on {backend}"
                hint = nearest(name, self.ops)  # all of them, where none is near
                found.append(f"{of}, and no op is called so{f'; {hint}' if hint.startswith('did') else ''}")
        return found

    # -- what they bring

    @cached_property
    def ops(self) -> OpRegistry:
        """Every op, by name."""
        registry = OpRegistry()
        registry.troubles = self.troubles
        implementations = self._plugins.hook.polyflow_ops.get_hookimpls()
        if len(implementations) == 1:  # nobody whose names could clash with those that are not loaded yet
            name = implementations[0].plugin_name
            registry.add_later(self._one_by_one(implementations[0].function, name), self._distributions[name])
            return registry
        for ops, distribution in self._call("polyflow_ops"):
            registry.add(ops, distribution)
        return registry

    def _one_by_one(self, implementation: Callable[..., object], name: str) -> Iterator[Op]:
        """The ops that the plugin ``name`` brings; an iterator of its own may load families when it comes to them."""
        try:
            brought: Any = implementation()
            whole = None if isinstance(brought, Iterator) else check_brought("polyflow_ops", brought)
        except _FAILURES as error:  # a broken plugin must not break anybody else
            self._blame(name, error)
            return iter(())
        return iter(whole) if whole is not None else self._drawn(brought, name)

    def _drawn(self, ops: Iterator[object], name: str) -> Iterator[Op]:
        try:
            for op in ops:
                yield from check_brought("polyflow_ops", [op])
        except _FAILURES as error:  # as above
            self._blame(name, error)

    @cached_property
    def namespace(self) -> OpNamespace:
        """Every op as an attribute: what gradient rules are written against."""
        return OpNamespace(self.ops)

    @cached_property
    def backend_entries(self) -> dict[str, tuple[BackendEntry, str]]:
        """Every backend that is announced, with the first distribution that announces it."""
        entries: dict[str, tuple[BackendEntry, str]] = {}
        for announced, distribution in self._call("polyflow_backends"):
            for entry in announced:
                if entry.name in entries:
                    clash = _taken("backends", entry.name, entries[entry.name][1], distribution)
                    self._clashes.setdefault(("backends", entry.name), clash)
                    continue
                entries[entry.name] = entry, distribution
        return entries

    @cached_property
    def passes(self) -> tuple[Pass, ...]:
        """Every pass, in the order of registration."""
        found: list[Pass] = []
        for passes, distribution in self._call("polyflow_passes"):
            for each in passes:
                if each.stage not in STAGES:
                    raise PluginError(
                        message(
                            f"pass {each.name!r} of {distribution} names a stage that does not exist",
                            found=repr(each.stage),
                            needed=f"one of {', '.join(map(repr, STAGES))}",
                        )
                    )
                found.append(each)
        return tuple(found)

    @cached_property
    def commands(self) -> tuple[tuple[Command, str], ...]:
        """Every subcommand, with the distribution it came from; one that two bring says so when it is run."""
        found: dict[str, tuple[Command, str]] = {}
        for commands, distribution in self._call("polyflow_commands"):
            for each in commands:
                if each.name in found:
                    clash = _taken("commands", each.name, found[each.name][1], distribution)
                    self._clashes.setdefault(("commands", each.name), clash)
                    found[each.name] = _refusing(each.name, clash), found[each.name][1]
                    continue
                found[each.name] = each, distribution
        return tuple(found.values())

    @cached_property
    def _kernels(self) -> dict[str, list[tuple[KernelTable | Callable[[], KernelTable], str]]]:
        """By backend, the tables that plugins bring, or what makes them, each with the name of its plugin."""
        found: dict[str, list[tuple[KernelTable | Callable[[], KernelTable], str]]] = {}
        for brought, plugin in self._asked("polyflow_kernels"):
            for backend, table in brought.items():
                found.setdefault(backend, []).append((table, plugin))
        return found

    def _kernels_for(self, backend: str) -> KernelTable:
        """What plugins bring for ``backend``, in one table; those that make theirs when it is loaded make it now."""
        kernels: dict[str, Kernel] = {}
        origins: dict[str, str] = {}
        for brought, plugin in self._kernels.get(backend, ()):
            try:
                table = check_table(brought() if callable(brought) else brought)
            except _FAILURES as error:  # a broken plugin must not break anybody else
                self._blame(plugin, error)
                continue
            for name, kernel in table.items():
                self._tabled.append((backend, plugin, name))
                if name in origins:
                    first, second = (self._distributions[each] for each in (origins[name], plugin))
                    clash = _taken(f"kernels for {backend}", name, first, second)
                    kernels[name] = Refused(self._clashes.setdefault((backend, name), clash))
                    continue
                origins[name] = plugin
                kernels[name] = kernel
        return kernels

    def backend(self, name: str) -> Backend:
        """The backend called ``name``, loaded when first asked for."""
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load_backend(name)
            return self._loaded[name]

    def _load_backend(self, name: str) -> Backend:
        if name not in self.backend_entries:
            raise BackendError(self._unknown_backend(name))
        if ("backends", name) in self._clashes:
            raise self._clashes["backends", name]
        entry, distribution = self.backend_entries[name]
        try:
            backend = entry.factory()
        except _FAILURES as error:  # whatever a stranger's factory raises is reported alike
            raise BackendError(
                message(
                    f"backend {name!r} of {distribution} cannot be loaded",
                    found=f"{type(error).__name__}: {error}",
                    remedy=entry.install or f"install what {distribution} needs",
                )
            ) from error
        lacking = [each for each in _BACKEND if not hasattr(backend, each)]
        if lacking:
            raise BackendError(
                message(
                    f"backend {name!r} of {distribution} is none",
                    found=f"{backend!r:.80}, which has no {', '.join(lacking)}",
                    needed="from its factory an object that fulfils polyflow.extension.Backend",
                    remedy=f"a subclass of polyflow.extension.NamespaceBackend; tell the makers of {distribution}",
                )
            )
        extra = self._kernels_for(name)
        if extra:
            backend.kernels = {**extra, **backend.kernels}
        return backend

    def _unknown_backend(self, name: str) -> str:
        is_disabled = any(each.name == name and each.is_disabled for each in self.records)
        return message(
            f"no backend is called {name!r}",
            found=self.troubles(),
            needed=nearest(name, self.backend_entries),
            remedy=f"leave {name} out of {DISABLED}"
            if is_disabled
            else f"pip install polyflow-{name}, or the package that announces it; `polyflow backends` lists all",
        )


_BACKEND = ("name", "namespace", "kernels", "dtypes", "devices", "type_of", "from_literal", "to_literal", "compile")
"""Some of what every backend has, by which it is known."""


def _refusing(name: str, clash: PluginError) -> Command:
    """What stands for a command that two plugins bring."""

    def refuse(_: object) -> NoReturn:
        raise clash

    return Command(name, "two plugins bring it", refuse, refuse)


def _taken(what: str, name: str, first: str, second: str) -> PluginError:
    needed = f"one {what.partition(' ')[0].removesuffix('s')} a name"
    remedy = f"uninstall {first} or {second}, or name its plugin in {DISABLED}"
    found = f"one of {first}, one of {second}"
    return PluginError(message(f"two {what} are called {name!r}", found=found, needed=needed, remedy=remedy))


_default: Extensions | None = None
_default_lock = threading.Lock()


def extensions() -> Extensions:
    """The plugins of this process, found when first asked for."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Extensions()
        return _default
