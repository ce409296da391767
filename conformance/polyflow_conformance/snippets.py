"""Scripts that reproduce one failure alone: at most twenty lines that a maintainer can paste.

What a script calls besides polyflow is in :mod:`polyflow_conformance.replay`.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polyflow
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.samples import ArraySpec, ErrorSample, Sample
from polyflow.core.signature import Slice
from polyflow_conformance.cases import Case
from polyflow_conformance.tolerance import flat

LONGEST = 20
"""Lines of a script at most."""


def case_script(case: Case, check: str, backend: str, failure: str) -> str:
    """The script of a case: its operands written out, one call of the op, one call of the check."""
    case = _narrowed(case, failure)
    lines = [*_head(f"{check} of {case.id}", backend, failure), "import polyflow as pf"]
    lines += ["from polyflow_conformance.replay import *  # noqa: F403", ""]
    count, operand = 0, "late_operand" if check == "late errors" else "operand"

    def named(spec: ArraySpec) -> _Name:
        nonlocal count
        literal = case.literal(spec)
        lines.append(f"x{count} = {operand}({str(literal.dtype)!r}, {literal.shape!r}, {_numbers(literal)})")
        count += 1
        return _Name(f"x{count - 1}")

    operands = [_mapped(named, each) for each in case.sample.operands]
    if case.sample.prepare is not None:
        lines.append(f"operands = sample({case.op.full_name!r}, {case.origin}).prepare(pf, {_list(operands)})")
        lines.append("operands = operands if isinstance(operands, list | tuple) else [operands]")
        operands = [_Name("*operands")]
    attributes = {
        name: named(value) if isinstance(value, ArraySpec) and case.is_operand(name) else _written(case, value)
        for name, value in case.sample.attributes.items()
    }
    if check in ("missing", "executors") or any(
        each is None for each in (*attributes.values(), *map(_plain, operands))
    ):
        return _by_number(case, check, backend, failure)
    keywords = [f"{name}={value}" for name, value in attributes.items()]
    function = _function(case.op.full_name)
    if check == "forward" and (case.sample.prepare is not None or case.sample.invariant is not None):
        return _by_number(case, check, backend, failure)
    if check == "forward":
        names = ", ".join(f"x{number}" for number in range(count))
        lines.append(f"check.forward(lambda {names}: {function}({_list(operands, keywords)}), [{names}], {backend!r})")
        return "\n".join(lines)
    if isinstance(case.sample, ErrorSample):
        error = f"pf.errors.{case.sample.error.__name__}"
        call = f"lambda: {function}({_list(operands, keywords)})"
        lines.append(f"check.error({call}, {error}, {case.sample.text!r}, {backend!r})")
        return "\n".join(lines)
    lines.append(f"results = {function}({_list(operands, keywords)})")
    if case.sample.invariant is not None:
        lines.append("results = results if isinstance(results, list | tuple) else [results]")
        lines.append(f"results = sample({case.op.full_name!r}, {case.origin}).invariant(pf, *results)")
    lines.append(f"check.{_method(check)}(results, {backend!r}, {case.op.full_name!r})")
    return "\n".join(lines)


def _narrowed(case: Case, failure: str) -> Case:
    """A special case with no operands but those of the element that is wrong."""
    found = re.search(r"; element (\d+) is ", failure)
    if case.number != "special" or found is None:
        return case
    place = int(found.group(1))
    specs = [replace(each, shape=(1,), values=[each.values[place]]) for each in case.sample.operands]
    return replace(case, sample=Sample(*specs, gradient=False))


def function_script(function: Callable[..., Any], call: str, title: str, backend: str, failure: str) -> str:
    """The script of a function of the kit: its source, and one call of it."""
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    source = "\n".join(line for line in source.splitlines() if not line.startswith("@"))
    head = [*_head(title, backend, failure), "import polyflow as pf"]
    head.append("from polyflow_conformance.replay import *  # noqa: F403")
    return "\n".join([*head, "", source, "", call])


def _by_number(case: Case, check: str, backend: str, failure: str) -> str:
    """The script of a case whose operands cannot be written out: it is asked of the kit by its number or name."""
    dtype = None if case.dtype is None else str(case.dtype)
    call = f"case({check!r}, {case.op.full_name!r}, {case.number!r}, {dtype!r}, {backend!r})"
    if str(case.number).startswith("drawn"):
        call = f"drawn({case.op.full_name!r}, {backend!r})"
    return "\n".join(
        [
            *_head(f"{check} of {case.id}: {case.sample!r}", backend, failure),
            "from polyflow_conformance.replay import check",
            "",
            f"check.{call}",
        ]
    )


def _head(title: str, backend: str, failure: str) -> list[str]:
    text = f"{title} on backend {backend!r}: {(failure.splitlines() or [''])[0]}".replace("\\", "/").replace('"', "'")
    return [f'"""{text[:240]}"""', ""]


class _Name(str):
    """A name of the script, written without quotes."""

    __repr__ = str.__str__


def _mapped(function: Callable[[ArraySpec], Any], operand: Any) -> Any:
    if isinstance(operand, ArraySpec):
        return function(operand)
    return [_mapped(function, each) for each in operand] if isinstance(operand, list | tuple) else operand


def _list(operands: Sequence[Any], keywords: Sequence[str] = ()) -> str:
    return ", ".join([*(str(_plain(each)) for each in operands), *keywords])


def _written(case: Case, value: Any) -> str | None:
    """The value of an attribute as Python; ``None`` where there is no writing it."""
    if isinstance(value, ArraySpec):
        literal = case.literal(value)
        return f"array({str(literal.dtype)!r}, {literal.shape!r}, {_numbers(literal)})"
    return _plain(value)


def _plain(value: Any) -> str | None:
    if isinstance(value, DType):
        return f"pf.{value.name}"
    if isinstance(value, slice | Slice):
        return f"slice({value.start!r}, {value.stop!r}, {value.step!r})"
    if isinstance(value, list | tuple):
        parts = [_plain(each) for each in value]
        if any(each is None for each in parts):
            return None
        inside = ", ".join(str(each) for each in parts)
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)" if len(parts) == 1 else f"({inside})"
    if isinstance(value, Mapping):
        return None
    if value is None or value is Ellipsis or isinstance(value, bool | int | float | complex | str):
        return "..." if value is Ellipsis else repr(value)
    return None


def _numbers(literal: Literal) -> str:
    return f"[{', '.join(map(_number, flat(literal)))}]"


def _number(value: Any) -> str:
    if isinstance(value, complex):
        return f"complex({value.real!r}, {value.imag!r})"
    return repr(value)


def _function(name: str) -> str:
    """How a script calls the op: from the public names, or by its full name."""
    owner: Any = polyflow
    for part in name.split("."):
        owner = getattr(owner, part, None)
    return f"pf.{name}" if getattr(owner, "full_name", None) == name else f"op({name!r})"


def _method(check: str) -> str:
    return {"gradient 1": "gradient", "gradient 2": "second_gradient"}.get(check, check)
