"""Learning rates that change with the number of steps taken, in TensorFlow 1's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import float32
from polyflow.core.primitives import astype
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, message
from polyflow.ops.arithmetic import divide, multiply, pow
from polyflow.ops.exponential import exp
from polyflow.ops.magnitudes import minimum
from polyflow.ops.rounding import ceil, floor
from polyflow.ops.searching import where
from polyflow.ops.sources import asarray


def _steps(global_step: Any) -> Tensor:
    """The number of steps as a float, for a rate is one."""
    return astype(asarray(global_step), float32)  # type: ignore[no-any-return]


def _periods(global_step: Any, decay_steps: Any, staircase: bool) -> Tensor:
    periods = divide(_steps(global_step), decay_steps)
    return floor(periods) if staircase else periods  # type: ignore[no-any-return]


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """``learning_rate * decay_rate ** (global_step / decay_steps)``; with ``staircase`` the quotient is a whole number.

    >>> import polyflow as pf
    >>> step = pf.Variable(25, trainable=False)
    >>> rate = pf.train.exponential_decay(0.5, step, decay_steps=10, decay_rate=0.5, staircase=True)
    >>> pf.Session().run(rate).tolist()
    0.125

    The rate is float32. Source: TensorFlow 1, "tf.train.exponential_decay".
    """
    return multiply(pow(asarray(decay_rate), _periods(global_step, decay_steps, staircase)), learning_rate, name=name)  # type: ignore[no-any-return]


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """``learning_rate * exp(-decay_rate * global_step / decay_steps)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.train.natural_exp_decay(0.5, 0, 10, 0.5)).tolist()
    0.5
    """
    decayed = exp(-decay_rate * _periods(global_step, decay_steps, staircase))
    return multiply(decayed, learning_rate, name=name)  # type: ignore[no-any-return]


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """``learning_rate / (1 + decay_rate * global_step / decay_steps)``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.train.inverse_time_decay(0.5, 10, 10, 1.0)).tolist()
    0.25
    """
    return divide(learning_rate, 1 + decay_rate * _periods(global_step, decay_steps, staircase), name=name)  # type: ignore[no-any-return]


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """From ``learning_rate`` to ``end_learning_rate`` in ``decay_steps``, along ``(1 - step / decay_steps) ** power``.

    >>> import polyflow as pf
    >>> rates = [pf.train.polynomial_decay(1.0, step, 4, end_learning_rate=0.5) for step in (0, 2, 9)]
    >>> [each.tolist() for each in pf.Session().run(rates)]
    [1.0, 0.75, 0.5]

    After so many steps it stays; with ``cycle`` it starts over, each time with a span that ends at the next multiple of
    ``decay_steps``. Source: TensorFlow 1, "tf.train.polynomial_decay".
    """
    steps = _steps(global_step)
    if cycle:
        times = ceil(steps / decay_steps)
        share = steps / (decay_steps * where(times == 0, 1.0, times))
    else:
        share = minimum(steps, decay_steps) / decay_steps
    span = learning_rate - end_learning_rate
    return multiply(pow(1 - share, power), span) + end_learning_rate  # type: ignore[no-any-return]


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None) -> Tensor:
    """``values[0]`` up to ``boundaries[0]``, ``values[1]`` after it and up to the next, and so on.

    >>> import polyflow as pf
    >>> rates = [pf.train.piecewise_constant(step, [100, 200], [1.0, 0.5, 0.25]) for step in (100, 101, 300)]
    >>> [each.tolist() for each in pf.Session().run(rates)]
    [1.0, 0.5, 0.25]

    Raises ``ArgumentError`` unless there is one value more than boundaries.
    """
    if len(values) != len(boundaries) + 1:
        found = f"{len(boundaries)} boundaries, {len(values)} values"
        raise ArgumentError(
            message("piecewise_constant: not a value for each piece", found=found, needed="one value more")
        )
    x = asarray(x)
    rate = asarray(values[-1])
    for boundary, value in reversed(list(zip(boundaries, values[:-1], strict=True))):
        rate = where(x <= boundary, value, rate, name=name)
    return rate
