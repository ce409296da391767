"""Plans of eager calls: the second call gives what the first gave, and no call takes the plan of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from polyflow_conformance.cases import Case, error_cases, value_cases

import polyflow as pf
from polyflow.core.declaration import Op
from polyflow.core.dtypes import STANDARD_DTYPES
from polyflow.core.samples import ArraySpec, map_specs
from polyflow.errors import PolyflowError
from polyflow.extension.manager import extensions
from polyflow.session.eager_plans import attribute_key

INNER = ("linalg", "fft", "nn", "random")


def function_of(xp: Any, op: Op) -> Any:
    """The function of the namespace that is ``op``, or ``None``."""
    home = getattr(xp, op.namespace) if op.namespace in INNER else xp
    public = getattr(pf, op.namespace) if op.namespace in INNER else pf
    return getattr(home, op.name, None) if getattr(public, op.name, None) is op else None


OPS = {
    name: op
    for name, op in sorted(extensions().ops.items())
    if op.sample_rule is not None and function_of(pf.eager("numpy"), op) is not None
}


def called(function: Any, case: Case, space: Any, feed: Any) -> list[Any]:
    operands = [map_specs(lambda spec: feed(case.literal(spec)), each) for each in case.sample.operands]
    if case.sample.prepare is not None:
        operands = as_list(case.sample.prepare(space, *operands))
    attributes = {
        name: map_specs(lambda spec: feed(case.literal(spec)), value) if isinstance(value, ArraySpec) else value
        for name, value in case.sample.attributes.items()
    }
    found = as_list(function(*operands, **attributes))
    return found if case.sample.invariant is None else as_list(case.sample.invariant(space, *found))


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def cases_of(op: Op) -> Sequence[Case]:
    """Each sample in one dtype, in which NumPy has it."""
    found: dict[int, Case] = {}
    for case in value_cases(op, STANDARD_DTYPES):
        if case.number not in found or (case.dtype is not None and case.dtype.name == "float64"):
            found[case.number] = case
    return list(found.values())


@pytest.mark.parametrize("name", OPS)
def test_an_op_gives_what_a_session_gives_in_its_first_eager_call_and_in_its_second(name: str) -> None:
    xp: Any = pf.eager("numpy")
    xp.plans.clear()
    function = function_of(xp, OPS[name])
    for case in cases_of(OPS[name]):
        with pf.Graph().as_default():
            wanted = pf.Session("numpy").run(called(OPS[name], case, pf, pf.constant))
        for _ in range(2):
            found = called(function, case, xp, xp.asarray)
            for each, value in zip(found, wanted, strict=True):
                assert each.dtype.name == value.dtype.name
                assert each.shape == each.value.shape == value.shape
                np.testing.assert_allclose(each.value, value, rtol=1e-9, atol=1e-12, err_msg=case.id)


@pytest.mark.parametrize("name", OPS)
def test_what_an_op_refuses_it_refuses_eagerly_in_the_same_words(name: str) -> None:
    xp: Any = pf.eager("numpy")
    for case in error_cases(OPS[name]):
        with pf.Graph().as_default(), pytest.raises(PolyflowError) as in_graph:
            pf.Session("numpy").run(called(OPS[name], case, pf, pf.constant))
        with pytest.raises(PolyflowError) as eagerly:
            called(function_of(xp, OPS[name]), case, xp, xp.asarray)
        assert type(eagerly.value) is type(in_graph.value)
        assert str(eagerly.value).split("\n")[0] == str(in_graph.value).split("\n")[0]
        assert f"{__file__}:" in str(eagerly.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0.0, -0.0), (0j, complex(0, -0.0)), ((1, 2), (1, True)), (slice(1, 2), (1, 2, None))],
    ids=repr,
)
def test_attributes_that_python_calls_equal_are_told_apart(one: Any, other: Any) -> None:
    assert attribute_key(one) != attribute_key(other)


def test_python_numbers_that_are_equal_are_told_apart() -> None:
    xp: Any = pf.eager("numpy")
    zero = xp.asarray([0.0])
    for sign in (0.0, -0.0, 0.0):
        assert np.signbit((xp.asarray([-0.0]) + sign).value[0]) == np.signbit(sign)
        assert np.signbit(xp.full((1,), sign).value[0]) == np.signbit(sign)
    assert (zero + 1).dtype == (zero + True).dtype == xp.float32
    assert [(xp.asarray([1], dtype=xp.int8) * each).dtype.name for each in (True, 1, 1.0, 1j)] == [
        "int8", "int8", "float32", "complex64",
    ]  # fmt: skip


def test_a_number_that_a_dtype_cannot_hold_is_refused_after_one_that_it_can() -> None:
    xp: Any = pf.eager("numpy")
    x = xp.asarray([1], dtype=xp.int8)
    assert (x + 100).value.tolist() == [101]
    for number in (300, 2**70):
        with pytest.raises(pf.errors.ValueRangeError, match="a number is outside its dtype") as caught:
            x + number
        assert f"{__file__}:" in str(caught.value)
    assert (x + 101).value.tolist() == [102]


def test_arrays_of_other_namespaces_and_libraries_take_the_long_way() -> None:
    xp: Any = pf.eager("numpy")
    x = xp.asarray([1.0, 2.0])
    for _ in range(2):
        assert xp.add(x, pf.eager("numpy", seed=1).asarray([1.0, 1.0])).value.tolist() == [2.0, 3.0]
        assert xp.add(x, np.asarray([1.0, 1.0], np.float32)).value.tolist() == [2.0, 3.0]
        assert xp.add(x, [1.0, 1.0]).value.tolist() == [2.0, 3.0]
        assert xp.exp(x * 0).value.tolist() == [1.0, 1.0]


def test_arrays_of_two_backends_meet_only_where_one_is_converted() -> None:
    xp: Any = pf.eager("numpy")
    x, other = xp.asarray([1.0, 2.0]), pf.eager("reference").asarray([1.0, 1.0])
    for _ in range(2):
        with pytest.raises(pf.errors.ArgumentError, match="belongs to the namespace of another backend") as caught:
            x + other
        assert "polyflow.eager.reference: float32[2]" in str(caught.value)
        assert f"{__file__}:" in str(caught.value)
        assert (x + xp.asarray(other)).value.tolist() == [2.0, 3.0]
    with pytest.raises(pf.errors.ArgumentError, match="an array of another backend cannot become an array without"):
        xp.asarray(other, copy=False)


def test_operands_by_keyword_stand_where_they_belong() -> None:
    xp: Any = pf.eager("numpy")
    x, low, high = xp.asarray([0.0, 5.0, 9.0]), xp.asarray(1.0), xp.asarray(6.0)
    for _ in range(2):
        assert xp.clip(x, max=high, min=low).value.tolist() == [1.0, 5.0, 6.0]
        assert xp.clip(x, min=low, max=high).value.tolist() == [1.0, 5.0, 6.0]
        assert xp.clip(x, max=high).value.tolist() == [0.0, 5.0, 6.0]
        assert xp.clip(x, None, 2).value.tolist() == [0.0, 2.0, 2.0]


def test_a_device_by_name_is_the_namespaces_own_or_another() -> None:
    xp: Any = pf.eager("numpy")
    for _ in range(2):
        assert xp.zeros((2,), device="cpu").device == xp.zeros((2,), device=None).device == "cpu"
        with pytest.raises(pf.errors.BackendError, match="has no device 'gpu'"):
            xp.zeros((2,), device="gpu")


def test_keys_of_every_kind_select_the_same_again() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    xp: Any = pf.eager("numpy")
    array, rows, mask = xp.asarray(x), np.asarray([1, 0]), x > 7
    keys = [0, -1, 1, (1, 2), (slice(1, None), 0), (slice(None), slice(None, None, -1)), (..., 1), (None, 0), None]
    for _ in range(2):
        for key in keys:
            np.testing.assert_array_equal(array[key].value, x[key])
        np.testing.assert_array_equal(array[xp.asarray(rows)].value, x[rows])
        np.testing.assert_array_equal(array[rows, :, [0, 1]].value, x[rows, :, [0, 1]])
        np.testing.assert_array_equal(array[xp.asarray(mask)].value, x[mask])
        np.testing.assert_array_equal(array[array > 20].value, x[x > 20])
        np.testing.assert_array_equal(array[xp.asarray(1)].value, x[1])
        with pytest.raises(IndexError, match="index 2 is out of range for axis 0") as caught:
            array[2]
        assert f"{__file__}:" in str(caught.value)


def test_plans_are_dropped_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyflow.session.eager._MOST_PLANS", 10)
    xp: Any = pf.eager("numpy", seed=1)
    for size in range(40):
        assert xp.zeros((size,)).shape == (size,)
    assert len(xp.plans) <= 10


@pytest.mark.parametrize("kind", [bool, int, float, complex])
@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_one_element_becomes_a_python_number(backend: str, kind: type) -> None:
    xp: Any = pf.eager(backend)
    dtypes = {bool: ["bool"], int: ["uint8", "int64"], float: ["float32", "float64"], complex: ["complex64"]}[kind]
    for name in dtypes:
        found = kind(xp.astype(xp.asarray(1), getattr(xp, name)))
        assert type(found) is kind
        assert found == 1
    assert int(xp.asarray(2**62 + 1)) == 2**62 + 1
    assert float(xp.asarray(0.1, dtype=xp.float64)) == 0.1


def test_what_a_library_raises_names_the_op_its_operands_and_the_line():
    xp = pf.eager("numpy")
    with pytest.raises(pf.errors.AxisError) as raised:
        xp.take(xp.asarray([1.0, 2.0], dtype=xp.float32), xp.asarray([5]))
    assert isinstance(raised.value, IndexError)
    lines = str(raised.value).splitlines()
    assert lines[0] == "take failed while it ran: IndexError: index 5 is out of bounds for axis 0 with size 2"
    assert lines[1].split() == ["operand:", "float32[2],", "int64[1]"]
    assert "built at" in lines[2]
    assert "test_eager_plans.py" in lines[2]
    with pytest.raises(MemoryError, match="zeros failed while it ran: MemoryError: Unable to allocate"):
        xp.zeros((10**6, 10**7))


def test_a_kernel_that_raises_is_an_execution_error(monkeypatch):
    def broken(x):
        raise ZeroDivisionError("of its own")

    def two(x):
        raise ZeroDivisionError("of two")

    space = pf.eager("numpy")
    monkeypatch.setattr(space, "kernel_for", lambda op, types, inferred: two if op.name == "slogdet" else broken)
    space.plans.clear()
    try:
        with pytest.raises(pf.errors.ExecutionError, match="tanh failed while it ran: ZeroDivisionError: of its own"):
            space.tanh(space.asarray([[0.5]]))
        with pytest.raises(pf.errors.ExecutionError, match="slogdet failed while it ran: ZeroDivisionError: of two"):
            space.linalg.slogdet(space.asarray([[0.5]]))
    finally:
        space.plans.clear()
