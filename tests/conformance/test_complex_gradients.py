"""Gradients at complex numbers: faults that real numbers cannot show are found."""

from __future__ import annotations

import pytest
from polyflow_conformance.gradient_check import check_gradients

import polyflow as pf
from polyflow.extension.manager import extensions

FAULTS = {
    "a conjugate that is left out": (pf.conj, lambda xp, operation, g: g),
    "a conjugate too many": (pf.square, lambda xp, operation, g: 2 * g * xp.conj(operation.inputs[0])),
    "a derivative for real numbers": (pf.abs, lambda xp, operation, g: g * xp.sign(operation.inputs[0])),
}


@pytest.mark.parametrize(("op", "rule"), FAULTS.values(), ids=FAULTS)
def test_a_gradient_that_holds_for_real_numbers_only_is_found(op, rule, monkeypatch):
    monkeypatch.setattr(op, "gradient_rule", rule)
    wrong = [each.case for each in check_gradients(op, extensions().backend("numpy")) if not each.has_passed]
    assert wrong
    assert all("complex128" in each for each in wrong)


def test_an_invariant_is_what_is_compared_and_differentiated():
    results = check_gradients(pf.linalg.eigh, extensions().backend("numpy"))
    assert {each.check for each in results} == {"gradient 1", "gradient 2"}
    assert all(each.has_passed for each in results)
