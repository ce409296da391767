"""Python's operators on arrays: one table from a dunder to the function of the standard that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.errors import DTypeError, ShapeError, message
from polyflow_reference.shapes import Shape
from polyflow_reference.values import Values


@cache
def namespace() -> ModuleType:
    """The module of all functions.

    It is the one reference upwards: an array must name its namespace, and the namespace is functions of arrays.

    >>> namespace().__name__
    'polyflow_reference.namespace'
    """
    return import_module("polyflow_reference.namespace")


def _is_operand(value: object) -> bool:
    return isinstance(value, (Operators, bool, int, float, complex))


def _unary(function: str) -> Callable[[Any], Any]:
    def operator(self: Any, /) -> Any:
        return getattr(namespace(), function)(self)

    return operator


def _binary(function: str) -> Callable[[Any, Any], Any]:
    def operator(self: Any, other: Any, /) -> Any:
        return getattr(namespace(), function)(self, other) if _is_operand(other) else NotImplemented

    return operator


def _reflected(function: str) -> Callable[[Any, Any], Any]:
    def operator(self: Any, other: Any, /) -> Any:
        return getattr(namespace(), function)(other, self) if _is_operand(other) else NotImplemented

    return operator


def _in_place(function: str) -> Callable[[Any, Any], Any]:
    """``x += y``: the elements change, the dtype and the shape of ``x`` may not."""

    def operator(self: Any, other: Any, /) -> Any:
        if not _is_operand(other):
            return NotImplemented
        result = getattr(namespace(), function)(self, other)
        if result.dtype is not self.dtype:
            raise DTypeError(
                message(f"{function} in place would change the dtype", found=result.dtype, needed=self.dtype)
            )
        if result.shape != self.shape:
            raise ShapeError(
                message(f"{function} in place would change the shape", found=result.shape, needed=self.shape)
            )
        self.values[:] = result.values
        return self

    return operator


class Operators:
    """The operators that an array has."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # == is elementwise, and elements can be assigned

    # What the operators read; an array has them.
    dtype: DType
    shape: Shape
    values: Values

    __pos__, __neg__ = _unary("positive"), _unary("negative")
    __abs__, __invert__ = _unary("abs"), _unary("bitwise_invert")

    __add__, __radd__, __iadd__ = _binary("add"), _reflected("add"), _in_place("add")
    __sub__, __rsub__, __isub__ = _binary("subtract"), _reflected("subtract"), _in_place("subtract")
    __mul__, __rmul__, __imul__ = _binary("multiply"), _reflected("multiply"), _in_place("multiply")
    __truediv__, __rtruediv__, __itruediv__ = _binary("divide"), _reflected("divide"), _in_place("divide")
    __pow__, __rpow__, __ipow__ = _binary("pow"), _reflected("pow"), _in_place("pow")
    __mod__, __rmod__, __imod__ = _binary("remainder"), _reflected("remainder"), _in_place("remainder")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __ifloordiv__ = _in_place("floor_divide")
    __matmul__, __rmatmul__, __imatmul__ = _binary("matmul"), _reflected("matmul"), _in_place("matmul")

    __and__, __rand__, __iand__ = _binary("bitwise_and"), _reflected("bitwise_and"), _in_place("bitwise_and")
    __or__, __ror__, __ior__ = _binary("bitwise_or"), _reflected("bitwise_or"), _in_place("bitwise_or")
    __xor__, __rxor__, __ixor__ = _binary("bitwise_xor"), _reflected("bitwise_xor"), _in_place("bitwise_xor")
    __lshift__, __rlshift__ = _binary("bitwise_left_shift"), _reflected("bitwise_left_shift")
    __ilshift__ = _in_place("bitwise_left_shift")
    __rshift__, __rrshift__ = _binary("bitwise_right_shift"), _reflected("bitwise_right_shift")
    __irshift__ = _in_place("bitwise_right_shift")

    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __eq__, __ne__ = _binary("equal"), _binary("not_equal")
