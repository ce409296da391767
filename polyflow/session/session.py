"""Sessions: a graph, a backend, and the values of variables, brought together to run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from polyflow.core.building import Builder, swap_default
from polyflow.core.graph import Graph, get_default_graph
from polyflow.core.location import user_location
from polyflow.core.operators import later
from polyflow.core.tensor import Operation, StaysHere, Tensor, set_session_finder
from polyflow.core.types import TensorType
from polyflow.errors import BackendError, FeedError, SessionClosedError, message, nearest
from polyflow.extension.backend import Backend
from polyflow.extension.fallback import with_fallback
from polyflow.extension.manager import Extensions
from polyflow.extension.manager import extensions as installed_extensions
from polyflow.extension.native_random import with_generator
from polyflow.runtime.context import HostState
from polyflow.runtime.options import RunOptions
from polyflow.runtime.planner import Plan
from polyflow.runtime.variables import Cell, VariableStore, initial_constant
from polyflow.session.arguments import backend_finder, checked_options, listed_feeds, no_feeds, with_remedy
from polyflow.session.feeding import check_distinct, convert_feed, find_feed
from polyflow.session.fetching import find_element, flatten_fetches
from polyflow.session.planning import check_executor, explained, may_wait, plan_fetches
from polyflow.session.prepared import Prepared

Feeds = Mapping[Any, Any]  # tensors, variables or names to arrays, nested lists or numbers
_as_bytes = later("polyflow.passes.memory_limit", "as_bytes")  # with a limit, which few sessions have
_run_many = later("polyflow.session.many", "run_many")


class Session(StaysHere):
    """Runs a graph on a backend, and keeps the values of its variables.

    >>> import polyflow as pf
    >>> x = pf.placeholder(name="x")
    >>> with pf.Session("numpy") as session:
    ...     session.run(x * x, {x: 3.0}).tolist()
    9.0

    ``backend`` is a name that ``polyflow backends`` lists, or a backend object; ``graph`` is the default graph unless
    one is given; ``device`` is one of the backend's devices, its first by default. ``optimise=False`` runs programs
    without passes, ``check=True`` verifies them after each pass. ``rng="native"`` draws random numbers by the backend's
    own generator, which is faster than ``"threefry"``: they are the same in each session, not on each backend.
    ``options`` are those of runs that are given none. Two sessions share nothing. Operations that the backend has no
    kernel, dtype or shape for run on those of ``fallback``, in order of preference, and on nothing else: ``explain``
    tells which, and what is copied.

    ``executor="dataflow"`` runs operations as soon as what they need is there, in up to ``inter_op_threads`` threads,
    as many as there are processors by default, and several iterations of a loop at once; ``"straight"`` runs one after
    the other. Both give the same values. ``None`` is ``"straight"`` but for programs wired from ``polyflow.dataflow``.

    Where more than ``memory_limit`` (bytes, or text such as ``"512 MiB"``) would be alive at once, values are computed
    anew instead of kept, and ``explain`` tells which; where that is not enough, a run is a ``ResourceExhaustedError``.

    >>> y = pf.tanh(pf.tanh(pf.tanh(pf.tanh(x))))
    >>> "1 operation computed anew" in pf.Session(memory_limit="20 KiB").explain(pf.gradients(y, x), {x: [0.5] * 1000})
    True

    Several threads may run in one session. Runs that read or write variables take turns, but one that may wait, since
    Python functions or queues are in it, lets others run meanwhile: it works on the values that variables had when it
    started, and until it ends nobody else writes a variable that it writes.
    """

    def __init__(
        self,
        backend: str | Backend = "numpy",
        graph: Graph | None = None,
        device: str | None = None,
        *,
        optimise: bool = True,
        check: bool = False,
        rng: str = "threefry",
        options: RunOptions | None = None,
        executor: str | None = None,
        inter_op_threads: int | None = None,
        fallback: Sequence[str | Backend] = (),
        memory_limit: int | str | None = None,
        extensions: Extensions | None = None,
    ) -> None:
        self._extensions = extensions or installed_extensions()
        find = backend_finder(self._extensions.backend)
        self.backend: Backend = with_fallback(with_generator(find(backend), rng), fallback, find)
        self.graph = get_default_graph() if graph is None else graph
        self.device = self._find_device(device)
        self._optimise = optimise
        self._check = check
        self.options = RunOptions() if options is None else checked_options(options)
        self._executor, self._threads = check_executor(executor, inter_op_threads)
        self._memory_limit = None if memory_limit is None else _as_bytes(memory_limit)
        self._host = HostState()
        self._plans: dict[Any, tuple[Plan, list[bool], bool]] = {}
        """By fetches, feeds and types: the plan; for each fetch whether it has a value, as operations have none; and
        whether the run may wait."""
        self._variables = VariableStore()
        self._lock = threading.RLock()
        self._is_closed = False

    # -- running

    def run(self, fetches: Any, feed_dict: Feeds | None = None, options: RunOptions | None = None) -> Any:
        """The values of ``fetches``, in the structure in which they are given.

        A fetch is a tensor, a variable, an operation (whose value is ``None``) or a name; lists, tuples and dicts of
        them nest. ``feed_dict`` gives values to placeholders, or to any other tensor in place of what the graph would
        compute. Values come back as the backend's own arrays. ``options`` may limit the time of a run that waits.
        """
        leaves, rebuild = flatten_fetches(fetches)
        tensors, values, types = self._feeds(feed_dict)
        is_checked = (self.options if options is None else checked_options(options)).check_numerics
        key = (*leaves, is_checked, *tensors, *types)
        known = self._known_plan(key)
        if known is None:
            elements = [find_element(self.graph, each, "fetch") for each in leaves]
            plan = self._plan(elements, dict(zip(tensors, types, strict=True)), is_checked)
            have_values = [isinstance(each, Tensor) for each in elements]
            known = self._plans[key] = plan, have_values, may_wait(plan)
        plan, have_values, is_waiting = known
        if is_waiting or options is not None:
            found = self._execute_waiting(plan, values, options)
        else:
            found = self._execute(plan, values)
        if all(have_values):
            return rebuild(found)
        rest = iter(found)
        return rebuild([next(rest) if has_value else None for has_value in have_values])

    def _known_plan(self, key: Any) -> tuple[Plan, list[bool], bool] | None:
        try:
            return self._plans.get(key)
        except TypeError:  # a fetch that cannot be hashed is none; the search for it will say so
            return None

    def prepare(self, fetches: Any, feeds: Sequence[Any] = (), options: RunOptions | None = None) -> Prepared:
        """A function of the values of ``feeds``, in order, that returns the values of ``fetches``.

        What ``run`` does for each call is done once for each signature: use it in loops.

        >>> import polyflow as pf
        >>> x = pf.placeholder("float32", name="x")
        >>> double = pf.Session().prepare(2 * x, [x])
        >>> double([1.0, 2.0]).tolist()
        [2.0, 4.0]
        """
        self._check_open()
        leaves, rebuild = flatten_fetches(fetches)
        elements = [find_element(self.graph, each, "fetch") for each in leaves]
        tensors = [find_feed(self.graph, each) for each in listed_feeds(feeds)]
        check_distinct(tensors)
        return Prepared(self, elements, rebuild, tensors, None if options is None else checked_options(options))

    def run_many(
        self,
        fetches: Any,
        feeds: Feeds | Iterable[Feeds] | None = None,
        steps: int | None = None,
        *,
        chunk: int | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Any:
        """The values of ``fetches`` in so many runs one after the other, stacked along a new first axis.

        >>> import polyflow as pf
        >>> x, w = pf.placeholder("float32", (), name="x"), pf.Variable(0.0)
        >>> pf.Session().run_many(w.assign_add(x), {x: [1.0, 2.0, 3.0]}).tolist()
        [1.0, 3.0, 6.0]

        ``feeds`` holds arrays with one element for each step along the first axis, or gives one dict of feeds for each
        step, of one type all. Without feeds there are ``steps`` runs. What comes out, and what becomes of variables and
        random streams, is the same as by ``run``; but the steps are one loop, which a compiled engine runs without
        coming back. At most ``chunk`` steps are run in one go (all that are stacked, or 100 of those that come one by
        one); after each chunk ``progress`` is called with the number of steps that are done.
        """
        return _run_many(self, fetches, feeds, steps, chunk, progress)

    def explain(self, fetches: Any, feed_dict: Feeds | None = None) -> str:
        """Every stage of the plan for ``fetches`` as text: program, passes, generated code, decisions.

        A placeholder that is not fed must have a dtype and shape in the graph.
        """
        elements = [find_element(self.graph, each, "fetch") for each in flatten_fetches(fetches)[0]]
        tensors, _, types = self._feeds(feed_dict)
        known = dict(zip(tensors, types, strict=True))
        for operation in self.graph.operations:
            if operation.op.name == "placeholder" and operation.output.type.is_static:
                known.setdefault(operation.output, operation.output.type)
        try:
            return self._plan(elements, known).explain()
        except FeedError as error:
            raise with_remedy(error, "session.explain(fetches, {{{}: value}})") from None

    def _feeds(self, feed_dict: Feeds | None) -> tuple[list[Tensor], list[Any], list[TensorType]]:
        self._check_open()
        tensors, values, types = [], [], []
        try:
            pairs: Iterable[tuple[Any, Any]] = () if feed_dict is None else feed_dict.items()
        except AttributeError:
            raise no_feeds(feed_dict) from None
        for key, value in pairs:
            is_own = isinstance(key, Tensor) and key.operation.owner is self.graph
            tensor = key if is_own else find_feed(self.graph, key)
            array, type = self.convert_feed(tensor, value)
            tensors.append(tensor)
            values.append(array)
            types.append(type)
        check_distinct(tensors)
        return tensors, values, types

    def convert_feed(self, tensor: Tensor, value: Any) -> tuple[Any, TensorType]:
        """``value`` as an array that programs take, and its type, which must be one that ``tensor`` accepts."""
        return convert_feed(self.backend, self.device, tensor, value)

    # -- what Prepared needs as well

    def _plan(
        self,
        elements: Sequence[Tensor | Operation],
        feeds: Mapping[Tensor, TensorType],
        check_numerics: bool = False,
        steps: int | None = None,
    ) -> Plan:
        self._check_open()
        return plan_fetches(
            self.graph,
            [each for each in elements if isinstance(each, Tensor)],
            [each for each in elements if isinstance(each, Operation)],
            feeds,
            backend=self.backend,
            device=self.device,
            extensions=self._extensions,
            optimise=self._optimise,
            check=self._check,
            executor=self._executor,
            threads=self._threads,
            check_numerics=check_numerics,
            steps=steps,
            memory_limit=self._memory_limit,
        )

    def many_plan(self, elements: Sequence[Tensor | Operation], feeds: Mapping[Tensor, TensorType], steps: int) -> Plan:
        """The plan for so many runs in one, made once."""
        key = (*elements, "steps", steps, *feeds.items())
        if key not in self._plans:
            self._plans[key] = self._plan(elements, feeds, steps=steps), [], False
        return self._plans[key][0]

    def _execute(self, plan: Plan, values: Sequence[Any]) -> Sequence[Any]:
        """Run ``plan`` on fed arrays: read the variables, write them back, return the fetches."""
        reads, writes = plan.specialised.reads, plan.specialised.writes
        if not reads and not writes:
            return self._guard(plan, plan.run(*values))
        with self._lock:
            if not self._host.holders or self._host.holders.keys().isdisjoint(writes):
                cells = [self.cell(each) for each in reads]
                return self._write(plan, plan.run(*values, *[cell[0] for cell in cells]))
        return self._execute_waiting(plan, values, None)

    def _execute_waiting(self, plan: Plan, values: Sequence[Any], options: RunOptions | None = None) -> Sequence[Any]:
        """As ``_execute``, for a run that may wait, and holds no lock while it does."""
        with self._host.run(options or self.options, user_location(), plan.specialised.writes) as run:
            reads, writes = plan.specialised.reads, set(plan.specialised.writes)
            with self._lock:
                cells = [self.cell(each) for each in reads]
                if not may_wait(plan):
                    return self._write(plan, plan.run(*values, *[cell[0] for cell in cells]))
                arrays = [cell[0] for cell in cells]
                if self.backend.is_compiled:  # a run that writes what this one only reads may take over its memory
                    copy = self.backend.copy
                    arrays = [a if each in writes else copy(a) for each, a in zip(reads, arrays, strict=True)]
            try:
                found = plan.function(*values, *arrays)
            except Exception as error:
                raise explained(plan, error) from error
            with self._lock:
                run.check_cancelled()
                return self._write(plan, found)

    def _write(self, plan: Plan, found: Sequence[Any]) -> Sequence[Any]:
        """Write the variables of the results of ``plan``; return the fetches."""
        writes = plan.specialised.writes
        count = len(found) - len(writes)
        # Guarded before the cells are written: a later run may take the memory of what they hold.
        fetched = self._guard(plan, found[:count])
        for variable, value in zip(writes, found[count:], strict=True):
            self._variables.cell(variable)[:] = (value,)
        return fetched

    def _guard(self, plan: Plan, found: Sequence[Any]) -> Sequence[Any]:
        if not plan.guarded:
            return found
        return [self.backend.guard(each) if index in plan.guarded else each for index, each in enumerate(found)]

    def cell(self, variable: Operation) -> Cell:
        """The cell of ``variable``, with its initial value if it had none yet."""
        cell = self._variables.cell(variable)
        if not cell:
            with self._lock:
                self._check_open()
                self._initialise(variable)
        return cell

    def _initialise(self, variable: Operation) -> None:
        """Give ``variable`` its initial value, and before it those that its initial value is computed from."""
        plans: dict[Operation, Plan] = {}
        waiting = [variable]
        while waiting:
            current = waiting[-1]
            cell = self._variables.cell(current)
            cell[:] = cell or initial_constant(current, self.backend, self.device)
            if cell:
                waiting.pop()
                continue
            if current not in plans:
                plans[current] = self._plan([current.attributes["initial_value"]], {})
            missing = [each for each in plans[current].specialised.reads if not self._variables.cell(each)]
            if missing:
                waiting += missing
                continue
            execute = self._execute_waiting if may_wait(plans[current]) else self._execute
            cell[:] = execute(plans[current], ())

    # -- life

    def close(self) -> None:
        """Forget the variables and plans, cancel the runs that wait; a closed session refuses to run."""
        self._is_closed = True
        self._host.close()
        self._plans.clear()
        with self._lock:  # a run in progress may yet read and write them
            self._variables.clear()

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def _check_open(self) -> None:
        if self._is_closed:
            raise SessionClosedError(
                message("the session is closed", remedy="open another: polyflow.Session(backend, graph)")
            )

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """Inside ``with session.as_default():``, ``tensor.eval()`` finds the session, which stays open afterwards."""
        self._check_open()
        _defaults.sessions.append(self)
        try:
            yield self
        finally:
            _defaults.sessions.pop()

    def __enter__(self) -> Session:
        self._check_open()
        _defaults.sessions.append(self)
        _defaults.graphs.append(swap_default(self.graph))  # what is built inside is what the session can run
        return self

    def __exit__(self, *_: object) -> None:
        swap_default(_defaults.graphs.pop())
        _defaults.sessions.pop()
        self.close()

    def _find_device(self, wanted: str | None) -> str:
        devices = self.backend.devices()
        if wanted is None:
            return devices[0]
        if wanted in devices:
            return wanted
        raise BackendError(
            message(f"backend {self.backend.name!r} has no device {wanted!r}", needed=nearest(wanted, devices))
        )

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"on {self.device}"
        return f"<Session backend={self.backend.name!r} {state}>"


class _Defaults(threading.local):
    """The sessions entered with ``with`` in one thread, innermost last."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.graphs: list[Builder | None] = []
        """The default graphs that they found."""


_defaults = _Defaults()


def get_default_session() -> Session | None:
    """The session of the innermost ``with`` in this thread, or ``None``."""
    return _defaults.sessions[-1] if _defaults.sessions else None


set_session_finder(get_default_session)
