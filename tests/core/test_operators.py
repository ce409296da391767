"""Python's operators on tensors and variables, against Python's own on numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.operators import BINARY, COMPARISON, UNARY
from polyflow.errors import SymbolicValueError

INTEGER_ONLY = {"and", "or", "xor", "lshift", "rshift"}
LEFT, RIGHT = {
    True: (np.array([6, 7, 1]), np.array([2, 3, 4])),
    False: (np.array([6.5, 7.0, -1.0]), np.array([2.0, 3.0, 4.0])),
}.values()
SYMBOLS = {"and": operator.and_, "or": operator.or_}


def function(word: str) -> Any:
    return SYMBOLS.get(word) or getattr(operator, word)


def operands(word: str) -> tuple[np.ndarray, np.ndarray]:
    return LEFT if word in INTEGER_ONLY else RIGHT  # type: ignore[return-value]


@pytest.mark.parametrize("word", [*BINARY, *COMPARISON])
@pytest.mark.parametrize(
    "kind", ["tensor and tensor", "tensor and array", "array and tensor", "variable and tensor", "tensor and variable"]
)
def test_a_binary_operator_does_what_it_does_in_numpy(word: str, kind: str) -> None:
    left, right = operands(word)
    make = {"tensor": pf.constant, "array": lambda x: x, "variable": pf.Variable}
    first, second = (make[each](value) for each, value in zip(kind.split(" and "), (left, right), strict=True))
    result = function(word)(first, second)
    assert isinstance(result, pf.Tensor)
    np.testing.assert_allclose(pf.Session().run(result), function(word)(left, right))


@pytest.mark.parametrize("word", [each for each in (*BINARY, *COMPARISON) if each != "matmul"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_python_number_stands_on_either_side(word: str, side: str) -> None:
    values = np.abs(operands(word)[0])
    number: Any = 2 if word in INTEGER_ONLY else 2.5
    x = pf.constant(values)
    if side == "left":
        found, expected = function(word)(number, x), function(word)(number, values)
    else:
        found, expected = function(word)(x, number), function(word)(values, number)
    np.testing.assert_allclose(pf.Session().run(found), expected)


@pytest.mark.parametrize("word", [*UNARY])
@pytest.mark.parametrize("make", [pf.constant, pf.Variable])
def test_a_unary_operator_does_what_it_does_in_numpy(word: str, make: Any) -> None:
    values = np.array([3, -4, 0])
    assert pf.Session().run(getattr(operator, word)(make(values))).tolist() == getattr(operator, word)(values).tolist()


@pytest.mark.parametrize("word", [*BINARY, "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("other", ["text", None, {}, object()], ids=["str", "None", "dict", "object"])
def test_an_operator_with_what_is_no_operand_is_pythons_type_error(word: str, other: object) -> None:
    with pytest.raises(TypeError, match=r"unsupported operand|not supported between|used as an index"):
        function(word)(pf.constant([1, 2]), other)


def test_equality_with_what_is_no_operand_is_false() -> None:
    assert (pf.constant(1) == "text") is False
    assert (pf.constant(1) != "text") is True


def test_chained_comparison_is_refused_rather_than_wrong() -> None:
    x = pf.constant([1.0, 2.0])
    with pytest.raises(TypeError, match="used as a condition"):
        0 < x < 3  # noqa: B015


def test_augmented_assignment_makes_a_new_tensor() -> None:
    x = original = pf.constant(1.0)
    x += 1
    assert x is not original
    assert pf.Session().run([original, x]) == [1.0, 2.0]


def test_augmented_assignment_to_a_variable_leaves_the_variable_alone() -> None:
    w = original = pf.Variable(1.0)
    w += 1
    with pf.Session() as session:
        assert session.run(w) == 2.0
        assert session.run(original) == 1.0


def test_a_list_is_an_operand() -> None:
    assert pf.Session().run([1, 2] * pf.constant([10, 20])).tolist() == [10, 40]
    assert pf.Session().run(pf.constant([10, 20]) - (1, 2)).tolist() == [9, 18]


def test_the_power_of_a_power_is_as_in_python() -> None:
    x = pf.constant(2.0, "float64")
    assert pf.Session().run([x**3, 3**x, -(x**2), 2**-x]) == [8.0, 9.0, -4.0, 0.25]


def test_a_tensor_cannot_be_formatted_as_a_number_but_shown() -> None:
    x = pf.placeholder("float32", (), name="loss")
    assert f"{x}" == "<Tensor 'loss:0' float32[]>"
    with pytest.raises(SymbolicValueError, match=r"with the format '.3f', but it is symbolic.*(.|\n)*session.run\(x\)"):
        f"{x:.3f}"
    assert f"{pf.eager('reference').asarray(1.5):.3f}" == "1.500"
