"""Running sums and products in TensorFlow's words: exclusive, or from the end; ``cumulative.py`` has the standard's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import single_axis
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError


@define_op(dtypes="numeric")
def cumsum(x: TensorType, /, axis: Axis = 0, *, exclusive: bool = False, reverse: bool = False) -> TensorType:
    """At each place along ``axis``, the sum of the elements up to and including the one there, in the dtype of ``x``.

    >>> import polyflow as pf
    >>> x = pf.constant([1, 2, 3])
    >>> pf.Session().run([pf.cumsum(x, exclusive=True), pf.cumsum(x, reverse=True)])[0].tolist()
    [0, 1, 3]

    ``exclusive`` leaves the element itself out, ``reverse`` sums from the end. Source: TensorFlow, "tf.cumsum".
    """
    single_axis(axis, x.rank)
    return x.with_shape(x.known_shape)


@define_op(dtypes="numeric")
def cumprod(x: TensorType, /, axis: Axis = 0, *, exclusive: bool = False, reverse: bool = False) -> TensorType:
    """At each place along ``axis``, the product of the elements up to and including the one there.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.cumprod([2, 3, 4], exclusive=True, reverse=True)).tolist()
    [12, 4, 1]

    ``exclusive`` leaves the element itself out, ``reverse`` multiplies from the end; the dtype is that of ``x``.
    Source: TensorFlow, "tf.math.cumprod".
    """
    single_axis(axis, x.rank)
    return x.with_shape(x.known_shape)


@cumsum.expansion
def cumsum_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _running(builder.xp, builder.xp.cumulative_sum, inputs[0], **attributes)


@cumprod.expansion
def cumprod_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return _running(builder.xp, builder.xp.cumulative_prod, inputs[0], **attributes)


def _running(xp: Any, cumulate: Any, x: Any, *, axis: Any, exclusive: bool, reverse: bool) -> Any:
    place = single_axis(axis, x.ndim)
    if reverse:
        x = xp.flip(x, axis=place)
    y = cumulate(x, axis=place, dtype=x.dtype, include_initial=exclusive)
    if exclusive:
        y = y[(*(slice(None),) * place, slice(None, -1))]
    return xp.flip(y, axis=place) if reverse else y


@cumsum.samples
@cumprod.samples
def cumulative_option_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3))
    yield Sample(normal(4, 3), -1, exclusive=True)
    yield Sample(normal(2, 3, 2), axis=1, reverse=True)
    yield Sample(values([2.0, 0.0, 3.0]), exclusive=True, reverse=True)
    yield Sample(normal(0, 2), exclusive=True)
    yield ErrorSample(normal(2), axis=1).raises(AxisError, "axis 1 is out of range for rank 1")
