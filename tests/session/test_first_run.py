"""The first run of a process loads what it needs and no more: it is what a user of a small program waits for."""

from __future__ import annotations

from tests.processes import loaded_by

TRAINING = (
    "import polyflow as pf; x = pf.placeholder('float32', (3, 2)); w = pf.Variable([[1.0], [2.0]]); "
    "loss = pf.mean(pf.square(pf.nn.sigmoid(x @ w))); train = pf.train.GradientDescentOptimizer(0.1).minimize(loss); "
    "pf.Session('numpy').run([loss, train], {x: [[1.0, 2.0]] * 3})"
)
UNUSED = {
    "polyflow.core.hosting", "polyflow.core.printer", "polyflow.core.verifier", "polyflow.extension.kernel_ways",
    "polyflow.ops.batched_products", "polyflow.ops.indexing", "polyflow.runtime.failures",
    "polyflow.runtime.loop_writer", "polyflow.runtime.numerics", "polyflow.runtime.placing",
    "polyflow.runtime.segments", "polyflow.runtime.stretches", "polyflow.session.many", "polyflow.tools",
    "polyflow_numpy.blocks",
}  # fmt: skip
"""For errors, explanations, loops, other backends, large arrays, commands."""


def test_a_training_step_on_numpy_loads_nothing_that_it_does_not_use() -> None:
    assert not UNUSED & loaded_by(TRAINING)
