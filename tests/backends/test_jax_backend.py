"""The JAX backend: one compiled program, 64-bit types in a scope of their own, donation without surprises."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import polyflow as pf
from polyflow.extension.manager import extensions

jax = pytest.importorskip("jax")


@pytest.fixture
def graph():
    graph = pf.Graph()
    with graph.as_default():
        yield graph


def test_sixty_four_bit_types_hold_while_the_switch_stays_off(graph):
    x = pf.placeholder("float64", (2,))
    n = pf.placeholder("int64", (2,))
    found = pf.Session("jax").run([x + 1e-12, n + 2**40], {x: np.ones(2), n: np.ones(2, np.int64)})
    assert [each.dtype.name for each in found] == ["float64", "int64"]
    assert (np.asarray(found[0]) == 1 + 1e-12).all()
    assert np.asarray(found[1]).tolist() == [2**40 + 1] * 2
    assert jax.config.jax_enable_x64 is False
    assert jax.numpy.asarray(1.5).dtype.name == "float32", "other code in the process sees what it saw"


def test_sixty_four_bit_variables_are_updated_by_prepared_calls(graph):
    w = pf.Variable(np.zeros(2))
    run = pf.Session("jax").prepare(w.assign_add(np.full(2, 1e-12)))
    for _ in range(3):
        found = run()
    assert np.asarray(found).tolist() == [3e-12] * 2


def test_a_fetched_variable_survives_the_donation_of_its_memory(graph):
    w = pf.Variable([1.0, 2.0])
    step = w.assign_add([1.0, 1.0])
    with pf.Session("jax") as session:
        before, during = session.run([w, step])
        session.run(step)
        assert np.asarray(before).tolist() == [1.0, 2.0]
        assert np.asarray(during).tolist() == [2.0, 3.0]


def test_a_shape_that_depends_on_data_runs_and_is_explained(graph):
    x = pf.placeholder("float32", (4,), name="x")
    y = pf.sum(x[x > 0]) * 2
    session = pf.Session("jax")
    assert float(session.run(y, {x: [1.0, -1.0, 2.0, -2.0]})) == 6.0
    assert "not compiled, run operation by operation: the shape of 'getitem' depends on data" in session.explain(y)


def test_sessions_in_threads_do_not_meet(graph):
    x = pf.placeholder("float64", (), name="x")
    w = pf.Variable(np.float64(0))
    step = w.assign_add(x)
    results: list[float] = []

    def work(number: int) -> None:
        with pf.Session("jax", graph) as session:
            for _ in range(20):
                found = session.run(step, {x: np.float64(number)})
            results.append(float(found))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(results) == [0.0, 20.0, 40.0, 60.0]


def test_a_session_runs_on_the_device_that_it_was_given():
    program = """
import numpy as np, polyflow as pf
w = pf.Variable([1.0])
with pf.Session("jax", device="cpu:2") as session:
    assert session.backend.devices() == ("cpu:0", "cpu:1", "cpu:2", "cpu:3")
    x = pf.placeholder("float32", (1,))
    found = session.run([w.assign_add([1.0]), x * 2, w], {x: np.ones(1, np.float32)})
    print([str(each.device.id) for each in found])
"""
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4", "NPROC": "64"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['2', '2', '2']", done.stderr[-2000:]


def test_an_unknown_device_is_refused(graph):
    with pytest.raises(pf.errors.BackendError, match="backend 'jax' has no device 'cpu:99'"):
        pf.Session("jax", device="cpu:99")


def test_a_copy_of_a_frozen_array_of_numpy_lies_elsewhere():
    made = [np.ones(size, np.float32) for size in range(1 << 14, (1 << 14) + 200)]
    array = next(each for each in made if each.ctypes.data % 64 == 0)  # which JAX may take as it is
    array.flags.writeable = False
    backend = extensions().backend("jax")
    for copied in (backend.guard(array), backend.copy(array)):
        assert copied.unsafe_buffer_pointer() != array.ctypes.data
        assert (np.asarray(copied) == array).all()


def test_a_key_is_kept_apart_from_the_draws_that_xla_would_work_it_out_in_anew():
    kernels, key = extensions().backend("jax").kernels, np.uint32([1, 2])
    calls = {
        "random.key": lambda kernel: kernel(jax.numpy.asarray(7)),
        "random.split": lambda kernel: kernel(jax.numpy.asarray(key), (2,)),
        "random.fold_in": lambda kernel: kernel(jax.numpy.asarray(key), jax.numpy.asarray(3)),
    }
    for name, call in calls.items():
        with jax.enable_x64(True):
            steps = jax.make_jaxpr(lambda name=name, call=call: call(kernels[name]))().eqns
        assert str(steps[-1].primitive) == "optimization_barrier", name
