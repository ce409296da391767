"""What depends on constants alone is computed when the plan is made, to the same bits as when it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import context, program_of

import polyflow as pf
from polyflow.core.declaration import Trait, define_op
from polyflow.core.printer import format_program
from polyflow.core.types import TensorType
from polyflow.core.verifier import verify
from polyflow.errors import ExecutionError
from polyflow.passes.constant_folding import LARGEST, SMALL, ConstantFolding


@define_op(traits=Trait.EFFECT)
def roll_dice(x: TensorType, /) -> TensorType:
    """Another number each time."""
    return x


@define_op
def explode(x: TensorType, /) -> TensorType:
    """Fails when it runs."""
    return x


@explode.kernel
def explode_kernel(xp: Any, x: Any) -> Any:
    raise ZeroDivisionError("boom")


@define_op(traits=Trait.HOST)
def ask_the_host(x: TensorType, /) -> TensorType:
    """Whatever Python says while the graph runs."""
    return x


def folded(fetches: Any, *feeds: pf.Tensor, **options: Any) -> str:
    program = ConstantFolding()(program_of(fetches, *feeds), context(**options))
    verify(program)
    return format_program(program)


def test_operations_on_constants_become_constants_of_their_own_name() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    a = pf.constant([1.0, 2.0], name="a")
    y = pf.add(x, pf.multiply(a, a, name="square"), name="y")
    assert folded(y, x) == (
        "program(%x: float32[2]):\n"
        "  %a: float32[2] = constant(value=(1.0, 2.0))\n"
        "  %square: float32[2] = constant(value=(1.0, 4.0))\n"
        "  %y: float32[2] = add(%x, %square)\n"
        "  return %y"
    )


def test_folding_goes_on_as_far_as_constants_reach() -> None:
    y = pf.constant(2.0)
    for _ in range(5):
        y = pf.square(y)
    assert folded(y).splitlines()[-2].endswith("constant(value=4294967296.0)")


def test_the_dtype_of_a_folded_value_is_that_of_the_operation() -> None:
    y = pf.add(pf.constant([1], "int8"), pf.constant([2], "int8"), name="y")
    assert "%y: int8[1] = constant(value=(3))" in folded(y)


def test_integers_wrap_around_when_folded_as_when_run() -> None:
    y = pf.constant([127], "int8") + pf.constant([1], "int8")
    assert pf.Session().run(y).tolist() == pf.Session(optimise=False).run(y).tolist() == [-128]


def test_the_sign_of_zero_survives_folding() -> None:
    y = pf.multiply(pf.constant(0.0), pf.constant(-1.0))
    assert np.signbit(pf.Session().run(y))


@pytest.mark.parametrize(
    "make",
    [
        lambda: pf.log(pf.constant(0.0)),
        lambda: pf.log(pf.constant(-1.0)),
        lambda: pf.divide(pf.constant(1.0), pf.constant(0.0)),
        lambda: pf.exp(pf.constant(1000.0)),
        lambda: pf.astype(pf.constant(1e300, "float64"), "float32"),
        lambda: pf.constant(1e38) * pf.constant(1e38),
    ],
    ids=["log 0", "log -1", "1 / 0", "exp 1000", "narrowing", "overflow"],
)
def test_infinities_and_nan_are_results_when_folded_as_when_run(make: Any) -> None:
    y = make()
    np.testing.assert_equal(pf.Session().run(y), pf.Session(optimise=False).run(y))


def test_effects_are_not_folded() -> None:
    assert "= roll_dice(" in folded(roll_dice(pf.constant(1.0)))


def test_what_runs_on_the_host_is_not_folded() -> None:
    assert "= ask_the_host(" in folded(ask_the_host(pf.constant(1.0)))


def test_what_a_placeholder_reaches_is_not_folded() -> None:
    x = pf.placeholder("float32", (), name="x")
    program = program_of(pf.sin(x) * pf.constant(2.0), x)
    assert [each.op.name for each in ConstantFolding()(program, context()).operations] == [
        "sin",
        "constant",
        "multiply",
    ]


def test_variables_are_not_folded() -> None:
    w = pf.Variable(2.0)
    y = w * pf.constant(3.0)
    set_to = w.assign(5.0)
    with pf.Session() as session:
        assert session.run(y) == 6.0
        session.run(set_to)
        assert session.run(y) == 15.0


def test_a_result_larger_than_it_is_worth_is_not_folded() -> None:
    assert "= zeros(" in folded(pf.zeros((SMALL + 1,)))
    assert "= zeros(" not in folded(pf.zeros((SMALL,)))
    row = pf.constant(np.arange(LARGEST // 2**8, dtype=np.float32))
    column = pf.constant(np.arange(2**8, dtype=np.float32)[:, None])
    assert "= broadcast_to(" in folded(pf.broadcast_to(row, (2**8, row.size)))
    assert "= multiply(" not in folded(row * column)  # each element is computed
    assert "= sum(" not in folded(pf.sum(row * column, axis=0))  # less comes out than goes in
    assert "= multiply(" in folded(row * pf.constant(np.arange(2**8 + 1, dtype=np.float32)[:, None]))


def test_a_compiled_backend_folds_by_itself() -> None:
    y = pf.constant(2.0) * pf.constant(3.0)
    assert "= multiply(" in folded(y, is_compiled=True)


def test_a_kernel_that_fails_on_constants_names_the_op_and_the_line() -> None:
    y = explode(pf.constant(1.0))
    with pytest.raises(ExecutionError, match=r"explode failed while it ran: ZeroDivisionError: boom") as caught:
        pf.Session().run(y)
    assert f"built at: {__file__}:" in str(caught.value)


def test_a_kernel_that_fails_on_constants_does_so_only_where_it_runs() -> None:
    x = pf.placeholder("float32", ())
    y = pf.cond(x > 0, lambda: x, lambda: explode(pf.constant(1.0)))
    assert pf.Session().run(y, {x: 2.0}) == 2.0
    with pytest.raises(ExecutionError, match="explode failed while it ran"):
        pf.Session().run(y, {x: -2.0})


def test_folded_values_are_those_of_the_sessions_backend() -> None:
    y = pf.sin(pf.constant([0.1, 0.2, 0.3]))
    for backend in ("numpy", "reference"):
        found = pf.Session(backend).run(y)
        unfolded = pf.Session(backend, optimise=False).run(y)
        assert np.asarray(found.tolist()).tobytes() == np.asarray(unfolded.tolist()).tobytes()
