"""What is fetched never reaches the memory of the session: neither that of variables nor that of the plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

import polyflow as pf

FETCHES: dict[str, Callable[[pf.Tensor], pf.Tensor]] = {
    "a constant": lambda c: c,
    "a view": lambda c: pf.reshape(c, (2, 1)),
    "a part": lambda c: c[0:1],
    "a branch": lambda c: pf.cond(pf.placeholder_with_default(True, shape=()), lambda: c, lambda: c + 1.0),
    "a loop without iterations": lambda c: pf.fori_loop(
        0, pf.placeholder_with_default(0, shape=()), lambda i, a: a + 1.0, c
    ),
    "a variable": lambda c: pf.Variable(c).value(),
}


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
@pytest.mark.parametrize("call", FETCHES.values(), ids=FETCHES)
def test_writing_into_what_was_fetched_changes_nothing(call: Callable[[pf.Tensor], pf.Tensor], backend: str) -> None:
    y = call(pf.constant([0.0, 0.0]))
    session = pf.Session(backend)
    found = session.run(y)
    with suppress(ValueError, TypeError):  # where it cannot be written into
        found[0] = 5.0
    assert 5.0 not in str(session.run(y).tolist()).strip("[]").split(", ")
    assert set(map(str, session.run(pf.reshape(y, (-1,))).tolist())) == {"0.0"}
