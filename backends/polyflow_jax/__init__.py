"""The JAX backend: announced here, loaded when a session names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyflow.extension import Backend, BackendEntry, hookimpl

if TYPE_CHECKING:  # loaded with every session, of whichever backend
    import os
    from pathlib import Path


def _make() -> Backend:
    from polyflow_jax.backend import JaxBackend  # JAX is loaded here and nowhere earlier

    return JaxBackend()


def keep_compiled(directory: str | os.PathLike[str]) -> Path:
    """Keep on disk what XLA compiles: see :func:`polyflow_jax.compile_cache.keep_compiled`."""
    from polyflow_jax.compile_cache import keep_compiled  # JAX is loaded here

    return keep_compiled(directory)


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
