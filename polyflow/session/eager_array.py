"""Eager arrays: a backend's array with polyflow's semantics, for code written against the array API standard."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from polyflow.core.dtypes import DType
from polyflow.core.literal import weak_literal
from polyflow.core.operators import Operators
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, message

if TYPE_CHECKING:
    from polyflow.session.eager import EagerNamespace


class EagerArray(Operators):
    """An array of an eager namespace; ``array.value`` is the backend's own array.

    >>> import polyflow as pf
    >>> xp = pf.eager("numpy")
    >>> x = xp.asarray([1, 2, 3])
    >>> (x * 2.5).dtype, float(xp.sum(x))
    (polyflow.float32, 6.0)
    """

    __slots__ = ("_space", "_type", "value")
    __hash__ = None  # type: ignore[assignment]  # == is elementwise

    def __init__(self, value: Any, type: TensorType, space: EagerNamespace) -> None:
        self.value = value
        self._type = type
        self._space = space

    # -- what it is

    @property
    def type(self) -> TensorType:
        """Dtype and shape in one."""
        return self._type

    @property
    def owner(self) -> EagerNamespace:
        """The namespace, which applies ops to the array."""
        return self._space

    @property
    def dtype(self) -> DType:
        return self._type.known_dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self._type.static_shape

    @property
    def ndim(self) -> int:
        return self._type.rank

    @property
    def size(self) -> int:
        size = self._type.size
        assert size is not None, "an array has a size"
        return size

    @property
    def device(self) -> str:
        """The name of the device that the namespace computes on."""
        return self._space.device

    def __array_namespace__(self, *, api_version: str | None = None) -> EagerNamespace:
        """The namespace that the array belongs to."""
        return self._space

    # -- as a value of Python

    def __bool__(self) -> bool:
        return bool(self._item("bool"))

    def __int__(self) -> int:
        return int(self._real_item("int"))

    def __float__(self) -> float:
        return float(self._real_item("float"))

    def __complex__(self) -> complex:
        return complex(self._item("complex"))

    def __index__(self) -> int:
        if not self.dtype.is_integer:
            raise DTypeError(message("not an index", found=str(self._type), needed="an integer array of rank 0"))
        return int(self._item("an index"))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("an array of rank 0 has no length")
        return self.shape[0]

    def _real_item(self, what: str) -> Any:
        item = self._item(what)
        if isinstance(item, complex):
            raise DTypeError(message(f"a complex number is no {what}", found=str(self._type), remedy="xp.real(x)"))
        return item

    def _item(self, what: str) -> Any:
        if self.shape:
            raise ShapeError(message(f"only one element becomes {what}", found=str(self._type), needed="rank 0"))
        return _PYTHON[self.dtype.kind](self.value)

    # -- exchange

    def to_device(self, device: str, /, *, stream: object = None) -> EagerArray:
        """The array on another device of the backend."""
        space = self._space.on(device)
        return EagerArray(space.backend.to_device(self.value, device), self._type, space)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: Any = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule for another library, made by the backend's own array."""
        if max_version is not None and max_version < (1, 0):
            max_version = None  # both ask for the form from before versions
        options = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        given = {name: value for name, value in options.items() if value is not None}
        return self._space.backend.export(self.value).__dlpack__(**given)

    def __dlpack_device__(self) -> Any:
        return self._space.backend.export(self.value).__dlpack_device__()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """A NumPy array with the elements, for NumPy and what is written for it."""
        import numpy  # who asks for a NumPy array has NumPy

        array = numpy.asarray(self.value)
        return array if dtype is None else array.astype(dtype)

    if TYPE_CHECKING:  # bound to the ops together with the operators

        def __getitem__(self, key: Any, /) -> Any: ...
        def __setitem__(self, key: Any, value: Any, /) -> None: ...

    def __format__(self, specification: str) -> str:
        return format(self._item("number") if specification else str(self), specification)

    def __repr__(self) -> str:
        value = self._space.backend.to_literal(self.value)
        text = str(value.tolist()) if value.size <= 100 else "..."
        return f"<array {text} {self._type} on {self._space.backend.name}>"


_PYTHON: dict[str, Any] = {"bool": bool, "int": int, "uint": int, "float": float, "complex": complex}
"""What makes a Python number of an array of rank 0, by the kind of its dtype."""


class EagerNumber(EagerArray):
    """A Python number among the operands of a rule that is to get it as it is: exact, and of a weak type.

    A rule reads it as it reads one in a program, ``operation.attributes["value"]``, or casts it by its builder.
    """

    __slots__ = ()

    @property
    def operation(self) -> Any:
        """What stands for the constant that the number is in a program."""
        return SimpleNamespace(attributes={"value": weak_literal(self.value)})
