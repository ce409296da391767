"""Prepared calls: everything that is the same in each call done once for each signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, message
from polyflow.runtime.options import RunOptions
from polyflow.session.planning import may_wait

if TYPE_CHECKING:
    from polyflow.core.structures import Rebuild
    from polyflow.session.session import Session

Call = Callable[[Sequence[Any]], Any]


class Prepared:
    """A function of fed values that returns fetched ones; made by ``session.prepare``."""

    def __init__(
        self,
        session: Session,
        elements: Sequence[Tensor | Operation],
        rebuild: Rebuild,
        feeds: Sequence[Tensor],
        options: RunOptions | None = None,
    ) -> None:
        self._session = session
        self._options = options
        self._elements = tuple(elements)
        self._rebuild = rebuild
        self._feeds = tuple(feeds)
        self._calls: dict[tuple[TensorType | None, ...], Call] = {}
        self._type_of = session.backend.type_of
        self._is_single = self._elements and rebuild(range(len(elements))) == 0

    def __call__(self, *values: Any) -> Any:
        """The fetches for these values of the feeds."""
        call = self._calls.get(tuple(map(self._type_of, values)))
        if call is None or self._session.is_closed:
            values, call = self._first_call(values)
        return call(values)

    def _first_call(self, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], Call]:
        """The values as arrays and the call for their types, planned if it is the first of its signature."""
        self._session._check_open()
        if len(values) != len(self._feeds):
            raise ArgumentError(
                message(
                    "a prepared call got too few or too many values",
                    found=len(values),
                    needed=f"{len(self._feeds)}: {', '.join(each.name for each in self._feeds)}",
                )
            )
        pairs = [self._session.convert_feed(tensor, value) for tensor, value in zip(self._feeds, values, strict=True)]
        arrays = tuple(array for array, _ in pairs)
        types = tuple(type for _, type in pairs)
        key: tuple[TensorType | None, ...] = tuple(map(self._type_of, arrays))
        if key not in self._calls:
            self._calls[key] = self._make_call(dict(zip(self._feeds, types, strict=True)))
        return arrays, self._calls[key]

    def _make_call(self, feeds: dict[Tensor, TensorType]) -> Call:
        session = self._session
        options = self._options
        plan = session._plan(self._elements, feeds, (options or session.options).check_numerics)
        finish = self._finisher()

        def call_waiting(values: Sequence[Any]) -> Any:
            return finish(session._execute_waiting(plan, values, options))

        if options is not None or may_wait(plan):
            return call_waiting
        reads, writes = plan.specialised.reads, plan.specialised.writes
        function, guarded, guard = plan.function, plan.guarded, session.backend.guard
        read_cells = [session.cell(each) for each in reads]
        write_cells = [session.cell(each) for each in writes]
        count = len(plan.program.results) - len(writes)
        lock, held = session._lock, session._host.holders

        def call(values: Sequence[Any]) -> Any:
            with lock:
                is_free = not held or held.keys().isdisjoint(writes)
                if is_free:
                    try:
                        found = function(*values, *[cell[0] for cell in read_cells])
                    except Exception as error:
                        raise plan.failure(error) from error
                    fetched: Sequence[Any] = found
                    if guarded:
                        fetched = [guard(each) if index in guarded else each for index, each in enumerate(found)]
                    for index, cell in enumerate(write_cells, count):
                        cell[0] = found[index]
            return finish(fetched) if is_free else call_waiting(values)

        return call

    def _finisher(self) -> Callable[[Sequence[Any]], Any]:
        """What puts the results of a plan, fetches first, in the structure that was asked for."""
        tensors = [isinstance(each, Tensor) for each in self._elements]
        if all(tensors):
            if self._is_single:
                return lambda found: found[0]
            return self._rebuild
        places = iter(range(len(tensors)))
        indices = [next(places) if is_tensor else None for is_tensor in tensors]
        rebuild = self._rebuild
        return lambda found: rebuild([None if index is None else found[index] for index in indices])

    def __repr__(self) -> str:
        names = ", ".join(each.name for each in self._feeds)
        return f"<Prepared call of ({names}) on {self._session.backend.name}>"
