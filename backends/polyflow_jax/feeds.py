"""NumPy arrays as arguments: what a compiled program is given does not change once the call has returned.

JAX calls return before the program has run. Until it has, it may read a NumPy argument where it lies: one that is
aligned to 64 bytes is taken as it is, and a large one is copied later. Its owner knows nothing of that and fills it
with the next batch. So small arrays are copied before the call, which takes less time than looking at where they lie,
and for large ones the call waits until its results are there. An array that nobody can write to is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from polyflow.core.types import TensorType

LARGE = 1 << 20
"""Bytes from which waiting costs less than a copy."""


def owned(array: Any) -> Any:
    """The argument, or a copy of it if it is a NumPy array that somebody may write to."""
    return array.copy() if type(array) is np.ndarray and not is_frozen(array) else array


def on_device(value: Any) -> Any:
    """``value`` as JAX's array; one of NumPy's is copied to the default device.

    ``jax.numpy.asarray`` would compile a program for that, another one for every shape.
    """
    if isinstance(value, np.ndarray | np.generic):
        return jax.device_put(owned(value))
    return jnp.asarray(value)


def is_frozen(array: np.ndarray[Any, Any]) -> bool:
    """Whether nobody can write to the memory of the array: neither through it nor through what it is a view of.

    >>> import numpy as np
    >>> from polyflow_jax.feeds import is_frozen
    >>> array = np.zeros(3)
    >>> array.flags.writeable = False
    >>> is_frozen(array), is_frozen(np.zeros(3)), is_frozen(np.broadcast_to(np.zeros(1), 3))
    (True, False, False)
    """
    base: object = array.base
    return not array.flags.writeable and (base is None or type(base) is bytes)


def reading_at_once(
    function: Callable[..., Any], types: Sequence[TensorType], donated: Sequence[int] = ()
) -> Callable[..., Any]:
    """``function``, which no longer looks at NumPy arrays among its arguments once it has returned.

    ``types`` are those of the arguments; ``donated`` are places of arguments that are never NumPy arrays.
    """
    places = [place for place in range(len(types)) if place not in set(donated)]
    if not places:
        return function
    # Written out for the number of arguments: a call of a small program takes a few microseconds in all.
    is_large = [each.is_static and _bytes(each) >= LARGE for each in types]
    names = [f"v{place}" for place in range(len(types))]
    small = [names[place] for place in places if not is_large[place]]
    large = [names[place] for place in places if is_large[place]]
    lines = [f"if {each}.__class__ is array: {each} = owned({each})" for each in small]
    call = f"function({', '.join(names)})"
    if large:
        tests = " or ".join(f"({each}.__class__ is array and not is_frozen({each}))" for each in large)
        lines += [f"found = {call}", f"if {tests}: wait(found)", "return found"]
    else:
        lines.append(f"return {call}")
    scope: dict[str, Any] = {
        "function": function, "array": np.ndarray, "owned": owned, "is_frozen": is_frozen,
        "wait": jax.block_until_ready,
    }  # fmt: skip
    text = f"def call({', '.join(names)}):\n    " + "\n    ".join(lines) + "\n"
    exec(compile(text, "<polyflow arguments of a JAX program>", "exec"), scope)
    made: Any = scope["call"]
    made.__wrapped__ = function
    return made  # type: ignore[no-any-return]


def _bytes(type: TensorType) -> int:
    size = type.known_dtype.itemsize
    for each in type.static_shape:
        size *= each
    return size
