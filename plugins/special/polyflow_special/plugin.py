"""The door: ops, and kernels for backends that have such functions. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from polyflow import hookimpl
from polyflow.core.declaration import Op, ops_in
from polyflow.extension import KernelTable

polyflow_contract = "1.0"

FAMILIES = ("gamma", "incomplete", "bessel", "normal", "entropy", "logistic")


@hookimpl
def polyflow_ops() -> Iterator[Op]:
    """The ops of every family."""
    for family in FAMILIES:
        yield from ops_in(import_module(f"polyflow_special.{family}"))


@hookimpl
def polyflow_kernels() -> Mapping[str, Callable[[], KernelTable]]:
    """SciPy's functions for NumPy and JAX's for JAX, each imported when its backend is loaded."""
    return {"numpy": _numpy_kernels, "jax": _jax_kernels}


def _numpy_kernels() -> KernelTable:
    from polyflow_special.numpy_kernels import KERNELS  # SciPy is loaded here and nowhere earlier

    return KERNELS


def _jax_kernels() -> KernelTable:
    from polyflow_special.jax_kernels import KERNELS  # JAX is loaded already, by its backend

    return KERNELS
