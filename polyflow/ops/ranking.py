"""The largest elements of each row, and whether one is among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf, nan
from typing import Any

from polyflow.core.batching import on_last_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import bool_, int64
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, integers, normal, values
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, ValueRangeError, message
from polyflow.ops.gathering import batch_lines
from polyflow.ops.indexing import index_add


@define_op(dtypes="real", result_names=("values", "indices"))
def top_k(x: TensorType, k: int, /) -> tuple[TensorType, TensorType]:
    """The ``k`` largest elements along the last axis, largest first, and their indices, as int64.

    >>> import polyflow as pf
    >>> found, places = pf.Session().run(pf.top_k([[1, 9, 3], [7, 7, 8]], 2))
    >>> found.tolist(), places.tolist()
    ([[9, 3], [8, 7]], [[1, 2], [2, 0]])

    Of equal elements the first comes first; NaN counts as larger than every number. Raises ``ShapeError`` where there
    are fewer than ``k``. Source: TensorFlow, "tf.math.top_k".
    """
    if not isinstance(k, int) or isinstance(k, bool) or k < 0:
        raise ValueRangeError(message("a k that makes no sense", found=k, needed="a number >= 0"))
    size = x.known_shape[-1] if x.rank else 0
    if size is not None and size < k:
        found = format_shape(x.known_shape)
        raise ShapeError(message(f"there are no {k} elements in a row", found=found, needed=f"a last axis >= {k}"))
    shape = (*x.known_shape[:-1], k)
    return x.with_shape(shape), TensorType(int64, shape)


@top_k.kernel
def top_k_kernel(xp: Any, x: Any, k: int) -> Any:
    places = xp.argsort(x, axis=-1, descending=True, stable=True)[..., :k]
    return xp.take_along_axis(x, places, axis=-1), xp.astype(places, xp.int64)


@top_k.gradient
def top_k_gradient(xp: Any, operation: Any, g: Any) -> Any:
    x, places = operation.inputs[0], operation.outputs[1]
    lines = batch_lines(xp, places.shape, x.ndim - 1)
    return index_add(xp.zeros_like(x), g[0], *lines, places, key=(INDEX,) * x.ndim)


top_k.batching(on_last_axes)


@top_k.samples
def top_k_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 5), 2)
    yield Sample(normal(2, 3, 4), 4)
    yield Sample(values([3.0, 1.0, 3.0, 2.0, 1.0]), 3, gradient=False)
    yield Sample(normal(2, 3), 0)
    yield Sample(values([3.0, 2.0, 1.0]), 3, gradient=False)
    yield Sample(values([[1.0, nan, 3.0, 3.0], [nan, 3.0, nan, inf]]), 3, gradient=False, dtypes="real floating")
    yield Sample(values([-0.0, 0.0, -0.0, -inf]), 2, gradient=False, dtypes="real floating")
    yield ErrorSample(normal(2, 3), 4).raises(ShapeError, "there are no 4 elements in a row")
    yield ErrorSample(normal(2, 3), -1).raises(ValueRangeError, "a k that makes no sense")
    yield ErrorSample(values([1j], "complex64"), 1).raises(DTypeError, "needed:  a real dtype")


@define_op(namespace="nn", dtypes={"predictions": "real", "targets": "integral"})
def in_top_k(predictions: TensorType, targets: TensorType, k: int, /) -> TensorType:
    """For each row of ``predictions`` whether the class in ``targets`` is among the ``k`` largest.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.nn.in_top_k([[0.1, 0.7, 0.2], [0.5, 0.3, 0.3]], [2, 1], 2)).tolist()
    [True, True]

    Classes that tie at the border are all in. A target that is no class, or whose prediction is not finite, is not in.
    Source: TensorFlow, "tf.math.in_top_k".
    """
    rows, classes = predictions.known_shape[:-1], targets.known_shape
    is_same = len(rows) == len(classes) and all(
        None in pair or pair[0] == pair[1] for pair in zip(rows, classes, strict=True)
    )
    if not predictions.rank or not is_same:
        found, needed = f"{format_shape(predictions.known_shape)} and {format_shape(classes)}", "the shape of the rows"
        raise ShapeError(message("targets do not have one class for each row", found=found, needed=needed))
    return TensorType(bool_, classes)


in_top_k.zero_gradient("its result is true or false")


@in_top_k.expansion
def in_top_k_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp, (predictions, targets) = builder.xp, inputs
    count = predictions.shape[-1]
    is_class = xp.logical_and(targets >= 0, targets < count)
    places = xp.expand_dims(xp.where(is_class, targets, 0), axis=-1)
    chosen = xp.take_along_axis(predictions, places, axis=-1)
    better = xp.count_nonzero(predictions > chosen, axis=-1)
    is_finite = xp.isfinite(xp.squeeze(chosen, axis=-1))
    return xp.logical_and(xp.logical_and(is_class, is_finite), better < attributes["k"])


@in_top_k.samples
def in_top_k_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 5), integers(4, low=0, high=5), 2)
    yield Sample(values([[1.0, 2.0, 2.0, 0.0]] * 4), values([1, 0, -1, 4], "int32"), 1)
    yield ErrorSample(normal(4, 5), integers(4, 1, low=0, high=5), 2).raises(ShapeError, "one class for each row")
    yield ErrorSample(normal(4, 5), integers(1, low=0, high=5), 2).raises(ShapeError, "needed:  the shape of the rows")
