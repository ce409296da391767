"""Nested structures: tuples, named tuples, lists and dicts, taken apart into leaves and put together again.

An object of a class with ``tree_flatten() -> (parts, known)`` and ``tree_unflatten(known, parts)`` is taken apart by
them; ``known`` is hashable. Everything else is a leaf, ``None`` included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from polyflow.errors import ArgumentError, message

Rebuild = Callable[[Sequence[Any]], Any]


class Structure(NamedTuple):
    """The shape of a nested structure without its leaves: hashable, and equal for equal structures.

    >>> leaves, structure = flatten({"w": [1, 2], "b": 3})
    >>> leaves, structure.paths()
    ([1, 2, 3], ["['w'][0]", "['w'][1]", "['b']"])
    >>> structure.rebuild("abc")
    {'w': ['a', 'b'], 'b': 'c'}
    """

    kind: type | None
    """``None`` for a leaf, ``dict`` for any mapping, else the class of the sequence."""
    keys: tuple[Any, ...] = ()
    """Of a dict."""
    members: tuple[Structure, ...] = ()

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The structure with ``leaves`` in it."""
        return self.rebuilder()(leaves)

    def rebuilder(self) -> Rebuild:
        """:meth:`rebuild` made once, for structures that are built often."""
        return self._rebuilder(iter(range(self.leaf_count())))

    def _rebuilder(self, places: Iterator[int]) -> Rebuild:
        if self.kind is None:
            place = next(places)
            return lambda leaves: leaves[place]
        parts = [each._rebuilder(places) for each in self.members]
        kind: Any = self.kind
        if kind is dict:
            named = dict(zip(self.keys, parts, strict=True))
            return lambda leaves: {key: part(leaves) for key, part in named.items()}
        if hasattr(kind, "tree_unflatten"):
            (known,) = self.keys
            return lambda leaves: kind.tree_unflatten(known, [part(leaves) for part in parts])
        if hasattr(kind, "_fields"):
            return lambda leaves: kind(*[part(leaves) for part in parts])
        return lambda leaves: kind([part(leaves) for part in parts])

    def leaf_count(self) -> int:
        """How many leaves there are."""
        return 1 if self.kind is None else sum(each.leaf_count() for each in self.members)

    def paths(self) -> list[str]:
        """How each leaf is reached, as Python writes it."""
        if self.kind is None:
            return [""]
        fields = getattr(self.kind, "_fields", None)
        if fields is not None:
            steps = [f".{field}" for field in fields]
        else:
            steps = [f"[{key!r}]" for key in (self.keys if self.kind is dict else range(len(self.members)))]
        return [step + path for step, each in zip(steps, self.members, strict=True) for path in each.paths()]

    def __str__(self) -> str:
        return repr(self.rebuild(_Marks()))


class _Marks(Sequence[Any]):
    """Leaves that print as a star."""

    def __getitem__(self, _: Any) -> Any:
        return _Mark()

    def __len__(self) -> int:
        return 0


class _Mark:
    def __repr__(self) -> str:
        return "*"


LEAF = Structure(None)


def flatten(value: Any) -> tuple[list[Any], Structure]:
    """The leaves of ``value`` in order, and its structure."""
    leaves: list[Any] = []
    return leaves, _flatten(value, leaves)


def _flatten(value: Any, leaves: list[Any]) -> Structure:
    if isinstance(value, list | tuple):
        return Structure(type(value), (), tuple([_flatten(each, leaves) for each in value]))
    if hasattr(type(value), "tree_flatten"):
        parts, known = value.tree_flatten()
        return Structure(type(value), (known,), tuple([_flatten(each, leaves) for each in parts]))
    if isinstance(value, Mapping):
        return Structure(dict, tuple(value), tuple([_flatten(each, leaves) for each in value.values()]))
    leaves.append(value)
    return LEAF


def spread(prefix: Any, structure: Structure, what: str) -> list[Any]:
    """One entry of ``prefix`` for each leaf of ``structure``: a leaf of ``prefix`` stands for all that is below it.

    >>> spread((0, None), flatten(([1, 2], 3))[1], "in_axes")
    [0, 0, None]

    Raises ``ArgumentError``, which speaks of ``what``, where the prefix is no prefix.
    """
    if not isinstance(prefix, list | tuple | Mapping):
        return [prefix] * structure.leaf_count()
    is_dict = isinstance(prefix, Mapping)
    fits = len(prefix) == len(structure.members) and is_dict == (structure.kind is dict)
    if structure.kind is None or not fits or (is_dict and set(prefix) != set(structure.keys)):
        raise ArgumentError(
            message(f"{what} does not have the structure of what it speaks of", found=prefix, needed=str(structure))
        )
    parts = [prefix[key] for key in structure.keys] if isinstance(prefix, Mapping) else prefix
    return [entry for part, each in zip(parts, structure.members, strict=True) for entry in spread(part, each, what)]
