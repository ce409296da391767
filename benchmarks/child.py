"""``python -m benchmarks.child KEY PAIRS SECONDS BUDGET``: one comparison in this process; prints one line of JSON.

A benchmark whose hands stand apart has two more processes, ``python -m benchmarks.child KEY HAND``, which read numbers
of calls, one a line, and answer with what these took.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from benchmarks.agreement import check, results
from benchmarks.declared import Benchmark, Side, Work
from benchmarks.pairing import Meter, balance, clock, clock_apart, compare, fastest
from benchmarks.processes import pin
from benchmarks.registry import find

HANDS = ("ours", "theirs")


def main() -> None:
    """Measure the benchmark that the command line names, or be one hand of it."""
    benchmark = find(sys.argv[1])
    cores = pin(benchmark.threads)  # before any library counts them
    warnings.simplefilter("ignore")
    if len(sys.argv) == 3:
        serve(benchmark, sys.argv[2])
        return
    run = run_apart if benchmark.is_apart else run_together
    seconds = 0.0 if benchmark.is_long else float(sys.argv[3])
    found = run(benchmark, int(sys.argv[2]), seconds, float(sys.argv[4]))
    print(json.dumps({**found, "cores": cores}))


def run_together(benchmark: Benchmark, pairs: int, seconds: float, budget: float) -> dict[str, Any]:
    """The comparison of the fastest side of ours with the fastest of theirs, once all have computed the same."""
    works = [made(benchmark.ours), made(benchmark.theirs)]
    if benchmark.tolerance is not None:
        agree(benchmark, [{name: results(work, benchmark.calls) for name, work in hand.items()} for hand in works])
    of, scale = (balance, 1.0) if benchmark.measure == "bytes" else (_clock(benchmark), 1e6)
    meters = [{name: of(work) for name, work in hand.items()} for hand in works]
    chosen = [fastest(hand, seconds) for hand in meters]
    compared = compare(
        meters[0][chosen[0]], meters[1][chosen[1]], rounds=pairs, seconds=seconds, budget=budget, scale=scale
    )
    return {**asdict(compared), "ours_label": chosen[0], "theirs_label": chosen[1]}


def run_apart(benchmark: Benchmark, pairs: int, seconds: float, budget: float) -> dict[str, Any]:
    """The same with a process for each hand: one waits for its turn while the other works."""
    with hand(benchmark, "ours", seconds) as ours, hand(benchmark, "theirs", seconds) as theirs:
        if benchmark.tolerance is not None:
            agree(benchmark, [{each["label"]: each["results"]} for each in (ours[0], theirs[0])])
        compared = compare(ours[1], theirs[1], rounds=pairs, seconds=seconds, budget=budget)
    return {**asdict(compared), "ours_label": ours[0]["label"], "theirs_label": theirs[0]["label"]}


def _clock(benchmark: Benchmark) -> Callable[[Work], Meter]:
    return clock_apart if benchmark.is_long else clock


def made(sides: Sequence[Side]) -> dict[str, Work]:
    """Those sides whose libraries are installed, ready to be called."""
    return {each.label: each.make() for each in sides if not each.missing()}


def agree(benchmark: Benchmark, found: Sequence[dict[str, Any]]) -> None:
    """Refuse sides that compute something else than the first of the peer's."""
    assert benchmark.tolerance is not None
    peer, expected = next(iter(found[1].items()))
    for each in found:
        for label, values in each.items():
            check(label, values, peer, expected, benchmark.tolerance)


@contextmanager
def hand(benchmark: Benchmark, name: str, seconds: float) -> Iterator[tuple[dict[str, Any], Meter]]:
    """A process for one hand: what it said of itself, and its meter."""
    import numpy as np

    command = [sys.executable, "-m", "benchmarks.child", benchmark.key, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        into, out = process.stdin, process.stdout

        def meter(count: int) -> float:
            print(count, file=into, flush=True)
            return float(json.loads(out.readline()))

        print(seconds, file=into, flush=True)
        line = out.readline()
        if not line:
            raise RuntimeError(f"the process of {name} of {benchmark.key} ended")
        said = json.loads(line)
        said["results"] = [np.asarray(each) for each in said["results"]]
        yield said, meter
        into.close()


def serve(benchmark: Benchmark, name: str) -> None:
    """Be one hand: choose the fastest side, tell what it computes, then measure as often as asked."""
    works = made(benchmark.ours if name == "ours" else benchmark.theirs)
    seconds = float(sys.stdin.readline())
    found = {label: results(work, benchmark.calls) for label, work in works.items()}
    meters = {label: _clock(benchmark)(work) for label, work in works.items()}
    label = fastest(meters, seconds)
    print(json.dumps({"label": label, "results": [each.tolist() for each in found[label]]}), flush=True)
    for line in sys.stdin:
        print(json.dumps(meters[label](int(line))), flush=True)


if __name__ == "__main__":
    main()
