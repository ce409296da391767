"""Nested lists: from a nest to a flat list and its shape, back again, and to the text of ``repr``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.errors import DTypeError, ShapeError, message
from polyflow_reference.shapes import Shape
from polyflow_reference.values import Scalar, Values, fit


def flatten(nested: Any, values: Values, dtypes: set[DType]) -> Shape:  # a nest has no finite type
    """Append the scalars of nested sequences to ``values`` and return the shape of the nest.

    Arrays may stand in the nest; their dtypes are added to ``dtypes``.

    >>> values = []
    >>> flatten([[1, 2], [3, 4]], values, set()), values
    ((2, 2), [1, 2, 3, 4])
    """
    if isinstance(nested, (bool, int, float, complex)):
        values.append(nested)
        return ()
    if isinstance(getattr(nested, "dtype", None), DType):
        values.extend(nested.values)
        dtypes.add(nested.dtype)
        return tuple(nested.shape)
    if isinstance(nested, (str, bytes)) or not isinstance(nested, Sequence):
        values.append(_foreign_scalar(nested))
        return ()
    shapes = [flatten(part, values, dtypes) for part in nested]
    if len(set(shapes)) > 1:
        raise ShapeError(
            message("nested sequences differ in shape", found=" and ".join(map(str, dict.fromkeys(shapes))))
        )
    return (len(nested), *(shapes[0] if shapes else ()))


def _foreign_scalar(value: Any) -> Scalar:  # a number of some library
    for conversion, scalar_type in (("__index__", int), ("__float__", float), ("__complex__", complex)):
        if hasattr(value, conversion):
            return scalar_type(value)
    raise DTypeError(
        message("this is no array", found=type(value).__name__, needed="a number, or nested sequences of numbers")
    )


def nest(values: Values, shape: Shape) -> Any:
    """A flat list as nested lists.

    >>> nest([1, 2, 3, 4], (2, 2))
    [[1, 2], [3, 4]]
    """
    if not shape:
        return values[0]
    step = math.prod(shape[1:])
    return [nest(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def show(values: Values, shape: Shape, dtype: DType) -> str:
    """A flat list as the text of nested lists, each number as short as its dtype allows.

    >>> from polyflow.core.dtypes import float32
    >>> show(fit([0.1, 2.0], float32), (2,), float32)
    '[0.1, 2.0]'
    """
    if shape and math.prod(shape) == 0:
        return f"[] of shape {shape}" if shape != (0,) else "[]"
    return str(nest([_Text(_shortest(value, dtype)) for value in values], shape))


class _Text(str):
    """A string that stands without quotation marks in a list."""

    __slots__ = ()
    __repr__ = str.__str__


def _shortest(value: Any, dtype: DType) -> str:
    if dtype.name in ("float32", "float16", "bfloat16"):
        candidates = (float(f"{value:.{digits}g}") for digits in range(1, 10))
        return repr(next((short for short in candidates if fit([short], dtype)[0] == value), value))
    return repr(value)
