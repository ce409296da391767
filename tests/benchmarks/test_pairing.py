"""Pairs, medians, and sides that must agree, on meters that tell made-up times."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.agreement import DisagreementError, check, results, vector
from benchmarks.pairing import balance, calls_in, clock, clock_apart, compare, fastest


def steady(seconds: float, log: list[str] | None = None, name: str = "") -> object:
    def meter(count: int) -> float:
        if log is not None:
            log.append(name)
        return seconds * count

    return meter


def test_a_round_is_ours_theirs_theirs_ours() -> None:
    log: list[str] = []
    compare(steady(1.0, log, "A"), steady(2.0, log, "B"), rounds=2, seconds=0)
    assert "".join(log) == "ABBAABBA"


def test_the_ratio_is_the_median_of_the_ratios_of_rounds() -> None:
    times: Iterator[float] = iter([1.0, 1.0, 3.0, 3.0, 2.0, 2.0])
    found = compare(lambda count: next(times), steady(1.0), rounds=3, seconds=0)
    assert (found.ratio, found.low, found.high, found.pairs) == (2.0, 1.5, 2.5, 3)
    assert (found.ours, found.theirs, found.difference) == (2e6, 1e6, 1e6)


def test_a_steady_drift_of_the_machine_cancels_within_a_round() -> None:
    drift = iter(range(100, 1000))
    meter = lambda count: float(next(drift))  # noqa: E731
    found = compare(meter, meter, rounds=5, seconds=0)
    assert (found.ratio, found.low, found.high) == (1.0, 1.0, 1.0)


def test_each_side_calls_as_often_as_fills_its_time() -> None:
    counts: dict[str, set[int]] = {"ours": set(), "theirs": set()}

    def meter(name: str, seconds: float) -> object:
        def run(count: int) -> float:
            counts[name].add(count)
            return seconds * count

        return run

    found = compare(meter("ours", 0.001), meter("theirs", 0.125), rounds=2, seconds=0.25)
    assert max(counts["ours"]) in (249, 250)
    assert max(counts["theirs"]) in (2, 3)
    assert found.ratio == pytest.approx(0.008)


def test_rounds_end_when_the_budget_is_spent_but_not_before_the_fifth() -> None:
    assert compare(steady(1.0), steady(1.0), rounds=31, seconds=0, budget=0.0).pairs == 5


def test_one_round_has_no_spread() -> None:
    found = compare(steady(3.0), steady(2.0), rounds=1, seconds=0, scale=1.0)
    assert (found.ours, found.ratio, found.low, found.high) == (3.0, 1.5, 1.5, 1.5)


def test_the_fastest_side_is_taken() -> None:
    assert fastest({"slow": steady(2.0), "fast": steady(1.0)}, 0.0) == "fast"
    assert fastest({"only": steady(9.0)}, 0.0) == "only"


def test_a_call_that_is_long_is_made_once() -> None:
    assert calls_in(steady(1.0), 0.5) == 1


def test_the_clock_tells_seconds_and_the_balance_bytes() -> None:
    calls: list[int] = []
    assert 0.0 < clock(lambda: calls.append(1))(3) < 10.0
    assert len(calls) == 3
    assert 100_000 <= balance(lambda: bytearray(100_000))(1) < 110_000


def test_results_are_all_numbers_in_order() -> None:
    values = iter([[1.0, np.asarray([[2.0, 3.0]])], [4.0, np.asarray([[5.0, 6.0]])]])
    assert [each.tolist() for each in results(lambda: next(values), 2)] == [[1, 2, 3], [4, 5, 6]]
    assert vector([]).size == 0


def test_sides_that_agree_pass() -> None:
    check("ours", [np.asarray([1.0, 100.0])], "theirs", [np.asarray([1.005, 100.0])], 1e-4)


@pytest.mark.parametrize(
    ("ours", "theirs", "text"),
    [
        ([1.0], [1.1], "ours and theirs differ by 0.1 in call 0, where the largest number is 1.1 and 1e-04 of it"),
        ([1.0], [1.0, 2.0], "ours returns 1 numbers, theirs 2"),
        ([], [], "ours and theirs return nothing that could be compared"),
        ([1.0], [float("nan")], "theirs returns numbers that are not finite in call 0"),
        ([float("nan")], [1.0], "ours and theirs differ by nan in call 0"),
    ],
    ids=["far", "of another size", "nothing", "not finite", "not finite here"],
)
def test_sides_that_disagree_are_refused(ours: list[float], theirs: list[float], text: str) -> None:
    with pytest.raises(DisagreementError, match=text.replace(".", r"\.")):
        check("ours", [np.asarray(ours)], "theirs", [np.asarray(theirs)], 1e-4)


def test_a_call_that_leaves_much_behind_does_not_burden_the_next() -> None:
    class Heavy:
        def __init__(self) -> None:
            self.itself = self  # only the collector frees it

    alive: list[weakref.ref[Heavy]] = []

    def work() -> Heavy:
        assert not any(each() for each in alive)
        made = Heavy()
        alive.append(weakref.ref(made))
        return made

    assert clock_apart(work)(3) > 0
    assert len(alive) == 3
