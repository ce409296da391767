"""Whether a run is worse than the committed one: made-up numbers, since real ones have moods."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import judge
from benchmarks.checking import LEAST, change, changes, lost, table
from benchmarks.results import FAILED, MEASURED, MISSING, Figure, Results


def figure(ratio: float, spread: float = 0.0, status: str = MEASURED, key: str = "steps / tiny / NumPy") -> Figure:
    low, high = ratio - spread / 2, ratio + spread / 2
    return Figure(
        key, "tiny", "steps", "NumPy", "one thread", status, "no such module", ratio=ratio, low=low, high=high
    )


def results(*figures: Figure) -> Results:
    return Results({}, {}, "2026-01-01", "full", 0.0, list(figures))


@pytest.mark.parametrize(
    ("committed", "fresh", "is_worse"),
    [
        (figure(1.0), figure(1.0), False),
        (figure(1.0), figure(0.5), False),
        (figure(1.0), figure(1.04), False),
        (figure(1.0), figure(1.06), True),
        (figure(1.0, spread=0.2), figure(1.19), False),
        (figure(1.0, spread=0.2), figure(1.21), True),
        (figure(1.0), figure(1.29, spread=0.3), False),
        (figure(1.0), figure(1.31, spread=0.3), True),
        (figure(0.1), figure(0.104), False),
        (figure(0.1), figure(0.106), True),
    ],
    ids=[
        "equal",
        "better",
        "within 5 %",
        "beyond 5 %",
        "within the committed spread",
        "beyond it",
        "within the fresh spread",
        "beyond that",
        "small, within 5 %",
        "small, beyond 5 %",
    ],
)
def test_a_ratio_is_worse_when_it_grew_by_more_than_either_spread_and_five_percent(
    committed: Figure, fresh: Figure, is_worse: bool
) -> None:
    assert LEAST == 0.05
    assert change(committed, fresh).is_worse is is_worse


def test_only_what_was_measured_both_times_is_compared() -> None:
    committed = results(figure(1.0, key="a"), figure(1.0, key="b"), figure(0.0, status=MISSING, key="c"))
    fresh = [figure(2.0, key="a"), figure(0.0, status=MISSING, key="b"), figure(2.0, key="c"), figure(2.0, key="d")]
    assert [each.key for each in changes(committed, fresh)] == ["a"]


def test_a_benchmark_that_fails_now_is_lost() -> None:
    fresh = [figure(0.0, status=FAILED, key="a"), figure(0.0, status=FAILED, key="new")]
    assert [each.key for each in lost(results(figure(1.0, key="a")), fresh)] == ["a"]


def test_the_table_names_what_got_worse() -> None:
    lines = table([change(figure(1.0, key="a"), figure(1.5, key="a"))]).splitlines()
    assert lines[2] == "| a | 1.000 | 1.500 | 1.050 | **worse** |"


def test_a_check_fails_with_a_table_when_one_is_worse(capsys: pytest.CaptureFixture[str]) -> None:
    committed = results(figure(1.0, key="a"), figure(1.0, key="b"))
    assert judge(committed, results(figure(1.2, key="a"), figure(1.0, key="b"))) == 1
    printed = capsys.readouterr().out
    assert "| a | 1.000 | 1.200 | 1.050 | **worse** |" in printed
    assert "2 compared with the results of 2026-01-01: 1 worse, 0 failed." in printed


def test_a_check_passes_when_none_is_worse(capsys: pytest.CaptureFixture[str]) -> None:
    assert judge(results(figure(1.0)), results(figure(0.9))) == 0
    assert "**worse**" not in capsys.readouterr().out


def test_a_check_fails_when_a_benchmark_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert judge(results(figure(1.0)), results(figure(0.0, status=FAILED))) == 1
    assert "FAILED steps / tiny / NumPy: no such module" in capsys.readouterr().out
