"""Operators on what a kernel does with memory: operands written into, results shared, results kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.literal import Literal
from polyflow.extension import Backend, Kernel
from polyflow.extension.exact_ops import ROUNDS_NOTHING
from polyflow_conformance.mutants.mutant import Mutant, Operator, World, faulty
from polyflow_conformance.special_values import MOVES
from polyflow_conformance.tolerances import family_of

Array = Any  # of the sound backend


def _each(
    world: World, operator: str, make: Callable[[Backend, Kernel], Kernel], fits: Callable[[Any, Any], bool]
) -> Iterator[Mutant]:
    """The fault of each op that ``fits`` by its declaration and what the kit knows of its types."""
    for name, op in world.ops.items():
        kernel, profile = world.kernel(name), world.profile(name)
        if kernel is not None and fits(op, profile):
            plant = partial(_planted, name, make, kernel)
            yield Mutant(operator, name, plant, name, frozenset({f"kernel:{name}"}))


def _planted(name: str, make: Callable[[Backend, Kernel], Kernel], kernel: Kernel, sound: Backend) -> Any:
    """The backend with the kernel, whose arrays can be written into from the start, and are written by nobody else."""

    def from_literal(value: Literal, device: str) -> Array:
        return sound.copy(sound.from_literal(value, device))

    plain: dict[str, Any] = {
        "in_place": frozenset(),
        "fresh": frozenset(),
        "updating": {},
        "in_blocks": None,
        "operators": {},
    }
    return faulty(sound, {name: make(sound, kernel)}, from_literal=from_literal, **plain)


def _has_arrays(op: Any, profile: Any) -> bool:
    """Whether some call makes an array of an array."""
    return any(
        operands and operands[0].rank and operands[0].size and any(each.rank and each.size for each in results)
        for operands, results, _ in profile.calls
    )


def _keeps_type(op: Any, profile: Any) -> bool:
    """Whether some result is of the type of the first operand, by an op that does not hand its operand on."""
    is_view = op.has_trait(Trait.VIEW) or op.has_trait(Trait.IDENTITY)
    may_be_equal = family_of(op) != "creation" and (op.full_name in MOVES or op.full_name in ROUNDS_NOTHING)
    return (
        may_be_equal
        and not is_view
        and any(
            len(operands) == 1 and operands[0].rank and operands[0].size and operands[0] == results[0]
            for operands, results, _ in profile.calls
        )
    )


def _first_array(sound: Backend, operands: Any) -> Array | None:
    for each in operands:
        found = _first_array(sound, each) if isinstance(each, list | tuple) else each
        type_ = sound.type_of(found)
        if type_ is not None and type_.rank:
            return found
    return None


def _zeroing(sound: Backend, kernel: Kernel) -> Kernel:
    """The result is right, and the first operand is zero afterwards."""

    def run(*operands: Any, **attributes: Any) -> Any:
        found = kernel(*operands, **attributes)
        made = [sound.copy(each) if sound.type_of(each) is not None else each for each in _listed(found)]
        first = _first_array(sound, operands)
        if first is not None:
            _write(first, 0)
        return _like(found, made)

    return run


def _write(array: Array, value: Any) -> None:
    try:
        array[...] = value
    except Exception:  # a view that cannot be written into is left alone
        return


def _handing_out(sound: Backend, kernel: Kernel) -> Kernel:
    """The first operand itself wherever the first result equals it."""

    def run(*operands: Any, **attributes: Any) -> Any:
        found = kernel(*operands, **attributes)
        first = operands[0] if operands else None
        made, type_ = _listed(found), sound.type_of(first)
        if type_ is None or not made or type_ != sound.type_of(made[0]) or not type_.rank:
            return found
        is_equal = sound.to_literal(first).data == sound.to_literal(made[0]).data
        return _like(found, [first, *made[1:]]) if is_equal else found

    return run


def _in_one_buffer(sound: Backend, kernel: Kernel) -> Kernel:
    """All first results of one type in one place."""
    places: dict[Any, Array] = {}

    def run(*operands: Any, **attributes: Any) -> Any:
        found = kernel(*operands, **attributes)
        made = _listed(found)
        type_ = sound.type_of(made[0]) if made else None
        if type_ is None or not type_.rank:
            return found
        place = places.setdefault(type_, sound.copy(made[0]))
        _write(place, made[0])
        return _like(found, [place, *made[1:]])

    return run


def _stale(sound: Backend, kernel: Kernel) -> Kernel:
    """What was computed for operands of the same types and the same attributes before."""
    known: dict[Any, Any] = {}

    def run(*operands: Any, **attributes: Any) -> Any:
        key = str([_typed(sound, each) for each in operands]), str(sorted(attributes.items(), key=str))
        if key not in known:
            known[key] = kernel(*operands, **attributes)
        return known[key]

    return run


def _typed(sound: Backend, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_typed(sound, each) for each in value]
    type_ = sound.type_of(value)
    return value if type_ is None else type_


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else [found]


def _like(found: Any, made: list[Any]) -> Any:
    if not isinstance(found, list | tuple):
        return made[0]
    return type(found)(*made) if hasattr(found, "_fields") else type(found)(made)


OPERATORS = (
    Operator("operand written into", "right results of operands that are zero afterwards",
             lambda world, name: _each(world, name, _zeroing, _has_arrays)),
    Operator("operand handed out", "wherever the result equals it",
             lambda world, name: _each(world, name, _handing_out, _keeps_type)),
    Operator("one buffer for all results", "overwritten by the next call",
             lambda world, name: _each(world, name, _in_one_buffer, _has_arrays)),
    Operator("stale cache", "results of the first call with these types",
             lambda world, name: _each(world, name, _stale, _has_arrays)),
)  # fmt: skip
