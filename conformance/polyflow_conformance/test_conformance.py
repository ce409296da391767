"""The kit as a pytest suite: one test for each op and check."""

from __future__ import annotations

import pytest

from polyflow.extension.manager import extensions
from polyflow_conformance.report import Kit

KIT = Kit(extensions())


@pytest.mark.parametrize("check", KIT.checks)
@pytest.mark.parametrize("op", KIT.op_names())
def test_op_conforms(op: str, check: str, request: pytest.FixtureRequest) -> None:
    """Every case of the check passes."""
    name = request.config.getoption("--backend")
    if name is None:
        pytest.fail("which backend? pytest --pyargs polyflow_conformance --backend NAME", pytrace=False)
    backend = extensions().backend(name)
    results = KIT.run(check, op, backend)
    failures = [f"{each.case}: {each.failure}" for each in results if not each.has_passed]
    if not results:
        pytest.skip(f"{op} has no sample for {check}")
    assert not failures, "\n" + "\n".join(failures)
