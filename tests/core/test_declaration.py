"""Declared ops: names, rules, pickling."""

from __future__ import annotations

import copy
import pickle
import types
from typing import Any

import pytest

import polyflow as pf
from polyflow.core.declaration import Op, Trait, define_op, ops_in
from polyflow.core.types import TensorType
from polyflow.extension.manager import extensions


@define_op
def halve(x: TensorType, /) -> TensorType:
    """Half of ``x``."""
    return x


@halve.kernel
def halve_kernel(xp: Any, x: Any) -> Any:
    return x / 2


@define_op(name="renamed", namespace="deep.space", traits=Trait.ELEMENTWISE | Trait.COMMUTATIVE)
def renamed_op(x: TensorType, y: TensorType, /) -> TensorType:
    return x


def test_the_decorated_function_gives_the_name_the_manual_and_the_module() -> None:
    assert (halve.name, halve.__name__, halve.__doc__, halve.__module__) == (
        "halve",
        "halve",
        "Half of ``x``.",
        __name__,
    )


def test_a_trailing_underscore_is_no_part_of_the_name() -> None:
    @define_op
    def sum_(x: TensorType, /) -> TensorType:
        return x

    assert sum_.name == "sum"


def test_the_full_name_begins_with_the_namespace() -> None:
    assert renamed_op.full_name == "deep.space.renamed"
    assert repr(renamed_op) == "<op deep.space.renamed>"


def test_traits_are_asked_one_by_one() -> None:
    assert renamed_op.has_trait(Trait.COMMUTATIVE)
    assert not renamed_op.has_trait(Trait.EFFECT)
    assert not halve.has_trait(Trait.ELEMENTWISE)


def test_a_rule_that_is_hung_on_an_op_stays_a_plain_function() -> None:
    assert isinstance(halve_kernel, types.FunctionType)
    assert halve.kernel_rule is halve_kernel


@pytest.mark.parametrize("op", [halve, renamed_op])
def test_a_declared_op_pickles_to_itself(op: Op) -> None:
    assert pickle.loads(pickle.dumps(op)) is op
    assert copy.deepcopy(op) is op


def test_every_op_of_the_registry_pickles_to_itself() -> None:
    for op in extensions().ops.values():
        assert pickle.loads(pickle.dumps(op)) is op


def test_a_zero_gradient_keeps_its_reason() -> None:
    @define_op
    def constantly(x: TensorType, /) -> TensorType:
        return x

    constantly.zero_gradient("it is flat")
    x = pf.placeholder("float32", (2,))
    y = constantly(x) + x
    constantly.kernel(lambda xp, x: xp.ones_like(x))
    assert constantly.gradient_reason == "it is flat"
    assert pf.Session().run(pf.gradients(y, x)[0], {x: [1.0, 2.0]}).tolist() == [1.0, 1.0]


def test_an_op_of_ones_own_runs_without_being_registered() -> None:
    assert pf.Session().run(halve(pf.constant([3.0]))).tolist() == [1.5]


def test_a_module_hands_over_the_ops_it_declares_and_not_those_it_imports() -> None:
    module = types.ModuleType("a_plugin")
    module.borrowed = halve  # type: ignore[attr-defined]

    @define_op
    def own(x: TensorType, /) -> TensorType:
        return x

    own.__module__ = "a_plugin"
    module.own = own  # type: ignore[attr-defined]
    assert ops_in(module) == [own]


def test_a_call_without_tensors_adds_to_the_default_graph(graph: pf.Graph) -> None:
    assert halve(2.0).graph is graph


def test_a_call_on_a_tensor_adds_to_the_graph_of_the_tensor(graph: pf.Graph) -> None:
    x = pf.constant(1.0)
    with pf.Graph().as_default():
        assert halve(x).graph is graph


def test_name_and_device_are_given_with_the_call() -> None:
    result = halve(pf.constant(1.0), name="mine", device="cpu:1")
    assert (result.name, result.device) == ("mine:0", "cpu:1")
