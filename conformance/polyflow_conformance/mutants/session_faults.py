"""Operators on the steps of a session: checks that are left out, state that leaks, streams that go astray.

The backend is sound; polyflow is not. A step is named by its module and its name in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import polyflow
from polyflow.autodiff import reverse
from polyflow.core.literal import Literal
from polyflow.extension import Backend
from polyflow.ops import random_bits, random_streams
from polyflow.runtime import numerics, planner, variables
from polyflow.session import feeding, fetching, planning, prepared, session
from polyflow_conformance.instruments.strict import Strict
from polyflow_conformance.mutants.mutant import NAME, Faulty, Mutant, Operator, World, patched

Session: Any = session.Session  # whose private steps are what is broken here


@contextmanager
def _with(changes: Any, sound: Backend) -> Iterator[Any]:
    with ExitStack() as stack:
        for owner, name, value in changes:
            stack.enter_context(patched(owner, name, value))
        yield Faulty(sound)


def _patches(operator: str, table: dict[str, list[tuple[Any, str, Any]]]) -> Iterator[Mutant]:
    for target, changes in table.items():
        yield Mutant(operator, target, partial(_with, changes))


# -- checks that are left out


def _checks(world: World, operator: str) -> Iterator[Mutant]:
    skip = lambda *_, **__: None  # noqa: E731
    find = fetching.find_element

    def find_any(graph: Any, key: Any, what: str) -> Any:
        try:
            return find(graph, key, what)
        except polyflow.errors.PolyflowError:
            return graph.operations[0].outputs[0]

    def fill(operation: Any) -> Any:
        raise KeyError(operation.name)

    yield from _patches(
        operator,
        {
            "type of a feed": [(feeding, "check_feed", skip)],
            "shape of a feed": [(feeding, "check_feed", _unless(feeding.check_feed, "dtype"))],
            "dtype of a feed": [(feeding, "check_feed", _unless(feeding.check_feed, "shape"))],
            "open session": [(Session, "_check_open", skip)],
            "device": [(Session, "_find_device", lambda self, wanted: self.backend.devices()[0])],
            "names": [(session, "find_element", find_any), (feeding, "find_element", find_any)],
            "missing feed": [(_specialise(), "_missing_feed", fill)],
            "finite values": [(planning, "make_checked_plan", lambda its, backend, device: planner.make_plan(
                its, its.program, backend, device))],
            "finite results": [(numerics.NotFinite, "__init__", _other_place)],
            "failed operation": [(planner.Plan, "failure", lambda self, error: error),
                                 (session, "_explained", lambda plan, error: error)],
        },
    )  # fmt: skip


def _unless(check: Callable[..., None], word: str) -> Callable[..., None]:
    """The check, but for refusals that speak of ``word``... which are the only ones that it still makes."""

    def run(tensor: Any, found: Any) -> None:
        try:
            check(tensor, found)
        except polyflow.errors.FeedError as error:
            if f"wrong {word}" in str(error):
                raise

    return run


def _other_place(self: Exception, name: str) -> None:
    Exception.__init__(self, f"something else than {name}")
    self.args = ("a number",)


def _specialise() -> Any:
    import importlib

    return importlib.import_module("polyflow.core.specialise")  # the package has a function of the name


# -- state


def _states(world: World, operator: str) -> Iterator[Mutant]:
    shared: dict[Any, Any] = {}
    write, run, call = Session._write, Session._execute_waiting, prepared.Prepared._make_call

    def in_one_store(self: Any) -> None:
        self._cells = shared

    def never(self: Any, plan: Any, found: Any) -> Any:
        return self._guard(plan, found[: len(found) - len(plan.specialised.writes)])

    def first_only(self: Any, plan: Any, found: Any) -> Any:
        fetched = never(self, plan, found)
        count = len(found) - len(plan.specialised.writes)
        for variable, value in list(zip(plan.specialised.writes, found[count:], strict=True))[:1]:
            self._variables.cell(variable)[:] = (value,)
        return fetched

    def in_turn(self: Any, plan: Any, found: Any) -> Any:
        """Each value to the next variable of the run, where types allow it."""
        count = len(found) - len(plan.specialised.writes)
        values = list(found[count:])
        types = {self.backend.type_of(each) for each in values}
        return write(self, plan, [*found[:count], *values[1:], *values[:1]] if len(types) == 1 else found)

    def before_the_run(self: Any, plan: Any, found: Any) -> Any:
        """Fetches of a variable's new value get the old one."""
        writes = plan.specialised.writes
        cells = {place: self._variables.cell(each) for place, each in enumerate(writes)}
        count = len(found) - len(writes)
        made = list(found)
        for place, value in enumerate(found[:count]):
            for number, cell in cells.items():
                if cell and value is found[count + number]:
                    made[place] = cell[0]
        return write(self, plan, made)

    def over_again(self: Any, plan: Any, *arguments: Any) -> Any:
        """A run that fails has written all the same: zeros."""
        try:
            return run(self, plan, *arguments)
        except Exception:
            for variable in plan.specialised.writes:
                cell = self._variables.cell(variable)
                for value in map(self.backend.to_literal, cell[:1]):
                    zeros = Literal(value.dtype, value.shape, bytes(len(value.data)))
                    cell[:] = (self.backend.from_literal(zeros, self.device),)
            raise

    def forgetting(self: Any, feeds: Any) -> Any:
        """A prepared call that writes no variable but in its first run."""
        made, runs = call(self, feeds), [0]
        store = self._session._variables

        def again(values: Any) -> Any:
            runs[0] += 1
            before = {key: list(cell) for key, cell in store._cells.items()} if runs[0] > 1 else {}
            found = made(values)
            for key, cell in before.items():
                store._cells[key][:] = cell
            return found

        return again

    yield from _patches(
        operator,
        {
            "one store for all sessions": [(variables.VariableStore, "__init__", in_one_store)],
            "no write": [(Session, "_write", never)],
            "only the first write": [(Session, "_write", first_only)],
            "writes to each other": [(Session, "_write", in_turn)],
            "fetches from before the run": [(Session, "_write", before_the_run)],
            "a failed run writes": [(Session, "_execute_waiting", over_again)],
            "feeds not copied": [(planner, "_borrowed", lambda *_: ())],
            "fetches not guarded": [(Session, "_guard", lambda self, plan, found: found)],
            "a prepared call forgets": [(prepared.Prepared, "_make_call", forgetting)],
        },
    )


