"""Options of the kit under pytest: ``pytest --pyargs polyflow_conformance --backend NAME --level core``.

pytest loads this module in every run on a machine where the kit is installed; it adds the options only where the kit's
own suite is asked for, so that nobody else's ``--backend`` is disturbed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

SUITE = "polyflow_conformance"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: Sequence[str]) -> None:
    """Add the options if the kit's suite is among the arguments."""
    if any(SUITE in each for each in args):
        parser.addoption("--backend", metavar="NAME", help="the backend that the kit is to prove (polyflow backends)")
        parser.addoption("--level", default="all", metavar="LEVEL", help="core, linalg, ... or all; joined by commas")
        parser.addoption("--every-dtype", action="store_true", help="each sample in each dtype also where compiled")
        parser.addoption("--strict-known", action="store_true", help="take known failures for failures")
