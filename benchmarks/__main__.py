"""``python -m benchmarks``: training steps and loops against the same written by hand, on one thread."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

Work = Callable[[], object]
STEPS = 100
"""Steps in one call of ``run_many``."""

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def main() -> None:
    """Measure, print a table, and write JSON where asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--rounds", type=int, default=31, help="pairs of rounds for each comparison")
    arguments = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], {**os.environ, **ONE_THREAD})

    from benchmarks.pairing import compare  # after the environment is set

    figures = {}
    print("| work | polyflow on | us | by hand | us | ratio | quartiles |")
    print("|---|---|---|---|---|---|---|")
    for name, backend, make_ours, make_theirs in works():
        found = compare(make_ours(), make_theirs(), rounds=arguments.rounds)
        figures[f"{name} / {backend}"] = asdict(found)
        print(
            f"| {name} | {backend} | {found.ours:.0f} | {backend} | {found.theirs:.0f} "
            f"| {found.ratio:.2f} | {found.low:.2f} to {found.high:.2f} |",
            flush=True,
        )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1))


def works() -> Iterator[tuple[str, str, Callable[[], Work], Callable[[], Work]]]:
    """What is measured: its name, the backend, and what makes our program and the one by hand."""
    from benchmarks import by_hand, elementwise, loops
    from benchmarks.networks import MIDDLE, TINY

    peers = {"numpy": by_hand.numpy_step, "jax": by_hand.jax_step}
    for network in (TINY, MIDDLE):
        for backend, step in peers.items():
            ours, theirs = partial(network.polyflow_step, backend), partial(step, network)
            yield f"training step, {network.name}", backend, partial(_read, ours), partial(_read, theirs)
    for backend, step in peers.items():
        ours, one = partial(TINY.polyflow_steps, backend, STEPS), partial(step, TINY)
        yield f"{STEPS} steps, {TINY.name}", backend, partial(_read, ours), partial(_repeated, one)
    yield "12 elementwise operations, 4 million", "numpy", elementwise.polyflow_chain, elementwise.numpy_chain
    for backend, count, lstm in (
        ("numpy", loops.numpy_count, loops.numpy_lstm),
        ("jax", loops.jax_count, loops.jax_lstm),
    ):
        yield "100,000 scalar steps", backend, partial(loops.polyflow_count, backend), count
        yield "LSTM, 100 steps, gradient", backend, partial(loops.polyflow_lstm, backend), lstm


def _repeated(make: Callable[[], Work]) -> Work:
    """So many steps in a loop of Python's, the last result read."""
    step = make()

    def run() -> float:
        for _ in range(STEPS - 1):
            step()
        return float(step())  # type: ignore[arg-type]

    return run


def _read(make: Callable[[], Work]) -> Work:
    """A step whose result is read, so that nothing is left running."""
    step = make()
    return lambda: float(step())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
