"""Parts of tensors in TensorFlow's words: ``slice``, ``strided_slice``, ``split``, ``boolean_mask``.

``tensor[key]`` says the same in Python's words; see ``indexing.py``.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.batching import again
from polyflow.core.declaration import Trait, define_op
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, normal, values
from polyflow.core.shapes import normal_axis
from polyflow.core.signature import freeze
from polyflow.core.types import UNKNOWN, TensorType, format_shape
from polyflow.errors import AxisError, ShapeError, ValueRangeError, message
from polyflow.ops.indexing import getitem, tensor_getitem
from polyflow.ops.joining import stack
from polyflow.ops.rearranging import flip

_EVERY = builtins.slice(None)


@define_op(name="slice", traits=Trait.VIEW)
def slice_op(x: TensorType, begin: tuple[int, ...], size: tuple[int, ...], /) -> TensorType:
    """The block of ``x`` of the shape ``size`` that begins at ``begin``; users call :func:`polyflow.slice`.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, -1))).tolist()
    [[2, 3], [5, 6]]

    A size of -1 means all that is left. Raises ``ShapeError`` where the block does not lie inside ``x``.
    Source: TensorFlow, "tf.slice".
    """
    begin, size = _per_axis("begin", begin, x), _per_axis("size", size, x)
    shape: list[int | None] = []
    for axis, (length, start, count) in enumerate(zip(x.known_shape, begin, size, strict=True)):
        end = start if count == -1 else start + count
        if start < 0 or count < -1 or (length is not None and end > length):
            summary = f"the block does not lie inside x along axis {axis}"
            needed = f"0 <= begin and begin + size <= {'its size' if length is None else length}"
            raise ShapeError(message(summary, found=f"begin {start} and size {count}", needed=needed))
        shape.append(count if count != -1 else None if length is None else length - start)
    return x.with_shape(shape)


@slice_op.expansion
def slice_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    pairs = zip(attributes["begin"], attributes["size"], strict=True)
    key = tuple(builtins.slice(start, None if count == -1 else start + count) for start, count in pairs)
    return tensor_getitem(inputs[0], key)


@slice_op.samples
def slice_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4), (1, 0), (2, -1))
    yield Sample(normal(3, 4, 2), (0, 2, 1), (3, 0, 1))
    yield Sample(normal(), (), ())
    yield ErrorSample(normal(3, 4), (1, 0), (3, 1)).raises(ShapeError, "does not lie inside x along axis 0")
    yield ErrorSample(normal(3, 4), (1,), (1,)).raises(ValueRangeError, "begin does not fit rank 2")


@define_op(dtypes={"begin": "integral"}, traits=Trait.VIEW)
def dynamic_slice(x: TensorType, begin: TensorType, size: tuple[int, ...], /) -> TensorType:
    """The block of ``x`` of the shape ``size`` that begins at the place that ``begin`` holds when the graph runs.

    >>> import polyflow as pf
    >>> i = pf.constant(1)
    >>> pf.Session().run(pf.slice([[1, 2, 3], [4, 5, 6]], [i, 0], (1, 2))).tolist()
    [[4, 5]]

    Users call :func:`polyflow.slice`. ``begin`` has one entry for each axis; a size of -1 is the whole axis. A block
    that would reach out of ``x`` is moved back inside, on every backend. Source: JAX, "jax.lax.dynamic_slice".
    """
    size = _per_axis("size", size, x)
    if begin.rank != 1 or begin.known_shape[0] not in (None, x.rank):
        found = format_shape(begin.known_shape)
        raise ShapeError(message("begin does not have one entry for each axis", found=found, needed=f"({x.rank},)"))
    shape = []
    for axis, (length, count) in enumerate(zip(x.known_shape, size, strict=True)):
        if count < -1 or (length is not None and count > length):
            needed = f"-1 to {'its size' if length is None else length}"
            raise ShapeError(message(f"the block is larger than axis {axis} of x", found=count, needed=needed))
        shape.append(length if count == -1 else count)
    return x.with_shape(shape)


@dynamic_slice.expansion
def dynamic_slice_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp = builder.xp
    x, begin = inputs[0], xp.astype(inputs[1], xp.int64)
    for axis, count in enumerate(attributes["size"]):
        length = x.shape[axis]
        if count not in (-1, length):
            start = xp.clip(begin[axis], 0, length - count)
            x = xp.take(x, start + xp.arange(count), axis=axis)
    return x


@dynamic_slice.samples
def dynamic_slice_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4), values([1, 2], "int64"), (2, 1))
    yield Sample(normal(3, 4, 2), values([7, 0, -3], "int32"), (2, -1, 1))
    yield ErrorSample(normal(3, 4), values([1], "int64"), (1, 1)).raises(ShapeError, "one entry for each axis")
    yield ErrorSample(normal(3), values([1], "int64"), (4,)).raises(ShapeError, "the block is larger than axis 0")


def slice(x: Any, begin: Any, size: Sequence[int], /, *, name: str | None = None) -> Any:
    """The block of ``x`` of the shape ``size`` that begins at ``begin``, in each axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.slice([[1, 2, 3], [4, 5, 6]], [1, 0], [1, 2])).tolist()
    [[4, 5]]

    ``begin`` is a list of numbers, some of which may be tensors, or one tensor. Source: TensorFlow, "tf.slice".
    """
    if hasattr(begin, "__tensor__"):
        return dynamic_slice(x, begin, size, name=name)
    if any(hasattr(each, "__tensor__") for each in begin):
        return dynamic_slice(x, stack(list(begin)), size, name=name)
    return slice_op(x, begin, size, name=name)


def strided_slice(
    x: Any,
    begin: Sequence[int],
    end: Sequence[int],
    strides: Sequence[int] | None = None,
    /,
    *,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Any:
    """``x[begin[0]:end[0]:strides[0], ...]``, with bits of masks that change the meaning of single entries.

    >>> import polyflow as pf
    >>> x = pf.constant([[1, 2, 3], [4, 5, 6]])
    >>> pf.Session().run(pf.strided_slice(x, [0, 0], [1, 3], [1, 2], end_mask=1)).tolist()
    [[1, 3], [4, 6]]

    Bit ``i`` of ``begin_mask`` or ``end_mask`` leaves the entry ``i`` of that bound open, of ``ellipsis_mask`` makes
    it ``...``, of ``new_axis_mask`` a new axis, of ``shrink_axis_mask`` the single index ``begin[i]``. Axes without an
    entry are taken whole. Source: TensorFlow, "tf.strided_slice".
    """
    strides = [1] * len(begin) if strides is None else strides
    key: list[Any] = []
    for place, (start, stop, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = 1 << place
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(start)
        else:
            key.append(builtins.slice(None if begin_mask & bit else start, None if end_mask & bit else stop, step))
    return tensor_getitem(x, tuple(key))


@define_op(traits=Trait.VIEW, takes_unknown=True)
def split(x: TensorType, num_or_size_splits: int | tuple[int, ...], /, *, axis: int = 0) -> tuple[TensorType, ...]:
    """The parts into which ``axis`` of ``x`` is cut: so many equal ones, or parts of the sizes given.

    >>> import polyflow as pf
    >>> left, right = pf.split([[1, 2, 3], [4, 5, 6]], (1, 2), axis=1)
    >>> [each.tolist() for each in pf.Session().run([left, right])]
    [[[1], [4]], [[2, 3], [5, 6]]]

    One of the sizes may be -1: what the others leave. Raises ``ShapeError`` where the parts do not make up the axis.
    Source: TensorFlow, "tf.split".
    """
    sections = num_or_size_splits
    count = len(sections) if isinstance(sections, tuple) else sections
    if not isinstance(count, int) or count < 1 or (isinstance(sections, tuple) and min(sections) < -1):
        needed = "a number >= 1, or sizes >= 0 of which one may be -1"
        raise ValueRangeError(message("not a way to split", found=sections, needed=needed))
    if x.shape is None:
        return (TensorType(x.dtype, None) if x.dtype else UNKNOWN,) * count
    place = normal_axis(axis, x.rank)
    sizes = _part_sizes(x.shape[place], sections)
    return tuple(TensorType(x.dtype, (*x.shape[:place], size, *x.shape[place + 1 :])) for size in sizes)


def _part_sizes(length: int | None, sections: int | tuple[int, ...]) -> Sequence[int | None]:
    if isinstance(sections, int):
        if length is not None and length % sections:
            raise ShapeError(message(f"{length} elements do not split into {sections} equal parts"))
        return [None if length is None else length // sections] * sections
    known = sum(each for each in sections if each >= 0)
    rest = None if length is None else length - known
    if (rest is not None and rest < 0) or sections.count(-1) > 1 or (-1 not in sections and rest not in (None, 0)):
        raise ShapeError(message(f"the parts do not make up {length} elements", found=f"sizes {sections}"))
    return [rest if each == -1 else each for each in sections]


@split.kernel
def split_kernel(xp: Any, x: Any, num_or_size_splits: Any, *, axis: int) -> Any:
    before = (_EVERY,) * normal_axis(axis, x.ndim)
    start, parts = 0, []
    for size in _part_sizes(x.shape[axis], num_or_size_splits):
        assert size is not None
        parts.append(x[(*before, builtins.slice(start, start + size))])
        start += size
    return tuple(parts)


@split.gradient
def split_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return xp.concat(list(g) if isinstance(g, tuple) else [g], axis=operation.attributes["axis"])


@split.batching
def split_batching(xp: Any, operation: Any, inputs: Any, batched: Any) -> Any:
    return again(operation, inputs, axis=normal_axis(operation.attributes["axis"], operation.inputs[0].ndim) + 1)


@split.samples
def split_samples() -> Iterator[Sample]:
    yield Sample(normal(4, 3), 2)
    yield Sample(normal(2, 5, 2), (2, -1, 0), axis=-2)
    yield Sample(normal(3), 1)
    yield ErrorSample(normal(4, 3), 3).raises(ShapeError, "4 elements do not split into 3 equal parts")
    yield ErrorSample(normal(4, 3), (1, 1), axis=1).raises(ShapeError, "the parts do not make up 3 elements")
    yield ErrorSample(normal(4), 0).raises(ValueRangeError, "not a way to split")
    yield ErrorSample(normal(4), 2, axis=1).raises(AxisError, "axis 1 is out of range for rank 1")


def reverse(x: Any, axis: int | Sequence[int], /, *, name: str | None = None) -> Any:
    """``x`` with the order of its elements reversed along the axes named.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.reverse([[1, 2], [3, 4]], [1])).tolist()
    [[2, 1], [4, 3]]

    Source: TensorFlow, "tf.reverse".
    """
    return flip(x, axis=tuple(axis) if isinstance(axis, list | tuple) else axis, name=name)


def boolean_mask(x: Any, mask: Any, /, *, axis: int = 0) -> Any:
    """The parts of ``x`` at which ``mask`` is true; its axes are those of ``x`` from ``axis`` on.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.boolean_mask([[1, 2, 3], [4, 5, 6]], [True, False, True], axis=1)).tolist()
    [[1, 3], [4, 6]]

    How many there are is known only at run time. Source: TensorFlow, "tf.boolean_mask".
    """
    return getitem(x, mask, key=(*(freeze(_EVERY),) * axis, INDEX))


def _per_axis(name: str, numbers: Any, x: TensorType) -> tuple[int, ...]:
    if not isinstance(numbers, tuple) or len(numbers) != x.rank or not all(isinstance(each, int) for each in numbers):
        needed = f"{x.rank} whole numbers"
        raise ValueRangeError(message(f"{name} does not fit rank {x.rank}", found=numbers, needed=needed))
    return numbers
