"""Every sample of every op gives the same under the dataflow executor as under the straight one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_every_op import OPS, calls

import polyflow as pf


@pytest.mark.parametrize("name", OPS)
def test_a_sample_gives_the_same_with_tokens(name: str) -> None:
    for call in calls(OPS[name]):
        graph = call.outputs[0].graph if call.outputs else pf.Graph()
        found: list[list[Any]] = []
        for executor in ("straight", "dataflow"):
            with pf.Session("numpy", graph, executor=executor, optimise=False) as session:
                found.append([np.asarray(each) for each in session.run(call.outputs, call.feeds)])
        for a, b in zip(*found, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape), call.sample
            np.testing.assert_array_equal(a, b)
