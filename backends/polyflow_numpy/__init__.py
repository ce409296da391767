"""The NumPy backend: announced here, loaded when a session names it."""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry, Pass, hookimpl
from polyflow_numpy.squares import SumsOfSquares


def _make() -> Backend:
    from polyflow_numpy.backend import NumpyBackend  # NumPy is loaded here and nowhere earlier

    return NumpyBackend()


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``numpy``."""
    return [
        BackendEntry(
            "numpy",
            _make,
            "NumPy on the CPU, straight generated code",
            "pip install polyflow",
            settings=("numpy.geterr()", "numpy.geterrcall()", "numpy.get_printoptions()", "numpy.getbufsize()"),
        )
    ]


@hookimpl
def polyflow_passes() -> list[Pass]:
    """The one that knows what NumPy is fast at."""
    return [SumsOfSquares()]
