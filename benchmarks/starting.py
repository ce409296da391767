"""Fresh processes: importing polyflow, its command line, the first run."""

from __future__ import annotations

from benchmarks.declared import Work
from benchmarks.processes import fresh

LOADED = "import numpy.random, polyflow, benchmarks.steps, polyflow_numpy"  # the network draws its own parameters
PROGRAMS = {
    "nothing": "pass",
    "import": "import polyflow",
    "help": "import sys; sys.argv = ['polyflow', '--help']\nfrom polyflow.tools.command_line import main\nmain()",
    "loaded": f"{LOADED}; print(0.0)",
    "first run": f"{LOADED}; print(benchmarks.steps.prepared('tiny', 'numpy')())",
}


def process(name: str) -> Work:
    """A fresh Python that runs one of ``PROGRAMS``; what it prints is not compared."""
    return fresh(PROGRAMS[name], is_read=False)
