"""Padding of tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import again
from polyflow.core.declaration import Trait, define_op
from polyflow.core.literal import literal
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ValueRangeError, message
from polyflow.ops.sliding import along, padded


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
    added is ``constant_values``, a number, in ``mode`` "constant"; the mirror image of ``x`` without its outermost
    element in "reflect", with it in "symmetric". Raises ``ValueRangeError`` for paddings that are negative, do not
    match the rank or are more than there is to mirror, ``DTypeError`` where the dtype of ``x`` cannot hold the number.
    Source: TensorFlow, "tf.pad".
    """
    literal(constant_values, x.known_dtype)  # refuses a number that the dtype cannot hold
    pairs = _pairs(paddings, x.rank)
    edge = _edge(mode)
    for axis, (size, pair) in enumerate(zip(x.known_shape, pairs, strict=True)):
        if edge is not None and size is not None and any(each > max(size - edge, 0) for each in pair):
            raise ValueRangeError(
                message(
                    f"more padding than there is to mirror along axis {axis}",
                    found=pair,
                    needed=f"at most {max(size - edge, 0)}",
                )
            )
    shape = [
        None if size is None else before + size + after
        for size, (before, after) in zip(x.known_shape, pairs, strict=True)
    ]
    return x.with_shape(shape)


@pad.kernel
def pad_kernel(xp: Any, x: Any, paddings: Any, *, mode: str, constant_values: Any) -> Any:
    edge = _edge(mode)
    if edge is not None:
        return _mirrored(xp, x, _pairs(paddings, x.ndim), edge)
    value = bool(constant_values) if xp.isdtype(x.dtype, "bool") else constant_values
    return padded(xp, x, range(x.ndim), _pairs(paddings, x.ndim), value)


def _mirrored(xp: Any, x: Any, pairs: tuple[tuple[int, int], ...], edge: int) -> Any:
    """``x`` between its mirror images, which leave out ``edge`` elements next to it."""
    for axis, (before, after) in enumerate(pairs):
        size = x.shape[axis]
        parts = [x]
        if before:
            parts.insert(0, xp.flip(x[along(x.ndim, axis, slice(edge, edge + before))], axis=axis))
        if after:
            parts.append(xp.flip(x[along(x.ndim, axis, slice(size - edge - after, size - edge))], axis=axis))
        x = xp.concat(parts, axis=axis) if len(parts) > 1 else x
    return x


@pad.gradient
def pad_gradient(xp: Any, operation: Any, g: Any) -> Any:
    pairs = _pairs(operation.attributes["paddings"], g.type.rank)
    edge = _edge(operation.attributes["mode"])
    if edge is not None:
        return _folded(xp, g, pairs, edge)
    return g[tuple(slice(before, -after if after else None) for before, after in pairs)] if pairs else g


def _folded(xp: Any, g: Any, pairs: tuple[tuple[int, int], ...], edge: int) -> Any:
    """The transpose of mirroring: what was added is turned back and summed to where it came from."""
    for axis, (before, after) in enumerate(pairs):
        rank, size = g.ndim, g.shape[axis] - before - after
        total = g[along(rank, axis, slice(before, before + size))]
        for length, start, place in ((before, 0, edge), (after, before + size, size - edge - after)):
            if length:
                image = xp.flip(g[along(rank, axis, slice(start, start + length))], axis=axis)
                around = ((0, 0),) * axis + ((place, size - place - length),) + ((0, 0),) * (rank - axis - 1)
                total = total + pad(image, around)
        g = total
    return g


@pad.batching
def pad_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    pairs = _pairs(operation.attributes["paddings"], operation.inputs[0].ndim)
    return again(operation, inputs, paddings=((0, 0), *pairs))


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
    yield Sample(normal(4, 3), ((1, 2), (2, 0)), mode="reflect")
    yield Sample(normal(2, 3), ((2, 1), (0, 3)), mode="SYMMETRIC")
    yield Sample(values([True, False]), 1, mode="symmetric")
    yield ErrorSample(normal(3), 1, mode="wrap").raises(ValueRangeError, "a mode that is not known")
    yield ErrorSample(normal(3), 3, mode="reflect").raises(ValueRangeError, "more padding than there is to mirror")


_EDGES = {"constant": None, "reflect": 1, "symmetric": 0}  # how many elements at the edge have no mirror image


def _edge(mode: str) -> int | None:
    if not isinstance(mode, str) or mode.lower() not in _EDGES:
        needed = " or ".join(f'"{each}"' for each in _EDGES)
        raise ValueRangeError(message("a mode that is not known", found=mode, needed=needed))
    return _EDGES[mode.lower()]


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
