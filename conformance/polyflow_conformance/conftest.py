"""Options of the kit under pytest: ``pytest --pyargs polyflow_conformance --backend NAME``."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--backend``."""
    parser.addoption("--backend", default="numpy", metavar="NAME", help="the backend that polyflow's kit is to prove")
