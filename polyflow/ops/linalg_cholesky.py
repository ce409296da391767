"""The Cholesky decomposition (standard, "Linear Algebra Extension"); others are in ``linalg_decompositions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.types import TensorType
from polyflow.errors import ShapeError
from polyflow.ops.matrices import (
    NOT_FINITE,
    adjoint,
    conjugate,
    diagonal_matrix,
    hermitian_part,
    positive_definite,
    stack_of_squares,
)


@define_op(namespace="linalg", dtypes="floating", to_float=True)
def cholesky(x: TensorType, /, *, upper: bool = False) -> TensorType:
    """The lower triangular ``L`` of ``x = L @ adjoint(L)`` for Hermitian, positive definite matrices.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]])).tolist()
    [[2.0, 0.0], [1.0, 2.0]]

    With ``upper`` it is the ``U`` of ``x = adjoint(U) @ U``. Only that triangle of ``x`` is read; the gradient is
    Hermitian, as ``x`` is. The triangle of a matrix that is not positive definite is NaN. Standard: "linalg.cholesky".
    """
    return stack_of_squares(x)


@cholesky.gradient
def cholesky_gradient(xp: Any, operation: Any, g: Any) -> Any:
    # Source: I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527.
    lower, g = operation.output, conjugate(xp, g)
    if operation.attributes["upper"]:
        lower, g = adjoint(xp, lower), adjoint(xp, g)
    above = adjoint(xp, lower)
    half = xp.tril(above @ g)
    half = half - 0.5 * diagonal_matrix(xp, xp.linalg.diagonal(half))
    found = xp.linalg.solve(above, adjoint(xp, xp.linalg.solve(above, adjoint(xp, half))))
    return conjugate(xp, hermitian_part(xp, found))


cholesky.batching(on_last_axes)


@cholesky.samples
def cholesky_samples() -> Iterator[Sample]:
    for upper in (False, True):
        yield Sample(normal(3, 3), dtypes="floating", prepare=positive_definite, upper=upper)
        yield Sample(normal(2, 2, 2), dtypes="floating", prepare=positive_definite, upper=upper)
    yield Sample(normal(0, 2, 2), dtypes="floating")
    yield Sample(values([[4.0, 7.0], [2.0, 5.0]]), dtypes="real floating", gradient=False)  # one triangle is read
    yield Sample(values([[4.0, 2.0], [7.0, 5.0]]), dtypes="real floating", gradient=False, upper=True)
    indefinite = values([[[1.0, 2.0], [2.0, 1.0]], [[4.0, 2.0], [2.0, 5.0]], [[0.0, 0.0], [0.0, 1.0]]])
    for upper in (False, True):
        yield Sample(indefinite, dtypes="floating", gradient=False, upper=upper)
        yield Sample(NOT_FINITE, dtypes="floating", gradient=False, upper=upper)
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the matrices are not square")
