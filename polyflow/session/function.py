"""``function``: a Python function of arrays, traced into a graph and planned once for each signature."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from polyflow.core import building
from polyflow.core.dtypes import as_dtype
from polyflow.core.graph import Graph
from polyflow.core.location import user_location
from polyflow.core.structures import LEAF, Rebuild, Structure, flatten
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, GraphError, message
from polyflow.extension.backend import Backend
from polyflow.ops.state import Variable
from polyflow.session.eager_array import EagerArray
from polyflow.session.prepared import Prepared
from polyflow.session.session import Session
from polyflow.session.tracing import TracedGraph, current_builder, is_array, is_number, number_dtype

_log = logging.getLogger(__name__)
_SYMBOLIC = (Tensor, Variable)


@dataclass(frozen=True, slots=True)
class Fixed:
    """An argument that a trace is made for, as opposed to one that it computes with."""

    value: Any

    def __str__(self) -> str:
        return f"{self.value!r:.40}"


class Signature:
    """What a trace is made for: the structure of the arguments, and of each leaf its type or value."""

    __slots__ = ("_hash", "entries", "structure")

    def __init__(self, structure: Structure, entries: tuple[TensorType | Fixed, ...]) -> None:
        self.structure = structure
        self.entries = entries
        kinds = tuple([type(each.value) if isinstance(each, Fixed) else None for each in entries])
        self._hash = hash((structure, entries, kinds))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Signature) or self.structure != other.structure or self.entries != other.entries:
            return False
        pairs = zip(self.entries, other.entries, strict=True)  # 1, 1.0 and True are equal to Python
        return all(type(a.value) is type(b.value) for a, b in pairs if isinstance(a, Fixed) and isinstance(b, Fixed))


@dataclass(frozen=True)
class Trace:
    """A function traced and planned for one signature."""

    signature: Signature
    graph: TracedGraph
    session: Session
    parameters: tuple[Tensor, ...]
    results: tuple[Tensor, ...]
    call: Prepared
    finish: Callable[[Sequence[Any]], Any]
    """What puts the values of the results where the function returned them."""


class Function:
    """A function of arrays that runs as one program; made by :func:`polyflow.function` and by transforms."""

    def __init__(
        self,
        function: Callable[..., Any],
        backend: str | Backend | None = None,
        device: str | None = None,
        *,
        name: str | None = None,
        described: Callable[..., Any] | None = None,
        static_argnums: Iterable[int] = (),
        static_argnames: Iterable[str] = (),
    ) -> None:
        self.backend = backend if backend is not None else getattr(function, "backend", None)
        self.device = device if device is not None else getattr(function, "device", None)
        self.__name__: str = getattr(function, "__name__", type(function).__name__) if name is None else name
        self.__doc__ = (described or function).__doc__
        self.__wrapped__ = function
        self._described = described or function
        self._static_argnums = frozenset(static_argnums)
        self._static_argnames = frozenset(static_argnames)
        self._traces: dict[tuple[Signature, Any], Trace] = {}
        self._quick: dict[tuple[Any, ...], Trace] = {}
        """The traces again, by keys that are sooner made than a signature."""
        self._latest: Trace | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        key, arrays = self._quick_key(args, kwargs)
        known = None if key is None else self._quick.get(key)
        if known is not None:
            return known.finish(known.call(*arrays))
        leaves, structure = flatten(self._marked(args, kwargs))
        builder = current_builder(leaves)
        if builder is not None:
            with building.overriding(builder):
                return self.__wrapped__(*args, **kwargs)
        trace, arrays = self._trace_for(leaves, structure)
        if key is not None and trace.results:
            self._quick[key] = trace
        found = trace.finish(trace.call(*arrays) if trace.results else ())
        space = next((each.owner for each in leaves if isinstance(each, EagerArray)), None)
        if space is None:
            return found
        values, returned = flatten(found)
        return returned.rebuild([space.asarray(each) if is_array(each) else each for each in values])

    def _quick_key(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...] | None, list[Any]]:
        """A key of what the trace depends on, and the arrays; no key where the long way must be gone."""
        key: list[Any] = []
        arrays: list[Any] = []
        if self._static_argnums or self._static_argnames or building.overriding_builder() is not None:
            return None, arrays
        try:
            _add_to_key(args, key, arrays)
            if kwargs:
                _add_to_key(kwargs, key, arrays)
            found = tuple(key)
            hash(found)
        except (AttributeError, TypeError):  # a leaf that is no array, or cannot be hashed
            return None, arrays
        return found, arrays

    # -- what became of it

    @property
    def compilations(self) -> int:
        """How often it was traced and planned."""
        return len(self._traces)

    @property
    def graph(self) -> Graph:
        """The graph of the latest trace."""
        if self._latest is None:
            raise GraphError(message(f"{self.__name__} has no graph before its first call", remedy="call it"))
        return self._latest.graph

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """Every stage of what runs for these arguments, as text."""
        trace, _ = self._trace_for(*flatten(self._marked(args, kwargs)))
        entries = zip(self._names(trace.signature.structure), trace.signature.entries, strict=True)
        listed = ", ".join(f"{name}: {entry}" for name, entry in entries)
        feeds = dict(zip(trace.parameters, _types(trace.signature), strict=True))
        plan = trace.session._plan(trace.results, feeds)
        return f"{self.__name__}, traced for ({listed})\n\n{plan.explain()}"

    # -- tracing

    def _marked(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        """The arguments, static ones made leaves that do not become tensors."""
        if not self._static_argnums and not self._static_argnames:
            return args, kwargs
        places = {place % len(args) if args else place for place in self._static_argnums}
        marked = tuple([Fixed(each) if place in places else each for place, each in enumerate(args)])
        return marked, {name: Fixed(each) if name in self._static_argnames else each for name, each in kwargs.items()}

    def _trace_for(self, leaves: Sequence[Any], structure: Structure) -> tuple[Trace, list[Any]]:
        """The trace for these arguments, made if it is the first of its signature, and the arrays to feed."""
        dtypes: list[Any] | None = None
        entries: list[TensorType | Fixed] = []
        arrays: list[Any] = []
        for place, leaf in enumerate(leaves):
            if is_array(leaf):
                entries.append(_type_of(leaf))
                arrays.append(leaf.value if isinstance(leaf, EagerArray) else leaf)
            elif is_number(leaf):
                dtypes = dtypes or [as_dtype(each.dtype) for each in leaves if is_array(each)]
                entries.append(TensorType(number_dtype(leaf, dtypes), ()))
                arrays.append(leaf)
            else:
                entries.append(self._fixed(leaf, structure, place))
        backend, device = self._place(leaves)
        key = Signature(structure, tuple(entries)), (backend, device)
        trace = self._traces.get(key)
        if trace is None:
            trace = self._trace(key[0], backend, device)
            self._log_trace(trace)
            self._traces[key] = trace
        self._latest = trace
        return trace, arrays

    def _place(self, leaves: Sequence[Any]) -> tuple[str | Backend, str | None]:
        """The backend and device: those that were given, else those of eager arrays, else NumPy."""
        if self.backend is not None:
            return self.backend, self.device
        space = next((each.owner for each in leaves if isinstance(each, EagerArray)), None)
        return ("numpy", self.device) if space is None else (space.backend, self.device or space.device)

    def _fixed(self, leaf: Any, structure: Structure, place: int) -> Fixed:
        fixed = leaf if isinstance(leaf, Fixed) else Fixed(leaf)
        try:
            hash(fixed)
        except TypeError:
            raise ArgumentError(
                message(
                    f"{self.__name__}: argument {self._names(structure)[place]} cannot be traced for",
                    found=f"{type(fixed.value).__name__}: {fixed}",
                    needed="arrays, numbers, or values that can be hashed, in tuples, lists and dicts",
                    where=user_location(),
                    remedy="bind it beforehand: functools.partial, or a closure",
                )
            ) from None
        return fixed

    def _trace(self, signature: Signature, backend: str | Backend, device: str | None) -> Trace:
        graph = TracedGraph(self.__name__)
        names = self._names(signature.structure)
        parameters: list[Tensor] = []
        values: list[Any] = []
        for name, entry in zip(names, signature.entries, strict=True):
            if isinstance(entry, Fixed):
                values.append(entry.value)
            else:
                parameters.append(graph.parameter(entry, name))
                values.append(parameters[-1])
        args, kwargs = signature.structure.rebuild(values)
        with building.overriding(graph):
            returned, structure = flatten(self.__wrapped__(*args, **kwargs))
            outputs = [graph.as_tensor(each) if hasattr(each, "__tensor__") else each for each in returned]
        results = tuple([each for each in outputs if isinstance(each, Tensor)])
        session = Session(backend, graph, device)
        # Not session.prepare, which would look for what stands for an argument now, if it was assigned to.
        call = Prepared(session, results, lambda found: found, parameters)
        finish = _finisher(structure.rebuilder(), structure, outputs)
        return Trace(signature, graph, session, tuple(parameters), results, call, finish)

    def _names(self, structure: Structure) -> list[str]:
        """A name for each leaf of the arguments, as the user reads them."""
        positional, keywords = structure.members
        try:
            parameters = list(inspect.signature(self._described).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        names: list[str] = []
        for place, member in enumerate(positional.members):
            known = parameters[place] if place < len(parameters) else None
            is_own = known is not None and known.kind in (known.POSITIONAL_ONLY, known.POSITIONAL_OR_KEYWORD)
            start = known.name if known is not None and is_own else f"args[{place}]"
            names += [start + path for path in member.paths()]
        for key, member in zip(keywords.keys, keywords.members, strict=True):
            names += [f"{key}{path}" for path in member.paths()]
        return names

    def _log_trace(self, trace: Trace) -> None:
        """Say that there is one more trace, and what is new in its signature."""
        if self._latest is None:
            _log.info("%s: traced for the first time", self.__name__)
            return
        old, new = self._latest.signature, trace.signature
        if old.structure != new.structure:
            change = f"the structure of the arguments was {old.structure}, is {new.structure}"
        else:
            names = self._names(new.structure)
            changed = [
                f"{name} was {a}, is {b}" for name, a, b in zip(names, old.entries, new.entries, strict=True) if a != b
            ]
            change = "; ".join(changed) or "the backend or device, or the kind of a number, changed"
        _log.info("%s: traced again, %d times by now: %s", self.__name__, self.compilations + 1, change)

    def __repr__(self) -> str:
        return f"<function {self.__name__} on {self.backend or 'the backend of its arguments'}>"


_VALUES = frozenset({int, bool, str, type(None)})


def _add_to_key(value: Any, key: list[Any], arrays: list[Any]) -> None:
    """Add to ``key`` what a trace depends on; ``AttributeError`` for what :meth:`Function._quick_key` leaves alone."""
    kind = type(value)
    key.append(kind)
    if kind is tuple or kind is list:
        key.append(len(value))
        for each in value:
            _add_to_key(each, key, arrays)
    elif kind is dict:
        key.append(tuple(value))
        for each in value.values():
            _add_to_key(each, key, arrays)
    elif kind in _VALUES:
        key.append(value)
    elif kind is float or kind is complex:
        arrays.append(value)
    elif kind in _SYMBOLIC or kind is EagerArray:
        raise AttributeError(kind)
    else:
        key.append(value.dtype)
        key.append(value.shape)
        arrays.append(value)


def _type_of(leaf: Any) -> TensorType:
    if isinstance(leaf, EagerArray):
        return TensorType(leaf.dtype, leaf.shape)
    return TensorType(as_dtype(leaf.dtype), tuple(leaf.shape))


def _types(signature: Signature) -> list[TensorType]:
    return [each for each in signature.entries if isinstance(each, TensorType)]


def _finisher(rebuild: Rebuild, structure: Structure, outputs: Sequence[Any]) -> Callable[[Sequence[Any]], Any]:
    """What makes the function's return value of the values of the tensors among ``outputs``."""
    places = iter(range(len(outputs)))
    slots = [next(places) if isinstance(each, Tensor) else None for each in outputs]
    if structure == LEAF and slots == [0]:
        return lambda found: found[0]
    if None not in slots:
        return rebuild
    return lambda found: rebuild(
        [each if slot is None else found[slot] for slot, each in zip(slots, outputs, strict=True)]
    )


