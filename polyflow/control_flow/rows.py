"""Arrays whose number of rows is known only when the graph runs: what a ``TensorArray`` of that kind is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.batching import again, in_all
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DType
from polyflow.core.primitives import constant_op
from polyflow.core.samples import Sample, normal, values
from polyflow.core.signature import DTypeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import Shape, TensorType, format_shape
from polyflow.errors import ShapeError, message
from polyflow.extension.manager import extensions


@define_op(name="rows_of_zeros")
def rows_of_zeros(count: TensorType, /, *, dtype: DTypeLike, row: Shape) -> TensorType:
    """``count`` rows of zeros, each of shape ``row``.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.rows import rows_of_zeros
    >>> pf.Session().run(rows_of_zeros(pf.constant(2), dtype=pf.float32, row=(3,))).shape
    (2, 3)
    """
    return TensorType(dtype, (None, *row))


rows_of_zeros.zero_gradient("its elements do not depend on how many there are")


@rows_of_zeros.kernel
def rows_of_zeros_kernel(xp: Any, count: Any, *, dtype: Any, row: tuple[int, ...]) -> Any:
    if None in row:
        raise ShapeError(
            message(
                "TensorArray: the shape of its elements is not known, since none was written",
                found=format_shape(row),
                remedy="TensorArray(..., element_shape=...) without None",
            )
        )
    return xp.zeros((int(count), *row), dtype=dtype)


@rows_of_zeros.samples
def rows_of_zeros_samples() -> Iterator[Sample]:
    yield Sample(values(3, "int64"), dtype="float64", row=(2,), gradient=False)


@define_op(traits=Trait.VIEW)
def grown_rows(x: TensorType, place: TensorType, /) -> TensorType:
    """``x`` with rows of zeros behind its own, so that there is one at ``place``: twice as many, if there was none.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.rows import grown_rows
    >>> pf.Session().run(grown_rows([1, 2], 2)).tolist()
    [1, 2, 0, 0]
    """
    return _resized_type(x, None)


@grown_rows.gradient
def grown_rows_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.rows_like(g, operation.inputs[0]), None


@grown_rows.kernel
def grown_rows_kernel(xp: Any, x: Any, place: Any) -> Any:
    wanted = int(place) + 1
    if wanted <= x.shape[0]:
        return x
    return _resized(xp, x, max(wanted, 2 * x.shape[0]))


@grown_rows.samples
def grown_rows_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), values(1, "int64"))
    yield Sample(normal(2, 3), values(2, "int64"))
    yield Sample(normal(0, 3), values(4, "int64"), gradient=False)


@define_op
def first_rows(x: TensorType, count: TensorType, /) -> TensorType:
    """The first ``count`` rows of ``x``.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.rows import first_rows
    >>> pf.Session().run(first_rows([1, 2, 3], 2)).tolist()
    [1, 2]
    """
    return _resized_type(x, None)


@first_rows.gradient
def first_rows_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.rows_like(g, operation.inputs[0]), None


@first_rows.kernel
def first_rows_kernel(xp: Any, x: Any, count: Any) -> Any:
    return xp.asarray(x[: int(count)], copy=True)


@first_rows.samples
def first_rows_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), values(2, "int64"))
    yield Sample(normal(4, 3), values(0, "int64"), gradient=False)


@define_op
def rows_like(x: TensorType, like: TensorType, /) -> TensorType:
    """The rows of ``x``, cut off or continued by zeros to the number of those of ``like``.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.rows import rows_like
    >>> pf.Session().run(rows_like([1, 2], [0, 0, 0])).tolist()
    [1, 2, 0]
    """
    return _resized_type(x, like.known_shape[0] if like.rank else None)


@rows_like.gradient
def rows_like_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return rows_like(g, operation.inputs[0]), None


@rows_like.kernel
def rows_like_kernel(xp: Any, x: Any, like: Any) -> Any:
    return _resized(xp, x, like.shape[0])


@rows_like.samples
def rows_like_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(4, 3, seed=1))
    yield Sample(normal(4, 3), normal(2, 3, seed=1))


def _resized_type(x: TensorType, count: int | None) -> TensorType:
    if not x.known_shape:
        raise ShapeError(message("an array without dimensions has no rows", found=str(x), remedy="x[None]"))
    return x.with_shape((count, *x.known_shape[1:]))


def batched_rows_like(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    """With the batch in axis 1, behind the rows."""
    moved = [xp.moveaxis(each, 0, 1) for each in in_all(xp, inputs, batched)]
    return xp.moveaxis(again(operation, moved), 1, 0)


rows_like.batching(batched_rows_like)


def _resized(xp: Any, x: Any, count: int) -> Any:
    missing = count - x.shape[0]
    if missing <= 0:
        return xp.asarray(x[:count], copy=True)
    return xp.concat([x, xp.zeros((missing, *x.shape[1:]), dtype=x.dtype)], axis=0)


@define_op(name="tensor_array", takes_unknown=True)
def tensor_array_op(size: TensorType, /, *, dtype: DType, element_shape: Shape) -> TensorType:
    """The elements of a new :class:`polyflow.TensorArray`, all of them zero.

    >>> import polyflow as pf
    >>> array = pf.TensorArray("float32", size=2, element_shape=())
    >>> pf.Session().run(array.stack()).tolist()
    [0.0, 0.0]
    """
    return TensorType(dtype, (None, *element_shape))


tensor_array_op.zero_gradient("its elements are zero")


@tensor_array_op.expansion
def tensor_array_expansion(builder: Any, inputs: Any, attributes: Any) -> Any:
    size = inputs[0].operation
    dtype, row = attributes["dtype"], attributes["element_shape"]
    if size.op is constant_op and None not in row:
        count = int(size.attributes["value"].tolist())
        return builder.as_tensor(extensions().namespace.zeros((count, *row), dtype=dtype))
    return rows_of_zeros(builder.cast(inputs[0], None), dtype=dtype, row=row)


@define_op(takes_unknown=True)
def shaped_rows(x: TensorType, value: TensorType, /, *, grows: bool = False) -> TensorType:
    """``x``; where it is a new array the shape of whose elements the graph left open, that of ``value`` fills it in.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (None,))
    >>> array = pf.TensorArray("float32", size=2, element_shape=(None,)).write(0, x)
    >>> pf.Session().run(array.stack(), {x: [1, 2, 3]}).tolist()
    [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]
    """
    return x


@shaped_rows.expansion
def shaped_rows_expansion(builder: Any, inputs: Any, attributes: Any) -> Any:
    x, value = inputs
    return _filled(x, value.type.shape, attributes["grows"]) if _is_open(x) else x


def written_rows(starts: Sequence[Tensor], results: Sequence[Tensor]) -> list[Tensor] | None:
    """What a loop starts with, arrays of elements of an open shape in that of the elements that its body writes.

    ``None`` where there is no such array.
    """
    if not any(_is_open(each) for each in starts):
        return None
    found = []
    for start, result in zip(starts, results, strict=False):
        shape, grows = _written(result) if _is_open(start) else (None, False)
        found.append(start if shape is None else _filled(start, shape, grows))
    return found


def _is_open(x: Tensor) -> bool:
    return x.operation.op is rows_of_zeros and None in x.operation.attributes["row"]


def _filled(x: Tensor, shape: Shape | None, grows: bool) -> Any:
    """New rows like ``x``, each of the last dimensions of ``shape``; with ``grows`` their number stays open."""
    row = x.operation.attributes["row"]
    found = (shape or ())[-len(row) :]
    (count,), dtype = x.operation.inputs, x.operation.attributes["dtype"]
    if count.operation.op is constant_op and None not in found and not grows:
        size = int(count.operation.attributes["value"].tolist())
        return extensions().namespace.zeros((size, *found), dtype=dtype)
    return rows_of_zeros(count, dtype=dtype, row=found)


def _written(made: Tensor) -> tuple[Shape | None, bool]:
    """The shape of what the operation that ``made`` the array wrote into it, and whether the array may have grown."""
    operation = made.operation
    if operation.op.full_name == "index_set":
        return operation.inputs[1].type.shape, operation.inputs[0].operation.op is grown_rows
    body = operation.attributes.get("body")  # a loop inside
    return (None, False) if body is None else _written(body.results[made.index])
