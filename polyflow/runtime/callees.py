"""What a line of generated code calls for an operation: found once for each op and the dtypes that it meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from polyflow.core.declaration import Op
from polyflow.core.dtypes import complex64, complex128
from polyflow.core.tensor import Operation
from polyflow.extension.backend import Backend, Kernel
from polyflow.extension.expressions import Maker
from polyflow.extension.half_precision import dtypes_of, is_widened
from polyflow.extension.kernels import kernel_of

_COMPLEX = frozenset({complex64, complex128})


class Callee(NamedTuple):
    """The kernel of an op, and what may stand in the place of a call of it."""

    name: str
    """Of the global that holds the kernel."""
    operator: str | None
    """What scalars are computed by, with the operands as ``{0}`` and so on."""
    expression: Maker | None
    takes_room: bool
    """Whether it takes an array for its result behind its operands."""
    updating: Kernel | None
    """The kernel that changes the memory of the first operand."""


class Callees:
    """The callees of one program; their kernels are put among its ``globals``."""

    def __init__(self, backend: Backend, globals: dict[str, Any], new_name: Callable[[str], str]) -> None:
        self._backend = backend
        self._globals = globals
        self._new_name = new_name
        self._found: dict[Any, Callee] = {}
        """By op and dtypes of operands and results."""
        self._names: dict[Any, str] = {}

    def of(self, operation: Operation) -> Callee:
        """The callee of ``operation``."""
        key = operation.op, dtypes_of(operation)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._find(operation, *key)
        return found

    def _find(self, operation: Operation, op: Op, dtypes: Any) -> Callee:
        backend, full_name = self._backend, op.full_name
        kernel = kernel_of(operation, backend)
        widens = is_widened(op, dtypes, backend)
        is_real = _COMPLEX.isdisjoint(dtypes)
        # Some kernels mend what a library does to complex numbers, and are dearer than the library's own.
        called = getattr(kernel, "on_reals", kernel) if is_real else kernel
        return Callee(
            self._name(op, dtypes if widens else is_real, called),
            None if widens else backend.operators.get(full_name),
            None if widens else getattr(kernel, "expression", None),  # it goes with the kernel, whoever replaced that
            full_name in backend.in_place and not widens,
            backend.updating.get(full_name),
        )

    def _name(self, op: Op, kind: object, kernel: Any) -> str:
        """The name of the global that holds the kernel of ``op`` for operands of that kind."""
        if (op, kind) not in self._names:
            name = f"k_{op.name}" if f"k_{op.name}" not in self._globals else self._new_name("k")
            self._names[op, kind] = name
            self._globals[name] = kernel
        return self._names[op, kind]
