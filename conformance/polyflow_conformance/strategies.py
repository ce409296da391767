"""What hypothesis draws for an op: operands whose shapes and dtypes go together, and axes that they have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DTYPES, DType, bool_, float32, in_category, int64, uint32
from polyflow.core.samples import ArraySpec, Sample
from polyflow_conformance.drawn_indices import INDEXING, Makers
from polyflow_conformance.growing import grown_calls
from polyflow_conformance.undrawn import why_not_drawn

Call = tuple[Sample, DType | None]
Drawn = st.SearchStrategy[Call]

REDUCTIONS = ("sum", "prod", "max", "min", "mean", "var", "std", "all", "any", "count_nonzero")
ONE_AXIS = ("cumulative_sum", "cumulative_prod", "sort", "argsort", "argmax", "argmin", "flip", "diff")
NOT_GROWN = ("argsort",)
"""Ops that an attribute may tell to leave something open: the order of equal elements."""
NEEDS_ELEMENTS = ("max", "min", "argmax", "argmin", "mean", "var", "std")


def calls_of(op: Op, dtypes: Sequence[DType]) -> Drawn | None:
    """Calls of ``op`` in some of ``dtypes``; ``None`` where there are none to be drawn."""
    if why_not_drawn(op) is not None:
        return None
    grown = grown_calls(op, dtypes)
    usable = [each for each in dtypes if _takes(op, each)]
    if not usable or not op.is_total:  # which leaves open what comes of numbers that no sample has
        return grown
    dtype = st.sampled_from(usable)
    if op.full_name in ALONE:
        return ALONE[op.full_name](dtype)
    own = _own(op, dtype)
    if own is None or grown is None:
        return grown if own is None else own
    return st.one_of(own, grown) if op.signature.attributes and op.full_name not in NOT_GROWN else own


def _own(op: Op, dtype: st.SearchStrategy[DType]) -> Drawn | None:
    """Calls of shapes that samples do not have."""
    if op.has_trait(Trait.ELEMENTWISE) and op.namespace != "random" and _is_plain(op):
        return st.builds(lambda its, shapes: _elementwise(op, its, shapes), dtype, _broadcastable(_count(op)))
    if op.full_name in REDUCTIONS:
        return st.builds(lambda its, shape, pick: _reduced(op, its, shape, pick), dtype, _shapes(1), _picks)
    if op.full_name in ONE_AXIS:
        return st.builds(lambda its, shape, pick: _along(op, its, shape, pick), dtype, _shapes(1), _picks)
    return _SPECIAL[op.full_name](dtype) if op.full_name in _SPECIAL else None


def falsified(check: Callable[[Sequence[Call]], Any], calls: Drawn, count: int, examples: int) -> Any | None:
    """What ``check`` finds wrong with some list of ``count`` calls, the smallest that it can be shrunk to."""
    found: list[Any] = []

    @seed(0)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(st.lists(calls, min_size=1, max_size=count).filter(bool))
    def trial(drawn: list[Call]) -> None:
        failure = check(drawn)
        if failure is not None:
            found.append(failure)
            raise AssertionError("falsified")

    try:
        trial()
    except AssertionError:
        return found[-1]
    return None


# -- shapes and elements

_dimension = st.sampled_from([0, 1, 1, 2, 3, 3, 4])
_picks = st.tuples(st.integers(0, 255), st.booleans(), st.booleans())
"""A number to choose axes by, and two choices."""


def _shapes(least_rank: int, most_rank: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(_dimension, min_size=least_rank, max_size=most_rank).map(tuple)


def _broadcastable(count: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Shapes that broadcast: each is the whole one with dimensions cut off in front and others made 1."""

    def cut(whole: tuple[int, ...], kept: int, ones: int) -> tuple[int, ...]:
        part = whole[min(kept, len(whole)) :]
        return tuple(1 if ones >> place & 1 else each for place, each in enumerate(part))

    cuts = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 4]), st.integers(0, 15)), min_size=count, max_size=count)
    return st.builds(lambda whole, how: [cut(whole, *each) for each in how], _shapes(0), cuts)


