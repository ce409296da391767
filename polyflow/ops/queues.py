"""The ops on queues: what the methods of :class:`polyflow.FIFOQueue` and its kin add to a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.building import overriding_builder
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import bool_, float32, int64
from polyflow.core.graph import Graph
from polyflow.core.hosting import Element, QueueSpec, needed_run
from polyflow.core.samples import Sample, normal
from polyflow.core.types import TensorType, accepts, format_shape
from polyflow.errors import ArgumentError, DTypeError, ShapeError, ValueRangeError, message

EFFECTS = Trait.EFFECT | Trait.HOST


# -- putting elements in


@define_op(traits=EFFECTS, takes_unknown=True)
def queue_enqueue(components: Sequence[TensorType], /, *, queue: QueueSpec, is_many: bool = False) -> TensorType:
    """Put an element, or with ``is_many`` one for each row of the components, into a queue; how many those were.

    >>> import polyflow as pf
    >>> pf.FIFOQueue(3, "float32", ()).enqueue(1.0).op
    <op queue_enqueue>
    """
    if len(components) != len(queue.types):
        raise ArgumentError(
            message(
                f"{queue}: an element has another number of components",
                found=len(components),
                needed=len(queue.types),
            )
        )
    found = [_row(each, queue) if is_many else each for each in components]
    for place, (declared, each) in enumerate(zip(queue.types, found, strict=True)):
        _check_component(queue, place, declared, each)
    queue.types = tuple(
        TensorType(declared.dtype, each.shape) if declared.shape is None else declared
        for declared, each in zip(queue.types, found, strict=True)
    )
    return TensorType(int64, ())


def _row(type: TensorType, queue: QueueSpec) -> TensorType:
    if type.shape is None:
        return type
    if not type.shape:
        raise ShapeError(message(f"{queue}: enqueue_many takes rows of its components", found=str(type)))
    return TensorType(type.dtype, type.shape[1:])


def _check_component(queue: QueueSpec, place: int, declared: TensorType, found: TensorType) -> None:
    if found.dtype is not None and found.dtype is not declared.dtype:
        raise DTypeError(
            message(
                f"{queue}: component {place} has another dtype than the queue's",
                found=found.dtype,
                needed=declared.dtype,
                remedy=f"polyflow.astype(value, polyflow.{declared.dtype})",
            )
        )
    if found.shape is None or declared.shape is None:
        return
    pairs = zip(declared.shape, found.shape, strict=False)
    if len(declared.shape) != len(found.shape) or any(a != b and None not in (a, b) for a, b in pairs):
        raise ShapeError(
            message(
                f"{queue}: component {place} has another shape than the queue's elements",
                found=format_shape(found.shape),
                needed=format_shape(declared.shape),
                remedy="shapes=[...] where the queue is made, with None for a dimension that differs",
            )
        )


@queue_enqueue.kernel
def queue_enqueue_kernel(xp: Any, components: Sequence[Any], *, queue: QueueSpec, is_many: bool = False) -> Any:
    run = needed_run(f"what is in {queue}")
    # Copied: the caller of the run may write into what it fed, and a later run take the memory of variables.
    arrays = [xp.asarray(each, copy=True) for each in components]
    if is_many:
        counts = {each.shape[0] for each in arrays}
        if len(counts) != 1:
            raise ShapeError(message(f"{queue}: components have different numbers of rows", found=sorted(counts)))
        elements: list[Element] = [tuple(each[row, ...] for each in arrays) for row in range(counts.pop())]
    else:
        elements = [tuple(arrays)]
    for element in elements:
        for place, (declared, array) in enumerate(zip(queue.types, element, strict=True)):
            if not accepts(declared, TensorType(declared.dtype, tuple(array.shape))):
                _check_component(queue, place, declared, TensorType(declared.dtype, tuple(array.shape)))
    run.queue(queue).put(run, elements)
    return xp.asarray(len(elements), dtype=xp.int64)


queue_enqueue.no_gradient("what is in a queue came from another run")


@queue_enqueue.samples
def queue_enqueue_samples() -> Iterator[Sample]:
    for is_many, shape in ((False, (2, 3)), (True, (3,))):
        queue = QueueSpec("FIFOQueue", "sample", None, (TensorType(float32, shape),))
        yield Sample([normal(2, 3).of("float32")], queue=queue, is_many=is_many)


# -- taking elements out


@define_op(traits=EFFECTS, takes_unknown=True)
def queue_dequeue(
    n: TensorType | None = None, /, *, queue: QueueSpec, count: int | None = None, is_up_to: bool = False
) -> tuple[TensorType, ...]:
    """The components of an element taken from a queue, or of ``count`` elements, or ``n`` of them, stacked.

    >>> import polyflow as pf
    >>> pf.FIFOQueue(3, "float32", ()).dequeue().op.op
    <op queue_dequeue>
    """
    builder = overriding_builder()
    if any(each.shape is None for each in queue.types) and not (builder is None or isinstance(builder, Graph)):
        raise ShapeError(
            message(
                f"{queue}: the shape of its elements is not known",
                where=queue.location,
                remedy="shapes=[...] where the queue is made, or enqueue something of known shape first",
            )
        )
    if n is None and count is None:
        return queue.types
    if count is not None and count < 0:
        raise ValueRangeError(message(f"{queue}: fewer than no elements", found=count, needed="0 or more"))
    rows = None if is_up_to else count
    return tuple(TensorType(each.dtype, None if each.shape is None else (rows, *each.shape)) for each in queue.types)


@queue_dequeue.kernel
def queue_dequeue_kernel(
    xp: Any, n: Any = None, *, queue: QueueSpec, count: int | None = None, is_up_to: bool = False
) -> tuple[Any, ...]:
    run = needed_run(f"what is in {queue}")
    number = count if n is None else int(n)
    elements = run.queue(queue).take(run, 1 if number is None else number, is_up_to)
    if number is None:
        return elements[0]
    is_padded = queue.kind == "PaddingFIFOQueue"
    return tuple(
        _stacked(xp, [each[place] for each in elements], queue, place, is_padded) for place in range(len(queue.types))
    )


def _stacked(xp: Any, arrays: list[Any], queue: QueueSpec, place: int, is_padded: bool) -> Any:
    if not arrays:
        type = queue.types[place]
        shape = (0, *(size or 0 for size in type.known_shape))
        return xp.zeros(shape, dtype=getattr(xp, type.known_dtype.name))
    shapes = {tuple(each.shape) for each in arrays}
    if len(shapes) > 1:
        if not is_padded:
            raise ShapeError(
                message(
                    f"{queue}: elements of different shapes cannot be stacked",
                    found=" and ".join(map(format_shape, sorted(shapes))),
                    remedy="PaddingFIFOQueue, or dequeue() one at a time",
                )
            )
        wanted = tuple(map(max, zip(*shapes, strict=True)))
        arrays = [_padded(xp, each, wanted) for each in arrays]
    return xp.stack(arrays)


def _padded(xp: Any, array: Any, shape: tuple[int, ...]) -> Any:
    """``array`` with zeros after it along each axis."""
    for axis, size in enumerate(shape):
        missing = size - array.shape[axis]
        if missing:
            zeros = xp.zeros((*array.shape[:axis], missing, *array.shape[axis + 1 :]), dtype=array.dtype)
            array = xp.concat([array, zeros], axis=axis)
    return array


queue_dequeue.no_gradient("what is in a queue came from another run")


@queue_dequeue.samples
def queue_dequeue_samples() -> Iterator[Sample]:
    for is_up_to in (False, True):  # of no elements, since nothing is there
        queue = QueueSpec("FIFOQueue", "sample", 5, (TensorType(float32, (2,)), TensorType(int64, ())))
        yield Sample(queue=queue, count=0, is_up_to=is_up_to)


# -- asking and closing


@define_op(traits=EFFECTS)
def queue_size(*, queue: QueueSpec) -> TensorType:
    """The number of elements in a queue.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.FIFOQueue(3, "float32", ()).size()).tolist()
    0
    """
    return TensorType(int64, ())


@queue_size.kernel
def queue_size_kernel(xp: Any, *, queue: QueueSpec) -> Any:
    return xp.asarray(len(needed_run(f"what is in {queue}").queue(queue)), dtype=xp.int64)


queue_size.no_gradient("it has no operand")


@define_op(traits=EFFECTS)
def queue_is_closed(*, queue: QueueSpec) -> TensorType:
    """Whether a queue is closed.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.FIFOQueue(3, "float32", ()).is_closed()).tolist()
    False
    """
    return TensorType(bool_, ())


@queue_is_closed.kernel
def queue_is_closed_kernel(xp: Any, *, queue: QueueSpec) -> Any:
    return xp.asarray(needed_run(f"what is in {queue}").queue(queue).is_closed)


queue_is_closed.no_gradient("it has no operand")


@define_op(traits=EFFECTS)
def queue_close(*, queue: QueueSpec, cancel_pending: bool = False) -> TensorType:
    """Close a queue; the result is how many elements are left in it.

    >>> import polyflow as pf
    >>> pf.FIFOQueue(3, "float32", ()).close().op
    <op queue_close>
    """
    return TensorType(int64, ())


@queue_close.kernel
def queue_close_kernel(xp: Any, *, queue: QueueSpec, cancel_pending: bool = False) -> Any:
    state = needed_run(f"what is in {queue}").queue(queue)
    state.close(cancel_pending)
    return xp.asarray(len(state), dtype=xp.int64)


queue_close.no_gradient("it has no operand")


@queue_size.samples
@queue_is_closed.samples
@queue_close.samples
def queue_samples() -> Iterator[Sample]:
    yield Sample(queue=QueueSpec("FIFOQueue", "sample", 5, (TensorType(float32, ()),)))
