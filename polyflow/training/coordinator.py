"""``Coordinator``: several threads that stop together."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.errors import ExecutionError, OutOfRangeError, message
from polyflow.runtime.waiting import passive


class Coordinator:
    """Lets any of several threads ask all of them to stop, and brings its error to the thread that joins them.

    >>> import polyflow as pf, threading
    >>> coordinator = pf.train.Coordinator()
    >>> def work():
    ...     with coordinator.stop_on_exception():
    ...         raise ValueError("no more work")
    >>> thread = threading.Thread(target=work)
    >>> thread.start()
    >>> try:
    ...     coordinator.join([thread])
    ... except ValueError as error:
    ...     print(error)
    no more work

    Errors of ``clean_stop_exception_types`` (``OutOfRangeError``: the end of the input) stop the threads and are not
    raised. Source: TensorFlow 1, ``tf.train.Coordinator``.
    """

    def __init__(self, clean_stop_exception_types: tuple[type[BaseException], ...] | None = None) -> None:
        self._clean = (OutOfRangeError,) if clean_stop_exception_types is None else tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._threads: set[threading.Thread] = set()
        self._joined = False

    def should_stop(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._stop.is_set()

    def request_stop(self, ex: BaseException | tuple[Any, ...] | None = None) -> None:
        """Ask all threads to stop; the first ``ex`` (an exception, or ``sys.exc_info()``) is raised by ``join``."""
        error = ex[1] if isinstance(ex, tuple) else ex
        with self._lock:
            if not self._stop.is_set() and error is not None and not isinstance(error, self._clean):
                self._error = error
            self._stop.set()

    def clear_stop(self) -> None:
        """Forget that it was asked to stop, and why."""
        with self._lock:
            self._stop.clear()
            self._error = None
            self._joined = False

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until somebody asks to stop, or ``timeout`` seconds; return whether somebody has."""
        if timeout is not None:
            return self._stop.wait(timeout)
        with passive():
            return self._stop.wait()

    def register_thread(self, thread: threading.Thread) -> None:
        """Make ``thread`` one of those that ``join`` waits for."""
        with self._lock:
            self._threads.add(thread)

    @contextlib.contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """Inside, an exception asks all threads to stop instead of ending this one with a traceback."""
        try:
            yield
        except Exception as error:
            self.request_stop(error)

    def raise_requested_exception(self) -> None:
        """Raise the exception that was given to ``request_stop``, if one was."""
        with self._lock:
            error, self._error = self._error, None
        if error is not None:
            raise error

    @property
    def joined(self) -> bool:
        """Whether ``join`` has returned."""
        return self._joined

    def join(
        self,
        threads: Sequence[threading.Thread] | None = None,
        stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait for ``threads`` and those registered to end, then raise the exception that made them stop.

        Once asked to stop they have ``stop_grace_period_secs``; ``ExecutionError`` names those still alive then, unless
        ``ignore_live_threads``.
        """
        with self._lock:
            waited = [*self._threads, *(each for each in threads or () if each not in self._threads)]
        for each in waited:
            self._wait_for(each)
        deadline = time.monotonic() + stop_grace_period_secs
        for each in waited:
            each.join(max(deadline - time.monotonic(), 0))
        alive = [each.name for each in waited if each.is_alive()]
        with self._lock:
            self._joined = True
            self._threads.clear()
        self.raise_requested_exception()
        if alive and not ignore_live_threads:
            raise ExecutionError(
                message(
                    f"{len(alive)} threads did not stop within {stop_grace_period_secs} s",
                    found=", ".join(alive),
                    remedy="threads look at coordinator.should_stop(), or have a larger stop_grace_period_secs",
                )
            )

    def _wait_for(self, thread: threading.Thread) -> None:
        """Until ``thread`` ends, or somebody asks to stop."""
        with passive():
            while thread.is_alive() and not self._stop.wait(0.01):
                thread.join(0.05)
