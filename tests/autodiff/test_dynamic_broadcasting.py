"""Gradients of what is broadcast along sizes that depend on data are summed while the program runs."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_a_size_that_turns_out_to_be_1_is_summed_over(backend: str) -> None:
    x = pf.placeholder("float64", (None,), name="x")
    m = pf.placeholder("float64", (None,), name="m")
    y, q = pf.take(x, pf.nonzero(x)[0]), pf.take(m, pf.nonzero(m)[0])
    feeds = {x: [1.0, 2.0, 3.0], m: [2.0]}
    session = pf.Session(backend)
    found = session.run(pf.gradients(pf.sum(y * q), [y, q, x, m]), feeds)
    assert [each.tolist() for each in found] == [[2.0] * 3, [6.0], [2.0] * 3, [6.0]]
    (slope,) = pf.gradients(pf.sum(y * q * q), q)
    by_m, by_x = session.run(pf.gradients(pf.sum(slope * slope), [m, x]), feeds)
    assert by_m.tolist() == [576.0]
    assert by_x.tolist() == [192.0] * 3


def test_equal_sizes_stay_as_they_are() -> None:
    x = pf.placeholder("float64", (None,), name="x")
    y = pf.take(x, pf.nonzero(x)[0])
    found = pf.Session().run(pf.gradients(pf.sum(y * pf.sin(y)), x), {x: [0.0, 1.0, 2.0]})
    np.testing.assert_allclose(found[0], [0.0, np.sin(1) + np.cos(1), np.sin(2) + 2 * np.cos(2)])
