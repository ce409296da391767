"""The machine and the versions that figures belong to."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from pathlib import Path

LIBRARIES = (
    "polyflow",
    "numpy",
    "jax",
    "jaxlib",
    "torch",
    "autograd",
    "pytensor",
    "numba",
    "tensorflow",
    "tensorflow-cpu",
)


def describe() -> dict[str, object]:
    """What is worth knowing of this machine, without any name or address of it."""
    return {
        "processor": processor(),
        "cores": cores(),
        "memory_gib": memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Of the libraries that are installed."""
    found = {}
    for each in LIBRARIES:
        try:
            found[each] = importlib.metadata.version(each)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def machine_class(machine: dict[str, object]) -> str:
    """The name of the file of results for machines like this one: ``amd-epyc-2-cores-linux``."""
    system = str(machine["system"]).split()[0]
    return re.sub(r"[^a-z0-9]+", "-", f"{machine['processor']} {machine['cores']} cores {system}".lower()).strip("-")


def processor() -> str:
    """The model's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].replace("(R)", "").replace("(TM)", "").split())
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int | None:
    """GiB, rounded; ``None`` where the system does not tell."""
    if sys.platform == "win32":
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def load() -> float:
    """How many processes were at work on average in the last minute, where the system tells."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
