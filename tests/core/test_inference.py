"""Inference: promotion, weak numbers, categories, unknown types and the errors of rules."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from programs import program_of

import polyflow as pf
from polyflow.core.dtypes import DTYPES
from polyflow.core.inference import common_dtype, infer
from polyflow.core.primitives import constant_op
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, DTypeError, PolyflowError, ShapeError
from polyflow.extension.manager import extensions

NUMBERS = {"bool": True, "int": 3, "float": 2.5, "complex": 1j}
RANK = {"bool": 0, "uint": 1, "int": 1, "float": 2, "complex": 3}


def expected_with_number(dtype: Any, kind: str) -> str:
    if RANK[kind] <= RANK[dtype.kind]:
        return dtype.name
    if kind == "complex":
        return "complex128" if dtype.name == "float64" else "complex64"
    return {"int": "int64", "float": "float32"}[kind]


@pytest.mark.parametrize(("name", "kind"), list(itertools.product(DTYPES, NUMBERS)))
def test_a_python_number_takes_the_dtype_it_meets_and_widens_only_the_kind(name: str, kind: str) -> None:
    dtype = DTYPES[name]
    weak = TensorType(
        DTYPES[{"int": "int64", "float": "float32", "complex": "complex64"}.get(kind, kind)], (), weak=True
    )
    assert common_dtype([TensorType(dtype, ()), weak]).name == expected_with_number(dtype, kind)
    assert common_dtype([weak, TensorType(dtype, ())]).name == expected_with_number(dtype, kind)


def test_python_numbers_among_themselves_take_the_default_dtypes() -> None:
    assert pf.add(1, 2).dtype is pf.int64
    assert pf.add(1, 2.5).dtype is pf.float32
    assert pf.add(True, 2).dtype is pf.int64
    assert pf.add(2.5, 1j).dtype is pf.complex64


def test_the_result_of_an_op_on_python_numbers_is_no_longer_weak() -> None:
    x = pf.placeholder("float64", ())
    assert (pf.add(1.0, 2.0) + x).dtype is pf.float64
    assert (pf.add(1.0, 2.0) + pf.placeholder("float16", ())).dtype is pf.float32


def test_a_constant_made_on_purpose_is_not_weak_but_a_bare_number_is() -> None:
    half = pf.placeholder("float16", ())
    assert (half + pf.constant(1.0)).dtype is pf.float32
    assert (half + 1.0).dtype is pf.float16
    assert (half + np.float32(1.0)).dtype is pf.float32
    assert (half + np.float64(1.0)).dtype is pf.float64
    assert (half + pf.asarray([1.0])).dtype is pf.float32


def test_an_operand_adopts_the_dtype_of_another_where_it_promotes_to_it() -> None:
    narrow, wide, unknown = pf.placeholder("float32", (2,)), pf.placeholder("float64", (2,)), pf.placeholder()
    for x in (wide, unknown):
        for value in (0.0, 1, True, narrow[0]):
            y = pf.index_set(x, value, key=(0,))
            assert pf.Session().run(y, {x: np.ones(2), narrow: np.zeros(2, "float32")}).dtype == np.float64
    with pytest.raises(DTypeError, match=r"has another dtype\n  found:   float64\n  needed:  float32"):
        pf.index_set(narrow, wide[0], key=(0,))
    with pytest.raises(DTypeError, match=r"has another dtype\n  found:   float\d+\n  needed:  int64"):
        pf.index_set([1, 2], 0.5, key=(0,))


def test_no_op_but_the_constant_has_a_weak_result() -> None:
    weak = TensorType(pf.float32, (), weak=True)
    for name, op in extensions().ops.items():
        if op is constant_op or op.signature.output_count != 1 or not op.signature.operands:
            continue
        count = len(op.signature.operands)
        try:
            operands, attributes = op.signature.bind((0.0,) * count, {})
            outputs = infer(op, [weak] * len(operands), attributes).outputs
        except (PolyflowError, TypeError):
            continue
        assert not any(each.weak for each in outputs), name


@pytest.mark.parametrize(
    ("types", "text"),
    [(((None, (2,)), ("float32", (2,))), "unknown dtype"), ((("float32", None), ("float32", ())), "unknown rank")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_where_an_operand_is_unknown_so_is_the_result(types: Any, text: str) -> None:
    left, right = (pf.placeholder(*each) for each in types)
    assert (left + right).type == TensorType(None, None)


def test_an_unknown_dimension_stays_unknown_until_the_other_operand_knows_it() -> None:
    x = pf.placeholder("float32", (None, 3))
    assert (x + pf.placeholder("float32", (1, 3))).shape == (None, 3)
    assert (x + pf.placeholder("float32", (7, 1))).shape == (7, 3)
    assert pf.sum(x, axis=1).shape == (None,)


def test_how_many_results_an_unknown_operand_has_cannot_be_said() -> None:
    with pytest.raises(ArgumentError, match="give the placeholders above a dtype and a shape"):
        pf.unstack(pf.placeholder())


def test_promotion_says_to_what_each_operand_is_cast() -> None:
    types = [TensorType(pf.int8, (2,)), TensorType(pf.float32, (2,))]
    found = infer(extensions().ops["add"], types, {})
    assert list(found.dtypes) == [pf.float32, pf.float32]
    assert found.outputs == (TensorType(pf.float32, (2,)),)


def test_integers_become_the_default_float_where_an_op_needs_one() -> None:
    assert pf.sin(pf.placeholder("int8", (2,))).dtype is pf.float32
    assert pf.sin(pf.placeholder("float16", (2,))).dtype is pf.float16
    assert pf.sin(3).dtype is pf.float32
    assert pf.divide(pf.placeholder("int64", ()), pf.placeholder("int64", ())).dtype is pf.float32


def test_the_condition_of_where_is_not_promoted() -> None:
    found = pf.where(pf.placeholder("bool", (2,)), pf.placeholder("int8", ()), 2.0)
    assert found.type == TensorType(pf.float32, (2,))


def test_a_dtype_attribute_left_out_is_filled_with_the_dtype_of_the_result() -> None:
    operation = pf.sum(pf.placeholder("int8", (2,))).operation
    assert operation.attributes["dtype"] is pf.int64


def test_a_dtype_outside_the_category_is_refused_by_name() -> None:
    with pytest.raises(DTypeError) as caught:
        pf.bitwise_and(pf.placeholder("int8", ()), pf.placeholder("float32", (), name="x"))
    assert str(caught.value).startswith(
        "bitwise_and(int8[], float32[]): operand x1 has a dtype that bitwise_and does not take\n"
        "  found:   float32\n"
        "  needed:  a boolean or integral dtype\n"
    )


def test_dtypes_that_do_not_promote_are_refused_with_the_operands() -> None:
    with pytest.raises(DTypeError, match=r"^add\(uint64\[\], int64\[\]\): .*do not promote"):
        pf.placeholder("uint64", ()) + pf.placeholder("int64", ())


def test_the_error_of_a_rule_names_op_operands_and_line_once() -> None:
    with pytest.raises(ShapeError) as caught:
        pf.placeholder("float32", (2,)) + pf.placeholder("float32", (3,))
    text = str(caught.value)
    assert text.startswith("add(float32[2], float32[3]): shapes (2,) and (3,) do not broadcast")
    assert text.count("built at") == 1
    assert f"  built at: {__file__}:" in text


def test_a_python_number_that_does_not_fit_the_dtype_it_meets_is_refused_with_op_and_line() -> None:
    x = pf.placeholder("int8", (2,))
    y = x + 300
    with pytest.raises(PolyflowError) as caught:
        pf.Session().run(y, {x: np.zeros(2, "int8")})
    text = str(caught.value)
    assert text.startswith("add(int8[2], int64[]): a number is outside its dtype\n  found:   300")
    assert f"built at: {__file__}:" in text


def test_the_types_of_a_graph_are_those_of_the_program() -> None:
    x = pf.placeholder("float32", (2, 3))
    y = pf.sum(x * 2 + pf.constant([1, 2, 3]), axis=0, keepdims=True)
    assert program_of(y, x).results[0].type == y.type


@pytest.mark.parametrize("name", sorted(DTYPES))
def test_the_casts_that_promotion_asks_for_stand_in_the_program(name: str) -> None:
    x, y = pf.placeholder(name, (2,)), pf.placeholder("complex128", (2,))
    casts = [each for each in program_of(x + y, x, y).operations if each.op.name == "astype"]
    assert len(casts) == (name != "complex128")


@pytest.mark.parametrize("number", [0.1, 1e300, 5e-324, -2.0 / 3])
def test_a_python_float_loses_nothing_when_it_meets_float64(number: float) -> None:
    x = pf.placeholder("float64", ())
    graph_side = pf.Session().run(x * number, {x: 1.0})
    rule_side = pf.Session().run(pf.gradients(x * number, x)[0], {x: 1.0})
    assert (graph_side, rule_side) == (number, number)


def test_a_python_complex_number_loses_nothing_when_it_meets_complex128() -> None:
    x = pf.placeholder("complex128", ())
    assert pf.Session().run(x * (0.1 + 0.7j), {x: 1.0}) == 0.1 + 0.7j


def test_a_python_int_reaches_the_ends_of_every_integer_dtype() -> None:
    for name, number in (("uint64", 2**64 - 1), ("int64", -(2**63)), ("int8", -128)):
        x = pf.placeholder(name, ())
        assert pf.Session().run(x + number, {x: 0}) == number


def test_a_python_number_alone_takes_the_default_dtype() -> None:
    found = pf.Session().run(
        [pf.identity(0.1), pf.reshape(0.1, (1,)), pf.sin(1), pf.get_default_graph().as_tensor(0.1)]
    )
    assert [each.dtype.name for each in found] == ["float32"] * 4
    assert pf.Session(optimise=False).run(pf.identity(2)).dtype == "int64"


def test_no_program_holds_a_weak_number(graph: pf.Graph) -> None:
    x = pf.placeholder("float16", (2,))
    program = program_of([x * 2 + 0.5, graph.as_tensor(3.0)], x)
    assert not any(each.type.weak for operation in program.operations for each in operation.outputs)
    assert [each.type.dtype for each in program.results] == [pf.float16, pf.float32]


def test_a_rule_is_asked_once_of_operands_that_are_alike() -> None:
    asked = []

    @pf.define_op(name="doubled")
    def doubled(x: TensorType, /, *, times: int = 1) -> TensorType:
        asked.append((x.shape, times))
        return x

    for shape in ((2,), (2,), (3,)):
        doubled(pf.placeholder("float32", shape))
        doubled(pf.placeholder("float32", shape), times=2)
    assert asked == [((2,), 1), ((2,), 2), ((3,), 1), ((3,), 2)]


@pytest.mark.parametrize("values", [(1, True), (0.0, -0.0), ((0, 1), (False, True))], ids=str)
def test_attributes_that_are_equal_and_not_the_same_stay_what_they_are(values: tuple[object, object]) -> None:
    @pf.define_op(name="kept")
    def kept(x: TensorType, /, *, value: object = None) -> TensorType:
        return x

    x = pf.placeholder("float32", (2,))
    for value in values:
        assert repr(kept(x, value=value).operation.attributes["value"]) == repr(value)


def test_a_rule_in_the_place_of_the_declared_one_is_always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    x = pf.placeholder("float32", (2,))
    assert pf.sin(x).shape == (2,)
    monkeypatch.setattr(pf.sin, "rule", lambda x: TensorType(x.dtype, (5,)))
    assert pf.sin(x).shape == (5,)
    monkeypatch.undo()
    assert pf.sin(x).shape == (2,)


def test_a_rule_may_give_a_shape_as_a_list() -> None:
    @pf.define_op(name="twice_as_long")
    def twice_as_long(x: TensorType, /) -> TensorType:
        return TensorType(x.dtype, [2 * size for size in x.static_shape])  # type: ignore[arg-type]

    assert pf.sin(twice_as_long(pf.placeholder("float32", (2, 3)))).shape == (4, 6)
