"""Encodings of numbers of classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.batching import along_axis
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import DType, bool_, float32
from polyflow.core.samples import ErrorSample, Sample, integers, values
from polyflow.core.signature import DTypeLike, NewAxis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, DTypeError, ValueRangeError, message


@define_op(namespace="nn", dtypes="integral")
def one_hot(
    indices: TensorType,
    depth: int,
    /,
    *,
    on_value: float = 1,
    off_value: float = 0,
    axis: NewAxis = -1,
    dtype: DTypeLike = None,
) -> TensorType:
    """For each index a row of ``depth`` elements: ``on_value`` at the index, ``off_value`` elsewhere.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.one_hot([1, 0, 3], 3)).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]

    ``axis`` is the place of the rows in the result's shape. An index outside ``range(depth)`` has ``off_value``
    everywhere. The dtype is float32 unless given. Raises ``ValueRangeError`` for a ``depth`` below 0, ``AxisError``
    where there is no such axis, ``DTypeError`` for values that are none of the dtype. Source: TensorFlow, "tf.one_hot".
    """
    if not isinstance(depth, int) or isinstance(depth, bool) or depth < 0:
        raise ValueRangeError(message("a depth that makes no sense", found=depth, needed="a number >= 0"))
    assert isinstance(axis, int)
    dtype, shape = dtype or float32, indices.known_shape
    if (on_value, off_value) != (1, 0) and not all(_holds(dtype, each) for each in (on_value, off_value)):
        found = f"{on_value} and {off_value} for {dtype}"
        raise DTypeError(message("values that the dtype does not have", found=found, needed="numbers of its kind"))
    return TensorType(dtype, (*shape[:axis], depth, *shape[axis:]))


def _holds(dtype: DType, value: object) -> bool:
    """Whether a Python number is of the kind of ``dtype``, or of one before it."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return dtype is not bool_
    return dtype.is_complex or (dtype.is_floating and not isinstance(value, complex))


@one_hot.kernel
def one_hot_kernel(xp: Any, indices: Any, depth: int, *, on_value: Any, off_value: Any, axis: int, dtype: Any) -> Any:
    places = xp.reshape(xp.arange(depth, dtype=xp.int64), (depth,) + (1,) * (indices.ndim - axis))
    is_on = xp.expand_dims(xp.astype(indices, xp.int64, copy=False), axis=axis) == places
    if on_value == 1 and off_value == 0:
        return xp.astype(is_on, dtype)
    return xp.where(is_on, xp.full((), on_value, dtype=dtype), xp.full((), off_value, dtype=dtype))


one_hot.zero_gradient("its operand is integral")


one_hot.batching(along_axis)


@one_hot.samples
def one_hot_samples() -> Iterator[Sample]:
    yield Sample(integers(2, 3, low=0, high=4, dtype=None), 4)
    yield Sample(integers(2, 3, low=0, high=3), 3, axis=0, on_value=2.5, off_value=-1.0, dtype="float64")
    yield Sample(integers(2, 3, low=0, high=3), 3, axis=1, dtype="int32")
    yield Sample(values([-1, 0, 5], "int64"), 2, dtype=bool_)
    yield Sample(values([0, 200], "uint8"), 300)
    yield Sample(values(1, "int64"), 0)
    yield ErrorSample(values([0.5], "float32"), 2).raises(DTypeError, "needed:  a integral dtype")
    wrong = ErrorSample(values([0], "int64"), 2, on_value=2.5, dtype="int32")
    yield wrong.raises(DTypeError, "values that the dtype does not have")
    yield ErrorSample(values([0], "int64"), -1).raises(ValueRangeError, "a depth that makes no sense")
    yield ErrorSample(values([0], "int64"), 2, axis=2).raises(AxisError, "axis 2 is out of range for rank 2")
