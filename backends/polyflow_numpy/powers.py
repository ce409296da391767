"""``pow`` as the standard has it: NumPy takes a root where one exponent 0.5 goes for many elements.

The root of -0 is -0, and that of minus infinity NaN; the powers are 0 and infinity. The root takes a tenth of the time,
so it is kept, and what it gives otherwise is mended.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # numpy.ndarray

_lowest: Any = np.minimum.reduce


def pow(x1: Array, x2: Array, /) -> Any:
    """``numpy.power``; a root where the exponent is one number, 0.5; a quotient for an integer to a negative power.

    >>> import numpy as np
    >>> from polyflow_numpy.powers import pow
    >>> pow(np.asarray([-0.0, 4.0]), np.asarray(0.5)).tolist()
    [0.0, 2.0]
    """
    if x2.dtype.kind == "i":
        return _integer_power(x1, x2)
    if x2.dtype.char not in "fd":
        return np.power(x1, x2)
    if x2.size == 1:
        return _half_power(x1, x2.ndim) if x2.item() == 0.5 else np.power(x1, x2)
    # NumPy looks at the exponents of one run of elements at a time: whether they are one number, by their strides.
    if (x2.shape != x1.shape or 0 in x2.strides) and (x2 == 0.5).any():
        x2 = np.array(np.broadcast_to(x2, np.broadcast_shapes(x1.shape, x2.shape)), order="C")
    return np.power(x1, x2)


def _integer_power(x1: Array, x2: Array) -> Any:
    """``numpy.power``, which refuses negative exponents before it begins; then the quotient: 1, -1 or 0."""
    try:
        return np.power(x1, x2)
    except ValueError:
        is_negative = x2 < 0
        of_ones = np.where(x1 == -1, 1 - 2 * (x2 & 1), x1 == 1)
        powers = np.power(x1, np.where(is_negative, 0, x2).astype(x2.dtype))
        return np.where(is_negative, of_ones, powers).astype(powers.dtype)


_FEW = 256  # elements up to which true powers cost less than a root and a look at it
_HALVES = {each: np.full(_FEW, 0.5, each) for each in "fd"}


def _half_power(x: Array, rank: int) -> Any:
    """``x`` to the power 0.5, of ``rank`` axes at least."""
    if rank > x.ndim:
        x = x.reshape((1,) * (rank - x.ndim) + x.shape)
    if x.size != 1 and x.size <= _FEW:
        return np.power(x, _HALVES[x.dtype.char][: x.size].reshape(x.shape))
    root = np.absolute(np.sqrt(x))  # -0 becomes 0
    smallest = root.item() if x.size == 1 else _lowest(root, axis=None)
    return np.where(x == -np.inf, root.dtype.type(np.inf), root) if smallest != smallest else root
