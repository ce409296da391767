"""A backend around another one, whose arrays lie in boxes that nothing but its own hooks can open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.types import TensorType
from polyflow.errors import BackendError, message
from polyflow.extension import Backend, CompileRequest, Kernel, KernelTable
from polyflow.extension.backend import Blocks
from polyflow.extension.kernels import find_kernel
from polyflow.extension.manager import extensions


def default_backend() -> Backend:
    """The backend that a session takes when none is named."""
    return polyflow.Session(graph=polyflow.Graph()).backend


class Box:
    """An array of another backend, with its device: it has a dtype and a shape, and elements for who owns it.

    Of what Python can do with an array it lets through only what the standard promises of every one and sessions use:
    ``bool`` and ``int`` of an array without dimensions, ``x[index]`` and ``~x``.
    """

    __slots__ = ("content", "device", "owner")

    def __init__(self, content: Any, device: str, owner: Wrapped) -> None:
        self.content = content
        self.device = device
        self.owner = owner

    @property
    def dtype(self) -> Any:
        """The dtype of the content."""
        return self.content.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the content."""
        return tuple(self.content.shape)

    def __bool__(self) -> bool:
        return bool(self.content)

    def __int__(self) -> int:
        return int(self.content)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> Box:
        return self.owner.box(self.content[index], self.device)

    def __invert__(self) -> Box:
        return self.owner.box(~self.content, self.device)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"an array of {self.owner.name!r} was read past the backend's to_literal")


class Wrapped:
    """The other backend, every array going in and out through :meth:`box` and :meth:`opened`."""

    is_compiled = False
    native_random: KernelTable = {}
    in_place: frozenset[str] = frozenset()
    fresh: frozenset[str] = frozenset()
    updating: KernelTable = {}
    in_blocks: Blocks | None = None
    operators: Mapping[str, str] = {}

    def __init__(self, name: str, inner: Backend) -> None:
        self.name = name
        self.inner = inner
        self.seal = object()
        """What it has in common with copies of itself, as that with another generator: their arrays are its own."""
        self.dtypes = inner.dtypes
        self.capabilities = inner.capabilities
        self.namespace: Any = _Namespace(self)
        found = {each.full_name: find_kernel(each, inner) for each in extensions().ops.values()}
        self.kernels: KernelTable = {
            name: partial(self.called, name, kernel) for name, kernel in found.items() if kernel is not None
        }
        self.native_random = {name: partial(self.called, name, kernel) for name, kernel in inner.native_random.items()}

    # -- boxes

    def box(self, content: Any, device: str) -> Box:
        """``content`` in a box on ``device``."""
        return Box(content, device, self)

    def opened(self, value: Any) -> Any:
        """``value`` with the contents of all boxes in it; an array that is not in one of this backend's is refused."""
        if type(value) is Box:
            if value.owner.seal is not self.seal:
                raise BackendError(message(f"an array of {value.owner.name!r} came to {self.name!r}"))
            return value.content
        if type(value) in (list, tuple):
            return type(value)(map(self.opened, value))
        if self.inner.type_of(value) is not None:
            raise BackendError(
                message(f"an array came to {self.name!r} that is none of its own", found=type(value).__name__)
            )
        return value

    def boxed(self, result: Any, device: str) -> Any:
        """``result`` of a kernel with its arrays in boxes."""
        if isinstance(result, tuple | list):
            return (
                type(result)(*[self.boxed(each, device) for each in result])
                if hasattr(result, "_fields")
                else type(result)(self.boxed(each, device) for each in result)
            )
        return result if self.inner.type_of(result) is None else self.box(result, device)

    def called(self, name: str, kernel: Kernel, /, *operands: Any, **attributes: Any) -> Any:
        """What ``kernel`` of the inner backend gives for what is in the boxes."""
        found = kernel(*map(self.opened, operands), **{key: self.opened(each) for key, each in attributes.items()})
        return self.boxed(found, device_of((operands, tuple(attributes.values())), self.inner.devices()[0]))

    # -- the hooks, each handed on

    def as_scalar(self, array: Box) -> Box:
        """The array as it is."""
        return array

    def devices(self) -> Sequence[str]:
        """Those of the inner backend."""
        return self.inner.devices()

    def widens(self, op: Op) -> bool:
        """As the inner backend."""
        return self.inner.widens(op)

    def native_dtype(self, dtype: DType) -> Any:
        """As the inner backend."""
        return self.inner.native_dtype(dtype)

    def type_of(self, value: object) -> TensorType | None:
        """The type of what is in a box of this backend."""
        return self.inner.type_of(value.content) if type(value) is Box and value.owner.seal is self.seal else None

    def from_literal(self, value: Literal, device: str) -> Box:
        """A box."""
        return self.box(self.inner.from_literal(value, self.inner.devices()[0]), device)

    def to_literal(self, array: Box) -> Literal:
        """The elements of what is in a box."""
        return self.inner.to_literal(self.opened(array))

    def guard(self, array: Box) -> Box:
        """A box around what the inner backend guards."""
        return self.box(self.inner.guard(self.opened(array)), array.device)

    def copy(self, array: Box) -> Box:
        """A box around a copy."""
        return self.box(self.inner.copy(self.opened(array)), array.device)

    def to_device(self, array: Box, device: str) -> Box:
        """The content in a box on ``device``."""
        return self.box(self.opened(array), device)

    def export(self, array: Box) -> Any:
        """What the inner backend exports."""
        return self.inner.export(self.opened(array))

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """The kernel under the settings of the inner backend."""
        return self.inner.eager(kernel, self.inner.devices()[0])

    def compile(self, function: Callable[..., tuple[Any, ...]], request: CompileRequest) -> Callable[..., Any]:
        """The function under the settings of the inner backend."""
        return self.inner.compile(function, request)


def device_of(value: Any, otherwise: str) -> str:
    """The device of the first box in nested ``value``."""
    found = devices_in(value)
    return found[0] if found else otherwise


def devices_in(value: Any) -> list[str]:
    """The devices of all boxes in nested ``value``."""
    if type(value) is Box:
        return [value.device]
    if isinstance(value, list | tuple):
        return [device for each in value for device in devices_in(each)]
    return []


class _Namespace:
    """The functions of the inner backend's namespace on boxes; everything else in it as it is."""

    def __init__(self, owner: Wrapped) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._owner.inner.namespace, name)
        is_function = callable(found) and not isinstance(found, type)
        return partial(self._owner.called, name, found) if is_function else found
