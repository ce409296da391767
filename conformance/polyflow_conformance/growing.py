"""Calls that grow out of an op's own samples: other sizes, more dimensions, other axes, flags, attributes and elements.

A sample says what goes together. Each step changes one thing about it and is taken back where the op's inference
refuses what came of it, so that nothing is said here about any op by name: ops of plugins are drawn like all others.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import strategies as st

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DType
from polyflow.core.samples import ArraySpec, ErrorSample, Sample, map_specs
from polyflow.core.signature import Parameter
from polyflow_conformance.cases import Case, samples_of, value_cases
from polyflow_conformance.running import GraphOfCases, outputs_of
from polyflow_conformance.tolerances import group_of

Call = tuple[Sample, DType | None]
Draw = Callable[[st.SearchStrategy[Any]], Any]
Change = Callable[[Sample], Sample]
Step = Callable[[Draw, "Grower", Sample], Iterator[Change]]

EMPTY = inspect.Parameter.empty
MOST = 500
"""Elements of an array at most: the oracle is slow."""


class Grown(Sample):
    """A sample that grew out of another one."""

    origin: int | str
    """Which sample of the op it grew out of: whose ``prepare`` and ``invariant`` it has."""


def grown_calls(op: Op, dtypes: Sequence[DType]) -> st.SearchStrategy[Call] | None:
    """Calls grown out of the samples of ``op`` that can be made in one of ``dtypes``; ``None`` where there are none."""
    cases = [each for each in value_cases(op, dtypes) if _largest(each.sample) <= MOST]
    if not cases:
        return None
    cases += [each for each in cases if any(Grower(op, each.number).free(each.sample))] * 2  # most have more to change
    growers = {number: Grower(op, number) for number in {each.number for each in cases}}

    @st.composite
    def calls(draw: Draw) -> Call:
        case: Case = draw(st.sampled_from(cases))
        grower = growers[case.number]
        sample = case.sample
        for step in STEPS:
            for change in step(draw, grower, sample):
                candidate = change(sample)
                if grower.is_accepted(candidate, case.dtype):
                    sample = candidate
        return grower.named(sample), case.dtype

    return calls()


class Grower:
    """What is known of one sample of an op, and of what its other samples say of the attributes."""

    def __init__(self, op: Op, number: int | str) -> None:
        self.op = op
        self.number = number
        parameters = op.signature.parameters
        self.positional = [each for each in parameters if not each.is_keyword]
        self.attributes = op.signature.attributes
        self.donors = [each for each in samples_of(op) if not isinstance(each, ErrorSample)]
        self.pools = {each.name: self._pool(each) for each in self.attributes}
        is_elementwise = group_of(op).is_elementwise or op.has_trait(Trait.ELEMENTWISE)
        self.sums_up = not is_elementwise and all(each.prepare is None for each in self.donors)
        """Whether it sums elements that nobody prepares: where these cancel, results are what rounding leaves."""

    def _pool(self, attribute: Parameter) -> list[Any]:
        """The values that samples give to an attribute, each once, the default first."""
        found = [attribute.default] if attribute.default is not EMPTY else []
        for sample in self.donors:
            value = self.value(sample, attribute)
            if not isinstance(value, ArraySpec) and not any(_is_same(value, each) for each in found):
                found.append(value)
        return found

    # -- reading and writing samples

    def place(self, sample: Sample, parameter: Parameter) -> int | None:
        """Where among the operands an argument is; ``None`` where it is given by keyword or not at all."""
        if parameter in self.positional:
            place = self.positional.index(parameter)
            if place < len(sample.operands) and all(each.role != "variadic" for each in self.positional[:place]):
                return place
        return None

    def value(self, sample: Sample, attribute: Parameter) -> Any:
        """The value of an attribute, or its default."""
        place = self.place(sample, attribute)
        return sample.attributes.get(attribute.name, attribute.default) if place is None else sample.operands[place]

    def with_value(self, sample: Sample, attribute: Parameter, value: Any) -> Sample:
        """``sample`` with another value for an attribute."""
        place = self.place(sample, attribute)
        operands, attributes = list(sample.operands), dict(sample.attributes)
        if place is None:
            attributes[attribute.name] = value
        else:
            operands[place] = value
        return changed(sample, operands, attributes)

    def parameter(self, place: int) -> Parameter:
        """The parameter that an argument at ``place`` is for."""
        many = next((each for each in self.positional[: place + 1] if each.role == "variadic"), None)
        return many or self.positional[min(place, len(self.positional) - 1)]  # `prepare` may take more

    def free(self, sample: Sample) -> list[bool]:
        """Of each array of ``sample``, whether it may be had in another shape."""
        found: list[bool] = []
        for place, operand in enumerate(sample.operands):
            category = category_of(self.op, self.parameter(place).name)
            arrays: list[ArraySpec] = []
            map_specs(arrays.append, operand)
            found += [_is_free(each, category) for each in arrays]
        return found + [False for each in sample.attributes.values() if isinstance(each, ArraySpec)]

    # -- what the op says to it

    def is_accepted(self, sample: Sample, dtype: DType | None) -> bool:
        """Whether the op takes a call, and its arrays are of a size that the oracle can deal with."""
        if _largest(sample) > MOST:
            return False
        case, graph = Case(self.op, self.number, sample, dtype), GraphOfCases()
        try:
            with graph.graph.as_default():
                outputs = outputs_of(case, graph)
                case.compared(outputs)
        except Exception:  # in whichever words it is refused
            return False
        return all(math.prod(each or 0 for each in output.type.shape or ()) <= MOST for output in outputs)

    def named(self, sample: Sample) -> Grown:
        """``sample``, knowing what it grew out of."""
        grown = changed(sample, sample.operands, sample.attributes)
        grown.origin = self.number
        return grown


def changed(sample: Sample, operands: Sequence[Any], attributes: Any) -> Grown:
    """``sample`` with other arguments."""
    return Grown(
        *operands,
        gradient=False,
        dtypes=sample.dtypes,
        prepare=sample.prepare,
        invariant=sample.invariant,
        **attributes,
    )


def specs_of(sample: Sample) -> list[ArraySpec]:
    """The arrays of a sample, in the order of its arguments."""
    found: list[ArraySpec] = []
    for operand in sample.operands:
        map_specs(found.append, operand)
    return found + [each for each in sample.attributes.values() if isinstance(each, ArraySpec)]


def with_specs(sample: Sample, specs: Sequence[ArraySpec]) -> Sample:
    """``sample`` with other arrays."""
    rest = iter(specs)
    operands = [map_specs(lambda _: next(rest), each) for each in sample.operands]
    attributes = {name: next(rest) if isinstance(each, ArraySpec) else each for name, each in sample.attributes.items()}
    return changed(sample, operands, attributes)


def category_of(op: Op, operand: str) -> str:
    """The category of dtypes that an operand may have."""
    return op.dtypes if isinstance(op.dtypes, str) else op.dtypes.get(operand, "any")


def _is_free(spec: ArraySpec, category: str) -> bool:
    """Elements that are written out stand as they are, but for indices: those may be repeated."""
    return spec.kind != "values" or (_is_index(spec) and category in ("any", "integral"))


def _is_index(spec: ArraySpec) -> bool:
    return spec.kind in ("integers", "values") and spec.dtype is not None and spec.dtype.is_integer


def _largest(sample: Sample) -> int:
    return max((math.prod(each.shape) for each in specs_of(sample)), default=0)


def _is_same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and repr(left) == repr(right)


def _resized(spec: ArraySpec, shape: tuple[int, ...]) -> ArraySpec:
    """The array in another shape of the same rank; elements that are written out are repeated along each axis."""
    if spec.kind != "values":
        return replace(spec, shape=shape)
    return replace(spec, shape=shape, values=_repeated(spec.values, shape))


def _repeated(nested: Any, shape: tuple[int, ...]) -> Any:
    if not shape or not nested:
        return nested
    return [_repeated(nested[place % len(nested)], shape[1:]) for place in range(shape[0])]


# -- the steps: each draws changes, of which those are made that the op accepts


_SIZES = [2, 3, 1, 4, 5, 2, 3, 4, 0]
"""Sizes of dimensions; arrays without elements have little to say, and are fewer."""


def _attributes_of_another(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """All attributes as another sample has them, since they may go together."""
    donor = draw(st.sampled_from(grower.donors))
    given = {each: grower.value(donor, each) for each in grower.attributes}

    def change(sample: Sample) -> Sample:
        for attribute, value in given.items():
            if value is not EMPTY and not isinstance(value, ArraySpec):
                sample = grower.with_value(sample, attribute, value)
        return sample

    yield change


def _other_sizes(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """Another size wherever the sample has a certain one; indices stay in range where sizes only grow."""
    specs, free = specs_of(sample), grower.free(sample)
    may_shrink = not any(map(_is_index, specs))
    for size in sorted({size for spec, each in zip(specs, free, strict=True) if each for size in spec.shape}):
        other = draw(st.sampled_from(_SIZES if may_shrink else [size, size + 1, size + 2]))
        if other != size and size > 1:
            yield partial(_renamed, grower, size, other, True)
            yield partial(_renamed, grower, size, other, False)


def _renamed(grower: Grower, size: int, other: int, in_attributes: bool, sample: Sample) -> Sample:
    """``sample`` with the size ``other`` for ``size`` in its arrays, and in attributes that are shapes."""
    arrays = [
        _resized(spec, tuple(other if each == size else each for each in spec.shape)) if is_free else spec
        for spec, is_free in zip(specs_of(sample), grower.free(sample), strict=True)
    ]
    sample = with_specs(sample, arrays)
    for attribute in grower.attributes:
        if in_attributes and attribute.form == "shape":
            value = _leaves(lambda each: other if each == size else each, grower.value(sample, attribute))
            sample = grower.with_value(sample, attribute, value)
    return sample


def _more_dimensions(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """Dimensions in front of all arrays, or of some."""
    front = tuple(draw(st.lists(st.sampled_from(_SIZES), max_size=2)))
    chosen = draw(st.integers(0, 7))

    def change(number: int, sample: Sample) -> Sample:
        free = grower.free(sample)
        arrays = [
            replace(spec, shape=front + spec.shape) if each and spec.kind != "values" and number >> place & 1 else spec
            for place, (spec, each) in enumerate(zip(specs_of(sample), free, strict=True))
        ]
        return with_specs(sample, arrays)

    if front:
        yield partial(change, ~chosen)


def _ones(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """Size 1 for a dimension of one array, so that it broadcasts, or another order of the dimensions of an only one."""
    specs, free = specs_of(sample), grower.free(sample)
    chosen = [place for place, each in enumerate(free) if each and specs[place].shape]
    if not chosen:
        return
    place = draw(st.sampled_from(chosen))
    shape = specs[place].shape
    if len(specs) == 1:
        order = draw(st.permutations(range(len(shape))))
        shape = tuple(shape[each] for each in order)
    elif not any(map(_is_index, specs)) and draw(st.booleans()):
        axis = draw(st.integers(0, len(shape) - 1))
        shape = (*shape[:axis], 1, *shape[axis + 1 :])
    if shape != specs[place].shape:
        yield lambda sample: with_specs(
            sample, [_resized(each, shape) if at == place else each for at, each in enumerate(specs_of(sample))]
        )


def _other_axes(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """Other axes, from either end, one or several."""
    axes = [each for each in grower.attributes if each.form in ("axis", "new axis")]
    ranks = [len(each.shape) for each in specs_of(sample)]
    if not axes or not ranks or not draw(st.booleans()):
        return
    count = draw(st.sampled_from([0, 1, 2, 3]))  # 0 is for a number

    def change(sample: Sample) -> Sample:
        for attribute, drawn in found:
            sample = grower.with_value(sample, attribute, drawn)
        return sample

    found = []
    for attribute in axes:
        rank = ranks[0] + (max(count, 1) if attribute.form == "new axis" else 0)
        if rank < max(count, 1):
            return
        order = draw(st.permutations(range(rank)))[: max(count, 1)]
        signed = tuple(each - rank if draw(st.booleans()) else each for each in order)
        found.append((attribute, signed if count else signed[0]))
    yield change


def _other_values(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """Flags, choices and numbers, one attribute after the other."""
    for attribute in grower.attributes:
        pool = grower.pools[attribute.name]
        if attribute.form in ("axis", "new axis") or not pool:
            continue
        if any(isinstance(each, bool) for each in pool) and len(pool) < 3:
            value = draw(st.booleans())
        else:
            value = draw(st.sampled_from(pool)) if draw(st.booleans()) else grower.value(sample, attribute)
            value = _moved(value, draw) if attribute.form != "dtype" else value
        if not _is_same(value, grower.value(sample, attribute)):
            yield partial(grower.with_value, attribute=attribute, value=value)


def _moved(value: Any, draw: Draw) -> Any:
    """The whole numbers in ``value``, some of them one off."""
    if isinstance(value, bool) or not isinstance(value, int | list | tuple) or not draw(st.booleans()):
        return value
    return _leaves(lambda each: each + draw(st.sampled_from([0, 1, -1])), value)


def _leaves(function: Callable[[int], int], value: Any) -> Any:
    """``value`` with ``function`` applied to every whole number in it."""
    if type(value) in (list, tuple):
        return type(value)(_leaves(function, each) for each in value)
    return function(value) if type(value) is int else value


def _other_elements(draw: Draw, grower: Grower, sample: Sample) -> Iterator[Change]:
    """Other elements from the same distributions; whole numbers of one sign for sums, so that nothing cancels."""
    seed, is_negative = draw(st.integers(0, 3)), draw(st.booleans())

    def other(spec: ArraySpec) -> ArraySpec:
        spec = replace(spec, seed=spec.seed + 7 * seed)
        if spec.kind != "normal" or not grower.sums_up:
            return spec
        return replace(spec, kind="integers", low=-5 if is_negative else 1, high=0 if is_negative else 6)

    yield lambda sample: with_specs(sample, [other(each) for each in specs_of(sample)])


STEPS: tuple[Step, ...] = (
    _attributes_of_another,
    _other_sizes,
    _more_dimensions,
    _ones,
    _other_axes,
    _other_values,
    _other_elements,
)