@overload
def function(
    f: Callable[..., Any],
    /,
    backend: str | Backend | None = ...,
    device: str | None = ...,
    *,
    static_argnums: Iterable[int] = ...,
    static_argnames: Iterable[str] = ...,
) -> Function: ...
@overload
def function(
    f: None = ...,
    /,
    backend: str | Backend | None = ...,
    device: str | None = ...,
    *,
    static_argnums: Iterable[int] = ...,
    static_argnames: Iterable[str] = ...,
) -> Callable[[Callable[..., Any]], Function]: ...
def function(
    f: Callable[..., Any] | None = None,
    /,
    backend: str | Backend | None = None,
    device: str | None = None,
    *,
    static_argnums: Iterable[int] = (),
    static_argnames: Iterable[str] = (),
) -> Function | Callable[[Callable[..., Any]], Function]:
    """``f``, a function of arrays, as one program on ``backend``: arrays go in, arrays of the backend come out.

    >>> import numpy as np, polyflow as pf
    >>> @pf.function
    ... def norm(x, axis=None):
    ...     return pf.sqrt(pf.sum(x * x, axis=axis))
    >>> norm(np.asarray([[3.0, 4.0]]), axis=1).tolist(), norm.compilations
    ([5.0], 1)

    Arguments and results may be nested in tuples, lists and dicts. ``f`` is traced once for each signature: the dtypes
    and shapes of arrays, the values of integers, bools, strings and other hashable arguments. Python floats and complex
    numbers are traced, not compared, in the dtype in which the arrays among the arguments meet, the default dtype
    without any. ``static_argnums`` and ``static_argnames`` name arguments that are taken by value whatever they are.
    What ``f`` reads from elsewhere is read when it is traced. A new signature is logged at level INFO, with what
    changed in it; ``compilations`` counts them, ``explain(*args)`` prints what runs.

    Called on tensors, or by a function that is being traced, it adds to their graph. On eager arrays it runs on their
    backend and returns such arrays; else ``backend`` is "numpy" unless given. Raises ``GraphError`` where ``f`` uses
    variables, or tensors of another graph.
    """
    if f is None:
        return lambda decorated: function(
            decorated, backend, device, static_argnums=static_argnums, static_argnames=static_argnames
        )
    return Function(f, backend, device, static_argnums=static_argnums, static_argnames=static_argnames)
