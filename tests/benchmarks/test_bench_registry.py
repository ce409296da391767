"""The registry is whole: keys, sides that exist, bars; and a comparison runs from end to end."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.declared import Bar, Benchmark, Maker, Side
from benchmarks.peers.numpy_operations import FORMS, work
from benchmarks.processes import environment
from benchmarks.registry import benchmarks, find
from benchmarks.results import FAILED, LEFT_OUT, MEASURED, MISSING
from benchmarks.running import FULL, QUICK, figures, row, summary
from polyflow.extension.manager import extensions

ROOT = Path(__file__).parent.parent.parent
PEERS = ("pytensor_steps", "torch_steps", "torch_convolutional", "tensorflow_steps", "autograd_steps")


def test_every_key_is_unique_and_found() -> None:
    keys = [each.key for each in benchmarks()]
    assert len(set(keys)) == len(keys)
    assert all(find(each.key) is each for each in benchmarks())


def test_listing_the_benchmarks_loads_no_library_that_is_measured() -> None:
    code = "import sys; from benchmarks.registry import benchmarks; benchmarks(); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "jax", "torch", "pytensor", "tensorflow", "autograd"} & set(found.stdout.split())


@pytest.mark.parametrize("benchmark", benchmarks(), ids=lambda each: each.key)
def test_every_side_names_a_function_that_exists(benchmark: Benchmark) -> None:
    for side in (*benchmark.ours, *benchmark.theirs):
        assert isinstance(side.make, Maker)
        if side.make.module.removeprefix("peers.") in PEERS:
            text = (ROOT / "benchmarks" / (side.make.module.replace(".", "/") + ".py")).read_text(encoding="utf-8")
            assert f"def {side.make.function}(" in text
        else:
            assert callable(getattr(importlib.import_module(f"benchmarks.{side.make.module}"), side.make.function))


def test_the_benchmarks_hold_polyflow_to_its_bars() -> None:
    bars = {each.key: each.bar.limit for each in benchmarks() if each.bar is not None}
    assert bars["training step / tiny 2-4-8-2-2, batch 100 / NumPy by hand / one thread"] == 0.8
    assert bars["training step / middle 784-256-128-10, batch 128 / JAX by hand / one thread"] == 1.05
    assert bars["elementwise / 12 elementwise operations, 4 million float32 / NumPy by hand / two threads"] == 0.2
    assert bars["overhead / session.run, 2 operations on 4 numbers / TensorFlow 1 mode / one thread"] == 0.5
    assert bars["scale / built, fan of 100,000 operations / JAX, traced / one thread"] == 10
    assert len(bars) == 38


def test_every_form_by_hand_is_registered() -> None:
    listed = {each.name: {side.label for side in each.theirs} for each in benchmarks() if each.group == "operation"}
    assert listed == {name: set(forms) for name, forms in FORMS.items()}


@pytest.mark.parametrize("name", FORMS)
def test_all_forms_by_hand_compute_the_same(name: str) -> None:
    first, *rest = (np.asarray(work(name, form)()) for form in FORMS[name])
    for each in rest:
        np.testing.assert_allclose(each, first, rtol=2e-4, atol=2e-4)


def test_every_pass_that_can_be_left_out_is_measured() -> None:
    announced = {each.name for each in extensions().passes if each.stage != "lower"}
    measured = {each.name.partition(":")[0] for each in benchmarks() if each.group == "pass"}
    assert measured == {*announced, "memory limit"}  # which is no pass of its own, but a keyword of the session


def test_one_thread_is_said_to_every_library() -> None:
    found = environment(1)
    assert {found[each] for each in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")} == {"1"}
    assert "intra_op_parallelism_threads=1" in found["XLA_FLAGS"]
    assert "XLA_FLAGS" not in environment(2)


# -- from end to end

SMALL = next(each for each in benchmarks() if each.name.startswith("prepared call"))


def test_a_comparison_is_measured_in_a_process_of_its_own() -> None:
    (found,) = figures([SMALL], replace(QUICK, pairs=2, seconds=0.001))
    assert found.status == MEASURED, found.reason
    assert (found.ours, found.theirs, found.pairs) == ("numpy", "two calls", 2)
    assert 0.1 < found.low <= found.ratio <= found.high < 100.0
    assert found.is_met is None


def test_hands_apart_measure_the_same() -> None:
    code = (
        "import sys, dataclasses, benchmarks.registry as r, benchmarks.child as c\n"
        "print(__import__('json').dumps(c.run_apart(r.find(sys.argv[1]), 2, 0.001, 1.0)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, SMALL.key], capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["ours_label"], found["theirs_label"], found["pairs"]) == ("numpy", "two calls", 2)
    assert found["ratio"] > 0.1


def test_a_peer_that_is_not_installed_is_said_to_be_missing() -> None:
    absent = Side("x", Maker("overhead", "small_numpy"), ("no_such_library",))
    (found,) = figures([replace(SMALL, theirs=(absent,), bar=Bar(1.0))], FULL)
    assert (found.status, found.reason) == (MISSING, "no_such_library")
    assert found.is_met is None
    assert "| NumPy by hand | | not installed: no_such_library |" in row(found)


def test_a_quick_run_says_what_it_leaves_out() -> None:
    (found,) = figures([replace(SMALL, is_quick=False)], QUICK)
    assert found.status == LEFT_OUT


def test_a_benchmark_that_is_unknown_fails_with_its_reason() -> None:
    (found,) = figures([replace(SMALL, name="nobody")], QUICK)
    assert found.status == FAILED
    assert "KeyError" in found.reason


def test_a_summary_counts_bars_and_what_was_not_measured() -> None:
    from benchmarks.results import Results, figure

    low = figure(replace(SMALL, bar=Bar(1.0)), MEASURED)
    high = figure(replace(SMALL, bar=Bar(1.0)), MEASURED)
    high.ratio = 2.0
    found = Results({}, {}, "", "full", 0.0, [low, high, figure(SMALL, MISSING)])
    assert summary(found) == "1 of 2 bars met. 1 not installed."
