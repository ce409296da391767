"""The JAX backend: announced here, loaded when a session names it."""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry, hookimpl


def _make() -> Backend:
    from polyflow_jax.backend import JaxBackend  # JAX is loaded here and nowhere earlier

    return JaxBackend()


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``jax``."""
    return [
        BackendEntry(
            "jax",
            _make,
            "JAX on CPU, GPU or TPU, one compiled program",
            'pip install "polyflow[jax]"',
            settings=("jax.config.values", "numpy.geterr()"),
        )
    ]
