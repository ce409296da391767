"""Operators on state: what becomes of variables between runs, between sessions, and in the order of a program.

The backend is sound; polyflow is not.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakSet

from polyflow.core.building import overriding_builder
from polyflow.core.dataflow import Source
from polyflow.core.declaration import Trait
from polyflow.core.dtypes import DTYPES
from polyflow.core.literal import Literal
from polyflow.core.nested import every_operation
from polyflow.core.primitives import constant_op
from polyflow.ops import host_functions
from polyflow.ops.state import Variable
from polyflow.runtime import dataflow, planner, variables
from polyflow.session import many, planning, prepared, session
from polyflow_conformance.mutants.mutant import Mutant, Operator, World, of_steps

Session: Any = session.Session  # whose private steps are what is broken here


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
        store = self.session._variables

        def again(values: Any) -> Any:
            runs[0] += 1
            before = {key: list(cell) for key, cell in store._cells.items()} if runs[0] > 1 else {}
            found = made(values)
            for key, cell in before.items():
                store._cells[key][:] = cell
            return found

        return again

    borrowed = planner._borrowed
    sessions: WeakSet[Any] = WeakSet()
    open_session, follow = Session.__init__, Variable.follow

    def in_the_store_of_the_backend(self: Any, *arguments: Any, **options: Any) -> None:
        """Of another session that is open on it."""
        open_session(self, *arguments, **options)
        for other in sessions:
            if not other.is_closed and other.backend.name == self.backend.name:
                self._variables._cells = other._variables._cells
        sessions.add(self)

    def in_place(self: Any, plan: Any, found: Any) -> Any:
        """The new value goes where the old one lies."""
        if len(plan.specialised.writes) != 1 or not self._variables.cell(plan.specialised.writes[0]):
            return write(self, plan, found)
        (variable,) = plan.specialised.writes
        old = self._variables.cell(variable)[0]
        fetched = write(self, plan, found)
        try:
            old[...] = found[-1]
        except Exception:  # the first value, which cannot be written into
            return fetched
        self._variables.cell(variable)[:] = (old,)
        return fetched

    def one_after_the_other(self: Any, plan: Any, found: Any) -> Any:
        """A variable that gets the value of another gets the one that the same run has just written."""
        writes, count = plan.specialised.writes, len(found) - len(plan.specialised.writes)
        values = list(found[count:])
        cells = [self._variables.cell(each) for each in writes]
        for place in range(1, len(values)):
            for before in range(place):
                if cells[before] and cells[before][0] is values[place]:
                    values[place] = values[before]
        return write(self, plan, [*found[:count], *values])

    def only_in_bodies(self: Any, latest: Any) -> None:
        if hasattr(overriding_builder(), "variable_value"):
            follow(self, latest)

    def only_outside(self: Any, latest: Any) -> None:
        if not hasattr(overriding_builder(), "variable_value"):
            follow(self, latest)

    def borrowed_by(*, fetches: bool) -> Any:
        """Results that are copied: those that are fetched, or those that are written to variables."""

        def found(specialised: Any, program: Any, *rest: Any) -> tuple[int, ...]:
            end = len(program.results) - len(specialised.writes)
            return tuple(each for each in borrowed(specialised, program, *rest) if (each < end) == fetches)

        return found

    yield from of_steps(
        operator,
        {
            "one store for the sessions of a backend": [(Session, "__init__", in_the_store_of_the_backend)],
            "written in place": [(Session, "_write", in_place)],
            "written one after the other": [(Session, "_write", one_after_the_other)],
            "an expression reads what was before the run": [(Variable, "follow", only_in_bodies)],
            "a body reads what was before it": [(Variable, "follow", only_outside)],
            "one store for all sessions": [(variables.VariableStore, "__init__", in_one_store)],
            "no write": [(Session, "_write", never)],
            "only the first write": [(Session, "_write", first_only)],
            "writes to each other": [(Session, "_write", in_turn)],
            "fetches from before the run": [(Session, "_write", before_the_run)],
            "a failed run writes": [(Session, "_execute_waiting", over_again)],
            "a variable is what was fed": [(planner, "_borrowed", borrowed_by(fetches=True))],
            "what is fetched is what was fed": [(planner, "_borrowed", borrowed_by(fetches=False))],
            "fetches not guarded": [(Session, "_guard", lambda self, plan, found: found)],
            "a prepared call forgets": [(prepared.Prepared, "_make_call", forgetting)],
        },
    )


def _many(world: World, operator: str) -> Iterator[Mutant]:
    run, stacked = many._run_chunk, many._stacked

    def from_the_last(*arguments: Any) -> Any:
        return [each[::-1] for each in run(*arguments)]

    def first_for_all(session: Any, group: Any) -> Any:
        return stacked(session, [group[0]] * len(group))

    yield from of_steps(
        operator,
        {
            "results from the last": [(many, "_run_chunk", from_the_last)],
            "first feeds for all": [(many, "_stacked", first_for_all)],
        },
    )


def _lost(world: World, operator: str) -> Iterator[Mutant]:
    """Writes that are lost where the variable, or the program that writes it, is of a kind."""
    cases: dict[str, Callable[[Any, Any], bool]] = {
        f"of {dtype}": lambda plan, variable, dtype=dtype: variable.output.type.dtype is dtype  # type: ignore[misc]
        for dtype in DTYPES.values()
        if dtype in world.sound.dtypes and dtype.name != "float32"
    }
    cases["beside a branch"] = lambda plan, variable: _has(plan, "branch")
    cases["beside a loop"] = lambda plan, variable: _has(plan, "loop")
    write = Session._write

    def losing(is_lost: Callable[[Any, Any], bool]) -> Any:
        def run(self: Any, plan: Any, found: Any) -> Any:
            cells = [self._variables.cell(each) for each in plan.specialised.writes if is_lost(plan, each)]
            before = [list(each) for each in cells]
            fetched = write(self, plan, found)
            for cell, old in zip(cells, before, strict=True):
                cell[:] = old
            return fetched

        return run

    yield from of_steps(operator, {name: [(Session, "_write", losing(case))] for name, case in cases.items()})


def _in_no_turn(self: Any, plan: Any, values: Any) -> Any:
    """Without the lock, and with another thread between reading and writing."""
    found = plan.run(*values, *[self.cell(each)[0] for each in plan.specialised.reads])
    time.sleep(1e-4)
    return self._write(plan, found)


def _has(plan: Any, name: str) -> bool:
    return any(each.op.full_name == name for each in every_operation(plan.specialised.program))


# -- order


def _orders(world: World, operator: str) -> Iterator[Mutant]:
    seam = importlib.import_module("polyflow.core.specialise")  # the package has a function of the name
    specialise = seam.specialise

    def backwards(graph: Any, fetches: Any, targets: Any, feeds: Any, xp: Any) -> Any:
        found = specialise(graph, fetches[::-1], targets, feeds, xp)
        count, results = len(fetches), found.program.results
        program = type(found.program)(
            found.program.parameters, found.program.operations, (*results[:count][::-1], *results[count:])
        )
        return type(found)(program, found.feeds, found.reads, found.writes)

    ancestors = seam.ancestors

    def without(is_left_out: Callable[[Any], bool], operations: Any, *, stop: Any) -> Any:
        """Operations in order, but none that only the control dependencies of some ask for."""
        found = list(ancestors(operations, stop=stop))
        needed: set[Any] = set()
        waiting = list(operations)
        while waiting:
            each = waiting.pop()
            if each not in needed:
                needed.add(each)
                waiting += [one.operation for one in each.inputs]
                waiting += () if is_left_out(each) else each.control_inputs
        return [each for each in found if each in needed]

    of_all = partial(without, lambda operation: True)
    of_reads = partial(without, lambda operation: operation.op.name == "read_variable")

    def everything(operations: Any, *, stop: Any) -> Any:
        """All writes of the variables in question, also those that nobody asks for."""
        found = list(ancestors(operations, stop=stop))
        known = {each.output for each in found if each.op.is_variable}
        graph = operations[0].owner if operations else None
        writes = [each for each in getattr(graph, "operations", ()) if each.op.name == "assign"]
        own = [each for each in writes if each.inputs[0] in known]
        return ancestors([*operations, *own], stop=stop) if known else found

    def constants_too(operations: Any, *, stop: Any) -> Any:
        """All writes of constants that nobody asks for, of variables that have several."""
        found = list(ancestors(operations, stop=stop))
        graph = operations[0].owner if operations else None
        writes = [each for each in getattr(graph, "operations", ()) if each.op.name == "assign"]
        plain = [each for each in writes if each.inputs[1].operation.op is constant_op]
        several = {each.inputs[0] for each in plain if sum(each.inputs[0] is one.inputs[0] for one in plain) > 1}
        own = [
            each for each in plain if each.inputs[0] in several & {one.output for one in found if one.op.is_variable}
        ]
        return ancestors([*operations, *own], stop=stop) if own else found

    make = dataflow.DataflowProgram.__init__

    def from_the_last(self: Any, program: Any, graph: Any, *rest: Any) -> None:
        """Host functions that need nothing of each other run the other way round."""
        places = [place for place, each in enumerate(graph.nodes) if _is_effect(each)]
        nodes = list(graph.nodes)
        if places and not any(source.node in places for place in places for source in nodes[place].inputs):
            for place, following in zip(places, [*places[1:], None], strict=True):
                after = [each for each in nodes[place].after if each.node not in places]
                after += [] if following is None else [Source(following)]
                nodes[place] = replace(nodes[place], after=tuple(after))
        make(self, program, replace(graph, nodes=tuple(nodes)), *rest)

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

    yield from of_steps(
        operator,
        {
            "fetches from the last": [(planning, "specialise", backwards)],
            "control dependencies ignored": [(seam, "ancestors", of_all)],
            "writes that are not asked for": [(seam, "ancestors", everything)],
            "constants that are not asked for": [(seam, "ancestors", constants_too)],
            "in the order of the fetches": [(seam, "ancestors", by_need)],
            "control dependencies of reads ignored": [(seam, "ancestors", of_reads)],
            "from the last by dataflow": [(dataflow.DataflowProgram, "__init__", from_the_last)],
        },
    )


# -- effects


def _effects(world: World, operator: str) -> Iterator[Mutant]:
    run = host_functions.run_py_func

    def once() -> Any:
        done: set[Any] = set()

        def run_once(xp: Any, arrays: Any, func: Any, dtypes: Any, shapes: Any) -> Any:
            if not dtypes and func in done:
                return ()
            done.add(func)
            return run(xp, arrays, func, dtypes, shapes)

        return run_once

    yield from of_steps(operator, {"in the first run only": [(host_functions, "run_py_func", once())]})


def _is_effect(node: Any) -> bool:
    return bool(node.kind == "op" and node.operation.op.has_trait(Trait.EFFECT))


OPERATORS = (
    Operator("wrong state", "variables between runs and sessions", _states),
    Operator("wrong in many runs at once", "what one call does for several", _many),
    Operator("write lost in one case", "of one dtype, beside a branch or a loop", _lost),
    Operator("wrong turn", "threads that write at once", lambda world, name: of_steps(name, {
        "no lock": [(Session, "_execute", _in_no_turn)]}, is_of_process=True)),
    Operator("wrong order", "reads, writes, control dependencies", _orders),
    Operator("wrong effect", "of a function of Python that gives nothing", _effects),
)  # fmt: skip
