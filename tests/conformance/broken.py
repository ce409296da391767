"""Backends with one fault each, for tests of the kit."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyflow.extension.manager import extensions


class Faulty:
    """NumPy with one kernel replaced, or with other attributes."""

    def __init__(self, op: str = "", kernel: Any = None, **attributes: Any) -> None:
        self._sound = extensions().backend("numpy")
        self.kernels = {**self._sound.kernels, **({op: kernel} if op else {})}
        self.name = "faulty"
        for name, value in attributes.items():
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sound, name)


class Writable(Faulty):
    """As ``Faulty``, but its arrays can be written into from the start."""

    def from_literal(self, value: Any, device: str) -> Any:
        return np.array(self._sound.from_literal(value, device))


def overwriting(x: Any) -> Any:
    """``abs``, in the memory of its operand."""
    return np.abs(x, out=x) if x.dtype.kind == "f" and x.flags.writeable else np.abs(x)


class OneBuffer:
    """``abs``, all of whose results of one shape and dtype lie in one place."""

    def __init__(self) -> None:
        self.places: dict[Any, Any] = {}

    def __call__(self, x: Any) -> Any:
        result = np.abs(x)
        place = self.places.setdefault((result.shape, result.dtype), np.empty_like(np.asarray(result)))
        place[...] = result
        return place
