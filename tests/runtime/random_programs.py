"""Random programs for tests that run one program in two ways: branches, loops, state and effects, nested at will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

import polyflow as pf

LENGTH = 3
"""Of the vectors."""


@dataclass
class Program:
    """What a random program is made of, and what it gives."""

    x: Any
    variables: list[Any]
    fetches: list[Any] = field(default_factory=list)
    log: list[tuple[int, float]] = field(default_factory=list)
    """What its effects were, in their order."""


class Drawer:
    """Builds a program of what ``data`` draws."""

    def __init__(self, data: st.DataObject, *, effects: bool, exact: bool = False) -> None:
        self.data = data
        self.effects = effects
        self.exact = exact
        """Whether all values are small multiples of 1/8, so that no compiler can round them in another way."""
        self.size = 0
        self.program = Program(pf.placeholder("float32", (), name="x"), [pf.Variable(0.5), pf.Variable(-1.25)])

    def draw(self, *choices: Any) -> Any:
        return self.data.draw(st.sampled_from(choices))

    def build(self) -> Program:
        scalars = [self.program.x, pf.constant(0.75), self.program.variables[0]]
        self.block(scalars, 0)
        self.program.fetches = [*(pf.identity(each) for each in scalars[-3:]), *self.program.variables]
        return self.program

    def block(self, scalars: list[Any], depth: int) -> None:
        """Add statements that read ``scalars``, and their results to it."""
        for _ in range(self.data.draw(st.integers(1, 4 if depth == 0 else 2))):
            statements: list[Callable[[list[Any], int], Any]] = [self.arithmetic, self.assign, self.effect]
            if depth < 3 and self.size < 12:
                statements += [self.cond, self.switch_case, self.while_loop, self.fori_loop, self.scan, self.ordered]
            self.size += 1
            scalars.append(self.draw(*statements)(scalars, depth))

    def bounded(self, x: Any) -> Any:
        return pf.clip(pf.round(x * 8) / 8, -4.0, 4.0) if self.exact else pf.tanh(x)

    def one(self, scalars: Sequence[Any]) -> Any:
        return scalars[self.data.draw(st.integers(0, len(scalars) - 1))]

    def arithmetic(self, scalars: list[Any], depth: int) -> Any:
        a, b = self.one(scalars), self.one(scalars)
        operation = self.draw(pf.add, pf.subtract, pf.multiply, pf.maximum, pf.minimum)
        return self.bounded(operation(a, b))

    def assign(self, scalars: list[Any], depth: int) -> Any:
        variable = self.draw(*self.program.variables)
        value = self.one(scalars)
        if self.draw(True, False):
            return variable.assign(value)
        return variable.assign(self.bounded(variable.value() + value))

    def effect(self, scalars: list[Any], depth: int) -> Any:
        if not self.effects:
            return self.arithmetic(scalars, depth)
        number, log = self.size, self.program.log

        def note(value: Any) -> Any:
            log.append((number, float(value)))
            return value

        return pf.py_func(note, [self.one(scalars)], pf.float32, shape=())

    def inner(self, scalars: list[Any], depth: int) -> Callable[..., Any]:
        """A function whose body is a random block."""

        def body(*arguments: Any) -> Any:
            known = [*scalars, *arguments]
            self.block(known, depth + 1)
            return self.bounded(known[-1])

        return body

    def cond(self, scalars: list[Any], depth: int) -> Any:
        test = self.one(scalars) > self.one(scalars)
        return pf.cond(test, self.inner(scalars, depth), self.inner(scalars, depth))

    def switch_case(self, scalars: list[Any], depth: int) -> Any:
        number = pf.astype(pf.abs(self.one(scalars)) * 2, "int32") % 3
        return pf.switch_case(number, [self.inner(scalars, depth) for _ in range(3)])

    def while_loop(self, scalars: list[Any], depth: int) -> Any:
        end = pf.abs(self.one(scalars)) * 3
        step, limit, start = self.inner(scalars, depth), self.draw(None, 2), self.one(scalars)
        found = pf.while_loop(
            lambda i, x: i < pf.minimum(end, 4.0),
            lambda i, x: (i + 1, step(i, x)),
            [0.0, start],
            parallel_iterations=self.data.draw(st.integers(1, 3)),
            maximum_iterations=limit,
        )
        return found[1]

    def fori_loop(self, scalars: list[Any], depth: int) -> Any:
        step = self.inner(scalars, depth)
        return pf.fori_loop(0, self.data.draw(st.integers(0, 3)), lambda i, x: step(x), self.one(scalars))

    def scan(self, scalars: list[Any], depth: int) -> Any:
        step = self.inner(scalars, depth)
        elements = pf.stack([pf.identity(self.one(scalars)) for _ in range(LENGTH)])
        return pf.sum(pf.map_fn(step, elements))

    def ordered(self, scalars: list[Any], depth: int) -> Any:
        with pf.control_dependencies([pf.identity(self.effect(scalars, depth))]):
            return self.arithmetic(scalars, depth)


@st.composite
def feeds(draw: Callable[..., Any]) -> np.ndarray[Any, Any]:
    """Values of ``x``."""
    return np.float32(draw(st.integers(-24, 24)) / 8)