def _spec(shape: tuple[int, ...], number: int = 0) -> ArraySpec:
    return ArraySpec("normal", shape, seed=sum(shape) + 31 * len(shape) + number)


def _near(shape: tuple[int, ...], number: int = 0) -> ArraySpec:
    """Elements in [0.5, 3): where no function has a pole."""
    return ArraySpec("uniform", shape, seed=sum(shape) + 31 * len(shape) + number, low=0.5, high=3.0)


def _whole(shape: tuple[int, ...], number: int = 0) -> ArraySpec:
    """Whole numbers of one sign: sums and products are exact, and nothing cancels."""
    is_negative = sum(shape) % 2
    low, high = (-5, 0) if is_negative else (1, 6)
    return ArraySpec("integers", shape, sum(shape) + 31 * len(shape) + number, None, low, high)


# -- calls


def _category(op: Op, operand: str) -> str:
    return op.dtypes if isinstance(op.dtypes, str) else op.dtypes.get(operand, "any")


def _takes(op: Op, dtype: DType) -> bool:
    categories = [_category(op, each.name) for each in op.signature.operands]
    return all(each == "bool" or in_category(dtype, each) for each in categories)


def _is_plain(op: Op) -> bool:
    is_free = not any(each.is_required for each in op.signature.attributes)
    return is_free and all(each.role == "operand" for each in op.signature.operands)


def _count(op: Op) -> int:
    return len(op.signature.operands)


def _elementwise(op: Op, dtype: DType, shapes: Sequence[tuple[int, ...]]) -> Call:
    is_shift = op.full_name.startswith("bitwise_")
    names = [each.name for each in op.signature.operands]
    specs = []
    for number, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        spec = _near(shape, number) if dtype.is_integer or op.full_name == "pow" or is_shift else _spec(shape, number)
        fixed = bool_ if _category(op, name) == "bool" else None
        specs.append(spec.of(fixed) if fixed else spec)
    return Sample(*specs), dtype


