"""``tensor[key] = value``, as a function: a new tensor in which the elements that ``key`` selects are others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import as_dtype, promote
from polyflow.core.keys import INDEX, native_key, split_index
from polyflow.core.literal import is_weak_number, literal, weak_literal
from polyflow.core.primitives import astype
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, message
from polyflow.ops.batched_indexing import batched_assignment
from polyflow.ops.indexing import getitem, selected_shape


def tensor_setitem(self: Tensor, key: Any, value: Any) -> None:
    """``self[key] = value``: what ``Tensor.__setitem__`` does.

    >>> import polyflow as pf
    >>> x = pf.constant([1, 2, 3])
    >>> before = x + 0
    >>> x[1:] = 9
    >>> [each.tolist() for each in pf.Session().run([before, x])]
    [[1, 2, 3], [1, 9, 9]]

    From here on the Python object stands for the new tensor; what was built from it before keeps the old one.
    """
    frozen, indices = split_index(key)
    self.rebind(index_set(self, assigned_value(self, value), *indices, key=frozen))


def assigned_value(x: Any, value: Any) -> Any:
    """``value`` in the dtype of ``x``, if it promotes to it: assignment never changes the dtype of an array."""
    if x.dtype is None:
        return value
    if is_weak_number(value):
        return literal(weak_literal(value).tolist(), x.dtype)
    found = getattr(value, "dtype", None)
    if found is None or as_dtype(found) is x.dtype or promote(as_dtype(found), x.dtype) is not x.dtype:
        return value
    return astype(value, x.dtype)


@define_op(traits=Trait.VIEW, adopts={"value": "x"})
def index_set(x: TensorType, value: TensorType, /, *indices: TensorType, key: tuple[Any, ...]) -> TensorType:
    """``x`` with ``value`` in the place of the elements that ``key`` selects; users write ``x[key] = value``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.index_set([1, 2, 3], 0, key=(slice(1, None),))).tolist()
    [1, 0, 0]

    ``value`` is broadcast to the shape of ``x[key]``; a Python number takes the dtype of ``x``, any other ``value``
    must promote to it. Where indices repeat, one of the values is kept. Standard: "Indexing", assignment.
    """
    selected = selected_shape(x, indices, key)
    if value.dtype is not x.dtype:
        raise DTypeError(
            message("the value has another dtype", found=value.dtype, needed=x.dtype, remedy="astype(value, x.dtype)")
        )
    if broadcast_shapes(selected, value.known_shape) != selected and None not in selected:
        raise ShapeError(
            message(
                "the value does not broadcast to what the key selects",
                found=format_shape(value.shape),
                needed=format_shape(selected),
            )
        )
    return x


@index_set.gradient
def index_set_gradient(xp: Any, operation: Any, g: Any) -> Any:
    _, value, *indices = operation.inputs
    key = operation.attributes["key"]
    zero = xp.zeros((), dtype=value.dtype)
    return (index_set(g, zero, *indices, key=key), getitem(g, *indices, key=key), *(None,) * len(indices))


@index_set.kernel
def index_set_kernel(xp: Any, x: Any, value: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    result = xp.asarray(x, copy=True)
    result[native_key(key, indices)] = value
    return result


index_set.batching(batched_assignment)


@index_set.samples
def index_set_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), normal(3, seed=1), key=(0,))
    yield Sample(normal(4, 3), normal(seed=1), key=(slice(None, None, -2), 1))
    yield Sample(normal(4, 3, 2), normal(2, 3, 1, seed=1), key=(slice(1, 3), Ellipsis))
    yield Sample(normal(4, 3), normal(2, 3, seed=1), values([3, 0], "int64"), key=(INDEX,))
    yield Sample(normal(4, 3), normal(seed=1), booleans(4, 3), key=(INDEX,))
    yield Sample(normal(4, 3), 2, key=(0,), dtypes="numeric")
    yield Sample(normal(4, 3), values([2, 1, 0], "int8"), key=(0,), dtypes="floating")
    yield ErrorSample(normal(4, 3), normal(2), key=(0,)).raises(ShapeError, "shapes (3,) and (2,) do not broadcast")
    yield ErrorSample(normal(4, 3), values([1j], "complex128"), key=(0,), dtypes="real floating").raises(
        DTypeError, "the value has another dtype"
    )
