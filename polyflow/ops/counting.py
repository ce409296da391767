"""Questions about many elements at once: ``all``, ``any`` and ``count_nonzero`` (standard, "Utility Functions")."""

from __future__ import annotations

from collections.abc import Iterator

from polyflow.core.batching import over_axes
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import bool_, int64
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import reduced
from polyflow.core.signature import Axis
from polyflow.core.types import TensorType
from polyflow.errors import AxisError


@define_op
def all(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """Whether every element of ``x`` over ``axis`` is true, or other than 0.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.all([[True, False], [True, True]], axis=1)).tolist()
    [False, True]

    NaN counts as true; so does having no elements. Standard: "all".
    """
    return reduced(x, axis, keepdims, dtype=bool_)


all.zero_gradient("its result is boolean")


all.batching(over_axes)


@all.samples
def all_samples() -> Iterator[Sample]:
    yield from _truth_samples()


def _truth_samples() -> Iterator[Sample]:
    yield Sample(booleans(2, 3))
    yield Sample(values([[0.0, 0.0, 1.0], [2.0, 1.0, 1.0], [0.0, 0.0, 0.0]]), axis=1)
    yield Sample(normal(2, 3, 2), axis=(0, -1), keepdims=True)
    yield Sample(values([1e-60, 1e-60], "float64"))
    yield Sample(normal(2, 0), axis=1)
    yield Sample(values([[[0.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]), axis=1)
    yield Sample(values([[[0.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]), axis=2, keepdims=True)
    yield Sample(values([float("nan"), float("-inf")]), dtypes="real floating")
    yield Sample(values([[0j, 0j], [1j, 0j], [2j, -1j]]), dtypes="complex floating", axis=1)
    yield ErrorSample(normal(2, 3), axis=2).raises(AxisError, "axis 2 is out of range for rank 2")


@define_op
def any(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """Whether some element of ``x`` over ``axis`` is true, or other than 0.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.any([[True, False], [False, False]], axis=1)).tolist()
    [True, False]

    NaN counts as true; having no elements as false. Standard: "any".
    """
    return reduced(x, axis, keepdims, dtype=bool_)


any.zero_gradient("its result is boolean")
any.samples(_truth_samples)
any.batching(over_axes)


@define_op
def count_nonzero(x: TensorType, /, *, axis: Axis = None, keepdims: bool = False) -> TensorType:
    """How many elements of ``x`` over ``axis`` are true, or other than 0, as int64.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.count_nonzero([[1, 0, 2], [0, 0, 3]], axis=1)).tolist()
    [2, 1]

    Standard: "count_nonzero".
    """
    return reduced(x, axis, keepdims, dtype=int64)


count_nonzero.zero_gradient("its result is a whole number")
count_nonzero.samples(_truth_samples)
count_nonzero.batching(over_axes)
