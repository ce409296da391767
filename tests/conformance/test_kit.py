"""The kit itself: a good backend passes, and planted faults are found by the check that is meant to find them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from polyflow_conformance.report import Kit
from polyflow_conformance.tolerance import difference

import polyflow as pf
from polyflow.core.literal import literal
from polyflow.extension.manager import extensions


class Faulty:
    """A backend with one kernel replaced."""

    def __init__(self, op, kernel):
        self._sound = extensions().backend("numpy")
        self.kernels = {**self._sound.kernels, op: kernel}
        self.name = "faulty"

    def __getattr__(self, name):
        return getattr(self._sound, name)


@pytest.fixture(scope="module")
def kit():
    return Kit(extensions())


def failures(kit, check, op, backend):
    return {each.check for each in kit.run(check, op, backend) if not each.has_passed}


FAULTS = {
    "a dropped sign": ("negative", lambda x: x, "values"),
    "swapped operands": ("subtract", lambda a, b, out=None: b - a, "values"),
    "the wrong axis": ("cumulative_sum", lambda x, **_: np.cumsum(x.T, axis=0).T, "values"),
    "lost keepdims": ("sum", lambda x, axis, dtype, keepdims: np.sum(x, axis=axis, dtype=dtype), "types"),
    "another dtype": ("sum", lambda x, axis, dtype, keepdims: np.sum(x, axis=axis, keepdims=keepdims) * 1.0, "types"),
    "off by a little": ("exp", lambda x, out=None: np.exp(x) * (1 + 1e-5), "values"),
    "a kernel that raises": ("tanh", lambda x: 1 // 0, "types"),
}


@pytest.mark.parametrize(("op", "kernel", "check"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(kit, op, kernel, check):
    assert check in failures(kit, "values", op, Faulty(op, kernel))


def test_a_gradient_that_misses_a_term_is_found(kit, monkeypatch):
    monkeypatch.setattr(pf.multiply, "gradient_rule", lambda xp, operation, g: (g * operation.inputs[1], None))
    assert failures(kit, "gradients", "multiply", extensions().backend("numpy")) == {"gradient 1", "gradient 2"}


def test_a_gradient_that_is_right_but_not_differentiable_again_is_found(kit, monkeypatch):
    monkeypatch.setattr(pf.square, "gradient_rule", lambda xp, o, g: 2 * g * xp.stop_gradient(o.inputs[0]))
    assert failures(kit, "gradients", "square", extensions().backend("numpy")) == {"gradient 2"}


def test_an_error_that_does_not_come_is_found(kit, monkeypatch):
    assert pf.concat.signature, "read from the sound rule before it is replaced"
    monkeypatch.setattr(pf.concat, "rule", lambda arrays, *, axis=0: arrays[0])
    assert failures(kit, "errors", "concat", extensions().backend("numpy")) == {"errors"}


def test_a_sound_op_passes_every_check(kit):
    backend = extensions().backend("numpy")
    assert all(each.has_passed for check in kit.checks for each in kit.run(check, "matmul", backend))


def test_difference_is_exact_for_integers_and_in_ulps_for_floats():
    one, near = literal([1.0], "float32"), literal([1.0 + 2**-23 * 16], "float32")
    assert difference(one, near, 16) is None
    assert difference(one, near, 8) is not None
    assert difference(literal([1]), literal([2]), 1000) == "1 of 1 elements differ; element 0 is 2, not 1"
    assert difference(literal([float("nan")]), literal([float("nan")]), 1) is None
    assert difference(literal([float("inf")]), literal([-float("inf")]), 1) is not None


def test_the_command_reports_and_writes_json(tmp_path):
    file = tmp_path / "report.json"
    command = [sys.executable, "-m", "polyflow", "conform", "--backend", "numpy", "-k", "tanh", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0].startswith("family")
    assert "numpy (polyflow):" in done.stdout
    report = json.loads(file.read_text())
    assert report["failed"] == 0
    assert report["passed"] == len(report["results"]) > 20


def test_the_suite_runs_under_pytest_from_anywhere(tmp_path):
    command = [sys.executable, "-m", "pytest", "--pyargs", "polyflow_conformance", "--backend", "reference", "-q"]
    command += ["-k", "atan2", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_numpy_conforms_in_full(kit):
    wrong = [each for results in kit.run_all(extensions().backend("numpy")) for each in results if not each.has_passed]
    assert not wrong


def test_the_reference_conforms_in_full(kit):
    backend = extensions().backend("reference")
    wrong = [each for results in kit.run_all(backend) for each in results if not each.has_passed]
    assert not wrong


def test_jax_conforms_in_a_sample_of_the_ops(kit):
    """All ops are proved by ``make conformance``: compiling them takes minutes."""
    backend = extensions().backend("jax")
    names = kit.op_names()[::30]
    wrong = [each for name in names for check in kit.checks for each in kit.run(check, name, backend) if each.failure]
    assert not wrong
