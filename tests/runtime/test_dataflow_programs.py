"""Random programs give the same under the dataflow executor as under the straight one: values, state, effects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_programs import Drawer, feeds

import polyflow as pf
from polyflow.runtime import dataflow_kernels

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def agree(
    data: st.DataObject, backend: str, *, effects: bool, threads: int, optimise: bool = True, gradients: bool = False
) -> None:
    """Run one random program twice under both executors."""
    with pf.Graph().as_default():
        program = Drawer(data, effects=effects, exact=backend == "jax").build()
        if gradients:
            sources = [program.x, *program.variables]
            found = pf.gradients(program.fetches[0], sources)
            program.fetches += [each for each in found if each is not None]
        found = []
        values = [data.draw(feeds()), data.draw(feeds())]
        for executor in ("straight", "dataflow"):
            program.log.clear()
            session = pf.Session(backend, executor=executor, inter_op_threads=threads, optimise=optimise)
            with session:
                results = [session.run(program.fetches, {program.x: value}) for value in values]
            found.append((results, list(program.log)))
    (expected, order), (results, same_order) = found
    for one, other in zip(expected, results, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    assert order == same_order


@FEW
@given(data=st.data(), threads=st.sampled_from([1, 2, 4]), optimise=st.booleans())
def test_numpy_programs_give_the_same_with_tokens(data: st.DataObject, threads: int, optimise: bool) -> None:
    agree(data, "numpy", effects=True, threads=threads, optimise=optimise)


@FEW
@given(data=st.data())
def test_programs_give_the_same_with_every_operation_in_whatever_thread(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataflow_kernels, "LARGE", -1)
        agree(data, "numpy", effects=True, threads=4)


@FEW
@given(data=st.data(), threads=st.sampled_from([1, 4]))
def test_gradients_are_the_same_with_tokens(data: st.DataObject, threads: int) -> None:
    agree(data, "numpy", effects=False, threads=threads, gradients=True)


@FEW
@given(data=st.data())
def test_reference_programs_give_the_same_with_tokens(data: st.DataObject) -> None:
    agree(data, "reference", effects=True, threads=2)


@settings(FEW, max_examples=3)
@given(data=st.data())
def test_jax_programs_give_the_same_with_tokens(data: st.DataObject) -> None:
    agree(data, "jax", effects=False, threads=2)
