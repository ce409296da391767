"""Sums and repetitions to the shape of another tensor, which is known only while the program runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import again, in_all, ranked
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import ShapeError, message


@define_op(traits=Trait.VIEW, dtypes={"x": "numeric"})
def sum_like(x: TensorType, like: TensorType, /) -> TensorType:
    """``x`` summed over the axes along which ``like`` was broadcast to its shape: the inverse of ``broadcast_like``.

    >>> import polyflow as pf
    >>> from polyflow.ops.like import sum_like
    >>> pf.Session().run(sum_like([[1.0, 2.0], [3.0, 4.0]], [[0.0], [0.0]])).tolist()
    [[3.0], [7.0]]

    The gradients of what was broadcast along sizes that depend on data need it. Raises ``ShapeError`` where ``like``
    does not broadcast to ``x``.
    """
    _check(like, x)
    return x.with_shape(like.known_shape)


def _check(small: TensorType, large: TensorType) -> None:
    """Refuse shapes of which the first does not broadcast to the second, as far as they are known."""
    shape = broadcast_shapes(small.known_shape, large.known_shape)
    known = zip(shape, large.known_shape, strict=False)
    if len(shape) != large.rank or any(None not in (a, b) and a != b for a, b in known):
        raise ShapeError(
            message(
                f"{format_shape(small.known_shape)} does not broadcast to {format_shape(large.known_shape)}",
                needed="from the right, each axis of the same size or of size 1",
            )
        )


@sum_like.kernel
def sum_like_kernel(xp: Any, x: Any, like: Any) -> Any:
    extra = x.ndim - like.ndim
    pairs = enumerate(zip(like.shape, x.shape[extra:], strict=True))
    axes = [*range(extra), *(extra + place for place, (need, have) in pairs if need != have)]
    found = xp.sum(x, axis=tuple(axes), dtype=x.dtype, keepdims=True) if axes else x
    return xp.reshape(found, like.shape)


@sum_like.gradient
def sum_like_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return broadcast_like(g, operation.inputs[0]), None


def _like_batches(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    """Both operands with the batch in front and of one rank; axes that an example of the result has not go again."""
    result = operation.output.ndim
    rank = max(each.type.rank for each in operation.inputs)
    found = again(operation, [ranked(xp, each, rank) for each in in_all(xp, inputs, batched)])
    return xp.squeeze(found, axis=tuple(range(1, 1 + rank - result))) if result < rank else found


sum_like.batching(_like_batches)


@sum_like.samples
def sum_like_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(2, 1, seed=1))
    yield Sample(normal(4, 2, 3), normal(3, seed=1))
    yield Sample(normal(2, 3), normal(seed=1))
    yield Sample(normal(2, 3), normal(2, 3, seed=1))
    yield Sample(normal(2, 0), normal(2, 1, seed=1))
    yield ErrorSample(normal(2, 3), normal(2, seed=1)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(1, 3), normal(2, 3, seed=1)).raises(ShapeError, "(2, 3) does not broadcast to (1, 3)")


@define_op(traits=Trait.VIEW)
def broadcast_like(x: TensorType, like: TensorType, /) -> TensorType:
    """``x`` broadcast to the shape of ``like``.

    >>> import polyflow as pf
    >>> from polyflow.ops.like import broadcast_like
    >>> pf.Session().run(broadcast_like([1, 2], [[0.0, 0.0], [0.0, 0.0]])).tolist()
    [[1, 2], [1, 2]]

    Raises ``ShapeError`` where it does not broadcast.
    """
    _check(x, like)
    return x.with_shape(like.known_shape)


@broadcast_like.kernel
def broadcast_like_kernel(xp: Any, x: Any, like: Any) -> Any:
    return xp.broadcast_to(x, like.shape)


@broadcast_like.gradient
def broadcast_like_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return sum_like(g, operation.inputs[0]), None


broadcast_like.batching(_like_batches)


@broadcast_like.samples
def broadcast_like_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 1), normal(2, 3, seed=1))
    yield Sample(normal(3), normal(4, 2, 3, seed=1))
    yield Sample(normal(2, 1, 2), normal(2, 3, 2, seed=1))
    yield Sample(normal(), normal(2, 0, seed=1))
    yield ErrorSample(normal(2), normal(3, seed=1)).raises(ShapeError, "do not broadcast")
    yield ErrorSample(normal(2, 3), normal(1, 3, seed=1)).raises(ShapeError, "(2, 3) does not broadcast to (1, 3)")
