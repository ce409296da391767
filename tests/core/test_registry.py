"""Ops by name, and the namespace they make up."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import polyflow as pf
from polyflow.core.declaration import Op, define_op
from polyflow.core.registry import OpNamespace, OpRegistry
from polyflow.core.types import TensorType
from polyflow.errors import PluginError, UnknownNameError


@define_op
def twice(x: TensorType, /) -> TensorType:
    return x


@define_op
def thrice(x: TensorType, /) -> TensorType:
    return x


@define_op(name="twice")
def another_twice(x: TensorType, /) -> TensorType:
    return x


@define_op(namespace="a.b")
def deep(x: TensorType, /) -> TensorType:
    return x


@pytest.fixture
def registry() -> OpRegistry:
    found = OpRegistry()
    found.add([twice, deep], "mine")
    return found


def test_ops_are_found_by_their_full_name_with_their_origin(registry: OpRegistry) -> None:
    assert (registry["twice"], registry["a.b.deep"]) == (twice, deep)
    assert registry.origin("a.b.deep") == "mine"
    assert list(registry) == ["twice", "a.b.deep"]
    assert "deep" not in registry


def test_a_misspelt_op_gets_a_hint(registry: OpRegistry) -> None:
    with pytest.raises(UnknownNameError, match=r"no op is called 'twise'\n  try:     did you mean 'twice'\?"):
        registry["twise"]
    with pytest.raises(UnknownNameError):
        registry.origin("twise")


def test_the_same_op_may_be_handed_over_twice(registry: OpRegistry) -> None:
    registry.add([twice], "again")
    assert len(registry) == 2


def test_two_ops_of_one_name_are_refused_with_both_origins(registry: OpRegistry) -> None:
    with pytest.raises(PluginError) as caught:
        registry.add([another_twice], "stranger")
    assert str(caught.value) == (
        "two ops are called 'twice'\n"
        f"  found:   {__name__} (mine) and {__name__} (stranger)\n"
        "  needed:  one op a name\n"
        "  try:     rename one, uninstall stranger or mine, or name its plugin in POLYFLOW_DISABLE_PLUGINS"
    )
    assert registry["twice"] is twice


def test_the_namespace_has_ops_namespaces_and_dtypes_as_attributes(registry: OpRegistry) -> None:
    xp = OpNamespace(registry)
    assert (xp.twice, xp.a.b.deep, xp.float32) == (twice, deep, pf.float32)
    assert (xp.__name__, xp.a.b.__name__) == ("polyflow", "polyflow.a.b")


@pytest.mark.parametrize("path", ["thrice", "a.c", "a.float32", "__wrapped__"])
def test_what_is_not_in_the_namespace_is_an_attribute_error(registry: OpRegistry, path: str) -> None:
    with pytest.raises(AttributeError):
        operator.attrgetter(path)(OpNamespace(registry))


# -- ops that are brought when they are asked for


@pytest.fixture
def drawn() -> list[str]:
    return []


@pytest.fixture
def later(drawn: list[str]) -> OpRegistry:
    def bring() -> Iterator[Op]:
        for each in (twice, deep, thrice):
            drawn.append(each.name)
            yield each

    found = OpRegistry()
    found.add_later(bring(), "mine")
    return found


def test_no_more_ops_are_brought_than_it_takes_to_find_one(later: OpRegistry, drawn: list[str]) -> None:
    assert drawn == []
    assert later["twice"] is twice
    assert later.origin("twice") == "mine"
    assert drawn == ["twice"]
    assert OpNamespace(later).a.b.deep is deep
    assert drawn == ["twice", "deep"]
    assert (OpNamespace(later).float32, OpNamespace(later).twice) == (pf.float32, twice)
    assert drawn == ["twice", "deep"]


@pytest.mark.parametrize(
    "ask",
    [len, list, lambda ops: "none" in ops, lambda ops: ops.get("none"), lambda ops: hasattr(OpNamespace(ops), "none")],
    ids=["length", "iteration", "membership", "get", "attribute"],
)
def test_who_asks_for_all_or_for_what_is_not_there_gets_all(
    ask: Callable[[OpRegistry], object], later: OpRegistry, drawn: list[str]
) -> None:
    assert later["twice"] is twice
    ask(later)
    assert drawn == ["twice", "deep", "thrice"]
    assert list(later) == ["twice", "a.b.deep", "thrice"]


def test_threads_that_ask_at_once_get_the_same_ops(drawn: list[str]) -> None:
    def bring() -> Iterator[Op]:
        for each in (twice, deep, thrice):
            time.sleep(0.01)
            yield each

    found = OpRegistry()
    found.add_later(bring(), "mine")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(found.__getitem__, ["thrice", "twice", "a.b.deep", "twice"])) == [
            thrice, twice, deep, twice,
        ]  # fmt: skip
        assert set(pool.map(len, [found] * 8)) == {3}
