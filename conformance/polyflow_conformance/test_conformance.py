"""The kit as a pytest suite: one test for each item, which ``-n`` spreads over processes."""

from __future__ import annotations

from functools import cache

import pytest

from polyflow.extension.manager import extensions
from polyflow_conformance.kit import Item, Kit
from polyflow_conformance.known import applied
from polyflow_conformance.results import UNSUPPORTED


@cache
def _kit(config: pytest.Config) -> Kit:
    return Kit(extensions(), every_dtype=bool(config.getoption("--every-dtype", False)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each item of the levels that are asked for."""
    levels = (metafunc.config.getoption("--level", "all") or "all").split(",")
    items = _kit(metafunc.config).items(levels)
    metafunc.parametrize("item", items, ids=[each.id for each in items])


def test_conforms(item: Item, request: pytest.FixtureRequest) -> None:
    """Every case of the item passes."""
    name = request.config.getoption("--backend", None)
    if name is None:
        pytest.fail("which backend? pytest --pyargs polyflow_conformance --backend NAME", pytrace=False)
    known = [] if request.config.getoption("--strict-known") else _kit(request.config).known(name)
    results = applied(known, item.run(extensions().backend(name)))
    failures = [f"{each.id}: {each.failure}\n{each.snippet() or ''}" for each in results if not each.has_passed]
    if failures:
        pytest.fail("\n\n".join(failures), pytrace=False)
    if all(each.status == UNSUPPORTED for each in results):
        pytest.skip(results[0].reason or "" if results else "there is nothing to ask")
