"""Parts of matrices that lie along a diagonal, and masks of lengths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import bool_
from polyflow.core.samples import ErrorSample, Sample, integers, normal, values
from polyflow.core.shapes import product
from polyflow.core.signature import DTypeLike
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message


@define_op
def diag(x: TensorType, /) -> TensorType:
    """The tensor of twice the rank that has the elements of ``x`` on its diagonal, ``y[i, ..., i, ...] == x[i, ...]``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.diag([1, 2])).tolist()
    [[1, 0], [0, 2]]

    Everything else is 0. Raises ``ShapeError`` for a number. Source: TensorFlow, "tf.linalg.tensor_diag".
    """
    if not x.rank:
        raise ShapeError(message("a number is no diagonal", found=str(x), needed="rank 1 or more"))
    return x.with_shape(x.known_shape * 2)


@diag.expansion
def diag_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x = inputs[0]
    return builder.xp.reshape(_on_diagonal(builder.xp, builder.xp.reshape(x, (x.size,))), x.shape * 2)


def _on_diagonal(xp: Any, x: Any) -> Any:
    """Matrices with the last axis of ``x`` on their diagonals."""
    size = x.shape[-1]
    return xp.where(xp.eye(size, dtype=bool_), xp.expand_dims(x, axis=-1), False if x.dtype is bool_ else 0)


@diag.samples
def diag_samples() -> Iterator[Sample]:
    yield Sample(normal(3))
    yield Sample(normal(2, 3))
    yield Sample(normal(0))
    yield ErrorSample(normal()).raises(ShapeError, "a number is no diagonal")


@define_op(traits=Trait.VIEW)
def diag_part(x: TensorType, /) -> TensorType:
    """The diagonal of a tensor whose shape is some shape twice over, ``y[i, ...] == x[i, ..., i, ...]``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.diag_part([[1, 2], [3, 4]])).tolist()
    [1, 4]

    It undoes :func:`diag`. Raises ``ShapeError`` for another shape. Source: TensorFlow, "tf.linalg.tensor_diag_part".
    """
    half = x.rank // 2
    left, right = x.known_shape[:half], x.known_shape[half:]
    if not x.rank or not _is_twice(left, right):
        found = format_shape(x.known_shape)
        raise ShapeError(message("the shape is not some shape twice over", found=found, needed="(m, ..., m, ...)"))
    return x.with_shape(left)


def _is_twice(left: Shape, right: Shape) -> bool:
    return len(left) == len(right) and all(None in pair or pair[0] == pair[1] for pair in zip(left, right, strict=True))


@diag_part.expansion
def diag_part_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, x = builder.xp, inputs[0]
    shape = x.shape[: x.ndim // 2]
    size = product(shape) or 0
    return xp.reshape(xp.reshape(x, (size * size,))[:: size + 1], shape)


@diag_part.samples
def diag_part_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 3))
    yield Sample(normal(2, 3, 2, 3))
    yield Sample(normal(0, 0))
    yield ErrorSample(normal(2, 3)).raises(ShapeError, "the shape is not some shape twice over")


@define_op
def matrix_diag(x: TensorType, /) -> TensorType:
    """Matrices with the last axis of ``x`` on their diagonals and 0 elsewhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.matrix_diag([[1, 2], [3, 4]])).tolist()
    [[[1, 0], [0, 2]], [[3, 0], [0, 4]]]

    Source: TensorFlow, "tf.linalg.diag".
    """
    if not x.rank:
        raise ShapeError(message("a number is no diagonal", found=str(x), needed="rank 1 or more"))
    return x.with_shape((*x.known_shape, x.known_shape[-1]))


@matrix_diag.expansion
def matrix_diag_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _on_diagonal(builder.xp, inputs[0])


@matrix_diag.samples
def matrix_diag_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(1))
    yield ErrorSample(normal()).raises(ShapeError, "a number is no diagonal")


@define_op(traits=Trait.VIEW)
def matrix_diag_part(x: TensorType, /) -> TensorType:
    """The diagonals of the matrices in the last two axes of ``x``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.matrix_diag_part([[1, 2, 3], [4, 5, 6]])).tolist()
    [1, 5]

    Source: TensorFlow, "tf.linalg.diag_part".
    """
    rows, columns = _matrix(x)
    size = None if rows is None or columns is None else rows if rows < columns else columns
    return x.with_shape((*x.known_shape[:-2], size))


def _matrix(x: TensorType) -> tuple[int | None, int | None]:
    if x.rank < 2:
        raise ShapeError(message("not matrices", found=format_shape(x.known_shape), needed="rank 2 or more"))
    return x.known_shape[-2], x.known_shape[-1]


@matrix_diag_part.expansion
def matrix_diag_part_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    x = inputs[0]
    size = x.shape[-2] if x.shape[-2] < x.shape[-1] else x.shape[-1]
    flat = builder.xp.reshape(x[..., :size, :size], (*x.shape[:-2], size * size))
    return flat[..., :: size + 1]


@matrix_diag_part.samples
def matrix_diag_part_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 3))
    yield Sample(normal(2, 2, 4))
    yield Sample(normal(2, 4, 3))
    yield ErrorSample(normal(3)).raises(ShapeError, "not matrices")


@define_op(traits=Trait.VIEW)
def matrix_band_part(x: TensorType, num_lower: int, num_upper: int, /) -> TensorType:
    """``x`` with 0 outside a band around the diagonal of each matrix.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.matrix_band_part([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 0, 1)).tolist()
    [[1, 2, 0], [0, 5, 6], [0, 0, 9]]

    The band has ``num_lower`` diagonals below the main one and ``num_upper`` above it; a negative number means all.
    Source: TensorFlow, "tf.linalg.band_part".
    """
    _matrix(x)
    return x.with_shape(x.known_shape)


@matrix_band_part.expansion
def matrix_band_part_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, x = builder.xp, inputs[0]
    lower, upper = attributes["num_lower"], attributes["num_upper"]
    above = xp.expand_dims(xp.arange(x.shape[-1]), axis=0) - xp.expand_dims(xp.arange(x.shape[-2]), axis=1)
    zero = False if x.dtype is bool_ else 0
    for bound, is_outside in ((lower, -above > lower), (upper, above > upper)):
        if bound >= 0:
            x = xp.where(is_outside, zero, x)
    return x


@matrix_band_part.samples
def matrix_band_part_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 4), 1, 0)
    yield Sample(normal(2, 3, 4), -1, 1)
    yield Sample(normal(3, 2), -1, -1)
    yield ErrorSample(normal(3), 0, 0).raises(ShapeError, "not matrices")


@define_op(dtypes="integral")
def sequence_mask(lengths: TensorType, maxlen: int, /, *, dtype: DTypeLike = None) -> TensorType:
    """For each length a row of ``maxlen`` elements, the first so many of them true.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sequence_mask([1, 3], 3)).tolist()
    [[True, False, False], [True, True, True]]

    With a ``dtype`` they are 1 and 0 in it. ``maxlen`` must be known when the graph is built.
    Source: TensorFlow, "tf.sequence_mask".
    """
    if not isinstance(maxlen, int) or isinstance(maxlen, bool) or maxlen < 0:
        raise ValueRangeError(message("a maxlen that makes no sense", found=maxlen, needed="a number >= 0"))
    return TensorType(dtype or bool_, (*lengths.known_shape, maxlen))


sequence_mask.zero_gradient("its operand is whole numbers")


@sequence_mask.expansion
def sequence_mask_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp = builder.xp
    lengths = xp.astype(xp.expand_dims(inputs[0], axis=-1), xp.int64)
    return xp.astype(xp.arange(attributes["maxlen"]) < lengths, attributes["dtype"])


@sequence_mask.samples
def sequence_mask_samples() -> Iterator[Sample]:
    yield Sample(integers(2, 3, low=0, high=5, dtype=None), 4)
    yield Sample(values([0, -1, 7], "int64"), 3, dtype="float32")
    yield ErrorSample(values([1], "int64"), -1).raises(ValueRangeError, "a maxlen that makes no sense")
    yield ErrorSample(values([0.5], "float32"), 2).raises(DTypeError, "needed:  a integral dtype")
