"""The ops that are known, by name, with the distribution each came from; and the namespace they make up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES
from polyflow.errors import PluginError, UnknownNameError, message, nearest


class OpRegistry(Mapping[str, Op]):
    """Ops by their full names."""

    def __init__(self) -> None:
        self._ops: dict[str, Op] = {}
        self._origins: dict[str, str] = {}
        self._rest: Iterator[Op] = iter(())
        self._rest_origin = ""
        self._lock = threading.RLock()
        self.troubles: Callable[[], str | None] = lambda: None
        """What is known of plugins whose ops may be missing here."""

    def add(self, ops: Iterable[Op], origin: str) -> None:
        """Take in ``ops`` of the distribution ``origin``; a name that another distribution has taken is refused."""
        for op in ops:
            known = self._ops.get(op.full_name)
            if known is not None and known is not op:
                raise PluginError(
                    message(
                        f"two ops are called {op.full_name!r}",
                        found=f"{known.__module__} ({self._origins[op.full_name]}) and {op.__module__} ({origin})",
                        needed="one op a name",
                        remedy=f"rename one, uninstall {origin} or {self._origins[op.full_name]}, or name its "
                        "plugin in POLYFLOW_DISABLE_PLUGINS",
                    )
                )
            self._ops[op.full_name] = op
            self._origins[op.full_name] = origin

    def add_later(self, ops: Iterator[Op], origin: str) -> None:
        """Take in ``ops`` one after the other when they are asked for, and no more of them than it takes to find one.

        What brings them may load the module of each family as it comes to it. Only one distribution may bring ops so:
        that two bring the same name is seen when both are there.
        """
        self._rest, self._rest_origin = ops, origin

    def resolve(self, path: str) -> Op | OpNamespace | None:
        """The op called ``path``, or the namespace, or neither."""
        start = f"{path}."
        with self._lock:
            if path not in self._ops and not self._has_in(start):
                self._draw(lambda name: name == path or name.startswith(start))
            found = self._ops.get(path)
            return OpNamespace(self, path) if found is None and self._has_in(start) else found

    def _has_in(self, start: str) -> bool:
        return any(each.startswith(start) for each in self._ops)

    def _draw(self, is_enough: Callable[[str], bool]) -> None:
        """Take in the rest up to an op whose name is enough."""
        for op in self._rest:
            self.add([op], self._rest_origin)
            if is_enough(op.full_name):
                return

    def _draw_all(self) -> None:
        with self._lock:
            self._draw(lambda name: False)

    def origin(self, name: str) -> str:
        """The distribution that the op called ``name`` came from."""
        self[name]
        return self._origins[name]

    def __getitem__(self, name: str) -> Op:
        found = self._ops.get(name)
        if found is None:
            with self._lock:
                if name not in self._ops:  # nobody drew it meanwhile
                    self._draw(name.__eq__)
            found = self._ops.get(name)
        if found is None:
            raise UnknownNameError(
                message(f"no op is called {name!r}", found=self.troubles(), remedy=nearest(name, self._ops))
            )
        return found

    def __iter__(self) -> Iterator[str]:
        self._draw_all()
        return iter(self._ops)

    def __len__(self) -> int:
        self._draw_all()
        return len(self._ops)


class OpNamespace:
    """Ops as attributes, with the dtypes: the ``xp`` that gradient rules are written against."""

    def __init__(self, registry: OpRegistry, namespace: str = "") -> None:
        self._registry = registry
        self._prefix = f"{namespace}." if namespace else ""
        self.__name__ = f"polyflow.{namespace}" if namespace else "polyflow"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found: Any = None if self._prefix else DTYPES.get(name)
        if found is None:
            found = self._registry.resolve(self._prefix + name)
        if found is None:
            raise AttributeError(message(f"{self.__name__} has no op {name!r}", found=self._registry.troubles()))
        setattr(self, name, found)
        return found
