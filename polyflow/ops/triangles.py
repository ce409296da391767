"""Triangles of matrices (standard, "Creation Functions"): what lies on one side of a diagonal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.types import TensorType
from polyflow.errors import ShapeError, message


@define_op(traits=Trait.IDEMPOTENT)
def tril(x: TensorType, /, *, k: int = 0) -> TensorType:
    """The lower triangle of each matrix, up to its ``k``-th diagonal; 0 above.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tril([[1, 2], [3, 4]])).tolist()
    [[1, 0], [3, 4]]

    Standard: "tril".
    """
    return _matrices(x)


@tril.gradient
def tril_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.tril(g, k=operation.attributes["k"])


tril.batching(on_last_axes)


@tril.samples
def tril_samples() -> Iterator[Sample]:
    yield from _triangles()


@define_op(traits=Trait.IDEMPOTENT)
def triu(x: TensorType, /, *, k: int = 0) -> TensorType:
    """The upper triangle of each matrix, from its ``k``-th diagonal; 0 below.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.triu([[1, 2], [3, 4]])).tolist()
    [[1, 2], [0, 4]]

    Standard: "triu".
    """
    return _matrices(x)


@triu.gradient
def triu_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.triu(g, k=operation.attributes["k"])


triu.batching(on_last_axes)


@triu.samples
def triu_samples() -> Iterator[Sample]:
    yield from _triangles()


def _matrices(x: TensorType) -> TensorType:
    if x.rank < 2:
        raise ShapeError(message("a triangle is cut out of matrices", found=x, needed="rank 2 or more"))
    return x.with_shape(x.known_shape)


def _triangles() -> Iterator[Sample]:
    yield Sample(normal(3, 3))
    yield Sample(normal(2, 3, 4), k=1)
    yield Sample(normal(4, 2), k=-2)
    yield Sample(normal(2, 3), k=-1)
    yield Sample(normal(2, 3), k=2)
    yield ErrorSample(normal(3)).raises(ShapeError, "needed:  rank 2 or more")
