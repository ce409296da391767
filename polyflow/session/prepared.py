"""Prepared calls: everything that is the same in each call done once for each signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, FeedError, SessionClosedError, message
from polyflow.extension.backend import NamespaceBackend
from polyflow.runtime.options import RunOptions
from polyflow.session.arguments import with_remedy
from polyflow.session.planning import may_wait
from polyflow.session.prepared_code import Fetches, matcher, runner

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
        self.session = session
        self._options = options
        self.elements = tuple(elements)
        self._rebuild = rebuild
        self.feeds = tuple(feeds)
        self._calls: dict[tuple[TensorType | None, ...], Call] = {}
        self._type_of = session.backend.type_of
        # Whether the type of a value is known from its class, dtype and shape: others may look at more.
        self._is_plain = getattr(type(session.backend), "type_of", None) is NamespaceBackend.type_of
        self._latest: tuple[Callable[[Sequence[Any]], bool], Call] = _matches_nothing, _matches_nothing
        """Whether values have the types of those of the latest call, and the call for them."""

    def __call__(self, *values: Any) -> Any:
        """The fetches for these values of the feeds."""
        matches, call = self._latest
        if matches(values) and not self.session._is_closed:
            return call(values)
        return self._find_call(values)

    def _find_call(self, values: tuple[Any, ...]) -> Any:
        """As a call, for values that may have other types than the latest."""
        call = self._calls.get(tuple(map(self._type_of, values)))
        if call is None or self.session.is_closed:
            values, call = self._first_call(values)
        elif self._is_plain:
            self._latest = matcher(values), call
        return call(values)

    def _first_call(self, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], Call]:
        """The values as arrays and the call for their types, planned if it is the first of its signature."""
        self.session._check_open()
        if len(values) != len(self.feeds):
            raise ArgumentError(
                message(
                    "a prepared call got too few or too many values",
                    found=len(values),
                    needed=f"{len(self.feeds)}: {', '.join(each.name for each in self.feeds)}",
                )
            )
        pairs = [self.session.convert_feed(tensor, value) for tensor, value in zip(self.feeds, values, strict=True)]
        arrays = tuple(array for array, _ in pairs)
        types = tuple(type for _, type in pairs)
        key: tuple[TensorType | None, ...] = tuple(map(self._type_of, arrays))
        if key not in self._calls:
            self._calls[key] = self._make_call(dict(zip(self.feeds, types, strict=True)))
        return arrays, self._calls[key]

    def _make_call(self, feeds: dict[Tensor, TensorType]) -> Call:
        session = self.session
        options = self._options
        try:
            plan = session._plan(self.elements, feeds, (options or session.options).check_numerics)
        except FeedError as error:
            raise with_remedy(error, "session.prepare(fetches, feeds), with {} among the feeds") from None
        has_value = [isinstance(each, Tensor) for each in self.elements]

        def call_waiting(values: Sequence[Any]) -> Any:
            found = iter(session._execute_waiting(plan, values, options))
            return self._rebuild([next(found) if each else None for each in has_value])

        if options is not None or may_wait(plan):
            return call_waiting
        reads, writes = plan.specialised.reads, plan.specialised.writes
        held = session._host.holders

        def explained(error: Exception) -> Exception:
            if session.is_closed and not all(map(session._variables.cell, (*reads, *writes))):
                try:  # another thread closed it after this call had begun
                    session._check_open()
                except SessionClosedError as closed:
                    return closed
            return plan.failure(error)

        return runner(
            plan.function,
            len(feeds),
            [session.cell(each) for each in reads],
            [session.cell(each) for each in writes],
            Fetches(has_value, self._rebuild, plan.guarded, session.backend.guard),
            session._lock,
            lambda: not held or held.keys().isdisjoint(writes),
            explained,
            call_waiting,
        )

    def __repr__(self) -> str:
        names = ", ".join(each.name for each in self.feeds)
        return f"<Prepared call of ({names}) on {self.session.backend.name}>"


def _matches_nothing(values: Sequence[Any]) -> bool:
    return False
