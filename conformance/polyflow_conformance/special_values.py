"""The special cases of the standard: elementwise ops at zeros of both signs, infinities, NaN and extremes.

Made by rule and not by hand: the operands of each elementwise op go through all special values of their dtype, and
through shapes without elements and without dimensions. The reference backend's answers are right by definition; where
the standard leaves the answer open, ``UNDEFINED`` says so, and the place is left out.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DType, bool_, in_category, integer_range
from polyflow.core.samples import ArraySpec, ErrorSample, Sample, map_specs
from polyflow_conformance.tolerance import EPSILON, smallest

INF, NAN = math.inf, math.nan
_LARGEST = {"float16": 65504.0, "bfloat16": 2.0**128 - 2.0**120, "float32": 2.0**128 - 2.0**104}
_COMPLEX_PARTS = (-INF, -1.0, -0.0, 0.0, 1.0, INF, NAN)


def special_values(dtype: DType) -> list[Any]:
    """The special values of a dtype.

    >>> from polyflow import uint8
    >>> special_values(uint8)
    [0, 1, 2, 127, 255]
    """
    if dtype is bool_:
        return [False, True]
    if dtype.is_integer:
        low, high = integer_range(dtype)
        return [*([low, -1] if low else []), 0, 1, 2, high // 2, high]
    if dtype.is_complex:
        return [complex(real, imag) for real in _COMPLEX_PARTS for imag in _COMPLEX_PARTS]
    large = _LARGEST.get(dtype.name, float.fromhex("0x1.fffffffffffffp+1023"))
    sized = [smallest(dtype), EPSILON[dtype.name], 0.5, 1.0, 2.0, 3.0, large, INF]
    return [0.0, -0.0, NAN, *sized, *(-each for each in sized)]


Condition = Callable[..., bool]


def _is_zero_division(dtype: DType, left: Any, right: Any) -> bool:
    return dtype.is_integer and (right == 0 or (left == integer_range(dtype)[0] and right == -1))


def _is_shift_out_of_range(dtype: DType, left: Any, right: Any) -> bool:
    return dtype.is_integer and not 0 <= right < dtype.bits


def _are_zeros(dtype: DType, left: Any, right: Any) -> bool:
    return dtype.is_floating and left == 0 and right == 0


def _is_wild_power(dtype: DType, base: Any, exponent: Any) -> bool:
    """Whether an integer power is none, or overflows."""
    if not dtype.is_integer:
        return False
    low, high = integer_range(dtype)
    return exponent < 0 or (abs(base) > 1 and (exponent > dtype.bits or not low <= base**exponent <= high))


def _is_far(dtype: DType, value: Any) -> bool:
    return dtype.is_complex and (value == 0 or not cmath.isfinite(value))


UNDEFINED: dict[str, Condition] = {
    "divide": _is_zero_division,
    "floor_divide": _is_zero_division,
    "remainder": _is_zero_division,
    "pow": _is_wild_power,
    "reciprocal": _is_far,
    "maximum": _are_zeros,
    "minimum": _are_zeros,
    "bitwise_left_shift": _is_shift_out_of_range,
    "bitwise_right_shift": _is_shift_out_of_range,
}
"""By op, operands for which the standard leaves the result to the library."""


def special_samples(op: Op, dtype: DType) -> Iterator[tuple[str, Sample]]:
    """Samples of an elementwise op at special values in ``dtype``, each with a name; none for other ops."""
    operands = _operands(op, dtype)
    if operands is None or op.has_trait(Trait.EFFECT) or not op.is_total:
        return
    is_open = dtype.is_complex and (len(operands) > 1 or bool(op.namespace))
    if is_open:  # the standard says nothing of complex infinities that meet
        operands = [[1.0 - 1.0j] if len(each) > 2 else each for each in operands]
    rows = list(itertools.product(*(_narrowed(each, len(operands)) for each in operands)))
    undefined = UNDEFINED.get(op.full_name)
    rows = [row for row in rows if undefined is None or not undefined(dtype, *row)]
    if not is_open:
        columns = [[row[place] for row in rows] for place in range(len(operands))]
        yield "special", _sample(op, dtype, columns, (len(rows),))
    yield "scalar", _sample(op, dtype, rows[0], ())
    yield "empty", _sample(op, dtype, [[[], []] for _ in operands], (2, 0))


MOVES = frozenset({
    "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "fft.fftshift", "fft.ifftshift", "flip", "getitem",
    "index_set", "linalg.diagonal", "matrix_transpose", "meshgrid", "moveaxis", "pad", "permute_dims", "repeat",
    "repeat_each", "reshape", "roll", "split", "squeeze", "stack", "take", "take_along_axis", "tile", "tril", "triu",
    "unstack",
})  # fmt: skip
"""Ops that move elements whatever they are: special values come out as they went in."""


_PLAIN = {"0": 1, "1": 1, "2": 1, "0.0": 1, "0.5": 1, "1.0": 1, "2.0": 1, "3.0": 1, "-0.5": 1, "-1.0": 1, "-2.0": 1}
"""Values with nothing special about them come last."""


def moved_samples(op: Op, samples: Sequence[Sample], dtype: DType) -> Iterator[tuple[str, Sample]]:
    """The first samples of an op that only moves elements, with special values for the arrays that they leave open."""
    if op.full_name not in MOVES or dtype is bool_:
        return
    known = sorted(special_values(dtype), key=lambda each: _PLAIN.get(str(each), 0))

    def filled(spec: ArraySpec) -> ArraySpec:
        if spec.dtype is not None or spec.kind != "normal":
            return spec
        elements = [known[(place + spec.seed) % len(known)] for place in range(math.prod(spec.shape))]
        return ArraySpec("values", spec.shape, dtype=dtype, values=_nested(elements, spec.shape))

    for number, sample in enumerate(samples):
        if not isinstance(sample, ErrorSample) and sample.prepare is None and sample.invariant is None:
            operands = [map_specs(filled, each) for each in sample.operands]
            attributes = {key: map_specs(filled, value) for key, value in sample.attributes.items()}
            yield f"{number}-special", Sample(*operands, gradient=False, dtypes=sample.dtypes, **attributes)


def _nested(elements: Sequence[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return elements[0]
    step = math.prod(shape[1:])
    return [_nested(elements[place * step : (place + 1) * step], shape[1:]) for place in range(shape[0])]


def _sample(op: Op, dtype: DType, columns: Sequence[Any], shape: tuple[int, ...]) -> Sample:
    dtypes = [bool_ if _category(op, each.name) == "bool" else dtype for each in op.signature.operands]
    specs = [ArraySpec("values", shape, dtype=its, values=each) for its, each in zip(dtypes, columns, strict=True)]
    return Sample(*specs, gradient=False)


def _category(op: Op, operand: str) -> str:
    return op.dtypes if isinstance(op.dtypes, str) else op.dtypes.get(operand, "any")


def _narrowed(choices: list[Any], count: int) -> list[Any]:
    """All choices for one operand or two; a few where three and more would make thousands of combinations."""
    return choices if count < 3 else choices[:4]


def _is_large(value: float) -> bool:
    return math.isfinite(value) and abs(value) > 1e4


def _operands(op: Op, dtype: DType) -> list[list[Any]] | None:
    """The special values of each operand; ``None`` for ops that are not elementwise, or take something else."""
    operands = op.signature.operands
    if not op.has_trait(Trait.ELEMENTWISE) or any(each.role != "operand" for each in operands):
        return None
    if any(each.is_required for each in op.signature.attributes) or op.namespace == "random":
        return None
    found = []
    for each in operands:
        category = _category(op, each.name)
        if category == "bool":
            found.append([False, True])
        elif in_category(dtype, category):
            known = special_values(dtype)
            # Functions beside the standard may overflow on the way; what they then give is nobody's promise.
            found.append([each for each in known if not (op.namespace and dtype.is_floating and _is_large(each))])
        else:
            return None
    return found
