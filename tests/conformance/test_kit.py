"""The kit itself: a good backend passes, and planted faults are found by the check that is meant to find them."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import types
from collections import Counter

import numpy as np
import polyflow_conformance
import pytest
from polyflow_conformance.cases import value_cases, varied
from polyflow_conformance.kit import Kit
from polyflow_conformance.results import FAILED, PASSED, UNSUPPORTED
from polyflow_conformance.tolerance import difference
from polyflow_conformance.tolerances import GROUPS, family_of, group_of

import polyflow as pf
from polyflow.core.dtypes import DTYPES, as_dtype
from polyflow.core.literal import literal
from polyflow.extension import Capabilities, NamespaceBackend
from polyflow.extension.manager import extensions
from tests.conformance.broken import Faulty


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


def test_every_dtype_has_its_turn_where_not_all_are_tried():
    cases = list(value_cases(pf.roll, list(DTYPES.values())))
    chosen = varied(cases)
    assert [each for each in chosen if each.number < 2] == [each for each in cases if each.number < 2]
    later = {each.number for each in cases if each.number >= 2}
    assert len(later) >= 3
    for number in later:
        kinds = Counter(each.dtype.kind for each in chosen if each.number == number)
        assert kinds == {"bool": 1, "int": 1, "uint": 1, "float": 4, "complex": 1}
    whole = [each.dtype for each in chosen if each.dtype.kind == "int" and each.number >= 2]
    assert len(set(whole)) == min(len(later), 4)


def test_a_gradient_that_misses_a_term_is_found(kit, monkeypatch):
    monkeypatch.setattr(pf.multiply, "gradient_rule", lambda xp, operation, g: (g * operation.inputs[1], None))
    assert failures(kit, "gradients", "multiply", extensions().backend("numpy")) == {"gradient 1", "gradient 2"}


def test_a_gradient_that_is_right_but_not_differentiable_again_is_found(kit, monkeypatch):
    monkeypatch.setattr(pf.square, "gradient_rule", lambda xp, o, g: 2 * g * xp.stop_gradient(o.inputs[0]))
    assert failures(kit, "gradients", "square", extensions().backend("numpy")) == {"gradient 2"}


def test_an_error_that_does_not_come_is_found(kit, monkeypatch):
    assert pf.concat.signature, "read from the sound rule before it is replaced"
    monkeypatch.setattr(pf.concat, "rule", lambda arrays, *, axis=0: arrays[0])
    assert failures(kit, "errors", "concat", extensions().backend("numpy")) == {"errors", "late errors"}


def test_a_sound_op_passes_every_check(kit):
    backend = extensions().backend("numpy")
    assert all(each.has_passed for check in kit.checks for each in kit.run(check, "matmul", backend))


def test_forward_mode_that_is_not_the_slope_is_found(kit, monkeypatch):
    sound = pf.jvp

    def halved(f, primals, tangents):
        value, tangent = sound(f, primals, tangents)
        return value, tuple(0.5 * each for each in tangent)

    monkeypatch.setattr(pf, "jvp", halved)
    results = kit.run("forward", "exp", extensions().backend("numpy"))
    assert all("by differences" in each.failure for each in results)


def test_reverse_mode_that_is_not_the_transpose_of_forward_mode_is_found(kit, monkeypatch):
    sound = pf.gradients
    doubled = lambda *args, **options: [2.0 * each for each in sound(*args, **options)]  # noqa: E731
    monkeypatch.setattr(pf, "gradients", doubled)
    results = kit.run("forward", "exp", extensions().backend("numpy"))
    assert all("forward and reverse disagree: <g, Jv> is" in each.failure for each in results)


def test_a_backend_is_proved_in_the_halves_that_it_declares_and_only_there(kit):
    def dtypes(backend):
        return {each.case.rpartition("-")[2] for each in kit.run("values", "add", backend)}

    class WithoutHalves(Faulty):
        def __init__(self):
            super().__init__("negative", extensions().backend("numpy").kernels["negative"])
            self.dtypes = self._sound.dtypes - {pf.float16, pf.bfloat16}

    assert {"float16", "bfloat16"} <= dtypes(extensions().backend("numpy"))
    assert not {"float16", "bfloat16"} & dtypes(WithoutHalves())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_half_that_is_summed_step_by_step_is_found(kit, dtype):
    def steps(x, axis, dtype, keepdims):
        return np.cumulative_sum(x.reshape(-1), dtype=x.dtype)[-1:].reshape(()).astype(x.dtype) * (1 + 2**-5)

    faulty = Faulty("sum", steps)
    faulty.widens = lambda op: False
    failed = [each for each in kit.run("values", "sum", faulty) if not each.has_passed]
    assert any(each.case.endswith(dtype) for each in failed)


@pytest.mark.parametrize(
    ("op", "dtype", "ulps"),
    [
        ("concat", "float32", 0), ("add", "float64", 0), ("add", "complex64", 2), ("exp", "float32", 4),
        ("exp", "bfloat16", 1), ("matmul", "float32", 4), ("linalg.det", "complex128", 64), ("abs", "float32", 0),
        ("fft.fft", "complex64", 8), ("random.bits", "float32", 0), ("random.normal", "float32", 16),
    ],
)  # fmt: skip
def test_the_table_gives_each_op_its_tolerance(op, dtype, ulps):
    assert group_of(extensions().ops[op]).ulps(as_dtype(dtype)) == ulps


def test_every_family_of_the_table_exists_and_no_op_is_named_twice():
    families = {family_of(op) for op in extensions().ops.values()}
    assert [each for group in GROUPS for each in group.families if each not in families] == []
    named = [each for group in GROUPS for each in group.ops]
    assert len(named) == len(set(named))
    assert set(named) <= set(extensions().ops)


def test_an_op_that_rounds_nothing_must_keep_the_sign_of_zero():
    assert difference(literal([0.0]), literal([-0.0]), 0) is not None
    assert difference(literal([0.0]), literal([-0.0]), 1) is None
    assert difference(literal([1e-40, float("nan")]), literal([0.0, float("nan")]), 0) is None


def test_elementwise_results_are_measured_each_by_itself():
    expected, found = literal([1.0, 1e-6], "float32"), literal([1.0, 1e-6 * (1 + 1e-4)], "float32")
    assert difference(expected, found, 4) is None
    assert difference(expected, found, 4, is_elementwise=True) is not None


def test_difference_is_exact_for_integers_and_in_ulps_for_floats():
    one, near = literal([1.0], "float32"), literal([1.0 + 2**-23 * 16], "float32")
    assert difference(one, near, 16) is None
    assert difference(one, near, 8) is not None
    assert difference(literal([1]), literal([2]), 1000) == "1 of 1 elements differ; element 0 is 2, not 1"
    assert difference(literal([float("nan")]), literal([float("nan")]), 1) is None
    assert difference(literal([float("inf")]), literal([-float("inf")]), 1) is not None


@pytest.mark.parametrize("name", [each.name for each in pkgutil.iter_modules(polyflow_conformance.__path__)])
def test_the_examples_in_the_manual_of_the_kit_are_true(name):
    if name != "test_conformance":  # which is a suite, and no module to read
        assert not doctest.testmod(importlib.import_module(f"polyflow_conformance.{name}")).failed


def test_numpy_conforms_in_every_value_and_error(kit):
    """What else the kit asks is asked here of single ops, and of all by ``make conformance``."""
    backend = extensions().backend("numpy")
    levels = ["core", "linalg", "fft", "random", "errors"]
    expression = "/values or /errors or /missing"
    report = kit.prove(backend, levels, expression=expression, known=kit.known("numpy"))
    assert not report.failures
    assert not [each.case for each in report.results if each.status == "known"]


@pytest.mark.parametrize("name", ["numpy", "reference"])
def test_a_backend_conforms_in_a_sample_of_the_ops(kit, name):
    backend = extensions().backend(name)
    names = kit.op_names()[::6]
    wrong = [each for name in names for check in kit.checks for each in kit.run(check, name, backend) if each.failure]
    assert not [each for each in wrong if "nextafter" not in each.case]


def test_jax_conforms_in_a_sample_of_the_ops(kit):
    """All ops are proved by ``make conformance``: compiling them takes minutes."""
    backend = extensions().backend("jax")
    names = kit.op_names()[::80]
    wrong = [each for name in names for check in kit.checks for each in kit.run(check, name, backend) if each.failure]
    assert not wrong


def test_what_an_incomplete_backend_lacks_for_a_generic_kernel_is_not_supported(kit):
    missing = {"maximum", "exp"}
    namespace = types.SimpleNamespace(**{each: getattr(np, each) for each in np.__all__ if each not in missing})

    class Little(NamespaceBackend):
        capabilities = Capabilities(is_complete=False)

    backend = Little("little", namespace)
    backend.array_types = (np.ndarray, np.generic)
    for op in ("nn.relu", "nn.softmax"):
        results = [each for check in kit.checks for each in kit.run(check, op, backend)]
        assert [each.id for each in results if each.status == FAILED] == []
        assert {each.status for each in results if each.check in ("types", "gradient 1")} == {UNSUPPORTED}
        assert {each.status for each in kit.run("missing", op, backend)} == {PASSED}
