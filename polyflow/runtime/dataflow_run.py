"""One run of a dataflow graph: tokens that meet in iterations of frames, and threads that run what is ready.

A value and the iteration that it is in are a token. A node runs once for each iteration in which all its inputs have
come; if one of them is dead, so are its outputs. An iteration is over when nothing in it can run any more and the one
before is over; a frame never has more iterations than it may, so a loop that runs ahead waits.

The thread that calls does the work, and has others help it when there is something large to do. One lock guards all of
it and is let go while a kernel runs, so most of the time each thread is in a kernel. Small operations stay with the
thread that made them ready; large ones are left to whoever has nothing to do.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from typing import Any

from polyflow.core.hosting import current_run
from polyflow.errors import ExecutionError, message
from polyflow.runtime import waiting
from polyflow.runtime.dataflow_code import (
    CALL,
    CALL_ON_TWO,
    ENTER,
    EXIT,
    NEXT,
    SWITCH,
    GraphCode,
    NodeCode,
    Route,
)
from polyflow.runtime.dataflow_frames import FrameRun, Iteration

_CHECKED = 64
"""Nodes that a thread runs between two looks at whether the run is to end."""
_PATIENCE = 0.05
"""Seconds between two such looks of a thread that has nothing to do."""

Wrap = Callable[[Callable[[], None]], Callable[[], None]]
"""Puts a thread under the settings that kernels run under."""


Token = tuple[NodeCode, Iteration]


class DataflowRun:
    """The state of one run."""

    def __init__(self, code: GraphCode, threads: int, wrap: Wrap) -> None:
        self.code = code
        self._most = threads - 1
        self._wrap = wrap
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._shared: deque[Token] = deque()
        self._helpers: list[threading.Thread] = []
        self._busy = 1
        """Threads that do not wait."""
        self._is_over = False
        self._error: BaseException | None = None
        self._results: list[Any] = [_MISSING] * len(code.results)
        self._host = current_run()

    def run(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """The results for ``arguments``."""
        root = FrameRun(self.code.root, None)
        local: deque[Token] = deque()
        start = self._begin(root, local)
        for route, value in zip(self.code.parameters, arguments, strict=True):
            self._deliver(route, value, start, local)
        try:
            self._run_nodes(local)
        except BaseException as error:
            self._fail(error)
        finally:
            self._end()
        if self._error is not None:
            raise self._error
        for place, value in enumerate(self._results):
            if value is _MISSING:
                raise ExecutionError(
                    message(
                        f"{self.code.results[place]} has no value: it is on a way that the run did not take",
                        remedy="fetch what merges the ways",
                    )
                )
        return tuple(self._results)

    # -- threads

    def _run_nodes(self, local: deque[Token]) -> None:
        """Run what is ready until the run is over."""
        lock, host, shared = self._lock, self._host, self._shared
        steps = 0
        running = None  # the node whose kernel runs
        lock.acquire()
        try:
            while not self._is_over:
                if local:
                    node, iteration = local.popleft()
                elif shared:
                    node, iteration = shared.popleft()
                else:
                    self._wait()
                    continue
                if shared:
                    self._call_for_help(bool(local) or node.is_large)
                if host is not None:
                    steps += 1
                    if steps % _CHECKED == 0:
                        host.check()
                kind = node.kind
                if iteration.dead is not None and node.index in iteration.dead:
                    self._kill_outputs(node, iteration, local)
                elif kind <= CALL:
                    values = iteration.values
                    if kind == CALL_ON_TWO:  # in place of what follows, since it takes half of the time
                        one, two = values[node.start], values[node.start + 1]
                        values[node.start] = values[node.start + 1] = None
                        running = node
                        lock.release()
                        try:
                            result = node.function(one, two)
                        finally:
                            lock.acquire()
                        del one, two
                    else:
                        operands = values[node.start : node.stop]
                        values[node.start : node.stop] = node.blank
                        running = node
                        lock.release()
                        try:
                            result = node.function(*operands)
                        finally:
                            lock.acquire()
                        del operands
                    running = None  # noqa: F841  (explain_failure reads it in the traceback)
                    if node.is_single:
                        self._deliver(node.route, result, iteration, local)
                    else:
                        self._deliver_all(node, result, iteration, local)
                    result = None
                else:
                    self._route(node, iteration, local)
                iteration.active -= 1
                if not iteration.active:
                    self._settle(iteration, local)
        finally:
            with suppress(RuntimeError):  # an interruption may come before or behind the lock
                lock.release()

    def _wait(self) -> None:
        """Wait for something to do; if nobody has anything, the run is over."""
        self._busy -= 1
        if not self._busy:
            self._is_over = True
            self._work.notify_all()
            return
        try:
            if self._host is None:
                self._work.wait()
            else:
                with waiting.passive():
                    self._work.wait(_PATIENCE)
                self._host.check()
        finally:
            self._busy += 1

    def _call_for_help(self, is_busy: bool) -> None:
        """Wake or start another thread for what is shared, if this one does not come to it next."""
        count = len(self._shared) - (not is_busy)
        if count <= 0:
            return
        if self._busy <= len(self._helpers):
            self._work.notify(count)
        elif len(self._helpers) < self._most:
            context = contextvars.copy_context()
            name = f"polyflow-{len(self._helpers) + 1}"
            helper = threading.Thread(target=context.run, args=(self._wrap(self._help),), name=name, daemon=True)
            self._helpers.append(helper)
            self._busy += 1
            helper.start()

    def _help(self) -> None:
        try:
            self._run_nodes(deque())
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End the run for ``error``, unless another came before."""
        with self._lock:
            if self._error is None:
                self._error = error
            self._is_over = True
            self._shared.clear()
            self._work.notify_all()
        cancel = getattr(self._host, "cancel", None)
        if cancel is not None:  # kernels that wait for something are not to wait any longer
            cancel()

    def _end(self) -> None:
        """Wait until no other thread is in the run."""
        self._is_over = True
        with suppress(RuntimeError), self._lock:
            self._work.notify_all()
        with nullcontext() if self._host is None else waiting.passive():
            for each in self._helpers:
                each.join()

    # -- tokens: all that follows is done under the lock

    def _begin(self, frame: FrameRun, local: deque[Token]) -> Iteration:
        """Begin the next iteration of ``frame``."""
        frame.newest += 1
        made = frame.iterations[frame.newest] = Iteration(frame, frame.newest)
        for node in frame.initial:
            self._ready(node, made, local)
        return made

    def _ready(self, node: NodeCode, iteration: Iteration, local: deque[Token]) -> None:
        iteration.active += 1
        (self._shared if node.is_large else local).append((node, iteration))

    def _deliver(self, route: Route, value: Any, iteration: Iteration, local: deque[Token]) -> None:
        """Bring a live token to all that wait for it."""
        values, pending = iteration.values, iteration.pending
        for node, place, index in route.data:
            values[place] = value
            left = pending[index] = pending[index] - 1
            if not left:  # as in _ready, in place
                iteration.active += 1
                (self._shared if node.is_large else local).append((node, iteration))
        if route.is_plain:
            return
        for node in route.controls:
            index = node.index
            left = pending[index] = pending[index] - 1
            if not left:
                self._ready(node, iteration, local)
        for node in route.sends:
            self._send(node, value, iteration, local)
        for node, number in route.merges:
            if pending[node.index] > 0:  # the first value that comes is the one
                pending[node.index] = 0
                self._deliver(node.route, value, iteration, local)
                if not node.is_single:
                    self._deliver(node.routes[1], number, iteration, local)

    def _deliver_all(self, node: NodeCode, result: Any, iteration: Iteration, local: deque[Token]) -> None:
        """Bring each of several outputs to its consumers."""
        if not node.node.operation or not node.node.operation.outputs:
            self._deliver(node.route, None, iteration, local)
            return
        for route, value in zip(node.routes, result, strict=True):
            self._deliver(route, value, iteration, local)

    def _kill(self, route: Route, iteration: Iteration, local: deque[Token], is_entering: bool = False) -> None:
        """Bring a dead token to all that wait for one."""
        pending = iteration.pending
        if iteration.dead is None:
            iteration.dead = set()
        for node in (*(each for each, _, _ in route.data), *route.controls):
            if not node.is_trigger:
                iteration.dead.add(node.index)
            pending[node.index] -= 1
            if not pending[node.index]:
                self._die(node, iteration, local)
        for node, _ in route.merges:
            if pending[node.index] > 0:
                pending[node.index] -= 1
                if not pending[node.index] or is_entering:  # nothing comes round in a loop that was never entered
                    pending[node.index] = 0
                    iteration.dead.add(node.index)
                    self._die(node, iteration, local)

    def _die(self, node: NodeCode, iteration: Iteration, local: deque[Token]) -> None:
        iteration.active += 1
        local.append((node, iteration))

    def _kill_outputs(self, node: NodeCode, iteration: Iteration, local: deque[Token]) -> None:
        """What a node does that a dead token has come to."""
        iteration.values[node.start : node.stop] = node.blank
        if node.kind == ENTER:
            self._enter(node, iteration, None, True, local)
        elif node.kind not in (EXIT, NEXT):  # exits die with their frame, and a dead iteration has no next
            for route in node.routes:
                self._kill(route, iteration, local)

    def _route(self, node: NodeCode, iteration: Iteration, local: deque[Token]) -> None:
        """What a node does that only sends a value on."""
        values, start, kind = iteration.values, node.start, node.kind
        value = values[start] if node.stop > start else None
        if kind == SWITCH:
            chosen = int(values[start + 1])
            for number, route in enumerate(node.routes):
                if number == chosen:
                    self._deliver(route, value, iteration, local)
                else:
                    self._kill(route, iteration, local)
        elif kind == ENTER:
            self._enter(node, iteration, value, False, local)
        else:
            self._send(node, value, iteration, local)
        values[start : node.stop] = node.blank

    def _send(self, node: NodeCode, value: Any, iteration: Iteration, local: deque[Token]) -> None:
        """Pass a value on to the next iteration, out of the frame, or out of the run."""
        frame = iteration.frame
        if node.kind == NEXT:
            following = frame.iterations.get(iteration.number + 1)
            if following is None:
                if len(frame.iterations) >= frame.code.parallel:
                    frame.deferred.append((node.route, value))
                    return
                following = self._begin(frame, local)
            self._deliver(node.route, value, following, local)
        elif node.kind == EXIT:
            frame.exited.add(node.index)
            assert frame.outer is not None
            self._deliver(node.route, value, frame.outer, local)
        else:
            self._results[node.place] = value

    # -- frames

    def _enter(self, node: NodeCode, outer: Iteration, value: Any, is_dead: bool, local: deque[Token]) -> None:
        if outer.children is None:
            outer.children = {}
        frame = outer.children.get(node.target.number)
        if frame is None:
            frame = outer.children[node.target.number] = FrameRun(node.target, outer)
            self._begin(frame, local)
        first = frame.iterations[0]  # which is not over before all have entered
        frame.waiting -= 1
        if is_dead:
            self._kill(node.route, first, local, is_entering=True)
        elif node.is_constant:
            for each in frame.iterations.values():
                self._deliver(node.route, value, each, local)
            frame.settle(node.route, value)
        else:
            self._deliver(node.route, value, first, local)
        if not first.active:
            self._settle(first, local)

    def _settle(self, iteration: Iteration, local: deque[Token]) -> None:
        """Let go of iterations that are over, begin those that waited for that, and leave frames that are over."""
        current: Iteration | None = iteration
        while current is not None:
            frame = current.frame
            while True:
                oldest = frame.iterations.get(frame.oldest)
                if oldest is None or oldest.active or oldest.children or (frame.waiting and not oldest.number):
                    break
                del frame.iterations[frame.oldest]
                frame.oldest += 1
                if frame.deferred:
                    deferred, frame.deferred = frame.deferred, []
                    following = self._begin(frame, local)
                    for route, value in deferred:
                        self._deliver(route, value, following, local)
            current = frame.outer
            if frame.iterations or current is None:
                return
            assert current.children is not None
            del current.children[frame.code.number]
            for node in frame.code.exits:
                if node.index not in frame.exited:
                    self._kill(node.route, current, local)
            if current.active:
                return


_MISSING: Any = object()