# -- order


def _orders(world: World, operator: str) -> Iterator[Mutant]:
    seam = _specialise()
    specialise = seam.specialise

    def backwards(graph: Any, fetches: Any, targets: Any, feeds: Any, xp: Any) -> Any:
        found = specialise(graph, fetches[::-1], targets, feeds, xp)
        count, results = len(fetches), found.program.results
        program = type(found.program)(
            found.program.parameters, found.program.operations, (*results[:count][::-1], *results[count:])
        )
        return type(found)(program, found.feeds, found.reads, found.writes)

    ancestors = seam.ancestors

    def without_control(operations: Any, *, stop: Any) -> Any:
        """Operations in order, but none of those that only a control dependency asks for."""
        found = list(ancestors(operations, stop=stop))
        needed: set[Any] = set()
        waiting = list(operations)
        while waiting:
            each = waiting.pop()
            if each not in needed:
                needed.add(each)
                waiting += [one.operation for one in each.inputs]
        return [each for each in found if each in needed]

    def everything(operations: Any, *, stop: Any) -> Any:
        """All writes of the graph, also of what nobody fetches."""
        graph = operations[0].owner if operations else None
        writes = [each for each in getattr(graph, "operations", ()) if each.op.name == "assign"]
        return ancestors([*operations, *writes], stop=stop)

    def by_need(operations: Any, *, stop: Any) -> Any:
        """Each operation right after its operands, in the order in which fetches ask for them."""
        found: dict[Any, None] = {}
        known = set(ancestors(operations, stop=stop))

        def visit(operation: Any) -> None:
            if operation in known and operation not in found:
                for each in (*[one.operation for one in operation.inputs], *operation.control_inputs):
                    visit(each)
                found[operation] = None

        for each in operations:
            visit(each)
        return list(found)

    yield from _patches(
        operator,
        {
            "fetches from the last": [(planning, "specialise", backwards)],
            "control dependencies ignored": [(seam, "ancestors", without_control)],
            "writes that are not asked for": [(seam, "ancestors", everything)],
            "in the order of the fetches": [(seam, "ancestors", by_need)],
        },
    )


# -- random streams


