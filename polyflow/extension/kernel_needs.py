"""What a generic kernel needs of the namespace: a backend that lacks it has no kernel for the op, and says so early.

What a kernel reads of its first parameter, the namespace, stands in its instructions. Only what it reads on every way
through it counts, itself or in a helper that is handed the namespace: what stands in a branch may never be reached, and
what is looked for by ``hasattr`` or under ``try`` may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from types import CodeType, FunctionType
from typing import Any, NamedTuple

Path = str
"""Of a name in the namespace, as ``"maximum"`` or ``"linalg.qr"``."""

_MAIN = frozenset({
    "abs", "acos", "acosh", "add", "all", "any", "arange", "argmax", "argmin", "argsort", "asarray", "asin", "asinh",
    "astype", "atan", "atan2", "atanh", "bfloat16", "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or",
    "bitwise_right_shift", "bitwise_xor", "bool", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "can_cast",
    "ceil", "clip", "complex128", "complex64", "concat", "conj", "copysign", "cos", "cosh", "count_nonzero",
    "cumulative_prod", "cumulative_sum", "diff", "divide", "empty", "empty_like", "equal", "exp", "expand_dims",
    "expm1", "eye", "finfo", "flip", "float16", "float32", "float64", "floor", "floor_divide", "from_dlpack", "full",
    "full_like", "greater", "greater_equal", "hypot", "iinfo", "imag", "int16", "int32", "int64", "int8", "isdtype",
    "isfinite", "isin", "isinf", "isnan", "less", "less_equal", "linspace", "log", "log10", "log1p", "log2",
    "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "matmul", "matrix_transpose", "max",
    "maximum", "mean", "meshgrid", "min", "minimum", "moveaxis", "multiply", "negative", "nextafter", "nonzero",
    "not_equal", "ones", "ones_like", "permute_dims", "positive", "pow", "prod", "real", "reciprocal", "remainder",
    "repeat", "reshape", "result_type", "roll", "round", "searchsorted", "sign", "signbit", "sin", "sinh", "sort",
    "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "take", "take_along_axis", "tan", "tanh",
    "tensordot", "tile", "tril", "triu", "trunc", "uint16", "uint32", "uint64", "uint8", "unique_all", "unique_counts",
    "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where", "zeros", "zeros_like",
})  # fmt: skip
_PARTS = {
    "linalg": frozenset({
        "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm",
        "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals",
        "tensordot", "trace", "vecdot", "vector_norm",
    }),
    "fft": frozenset({
        "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
        "rfftfreq", "rfftn",
    }),
}  # fmt: skip
"""The names of the standard, and those of its extensions."""

_READS = ("LOAD_ATTR", "LOAD_METHOD")
"""Instructions that read an attribute."""
_names: dict[int, tuple[object, frozenset[str]]] = {}
"""By the number of a namespace, itself, which keeps the number its own, and what it lists."""


def lacking(rule: Any, namespace: Any) -> list[Path]:
    """The names of the standard that the kernel ``rule`` cannot do without and ``namespace`` has not.

    >>> import math
    >>> def kernel(xp, x):
    ...     return xp.maximum(xp.sin(x), 0)
    >>> lacking(kernel, math)
    ['maximum']
    """
    if all(_has(namespace, path) for path in _mentioned(rule)):  # nearly always, and then nobody looks closer
        return []
    return [path for path in needs(rule) if not _has(namespace, path)]


def _has(namespace: Any, path: Path) -> bool:
    """Whether the name is there; what a namespace lists is not loaded to find out."""
    part, dot, name = path.partition(".")
    if dot:
        return hasattr(getattr(namespace, part, None), name)
    found = _names.get(id(namespace))
    if found is None:
        found = _names[id(namespace)] = namespace, frozenset(dir(namespace))
    return path in found[1] or hasattr(namespace, path)


@cache
def _mentioned(rule: Any) -> tuple[Path, ...]:
    """Every name of the standard in the code of the kernel and its helpers: found quickly, and some are not needed."""
    found: dict[Path, None] = {}
    for function in _with_helpers(rule):
        names = function.__code__.co_names
        found.update((each, None) for each in names if each in _MAIN)
        for part, inside in _PARTS.items():
            if part in names:
                found.update((f"{part}.{each}", None) for each in names if each in inside)
    return tuple(found)


def _with_helpers(rule: Any) -> list[FunctionType]:
    """The kernel, and the functions that it hands the namespace to; none where it is no plain function."""
    found: list[FunctionType] = [rule] if isinstance(rule, FunctionType) and rule.__code__.co_argcount else []
    for each in found:
        found += [helper for helper in _helpers(each, _namespace_of(rule)).values() if helper not in found]
    return found


def _namespace_of(rule: FunctionType) -> str:
    return rule.__code__.co_varnames[0]


def _helpers(function: FunctionType, namespace: str) -> dict[str, FunctionType]:
    """By name, the functions among the globals of ``function`` with a parameter of the namespace's name."""
    named = ((name, function.__globals__.get(name)) for name in function.__code__.co_names)
    return {
        name: each for name, each in named if isinstance(each, FunctionType) and namespace in _parameters(each.__code__)
    }


