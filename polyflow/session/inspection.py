"""What an array API namespace says of itself (standard, chapter "Inspection")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from polyflow.core.dtypes import STANDARD_DTYPES, DType, complex64, float32, in_category, int64

VERSION = "2025.12"
"""The revision of the standard that the namespaces follow."""

WITH_DEVICE = {
    "arange", "astype", "empty", "empty_like", "eye", "fftfreq", "full", "full_like", "linspace", "ones", "ones_like",
    "rfftfreq", "zeros", "zeros_like",
}  # fmt: skip
"""Functions to which the standard gives a parameter ``device``; here every function takes one."""


class NamespaceInfo:
    """The answer of ``__array_namespace_info__()``.

    >>> import polyflow as pf
    >>> info = pf.eager("numpy").__array_namespace_info__()
    >>> info.default_device(), sorted(info.dtypes(kind="real floating"))
    ('cpu', ['float32', 'float64'])
    """

    def __init__(self, devices: Sequence[str], dtypes: Iterable[DType]) -> None:
        self._devices = list(devices)
        self._dtypes = [each for each in STANDARD_DTYPES if each in set(dtypes)]

    def capabilities(self) -> dict[str, Any]:
        """What the namespace can do beyond the obligatory."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": None}

    def default_device(self) -> str:
        """The device on which arrays are made."""
        return self._devices[0]

    def devices(self) -> tuple[str, ...]:
        """All devices."""
        return tuple(self._devices)

    def default_dtypes(self, *, device: object = None) -> dict[str, DType]:
        """The dtypes that Python numbers and indices get."""
        return {"real floating": float32, "complex floating": complex64, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: object = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The dtypes of the standard that the namespace has, or those of a kind."""
        kinds = ("any",) if kind is None else (kind,) if isinstance(kind, str) else kind
        return {each.name: each for each in self._dtypes if any(in_category(each, one) for one in kinds)}
