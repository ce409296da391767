"""Where input pipelines begin: producers, whose queues give what there is epoch by epoch, in order or shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.dtypes import int64
from polyflow.core.graph import get_default_graph
from polyflow.core.location import user_location
from polyflow.core.tensor import Tensor
from polyflow.core.types import Shape
from polyflow.errors import ShapeError, ValueRangeError, message
from polyflow.ops.counters import count_up_to
from polyflow.ops.gathering import gather
from polyflow.ops.grids import arange
from polyflow.ops.ordering import identity
from polyflow.ops.queue_kinds import FIFOQueue
from polyflow.ops.random_discrete import shuffle as shuffled
from polyflow.ops.state import Variable
from polyflow.training.queue_runner import QueueRunner, add_queue_runner


def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Tensor:
    """``tensor`` as it is, ``num_epochs`` times in a session; then ``OutOfRangeError``.

    >>> import polyflow as pf
    >>> x = pf.train.limit_epochs(pf.constant([1, 2]), num_epochs=1)
    >>> session = pf.Session()
    >>> session.run(x).tolist()
    [1, 2]
    >>> try:
    ...     session.run(x)
    ... except pf.errors.OutOfRangeError:
    ...     print("the end")
    the end

    Without ``num_epochs`` there is no end. Source: TensorFlow 1, ``tf.train.limit_epochs``.
    """
    graph = get_default_graph()
    found = graph.as_tensor(tensor)
    if num_epochs is None:
        return found
    if num_epochs <= 0:
        raise ValueRangeError(
            message(
                "limit_epochs: no epoch is left to run", found=num_epochs, needed="1 or more", where=user_location()
            )
        )
    with graph.name_scope(name or "limit_epochs"):
        epochs = Variable(0, dtype=int64, trainable=False, name="epochs")
        with graph.control_dependencies([count_up_to(epochs, num_epochs)]):
            return identity(found)  # type: ignore[no-any-return]


def input_producer(
    input_tensor: Any,
    element_shape: Shape | None = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    name: str | None = None,
) -> FIFOQueue:
    """A queue of the rows of ``input_tensor``, which a queue runner fills ``num_epochs`` times, or for ever.

    ``shuffle`` puts the rows of each epoch in a new order, from ``seed`` or the graph's own. ``element_shape`` is the
    shape of a row, needed where it is not known. Source: TensorFlow 1, ``tf.train.input_producer``.
    """
    graph = get_default_graph()
    with graph.name_scope(name or "input_producer"):
        rows = graph.as_tensor(input_tensor)
        if element_shape is None and rows.shape is not None:
            element_shape = rows.shape[1:]
        if element_shape is None or rows.dtype is None:
            raise ShapeError(
                message(
                    "input_producer: the type of a row is not known",
                    found=str(rows.type),
                    where=user_location(),
                    remedy="give element_shape, and the tensor a dtype",
                )
            )
        if shuffle:
            rows = shuffled(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(capacity, [rows.dtype], [element_shape])
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([rows])]))
    return queue


def range_input_producer(
    limit: int,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    name: str | None = None,
) -> FIFOQueue:
    """A queue of the numbers from 0 to ``limit - 1``, epoch by epoch, as :func:`input_producer` gives rows.

    >>> import polyflow as pf
    >>> queue = pf.train.range_input_producer(3, num_epochs=1, shuffle=False)
    >>> with pf.Session() as session:
    ...     coordinator = pf.train.Coordinator()
    ...     threads = pf.train.start_queue_runners(session, coordinator)
    ...     print([session.run(queue.dequeue()).tolist() for _ in range(3)])
    ...     coordinator.request_stop()
    ...     coordinator.join(threads)
    [0, 1, 2]
    """
    with get_default_graph().name_scope(name or "range_input_producer"):
        return input_producer(arange(limit, dtype=int64), (), num_epochs, shuffle, seed, capacity, "numbers")


def slice_input_producer(
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    name: str | None = None,
) -> list[Tensor]:
    """For each of ``tensor_list`` its next row: the same row of all of them, epoch by epoch.

    Raises ``ShapeError`` where their first dimensions are not known or differ.
    """
    graph = get_default_graph()
    with graph.name_scope(name or "slice_input_producer"):
        tensors = [graph.as_tensor(each) for each in tensor_list]
        counts = {each.shape[0] if each.shape else None for each in tensors}
        if len(counts) != 1 or None in counts:
            raise ShapeError(
                message(
                    "slice_input_producer: the tensors do not have one number of rows",
                    found=", ".join(str(each.type) for each in tensors) or "no tensors",
                    where=user_location(),
                )
            )
        (limit,) = counts
        assert limit is not None, "refused above"
        index = range_input_producer(limit, num_epochs, shuffle, seed, capacity).dequeue()
        return [gather(each, index) for each in tensors]
