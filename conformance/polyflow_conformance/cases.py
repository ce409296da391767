"""The cases: every op, with every sample it declares, in every dtype that it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import polyflow
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, STANDARD_DTYPES, DType, as_dtype, complex128, float32, float64, in_category
from polyflow.core.literal import Literal
from polyflow.core.samples import ArraySpec, ErrorSample, Sample, map_specs
from polyflow_conformance.special_values import MOVES, moved_samples, special_samples


@dataclass(frozen=True, eq=False)
class Case:
    """One sample of one op in one dtype; ``dtype`` is ``None`` where the sample leaves nothing to choose."""

    op: Op
    number: int | str
    """Which sample of the op, or what special case of the standard."""
    sample: Sample
    dtype: DType | None

    @property
    def id(self) -> str:
        """A name to select the case by, such as ``add-0-float32``."""
        return f"{self.op.full_name}-{self.number}-{self.dtype or 'fixed'}"

    @property
    def origin(self) -> int | str:
        """Which sample of the op has the ``prepare`` and ``invariant`` of this one."""
        return getattr(self.sample, "origin", self.number)

    @property
    def is_complex(self) -> bool:
        """Whether one of its arrays is complex."""
        return any((spec.dtype or self.dtype or float64).is_complex for spec in _specs(self.sample))

    def literal(self, spec: ArraySpec) -> Literal:
        """The array that ``spec`` describes, in this case's dtype."""
        return spec.literal(self.dtype or float64)

    def call(self, feed: Any) -> Any:
        """Call the op, each operand replaced by ``feed(literal)``; attributes that are arrays stay literals."""
        operands = [map_specs(lambda spec: feed(self.literal(spec)), each) for each in self.sample.operands]
        if self.sample.prepare is not None:
            operands = _as_list(self.sample.prepare(polyflow, *operands))
        named: dict[str, Any] = {}
        for name, value in self.sample.attributes.items():
            if isinstance(value, ArraySpec):
                named[name] = feed(self.literal(value)) if self.is_operand(name) else self.literal(value)
            else:
                named[name] = value
        return self.op(*operands, **named)

    def is_operand(self, name: str) -> bool:
        """Whether what is passed by that name is an operand of the op, and not an attribute."""
        return any(each.name == name for each in self.op.signature.operands)

    def compared(self, results: Sequence[Any]) -> list[Any]:
        """What of ``results`` is unique: they themselves, unless the sample says otherwise."""
        if self.sample.invariant is None:
            return list(results)
        return _as_list(self.sample.invariant(polyflow, *results))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def samples_of(op: Op) -> list[Sample]:
    """The samples of ``op``; none for ops that specialisation replaces."""
    return [] if op.sample_rule is None else list(op.sample_rule())


def value_cases(op: Op, dtypes: Sequence[DType]) -> Iterator[Case]:
    """The samples that must work, in each of ``dtypes`` that op and sample take."""
    for number, sample in enumerate(samples_of(op)):
        if isinstance(sample, ErrorSample):
            continue
        if not _fixed_dtypes(sample) <= set(dtypes):
            continue
        for dtype in _dtypes_of(op, sample):
            if dtype is None or dtype in dtypes:
                yield Case(op, number, sample, dtype)


def varied(cases: Iterable[Case]) -> list[Case]:
    """Those of the first two samples, and of each later one the floats and one case of every other kind of dtype.

    Each time it is another dtype of the kind. For engines to which every case is tens of milliseconds of compiling.
    """
    found: list[Case] = []
    samples: dict[int | str, int] = {}
    for (number, kind), group in groupby(cases, lambda each: (each.number, each.dtype and each.dtype.kind)):
        place, alike = samples.setdefault(number, len(samples)), list(group)
        found += alike if place < _FULL or kind == "float" else [alike[place % len(alike)]]
    return found


def special_cases(op: Op, dtypes: Sequence[DType]) -> Iterator[Case]:
    """The special cases of the standard, for ops that are elementwise or only move elements, in these ``dtypes``."""
    for dtype in dtypes:
        for name, sample in special_samples(op, dtype):
            yield Case(op, name, sample, dtype)
    for case in value_cases(op, dtypes):
        if case.number in _MOVED and case.dtype is not None and op.full_name in MOVES:
            for name, sample in moved_samples(op, [case.sample], case.dtype):
                yield Case(op, f"{case.number}{name[1:]}", sample, case.dtype)


def one_of_each(cases: Iterable[Case], preferred: DType = float32) -> list[Case]:
    """One case of each sample: that in the ``preferred`` dtype where there is one, else the first."""
    found: dict[int | str, Case] = {}
    for case in cases:
        if case.number not in found or case.dtype is preferred:
            found[case.number] = case
    return list(found.values())


_FULL = 2
"""How many samples are tried in every dtype by engines that compile."""
_MOVED = range(4)
"""The samples that are tried with special values too."""


def error_cases(op: Op, dtypes: Collection[DType] = STANDARD_DTYPES) -> Iterator[Case]:
    """The samples that must be refused, in the first dtype that the op takes, float32 if it may be that."""
    for number, sample in enumerate(samples_of(op)):
        if isinstance(sample, ErrorSample) and _fixed_dtypes(sample) <= set(dtypes):
            possible = [each for each in _dtypes_of(op, sample) if each is not None]
            chosen = [each for each in possible if each in dtypes]
            if possible and not chosen:
                continue
            preferred = next((each for each in chosen if each is float32), None)
            yield Case(op, number, sample, preferred or (chosen[0] if chosen else None))


def gradient_cases(op: Op, dtypes: Collection[DType] = STANDARD_DTYPES) -> Iterator[Case]:
    """The samples whose gradient can be checked by finite differences, in double precision, real and complex."""
    has_rule = (op.gradient_rule or op.expansion_rule) is not None and op.gradient_reason is None
    for case in value_cases(op, [each for each in STANDARD_DTYPES if each in dtypes]) if has_rule else ():
        if case.dtype in (float64, complex128) and case.sample.gradient:
            yield case


def _fixed_dtypes(sample: Sample) -> set[DType]:
    """The dtypes that a sample names: of its arrays, and among its operands and attributes."""
    named = [each for each in (*sample.operands, *sample.attributes.values()) if isinstance(each, str | DType)]
    found = {as_dtype(each) for each in named if isinstance(each, DType) or each in DTYPES}
    return found | {spec.dtype for spec in _specs(sample) if spec.dtype is not None}


def _specs(sample: Sample) -> list[ArraySpec]:
    found: list[ArraySpec] = []
    for operand in (*sample.operands, *sample.attributes.values()):
        map_specs(found.append, operand)
    return found


def _dtypes_of(op: Op, sample: Sample) -> Sequence[DType | None]:
    """The dtypes in which a sample can be made; only ``None`` where every array of it has its own."""
    free = [spec for spec in _specs(sample) if spec.dtype is None]
    if not free:
        return [None]
    categories = _free_categories(op, sample)
    if sample.dtypes is not None:
        categories.append(sample.dtypes)
    elif op.to_float:
        categories = ["numeric" if each == "floating" else each for each in categories]
    return [dtype for dtype in DTYPES.values() if all(in_category(dtype, each) for each in categories)]


def _free_categories(op: Op, sample: Sample) -> list[str]:
    if isinstance(op.dtypes, str):
        return [op.dtypes]
    names = [each.name for each in op.signature.operands]
    found = []
    for name, operand in zip(names, sample.operands, strict=False):
        open_specs: list[ArraySpec] = []
        map_specs(open_specs.append, operand)
        if any(spec.dtype is None for spec in open_specs):
            found.append(op.dtypes.get(name, "any"))
    return found
