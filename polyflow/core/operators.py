"""Python's operators in the words of the array API standard: one table, for every class that behaves like an array."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from polyflow.core.literal import is_array_like
from polyflow.errors import ShapeError, message

if TYPE_CHECKING:
    from polyflow.core.tensor import Tensor

BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "pow", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor", "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
COMPARISON = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}  # fmt: skip
UNARY = {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_invert"}


class Namespace(Protocol):
    """Anything with the standard's functions as attributes."""

    def __getattr__(self, name: str) -> Any: ...


class Operators:
    """Base of the classes that :func:`bind_operators` completes; type checkers see the operators here."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __add__(self, other: Any, /) -> Tensor: ...
        def __radd__(self, other: Any, /) -> Tensor: ...
        def __sub__(self, other: Any, /) -> Tensor: ...
        def __rsub__(self, other: Any, /) -> Tensor: ...
        def __mul__(self, other: Any, /) -> Tensor: ...
        def __rmul__(self, other: Any, /) -> Tensor: ...
        def __truediv__(self, other: Any, /) -> Tensor: ...
        def __rtruediv__(self, other: Any, /) -> Tensor: ...
        def __floordiv__(self, other: Any, /) -> Tensor: ...
        def __rfloordiv__(self, other: Any, /) -> Tensor: ...
        def __mod__(self, other: Any, /) -> Tensor: ...
        def __rmod__(self, other: Any, /) -> Tensor: ...
        def __pow__(self, other: Any, /) -> Tensor: ...
        def __rpow__(self, other: Any, /) -> Tensor: ...
        def __matmul__(self, other: Any, /) -> Tensor: ...
        def __rmatmul__(self, other: Any, /) -> Tensor: ...
        def __and__(self, other: Any, /) -> Tensor: ...
        def __rand__(self, other: Any, /) -> Tensor: ...
        def __or__(self, other: Any, /) -> Tensor: ...
        def __ror__(self, other: Any, /) -> Tensor: ...
        def __xor__(self, other: Any, /) -> Tensor: ...
        def __rxor__(self, other: Any, /) -> Tensor: ...
        def __lshift__(self, other: Any, /) -> Tensor: ...
        def __rlshift__(self, other: Any, /) -> Tensor: ...
        def __rshift__(self, other: Any, /) -> Tensor: ...
        def __rrshift__(self, other: Any, /) -> Tensor: ...
        def __lt__(self, other: Any, /) -> Tensor: ...
        def __le__(self, other: Any, /) -> Tensor: ...
        def __gt__(self, other: Any, /) -> Tensor: ...
        def __ge__(self, other: Any, /) -> Tensor: ...
        def __eq__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]
        def __ne__(self, other: Any, /) -> Tensor: ...  # type: ignore[override]
        def __neg__(self, /) -> Tensor: ...
        def __pos__(self, /) -> Tensor: ...
        def __abs__(self, /) -> Tensor: ...
        def __invert__(self, /) -> Tensor: ...
        @property
        def T(self) -> Tensor: ...
        @property
        def mT(self) -> Tensor: ...


def bind_operators(cls: type, namespace: Namespace) -> None:
    """Give ``cls`` every operator, each calling the function of its standard name in ``namespace``.

    The functions are looked up when an operator is first used: binding loads nothing.
    """
    for word, name in BINARY.items():
        setattr(cls, f"__{word}__", _binary(f"__{word}__", namespace, name))
        setattr(cls, f"__r{word}__", _reflected(f"__r{word}__", namespace, name))
    for word, name in COMPARISON.items():
        setattr(cls, f"__{word}__", _binary(f"__{word}__", namespace, name))
    for word, name in UNARY.items():
        setattr(cls, f"__{word}__", _unary(f"__{word}__", namespace, name))
    cls.T = property(_transposer(namespace), doc="The transpose of a matrix.")  # type: ignore[attr-defined]
    transposes = _unary("mT", namespace, "matrix_transpose")
    cls.mT = property(transposes, doc="The transposes of a stack of matrices.")  # type: ignore[attr-defined]


def bind_selection(cls: type, reading: str, writing: str) -> None:
    """Give ``cls`` ``x[key]`` and ``x[key] = value`` from the modules called ``reading`` and ``writing``."""
    setattr(cls, "__getitem__", later(reading, "tensor_getitem"))  # noqa: B010
    setattr(cls, "__setitem__", later(writing, "tensor_setitem"))  # noqa: B010


def later(module: str, name: str) -> Callable[..., Any]:
    """The function ``name`` of ``module``, which is loaded when it is first called."""

    def method(*args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*args, **kwargs)

    method.__name__ = name
    return method


def _is_operand(value: object) -> bool:
    return hasattr(value, "__tensor__") or is_array_like(value)


def _binary(word: str, namespace: Namespace, name: str) -> Callable[..., Any]:
    def method(self: Any, other: object, /) -> Any:
        return getattr(namespace, name)(self, other) if _is_operand(other) else NotImplemented

    method.__name__ = word
    return method


def _reflected(word: str, namespace: Namespace, name: str) -> Callable[..., Any]:
    def method(self: Any, other: object, /) -> Any:
        return getattr(namespace, name)(other, self) if _is_operand(other) else NotImplemented

    method.__name__ = word
    return method


def _unary(word: str, namespace: Namespace, name: str) -> Callable[..., Any]:
    def method(self: Any, /) -> Any:
        return getattr(namespace, name)(self)

    method.__name__ = word
    return method


def _transposer(namespace: Namespace) -> Callable[[Any], Any]:
    def transpose(self: Any) -> Any:
        if self.ndim != 2:
            raise ShapeError(
                message(
                    ".T transposes matrices", found=f"rank {self.ndim}", needed="rank 2", remedy="x.mT, permute_dims"
                )
            )
        return namespace.matrix_transpose(self)

    return transpose
