"""NumPy with stretches of programs compiled by Numba: announced here, loaded when a session names it."""

from __future__ import annotations

from polyflow.core.program import Program
from polyflow.extension import Backend, BackendEntry, Pass, PassContext, hookimpl


def _make() -> Backend:
    from polyflow_numba.backend import numba_backend  # Numba is loaded here and nowhere earlier

    return numba_backend()


class MachineCode:
    """Puts operations on small arrays into stretches that are compiled, on the backend ``numba``."""

    name = "machine code"
    stage = "lower"
    backend = "numba"

    def __call__(self, program: Program, context: PassContext) -> Program:
        from polyflow_numba.regions import in_regions  # what other backends never need

        return in_regions(program)


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``numba``."""
    return [
        BackendEntry(
            "numba",
            _make,
            "NumPy, small arrays in machine code that Numba compiles",
            'pip install "polyflow[numba]"',
            settings=("numpy.geterr()", "numpy.geterrcall()", "numba.config.DISABLE_JIT"),
        )
    ]


@hookimpl
def polyflow_passes() -> list[Pass]:
    """The pass that finds what to compile."""
    return [MachineCode()]
