"""Operators on the steps of a session: checks that are left out, derivatives, devices.

The backend is sound; polyflow is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import polyflow
from polyflow.autodiff import reverse
from polyflow.errors import ExecutionError
from polyflow.extension import Backend
from polyflow.ops import asserting
from polyflow.ops.state import Variable
from polyflow.runtime import numerics, planner
from polyflow.session import feeding, fetching, planning, session
from polyflow_conformance.instruments.strict import Strict
from polyflow_conformance.mutants.mutant import NAME, Mutant, Operator, World, of_steps
from polyflow_conformance.mutants.patching import patched

Session: Any = session.Session  # whose private steps are what is broken here


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

    yield from of_steps(
        operator,
        {
            "type of a feed": [(feeding, "check_feed", skip)],
            "shape of a feed": [(feeding, "check_feed", _unless(feeding.check_feed, "dtype"))],
            "dtype of a feed": [(feeding, "check_feed", _unless(feeding.check_feed, "shape"))],
            "open session": [(Session, "_check_open", skip)],
            "device": [(Session, "_find_device", lambda self, wanted: self.backend.devices()[0])],
            "names": [(session, "find_element", find_any), (feeding, "find_element", find_any)],
            "missing feed": [(_specialise(), "missing_feed", fill)],
            "finite values": [(planning, "make_checked_plan", lambda its, backend, device: planner.make_plan(
                its, its.program, backend, device))],
            "finite results": [(numerics.NotFinite, "__init__", _other_place)],
            "words of an assertion": [(asserting, "in_brackets", lambda xp, array, summarize: "something")],
            "failed host function": [(planner.Plan, "failure", _but_of_host_functions(planner.Plan.failure))],
            "failed operation": [(planner.Plan, "failure", lambda self, error: error),
                                 (session, "explained", lambda plan, error: error)],
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


def _but_of_host_functions(explained: Any) -> Any:
    """The explanation of a failure, but not of what functions of Python raise."""
    return lambda self, error: error if isinstance(error, ExecutionError) else explained(self, error)


def _other_place(self: Exception, name: str) -> None:
    Exception.__init__(self, f"something else than {name}")
    self.args = ("a number",)


def _specialise() -> Any:
    import importlib

    return importlib.import_module("polyflow.core.specialise")  # the package has a function of the name


# -- differentiation and devices


def _derivatives(world: World, operator: str) -> Iterator[Mutant]:
    jvp, gradients, added = polyflow.jvp, polyflow.gradients, reverse._added

    def halved(*arguments: Any, **options: Any) -> Any:
        value, tangent = jvp(*arguments, **options)
        return value, tuple(0.5 * each for each in tangent)

    def halved_through_loops(*arguments: Any, **options: Any) -> Any:
        made = len(polyflow.get_default_graph().operations)
        value, tangents = jvp(*arguments, **options)
        loops = [each.op.name for each in polyflow.get_default_graph().operations[made:]]
        return value, tuple(0.5 * each if "while_loop" in loops else each for each in tangents)

    def doubled_by_variables(ys: Any, xs: Any, *rest: Any, **options: Any) -> Any:
        found = gradients(ys, xs, *rest, **options)
        listed = xs if isinstance(xs, list | tuple) else [xs]
        return [2.0 * g if isinstance(x, Variable) else g for x, g in zip(listed, found, strict=True)]

    def doubled(*arguments: Any, **options: Any) -> Any:
        return [2.0 * each for each in gradients(*arguments, **options)]

    yield from of_steps(
        operator,
        {
            "forward mode halved": [(polyflow, "jvp", halved)],
            "forward mode halved, through loops": [(polyflow, "jvp", halved_through_loops)],
            "reverse mode doubled": [(polyflow, "gradients", doubled)],
            "reverse mode doubled, by variables": [(polyflow, "gradients", doubled_by_variables)],
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
        "eager": lambda own: lambda kernel, device: own(kernel, "here"),
        "devices": lambda own: lambda: (*own(), "nowhere:7"),
    }
    for target, change in changes.items():
        yield Mutant(operator, target, partial(_on_two, target, change))
    yield Mutant(operator, "of variables", _variables_on_the_first)


@contextmanager
def _variables_on_the_first(sound: Backend) -> Iterator[Any]:
    """Variables have their initial values on the first device, whichever their session is on."""
    initialise = Session._initialise

    def on_the_first(self: Any, variable: Any) -> None:
        initialise(self, variable)
        cell = self._variables.cell(variable)
        cell[:] = [self.backend.to_device(each, self.backend.devices()[0]) for each in cell]

    with patched(Session, "_initialise", on_the_first):
        yield _TwoDevices(sound)


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
    Operator("wrong differentiation", "the driver, not a rule", _derivatives),
    Operator("wrong device", "of a backend with two", _devices),
)
