"""What the namespace says about itself: its devices, dtypes, defaults and limits."""

from __future__ import annotations

from polyflow.core.dtypes import DEFAULT_DTYPES, STANDARD_DTYPES, DType
from polyflow_reference.array import DEVICE, check_device
from polyflow_reference.data_types import isdtype
from polyflow_reference.searching import INDEX_DTYPE


class NamespaceInfo:
    """Answers questions about the namespace.

    >>> NamespaceInfo().devices()
    ('cpu',)
    """

    def capabilities(self) -> dict[str, bool | int | None]:
        """Which optional parts of the standard are there.

        >>> NamespaceInfo().capabilities()["boolean indexing"]
        True
        """
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": None}

    def default_device(self) -> str:
        """The device of arrays that name none."""
        return DEVICE

    def default_dtypes(self, *, device: str | None = None) -> dict[str, DType]:
        """The dtypes of arrays that name none.

        >>> NamespaceInfo().default_dtypes()["real floating"]
        polyflow.float32
        """
        check_device(device)
        return {
            "real floating": DEFAULT_DTYPES[float],
            "complex floating": DEFAULT_DTYPES[complex],
            "integral": DEFAULT_DTYPES[int],
            "indexing": INDEX_DTYPE,
        }

    def devices(self) -> tuple[str, ...]:
        """All devices."""
        return (DEVICE,)

    def dtypes(self, *, device: str | None = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The dtypes of the standard that a device holds, by their names.

        >>> list(NamespaceInfo().dtypes(kind="real floating"))
        ['float32', 'float64']
        """
        check_device(device)
        return {dtype.name: dtype for dtype in STANDARD_DTYPES if kind is None or isdtype(dtype, kind)}


def __array_namespace_info__() -> NamespaceInfo:
    """The object that answers questions about the namespace.

    >>> __array_namespace_info__().default_device()
    'cpu'
    """
    return NamespaceInfo()
