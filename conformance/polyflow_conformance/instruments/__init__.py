"""Backends that are made to test with, announced by the hook that every backend comes in by; none is for computing.

``strict`` refuses whatever a session might do behind a backend's back, ``loopback`` takes down which hook is called for
what and refuses arrays and calls that went past a hook, ``null`` computes nothing, and ``mutant`` is a sound backend
with the one fault that the environment names. ``polyflow conform --backend strict`` runs the kit on one of them.
"""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry


def _strict() -> Backend:
    from polyflow_conformance.instruments.strict import Strict  # with the backend that lies below it
    from polyflow_conformance.instruments.wrapping import default_backend

    return Strict(default_backend())


def _loopback() -> Backend:
    from polyflow_conformance.instruments.loopback import Loopback  # as above
    from polyflow_conformance.instruments.wrapping import default_backend

    return Loopback(default_backend())


def _null() -> Backend:
    from polyflow_conformance.instruments.null import Null  # which reads the types of all ops

    return Null()


def _mutant() -> Backend:
    from polyflow_conformance.mutants.planting import named_by_environment  # with all that faults are made by

    return named_by_environment()


ENTRIES = (
    BackendEntry("strict", _strict, "the default backend, hostile", is_instrument=True),
    BackendEntry("loopback", _loopback, "the default backend, each hook taken down", is_instrument=True),
    BackendEntry("null", _null, "computes nothing: must fail every check of values", is_instrument=True),
    BackendEntry("mutant", _mutant, "the default backend with a fault: POLYFLOW_MUTANT", is_instrument=True),
)
"""What the kit's plugin announces."""
