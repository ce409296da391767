"""Passes in the order of their stages, watched when asked."""

from __future__ import annotations

import numpy as np
import pytest
from programs import context, program_of

import polyflow as pf
from polyflow.core.printer import format_program
from polyflow.core.program import Program
from polyflow.core.rewriting import rewrite
from polyflow.core.verifier import verify
from polyflow.errors import PassError, VerificationError
from polyflow.extension.manager import extensions
from polyflow.extension.passes import PassContext
from polyflow.passes.pipeline import Step, run_passes


class Noted:
    """A pass that notes that it was there."""

    def __init__(self, name: str, stage: str, seen: list[str]) -> None:
        self.name, self.stage, self._seen = name, stage, seen

    def __call__(self, program: Program, context: PassContext) -> Program:
        self._seen.append(self.name)
        return program


class Spoiler:
    """A pass that forgets an operation."""

    name = "spoiler"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        return Program(program.parameters, program.operations[:-1], program.results)


def test_stages_run_in_order_and_passes_of_one_stage_in_the_order_of_registration() -> None:
    seen: list[str] = []
    passes = [
        Noted("c", "lower", seen),
        Noted("b", "optimise", seen),
        Noted("a", "simplify", seen),
        Noted("a2", "simplify", seen),
    ]
    x = pf.placeholder("float32", ())
    run_passes(program_of(x, x), passes, context())
    assert seen == ["a", "a2", "b", "c"]


def test_each_step_says_how_many_operations_it_left() -> None:
    x = pf.placeholder("float32", ())
    _, steps = run_passes(program_of(pf.sin(x) * 1, x), extensions().passes, context())
    assert all(isinstance(each, Step) for each in steps)
    assert (steps[0].before, steps[-1].after) == (3, 1)


def test_a_pass_that_breaks_a_program_is_named_when_checking_is_asked_for() -> None:
    x = pf.placeholder("float32", ())
    program = program_of(pf.sin(x), x)
    run_passes(program, [Spoiler()], context())
    with pytest.raises(VerificationError, match="after pass 'spoiler': the program returns"):
        run_passes(program, [Spoiler()], context(), check=True)


class Stumbler:
    """A pass that raises at sines."""

    name = "stumbler"
    stage = "simplify"

    def __call__(self, program: Program, context: PassContext) -> Program:
        return rewrite(program, lambda rewriter, operation: {"cos": None}[operation.op.name])


def test_a_pass_that_raises_is_named_with_the_operation_the_line_and_the_cause() -> None:
    x = pf.placeholder("float32", ())
    program = program_of(pf.cos(pf.sin(x)), x)
    with pytest.raises(PassError, match="pass 'stumbler' failed: KeyError: 'sin'\n  operand: %sin: float32") as caught:
        run_passes(program, [Stumbler()], context())
    assert f"built at: {__file__}:" in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_training_step_survives_all_passes_with_every_check() -> None:
    x, t = pf.placeholder("float32", (5, 3)), pf.placeholder("float32", (5, 1))
    w, b = pf.Variable(np.full((3, 1), 0.5, "float32")), pf.Variable([0.0])
    loss = pf.mean(pf.square(pf.matmul(x, w) + b - t))
    step = pf.train.AdamOptimizer(0.1).minimize(loss)
    feed = {x: np.linspace(-1, 1, 15, dtype="float32").reshape(5, 3), t: np.ones((5, 1), "float32")}
    losses = []
    for options in ({"check": True}, {"optimise": False}):
        with pf.Session(**options) as session:  # type: ignore[arg-type]
            losses.append([session.run([loss, step], feed)[0] for _ in range(5)])
    np.testing.assert_array_equal(losses[0], losses[1])


def test_passes_run_twice_change_nothing_more() -> None:
    x = pf.placeholder("float32", (2, 2), name="x")
    (g,) = pf.gradients(pf.sum(pf.nn.softmax(pf.matmul(x, x) * 1 + 0)), x)
    once, _ = run_passes(program_of(g, x), extensions().passes, context())
    twice, _ = run_passes(once, extensions().passes, context())
    verify(twice)
    assert len(twice) <= len(once)
    thrice, _ = run_passes(twice, extensions().passes, context())
    assert format_program(thrice) == format_program(twice)
