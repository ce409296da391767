"""Every failure comes with a script that shows it: it fails on the broken backend, and on a sound one it does not."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from polyflow_conformance.cases import gradient_cases, value_cases
from polyflow_conformance.kit import Item, Kit
from polyflow_conformance.probes import PROBES
from polyflow_conformance.program_check import CHECKS
from polyflow_conformance.programs import PROGRAMS
from polyflow_conformance.snippets import LONGEST, case_script, function_script

import polyflow as pf
from polyflow.core.dtypes import STANDARD_DTYPES
from polyflow.extension.manager import extensions
from tests.conformance.broken import Faulty, OneBuffer, Writable, overwriting


@pytest.fixture(scope="module")
def kit():
    return Kit(extensions())


def run_script(script: str) -> None:
    """As if it were pasted into a fresh interpreter, but for the time that this takes."""
    with pf.Graph().as_default():
        exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})


def failure_of(kit, backend, level, expression, check):
    found = kit.prove(backend, [level], expression=expression).failures
    return next(each for each in found if each.check == check)


def raising(x):
    raise ZeroDivisionError("a kernel that fails")


def unsigned(x, out=None):
    return np.sqrt(x) + x.dtype.type(0)


def not_empty(x, out=None):
    if not x.size:
        raise IndexError("nothing is there")
    return np.sin(x)


def wrong_gradient(xp, operation, g):
    return (g,)


CASES = {
    "a wrong value": (Faulty("negative", lambda x: x), "core", "/negative/values", "values"),
    "a special value": (Faulty("sqrt", unsigned), "core", "/sqrt/values", "values"),
    "a kernel that raises": (Faulty("tanh", raising), "core", "/tanh/values", "types"),
    "a changed operand": (Writable("abs", overwriting), "core", "/abs/values", "operands"),
    "an overwritten result": (Faulty("abs", OneBuffer()), "core", "/abs/values", "kept"),
    "shared memory": (Faulty("sqrt", lambda x, out=None: x[...]), "core", "/sqrt/memory", "memory"),
    "a drawn shape": (
        Faulty("flip", lambda x, axis=None: np.flip(x, axis=0 if x.ndim == 3 else axis)),
        "core", "/flip/properties", "values",
    ),
    "a drawn type": (
        Faulty("flip", lambda x, axis=None: np.flip(x, axis=axis)[(None,) * (x.ndim == 3)]),
        "core", "/flip/properties", "types",
    ),
    "an array without elements": (Faulty("sin", not_empty), "core", "/sin/executors", "executors"),
    "a program": (Faulty("sin", lambda x, out=None: np.sin(x) + 1e-3), "control", "counted_loop", "values"),
    "a probe": (Faulty(to_device=lambda array, device: array * 1), "devices", "no_way_of_an_array", "probe"),
}  # fmt: skip


@pytest.mark.parametrize(("backend", "level", "expression", "check"), CASES.values(), ids=CASES)
def test_a_script_fails_where_the_kit_failed_and_nowhere_else(kit, backend, level, expression, check, monkeypatch):
    monkeypatch.setitem(extensions()._loaded, "faulty", backend)
    failure = failure_of(kit, backend, level, expression, check)
    script = failure.snippet()
    assert script.count("\n") < LONGEST
    with pytest.raises(Exception) as raised:
        run_script(script)
    assert not isinstance(raised.value, SyntaxError | NameError)
    run_script(script.replace("'faulty'", "'numpy'"))


RULES = {
    "a gradient": ("exp", "gradient_rule", wrong_gradient, "autodiff", "/exp/gradients", "gradient 1"),
    "a second gradient": (
        "square", "gradient_rule", lambda xp, o, g: 2 * g * xp.stop_gradient(o.inputs[0]),
        "autodiff", "/square/gradients", "gradient 2",
    ),
    "forward mode": ("sin", "gradient_rule", wrong_gradient, "autodiff", "/sin/forward", "forward"),
    "an error": ("concat", "rule", lambda arrays, *, axis=0: arrays[0], "errors", "/concat/errors", "errors"),
    "a late error": ("concat", "rule", lambda arrays, *, axis=0: arrays[0], "errors", "/concat/errors", "late errors"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "rule", "broken", "level", "expression", "check"), RULES.values(), ids=RULES)
def test_a_script_of_a_broken_rule_fails_until_the_rule_is_mended(
    kit, name, rule, broken, level, expression, check, monkeypatch
):
    op = extensions().ops[name]
    assert op.signature, "read from the sound rule before it is replaced"
    backend = extensions().backend("numpy")
    with monkeypatch.context() as patch:
        patch.setattr(op, rule, broken)
        script = failure_of(kit, backend, level, expression, check).snippet()
        assert script.count("\n") < LONGEST
        with pytest.raises(AssertionError):
            run_script(script)
    run_script(script)


def test_a_script_runs_in_an_interpreter_of_its_own(tmp_path):
    (case, *_) = value_cases(pf.matmul, STANDARD_DTYPES)
    file = tmp_path / "script.py"
    file.write_text(case_script(case, "values", "numpy", "it was wrong"))
    subprocess.run([sys.executable, str(file)], check=True, cwd=tmp_path)


@pytest.mark.parametrize("name", ["linalg.eigh", "clip", "astype", "print", "random.normal", "where", "pad", "einsum"])
def test_scripts_write_out_whatever_a_sample_holds(name):
    op = extensions().ops[name]
    todo = [(case, check) for case in list(value_cases(op, STANDARD_DTYPES))[::7] for check in ("values", "kept")]
    todo += [(case, check) for case in list(gradient_cases(op))[:2] for check in ("gradient 1", "forward")]
    for case, check in todo:
        script = case_script(case, check, "numpy", 'a "failure" of two\nlines \\ and a backslash')
        assert script.count("\n") < LONGEST
        run_script(script)


@pytest.mark.parametrize("probe", PROBES, ids=lambda each: each.name)
def test_the_source_of_a_probe_is_a_script(probe):
    script = function_script(probe.function, f"{probe.name}('reference')", probe.name, "reference", "a failure")
    assert script.count("\n") < LONGEST
    is_slow = "memory" in probe.name
    run_script(script if not is_slow else script.replace("'reference'", "'numpy'"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.name)
def test_the_source_of_a_program_is_a_script(program):
    check = next(iter(CHECKS))
    call = f"program({check!r}, {program.name}, 'numpy')"
    script = function_script(program.function, call, program.name, "numpy", "a failure")
    assert script.count("\n") < LONGEST
    run_script(script)


def test_a_special_case_is_cut_down_to_the_element_that_is_wrong(kit):
    failure = failure_of(kit, Faulty("sqrt", unsigned), "core", "/sqrt/values", "values")
    assert "(1,), [-0.0])" in failure.snippet()


def test_a_check_that_cannot_be_made_is_a_failure():
    def broken(backend):
        raise RuntimeError("no such thing")

    (found,) = Item("core", "family", "subject", "check", broken).run(extensions().backend("numpy"))
    assert found.failure == "RuntimeError: no such thing"
    assert found.id == "core/family/subject/check/all"
