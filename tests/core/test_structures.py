"""Nested structures, taken apart and put together."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from polyflow.core.structures import flatten, spread
from polyflow.errors import ArgumentError


class Pair(NamedTuple):
    left: Any
    right: Any


@pytest.mark.parametrize(
    "value",
    [1, None, (), [], {}, (1, [2, {"a": 3, "b": (4,)}]), Pair(1, [2, 3]), {"x": Pair(None, "text")}],
    ids=repr,
)
def test_what_is_taken_apart_is_put_together_again(value: object) -> None:
    leaves, structure = flatten(value)
    rebuilt = structure.rebuild(leaves)
    assert rebuilt == value
    assert type(rebuilt) is type(value)
    assert flatten(rebuilt)[1] == structure
    assert hash(structure) == hash(flatten(rebuilt)[1])
    assert len(structure.paths()) == len(leaves) == structure.leaf_count()


def test_structures_of_other_kinds_differ() -> None:
    kinds = [(1, 2), [1, 2], Pair(1, 2), {"a": 1, "b": 2}, {"a": 1, "c": 2}]
    assert len({flatten(each)[1] for each in kinds}) == len(kinds)


def test_paths_are_what_python_writes() -> None:
    assert flatten(({"w": [1]}, Pair(2, 3)))[1].paths() == ["[0]['w'][0]", "[1].left", "[1].right"]


def test_a_prefix_stands_for_all_below_it() -> None:
    structure = flatten(({"w": 1, "b": [2, 3]}, 4))[1]
    assert spread(0, structure, "axes") == [0] * 4
    assert spread(({"b": 1, "w": 0}, None), structure, "axes") == [0, 1, 1, None]
    assert str(structure) == "({'w': *, 'b': [*, *]}, *)"


@pytest.mark.parametrize("prefix", [(0,), ({"w": 0}, 0), (0, (0, 0))], ids=repr)
def test_what_is_no_prefix_is_refused(prefix: object) -> None:
    with pytest.raises(ArgumentError, match="axes does not have the structure"):
        spread(prefix, flatten(({"w": 1, "b": 2}, 3))[1], "axes")
