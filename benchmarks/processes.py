"""Where measuring happens: child processes with pinned threads, one for each comparison."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.declared import ALL, Benchmark, Work

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
XLA_ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
TIMEOUT = 600.0


def environment(threads: int) -> dict[str, str]:
    """The environment of a process that may use so many threads."""
    found = {name: value for name, value in os.environ.items() if name not in (*VARIABLES, "XLA_FLAGS")}
    found.update(QUIET)
    if threads != ALL:
        found.update(dict.fromkeys(VARIABLES, str(threads)))
    if threads == 1:
        found["XLA_FLAGS"] = XLA_ONE_THREAD
    return found


def pin(threads: int) -> list[int]:
    """Bind this process to so many cores, the last ones; the cores, or none where the system cannot."""
    if threads == ALL or not hasattr(os, "sched_setaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    os.sched_setaffinity(0, cores)
    return cores


def measured(benchmark: Benchmark, pairs: int, seconds: float, budget: float) -> dict[str, Any]:
    """What a child process found, or ``{"error": ...}``."""
    command = [sys.executable, "-m", "benchmarks.child", benchmark.key, str(pairs), str(seconds), str(budget)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False, env=environment(benchmark.threads)
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no result in {TIMEOUT:.0f} s"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines()
        return {"error": said[-1] if said else f"exit status {done.returncode}"}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def fresh(code: str, variables: Sequence[tuple[str, str]] = (), is_read: bool = True) -> Work:
    """A side that starts a new Python, which runs ``code`` and prints the numbers to compare as its last line."""
    changed = {**os.environ, **dict(variables)}
    changed.pop("PYTHONDONTWRITEBYTECODE", None)  # users have their bytecode on disk

    def run() -> list[float]:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=changed)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return [float(each) for each in done.stdout.split("\n")[-2].split()] if is_read else []

    return run
