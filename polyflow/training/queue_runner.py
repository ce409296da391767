"""Queue runners: threads that keep a queue filled."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from polyflow.core.graph import get_default_graph
from polyflow.core.location import user_location
from polyflow.core.tensor import Operation
from polyflow.errors import ArgumentError, OutOfRangeError, PolyflowError, ValueRangeError, message
from polyflow.ops.queue_kinds import QueueBase
from polyflow.session.session import Session, get_default_session
from polyflow.training.coordinator import Coordinator

QUEUE_RUNNERS = "queue_runners"


class QueueRunner:
    """Runs the ``enqueue_ops`` of a queue again and again, each in a thread of its own.

    >>> import polyflow as pf
    >>> queue = pf.FIFOQueue(2, "int64", ())
    >>> count = pf.Variable(0)
    >>> runner = pf.train.QueueRunner(queue, [queue.enqueue(count.assign_add(1))])
    >>> coordinator, session = pf.train.Coordinator(), pf.Session()
    >>> threads = runner.create_threads(session, coordinator, start=True)
    >>> session.run(queue.dequeue_many(3)).tolist()
    [1, 2, 3]
    >>> coordinator.request_stop()
    >>> coordinator.join(threads)

    A thread ends when the coordinator asks to stop, or its operation raises one of ``queue_closed_exception_types``
    (``OutOfRangeError``: there is no more input); the last one closes the queue by ``close_op``. Any other error asks
    the coordinator to stop. When the coordinator stops, ``cancel_op`` ends what waits for room. Both operations are
    those of the queue unless given. Source: TensorFlow 1, ``tf.train.QueueRunner``.
    """

    def __init__(
        self,
        queue: QueueBase,
        enqueue_ops: Sequence[Operation],
        close_op: Operation | None = None,
        cancel_op: Operation | None = None,
        queue_closed_exception_types: tuple[type[BaseException], ...] = (OutOfRangeError,),
    ) -> None:
        if not enqueue_ops:
            raise ValueRangeError(
                message(
                    f"QueueRunner of {queue.spec}: there is nothing to run",
                    needed="one operation or more in enqueue_ops",
                )
            )
        self.queue = queue
        self.enqueue_ops = list(enqueue_ops)
        self.close_op = queue.close() if close_op is None else close_op
        self.cancel_op = queue.cancel() if cancel_op is None else cancel_op
        self.queue_closed_exception_types = tuple(queue_closed_exception_types)
        self.exceptions_raised: list[Exception] = []
        """Errors of threads that had no coordinator to tell them to."""
        self._lock = threading.Lock()
        self._running: dict[Session, int] = {}

    @property
    def name(self) -> str:
        return self.queue.name

    def create_threads(
        self, sess: Session, coord: Coordinator | None = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """A thread for each operation, and with a coordinator one that cancels when it stops; none if they run already.

        ``start`` starts them. They register with the coordinator.
        """
        with self._lock:
            if self._running.get(sess, 0) > 0:
                return []
            self._running[sess] = len(self.enqueue_ops)
        threads = [
            threading.Thread(
                target=self._run, args=(sess, each, coord), name=f"queue runner {self.name}: {each.name}", daemon=daemon
            )
            for each in self.enqueue_ops
        ]
        if coord is not None:
            stopper = threading.Thread(
                target=self._cancel_on_stop, args=(sess, coord), name=f"queue runner {self.name}: stop", daemon=daemon
            )
            threads.append(stopper)
            for each in threads:
                coord.register_thread(each)
        if start:
            for each in threads:
                each.start()
        return threads

    def _run(self, session: Session, operation: Operation, coordinator: Coordinator | None) -> None:
        try:
            while coordinator is None or not coordinator.should_stop():
                session.run(operation)
        except self.queue_closed_exception_types:
            pass
        except Exception as error:
            if coordinator is None:
                self.exceptions_raised.append(error)
            elif not session.is_closed:
                coordinator.request_stop(error)
        finally:
            self._end(session, coordinator)

    def _end(self, session: Session, coordinator: Coordinator | None) -> None:
        """The last thread closes the queue; where there is no session any more, the coordinator stops the rest."""
        with self._lock:
            self._running[session] -= 1
            is_last = not self._running[session]
            if is_last:
                del self._running[session]
        if is_last:
            self._close(session, self.close_op)
        if session.is_closed and coordinator is not None:
            coordinator.request_stop()

    def _cancel_on_stop(self, session: Session, coordinator: Coordinator) -> None:
        coordinator.wait_for_stop()
        self._close(session, self.cancel_op)

    def _close(self, session: Session, operation: Operation) -> None:
        try:
            session.run(operation)
        except PolyflowError as error:  # with the session its queues are gone
            if not session.is_closed:
                self.exceptions_raised.append(error)


def add_queue_runner(qr: QueueRunner, collection: str = QUEUE_RUNNERS) -> None:
    """Make ``qr`` one of the queue runners of the default graph that :func:`start_queue_runners` starts."""
    get_default_graph().add_to_collection(collection, qr)


def start_queue_runners(
    sess: Session | None = None,
    coord: Coordinator | None = None,
    daemon: bool = True,
    start: bool = True,
    collection: str = QUEUE_RUNNERS,
) -> list[threading.Thread]:
    """Start the queue runners of the session's graph; return their threads.

    ``sess`` is the default session unless one is given. Raises ``ArgumentError`` where there is none.
    """
    session = sess or get_default_session()
    if session is None:
        raise ArgumentError(
            message(
                "start_queue_runners: there is no session to run in",
                where=user_location(),
                remedy="start_queue_runners(session, coordinator), or inside `with session:`",
            )
        )
    runners: list[QueueRunner] = session.graph.get_collection(collection)
    return [thread for each in runners for thread in each.create_threads(session, coord, daemon, start)]
