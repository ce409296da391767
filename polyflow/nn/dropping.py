"""Dropout: elements set to 0 at random, so that no unit of a network leans on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.errors import ArgumentError, ValueRangeError, message
from polyflow.ops.arithmetic import divide
from polyflow.ops.creation import full_like
from polyflow.ops.random_discrete import bernoulli
from polyflow.ops.searching import where


def dropout(
    x: Any,
    /,
    keep_prob: float | None = None,
    noise_shape: Sequence[int] | None = None,
    seed: int | None = None,
    name: str | None = None,
    rate: float | None = None,
    *,
    key: Any = None,
) -> Any:
    """``x`` with each element set to 0 with probability ``rate``, and divided by ``1 - rate`` otherwise.

    >>> import polyflow as pf
    >>> x = pf.ones((6,))
    >>> pf.Session().run(pf.nn.dropout(x, rate=0.5, key=pf.random.key(0))).tolist()
    [0.0, 0.0, 2.0, 2.0, 0.0, 2.0]

    ``keep_prob`` is ``1 - rate``, as TensorFlow 1 has it; one of the two is given. ``noise_shape`` is a shape that
    broadcasts to that of ``x``: along an axis where it is 1 all elements share one fate. Each run draws anew, from the
    operation's own stream; ``seed`` and ``key`` are those of :func:`polyflow.random.uniform`.
    Source: N. Srivastava and others, "Dropout", 2014.
    """
    if (keep_prob is None) == (rate is None):
        found = "none of them" if rate is None else "both"
        raise ArgumentError(message("dropout takes keep_prob or rate", found=found, needed="one of the two"))
    keep = 1 - rate if rate is not None else keep_prob
    assert keep is not None
    if not 0 < keep <= 1:
        raise ValueRangeError(
            message("dropout cannot keep so many", found=f"keep_prob={keep}", needed="0 < keep_prob <= 1")
        )
    if keep == 1:
        return x
    if noise_shape is None:
        kept = bernoulli(None, full_like(x, keep), key=key, seed=seed, name=name or "dropout")
    else:
        kept = bernoulli(tuple(noise_shape), keep, key=key, seed=seed, name=name or "dropout")
    return where(kept, divide(x, keep), 0)
