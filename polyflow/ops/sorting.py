"""Sorting along an axis (standard, "Sorting Functions")."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, nan
from typing import Any

from polyflow.core.batching import along_axis
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import int64
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import single_axis
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, DTypeError


@define_op(traits=Trait.IDEMPOTENT, dtypes="real")
def sort(x: TensorType, /, *, axis: Axis = -1, descending: bool = False, stable: bool = True) -> TensorType:
    """The elements of ``x`` in order along ``axis``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.sort([[3, 1, 2], [6, 5, 4]], descending=True)).tolist()
    [[3, 2, 1], [6, 5, 4]]

    NaN counts as larger than every number. The gradient goes back to where each element came from. Standard: "sort".
    """
    single_axis(axis, x.rank)
    return x.with_shape(x.known_shape)


@sort.gradient
def sort_gradient(xp: Any, operation: Any, g: Any) -> Any:
    axis = operation.attributes["axis"]
    order = xp.argsort(operation.inputs[0], **operation.attributes)
    return xp.take_along_axis(g, xp.argsort(order, axis=axis), axis=axis)


sort.batching(along_axis)


@sort.samples
def sort_samples() -> Iterator[Sample]:
    yield from _sort_samples()


def _sort_samples() -> Iterator[Sample]:
    yield Sample(normal(5))
    yield Sample(values([1, 2, 3]))
    yield Sample(values([0, 1, 2], "int64"))
    yield Sample(values([1.0 + 2.0**-40, 1.0], "float64"), gradient=False)
    for is_descending in (False, True):
        missing = values([1.0, nan, 3.0, -inf, nan, 0.0])
        yield Sample(missing, descending=is_descending, gradient=False, dtypes="real floating")
    yield Sample(normal(3, 4), axis=0, descending=True)
    yield Sample(values([[2.0, 1.0, 2.0, 1.0]]), axis=-1, gradient=False)
    yield Sample(values([[2.0, 1.0, 2.0, 1.0]]), descending=True, gradient=False)
    yield Sample(normal(2, 0))
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")
    yield ErrorSample(values([1j], "complex64")).raises(DTypeError, "needed:  a real dtype")


@define_op(dtypes="real")
def argsort(x: TensorType, /, *, axis: Axis = -1, descending: bool = False, stable: bool = True) -> TensorType:
    """The indices, as int64, that sort ``x`` along ``axis``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.argsort([30, 10, 20])).tolist()
    [1, 2, 0]

    Equal elements keep their order where ``stable``, also when ``descending``. Standard: "argsort".
    """
    single_axis(axis, x.rank)
    return TensorType(int64, x.known_shape)


argsort.zero_gradient("its result is whole numbers")
argsort.samples(_sort_samples)
argsort.batching(along_axis)
