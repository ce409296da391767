"""What every test has: a default graph of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from polyflow.core.graph import Graph

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # SciPy reads it once, when it is imported


@pytest.fixture(autouse=True)
def graph() -> Iterator[Graph]:
    """An empty graph, the default one while the test runs."""
    with Graph().as_default() as fresh:
        yield fresh
