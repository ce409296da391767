"""The levels beyond single ops: sound backends pass, faults are found, and what is declared is believed and tried."""

from __future__ import annotations

import numpy as np
import pytest
from polyflow_conformance.judging import missing_capability
from polyflow_conformance.kit import Kit, run
from polyflow_conformance.known import read_known
from polyflow_conformance.process_settings import differences, library_state, process_state

import polyflow as pf
from polyflow.core.dtypes import as_dtype
from polyflow.errors import ValueRangeError
from polyflow.extension import Capabilities
from polyflow.extension.manager import extensions
from tests.conformance.broken import Faulty, OneBuffer, Writable, overwriting


@pytest.fixture(scope="module")
def kit():
    return Kit(extensions())


@pytest.mark.parametrize("level", ["autodiff", "control", "state", "random", "devices"])
def test_numpy_passes_every_level_of_programs(kit, level):
    expression = "program or probe"
    assert not kit.prove(extensions().backend("numpy"), [level], expression=expression).failures


@pytest.mark.parametrize("level", ["control", "state", "random", "errors", "devices"])
def test_the_reference_passes_every_level_of_programs(kit, level):
    assert not run(extensions().backend("reference"), level, expression="not memory and not random_", kit=kit).failures


@pytest.mark.parametrize("level", ["state", "random"])
def test_jax_passes_levels_of_programs(kit, level):
    assert not kit.prove(extensions().backend("jax"), [level], expression="probe").failures


@pytest.mark.parametrize("name", ["sum", "flip", "matmul", "add", "take", "sort"])
def test_drawn_calls_pass_on_a_sound_backend(kit, name):
    (found,) = kit.run("properties", name, extensions().backend("numpy"))
    assert found.has_passed


FAULTS = {
    "an axis that is wrong for rank 3": (
        Faulty("sort", lambda x, axis, descending, stable: np.sort(x, axis=0 if x.ndim == 3 else axis)),
        "core", "/sort/properties", "values",
    ),
    "an operand that is written into": (Writable("abs", overwriting), "core", "/abs/values", "operands"),
    "results in one place": (Faulty("abs", OneBuffer()), "core", "/abs/values", "kept"),
    "a lost zero sign": (Faulty("sqrt", lambda x, out=None: np.sqrt(x) + 0), "core", "/sqrt/values", "values"),
    "a value kept from the run before": (Faulty("add", type("Stale", (), {
        "__init__": lambda self: setattr(self, "known", {}),
        "__call__": lambda self, a, b, out=None: self.known.setdefault((a.shape, a.dtype, b.shape), np.add(a, b)),
    })()), "core", "/add/values", "values"),
    "a guard that changes values": (Faulty(guard=lambda array: np.zeros_like(array)), "state", "variable", "probe"),
    "other bits": (
        Faulty("random.bits", lambda key, shape, dtype: np.zeros(shape, dtype)),
        "random", "/random.bits/values", "values",
    ),
    "a copy that is none": (Faulty(copy=lambda array: np.require(array, requirements="W")), "devices", "copy", "probe"),
    "a device that rounds": (
        Faulty(to_device=lambda array, device: array.astype("f4").astype(array.dtype)), "devices", "no_way", "probe",
    ),
    "a kernel that keeps everything": (
        Faulty("sin", type("Hoard", (list,), {"__call__": lambda self, x, out=None: self.append([1]) or np.sin(x)})()),
        "devices", "objects", "probe",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("backend", "level", "expression", "check"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_by_the_check_that_is_meant_to_find_it(kit, backend, level, expression, check):
    assert check in {each.check for each in kit.prove(backend, [level], expression=expression).failures}


# -- what a backend declares


def test_what_is_declared_missing_is_refused_and_listed(kit):
    backend = Faulty(capabilities=Capabilities(missing=frozenset({"linalg", "erf"})))
    report = kit.prove(backend, ["core", "linalg", "errors"], expression="/erf/ or /linalg.qr/")
    assert not report.failures
    assert set(report.unsupported()) >= {"no kernel for linalg.qr", "no kernel for erf"}
    assert {each.op for each in report.results if each.check == "missing" and each.status == "passed"} == {
        "erf", "linalg.qr",
    }  # fmt: skip


def test_an_op_without_a_kernel_is_a_failure_unless_the_backend_is_declared_incomplete(kit):
    backend = Faulty()
    backend.kernels.pop("tanh")
    backend.namespace = type(
        "Less", (), {"__getattr__": lambda self, name: getattr(np, name) if name != "tanh" else {}.x}
    )()
    failures = kit.prove(backend, ["core"], expression="/tanh/values").failures
    assert failures[0].exception == "KernelError"
    backend.capabilities = Capabilities(is_complete=False)
    report = kit.prove(backend, ["core", "errors"], expression="/tanh/values or /tanh/missing")
    assert not report.failures
    assert report.unsupported() == {"no kernel for tanh": 36}


def test_shapes_that_depend_on_data_are_refused_where_they_are_declared_missing(kit):
    backend = Faulty(capabilities=Capabilities(dynamic_shapes=False))
    report = kit.prove(backend, ["core", "errors"], expression="/nonzero/values or depends_on_data")
    assert not report.failures
    assert set(report.unsupported()) == {"no shapes that depend on data"}
    passed = {each.op for each in report.results if each.status == "passed" and "-2-" not in each.case}
    assert passed == {"a_shape_that_depends_on_data_works_or_is_refused"}, "sample 2 is empty: its shape is known"


def test_dtypes_that_are_not_declared_are_refused_and_not_tried(kit):
    backend = Faulty(dtypes=extensions().backend("numpy").dtypes - {as_dtype("complex64"), as_dtype("int8")})
    report = kit.prove(backend, ["core", "errors"], expression="/exp/values or not_declared")
    assert not report.failures
    assert not any(each.case.endswith(("-complex64", "-int8")) for each in report.results)


def test_a_refusal_that_is_not_declared_is_no_excuse():
    error = pf.errors.KernelError("backend 'faulty' has no kernel for exp", ["exp"])
    assert missing_capability(error, Faulty()) is None
    assert missing_capability(error, Faulty(capabilities=Capabilities(missing=frozenset({"exp"})))) is not None


# -- known failures, settings


def test_a_file_of_known_failures_says_what_is_wrong_with_it(tmp_path):
    file = tmp_path / "conformance.toml"
    file.write_text('[[known]]\ncase = "core/*"\nkind = "someday"\nreason = "tired"\n')
    with pytest.raises(ValueRangeError, match=r"entry 0 is no known failure\n  found:   .*someday") as refused:
        read_known(file)
    assert "kind (notimpl, notyet, never), reason" in str(refused.value)


def test_a_setting_that_is_thrown_is_seen(monkeypatch):
    before = {**process_state(), **library_state(["numpy"], ("numpy.geterr()",))}
    with np.errstate(over="raise"):
        monkeypatch.setattr(np.linalg, "norm", len)
        monkeypatch.setenv("MOOD", "bad")
        after = {**process_state(), **library_state(["numpy"], ("numpy.geterr()",))}
    names = {each.split(" was ")[0] for each in differences(before, after)}
    assert names == {"os.environ['MOOD']", "numpy.linalg.norm", "numpy.geterr()['over']"}
