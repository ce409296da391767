"""The instruments: strict and loopback pass, null passes no value case, and each sees what it is made to see."""

from __future__ import annotations

import pytest
from polyflow_conformance.instruments.loopback import HOOKS, Loopback
from polyflow_conformance.instruments.shuffling import shuffled
from polyflow_conformance.instruments.strict import Strict
from polyflow_conformance.instruments.wrapping import Box
from polyflow_conformance.kit import Kit

import polyflow as pf
from polyflow.errors import BackendError
from polyflow.extension import CompileRequest
from polyflow.extension.manager import extensions
from polyflow.tools.listings import describe_backends

VALUE_CHECKS = {"values", "properties", "gradient 1", "gradient 2", "gradient", "forward"}
OPS = ("isnan", "astype", "ones_like", "linalg.inv", "unique_values", "argmax")


@pytest.fixture(scope="module")
def kit():
    return Kit(extensions())


@pytest.fixture
def numpy():
    return extensions().backend("numpy")


# -- strict


@pytest.mark.parametrize("name", ["strict", "loopback"])
def test_a_hostile_backend_passes_programs_and_probes(kit, name):
    expression = "probe and not process or switch or scan_of or random_walk or growing_shape"
    levels = ["control", "state", "random", "errors", "devices"]
    assert not kit.prove(extensions().backend(name), levels, expression=expression).failures


@pytest.mark.parametrize("name", ["strict", "loopback"])
@pytest.mark.parametrize("op", ["sum", "linalg.inv", "getitem"])
def test_a_hostile_backend_passes_every_check_of_an_op(kit, name, op):
    backend = extensions().backend(name)
    assert not [each for check in kit.checks for each in kit.run(check, op, backend) if not each.has_passed]


def test_strict_refuses_arrays_of_another_device():
    x, y = pf.placeholder("float32", (2,)), pf.placeholder("float32", (2,))
    with pf.Session("strict") as session:
        here, there = (session.backend.from_literal(pf.core.literal.literal([1.0, 2.0]), each)
                       for each in session.backend.devices())  # fmt: skip
        with pytest.raises(BackendError, match=r"'strict': a program for 'here'\n  found:   arrays on 'there'"):
            session.run(x + y, {x: here, y: there})
        kernel = session.backend.eager(session.backend.kernels["add"], "here")
        with pytest.raises(BackendError, match="add has operands on no device, or on several"):
            kernel(here, there)


def test_strict_refuses_what_is_made_nowhere_and_an_unknown_device(numpy):
    backend = Strict(numpy)
    with pytest.raises(BackendError, match=r"zeros has operands on no device, or on several\n  found:   None"):
        backend.kernels["zeros"]((2,), dtype=None)
    with pytest.raises(BackendError, match=r"'strict' has no device 'moon'\n  needed:  here, there"):
        backend.from_literal(pf.core.literal.literal(1.0), "moon")


def test_strict_refuses_arrays_that_are_not_its_own(numpy):
    backend, other = Strict(numpy), Strict(numpy)
    array = numpy.from_literal(pf.core.literal.literal([1.0]), "cpu")
    kernel = backend.eager(backend.kernels["negative"], "here")
    with pytest.raises(BackendError, match=r"an array came to 'strict' that is none of its own\n  found:   ndarray"):
        kernel(array)
    with pytest.raises(BackendError, match="an array of 'strict' came to 'strict'"):
        kernel(other.box(array, "here"))
    with pytest.raises(TypeError, match="read past the backend's to_literal"):
        backend.box(array, "here").__array__()


def test_strict_hands_out_nothing_that_can_be_written_into():
    with pf.Session("strict") as session:
        found = session.run(pf.constant([1.0, 2.0]) * 2.0)
    assert type(found) is Box
    assert not found.content.flags.writeable


