"""The ops that are known, by name, with the distribution each came from; and the namespace they make up."""

from __future__ import annotations

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
                        remedy=f"rename one, or uninstall {origin} or {self._origins[op.full_name]}",
                    )
                )
            self._ops[op.full_name] = op
            self._origins[op.full_name] = origin

    def origin(self, name: str) -> str:
        """The distribution that the op called ``name`` came from."""
        self[name]
        return self._origins[name]

    def __getitem__(self, name: str) -> Op:
        found = self._ops.get(name)
        if found is None:
            raise UnknownNameError(
                message(f"no op is called {name!r}", found=self.troubles(), remedy=nearest(name, self._ops))
            )
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._ops)

    def __len__(self) -> int:
        return len(self._ops)


class OpNamespace:
    """Ops as attributes, with the dtypes: the ``xp`` that gradient rules are written against."""

    def __init__(self, registry: Mapping[str, Op], namespace: str = "") -> None:
        self._registry = registry
        self._prefix = f"{namespace}." if namespace else ""
        self.__name__ = f"polyflow.{namespace}" if namespace else "polyflow"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found: Any = self._registry.get(self._prefix + name)
        if found is None and not self._prefix:
            found = DTYPES.get(name)
        if found is None:
            if not any(each.startswith(f"{self._prefix}{name}.") for each in self._registry):
                troubles = getattr(self._registry, "troubles", lambda: None)()
                raise AttributeError(message(f"{self.__name__} has no op {name!r}", found=troubles))
            found = OpNamespace(self._registry, self._prefix + name)
        setattr(self, name, found)
        return found