def _streams(world: World, operator: str) -> Iterator[Mutant]:
    first_key, fold_in, words = random_streams.first_key, random_bits.fold_in, random_bits.threefry_words
    drawn = [0]

    def by_count(graph_seed: Any, own: Any) -> Any:
        drawn[0] += 1
        return first_key(graph_seed, drawn[0])

    def by_number(graph: Any, name: str, seed: Any = None) -> Any:
        return stream_key(graph, f"{name}_{len(graph.operations)}" if hasattr(graph, "operations") else name, seed)

    def without_seed(graph_seed: Any, own: Any) -> Any:
        return first_key(None, own)

    stream_key = random_streams.stream_key
    yield from _patches(
        operator,
        {
            "one stream for all": [(random_streams, "first_key", lambda seed, own: first_key(seed, ""))],
            "by the number of draws": [(random_streams, "first_key", by_count)],
            "by the number of operations": [(random_streams, "stream_key", by_number)],
            "seed ignored": [(random_streams, "first_key", without_seed)],
            "the same in each run": [(random_streams, "fold_in", lambda start, runs: fold_in(start, runs * 0))],
            "keys folded wrongly": [(random_streams, "fold_in", lambda start, runs: fold_in(start, runs + 1))],
            "words exchanged": [(random_streams, "threefry_words", lambda *key: words(*key)[::-1])],
        },
    )


# -- differentiation and devices


def _derivatives(world: World, operator: str) -> Iterator[Mutant]:
    jvp, gradients, added = polyflow.jvp, polyflow.gradients, reverse._added

    def halved(*arguments: Any, **options: Any) -> Any:
        value, tangent = jvp(*arguments, **options)
        return value, tuple(0.5 * each for each in tangent)

    def doubled(*arguments: Any, **options: Any) -> Any:
        return [2.0 * each for each in gradients(*arguments, **options)]

    yield from _patches(
        operator,
        {
            "forward mode halved": [(polyflow, "jvp", halved)],
            "reverse mode doubled": [(polyflow, "gradients", doubled)],
            "a path lost": [(reverse, "_added", lambda builder, total, part: part)],
            "a path twice": [(reverse, "_added", lambda builder, total, part: added(
                builder, added(builder, total, part), part))],
            "gradients not summed to shape": [(reverse, "_sum_to_shape", _first_row(reverse._sum_to_shape))],
        },
    )  # fmt: skip


def _first_row(sums: Any) -> Any:
    def run(builder: Any, operation: Any, gradient: Any, tensor: Any) -> Any:
        found = sums(builder, operation, gradient, tensor)
        return found * 0.5 if gradient.type != tensor.type else found

    return run


class _TwoDevices(Strict):
    """The strict backend, under the name of mutants."""

    def __init__(self, inner: Backend) -> None:
        super().__init__(inner)
        self.name = NAME


def _devices(world: World, operator: str) -> Iterator[Mutant]:
    """Of a backend with two devices: arrays that are on another one than they were asked to be."""
    other = {"here": "there", "there": "here"}
    changes: dict[str, Any] = {
        "from_literal": lambda own: lambda value, device: own(value, "here"),
        "to_device": lambda own: lambda array, device: array,
        "copy": lambda own: lambda array: _moved(own(array), other),
        "guard": lambda own: lambda array: _moved(own(array), other),
        "eager": lambda own: lambda kernel, device: own(kernel, "here"),
        "devices": lambda own: lambda: (*own(), "nowhere:7"),
    }
    for target, change in changes.items():
        yield Mutant(operator, target, partial(_on_two, target, change))


@contextmanager
def _on_two(name: str, change: Any, sound: Backend) -> Iterator[Any]:
    backend: Any = _TwoDevices(sound)
    setattr(backend, name, change(getattr(backend, name)))
    yield backend


def _moved(box: Any, other: dict[str, str]) -> Any:
    box.device = other[box.device]
    return box


OPERATORS = (
    Operator("check left out", "a call that must be refused is not, or not in words", _checks),
    Operator("wrong state", "variables between runs and sessions", _states),
    Operator("wrong order", "reads, writes, control dependencies", _orders),
    Operator("wrong stream", "of random numbers without a key", _streams),
    Operator("wrong differentiation", "the driver, not a rule", _derivatives),
    Operator("wrong device", "of a backend with two", _devices),
)
