"""The PyTorch backend: announced here, loaded when a session names it."""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry, hookimpl


def torch_backend(compiler: str | None = None) -> Backend:
    """The backend, for ``pf.Session(polyflow_torch.torch_backend(compiler="inductor"))``.

    Programs run eagerly unless ``compiler`` names what ``torch.compile`` is to compile them by. Raises
    ``ValueRangeError`` for a name that it does not know, and ``ImportError`` where PyTorch is not installed.
    """
    from polyflow_torch.backend import TorchBackend  # PyTorch is loaded here and nowhere earlier

    return TorchBackend(compiler)


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``torch``."""
    return [BackendEntry("torch", torch_backend, "PyTorch on CPU or GPU", 'pip install "polyflow[torch]"')]
