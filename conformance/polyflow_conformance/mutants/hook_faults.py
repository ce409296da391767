"""Operators on the hooks of a backend: transport, types, declarations, compilation, tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.dtypes import DTYPES, DType, bfloat16
from polyflow.core.literal import Literal
from polyflow.core.types import TensorType
from polyflow.extension import Backend, Capabilities
from polyflow.extension.capabilities import EVERYTHING, capabilities_of
from polyflow_conformance.mutants.mutant import Faulty, Mutant, Operator, World, faulty
from polyflow_conformance.mutants.patching import patched_everywhere

Array = Any  # of the sound backend


def hook_mutant(operator: str, target: str, hook: str, make: Callable[[Backend], Any]) -> Mutant:
    """The mutant whose attribute ``hook`` is what ``make`` makes of the sound backend."""
    return Mutant(operator, target, lambda sound: faulty(sound, None, **{hook: make(sound)}))


# -- hooks that give an array

TRANSPORT = ("from_literal", "to_device", "guard", "copy")


def _arrays(world: World, operator: str, change: Callable[[Backend, Literal], Literal], fits: Any) -> Iterator[Mutant]:
    """For each hook that gives an array, and for ``to_literal``, the fault that its elements are changed."""
    for hook in (*TRANSPORT, "to_literal"):
        yield hook_mutant(operator, hook, hook, partial(_changed, hook, change, fits))


def _changed(hook: str, change: Callable[[Backend, Literal], Literal], fits: Any, sound: Backend) -> Any:
    honest = getattr(sound, hook)

    def run(value: Any, *rest: Any) -> Any:
        if hook == "to_literal":
            found = honest(value)
            return change(sound, found) if fits(found) else found
        read = value if hook == "from_literal" else sound.to_literal(value)
        if not fits(read):
            return honest(value, *rest)
        made = sound.from_literal(change(sound, read), sound.devices()[0])
        return made if hook == "from_literal" else honest(made, *rest)

    return run


def _reversed(_: Backend, value: Literal) -> Literal:
    width = value.dtype.itemsize
    parts = [value.data[start : start + width] for start in range(0, len(value.data), width)]
    return Literal(value.dtype, value.shape, b"".join(reversed(parts)))


def _zeroed(_: Backend, value: Literal) -> Literal:
    return Literal(value.dtype, value.shape, bytes(len(value.data)))


def _flattened(_: Backend, value: Literal) -> Literal:
    return Literal(value.dtype, (value.size,), value.data)


def _last_bit(_: Backend, value: Literal) -> Literal:
    return Literal(value.dtype, value.shape, bytes([value.data[0] ^ 1]) + value.data[1:])


def _by_dtype(world: World, operator: str) -> Iterator[Mutant]:
    for dtype in DTYPES.values():
        if dtype in world.sound.dtypes:
            fits = partial(_is_of, dtype)
            for hook in (*TRANSPORT, "to_literal"):
                make = partial(_changed, hook, _last_bit, fits)
                yield hook_mutant(operator, f"{hook}:{dtype}", hook, make)


def _is_of(dtype: DType, value: Literal) -> bool:
    return value.dtype is dtype and bool(value.data)


def _aliases(world: World, operator: str) -> Iterator[Mutant]:
    yield hook_mutant(operator, "copy", "copy", lambda sound: lambda array: array)
    yield hook_mutant(operator, "guard", "guard", lambda sound: lambda array: array)
    yield hook_mutant(operator, "copy of a scalar", "copy", _not_of_scalars)


def _not_of_scalars(sound: Backend) -> Any:
    """Arrays of rank 0 that can be written into are their own copies."""

    def copy(array: Array) -> Array:
        type_ = sound.type_of(array)
        is_own = type_ is not None and not type_.rank and getattr(getattr(array, "flags", None), "writeable", False)
        return array if is_own else sound.copy(array)

    return copy


# -- types


def _types(world: World, operator: str) -> Iterator[Mutant]:
    for target, change in {
        "another dtype": lambda found, value: found and TensorType(DTYPES["float64"], found.shape),
        "another shape": lambda found, value: found and TensorType(found.dtype, (*found.known_shape, 1)),
        "none for scalars": lambda found, value: found if found and found.rank else None,
        "numbers are arrays": lambda found, value: (
            TensorType(DTYPES["float64"], ()) if isinstance(value, int | float) else found),
        "texts are arrays": lambda found, value: (
            TensorType(DTYPES["uint8"], (len(value),)) if isinstance(value, str) else found),
        "lists are arrays": lambda found, value: (
            TensorType(DTYPES["float32"], (len(value),)) if type(value) is list else found),
    }.items():  # fmt: skip
        yield hook_mutant(operator, target, "type_of", partial(_retyped, change))


def _retyped(change: Callable[[Any, Any], Any], sound: Backend) -> Any:
    return lambda value: change(sound.type_of(value), value)


# -- declarations


def _declared(world: World, operator: str) -> Iterator[Mutant]:
    """What is declared missing is there, or the other way round; sessions are told to believe the backend."""
    for name, op in world.ops.items():
        if world.profile(name).calls and world.kernel(name) is not None and op.expansion_rule is None:
            yield Mutant(operator, name, partial(_not_refused, name), name)


@contextmanager
def _not_refused(name: str, sound: Backend) -> Iterator[Any]:
    with patched_everywhere(["capabilities_of"], lambda backend: EVERYTHING):
        yield Faulty(sound, capabilities=Capabilities(missing=frozenset({name})))


def _overstated(world: World, operator: str) -> Iterator[Mutant]:
    for dtype in sorted(world.sound.dtypes, key=str):
        yield Mutant(operator, f"dtype {dtype}", partial(_unchecked, {"dtypes": world.sound.dtypes - {dtype}}))
    capabilities = dataclasses.replace(capabilities_of(world.sound), dynamic_shapes=False)
    yield Mutant(operator, "dynamic shapes", partial(_unchecked, {"capabilities": capabilities}))


@contextmanager
def _unchecked(attributes: dict[str, Any], sound: Backend) -> Iterator[Any]:
    """What the backend declares less than it can, and no session asks."""
    with patched_everywhere(["check_kernels", "check_dtype"], lambda *_, **__: None):
        yield Faulty(sound, **attributes)


# -- compilation


def _compilations(world: World, operator: str) -> Iterator[Mutant]:
    for target, change in {
        "errors swallowed": _swallowing,
        "results of the run before": _late,
        "first results for ever": _first,
        "results exchanged": _exchanging,
        "every program runs twice": _twice,
        "as large as in the first run": _as_large_as_before,
        "wrong from the third run": _tired,
        "wrong after an error": _hurt,
    }.items():
        yield hook_mutant(operator, target, "compile", partial(_compiling, change))


def _compiling(change: Any, sound: Backend) -> Any:
    return lambda function, request: change(sound, sound.compile(function, request))


def _swallowing(sound: Backend, function: Any) -> Any:
    known: list[Any] = [()]

    def run(*arguments: Any) -> Any:
        try:
            known[0] = function(*arguments)
        except Exception:  # which is the fault
            return known[0] or arguments
        return known[0]

    return run


def _late(sound: Backend, function: Any) -> Any:
    known: list[Any] = []

    def run(*arguments: Any) -> Any:
        known.append(function(*arguments))
        return known[-2:][0]

    return run


def _first(sound: Backend, function: Any) -> Any:
    known: list[Any] = []

    def run(*arguments: Any) -> Any:
        found = function(*arguments)
        known[:] = known or [found]
        return known[0]

    return run


def _exchanging(sound: Backend, function: Any) -> Any:
    def run(*arguments: Any) -> Any:
        found = list(function(*arguments))
        types = [sound.type_of(each) for each in found]
        if len(found) > 1 and types[0] is not None and types[0] == types[1]:
            found[:2] = found[1::-1]
        return tuple(found)

    return run


def _twice(sound: Backend, function: Any) -> Any:
    def run(*arguments: Any) -> Any:
        function(*arguments)
        return function(*arguments)

    return run


def negated(sound: Backend, found: Any) -> Any:
    """The results of a program, the floats among them negated."""

    def off(array: Array) -> Array:
        type_ = sound.type_of(array)
        is_float = type_ is not None and type_.known_dtype.kind == "float" and type_.dtype is not bfloat16
        return -(array + 1) if is_float else array

    return tuple(map(off, found))


def _as_large_as_before(sound: Backend, function: Any) -> Any:
    """Results of one dimension have the size that they had in the first run."""
    sizes: dict[int, int] = {}

    def run(*arguments: Any) -> Any:
        found = list(function(*arguments))
        for place, each in enumerate(found):
            type_ = sound.type_of(each)
            if type_ is not None and type_.rank == 1:
                size, now = sizes.setdefault(place, type_.static_shape[0]), sound.to_literal(each)
                data = (now.data + bytes(size * now.dtype.itemsize))[: size * now.dtype.itemsize]
                if now.size != size:
                    found[place] = sound.from_literal(Literal(now.dtype, (size,), data), sound.devices()[0])
        return tuple(found)

    return run


def _tired(sound: Backend, function: Any) -> Any:
    runs = [0]

    def run(*arguments: Any) -> Any:
        runs[0] += 1
        found = function(*arguments)
        return negated(sound, found) if runs[0] > 2 else found

    return run


def _hurt(sound: Backend, function: Any) -> Any:
    has_failed = [False]

    def run(*arguments: Any) -> Any:
        try:
            found = function(*arguments)
        except Exception:
            has_failed[0] = True
            raise
        return negated(sound, found) if has_failed[0] else found

    return run


# -- tables


def _tables(world: World, operator: str) -> Iterator[Mutant]:
    sound = world.sound
    for name, template in sound.operators.items():
        wrong = template.replace("{0}", "{2}").replace("{1}", "{0}").replace("{2}", "{1}")
        wrong = wrong if "{1}" in template and not world.ops[name].has_trait(Trait.COMMUTATIVE) else f"-({template})"
        table = {**sound.operators, name: wrong}
        yield hook_mutant(operator, f"operators:{name}", "operators", partial(_instead, table))
    for name in sound.updating:
        late = {**sound.updating, name: lambda result, *operands, **attributes: result}
        yield hook_mutant(operator, f"updating:{name}", "updating", partial(_instead, late))
    for name in sorted(sound.in_place):
        kernel = world.kernel(name)
        if kernel is not None:
            yield Mutant(operator, f"in_place:{name}", partial(_written_late, name, kernel))
    for name in ("reshape", "matrix_transpose", "permute_dims", "getitem", "squeeze", "flip", "broadcast_to"):
        lie = frozenset({*sound.fresh, name})
        yield hook_mutant(operator, f"fresh:{name}", "fresh", partial(_instead, lie))
    for name, kernel in sound.native_random.items():
        shifted = {**sound.native_random, name: partial(_again, kernel)}
        yield hook_mutant(operator, f"native_random:{name}", "native_random", partial(_instead, shifted))
    yield hook_mutant(operator, "in_blocks:last", "in_blocks", lambda sound: partial(_last_block_lost, sound))
    yield hook_mutant(
        operator, "as_scalar", "as_scalar", lambda sound: lambda array: sound.as_scalar(negated(sound, (array,))[0])
    )
    yield hook_mutant(operator, "widens", "widens", lambda sound: lambda op: False)


def _instead(table: Any, _: Backend) -> Any:
    return table


def _written_late(name: str, kernel: Any, sound: Backend) -> Any:
    """A kernel that writes into the array that it is given a constant, and returns what is right."""

    def run(*operands: Any, **attributes: Any) -> Any:
        found = kernel(*operands, **attributes)
        return -found if operands and found is operands[-1] and len(operands) > 1 else found

    return faulty(sound, {name: run})


def _again(kernel: Any, key: Any, shape: Any, dtype: Any) -> Any:
    """One draw for every key."""
    return kernel(key * 0, shape, dtype)


def _last_block_lost(sound: Backend, function: Any, operands: Any, results: Any) -> Any:
    honest: Any = sound.in_blocks
    whole = honest(function, operands, results)

    def run(*arrays: Any) -> Any:
        found = whole(*arrays)
        for each in found:
            each.reshape(-1)[-3:] = 0
        return found

    return run


def _export(world: World, operator: str) -> Iterator[Mutant]:
    yield hook_mutant(operator, "nothing of DLPack", "export", lambda sound: lambda array: object())
    yield hook_mutant(
        operator, "other elements", "export", lambda sound: lambda array: sound.export(negated(sound, (array,))[0])
    )


OPERATORS = (
    Operator("transport reverses", "arrays from last to first",
             lambda world, name: _arrays(world, name, _reversed, lambda value: value.size > 1)),
    Operator("transport gives zeros", "of the right type",
             lambda world, name: _arrays(world, name, _zeroed, lambda value: bool(value.data))),
    Operator("transport flattens", "arrays of rank 2 and more",
             lambda world, name: _arrays(world, name, _flattened, lambda value: len(value.shape) > 1)),
    Operator("transport flips a bit", "in one dtype, by one hook", _by_dtype),
    Operator("no copy", "the array itself", _aliases),
    Operator("wrong type of a value", "what sessions take for an array", _types),
    Operator("declared missing, but there", "and not refused", _declared),
    Operator("undeclared, and not refused", "a dtype or a capability", _overstated),
    Operator("wrong compilation", "what stands around a program", _compilations),
    Operator("wrong table", "operators, in_place, fresh, updating, native_random", _tables),
    Operator("wrong export", "what other libraries get", _export),
)  # fmt: skip
