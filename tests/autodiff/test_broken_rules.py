"""What a gradient rule raises by mistake reaches the user with the op's name and the line that used it."""

from __future__ import annotations

from typing import Any

import pytest

import polyflow as pf
from polyflow.core.declaration import define_op
from polyflow.core.types import TensorType
from polyflow.errors import GradientError


@define_op
def mistaken(x: TensorType, /) -> TensorType:
    """``x``."""
    return x


@mistaken.gradient
def mistaken_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return {}["slope"]


@define_op
def miscounted(x: TensorType, /) -> TensorType:
    """``x``."""
    return x


@miscounted.gradient
def miscounted_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return iter([g, g])


def test_a_rule_that_raises_is_named_with_the_line_and_the_cause() -> None:
    x = pf.placeholder("float32", (), name="x")
    slope = pf.gradients(mistaken(x), x)
    with pf.Session() as session, pytest.raises(GradientError, match="the gradient rule of mistaken failed") as caught:
        session.run(slope, {x: 1.0})
    assert "found:   KeyError: 'slope'" in str(caught.value)
    assert f"built at: {__file__}:" in str(caught.value)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_custom_gradient_that_raises_is_named_too() -> None:
    @pf.custom_gradient
    def doubled(x: Any) -> Any:
        def slope(g: Any) -> Any:
            raise TypeError("of the user")

        return x * 2, slope

    x = pf.placeholder("float32", (), name="x")
    asked = pf.gradients(doubled(x), x)
    with pf.Session() as session, pytest.raises(GradientError, match="found:   TypeError: of the user"):
        session.run(asked, {x: 1.0})


def test_a_rule_may_return_any_iterable_and_too_many_are_refused() -> None:
    x = pf.placeholder("float32", (), name="x")
    asked = pf.gradients(miscounted(x), x)
    with (
        pf.Session() as session,
        pytest.raises(GradientError, match="does not fit its operands\n  found:   2 gradients"),
    ):
        session.run(asked, {x: 1.0})
