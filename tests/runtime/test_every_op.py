"""What runs promise of every op: types hold, memory is declared, operands are left alone, passes change nothing."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import DType, as_dtype, in_category
from polyflow.core.literal import Literal
from polyflow.core.primitives import placeholder_op
from polyflow.core.samples import ArraySpec, ErrorSample, Sample, map_specs
from polyflow.core.types import Shape, accepts
from polyflow.errors import PolyflowError
from polyflow.extension.manager import extensions

OPS = {name: op for name, op in extensions().ops.items() if op.sample_rule is not None and op is not placeholder_op}


class Call(NamedTuple):
    """An op on the operands of a sample, as placeholders of which much or little is known."""

    sample: Sample
    outputs: list[pf.Tensor]
    feeds: dict[pf.Tensor, np.ndarray]


def built(op: Op, sample: Sample, dtype: DType, known: str) -> Call:
    """The call in ``dtype``, with all, only dtypes and ranks, or nothing known of its placeholders."""
    feeds: dict[pf.Tensor, np.ndarray] = {}
    backend = extensions().backend("numpy")

    def operand(spec: ArraySpec) -> pf.Tensor:
        value = spec.literal(dtype)
        shape: Shape | None = {"all": value.shape, "rank": (None,) * len(value.shape)}.get(known)
        x = pf.placeholder(None if known == "nothing" else value.dtype, shape)
        feeds[x] = np.array(backend.from_literal(value, "cpu"))
        return x

    operands = [map_specs(operand, each) for each in sample.operands]
    if sample.prepare is not None:
        prepared = sample.prepare(pf, *operands)
        operands = list(prepared) if isinstance(prepared, list | tuple) else [prepared]
    attributes = {
        name: value.literal(dtype) if isinstance(value, ArraySpec) else value
        for name, value in sample.attributes.items()
    }
    found = op(*operands, **attributes)
    return Call(sample, list(found) if isinstance(found, list | tuple) else [found], feeds)


def dtype_of(op: Op, sample: Sample) -> DType | None:
    """The first of a few dtypes in which the sample can be built; ``None`` where it is for others."""
    for name in ("float32", "int64", "bool", "complex64"):
        if sample.dtypes is None or in_category(as_dtype(name), sample.dtypes):
            try:
                built(op, sample, as_dtype(name), "all")
            except PolyflowError:
                continue
            return as_dtype(name)
    return None


def calls(op: Op, known: str = "all") -> Iterator[Call]:
    assert op.sample_rule is not None
    for sample in op.sample_rule():
        if isinstance(sample, ErrorSample) or (sample.prepare is not None and known != "all"):
            continue  # what prepares operands is written for known types
        with pf.Graph().as_default():
            dtype = dtype_of(op, sample)
            if dtype is None:
                continue
            try:
                made = built(op, sample, dtype, known)
            except PolyflowError:
                assert known != "all"  # an op may need to know more, and say so
                continue
            if made.outputs:
                yield made


def run(made: Call, **options: Any) -> list[np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pf.Session("numpy", made.outputs[0].graph, **options).run(made.outputs, made.feeds)


def test_every_op_can_be_called_here() -> None:
    # Ops whose operand is a shape have no sample that can be fed: shapes are known before values are.
    callable_ops = {name: op for name, op in OPS.items() if any(type(each) is Sample for each in op.sample_rule())}
    without = [name for name, op in callable_ops.items() if not list(calls(op))]
    assert not without


@pytest.mark.parametrize("known", ["all", "rank", "nothing"])
@pytest.mark.parametrize("name", OPS)
def test_the_type_that_a_graph_promises_is_kept_by_the_value(name: str, known: str) -> None:
    for made in calls(OPS[name], known):
        for tensor, value in zip(made.outputs, run(made), strict=True):
            actual = extensions().backend("numpy").type_of(value)
            assert actual is not None
            assert accepts(tensor.type, actual), f"{made.sample}: {tensor.type} was promised, {actual} came"


@pytest.mark.parametrize("name", OPS)
def test_an_op_leaves_its_operands_alone_and_declares_results_in_their_memory(name: str) -> None:
    for made in calls(OPS[name]):
        before = [each.copy() for each in made.feeds.values()]
        values = run(made, optimise=False)
        for array, copy in zip(made.feeds.values(), before, strict=True):
            assert array.tobytes() == copy.tobytes(), f"{made.sample} changes an operand"
        is_shared = any(np.shares_memory(a, b) for a, b in itertools.product(values, made.feeds.values()))
        if is_shared:
            declared = OPS[name].traits & (Trait.VIEW | Trait.IDENTITY)
            assert declared, f"{made.sample} gives memory of an operand, which Trait.VIEW must say"


@pytest.mark.parametrize("name", OPS)
def test_passes_change_no_bit_of_the_result_and_break_no_program(name: str) -> None:
    for made in calls(OPS[name]):
        plain, optimised = run(made, optimise=False), run(made, check=True)
        for left, right in zip(plain, optimised, strict=True):
            assert (left.dtype, left.shape) == (right.dtype, right.shape)
            np.testing.assert_array_equal(left, right, err_msg=repr(made.sample))


@pytest.mark.parametrize("name", OPS)
def test_folding_gives_what_running_gives(name: str) -> None:
    for made in calls(OPS[name]):
        if made.sample.prepare is not None:
            continue  # its operands are results of other ops
        operation = made.outputs[0].operation
        with made.outputs[0].graph.as_default():
            constants = {x: pf.constant(value) for x, value in made.feeds.items()}
            inputs = tuple(constants.get(each, each) for each in operation.inputs)
            folded = pf.get_default_graph().add(operation.op, inputs, operation.attributes).outputs
            session = pf.Session(check=True)
            found = session.run(list(folded))
        for left, right in zip(run(made, optimise=False), found, strict=False):
            np.testing.assert_array_equal(left, right, err_msg=repr(made.sample))


def test_a_literal_of_every_sample_can_be_made() -> None:
    for op in OPS.values():
        assert op.sample_rule is not None
        for sample in op.sample_rule():
            for spec in sample.operands:
                map_specs(
                    lambda each: (
                        isinstance(each.literal(as_dtype("float64")), Literal) if each.kind != "values" else None
                    ),
                    spec,
                )
