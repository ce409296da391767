"""The dtype in which any number of dtypes meet. The table for two of them is in ``polyflow.core.dtypes``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from polyflow.core.dtypes import DType, promote
from polyflow.errors import ArgumentError, message

KIND_RANK = {"bool": 0, "int": 1, "uint": 1, "float": 2, "complex": 3}
"""Which kinds of dtype hold which others: a higher rank takes a lower one in."""


def promoted(dtypes: Iterable[DType]) -> DType:
    """The dtype in which all dtypes meet, in whatever order they come.

    >>> from polyflow.core.dtypes import float32, int64, uint64
    >>> promoted([uint64, int64, float32])
    polyflow.float32
    """
    # Integers that have no common dtype do not matter once a float is there, so the highest kind goes first.
    ordered = sorted(dtypes, key=lambda dtype: (KIND_RANK[dtype.kind], dtype.bits), reverse=True)
    if not ordered:
        raise ArgumentError(message("no dtypes to promote", needed="at least one array, dtype or scalar"))
    return reduce(promote, ordered)
