"""What a script runs: the fetches it leaves behind, or every call of ``session.run`` and eager one that it makes."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from polyflow.core.graph import Graph
from polyflow.core.literal import Literal
from polyflow.core.location import user_location
from polyflow.core.specialise import Specialised, specialise
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, message
from polyflow.extension.backend import Backend
from polyflow.extension.manager import extensions
from polyflow.session.fetching import find_element, flatten_fetches
from polyflow.session.prepared import Prepared
from polyflow.session.session import Session
from polyflow.tools.diff_eager import eager_calls


@dataclass(frozen=True)
class Run:
    """One run: what is fetched of which graph, what is fed, and what the variables held before."""

    graph: Graph
    elements: tuple[Tensor | Operation, ...]
    feeds: Mapping[Tensor, Literal]
    location: object
    variables: Mapping[Operation, Literal] = field(default_factory=dict)
    is_eager: bool = False
    """Whether it is one call of a function of an eager namespace."""

    def specialised(self) -> Specialised:
        """The program of the run."""
        types: dict[Tensor, TensorType] = {tensor: value.type for tensor, value in self.feeds.items()}
        tensors = [each for each in self.elements if isinstance(each, Tensor)]
        operations = [each for each in self.elements if isinstance(each, Operation)]
        return specialise(self.graph, tensors, operations, types, extensions().namespace)

    def arguments(self, specialised: Specialised, backend: Backend) -> list[Any]:
        """What the program is called with, as arrays of ``backend``."""
        values = [
            *(self.feeds[each] for each in specialised.feeds),
            *(self.variables[each] for each in specialised.reads),
        ]
        return [backend.from_literal(each, backend.devices()[0]) for each in values]


def runs_of(script: Path, backend: str) -> Iterator[Run]:
    """The runs of ``script``: of the ``fetches`` that it leaves, with its ``feeds``; else its calls of ``session.run``.

    Calls of what ``session.prepare`` and ``polyflow.function`` made count too, and so does each operation of an eager
    namespace. The script's sessions and namespaces are opened on ``backend``, whichever they name. Raises
    ``ArgumentError`` where the script runs nothing.
    """
    with _recording(backend) as runs:
        left = runpy.run_path(str(script), run_name="__main__")
    if "fetches" in left:
        yield _left_behind(left["fetches"], left.get("feeds") or {}, script)
        return
    if not runs:
        raise ArgumentError(
            message(
                f"polyflow diff: {script} runs nothing",
                needed="a call of session.run, an eager one, or a variable `fetches`, with `feeds` for placeholders",
            )
        )
    yield from runs


def _left_behind(fetches: Any, feeds: Mapping[Any, Any], script: Path) -> Run:
    leaves, _ = flatten_fetches(fetches)
    graph = next((each.graph for each in leaves if hasattr(each, "graph")), None)
    if graph is None:
        raise ArgumentError(message(f"polyflow diff: `fetches` of {script}", found=repr(fetches), needed="tensors"))
    with Session("reference", graph) as session:
        return _recorded(session, fetches, feeds, script)


def _recorded(session: Session, fetches: Any, feeds: Mapping[Any, Any], location: object) -> Run:
    """The run of ``session`` as data that depends on no backend."""
    leaves, _ = flatten_fetches(fetches)
    elements = tuple(find_element(session.graph, each, "fetch") for each in leaves)
    fed: dict[Tensor, Literal] = {}
    for key, value in feeds.items():
        tensor = find_element(session.graph, key, "feed")
        assert isinstance(tensor, Tensor), "an operation cannot be fed, and the run has said so"
        array, _ = session.convert_feed(tensor, value)
        fed[tensor] = session.backend.to_literal(array)
    run = Run(session.graph, elements, fed, location)
    reads = run.specialised().reads
    return replace(run, variables={each: session.backend.to_literal(session.cell(each)[0]) for each in reads})


@contextmanager
def _recording(backend: str) -> Iterator[list[Run]]:
    """A list of the runs that are made inside, each recorded before it is made."""
    runs: list[Run] = []
    real_run, real_call, real_open = Session.run, Prepared.__call__, Session.__init__

    def opened(self: Session, _: Any = None, graph: Graph | None = None, device: Any = None, **options: Any) -> None:
        options.pop("backend", None)
        real_open(self, backend, graph, **options)

    def recorded_run(self: Session, fetches: Any, feed_dict: Any = None, options: Any = None) -> Any:
        runs.append(_recorded(self, fetches, feed_dict or {}, user_location()))
        return real_run(self, fetches, feed_dict, options)

    def recorded_call(self: Prepared, *values: Any) -> Any:
        fed = dict(zip(self.feeds, values, strict=False))
        runs.append(_recorded(self.session, list(self.elements), fed, user_location()))
        return real_call(self, *values)

    sessions, calls = cast(Any, Session), cast(Any, Prepared)

    def recorded_operation(graph: Graph, found: tuple[Tensor, ...], fed: Mapping[Tensor, Literal]) -> None:
        runs.append(Run(graph, found, fed, found[0].operation.location, is_eager=True))

    sessions.run, calls.__call__, sessions.__init__ = recorded_run, recorded_call, opened
    try:
        with eager_calls(backend, recorded_operation):
            yield runs
    finally:
        sessions.run, calls.__call__, sessions.__init__ = real_run, real_call, real_open
