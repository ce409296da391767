"""Samples: the operands and attributes with which an op is tried out, wherever it is tried out.

A sample describes its arrays instead of holding them, so that it can be made in every dtype an op takes, on every
backend, with the same numbers each time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from polyflow.core.dtypes import DType, as_dtype, bool_, int64
from polyflow.core.literal import Literal, literal


@dataclass(frozen=True)
class ArraySpec:
    """A description of an array: a distribution, a shape, a seed, and a dtype if it is not for the test to choose."""

    kind: str
    shape: tuple[int, ...]
    seed: int = 0
    dtype: DType | None = None
    low: float = 0.0
    high: float = 1.0
    values: Any = None  # nested lists of numbers, for the kind "values"

    def of(self, dtype: str | DType) -> ArraySpec:
        """The same array, in one dtype whatever the test chooses."""
        return replace(self, dtype=as_dtype(dtype))

    def literal(self, dtype: DType) -> Literal:
        """The elements in ``dtype``, or in the dtype that the description fixes."""
        dtype = self.dtype or dtype
        if self.kind == "values":
            return literal(self.values, dtype)
        count = math.prod(self.shape)
        numbers = [_convert(self._draw(2 * index), self._draw(2 * index + 1), dtype) for index in range(count)]
        return Literal(dtype, self.shape, literal(numbers, dtype).data)

    def _draw(self, index: int) -> float:
        unit = (_mix(index + 1_000_003 * (self.seed + 1)) + 0.5) / 2**32
        if self.kind == "normal":
            other = (_mix(~index & 0xFFFFFFFF ^ 0x5BD1E995 * (self.seed + 7)) + 0.5) / 2**32
            return math.sqrt(-2.0 * math.log(unit)) * math.cos(2.0 * math.pi * other)
        value = self.low + (self.high - self.low) * unit
        return float(math.floor(value)) if self.kind == "integers" else value


def _mix(value: int) -> int:
    """A 32-bit integer hash with full avalanche (C. Wellons' ``lowbias32``)."""
    value &= 0xFFFFFFFF
    value = ((value ^ (value >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
    value = ((value ^ (value >> 15)) * 0x846CA68B) & 0xFFFFFFFF
    return value ^ (value >> 16)


def _convert(real: float, imag: float, dtype: DType) -> bool | int | float | complex:
    if dtype.kind == "complex":
        return complex(real, imag)
    if dtype.kind == "float":
        return real
    if dtype.kind == "bool":
        return real > 0.5
    whole = math.floor(4 * real) if abs(real) < 4 and real != math.floor(real) else int(real)
    return abs(whole) if dtype.kind == "uint" else whole


def normal(*shape: int, seed: int = 0) -> ArraySpec:
    """Elements of a standard normal distribution; four times as wide, and whole, for integer dtypes.

    >>> normal(2, 3).literal(as_dtype("float32")).type.shape
    (2, 3)
    """
    return ArraySpec("normal", shape, seed)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, seed: int = 0) -> ArraySpec:
    """Elements evenly spread over ``[low, high)``."""
    return ArraySpec("uniform", shape, seed, low=low, high=high)


def positive(*shape: int, seed: int = 0) -> ArraySpec:
    """Elements in ``[0.5, 3)``: where logarithms, roots and divisions are smooth."""
    return ArraySpec("uniform", shape, seed, low=0.5, high=3.0)


def integers(*shape: int, low: int, high: int, seed: int = 0, dtype: DType | str | None = int64) -> ArraySpec:
    """Whole numbers in ``[low, high)``, of dtype int64 unless another is given; ``None`` leaves it to the test."""
    return ArraySpec("integers", shape, seed, None if dtype is None else as_dtype(dtype), low, high)


def booleans(*shape: int, seed: int = 0) -> ArraySpec:
    """Elements that are true or false with equal chance."""
    return ArraySpec("uniform", shape, seed, bool_)


def values(nested: object, dtype: DType | str | None = None) -> ArraySpec:
    """The elements given, for cases that are special."""
    fixed = None if dtype is None else as_dtype(dtype)
    return ArraySpec("values", literal(nested, fixed).shape, dtype=fixed, values=nested)


class Sample:
    """Operands and attributes of one call that must work."""

    def __init__(
        self,
        *operands: Any,
        gradient: bool = True,
        dtypes: str | None = None,
        prepare: Callable[..., Any] | None = None,
        invariant: Callable[..., Any] | None = None,
        **attributes: Any,
    ) -> None:
        self.operands = operands
        self.attributes = attributes
        self.gradient = gradient
        """Whether the op is smooth there, so that finite differences can check its gradient."""
        self.dtypes = dtypes
        """The category of dtypes for which the sample makes sense, if not all that the op takes."""
        self.prepare = prepare
        """``prepare(xp, *arrays)`` makes the operands of the arrays described, where not any numbers will do."""
        self.invariant = invariant
        """``invariant(xp, *results)`` is what all right answers have in common, where there are several."""

    def __repr__(self) -> str:
        parts = [_format(each) for each in self.operands]
        parts += [f"{name}={value!r}" for name, value in self.attributes.items()]
        return f"{type(self).__name__}({', '.join(parts)})"


class ErrorSample(Sample):
    """Operands and attributes of one call that must be refused, with an error that says why."""

    error: type[Exception] = Exception
    text: str = ""

    def raises(self, error: type[Exception], text: str) -> ErrorSample:
        """The error that must come, and a part of its text."""
        self.error, self.text = error, text
        return self


def _format(operand: object) -> str:
    if isinstance(operand, ArraySpec):
        fixed = "" if operand.dtype is None else f":{operand.dtype}"
        return f"{operand.kind}{list(operand.shape)}{fixed}"
    if isinstance(operand, list | tuple):
        return f"[{', '.join(map(_format, operand))}]"
    return repr(operand)


def map_specs(function: Callable[[ArraySpec], Any], operand: Any) -> Any:
    """``operand`` with ``function`` applied to each array description in it."""
    if isinstance(operand, ArraySpec):
        return function(operand)
    if isinstance(operand, list | tuple):
        return [map_specs(function, each) for each in operand]
    return operand
