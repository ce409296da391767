"""Padding of tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.literal import literal
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ValueRangeError, message
from polyflow.ops.sliding import padded


@define_op(traits=Trait.VIEW)  # where nothing is added
def pad(
    x: TensorType,
    paddings: int | tuple[int, int] | tuple[tuple[int, int], ...],
    /,
    *,
    mode: str = "constant",
    constant_values: complex = 0,
) -> TensorType:
    """``x`` with elements added before and after along each axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.pad([[1, 2]], [[1, 0], [0, 2]])).tolist()
    [[0, 0, 0, 0], [1, 2, 0, 0]]

    ``paddings`` has a pair (before, after) for each axis; one pair, or one number, is meant for all of them. What is
    added is ``constant_values``, a number; "constant" is the only ``mode``. Raises ``ValueRangeError`` for paddings
    that are negative or do not match the rank, ``DTypeError`` where the dtype of ``x`` cannot hold the number.
    Source: TensorFlow, "tf.pad".
    """
    if mode.lower() != "constant":
        raise ValueRangeError(message("a mode that is not known", found=mode, needed='"constant"'))
    literal(constant_values, x.known_dtype)  # refuses a number that the dtype cannot hold
    pairs = _pairs(paddings, x.rank)
    shape = [
        None if size is None else before + size + after
        for size, (before, after) in zip(x.known_shape, pairs, strict=True)
    ]
    return x.with_shape(shape)


@pad.kernel
def pad_kernel(xp: Any, x: Any, paddings: Any, *, mode: str, constant_values: Any) -> Any:
    value = bool(constant_values) if xp.isdtype(x.dtype, "bool") else constant_values
    return padded(xp, x, range(x.ndim), _pairs(paddings, x.ndim), value)


@pad.gradient
def pad_gradient(xp: Any, operation: Any, g: Any) -> Any:
    pairs = _pairs(operation.attributes["paddings"], g.type.rank)
    return g[tuple(slice(before, -after if after else None) for before, after in pairs)] if pairs else g


@pad.samples
def pad_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), ((1, 2), (0, 1)))
    yield Sample(normal(2, 3), 1)
    yield Sample(normal(2, 3), (0, 2), constant_values=3)
    yield Sample(normal(), ())
    yield Sample(normal(2, 0), ((0, 0), (1, 1)))
    yield Sample(values([True, False]), 1)
    yield ErrorSample(normal(2, 3), ((1, 2), (0, 1), (0, 0))).raises(ValueRangeError, "paddings that do not fit rank 2")
    yield ErrorSample(normal(2, 3), ((1, -2), (0, 1))).raises(ValueRangeError, "paddings that do not fit rank 2")
    yield ErrorSample(values([1, 2], "int32"), 1, constant_values=0.5).raises(DTypeError, "a fraction cannot become")
    yield ErrorSample(normal(3), 1, mode="reflect").raises(ValueRangeError, "a mode that is not known")


def _pairs(paddings: Any, rank: int) -> tuple[tuple[int, int], ...]:
    """A pair (before, after) for each axis."""
    pairs = paddings
    if isinstance(pairs, int):
        pairs = (pairs, pairs)
    if isinstance(pairs, tuple) and len(pairs) == 2 and all(isinstance(each, int) for each in pairs):
        pairs = (pairs,) * rank
    if not isinstance(pairs, tuple) or len(pairs) != rank or not all(map(_is_pair, pairs)):
        needed = f"{rank} pairs (before, after) of numbers >= 0, one pair or one number"
        raise ValueRangeError(message(f"paddings that do not fit rank {rank}", found=paddings, needed=needed))
    return pairs


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(each, int) and each >= 0 for each in pair)
