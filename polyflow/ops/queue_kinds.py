"""Queues as users make them: objects in a graph, whose elements each session keeps for itself."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.core.building import overriding_builder
from polyflow.core.dtypes import DType, as_dtype, int64
from polyflow.core.graph import Graph, get_default_graph
from polyflow.core.hosting import QueueSpec
from polyflow.core.literal import is_weak_number, literal
from polyflow.core.location import user_location
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import Shape, TensorType
from polyflow.errors import ArgumentError, ShapeError, ValueRangeError, message
from polyflow.ops.queues import queue_close, queue_dequeue, queue_enqueue, queue_is_closed, queue_size

Dtypes = Any  # a dtype, its name, or a list of them
Shapes = Any  # a shape, or a list of them
QUEUES = "queues"


class QueueBase:
    """What all queues have in common; make one of the classes below.

    An element has one component or several, each a tensor of a dtype and shape of its own. A queue is an object of the
    graph: each session that runs it has elements of its own. What waits, for room or for elements, is served in the
    order in which it came; it ends when the queue or the session is closed, or by ``RunOptions(timeout=...)``.
    """

    def __init__(
        self,
        kind: str,
        capacity: int,
        dtypes: Sequence[DType],
        shapes: Sequence[Shape | None],
        names: Sequence[str] | None,
        name: str,
        min_after_dequeue: int = 0,
        seed: int | None = None,
    ) -> None:
        graph = get_default_graph()
        self.graph: Graph = getattr(graph, "root", graph)
        self.names = None if names is None else list(names)
        if len(shapes) != len(dtypes) or (names is not None and len(self.names or ()) != len(dtypes)):
            raise ArgumentError(
                message(
                    f"{kind} {name!r}: one shape, and one name if any, is needed for each dtype",
                    found=f"{len(dtypes)} dtypes, {len(shapes)} shapes, {'no' if names is None else len(names)} names",
                    where=user_location(),
                )
            )
        if capacity == 0 or 0 < capacity <= min_after_dequeue or min_after_dequeue < 0:
            raise ValueRangeError(
                message(
                    f"{kind} {name!r}: nothing could ever be dequeued",
                    found=f"capacity {capacity}, min_after_dequeue {min_after_dequeue}",
                    needed="a capacity above min_after_dequeue, or below 0 for no bound",
                    where=user_location(),
                )
            )
        name = self.graph.unique_name(name)
        own = name if seed is None else seed
        self.spec = QueueSpec(
            kind,
            name,
            capacity if capacity > 0 else None,
            tuple(TensorType(dtype, shape) for dtype, shape in zip(dtypes, shapes, strict=True)),
            min_after_dequeue,
            zlib.crc32(f"{self.graph.seed or 0} {own}".encode()),
            user_location(),
        )
        self.graph.add_to_collection(QUEUES, self)

    # -- what it is

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def dtypes(self) -> list[DType]:
        """The dtype of each component."""
        return [each.known_dtype for each in self.spec.types]

    @property
    def shapes(self) -> list[Shape | None]:
        """The shape of each component; ``None`` before one is known."""
        return [each.shape for each in self.spec.types]

    # -- putting elements in

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:
        """An operation that adds one element, waiting for room.

        ``vals`` is a tensor, a list of one for each component, or a dict where the components have names. It fails with
        ``CancelledError`` if the queue is closed, or is closed with ``cancel_pending_enqueues`` while it waits.
        """
        return self._put(vals, False, name or "enqueue")

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:
        """As :meth:`enqueue`, for one element for each row of the components, one after the other."""
        return self._put(vals, True, name or "enqueue_many")

    def _put(self, vals: Any, is_many: bool, name: str) -> Operation:
        listed = self._listed(vals, is_many)
        components = [self._component(each, type) for each, type in zip(listed, self.spec.types, strict=True)]
        result: Tensor = queue_enqueue(components, queue=self.spec, is_many=is_many, name=self._inner(name))
        return result.operation

    def _listed(self, vals: Any, is_many: bool) -> list[Any]:
        """The components of an element, in order; a list is taken for one of components where it can be."""
        count = len(self.spec.types)
        if self.names is not None:
            if isinstance(vals, Mapping) and set(vals) == set(self.names):
                return [vals[each] for each in self.names]
            raise ArgumentError(
                message(
                    f"{self.spec}: an element is a dict of its named components",
                    found=sorted(vals) if isinstance(vals, Mapping) else type(vals).__name__,
                    needed=self.names,
                    where=user_location(),
                )
            )
        is_list = isinstance(vals, list | tuple)
        if is_list and count == 1:
            is_list = len(vals) == 1 and not (is_many and is_weak_number(vals[0]))
        listed = list(vals) if is_list else [vals]
        if len(listed) != count:
            raise ArgumentError(
                message(
                    f"{self.spec}: an element has another number of components",
                    found=len(listed),
                    needed=count,
                    where=user_location(),
                )
            )
        return listed

    def _component(self, value: Any, type: TensorType) -> Any:
        """A component; Python numbers take the dtype of the queue."""
        if is_weak_number(value) or isinstance(value, list | tuple):
            return literal(value, type.known_dtype)
        return value

    # -- taking elements out

    def dequeue(self, name: str | None = None) -> Any:
        """The next element, waited for: its tensor, a list of those of its components, or a dict by their names.

        It fails with ``OutOfRangeError`` if the queue is closed and empty.
        """
        return self._result(queue_dequeue(queue=self.spec, name=self._inner(name or "dequeue")))

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """The next ``n`` elements, waited for, stacked component by component; ``n`` is a number or a tensor.

        It fails with ``OutOfRangeError`` if the queue is closed and has fewer, which stay in it.
        """
        return self._take_many(n, False, name or "dequeue_many")

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """As :meth:`dequeue_many`, but once the queue is closed fewer elements, if only there is one."""
        return self._take_many(n, True, name or "dequeue_up_to")

    def _take_many(self, n: Any, is_up_to: bool, name: str) -> Any:
        name = self._inner(name)
        if hasattr(n, "__tensor__"):
            return self._result(queue_dequeue(n, queue=self.spec, is_up_to=is_up_to, name=name))
        return self._result(queue_dequeue(queue=self.spec, count=int(n), is_up_to=is_up_to, name=name))

    def _result(self, components: Sequence[Tensor]) -> Any:
        if self.names is not None:
            return dict(zip(self.names, components, strict=True))
        return components[0] if len(components) == 1 else list(components)

    # -- asking and closing

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements there are."""
        return queue_size(queue=self.spec, name=self._inner(name or "size"))  # type: ignore[no-any-return]

    def is_closed(self, name: str | None = None) -> Tensor:
        """Whether the queue is closed."""
        return queue_is_closed(queue=self.spec, name=self._inner(name or "is_closed"))  # type: ignore[no-any-return]

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """An operation after which nothing more can be enqueued.

        What waits for room is still put in as room is made, or cancelled with ``cancel_pending_enqueues``; elements
        that are there can be dequeued; what waits for more of them than will come fails.
        """
        result: Tensor = queue_close(
            queue=self.spec, cancel_pending=cancel_pending_enqueues, name=self._inner(name or "close")
        )
        return result.operation

    def cancel(self, name: str | None = None) -> Operation:
        """An operation that closes the queue and cancels what waits for room."""
        return self.close(cancel_pending_enqueues=True, name=name or "cancel")

    def _inner(self, name: str) -> str:
        graph = get_default_graph() if overriding_builder() is None else None
        if graph is not None and graph is not self.graph and getattr(graph, "root", graph) is not self.graph:
            raise ArgumentError(
                message(
                    f"{self.spec} belongs to another graph than the default one",
                    where=user_location(),
                    remedy="build inside `with queue.graph.as_default():`",
                )
            )
        return f"{self.name.rpartition('/')[2]}_{name}"

    def __repr__(self) -> str:
        types = ", ".join(map(str, self.spec.types))
        return f"<{self.spec} of {types}>"


