"""Where values come from: constants and placeholders, in TensorFlow 1's words, and ``asarray`` in the standard's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from polyflow.core.dtypes import DType, as_dtype
from polyflow.core.graph import get_default_graph
from polyflow.core.literal import Literal, literal
from polyflow.core.location import user_location
from polyflow.core.primitives import astype, placeholder_op
from polyflow.core.shapes import declared_shape
from polyflow.core.tensor import Tensor
from polyflow.errors import PolyflowError, ShapeError, message, with_line
from polyflow.ops.ordering import identity


def placeholder(
    dtype: DType | str | type | None = None,
    shape: int | Sequence[int | None] | None = None,
    name: str | None = None,
) -> Tensor:
    """A tensor whose value is given when a session runs.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (None, 2), name="x")
    >>> pf.Session().run(x * 2, {x: [[1, 2]]}).tolist()
    [[2.0, 4.0]]

    ``dtype`` and ``shape`` may be left open, whole or, with ``None``, dimension by dimension: the first run knows them.
    """
    return placeholder_op(  # type: ignore[no-any-return]
        dtype=None if dtype is None else as_dtype(dtype), shape=_shape(shape), name=name
    )


def _shape(shape: int | Sequence[int | None] | None) -> tuple[int | None, ...] | None:
    if shape is None:
        return None
    return declared_shape(shape if isinstance(shape, Iterable) else (shape,))


def constant(
    value: object, dtype: DType | str | type | None = None, shape: Sequence[int] | None = None, name: str | None = None
) -> Tensor:
    """A tensor that always has ``value``: a number, a nested list, or an array, which is copied.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.constant(7, pf.float32, (2, 2))).tolist()
    [[7.0, 7.0], [7.0, 7.0]]

    ``dtype`` converts Python numbers; an array keeps its own, and another ``dtype`` is an error. With ``shape`` the
    elements are arranged so, and a single one is repeated.
    """
    snapshot = _snapshot(value, None if dtype is None else as_dtype(dtype))
    if shape is not None:
        snapshot = _arranged(snapshot, tuple(shape))
    return get_default_graph().constant(snapshot, name=name)


def _snapshot(value: object, dtype: DType | None) -> Literal:
    try:
        return literal(value, dtype)
    except PolyflowError as error:  # a literal does not know who asks for it
        raise with_line(error, user_location()) from None


def _arranged(value: Literal, shape: tuple[int, ...]) -> Literal:
    arranged = Literal(value.dtype, shape, value.data)
    if value.size == arranged.size:
        return arranged
    if value.size == 1:
        return Literal(value.dtype, shape, value.data * arranged.size)
    raise ShapeError(
        message(
            "constant: too few or too many elements for the shape",
            found=value.size,
            needed=shape,
            where=user_location(),
        )
    )


def asarray(
    value: object, /, *, dtype: DType | None = None, device: str | None = None, copy: bool | None = None
) -> Tensor:
    """``value`` as a tensor: a tensor is returned as it is, or cast to ``dtype``.

    >>> import polyflow as pf
    >>> pf.asarray([1, 2], dtype=pf.float64)
    <Tensor 'constant:0' float64[2]>

    Standard: "asarray". ``device`` is wished for where a constant is made. With ``copy`` the result is another
    tensor than ``value``, so that an assignment to elements of the one leaves the other as it is.
    """
    convert: Any = getattr(value, "__tensor__", None)
    if convert is None:
        with get_default_graph().device(device) if device is not None else nullcontext():
            return constant(value, dtype)
    tensor: Tensor = convert()
    if dtype is not None and tensor.dtype is not as_dtype(dtype):
        return astype(tensor, dtype)  # type: ignore[no-any-return]
    return identity(tensor) if copy else tensor
