"""A script that runs one operation, on operands that it holds itself, on several backends."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.signature import Slice
from polyflow.core.tensor import Operation

_HEAD = '''"""{summary}"""

from base64 import b64decode

import polyflow as pf
from polyflow.core.literal import Literal
from polyflow.extension.manager import extensions

values = [
{values}
]
x = [pf.placeholder(each.dtype, each.shape) for each in values]
results = extensions().ops[{op!r}]({call})
for name in {names!r}:
    print(name, pf.Session(name, optimise=False).run(results, dict(zip(x, values))))
'''


def reproduction(operation: Operation, operands: Sequence[Literal], names: Sequence[str]) -> str | None:
    """The text of a script that runs ``operation`` on ``operands`` on the backends called ``names``.

    ``None`` where an attribute is something that no line of Python spells, such as a function.
    """
    op = operation.op
    attributes = {name: value if name == "absent" else _spelled(value) for name, value in operation.attributes.items()}
    if any(each is None for each in attributes.values()):
        return None
    args, keywords = op.signature.arguments([_Text(f"x[{index}]") for index in range(len(operands))], attributes)
    call = [_joined(each) for each in args]
    call += [f"{name}={_joined(value)}" for name, value in keywords.items() if name != "absent"]
    return _HEAD.format(
        summary=f"{op.full_name} on {' and '.join(names)}: the same operands, other results.",
        values="\n".join(f"    {_literal(each)}," for each in operands),
        op=op.full_name,
        call=", ".join(call),
        names=tuple(names),
    )


class _Text(str):
    """A piece of source; its ``repr`` is the piece itself."""

    def __repr__(self) -> str:
        return str(self)


def _joined(part: Any) -> str:
    return f"[{', '.join(map(_joined, part))}]" if isinstance(part, list) else repr(part)


def _literal(value: Literal) -> str:
    return f"Literal(pf.{_name(value.dtype)}, {value.shape!r}, b64decode({base64.b64encode(value.data).decode()!r}))"


def _name(dtype: DType) -> str:
    return "bool_" if dtype.kind == "bool" else dtype.name


def _spelled(value: Any) -> _Text | None:
    """The source of an attribute; ``None`` where there is none."""
    if value is None or type(value) in (bool, int, str):
        return _Text(repr(value))
    if type(value) in (float, complex):
        return _Text(f"{type(value).__name__}({str(value)!r})")
    if isinstance(value, DType):
        return _Text(f"pf.{_name(value)}")
    if isinstance(value, Literal):
        return _Text(_literal(value))
    if isinstance(value, Slice):
        return _Text(repr(value))
    if type(value) is tuple:
        parts = [_spelled(each) for each in value]
        if any(each is None for each in parts):
            return None
        return _Text(f"({', '.join(map(str, parts))}{',' if len(parts) == 1 else ''})")
    return None
