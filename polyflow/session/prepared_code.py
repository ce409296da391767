"""The functions of a prepared call, written for its number of feeds, fetches and variables.

What the values of one call differ in is looked at as cheaply as Python can, and nothing is put into lists that could be
an argument: a call of a small compiled program takes a few microseconds in all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.core.structures import Rebuild


def matcher(values: Sequence[Any]) -> Callable[[Sequence[Any]], bool]:
    """Whether other values have the classes, dtypes and shapes of these arrays.

    >>> import numpy as np
    >>> matches = matcher([np.zeros(2), np.int8(1)])
    >>> matches([np.ones(2), np.int8(2)]), matches([np.ones(2), 1]), matches([np.ones(3), np.int8(2)]), matches([])
    (True, False, False, False)

    Two dtype objects that are equal may count as different: whoever asks looks closer then.
    """
    scope: dict[str, Any] = {}
    tests = [f"len(values) == {len(values)}"]
    for place, value in enumerate(values):
        scope |= {f"class{place}": type(value), f"dtype{place}": value.dtype, f"shape{place}": value.shape}
        tests.append(f"(v := values[{place}]).__class__ is class{place} and v.dtype is dtype{place}")
        tests.append(f"v.shape == shape{place}")
    return _function("values", f"return {' and '.join(tests)}", scope)


def runner(
    function: Callable[..., Any],
    feeds: int,
    reads: Sequence[list[Any]],
    written: Sequence[list[Any]],
    fetches: Fetches,
    lock: Any,
    is_free: Callable[[], bool],
    explained: Callable[[Exception], Exception],
    otherwise: Callable[[Sequence[Any]], Any],
) -> Callable[[Sequence[Any]], Any]:
    """A function of fed arrays that runs ``function`` on them and the cells it ``reads``, and returns the fetches.

    It holds ``lock``, asks ``is_free`` whether it may run, and if not leaves all to ``otherwise``. ``function`` returns
    the fetched arrays, then what goes to the cells that are ``written``. An exception is raised as ``explained``.
    """
    scope: dict[str, Any] = {
        "function": function, "lock": lock, "is_free": is_free, "explained": explained, "otherwise": otherwise,
        **fetches.scope,
    }  # fmt: skip
    names: dict[int, str] = {}
    for cell in (*reads, *written):
        names.setdefault(id(cell), f"cell{len(names)}")
        scope[names[id(cell)]] = cell
    arguments = [f"v{place}" for place in range(feeds)]
    targets = [f"r{place}" for place in range(fetches.count)] + [f"{names[id(each)]}[0]" for each in written]
    run = f"function({', '.join([*arguments, *(f'{names[id(each)]}[0]' for each in reads)])})"
    lines = [
        f"{_listed(arguments)} = values" if arguments else "",
        "with lock:",
        "    free = is_free()",
        "    if free:",
        "        try:",
        f"            found = {run}",
        f"            {_listed(targets)} = found" if targets else "",
        "        except Exception as error:  # of the function, or of a cell that another thread has emptied meanwhile",
        "            raise explained(error) from error",
        # After the cells are written, which an exception must not prevent, and before another run takes the memory.
        *(f"        r{place} = guard(r{place})" for place in fetches.guarded),
        f"return {fetches.expression} if free else otherwise(values)",
    ]
    return _function("values", "\n    ".join(each for each in lines if each), scope)


class Fetches:
    """How the fetched arrays ``r0``, ``r1``, ... are put into the structure that was asked for, as an expression."""

    def __init__(
        self, has_value: Sequence[bool], rebuild: Rebuild, guarded: Sequence[int], guard: Callable[[Any], Any]
    ) -> None:
        self.count = sum(has_value)
        """The number of arrays: an operation that is fetched has none, and ``None`` is its value."""
        self.guarded = guarded
        self.scope: dict[str, Any] = {"guard": guard, "rebuild": rebuild}
        places = iter(range(self.count))
        names = [f"r{next(places)}" if each else "None" for each in has_value]
        leaves = [object() for _ in names]
        known = {id(leaf): name for leaf, name in zip(leaves, names, strict=True)}
        self.expression = _expression(rebuild(tuple(leaves)), known) or f"rebuild({_listed(names)})"


_DEEPEST = 20  # Python's parser has a limit, too


def _expression(built: Any, names: Mapping[int, str], depth: int = 0) -> str | None:
    """The display of a structure of leaves; ``None`` where it is not made of plain lists, tuples and dicts."""
    if id(built) in names:
        return names[id(built)]
    if type(built) not in (list, tuple, dict) or depth == _DEEPEST:
        return None
    if type(built) is dict and not all(type(key) is str for key in built):
        return None
    parts = [_expression(each, names, depth + 1) for each in (built.values() if type(built) is dict else built)]
    if None in parts:
        return None
    written = [str(each) for each in parts]
    if type(built) is dict:
        return f"{{{', '.join(f'{key!r}: {each}' for key, each in zip(built, written, strict=True))}}}"
    return _listed(written) if type(built) is tuple else f"[{', '.join(written)}]"


def _listed(parts: Sequence[str]) -> str:
    """A tuple, as Python writes it."""
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _function(parameter: str, body: str, scope: dict[str, Any]) -> Callable[[Any], Any]:
    # Default values would be a little faster than globals, and could be overwritten by a caller.
    text = f"def call({parameter}):\n    {body}\n"
    exec(compile(text, "<polyflow prepared call>", "exec"), scope)
    made: Callable[[Any], Any] = scope["call"]
    return made
