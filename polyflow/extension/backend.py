"""What a backend supplies: kernels, dtypes, devices, compilation. Semantics are never its own.

``Backend`` is the protocol that sessions rely on. ``NamespaceBackend`` fulfils it for any array API namespace; most
backends are that class with a table of kernels of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, DType, as_dtype
from polyflow.core.literal import Literal, literal
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, message
from polyflow.extension.capabilities import EVERYTHING, Capabilities
from polyflow.extension.exact_ops import ROUNDS_NOTHING

Array = Any  # a backend's own array type; polyflow never looks inside
Blocks = Callable[[Callable[..., tuple[Any, ...]], Sequence[TensorType], Sequence[TensorType]], Callable[..., Any]]
"""Of a function, and the types of its operands and results, a function that calls it on slices of them."""
Kernel = Callable[..., Any]  # takes a backend's arrays, and attributes in the backend's own dtypes
KernelTable = Mapping[str, Kernel]
"""Kernels by the full name of their op; each has its op's signature."""


@dataclass(frozen=True)
class BackendEntry:
    """How a backend is announced before it is loaded."""

    name: str
    factory: Callable[[], Backend]
    """Imports the array library and makes the backend."""
    summary: str = ""
    install: str = ""
    """The command that installs what the factory needs."""
    settings: tuple[str, ...] = ()
    """Python expressions, as ``"library.get_precision()"``, for settings of the process that the backend leaves alone:
    the kit evaluates them before the backend is loaded and after it has run."""
    is_instrument: bool = False
    """Whether it is made to test with and not to compute with: lists say so, and comparisons leave it out."""


@dataclass(frozen=True)
class CompileRequest:
    """What a backend is told when it compiles a program."""

    parameters: tuple[TensorType, ...]
    donated: tuple[int, ...]
    """Places of the parameters whose memory the results may take over."""
    device: str
    is_static: bool = True
    """Whether the shapes of all values are known."""
    is_traceable: bool = True
    """Whether they are once those of the arguments are; without, a compiler must let the function run as it is."""


@runtime_checkable
class Backend(Protocol):
    """The contract between a session and an array library."""

    name: str
    namespace: Any  # the array API namespace of the library
    kernels: KernelTable
    """Kernels that take precedence over an op's generic kernel and over the namespace."""
    native_random: KernelTable
    """Kernels of ``random.bits``, ``.standard_uniform`` and ``.standard_normal`` by the library's own generator."""
    dtypes: frozenset[DType]
    capabilities: Capabilities
    """What it can do beside; the kit proves what is declared, and that the rest is refused."""
    is_compiled: bool
    """Whether programs are compiled, so that plans are dear to make and cheap to run."""
    in_place: frozenset[str]
    """Ops whose kernel takes, after its operands, an array to write its result into, which may be one of them, or
    ``None``."""
    fresh: frozenset[str]
    """Ops whose kernel returns memory of its own, shared with no operand; those of ``in_place`` are among them."""

    in_blocks: Blocks | None
    """What runs a function of elementwise kernels over large arrays in blocks; ``None`` where that wins nothing. The
    function may be given, after its operands, an array for each result, and returns it, or another one."""
    updating: KernelTable
    """By op, kernels that write the result into the memory of their first operand, for when nobody reads that again."""
    operators: Mapping[str, str]
    """Python's operators for ops on scalars, as in ``{"add": "{0} + {1}"}``, where they are faster than kernels."""

    def as_scalar(self, array: Array) -> Array:
        """An array without dimensions in the form in which ``operators`` are fast."""
        ...

    def devices(self) -> Sequence[str]:
        """The names of the devices, the default one first."""
        ...

    def widens(self, op: Op) -> bool:
        """Whether ``op`` on floats of 16 bits is to be computed in float32, its results rounded once."""
        ...

    def native_dtype(self, dtype: DType) -> Any:
        """The library's own object for ``dtype``."""
        ...

    def type_of(self, value: object) -> TensorType | None:
        """The type of ``value`` if programs take it as it is, without a copy; ``None`` if it must be converted."""
        ...

    def from_literal(self, value: Literal, device: str) -> Array:
        """An array with the elements of ``value``."""
        ...

    def to_literal(self, array: Array) -> Literal:
        """The elements of an array."""
        ...

    def guard(self, array: Array) -> Array:
        """An array that a user may keep while the session goes on to use and replace ``array``."""
        ...

    def copy(self, array: Array) -> Array:
        """An array of the same elements in memory of its own."""
        ...

    def to_device(self, array: Array, device: str) -> Array:
        """The array on another of the backend's devices."""
        ...

    def export(self, array: Array) -> Array:
        """The array as other libraries may take it over by DLPack."""
        ...

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """``kernel`` as it is called outside a program: under the settings that a program runs under."""
        ...

    def compile(self, function: Callable[..., tuple[Array, ...]], request: CompileRequest) -> Callable[..., Any]:
        """``function``, which calls the backend's kernels one after the other, as fast as the backend can run it.

        Once a call has returned, arguments that a user may write to are looked at no longer.
        """
        ...


