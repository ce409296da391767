"""Fetches without dimensions are arrays of the backend, however they were computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import polyflow as pf

FETCHES: dict[str, Callable[[pf.Tensor], pf.Tensor]] = {
    "the feed": lambda x: x,
    "a constant": lambda x: pf.constant(2.0),
    "arithmetic": lambda x: x * 2 + 1,
    "a comparison": lambda x: x > 1,
    "a reduction": lambda x: pf.max(pf.stack([x, x])),
    "an element": lambda x: pf.stack([x, x])[0],
    "an argmax": lambda x: pf.argmax(pf.stack([x, x])),
    "a loop": lambda x: pf.fori_loop(0, 3, lambda i, a: a * 2, x),
    "an assignment": lambda x: pf.Variable(1.0).assign_add(x),
}


@pytest.mark.parametrize("kind", FETCHES)
@pytest.mark.parametrize("options", [None, pf.RunOptions(check_numerics=True)], ids=["plain", "checked"])
def test_on_numpy_a_number_is_fetched_as_an_array(kind: str, options: pf.RunOptions | None) -> None:
    x = pf.placeholder("float32", (), name="x")
    y = FETCHES[kind](x)
    with pf.Session("numpy", options=options) as session:
        found = [session.run(y, {x: 1.5}), session.run([y], {x: 1.5})[0], session.prepare(y, [x])(np.float32(1.5))]
    for each in found:
        assert type(each) is np.ndarray
        assert each.shape == ()
