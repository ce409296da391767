"""The backend that takes down what it is asked: which hook, how often, and that nothing went past them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.types import TensorType
from polyflow.errors import BackendError, message
from polyflow.extension import Backend, CompileRequest, Kernel
from polyflow_conformance.instruments.wrapping import Box, Wrapped

HOOKS = (
    "as_scalar", "compile", "copy", "devices", "eager", "export", "from_literal", "guard", "native_dtype",
    "to_device", "to_literal", "type_of", "widens",
)  # fmt: skip
"""The methods of a backend; ``calls`` counts them by name, and kernels as ``"kernel:add"``."""


class Loopback(Wrapped):
    """A backend around another one that counts the calls of each hook, and proves that each is honoured.

    Arrays are boxes that only the hooks can open, so that no value is made or read but through them. Kernels may be
    called only from within a function that :meth:`compile` or :meth:`eager` gave back: what a backend sets up there
    holds for each of them.
    """

    def __init__(self, inner: Backend) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._running = [0]  # in a list, which copies with another generator have in common
        super().__init__("loopback", inner)
        self.calls.clear()

    def notes(self) -> list[str]:
        """What was called, for the end of a report."""
        kernels = [each for each in self.calls if each.startswith("kernel:")]
        counts = ", ".join(f"{each} {self.calls[each]}" for each in HOOKS)
        silent = [each for each in HOOKS if not self.calls[each]]
        never = f"; never called: {', '.join(silent)}" if silent else ""
        return [f"calls of {len(kernels)} of {len(self.kernels)} kernels; hooks: {counts}{never}"]

    def _count(self, what: str) -> None:
        with self._lock:
            self.calls[what] += 1

    def called(self, name: str, kernel: Kernel, /, *operands: Any, **attributes: Any) -> Any:
        """What the kernel gives; refused outside of what ``compile`` and ``eager`` give back."""
        self._count(f"kernel:{name}")
        if not self._running[0]:
            raise BackendError(
                message(
                    f"{self.name!r}: the kernel of {name} was called outside of a program",
                    needed="a function that compile or eager of the backend gave back",
                )
            )
        return super().called(name, kernel, *operands, **attributes)

    def _inside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            with self._lock:
                self._running[0] += 1
            try:
                return function(*arguments, **options)
            finally:
                with self._lock:
                    self._running[0] -= 1

        return run

    # -- the hooks

    def as_scalar(self, array: Box) -> Box:
        """Counted."""
        self._count("as_scalar")
        return super().as_scalar(array)

    def devices(self) -> Sequence[str]:
        """Counted."""
        self._count("devices")
        return super().devices()

    def widens(self, op: Op) -> bool:
        """Counted."""
        self._count("widens")
        return super().widens(op)

    def native_dtype(self, dtype: DType) -> Any:
        """Counted."""
        self._count("native_dtype")
        return super().native_dtype(dtype)

    def type_of(self, value: object) -> TensorType | None:
        """Counted."""
        self._count("type_of")
        return super().type_of(value)

    def from_literal(self, value: Literal, device: str) -> Box:
        """Counted."""
        self._count("from_literal")
        return super().from_literal(value, device)

    def to_literal(self, array: Box) -> Literal:
        """Counted."""
        self._count("to_literal")
        return super().to_literal(array)

    def guard(self, array: Box) -> Box:
        """Counted."""
        self._count("guard")
        return super().guard(array)

    def copy(self, array: Box) -> Box:
        """Counted."""
        self._count("copy")
        return super().copy(array)

    def to_device(self, array: Box, device: str) -> Box:
        """Counted."""
        self._count("to_device")
        return super().to_device(array, device)

    def export(self, array: Box) -> Any:
        """Counted."""
        self._count("export")
        return super().export(array)

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """Counted, and what it gives back is where kernels may be called."""
        self._count("eager")
        return self._inside(super().eager(kernel, device))

    def compile(self, function: Callable[..., tuple[Any, ...]], request: CompileRequest) -> Callable[..., Any]:
        """Counted, and what it gives back is where kernels may be called."""
        self._count("compile")
        return self._inside(super().compile(function, request))
