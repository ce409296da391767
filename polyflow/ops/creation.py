"""Tensors made from numbers and shapes (standard, "Creation Functions").

The dtype that is not given is float32, int64 or complex64, as the numbers are. ``constant`` and ``asarray`` stand in
``sources.py``, evenly spaced numbers in ``grids.py``, parts of matrices in ``triangles.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import DType, float32
from polyflow.core.literal import literal
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.signature import DTypeLike, ShapeLike
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import DTypeError, ValueRangeError, message

_NO_OPERAND = "it has no operand"
_SHAPE_ONLY = "the values of its operand do not matter"
_KINDS = ("bool", "int", "float", "complex")  # each holds the numbers of those before it


@define_op
def zeros(shape: ShapeLike, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of ``shape`` that is 0 everywhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.zeros((2, 3), dtype=pf.int64)).tolist()
    [[0, 0, 0], [0, 0, 0]]

    Standard: "zeros".
    """
    return _filled(shape, dtype or float32)


zeros.no_gradient(_NO_OPERAND)


@zeros.samples
def zeros_samples() -> Iterator[Sample]:
    yield from _shapes()


@define_op
def ones(shape: ShapeLike, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of ``shape`` that is 1 everywhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.ones(2)).tolist()
    [1.0, 1.0]

    Standard: "ones".
    """
    return _filled(shape, dtype or float32)


ones.no_gradient(_NO_OPERAND)


@ones.samples
def ones_samples() -> Iterator[Sample]:
    yield from _shapes()


@define_op
def empty(shape: ShapeLike, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of ``shape`` whose elements may be anything.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.empty((2, 0))).tolist()
    [[], []]

    Standard: "empty".
    """
    return _filled(shape, dtype or float32)


empty.no_gradient(_NO_OPERAND)


@empty.samples
def empty_samples() -> Iterator[Sample]:
    yield Sample((2, 0))
    yield Sample((2, 0), dtype="float64")
    yield ErrorSample((2, -3)).raises(ValueRangeError, "no dimension below 0")


@define_op
def full(shape: ShapeLike, fill_value: bool | int | float | complex, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of ``shape`` that is ``fill_value`` everywhere, in the default dtype of that number if none is given.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.full((2, 2), 7)).tolist()
    [[7, 7], [7, 7]]

    Raises ``DTypeError`` or ``ValueRangeError`` for a number that ``dtype`` cannot hold. Standard: "full".
    """
    return _filled(shape, _dtype_for(fill_value, dtype))


full.no_gradient(_NO_OPERAND)


@full.samples
def full_samples() -> Iterator[Sample]:
    yield Sample((2, 3), 2)
    yield Sample((), 1.5)
    yield Sample(3, True)
    yield Sample((2,), 1 - 2j)
    yield Sample((2, 0), -1, dtype="float64")
    yield Sample((2,), 0.1, dtype="float64")
    yield ErrorSample((2,), 1.5, dtype="int32").raises(DTypeError, "kind float does not become int in silence")
    yield ErrorSample((2,), 300, dtype="int8").raises(ValueRangeError, "a number is outside its dtype")


@define_op
def zeros_like(x: TensorType, /, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of the shape of ``x``, and its dtype if none is given, that is 0 everywhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.zeros_like([[5, 6]])).tolist()
    [[0, 0]]

    Standard: "zeros_like".
    """
    return x.with_dtype(dtype or x.known_dtype)


zeros_like.zero_gradient(_SHAPE_ONLY)


zeros_like.batching(on_last_axes)


@zeros_like.samples
def zeros_like_samples() -> Iterator[Sample]:
    yield from _models()


@define_op
def ones_like(x: TensorType, /, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of the shape of ``x``, and its dtype if none is given, that is 1 everywhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.ones_like([[5, 6]])).tolist()
    [[1, 1]]

    Standard: "ones_like".
    """
    return x.with_dtype(dtype or x.known_dtype)


ones_like.zero_gradient(_SHAPE_ONLY)


ones_like.batching(on_last_axes)


@ones_like.samples
def ones_like_samples() -> Iterator[Sample]:
    yield from _models()


@define_op
def empty_like(x: TensorType, /, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of the shape of ``x``, and its dtype if none is given, whose elements may be anything.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.empty_like([[], []])).tolist()
    [[], []]

    Standard: "empty_like".
    """
    return x.with_dtype(dtype or x.known_dtype)


