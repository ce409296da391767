"""``batch`` and ``shuffle_batch``: queues that put single examples together, filled by threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.core.graph import get_default_graph
from polyflow.core.location import user_location
from polyflow.core.tensor import Tensor
from polyflow.core.types import Shape
from polyflow.errors import ArgumentError, DTypeError, ShapeError, message
from polyflow.ops.queue_kinds import FIFOQueue, PaddingFIFOQueue, QueueBase, RandomShuffleQueue
from polyflow.training.queue_runner import QueueRunner, add_queue_runner

Example = Any  # a tensor, a list of tensors, or a dict of them


def batch(
    tensors: Example,
    batch_size: Any,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Sequence[Shape] | None = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    name: str | None = None,
) -> Any:
    """``batch_size`` examples of ``tensors`` stacked, in the structure of ``tensors``.

    >>> import polyflow as pf
    >>> index = pf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
    >>> pair = pf.train.batch([index, index * 10], 3, allow_smaller_final_batch=True)
    >>> session, coordinator = pf.Session(), pf.train.Coordinator()
    >>> threads = pf.train.start_queue_runners(session, coordinator)
    >>> try:
    ...     while not coordinator.should_stop():
    ...         print([each.tolist() for each in session.run(pair)])
    ... except pf.errors.OutOfRangeError:
    ...     coordinator.request_stop()
    [[0, 1, 2], [0, 10, 20]]
    [[3, 4], [30, 40]]
    >>> coordinator.join(threads)

    ``num_threads`` threads compute examples and put them into a queue of ``capacity`` elements, which a queue runner of
    the graph starts; ``enqueue_many`` says that each computation gives several, along the first axis. ``dynamic_pad``
    pads examples of different shapes with zeros; ``allow_smaller_final_batch`` gives what is left at the end of the
    input as well. Fetching ends with ``OutOfRangeError`` when the input does. Source: TensorFlow 1, ``tf.train.batch``.

    Raises ``DTypeError``, ``ShapeError`` where the type of an example is not known.
    """
    with get_default_graph().name_scope(name or "batch"):
        filled = _Filled([tensors] * num_threads, enqueue_many, shapes, dynamic_pad)
        queue = filled.fifo(capacity, dynamic_pad)
        return filled.batches(queue, batch_size, allow_smaller_final_batch)


def batch_join(
    tensors_list: Sequence[Example],
    batch_size: Any,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Sequence[Shape] | None = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    name: str | None = None,
) -> Any:
    """As :func:`batch`, from several sources of examples, one thread for each of ``tensors_list``."""
    with get_default_graph().name_scope(name or "batch_join"):
        filled = _Filled(tensors_list, enqueue_many, shapes, dynamic_pad)
        queue = filled.fifo(capacity, dynamic_pad)
        return filled.batches(queue, batch_size, allow_smaller_final_batch)


def shuffle_batch(
    tensors: Example,
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Sequence[Shape] | None = None,
    allow_smaller_final_batch: bool = False,
    name: str | None = None,
) -> Any:
    """As :func:`batch`, with the examples in random order.

    ``min_after_dequeue`` of them are always left in the queue to choose from. ``seed`` is that of the choice, which
    depends as well on how many examples the threads have put into the queue by then.
    """
    with get_default_graph().name_scope(name or "shuffle_batch"):
        filled = _Filled([tensors] * num_threads, enqueue_many, shapes, False)
        queue = filled.shuffled(capacity, min_after_dequeue, seed)
        return filled.batches(queue, batch_size, allow_smaller_final_batch)


def shuffle_batch_join(
    tensors_list: Sequence[Example],
    batch_size: Any,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Sequence[Shape] | None = None,
    allow_smaller_final_batch: bool = False,
    name: str | None = None,
) -> Any:
    """As :func:`shuffle_batch`, from several sources of examples, one thread for each of ``tensors_list``."""
    with get_default_graph().name_scope(name or "shuffle_batch_join"):
        filled = _Filled(tensors_list, enqueue_many, shapes, False)
        queue = filled.shuffled(capacity, min_after_dequeue, seed)
        return filled.batches(queue, batch_size, allow_smaller_final_batch)


class _Filled:
    """Sources of examples, and the queue that they fill."""

    def __init__(
        self, sources: Sequence[Example], enqueue_many: bool, shapes: Sequence[Shape] | None, is_padded: bool
    ) -> None:
        if not sources:
            raise ArgumentError(message("a batch needs a source of examples", where=user_location()))
        self._first = sources[0]
        self._sources = [_listed(each) for each in sources]
        self._many = enqueue_many
        self._types = [_known(each) for each in self._sources[0]]
        own = [each.type.known_shape[1:] if enqueue_many else each.type.known_shape for each in self._types]
        self._shapes: Sequence[Shape] = own if shapes is None else [tuple(each) for each in shapes]
        if not is_padded:
            _check_static(self._types, self._shapes)
        self._dtypes = [each.type.known_dtype for each in self._types]

    def fifo(self, capacity: int, is_padded: bool) -> QueueBase:
        """The queue of a batch in order."""
        return (PaddingFIFOQueue if is_padded else FIFOQueue)(capacity, self._dtypes, self._shapes)

    def shuffled(self, capacity: int, min_after_dequeue: int, seed: int | None) -> QueueBase:
        """The queue of a batch in random order."""
        return RandomShuffleQueue(capacity, min_after_dequeue, self._dtypes, self._shapes, seed=seed)

    def batches(self, queue: QueueBase, batch_size: Any, allow_smaller: bool) -> Any:
        """What comes out of ``queue``, for which a queue runner is added to the graph."""
        put = queue.enqueue_many if self._many else queue.enqueue
        add_queue_runner(QueueRunner(queue, [put(each) for each in self._sources]))
        found = (queue.dequeue_up_to if allow_smaller else queue.dequeue_many)(batch_size)
        results = found if isinstance(found, list) else [found]
        if isinstance(self._first, Mapping):
            return dict(zip(self._first, results, strict=True))
        return results if isinstance(self._first, list | tuple) else results[0]


def _listed(example: Example) -> list[Tensor]:
    graph = get_default_graph()
    parts = list(example.values()) if isinstance(example, Mapping) else example
    return [graph.as_tensor(each) for each in (parts if isinstance(parts, list | tuple) else [parts])]


def _known(tensor: Tensor) -> Tensor:
    if tensor.dtype is None or tensor.shape is None:
        raise DTypeError(
            message(
                "batch: the type of an example is not known",
                operand=tensor.name,
                found=str(tensor.type),
                where=tensor.operation.location,
                remedy="give the placeholders above a dtype and a shape",
            )
        )
    return tensor


def _check_static(tensors: Sequence[Tensor], shapes: Sequence[Shape]) -> None:
    for tensor, shape in zip(tensors, shapes, strict=True):
        if None in shape:
            raise ShapeError(
                message(
                    "batch: examples may differ in shape, and cannot be stacked then",
                    operand=tensor.name,
                    found=str(tensor.type),
                    where=tensor.operation.location,
                    remedy="dynamic_pad=True, or shapes=[...]",
                )
            )