class NamespaceBackend:
    """A backend over an array API namespace; override what the library does better."""

    is_compiled = False
    capabilities = EVERYTHING
    wider: Mapping[DType, DType] = {}
    """Integers that the library stores and hardly computes with, each with the wider ones that kernels get for them."""
    native_random: KernelTable = {}
    in_place: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    updating: KernelTable = {}
    in_blocks: Blocks | None = None
    in_rows: Blocks | None = None
    """What calls a function on slices along the first axis of large arrays, which all its kernels treat alike; arrays
    of fewer axes, or with another first axis, it hands on. A backend may do without this attribute."""
    operators: Mapping[str, str] = {}

    def __init__(self, name: str, namespace: Any, kernels: KernelTable | None = None) -> None:
        self.name = name
        self.namespace = namespace
        self.kernels: KernelTable = kernels or {}
        self._native = {
            dtype: getattr(namespace, dtype.name) for dtype in DTYPES.values() if hasattr(namespace, dtype.name)
        }
        self.dtypes = frozenset(self._native)
        self._types: dict[Any, TensorType] = {}
        self._taken: dict[type, bool] = {}
        self.array_types: tuple[type, ...] = ()
        """The classes whose instances programs take as they are."""

    def as_scalar(self, array: Array) -> Array:
        """The array as it is."""
        return array

    def devices(self) -> Sequence[str]:
        """One device, unless the library says otherwise."""
        return ("cpu",)

    def widens(self, op: Op) -> bool:
        """Where a generic kernel computes: it takes many steps, and would round at each of them."""
        return op.kernel_rule is not None and op.full_name not in self.kernels and op.full_name not in ROUNDS_NOTHING

    def native_dtype(self, dtype: DType) -> Any:
        """The namespace's attribute of that name; ``DTypeError`` where it has none."""
        found = self._native.get(dtype)
        if found is None:
            raise DTypeError(
                message(
                    f"backend {self.name!r} has no dtype {dtype}",
                    needed=", ".join(sorted(each.name for each in self.dtypes)),
                )
            )
        return found

    def takes(self, value: object) -> bool:
        """Whether programs take instances of the class of ``value`` as they are: those of ``array_types``."""
        return isinstance(value, self.array_types)

    def type_of(self, value: object) -> TensorType | None:
        """The type of an array of the library; equal types are one object."""
        try:
            is_taken = self._taken[value.__class__]
        except KeyError:
            is_taken = self._taken[value.__class__] = self.takes(value)
        if not is_taken:
            return None
        key = value.dtype, value.shape  # type: ignore[attr-defined]
        found = self._types.get(key)
        if found is None and self._is_native(key[0]):
            found = self._types[key] = TensorType(as_dtype(key[0]), tuple(key[1]))
        return found

    def _is_native(self, dtype: Any) -> bool:
        """Whether kernels take arrays of the library's ``dtype``: not text, not the other byte order."""
        try:
            known = as_dtype(dtype)
        except DTypeError:
            return False
        return known not in self._native or bool(self.native_dtype(known) == dtype)

    def from_literal(self, value: Literal, device: str) -> Array:
        """An array made from nested lists, by the standard's ``asarray``."""
        array = self.namespace.asarray(value.tolist(), dtype=self.native_dtype(value.dtype))
        return array if value.size else self.namespace.reshape(array, value.shape)

    def to_literal(self, array: Array) -> Literal:
        """The elements read as :func:`polyflow.core.literal.literal` reads any array."""
        return literal(array)

    def guard(self, array: Array) -> Array:
        """The array itself: right for libraries whose arrays never change."""
        return array

    def copy(self, array: Array) -> Array:
        """By the standard's ``asarray``."""
        return self.namespace.asarray(array, copy=True)

    def to_device(self, array: Array, device: str) -> Array:
        """The array as it is: right for libraries with one device."""
        return array

    def export(self, array: Array) -> Array:
        """The array as it is."""
        return array

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """The kernel as it is."""
        return kernel

    def compile(self, function: Callable[..., tuple[Array, ...]], request: CompileRequest) -> Callable[..., Any]:
        """The function as it is."""
        return function