def _dtypes(dtypes: Dtypes) -> list[DType]:
    return [as_dtype(each) for each in (dtypes if isinstance(dtypes, list | tuple) else [dtypes])]


def _shapes(shapes: Shapes, count: int) -> list[Shape | None]:
    """One shape for each of ``count`` components, from a list of them or the only one."""
    if shapes is None:
        return [None] * count
    is_one = isinstance(shapes, int) or (count == 1 and not any(isinstance(each, list | tuple) for each in shapes))
    if is_one:
        shapes = [shapes]
    return [None if each is None else (each,) if isinstance(each, int) else tuple(each) for each in shapes]


class FIFOQueue(QueueBase):
    """A queue that gives its elements back in the order in which they came.

    >>> import polyflow as pf
    >>> queue = pf.FIFOQueue(10, "float32")
    >>> fill = queue.enqueue_many([1.0, 2.0, 3.0])
    >>> x = queue.dequeue()
    >>> session = pf.Session()
    >>> session.run(fill)
    >>> session.run([x, queue.size()])
    [array(1., dtype=float32), array(2)]

    ``capacity`` bounds the number of elements, unless it is below 0. ``dtypes`` are those of the components (one dtype
    for one component); ``shapes`` theirs, in which ``None`` stands for a dimension that differs between elements.
    Without ``shapes`` they are those of the first element that the graph enqueues. ``names`` makes elements dicts.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Dtypes,
        shapes: Shapes = None,
        names: Sequence[str] | None = None,
        shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:
        kinds = _dtypes(dtypes)
        super().__init__("FIFOQueue", capacity, kinds, _shapes(shapes, len(kinds)), names, shared_name or name)


class RandomShuffleQueue(QueueBase):
    """A queue that gives its elements back in random order, the same one for the same seed.

    >>> import polyflow as pf
    >>> queue = pf.RandomShuffleQueue(10, min_after_dequeue=2, dtypes="int64", shapes=(), seed=1)
    >>> session = pf.Session()
    >>> session.run(queue.enqueue_many([1, 2, 3, 4]))
    >>> first = session.run(queue.dequeue_many(2)).tolist()
    >>> session.run(queue.close())
    >>> rest = session.run(queue.dequeue_many(2)).tolist()
    >>> sorted(first + rest)
    [1, 2, 3, 4]

    Until it is closed, ``min_after_dequeue`` elements stay in it, so that there is something to choose from. The order
    comes from the graph's seed and ``seed``, or the queue's name without one. The rest is as for :class:`FIFOQueue`.
    """

    def __init__(
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Dtypes,
        shapes: Shapes = None,
        names: Sequence[str] | None = None,
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        kinds = _dtypes(dtypes)
        shaped = _shapes(shapes, len(kinds))
        super().__init__(
            "RandomShuffleQueue", capacity, kinds, shaped, names, shared_name or name, min_after_dequeue, seed
        )


class PriorityQueue(QueueBase):
    """A queue that gives back the element with the smallest priority, of equal ones the first that came.

    >>> import polyflow as pf
    >>> queue = pf.PriorityQueue(10, "float32", ())
    >>> session = pf.Session()
    >>> session.run(queue.enqueue_many([[3, 1, 2], [30.0, 10.0, 20.0]]))
    >>> session.run(queue.dequeue_many(2))
    [array([1, 2]), array([10., 20.], dtype=float32)]

    The first component of an element is its priority, an int64; ``types`` and ``shapes`` are those of the others. The
    rest is as for :class:`FIFOQueue`.
    """

    def __init__(
        self,
        capacity: int,
        types: Dtypes,
        shapes: Shapes = None,
        names: Sequence[str] | None = None,
        shared_name: str | None = None,
        name: str = "priority_queue",
    ) -> None:
        kinds = _dtypes(types)
        all_shapes: list[Shape | None] = [(), *_shapes(shapes, len(kinds))]
        super().__init__("PriorityQueue", capacity, [int64, *kinds], all_shapes, names, shared_name or name)


class PaddingFIFOQueue(QueueBase):
    """A :class:`FIFOQueue` whose ``dequeue_many`` pads elements of different shapes with zeros.

    >>> import polyflow as pf
    >>> queue = pf.PaddingFIFOQueue(10, "int64", [(None,)])
    >>> session = pf.Session()
    >>> session.run([queue.enqueue([[1, 2, 3]]), queue.enqueue([[4]])])
    [None, None]
    >>> session.run(queue.dequeue_many(2)).tolist()
    [[1, 2, 3], [4, 0, 0]]

    ``shapes`` must be given; dimensions that are ``None`` in them are made as long as the longest.
    """

    def __init__(
        self,
        capacity: int,
        dtypes: Dtypes,
        shapes: Shapes,
        names: Sequence[str] | None = None,
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        kinds = _dtypes(dtypes)
        if shapes is None:
            raise ShapeError(
                message(
                    f"PaddingFIFOQueue {name!r}: shapes are needed",
                    where=user_location(),
                    remedy="shapes=[(None, 3), ...], with None for a dimension that is padded",
                )
            )
        super().__init__("PaddingFIFOQueue", capacity, kinds, _shapes(shapes, len(kinds)), names, shared_name or name)
