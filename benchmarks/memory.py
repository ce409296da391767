"""``python -m benchmarks.memory``: the memory of the gradient of a loop, with every value kept and with ``checkpoint``.

The loop runs as often as a number that is fed says, on a state of 10,000 float64 (78 KiB). On NumPy the figure is the
peak of what a run allocates, as ``tracemalloc`` counts it, buffers included; on JAX, whose memory is not Python's, it
is by how much the process is larger at its largest while a compiled program runs, as Linux counts it.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

import polyflow as pf

SIZE = 10_000
COUNTS = (64, 256, 1024, 4096)
MIB = 2**20


def gradient(backend: str, size: int, checkpoint: bool) -> Callable[[int], object]:
    """A function of the number of steps: the gradient of the loop by its start."""
    with pf.Graph().as_default() as graph:
        x, n = pf.placeholder("float64", (size,), name="x"), pf.placeholder("int64", (), name="n")
        step = lambda i, v: (i + 1, pf.sin(v) + x)  # noqa: E731
        v = pf.while_loop(lambda i, _: i < n, step, [0, x], checkpoint=checkpoint)[1]
        (slope,) = pf.gradients(pf.sum(v), x)
    run = pf.Session(backend, graph).prepare(slope, [x, n])
    start = np.linspace(0.0, 1.0, size)
    return lambda count: np.asarray(run(start, np.int64(count)))


def peak(work: Callable[[], object]) -> int:
    """The most bytes that ``work`` had allocated at one time."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def numpy_bytes(count: int, checkpoint: bool, size: int = SIZE) -> int:
    """The peak of a run of ``count`` steps on NumPy."""
    run = gradient("numpy", size, checkpoint)
    run(2)  # the plan is made, and not counted
    return peak(lambda: run(count))


def resident_bytes(count: int, checkpoint: bool) -> int:
    """By how much a process is larger, at its largest, while it runs ``count`` steps on JAX; Linux can tell."""
    command = [sys.executable, "-m", "benchmarks.memory", "--child", str(count), *(["--checkpoint"] * checkpoint)]
    at_once = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}  # what is freed goes back to the system
    return int(subprocess.run(command, check=True, capture_output=True, text=True, env=at_once).stdout)


def _child(count: int, checkpoint: bool) -> None:
    run = gradient("jax", SIZE, checkpoint)
    run(count)  # compiled, and not counted
    gc.collect()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the largest size starts anew
    run(count)
    print(_status("VmHWM") - before)


def _status(name: str) -> int:
    (line,) = (each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def main() -> None:
    """Measure and print a table for each engine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        _child(arguments.child, arguments.checkpoint)
        return
    engines = {"numpy": numpy_bytes, **({"jax": resident_bytes} if sys.platform == "linux" else {})}
    for engine, measure in engines.items():
        print(f"| steps, on {engine} | kept, MiB | states a step | checkpoint, MiB | states a sqrt(step) |")
        print("|---|---|---|---|---|")
        for count in COUNTS:
            kept, less = measure(count, False), measure(count, True)
            states, roots = kept / (8 * SIZE * count), less / (8 * SIZE * count**0.5)
            print(f"| {count} | {kept / MIB:.1f} | {states:.2f} | {less / MIB:.1f} | {roots:.2f} |")
        print()


if __name__ == "__main__":
    main()
