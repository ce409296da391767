"""The PyTorch backend: announced here, loaded when a session names it."""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry, hookimpl


def _make() -> Backend:
    from polyflow_torch.backend import TorchBackend  # PyTorch is loaded here and nowhere earlier

    return TorchBackend()


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``torch``."""
    return [BackendEntry("torch", _make, "PyTorch on CPU or GPU, run eagerly", 'pip install "polyflow[torch]"')]
