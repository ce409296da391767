"""Loops and branches in JAX: ``lax.scan``, ``lax.while_loop`` and ``lax.switch``, inside the one compiled program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from polyflow.extension import Kernel

Function = Callable[..., tuple[Any, ...]]
"""The function of a program."""


def loop(
    operands: Sequence[Any],
    /,
    *,
    body: Function,
    condition: Function | None,
    carried: int,
    scanned: int,
    length: int | None,
    is_counted: bool,
    has_room: bool,
    limit: int | None,
    reverse: bool,
    recompute: bool,
    parallel_iterations: int,
) -> tuple[Any, ...]:
    """A scan where the number of iterations is known, else a while loop that writes its stacks into room for them."""
    rest = list(operands)
    room = rest.pop() if has_room else None
    count = rest.pop() if is_counted else None
    state, arrays = tuple(rest[:carried]), tuple(rest[carried : carried + scanned])
    constants = rest[carried + scanned :]
    if condition is None and count is None:

        def step(state: Any, elements: Any) -> Any:
            made = body(*state, *elements, *constants)
            return tuple(made[:carried]), tuple(made[carried:])

        final, stacks = lax.scan(step, state, arrays, length=length, reverse=reverse)
        return (*final, *stacks)
    capacity = _capacity(arrays, room, limit)
    elements = [jax.ShapeDtypeStruct(each.shape[1:], each.dtype) for each in arrays]  # type: ignore[no-untyped-call]
    made = jax.eval_shape(lambda *given: body(*given, *constants), *state, *elements)
    buffers = tuple([jnp.zeros((capacity, *each.shape), each.dtype) for each in made[carried:]])
    is_without_rows = any(not each.shape[0] for each in arrays) or (not capacity and bool(buffers))
    if limit == 0 or (condition is None and is_without_rows):  # in a branch that is not taken, or 0 iterations
        none = () if condition is None else (jnp.zeros((), jnp.int64),)
        return (*state, *none, *buffers)

    def goes_on(carry: Any) -> Any:
        done, state, _ = carry
        if condition is None:
            return done < count
        (is_wanted,) = condition(*state, *constants)
        return is_wanted if limit is None else jnp.logical_and(done < limit, is_wanted)

    def iteration(carry: Any) -> Any:
        done, state, buffers = carry
        place = count - 1 - done if reverse and count is not None else done
        elements = [lax.dynamic_index_in_dim(each, place, keepdims=False) for each in arrays]
        made = body(*state, *elements, *constants)
        written = [
            lax.dynamic_update_index_in_dim(buffer, value, place, 0)
            for buffer, value in zip(buffers, made[carried:], strict=True)
        ]
        return done + 1, tuple(made[:carried]), tuple(written)

    done, final, buffers = lax.while_loop(goes_on, iteration, (jnp.zeros((), jnp.int64), state, buffers))
    return (*final, *buffers) if condition is None else (*final, done, *buffers)


def _capacity(arrays: Sequence[Any], room: Any, limit: int | None) -> int:
    """How many iterations there is room for in the stacks of a loop."""
    if arrays:
        return int(arrays[0].shape[0])
    if room is not None:
        return int(room.shape[0])
    return limit or 0


def branch(operands: Sequence[Any], /, *, programs: Sequence[Function]) -> tuple[Any, ...]:
    """``lax.switch``; of a bool ``lax.cond``."""
    number, *rest = operands
    number = jnp.asarray(number)
    if len(programs) == 1:
        return programs[0](*rest)
    if number.dtype == jnp.bool_:
        return lax.cond(number, programs[1], programs[0], *rest)  # type: ignore[no-any-return]
    return lax.switch(number, programs, *rest)  # type: ignore[no-any-return]


def call(operands: Sequence[Any], /, *, body: Function, recompute: bool) -> tuple[Any, ...]:
    """The program in place; what is computed anew is kept apart from what was computed before."""
    if not recompute or not operands:
        return body(*operands)
    return lax.platform_dependent(*operands, cpu=partial(_apart, body), default=partial(_behind_barrier, body))  # type: ignore[no-any-return]


def _behind_barrier(body: Function, *operands: Any) -> tuple[Any, ...]:
    barrier: Any = lax.optimization_barrier
    return body(*barrier(operands))


def _apart(body: Function, *operands: Any) -> tuple[Any, ...]:
    """For XLA on processors, which takes barriers out before it merges what is equal: the branch of a condition that
    always holds, as only a run can tell, and not before all operands are there."""
    firsts = [jnp.real(jnp.ravel(each)[0]).astype(jnp.float32) for each in operands if jnp.size(each)]
    number: Any = sum(firsts)  # of floats, since an integer is known to equal itself, and a NaN does not
    shapes = jax.eval_shape(body, *operands)
    nothing = lambda *_: tuple([jnp.zeros(each.shape, each.dtype) for each in shapes])  # noqa: E731
    return lax.cond((number == number) | (number != number), body, nothing, *operands)  # type: ignore[no-any-return]


KERNELS: dict[str, Kernel] = {"loop": loop, "branch": branch, "call": call}