def _parameters(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


@cache
def needs(rule: Any) -> tuple[Path, ...]:
    """The names that the kernel reads whichever way it goes, in alphabetical order."""
    functions = _with_helpers(rule)
    return tuple(sorted(_needs(functions[0], _namespace_of(rule), ()))) if functions else ()


def _needs(function: FunctionType, namespace: str, callers: tuple[FunctionType, ...]) -> frozenset[Path]:
    if function in callers:
        return frozenset()
    helpers = _helpers(function, namespace)
    steps = list(_steps(function.__code__, namespace))
    for number, each in enumerate(steps):
        if each.called in helpers:
            found = _needs(helpers[each.called], namespace, (*callers, function))
            steps[number] = each._replace(needs=each.needs | found)
    return _on_every_way(steps)


class _Step(NamedTuple):
    """One instruction."""

    following: tuple[int, ...]
    """The numbers of those that may come next; its own where it ends a way that does not count."""
    needs: frozenset[Path]
    """What it reads of the namespace."""
    called: str
    """The global that it reads."""


def _steps(code: CodeType, namespace: str) -> Iterator[_Step]:
    """The instructions, or none where some of them catch errors."""
    import dis  # for kernels that a backend lacks, of which there are few

    found = list(dis.get_instructions(code))
    if any(each.opname == "PUSH_EXC_INFO" for each in found):
        return
    number_at = {each.offset: number for number, each in enumerate(found)}
    jumps = {*dis.hasjrel, *dis.hasjabs}
    operands = {*_parameters(code)} - {each.argval for each in found if each.opname.startswith("STORE_FAST")}
    for number, each in enumerate(found):
        name = each.opname
        following: tuple[int, ...] = (number + 1,)
        if name.startswith("RETURN_") and not (number and _loaded(found[number - 1]) in operands):
            following = ()
        elif name.startswith(("RETURN_", "RAISE_", "RERAISE")):
            following = (number,)
        elif each.opcode in jumps:
            is_sure = name.startswith("JUMP_") and "_IF_" not in name
            following = (number_at[each.argval], *(() if is_sure else following))
        path = _read(found, number, namespace)
        is_sought = path is not None and path.rpartition(".")[2] in code.co_consts  # as by hasattr(xp, "maximum")
        needs = frozenset() if path is None or is_sought else frozenset([path])
        yield _Step(following, needs, each.argval if name == "LOAD_GLOBAL" else "")


def _read(found: Sequence[Any], number: int, namespace: str) -> Path | None:
    """The standard's name that the instruction reads of the namespace."""
    if number == 0 or not found[number].opname.startswith(_READS) or _loaded(found[number - 1]) != namespace:
        return None
    path: str = found[number].argval
    if path in _PARTS and found[number + 1].opname.startswith(_READS):
        return f"{path}.{found[number + 1].argval}"
    return path if path in _MAIN else None


def _loaded(instruction: Any) -> str | None:
    """The variable that an instruction leaves on top of the stack."""
    if not instruction.opname.startswith(("LOAD_FAST", "LOAD_DEREF")):
        return None
    name: str = instruction.argval[-1] if isinstance(instruction.argval, tuple) else instruction.argval
    return name  # newer Pythons load two at once


def _on_every_way(steps: Sequence[_Step]) -> frozenset[Path]:
    """What instructions need on every way from the first to one that returns."""
    everything = frozenset().union(*(each.needs for each in steps))
    needed = [everything] * len(steps)
    before: list[frozenset[Path]] = []
    while needed != before:
        before = list(needed)
        for number in reversed(range(len(steps))):
            following, own, _ = steps[number]
            ways = [needed[each] for each in following] or [frozenset()]
            needed[number] = own.union(frozenset.intersection(*ways))
    return needed[0] if needed else everything