empty_like.zero_gradient(_SHAPE_ONLY)


empty_like.batching(on_last_axes)


@empty_like.samples
def empty_like_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 0))
    yield Sample(normal(0), dtype="int8")
    yield ErrorSample(normal(2), dtype="float23").raises(DTypeError, "not a dtype")


@define_op
def full_like(x: TensorType, /, fill_value: bool | int | float | complex, *, dtype: DTypeLike = None) -> TensorType:
    """A tensor of the shape of ``x``, and its dtype if none is given, that is ``fill_value`` everywhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.full_like([[5.0, 6.0]], 7)).tolist()
    [[7.0, 7.0]]

    Raises ``DTypeError`` or ``ValueRangeError`` for a number that the dtype cannot hold. Standard: "full_like".
    """
    return x.with_dtype(_dtype_for(fill_value, dtype or x.known_dtype))


full_like.zero_gradient(_SHAPE_ONLY)


full_like.batching(on_last_axes)


@full_like.samples
def full_like_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), 1, dtypes="numeric")
    yield Sample(normal(2), 1.5, dtype="float64")
    yield Sample(normal(2), 0.1, dtype="float64")
    yield Sample(normal(2), -1.5, dtypes="real floating")
    yield Sample(normal(2), 1.0 - 2.0j, dtypes="complex floating")
    yield ErrorSample(values([1, 2], "int64"), 1.5).raises(DTypeError, "kind float does not become int in silence")


@define_op
def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DTypeLike = None) -> TensorType:
    """A matrix that is 1 on its ``k``-th diagonal and 0 elsewhere; as many columns as rows if not said otherwise.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.eye(2, 3, k=1)).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]

    Diagonal 0 is the main one, those above it count up. Standard: "eye".
    """
    return _filled((n_rows, n_rows if n_cols is None else n_cols), dtype or float32)


eye.no_gradient(_NO_OPERAND)


@eye.samples
def eye_samples() -> Iterator[Sample]:
    yield Sample(3)
    yield Sample(2, 4, k=-1, dtype="int32")
    yield Sample(2, dtype="float64")
    yield Sample(2, 3, k=5)
    yield ErrorSample(-1).raises(ValueRangeError, "no dimension below 0")


def _filled(shape: tuple[int, ...], dtype: DType) -> TensorType:
    if any(size < 0 for size in shape):
        raise ValueRangeError(message("not a shape", found=format_shape(shape), needed="no dimension below 0"))
    return TensorType(dtype, shape)


def _dtype_for(fill_value: bool | int | float | complex, dtype: DType | None) -> DType:
    """``dtype``, or the default one of ``fill_value``, after a check that it can hold that number."""
    default = literal(fill_value).dtype
    if dtype is not None and _KINDS.index(default.kind) > _KINDS.index(dtype.kind.removeprefix("u")):
        raise DTypeError(
            message(
                f"a number of kind {default.kind} does not become {dtype.kind} in silence",
                found=f"fill_value = {fill_value}",
                needed=f"a number that {dtype} holds",
                remedy=f"fill_value={dtype.kind.removeprefix('u')}({fill_value}), or another dtype",
            )
        )
    return literal(fill_value, dtype).dtype


def _shapes() -> Iterator[Sample]:
    yield Sample((2, 3))
    yield Sample((), dtype="complex128")
    yield Sample(4, dtype="bool")
    yield Sample([2, 0], dtype="uint8")
    yield ErrorSample((2, -3)).raises(ValueRangeError, "no dimension below 0")


def _models() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(), dtype="bool")
    yield Sample(normal(0, 2), dtype="complex64")
    yield ErrorSample(normal(2), dtype="float23").raises(DTypeError, "not a dtype")
