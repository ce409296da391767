"""Symbolic tensors and variables: what they tell, and what they refuse to be."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ShapeError, SymbolicValueError


def test_a_tensor_tells_its_name_dtype_shape_and_operation(graph: pf.Graph) -> None:
    x = pf.placeholder("float32", (None, 3), name="x")
    assert (x.name, x.dtype, x.shape, x.ndim, x.size) == ("x:0", pf.float32, (None, 3), 2, None)
    assert x.op is x.operation
    assert x.graph is graph
    assert x.get_shape() == x.shape
    assert repr(x) == "<Tensor 'x:0' float32[?, 3]>"
    assert repr(x.op) == "<Operation 'x' type=placeholder>"


def test_the_rank_of_a_tensor_without_a_shape_is_refused_with_a_remedy() -> None:
    with pytest.raises(
        ShapeError, match=r"(?s)x:0: the rank is not known.*test_tensor\.py:\d+.*placeholder\(shape=\.\.\.\)"
    ):
        pf.placeholder(name="x").ndim  # noqa: B018


CONVERSIONS: dict[str, tuple[Callable[[Any], object], str]] = {
    "bool": (bool, "polyflow.where or polyflow.cond"),
    "not": (operator.not_, "polyflow.where or polyflow.cond"),
    "float": (float, "polyflow.astype(x, polyflow.float64)"),
    "int": (int, "polyflow.astype(x, polyflow.int64)"),
    "complex": (complex, "polyflow.astype(x, polyflow.complex128)"),
    "in": (lambda x: 1 in x, "polyflow.any(x == value)"),
    "numpy": (np.asarray, "session.run(x) for its value"),
}


@pytest.mark.parametrize("maker", [lambda: pf.placeholder("float32", (), name="x"), lambda: pf.Variable(1.0, name="x")])
@pytest.mark.parametrize("conversion", CONVERSIONS)
def test_what_needs_a_value_is_refused_with_a_word_on_what_to_write(maker: Any, conversion: str) -> None:
    convert, remedy = CONVERSIONS[conversion]
    with pytest.raises(SymbolicValueError) as caught:
        convert(maker())
    text = str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert text.startswith("x:0 was used ")
    assert "it has no value until a session runs\n  found:   float32[]\n  built at: " in text
    assert f"{__file__}:" in text
    assert remedy in text


def test_a_tensor_is_no_index_of_python() -> None:
    with pytest.raises(SymbolicValueError, match=r"polyflow\.take"):
        [1, 2, 3][pf.placeholder("int64", ())]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (None, "a first dimension that is not known"),
        ((None, 2), "a first dimension that is not known"),
        ((), "no first dimension"),
    ],
)
@pytest.mark.parametrize("use", [len, iter, list, lambda x: [*x]], ids=["len", "iter", "list", "star"])
def test_iteration_needs_the_first_dimension(shape: Any, found: str, use: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=found) as caught:
        use(pf.placeholder("float32", shape, name="x"))
    assert "try:     give the placeholder a shape" in str(caught.value)


def test_iteration_over_a_known_dimension_gives_its_slices() -> None:
    rows = list(pf.constant([[1, 2], [3, 4]]))
    assert [each.tolist() for each in pf.Session().run(rows)] == [[1, 2], [3, 4]]
    assert len(pf.Variable([1.0, 2.0, 3.0])) == 3
    a, b = pf.Variable([1.0, 2.0])
    assert pf.Session().run([a, b]) == [1.0, 2.0]


def test_tensors_are_keys_of_dictionaries_and_members_of_sets() -> None:
    x, y = pf.constant(1), pf.constant(1)
    table = {x: "x", y: "y"}
    assert (table[x], table[y], len({x, y, x})) == ("x", "y", 2)
    w, v = pf.Variable(1.0), pf.Variable(1.0)
    assert {w: "w", v: "v"}[w] == "w"


def test_comparison_with_none_tells_absence() -> None:
    x = pf.constant(1)
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert (x is None) is False
    assert (pf.Variable(1.0) == None) is False  # noqa: E711


def test_an_array_before_an_operator_asks_the_tensor() -> None:
    x = pf.constant([1.0, 2.0], "float64")
    results = [
        np.ones(2) + x,
        np.float64(2) * x,
        np.ones(2) < x,
        np.ones((2, 2)) @ x,
        np.ones(2) + pf.Variable([1.0, 2.0]),
    ]
    assert all(isinstance(each, pf.Tensor) for each in results)
    found = pf.Session().run(results)
    assert [each.tolist() for each in found] == [[2.0, 3.0], [2.0, 4.0], [False, True], [3.0, 3.0], [2.0, 3.0]]


def test_a_jax_array_before_an_operator_asks_the_tensor() -> None:
    jnp = pytest.importorskip("jax.numpy")
    x = pf.constant([1.0, 2.0])
    assert isinstance(jnp.ones(2) + x, pf.Tensor)


def test_an_operation_with_several_outputs_has_no_output() -> None:
    operation = pf.unstack(pf.constant([1, 2]))[0].operation
    assert len(operation.outputs) == 2
    with pytest.raises(ValueError, match="too many values"):
        operation.output  # noqa: B018


def test_eval_and_run_use_the_default_session() -> None:
    x = pf.placeholder("float32", (), name="x")
    w = pf.Variable(1.0)
    step = w.assign_add(x)
    with pf.Session():
        assert (x * 2).eval({x: 3.0}) == 6.0
        step.operation.run({x: 2.0})
        assert w.eval() == 3.0
    session = pf.Session()
    assert (x * 2).eval({x: 3.0}, session=session) == 6.0


@pytest.mark.parametrize("use", [lambda x: x.eval(), lambda x: x.operation.run(), lambda x: pf.Variable(1.0).eval()])
def test_eval_without_a_session_says_where_to_find_one(use: Any) -> None:
    with pytest.raises(SymbolicValueError) as caught:
        use(pf.constant(1))
    text = "has no session to run in\n  try:     session=..., or run it inside `with session:`"
    assert str(caught.value).endswith(text)


def test_nothing_can_be_hung_on_a_tensor_by_accident() -> None:
    with pytest.raises(AttributeError):
        pf.constant(1).value = 3
