"""What a tensor's type says, as tensors: ``shape``, ``rank``, ``size``.

Specialisation knows nearly every shape and puts a constant in their place; only the sizes of what depends on data, such
as the result of ``nonzero``, are asked of the array when the graph runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from polyflow.core.declaration import Op, define_op
from polyflow.core.dtypes import as_dtype, int64
from polyflow.core.literal import literal
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.signature import DTypeLike
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError

_WHOLE = "its result is whole numbers"


@define_op(takes_unknown=True)
def shape(x: TensorType, /, *, dtype: DTypeLike = int64) -> TensorType:
    """The sizes of the dimensions of ``x``, as a tensor of rank 1.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32")
    >>> pf.Session().run(pf.shape(x), {x: [[1.0, 2.0, 3.0]]}).tolist()
    [1, 3]

    The dtype is int64, that of indices everywhere in polyflow, where TensorFlow has int32. ``x.shape`` is the tuple
    that is known while building. Source: TensorFlow, "tf.shape".
    """
    return TensorType(dtype or int64, (None if x.shape is None else len(x.shape),))


@define_op(takes_unknown=True)
def rank(x: TensorType, /, *, dtype: DTypeLike = int64) -> TensorType:
    """The number of dimensions of ``x``, as a tensor.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.rank([[1, 2], [3, 4]])).tolist()
    2

    Source: TensorFlow, "tf.rank".
    """
    return TensorType(dtype or int64, ())


@define_op(takes_unknown=True)
def size(x: TensorType, /, *, dtype: DTypeLike = int64) -> TensorType:
    """The number of elements of ``x``, as a tensor.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.size([[1, 2], [3, 4]])).tolist()
    4

    ``x.size`` is the number that is known while building. Source: TensorFlow, "tf.size".
    """
    return TensorType(dtype or int64, ())


@shape.expansion
def shape_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    sizes = inputs[0].shape
    return _known(builder, shape, inputs, attributes, None if None in sizes else list(sizes))


@rank.expansion
def rank_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _known(builder, rank, inputs, attributes, len(inputs[0].shape))


@size.expansion
def size_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    sizes = inputs[0].shape
    return _known(builder, size, inputs, attributes, None if None in sizes else prod(sizes))


def _known(builder: Any, op: Op, inputs: Sequence[Any], attributes: Mapping[str, Any], value: Any) -> Any:
    """A constant, or the operation itself where the value is known only at run time."""
    if value is None:
        return builder.add(op, tuple(inputs), attributes).output
    return constant_op(value=literal(value, as_dtype(attributes["dtype"] or int64)))


@shape.kernel
def shape_kernel(xp: Any, x: Any, *, dtype: Any) -> Any:
    return xp.asarray(x.shape, dtype=dtype)


@rank.kernel
def rank_kernel(xp: Any, x: Any, *, dtype: Any) -> Any:
    return xp.asarray(x.ndim, dtype=dtype)


@size.kernel
def size_kernel(xp: Any, x: Any, *, dtype: Any) -> Any:
    return xp.asarray(prod(x.shape), dtype=dtype)


shape.zero_gradient(_WHOLE)
rank.zero_gradient(_WHOLE)
size.zero_gradient(_WHOLE)


@shape.samples
@rank.samples
@size.samples
def dimension_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))
    yield Sample(normal(2, 0, 3), dtype="int32")
    yield Sample(values(1.0))
    yield ErrorSample(normal(2), normal(2)).raises(ArgumentError, "2 positional arguments")
