"""Threads for tests: functions that run beside the test, and waiting for what they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from polyflow.runtime import waiting as runtime_waiting


class Started:
    """A function that runs in a thread, and what came of it."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: Exception | None = None
        self._function = function
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._function()
        except Exception as error:
            self.error = error

    def wait(self) -> Started:
        self._thread.join(5)
        assert not self._thread.is_alive(), "the thread goes on"
        return self

    def join_for_ever(self) -> None:
        """As a user does who trusts the thread to end."""
        self._thread.join()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to be")


def waiting() -> int:
    """How many runs wait, in all sessions."""
    return len(runtime_waiting._waiters)
