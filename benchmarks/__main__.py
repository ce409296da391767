"""``python -m benchmarks``: a prepared training step against the same step written by hand, on one thread."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

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

    from benchmarks.by_hand import jax_step, numpy_step  # after the environment is set
    from benchmarks.networks import MIDDLE, TINY
    from benchmarks.pairing import compare

    peers = {"numpy": numpy_step, "jax": jax_step}
    figures = {}
    print("| training step | polyflow on | us | by hand | us | ratio | quartiles |")
    print("|---|---|---|---|---|---|---|")
    for network in (TINY, MIDDLE):
        for backend, by_hand in peers.items():
            ours, theirs = network.polyflow_step(backend), by_hand(network)
            found = compare(
                lambda ours=ours: float(ours()), lambda theirs=theirs: float(theirs()), rounds=arguments.rounds
            )
            figures[f"{network.name} / {backend}"] = asdict(found)
            print(
                f"| {network.name} | {backend} | {found.ours:.0f} | {backend} | {found.theirs:.0f} "
                f"| {found.ratio:.2f} | {found.low:.2f} to {found.high:.2f} |"
            )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
