"""The collector's thresholds while plans are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from threads import Started

import polyflow as pf
from polyflow.runtime.collector import PORTION, larger_portions


@pytest.fixture(autouse=True)
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_portions_are_larger_inside_and_as_before_outside() -> None:
    gc.set_threshold(700, 7, 8)
    with larger_portions():
        with larger_portions():
            assert gc.get_threshold() == (PORTION, 7, 8)
        assert gc.get_threshold() == (PORTION, 7, 8)
    assert gc.get_threshold() == (700, 7, 8)


def test_an_error_inside_leaves_them_as_they_were() -> None:
    before = gc.get_threshold()
    x = pf.placeholder("float32", (2,))
    with pytest.raises(pf.PolyflowError, match="was not fed"):
        pf.Session("numpy").run(pf.sin(x))
    assert gc.get_threshold() == before


def test_the_last_thread_out_restores_them() -> None:
    before = gc.get_threshold()

    def beside() -> tuple[int, int, int]:
        with larger_portions():
            return gc.get_threshold()

    with larger_portions():
        assert Started(beside).wait().result == gc.get_threshold()
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before


@pytest.mark.parametrize("wanted", [(0, 10, 10), (2 * PORTION, 10, 10)], ids=["never", "larger still"])
def test_thresholds_that_ask_for_less_collecting_stay(wanted: tuple[int, int, int]) -> None:
    gc.set_threshold(*wanted)
    with larger_portions():
        assert gc.get_threshold() == wanted
    assert gc.get_threshold() == wanted


def test_thresholds_that_are_set_meanwhile_stay() -> None:
    with larger_portions():
        gc.set_threshold(1234, 5, 6)
    assert gc.get_threshold() == (1234, 5, 6)
