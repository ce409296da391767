"""Gradients registered by name, in TensorFlow 1's manner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import polyflow as pf
from polyflow.autodiff import registered
from polyflow.core.declaration import define_op
from polyflow.core.types import TensorType
from polyflow.errors import GradientError


@pytest.fixture(autouse=True)
def no_rule_survives_its_test() -> Iterator[None]:
    before = dict(registered._RULES)
    yield
    registered._RULES.clear()
    registered._RULES.update(before)


@define_op(dtypes="floating")
def cube(x: TensorType, /) -> TensorType:
    """The cube."""
    return x


cube.kernel(lambda xp, x: x * x * x)


@define_op(dtypes="floating")
def both(x: TensorType, y: TensorType, /) -> tuple[TensorType, TensorType]:
    """The product and the sum."""
    return x, x


both.kernel(lambda xp, x, y: (x * y, x + y))


def run(fetches: Any, feeds: Any = None) -> Any:
    return pf.Session().run(fetches, feeds)


def test_a_registered_gradient_sees_inputs_outputs_and_output() -> None:
    seen: list[Any] = []

    @pf.RegisterGradient("cube")
    def cube_gradient(op: Any, g: Any) -> Any:
        seen.append((op.type, len(op.inputs), len(op.outputs), op.output is op.outputs[0], dict(op.attributes)))
        return g * 3 * op.inputs[0] ** 2 + 0 * op.output

    x = pf.placeholder("float64", ())
    assert run(pf.gradients(cube(x), x)[0], {x: 2.0}) == 12.0
    assert seen == [("cube", 1, 1, True, {})]


def test_a_registered_gradient_is_differentiated_in_its_turn() -> None:
    pf.RegisterGradient("cube")(lambda op, g: g * 3 * op.inputs[0] ** 2)
    x = pf.placeholder("float64", ())
    y = cube(x)
    found = []
    for _ in range(3):
        (y,) = pf.gradients(y, x)
        found.append(run(y, {x: 2.0}))
    assert found == [12.0, 12.0, 6.0]


def test_an_op_with_several_outputs_gives_one_gradient_argument_for_each() -> None:
    pf.RegisterGradient("both")(
        lambda op, product, total: (product * op.inputs[1] + total, product * op.inputs[0] + total)
    )
    x, y = pf.placeholder("float64", ()), pf.placeholder("float64", ())
    a, b = both(x, y)
    assert run(pf.gradients(a + 10 * b, [x, y]), {x: 2.0, y: 3.0}) == [13.0, 12.0]


def test_the_rule_itself_is_returned() -> None:
    def rule(op: Any, g: Any) -> Any:
        return g

    assert pf.RegisterGradient("somewhere")(rule) is rule


def test_the_rule_is_found_when_the_gradient_runs_not_when_it_is_built() -> None:
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(cube(x), x)
    pf.RegisterGradient("cube")(lambda op, g: g * 7)
    assert run(g, {x: 1.0}) == 7.0


def test_two_rules_for_one_name_are_refused() -> None:
    def first(op: Any, g: Any) -> Any:
        return g

    pf.RegisterGradient("cube")(first)
    with pytest.raises(
        GradientError,
        match=r"'cube' has a registered gradient already\n  found:   .*first\n  needed:  one gradient a name",
    ):
        pf.RegisterGradient("cube")(lambda op, g: 2 * g)


def test_the_same_rule_may_be_registered_again_as_when_a_module_is_reloaded() -> None:
    for _ in range(2):

        @pf.RegisterGradient("cube")
        def rule(op: Any, g: Any) -> Any:
            return g


def test_an_op_with_a_gradient_of_its_own_does_not_get_another_in_silence() -> None:
    pf.RegisterGradient("sin")(lambda op, g: 100 * g)
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(pf.sin(x), x)
    with pytest.raises(GradientError, match="sin has two gradients"):
        run(g, {x: 1.0})


def test_a_callable_object_may_be_a_rule() -> None:
    class Rule:
        def __call__(self, op: Any, g: Any) -> Any:
            return g * 5

    pf.RegisterGradient("cube")(Rule())
    x = pf.placeholder("float64", ())
    assert run(pf.gradients(cube(x), x)[0], {x: 1.0}) == 5.0
    with pytest.raises(GradientError, match="'cube' has a registered gradient already"):
        pf.RegisterGradient("cube")(Rule())
