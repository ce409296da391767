"""Random numbers by the backend's own generator: a backend whose random kernels are those of its second table."""

from __future__ import annotations

import copy
from weakref import WeakKeyDictionary

from polyflow.errors import BackendError, ValueRangeError, message, nearest
from polyflow.extension.backend import Backend

GENERATORS = ("threefry", "native")
"""What ``rng`` of a session may be: bits that are equal on every backend, or the backend's own, which are faster."""


def with_generator(backend: Backend, rng: str) -> Backend:
    """``backend`` as it is for ``"threefry"``; for ``"native"`` one that draws by its ``native_random`` kernels.

    Both share everything but the table of kernels. Raises ``ValueRangeError`` for another ``rng``, and
    ``BackendError`` where the backend has no generator.
    """
    if rng == "threefry":
        return backend
    if rng != "native":
        raise ValueRangeError(
            message(
                "an rng that is not known",
                found=repr(rng),
                needed=" or ".join(map(repr, GENERATORS)),
                remedy=nearest(str(rng), GENERATORS),
            )
        )
    table = getattr(backend, "native_random", {})
    if not table:
        raise BackendError(
            message(
                f"backend {backend.name!r} has no random generator of its own",
                needed="kernels in its native_random",
                remedy='rng="threefry", which every backend has',
            )
        )
    if backend not in _made:
        native = copy.copy(backend)
        native.kernels = {**backend.kernels, **table}
        _made[backend] = native
    return _made[backend]


_made: WeakKeyDictionary[Backend, Backend] = WeakKeyDictionary()
