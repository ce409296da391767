"""A kernel for any eager array library, out of a function of Python floats: slow, and right.

It is what the reference backend runs, and a stranger's backend without a kernel of its own. A backend that compiles
programs cannot look into elements, and needs a kernel in a table, as JAX has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def by_elements(xp: Any, function: Callable[..., float], *arrays: Any) -> Any:
    """``function`` of corresponding elements of ``arrays``, which broadcast; uses only what the standard has."""
    arrays = tuple(xp.broadcast_arrays(*arrays))
    shape, dtype = arrays[0].shape, arrays[0].dtype
    columns = [xp.reshape(each, (-1,)) for each in arrays]
    count = columns[0].shape[0]
    found = [function(*(float(column[index]) for column in columns)) for index in range(count)]
    return xp.reshape(xp.asarray(found, dtype=dtype), shape)
