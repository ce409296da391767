"""The reference backend, pure Python, written to be read: announced here, loaded when a session names it."""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry, hookimpl


def _make() -> Backend:
    from polyflow_reference.backend import ReferenceBackend  # the namespace is loaded here and nowhere earlier

    return ReferenceBackend()


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``reference``."""
    return [BackendEntry("reference", _make, "pure Python, the readable definition", "pip install polyflow")]