def test_the_programs_of_strict_are_shuffled_and_those_of_others_are_not():
    x = pf.placeholder("float32", (2,))
    y = pf.stack([pf.sin(x), pf.cos(x), pf.exp(x), pf.log(x), pf.tan(x)])
    explained = {name: pf.Session(name).explain(y, {x: [1.0, 2.0]}) for name in ("strict", "numpy")}
    assert "shuffle: 6 -> 6 operations" in explained["strict"]
    assert "shuffle" not in explained["numpy"]
    assert pf.Session("strict").run(pf.sum(y), {x: [1.0, 2.0]}).shape == ()


def test_a_shuffled_program_keeps_what_reads_behind_what_makes_and_effects_in_order():
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", ())
        noted = [pf.py_func(lambda value: None, [x], [], name=f"note{n}") for n in range(4)]
        y = pf.sin(x) + pf.cos(x) * pf.exp(x)
    assert noted
    assert y.graph is graph
    operations = tuple(graph.operations)
    orders = [[each.name for each in shuffled(operations, seed)] for seed in range(20)]
    assert len({tuple(each) for each in orders}) > 10
    for names in orders:
        notes = [each for each in names if each.startswith("note")]
        assert sorted(names) == sorted(each.name for each in operations)
        assert notes == ["note0", "note1", "note2", "note3"]
        assert names.index("sin") < names.index("add")
        assert names.index("exp") < names.index("multiply") < names.index("add")


# -- loopback


def test_loopback_counts_every_hook_and_nothing_goes_past_one(kit, numpy):
    backend = Loopback(numpy)
    report = kit.prove(backend, ["state", "devices", "core"], expression="probe and not process or /take/")
    assert not report.failures
    silent = {each for each in HOOKS if not backend.calls[each]}
    assert silent <= {"eager"}, backend.notes()
    assert backend.calls["kernel:take"] > 10
    assert f"calls of {sum(each.startswith('kernel:') for each in backend.calls)} of" in backend.notes()[0]


def test_loopback_refuses_kernels_outside_of_what_compile_and_eager_give(numpy):
    backend = Loopback(numpy)
    array = backend.from_literal(pf.core.literal.literal([1.0]), "cpu")
    with pytest.raises(BackendError, match=r"the kernel of sin was called outside of a program\n  needed:  a function"):
        backend.kernels["sin"](array)
    request = CompileRequest((), (), "cpu")
    assert type(backend.compile(lambda: (backend.kernels["sin"](array),), request)()[0]) is Box


# -- null


def test_null_passes_no_value_case_of_an_op(kit):
    backend = extensions().backend("null")
    found = [each for op in OPS for check in kit.checks for each in kit.run(check, op, backend)]
    passed = [each.id for each in found if each.check in VALUE_CHECKS and each.failure is None]
    assert passed == []
    assert {each.check for each in found if each.has_passed} >= {"types", "kept", "errors"}, "its types are right"
    assert {each.check for each in found if not each.has_passed} >= {"values", "gradient 1", "gradient 2", "forward"}


def test_null_passes_no_value_of_a_program(kit):
    results = kit.prove(
        extensions().backend("null"), ["control"], expression="program and (scan or cond or choice)"
    ).results
    assert results
    assert [each.id for each in results if each.check in VALUE_CHECKS and each.failure is None] == []


def test_a_case_without_elements_holds_no_value(kit):
    found = kit.run("values", "sin", extensions().backend("numpy"))
    assert {each.check for each in found if "-empty-" in each.case} == {"types", "operands", "kept"}


# -- how they are announced


def test_instruments_are_marked_and_left_out_of_comparisons():
    from polyflow_conformance.command import _loadable

    text = "\n".join(describe_backends(extensions()))
    apart = text.partition("to test polyflow and the kit with, not to compute with:")[2]
    assert [line.split()[0] for line in apart.strip().splitlines()] == ["loopback", "mutant", "null", "strict"]
    assert not {"strict", "loopback", "null", "mutant"} & set(_loadable(extensions()))
