"""Ops whose shape is given as a tensor, as in programs that compute with ``tf.shape(x)``.

The tensor must be made of shapes and numbers only, so that specialisation, which knows them, finds its value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from polyflow.core.declaration import Op, Trait, define_op
from polyflow.core.dtypes import DType
from polyflow.core.inference import check_same_shape, infer
from polyflow.core.literal import literal
from polyflow.core.primitives import constant_op
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import UNKNOWN, TensorType
from polyflow.errors import DTypeError, ShapeError, message
from polyflow.ops.joining import stack
from polyflow.ops.manipulation import reshape

Numbers = int | list[int]


@define_op(takes_unknown=True)
def dynamic_reshape(x: TensorType, shape: TensorType, /) -> TensorType:
    """``x`` in the shape that a tensor holds, which is made of shapes and numbers.

    >>> import polyflow as pf
    >>> from polyflow.ops.shaped import dynamic_reshape
    >>> x = pf.placeholder("float32")
    >>> y = dynamic_reshape(x, pf.stack([pf.shape(x)[1], -1]))
    >>> pf.Session().run(y, {x: [[1.0, 2.0, 3.0]]}).tolist()
    [[1.0], [2.0], [3.0]]

    Raises ``ShapeError`` where the shape depends on data. Source: TensorFlow, "tf.reshape".
    """
    return _of_shape(x.dtype, shape)


def _of_shape(dtype: DType | None, shape: TensorType) -> TensorType:
    if shape.dtype is not None and not shape.dtype.is_integer:
        raise DTypeError(message("not a shape", found=str(shape), needed="whole numbers"))
    if shape.shape is None or (len(shape.shape) == 1 and shape.shape[0] is None):
        return TensorType(dtype, None) if dtype else UNKNOWN
    check_same_shape(TensorType(dtype, (None,)), shape, "a shape is a tensor of rank 1")
    return TensorType(dtype, (None,) * (shape.shape[0] or 0))


@dynamic_reshape.expansion
def dynamic_reshape_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    _check(dynamic_reshape, builder, inputs, attributes)
    return builder.xp.reshape(inputs[0], known_shape(inputs[1], _location(builder)))


def _check(op: Op, builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> None:
    """Infer again, now that the types are known: ops that take unknown ones are not checked before they expand."""
    infer(op, [each.type for each in inputs], attributes, _location(builder))


def _location(builder: Any) -> object:
    return getattr(builder, "location", None)  # eager namespaces have none: their errors rise where they are made


@dynamic_reshape.samples
def dynamic_reshape_samples() -> Iterator[Sample]:
    yield ErrorSample(normal(2), values([0.5], "float32")).raises(DTypeError, "not a shape")
    yield ErrorSample(normal(2), values([[2]], "int64")).raises(ShapeError, "a shape is a tensor of rank 1")


@define_op(takes_unknown=True)
def fill(dims: TensorType, value: TensorType, /) -> TensorType:
    """A tensor of the shape that ``dims`` holds, with ``value``, one number, everywhere.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32")
    >>> pf.Session().run(pf.fill(pf.shape(x)[:1], 7.0), {x: [[1.0, 2.0], [3.0, 4.0]]}).tolist()
    [7.0, 7.0]

    ``dims`` is a list of numbers, or a tensor made of shapes and numbers; where it depends on data, ``ShapeError`` is
    raised. The gradient flows to ``value``. Source: TensorFlow, "tf.fill".
    """
    return _of_shape(value.dtype, dims)


@fill.expansion
def fill_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    _check(fill, builder, inputs, attributes)
    return builder.xp.broadcast_to(inputs[1], known_shape(inputs[0], _location(builder)))


@fill.samples
def fill_samples() -> Iterator[Sample]:
    yield ErrorSample(values([0.5], "float32"), normal()).raises(DTypeError, "not a shape")
    yield ErrorSample(values(2, "int64"), normal()).raises(ShapeError, "a shape is a tensor of rank 1")


@define_op(takes_unknown=True, traits=Trait.VIEW)
def placeholder_with_default(default: TensorType, /, *, shape: tuple[int | None, ...] | None = None) -> TensorType:
    """``default``, unless a run is fed something else in its place.

    >>> import polyflow as pf
    >>> x = pf.placeholder_with_default([1.0, 2.0], shape=(None,))
    >>> [pf.Session().run(pf.sum(x), feeds).tolist() for feeds in ({}, {x: [3.0]})]
    [3.0, 3.0]

    What is fed has the dtype of ``default`` and a shape that fits ``shape``.
    Source: TensorFlow, "tf.compat.v1.placeholder_with_default".
    """
    if shape is not None:
        check_same_shape(TensorType(default.dtype, shape), default, "the default does not fit the shape")
    return TensorType(default.dtype, shape)


@placeholder_with_default.expansion
def placeholder_with_default_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    _check(placeholder_with_default, builder, inputs, attributes)
    return builder.cast(inputs[0], None) if inputs[0].type.weak else inputs[0]


@placeholder_with_default.samples
def placeholder_with_default_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), shape=(None, 3))
    yield ErrorSample(normal(2, 3), shape=(None, 2)).raises(ShapeError, "the default does not fit the shape")


def shape_tensor(shape: Any) -> Any:
    """A shape as one tensor, where it is a list in which some entries are tensors; else as it is."""
    if isinstance(shape, list | tuple) and any(hasattr(each, "__tensor__") for each in shape):
        return stack(list(shape))
    return shape


def reshape_to(x: Any, shape: Any, /, *, name: str | None = None) -> Any:
    """``x`` in another shape: numbers, one of which may be -1, tensors of one number among them, or one tensor.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32")
    >>> y = reshape_to(x, [pf.shape(x)[1], -1])
    >>> pf.Session().run(y, {x: [[1.0, 2.0, 3.0]]}).tolist()
    [[1.0], [2.0], [3.0]]

    Source: TensorFlow, "tf.reshape".
    """
    shape = shape_tensor(shape)
    if hasattr(shape, "__tensor__"):
        return dynamic_reshape(x, shape, name=name)
    return reshape(x, tuple(shape) if isinstance(shape, list) else shape, name=name)


# -- the value of a tensor that is made of shapes and numbers


def known_shape(tensor: Tensor, where: object = None) -> tuple[int, ...]:
    """The shape that a tensor of a program holds."""
    if not isinstance(tensor, Tensor):  # an array of an eager namespace has its value at hand
        return tuple(int(each) for each in tensor)
    found = _value(tensor)
    if not isinstance(found, list):
        raise ShapeError(
            message(
                "a shape depends on what is known only at run time",
                found=f"it is made by {tensor.operation.op.full_name!r}",
                needed="shapes and numbers only, with + - * // and indexing",
                where=where,
                remedy="a shape of numbers, one of which may be -1",
            )
        )
    return tuple(found)


def _value(tensor: Tensor) -> Numbers | None:
    """The number or the numbers that a tensor holds, or ``None`` where they are not known."""
    operation = tensor.operation
    if operation.op is constant_op:
        found = operation.attributes["value"].tolist()
        is_flat = isinstance(found, list) and not any(isinstance(each, list) for each in found)
        return found if is_flat or isinstance(found, int) else None
    rule = _RULES.get(operation.op.full_name)
    if rule is None:
        return None
    inputs = [_value(each) for each in operation.inputs]
    return None if None in inputs else rule(operation, *inputs)


def _pairwise(function: Callable[[int, int], int]) -> Callable[..., Numbers | None]:
    def rule(_: Operation, left: Numbers, right: Numbers) -> Numbers | None:
        if isinstance(left, int) and isinstance(right, int):
            return function(left, right)
        size = max(len(each) for each in (left, right) if isinstance(each, list))
        lines = [each if isinstance(each, list) else [each] * size for each in (left, right)]
        lines = [each * size if len(each) == 1 else each for each in lines]
        return [function(a, b) for a, b in zip(*lines, strict=True)]

    return rule


def _indexed(operation: Operation, numbers: Numbers) -> Numbers | None:
    key = operation.attributes["key"]
    if not isinstance(numbers, list) or len(key) != 1 or not isinstance(key[0], int | tuple):
        return None
    return numbers[key[0]] if isinstance(key[0], int) else numbers[slice(*key[0])]


def _reduced(function: Callable[[list[int]], int]) -> Callable[..., Numbers | None]:
    def rule(operation: Operation, numbers: Numbers) -> Numbers | None:
        if not isinstance(numbers, list) or operation.output.shape != ():
            return None
        return function(numbers)

    return rule


def _rearranged(operation: Operation, numbers: Numbers) -> Numbers | None:
    line = numbers if isinstance(numbers, list) else [numbers]
    rank = operation.output.ndim
    return line if rank == 1 else line[0] if rank == 0 else None


_RULES: dict[str, Callable[..., Numbers | None]] = {
    "add": _pairwise(operator.add),
    "subtract": _pairwise(operator.sub),
    "multiply": _pairwise(operator.mul),
    "floor_divide": _pairwise(operator.floordiv),
    "remainder": _pairwise(operator.mod),
    "maximum": _pairwise(max),
    "minimum": _pairwise(min),
    "negative": lambda _, x: [-each for each in x] if isinstance(x, list) else -x,
    "astype": lambda _, x: x,
    "identity": lambda _, x: x,
    "stack": lambda _, *parts: list(parts) if all(isinstance(each, int) for each in parts) else None,
    "concat": lambda _, *parts: [size for part in parts for size in part],
    "getitem": _indexed,
    "prod": _reduced(prod),
    "sum": _reduced(sum),
    "max": _reduced(max),
    "min": _reduced(min),
    "reshape": _rearranged,
    "expand_dims": _rearranged,
    "squeeze": _rearranged,
}


def known_dims(dims: Any) -> Any:
    """A shape as ``fill`` takes it: a tensor, or numbers of dtype int64."""
    dims = shape_tensor(dims)
    return dims if hasattr(dims, "__tensor__") else literal(list(dims), "int64")