def _reduced(op: Op, dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    bits, keepdims, is_negative = pick
    axes = tuple(axis - len(shape) if is_negative else axis for axis in range(len(shape)) if bits >> axis & 1)
    shape = tuple(max(each, 1) for each in shape) if op.full_name in NEEDS_ELEMENTS else shape
    axis = None if not axes else axes[0] if len(axes) == 1 else axes
    spec = _spec(shape) if op.full_name == "prod" else _whole(shape)
    return Sample(spec, axis=axis, keepdims=keepdims), dtype


def _along(op: Op, dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    bits, is_flag, is_negative = pick
    axis = bits % len(shape) - (len(shape) if is_negative else 0)
    shape = tuple(max(each, 1) for each in shape) if op.full_name in NEEDS_ELEMENTS else shape
    attributes: dict[str, Any] = {"axis": axis}
    if op.full_name in ("sort", "argsort"):
        attributes["descending"] = is_flag
    if op.full_name in ("argmax", "argmin"):
        attributes["keepdims"] = is_flag
    if op.full_name in ("cumulative_sum", "cumulative_prod"):
        attributes["include_initial"] = is_flag
    return Sample(_whole(shape) if op.full_name == "cumulative_sum" else _spec(shape), **attributes), dtype


def _rolled(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    bits, _, is_negative = pick
    axis = bits % len(shape) - (len(shape) if is_negative else 0)
    return Sample(_spec(shape), bits // 8 - 16, axis=axis), dtype


def _permuted(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    start = pick[0] % len(shape)
    axes = tuple((start + place) % len(shape) for place in range(len(shape)))
    return Sample(_spec(shape), axes[::-1] if pick[1] else axes), dtype


def _joined(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    axis = pick[0] % len(shape)
    other = tuple(each + 1 if place == axis else each for place, each in enumerate(shape))
    return Sample([_spec(shape), _spec(other, 1)], axis=axis - len(shape) if pick[2] else axis), dtype


def _stacked(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    return Sample([_spec(shape), _spec(shape, 1)], axis=pick[0] % (len(shape) + 1)), dtype


def _multiplied(dtype: DType, batch: list[tuple[int, ...]], pick: tuple[int, bool, bool]) -> Call:
    rows, inner, columns = pick[0] % 4, pick[0] // 4 % 4, pick[0] // 16 % 4
    return Sample(_whole((*batch[0][-2:], rows, inner)), _whole((*batch[1][-2:], inner, columns), 1)), dtype


def _reshaped(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    at, size = pick[0] % len(shape), math.prod(shape)
    merged = (math.prod(shape[: at + 1]), *shape[at + 1 :], *(1,) * (pick[0] % 3))
    sizes = merged[::-1] if pick[1] else merged
    if pick[2] and size:
        sizes = tuple(-1 if place == at % len(sizes) else each for place, each in enumerate(sizes))
    return Sample(_spec(shape), shape=sizes), dtype


def _split(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    axis = pick[0] % len(shape)
    size, first = shape[axis], pick[0] % (shape[axis] + 1)
    parts: Any = [first, 0, -1 if pick[1] else size - first]
    if pick[2]:
        parts = size or 1
    return Sample(_spec(shape), parts, axis=axis - len(shape) if pick[1] else axis), dtype


def _converted(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    """To any dtype, of numbers that fit into all."""
    others = [each for each in DTYPES.values() if each.is_complex or not dtype.is_complex]
    spec = ArraySpec("uniform", shape, seed=pick[0], low=0.0, high=100.0)
    return Sample(spec, str(others[pick[0] % len(others)])), dtype


def _held(dtype: DType, shape: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    return Sample(value=_spec(shape)), dtype


def _grid(dtype: DType, sizes: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    """Between ends of one sign: an element near 0 between others is what their rounding leaves of it."""
    start, stop = pick[0] % 16, pick[0] // 16
    ends = (-start - 0.5, -stop) if pick[1] else (start, stop + 0.25)
    its = dtype if dtype.is_differentiable else float32
    return Sample(*ends, sum(sizes), dtype=str(its), endpoint=pick[2]), None


def _key(dtype: DType, sizes: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    return Sample(ArraySpec("values", (), dtype=int64, values=_any_number(sizes, pick))), None


def _key_and_number(dtype: DType, sizes: tuple[int, ...], pick: tuple[int, bool, bool]) -> Call:
    key = ArraySpec("values", (2,), dtype=uint32, values=[pick[0] * 0x1010101, sum(sizes)])
    return Sample(key, ArraySpec("values", (), dtype=int64, values=_any_number(sizes, pick))), None


def _any_number(sizes: tuple[int, ...], pick: tuple[int, bool, bool]) -> int:
    number = (pick[0] + 1) * 3 ** (8 * len(sizes)) if pick[1] else pick[0]
    return -number if pick[2] else number


def _drawn(make: Callable[..., Call], shapes: Any = None) -> Callable[[st.SearchStrategy[DType]], Drawn]:
    return lambda dtype: st.builds(make, dtype, _shapes(1) if shapes is None else shapes, _picks)


ALONE: Makers = {
    **INDEXING,
    "astype": _drawn(_converted, _shapes(0)),
    "constant": _drawn(_held, _shapes(0)),
    "linspace": _drawn(_grid),
    "random.key": _drawn(_key),
    "random.fold_in": _drawn(_key_and_number),
}
"""What draws the calls of ops of which a sample cannot be changed in parts."""

_SPECIAL: Makers = {
    "roll": _drawn(_rolled),
    "permute_dims": _drawn(_permuted),
    "concat": _drawn(_joined),
    "reshape": _drawn(_reshaped),
    "split": _drawn(_split),
    "stack": _drawn(_stacked),
    "matmul": _drawn(_multiplied, _broadcastable(2)),
}
