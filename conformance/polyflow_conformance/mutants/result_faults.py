"""Operators on what a kernel returns: signs, orders, precision, special values, shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DType, bfloat16, complex128, float64
from polyflow.extension import Backend, Kernel
from polyflow.extension.half_precision import is_widened
from polyflow_conformance.mutants.mutant import Mutant, Operator, Profile, World, faulty
from polyflow_conformance.special_values import MOVES
from polyflow_conformance.tolerances import group_of

Array = Any  # of the sound backend
Change = Callable[[Any, Array, DType], Array]
"""Of the namespace, an array and its dtype, another array."""
REAL, NUMBERS = frozenset({"int", "float"}), frozenset({"int", "uint", "float", "complex"})
FLOATS, INEXACT = frozenset({"float"}), frozenset({"float", "complex"})


class BrokenFault(BaseException):
    """Raised where a fault cannot be computed: a fault of the fault, and no kill."""


def on_results(sound: Backend, change: Change, kernel: Kernel) -> Kernel:
    """``kernel`` with each array that it returns changed; of bfloat16, which is no dtype of the standard, none."""

    def changed(result: Any) -> Any:
        if isinstance(result, list | tuple):
            made = [changed(each) for each in result]
            return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)
        type_ = sound.type_of(result)
        if type_ is None or type_.known_dtype is bfloat16:
            return result
        try:
            return change(sound.namespace, sound.namespace.asarray(result), type_.known_dtype)
        except Exception as error:
            raise BrokenFault(f"{type(error).__name__}: {error}") from error

    return lambda *operands, **attributes: changed(kernel(*operands, **attributes))


def _of(
    name: str, summary: str, fits: Callable[[Profile], bool], change: Change, asked: Callable[[Op], bool] | None = None
) -> Operator:
    """The operator that changes all results of each op that it fits, if it is ``asked`` of it."""

    def faults(world: World, operator: str) -> Iterator[Mutant]:
        for op in world.ops:
            kernel = world.kernel(op)
            if kernel is not None and (asked is None or asked(world.ops[op])) and fits(world.profile(op)):
                made = partial(on_results, world.sound, change, kernel)
                yield kernel_mutant(operator, op, op, made)

    return Operator(name, summary, faults)


def kernel_mutant(operator: str, target: str, op: str, make: Callable[[], Kernel]) -> Mutant:
    """The mutant whose kernel of ``op`` is what ``make`` makes, anew each time that it is planted."""
    return Mutant(operator, target, lambda sound: faulty(sound, {op: make()}), op, frozenset({f"kernel:{op}"}))


def _has(kinds: frozenset[str]) -> Callable[[Profile], bool]:
    return lambda profile: bool(profile.kinds & kinds)


def _last(xp: Any, x: Array) -> Array:
    """Where the last element is."""
    return xp.reshape(xp.arange(x.size) == x.size - 1, x.shape)


def _off(xp: Any, x: Array, dtype: DType) -> Array:
    """The last element wrong: a truth inverted, a number raised by one."""
    if not x.size:
        return x
    wrong = ~x if dtype.kind == "bool" else xp.astype(x + xp.ones_like(x), x.dtype)
    return xp.where(_last(xp, x), wrong, x)


def _kind(kinds: frozenset[str], change: Change) -> Change:
    """``change`` on arrays of these kinds only."""
    return lambda xp, x, dtype: change(xp, x, dtype) if dtype.kind in kinds else x


def _through_single(xp: Any, x: Array, dtype: DType) -> Array:
    if dtype not in (float64, complex128):
        return x
    return xp.astype(xp.astype(x, xp.float32 if dtype is float64 else xp.complex64), x.dtype)


def _narrow(xp: Any, x: Array, dtype: DType) -> Array:
    if dtype not in (float64, complex128):
        return x
    return xp.astype(x, xp.float32 if dtype is float64 else xp.complex64)


def _wide(xp: Any, x: Array, dtype: DType) -> Array:
    wider = {"float16": "float32", "float32": "float64", "complex64": "complex128", "bool": "uint8"}
    target = wider.get(dtype.name, "int64" if dtype.kind == "int" else "uint64" if dtype.kind == "uint" else "")
    return xp.astype(x, getattr(xp, target)) if target and target != dtype.name else x


def _finite(xp: Any, x: Array, dtype: DType) -> Array:
    largest = xp.asarray(float(xp.finfo(x.dtype).max), dtype=x.dtype)
    return xp.where(xp.isinf(x), xp.where(x > 0, largest, -largest), x)


def _next(xp: Any, x: Array, dtype: DType) -> Array:
    step = float(xp.finfo(x.dtype).eps)
    return xp.where(xp.isfinite(x), x * xp.asarray(1 + step, dtype=x.dtype), x)


def _transposed(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.reshape(xp.matrix_transpose(x), x.shape) if x.ndim > 1 else x


def _raised(xp: Any, x: Array, dtype: DType) -> Array:
    return x * xp.asarray(1 + 1e-3, dtype=x.dtype)


def _through_float(xp: Any, x: Array, dtype: DType) -> Array:
    if dtype.bits != 64 or dtype.kind not in ("int", "uint"):
        return x
    large = xp.abs(xp.astype(x, xp.float64)) >= 2.0**53
    return xp.where(large, x - x % xp.asarray(1024, dtype=x.dtype), x)


def _clipped(xp: Any, x: Array, dtype: DType) -> Array:
    most = xp.asarray(50, dtype=x.dtype)
    return xp.where(x > most, most, x)


def _flat(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.reshape(x, (1,)) if x.ndim == 0 else x


def _empty(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.zeros((*x.shape, 1), dtype=x.dtype) if x.size == 0 else x


def _flipped(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.flip(x, axis=-1) if x.ndim else x


def _deep(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.flip(x, axis=0) if x.ndim > 2 else x


def _last_lost(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.where(_last(xp, x), xp.zeros_like(x), x) if x.size else x


def _without_nan(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.where(xp.isnan(x), xp.zeros_like(x), x)


def _without_sign_of_zero(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.where(x == 0, xp.zeros_like(x), x)


def _real_part(xp: Any, x: Array, dtype: DType) -> Array:
    return xp.astype(xp.real(x), x.dtype)


def _of_scalars(world: World, operator: str) -> Iterator[Mutant]:
    """Of ops with results without dimensions, of which scalars are not computed by operators of Python instead."""
    for op in world.ops:
        kernel = world.kernel(op)
        has_scalars = any(each.rank == 0 for _, results, _ in world.profile(op).calls for each in results)
        if kernel is not None and has_scalars and op not in world.sound.operators:
            yield kernel_mutant(operator, op, op, partial(on_results, world.sound, _flat, kernel))


def _in_one_dtype(world: World, operator: str) -> Iterator[Mutant]:
    """Of dtypes that kernels meet: some are called in wider ones, and their results rounded afterwards."""
    for op in world.ops:
        kernel = world.kernel(op)
        for dtype in world.profile(op).dtypes:
            if kernel is not None and dtype is not bfloat16 and not is_widened(world.ops[op], [dtype], world.sound):
                make = partial(on_results, world.sound, partial(_off_in, dtype), kernel)
                yield kernel_mutant(operator, f"{op}:{dtype}", op, make)


def _off_in(dtype: DType, xp: Any, x: Array, found: DType) -> Array:
    return _off(xp, x, found) if found is dtype else x


def _one_step(world: World, operator: str) -> Iterator[Mutant]:
    for op in world.ops:
        kernel, group = world.kernel(op), group_of(world.ops[op])
        if kernel is not None and "float" in world.profile(op).kinds and group.real == 0:
            yield kernel_mutant(operator, op, op, partial(on_results, world.sound, _kind(FLOATS, _next), kernel))


def _several(world: World, operator: str) -> Iterator[Mutant]:
    for op in world.ops:
        kernel, profile = world.kernel(op), world.profile(op)
        for place in range(profile.result_count if profile.result_count > 1 else 0):
            if kernel is None:
                break
            yield kernel_mutant(operator, f"{op}:{place}", op, partial(_one_result_off, world.sound, kernel, place))


def _one_result_off(sound: Backend, kernel: Kernel, place: int) -> Kernel:
    def run(*operands: Any, **attributes: Any) -> Any:
        found = kernel(*operands, **attributes)
        if not isinstance(found, list | tuple) or len(found) <= place:
            return found
        made = list(found)
        made[place] = on_results(sound, _off, lambda: found[place])()
        return type(found)(*made) if hasattr(found, "_fields") else type(found)(made)

    return run


def _at_special_values(op: Op) -> bool:
    """Whether the kit asks what the op gives at special values."""
    return (op.has_trait(Trait.ELEMENTWISE) and op.is_total) or op.full_name in MOVES


def _at_zeros(op: Op) -> bool:
    """Whether it asks for the sign of a zero, as of ops that round at most once."""
    return _at_special_values(op) and group_of(op).real == 0


def _of_rank(least: int, kinds: frozenset[str] | None = None) -> Callable[[Profile], bool]:
    return lambda profile: profile.largest_rank >= least and (kinds is None or bool(profile.kinds & kinds))


OPERATORS = (
    _of("dropped sign", "absolute values", _has(REAL), _kind(REAL, lambda xp, x, _: xp.abs(x))),
    _of("opposite sign", "numbers negated", _has(NUMBERS), _kind(NUMBERS, lambda xp, x, _: -x)),
    _of("last element off", "one added, or a truth inverted", lambda profile: bool(profile.kinds), _off),
    _of("last element lost", "zero in its place", lambda profile: bool(profile.kinds), _last_lost),
    _of("reversed", "elements from last to first", _of_rank(1), _flipped),
    _of("other memory order", "elements read by columns", _of_rank(2), _transposed),
    _of("wrong from rank 3", "right up to matrices", _of_rank(3), _deep),
    _of("through float32", "float64 rounded to float32 on the way", _has(INEXACT), _through_single),
    _of("float32 for float64", "a narrower dtype", _has(INEXACT), _narrow),
    _of("wider dtype", "the dtype above", lambda profile: bool(profile.kinds), _wide),
    _of("a thousandth too much", "a small relative error", _has(FLOATS), _kind(FLOATS, _raised)),
    _of("integers through floats", "beyond 2**53 not every one", _has(frozenset({"int", "uint"})), _through_float,
        _at_special_values),
    _of("large numbers cut off", "none above 50", _has(REAL), _kind(REAL, _clipped), _at_special_values),
    _of("NaN lost", "zero in its place", _has(INEXACT), _kind(INEXACT, _without_nan),
        _at_special_values),
    _of("infinity lost", "the largest number in its place", _has(FLOATS), _kind(FLOATS, _finite), _at_special_values),
    _of("sign of zero lost", "zeros are positive", _has(FLOATS), _kind(FLOATS, _without_sign_of_zero), _at_zeros),
    _of("conjugated", "complex numbers", _has(frozenset({"complex"})),
        _kind(frozenset({"complex"}), lambda xp, x, _: xp.conj(x))),
    _of("imaginary part lost", "complex numbers", _has(frozenset({"complex"})),
        _kind(frozenset({"complex"}), _real_part)),
    Operator("dimension for a scalar", "shape (1,) for shape ()", _of_scalars),
    _of("empty results misshapen", "a dimension more", lambda profile: any(
        each.size == 0 for _, results, _ in profile.calls for each in results), _empty),
    Operator("one dtype wrong", "right in all others", _in_one_dtype),
    Operator("one place too far", "of ops that round at most once", _one_step),
    Operator("one result of several wrong", "right in the others", _several),
)  # fmt: skip
