"""``-k``: a choice of items by words in their names, joined by ``and``, ``or``, ``not`` and brackets, as in pytest."""

from __future__ import annotations

import re
from collections.abc import Callable

from polyflow.errors import ValueRangeError, message

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")


def selector(expression: str) -> Callable[[str], bool]:
    """Whether a name fulfils ``expression``, in which each word stands for its being part of the name.

    >>> chosen = selector("linalg and not (svd or eig)")
    >>> chosen("linalg/linalg.qr"), chosen("linalg/linalg.svd")
    (True, False)
    """
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return lambda name: True
    parser = _Parser(expression, tokens)
    found = parser.either()
    if parser.tokens:
        raise parser.refused()
    return found


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str, tokens: list[str]) -> None:
        self.expression = expression
        self.tokens = tokens

    def either(self) -> Callable[[str], bool]:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return lambda name: any(each(name) for each in parts)

    def _both(self) -> Callable[[str], bool]:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return lambda name: all(each(name) for each in parts)

    def _one(self) -> Callable[[str], bool]:
        if self._takes("not"):
            denied = self._one()
            return lambda name: not denied(name)
        if self._takes("("):
            inside = self.either()
            if not self._takes(")"):
                raise self.refused()
            return inside
        if not self.tokens or self.tokens[0] in ("and", "or", ")"):
            raise self.refused()
        word = self.tokens.pop(0).lower()
        return lambda name: word in name.lower()

    def _takes(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False

    def refused(self) -> ValueRangeError:
        return ValueRangeError(
            message(
                "-k: not an expression",
                found=repr(self.expression),
                needed="words joined by and, or, not and brackets",
                remedy="-k 'linalg and not svd'",
            )
        )
