"""Property tests: which ops have them, that they are drawn alike each time, and what they find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from polyflow_conformance import properties, strategies
from polyflow_conformance.cases import Case, samples_of
from polyflow_conformance.checks import value_failure
from polyflow_conformance.differences import literal_of
from polyflow_conformance.growing import Grown, grown_calls
from polyflow_conformance.kit import Kit
from polyflow_conformance.properties import beyond_movement, check_properties
from polyflow_conformance.running import run_cases
from polyflow_conformance.tolerance import flat
from polyflow_conformance.undrawn import UNDEFINED, why_not_drawn

import polyflow as pf
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DTYPES, as_dtype
from polyflow.core.samples import ArraySpec, Sample, integers, normal, uniform, values
from polyflow.core.types import TensorType
from polyflow.extension.manager import extensions
from tests.conformance.broken import Faulty

EVERY_DTYPE = sorted(DTYPES.values(), key=str)
OUTSIDE = "it acts on the world outside"
PROGRAMS = "it has no samples: what it stands for is a program, which the kit's programs prove"
UNDRAWN = {
    UNDEFINED: {"absent", "absent_rows", "empty", "empty_like"},
    OUTSIDE: {
        "assert", "below_limit", "print", "pure_py_func", "py_func", "queue_close", "queue_dequeue", "queue_enqueue",
        "queue_is_closed", "queue_size",
    },
    PROGRAMS: {
        "assign", "branch", "call", "checkpoint", "custom_gradient", "dataflow.back_edge", "dataflow.bound",
        "dataflow.comes_back", "dataflow.enter", "dataflow.exit", "dataflow.loop_cond", "dataflow.merge",
        "dataflow.next_iteration", "dataflow.switch", "dynamic_reshape", "fill", "fused", "gradients", "loop", "no_op",
        "placeholder", "read_variable", "scan", "shaped_rows", "switch_case", "tensor_array", "variable", "vmap",
        "while_loop",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def kit():
    return Kit(extensions())


def test_every_op_has_property_tests_but_for_these():
    found: dict[str, set[str]] = {}
    for name, op in extensions().ops.items():
        reason = why_not_drawn(op)
        if reason is not None:
            found.setdefault(reason, set()).add(name)
        assert (strategies.calls_of(op, EVERY_DTYPE) is None) == (reason is not None), name
    assert found == UNDRAWN


@pytest.mark.parametrize("part", range(4))
def test_every_drawn_call_is_right_on_numpy(kit, part):
    backend = extensions().backend("numpy")
    names = [name for name, op in extensions().ops.items() if op.sample_rule is not None][part::4]
    results = [each for name in names for each in kit.run("properties", name, backend)]
    assert len(results) > 60
    assert not [(each.op, each.failure) for each in results if not each.has_passed]


@pytest.mark.parametrize(("backend", "step"), [("reference", 8), ("jax", 24)])
def test_drawn_calls_are_right_on_the_oracle_and_on_a_compiling_backend(kit, backend, step):
    names = [name for name, op in extensions().ops.items() if op.sample_rule is not None][::step]
    results = [each for name in names for each in kit.run("properties", name, extensions().backend(backend))]
    assert results
    assert not [(each.op, each.failure) for each in results if not each.has_passed]


def drawn(op, examples=properties.EXAMPLES):
    """The calls of some examples, as text."""
    found = []
    calls = strategies.calls_of(op, EVERY_DTYPE)
    strategies.falsified(lambda some: found.extend(map(repr, some)), calls, properties.CALLS, examples)
    return found


@pytest.mark.parametrize("name", ["add", "getitem", "linalg.solve", "nn.conv2d", "random.normal"])
def test_the_same_calls_are_drawn_each_time(name):
    assert drawn(extensions().ops[name]) == drawn(extensions().ops[name])


# -- what grows out of samples


@define_op(traits=Trait.ELEMENTWISE, dtypes="floating")
def scaled(x: TensorType, y: TensorType, /, *, factor: int, is_negative: bool = False) -> TensorType:
    """Each element times ``factor``; ``y`` must have the shape of ``x``."""
    assert x.shape == y.shape
    return x


@scaled.kernel
def scaled_kernel(xp, x, y, *, factor, is_negative):
    return x * (-factor if is_negative else factor) + y * 0


@scaled.samples
def scaled_samples():
    yield Sample(normal(2, 3), normal(2, 3, seed=1), factor=3)


def grown_of(op, examples=20):
    found = []
    calls = grown_calls(op, EVERY_DTYPE)
    strategies.falsified(lambda some: found.extend(each for each, _ in some), calls, properties.CALLS, examples)
    assert all(isinstance(each, Grown) for each in found)
    return found


def test_calls_of_an_op_that_nobody_has_heard_of_have_other_shapes_attributes_and_elements():
    calls = grown_of(scaled)
    shapes = {call.operands[0].shape for call in calls}
    assert all(call.operands[0].shape == call.operands[1].shape for call in calls), "what the op refuses is not drawn"
    assert {len(shape) for shape in shapes} == {2, 3, 4}
    assert any(0 in shape for shape in shapes)
    assert {call.attributes["factor"] for call in calls} == {2, 3, 4}
    assert {call.attributes.get("is_negative", False) for call in calls} == {False, True}
    assert len({call.operands[0].seed for call in calls}) > 1


def test_indices_stay_in_range_where_sizes_grow():
    op = extensions().ops["nn.sparse_softmax_cross_entropy_with_logits"]
    for call in grown_of(op):
        labels, logits = call.operands
        assert labels.shape == logits.shape[:-1]
        if labels.kind == "integers":
            assert labels.high <= logits.shape[-1]


def test_what_goes_together_is_taken_from_another_sample_together():
    attributes = [call.attributes for call in grown_of(extensions().ops["moveaxis"])]
    kinds = {(type(each["source"]), type(each["destination"])) for each in attributes}
    assert kinds == {(int, int), (tuple, tuple)}


def test_elements_that_are_written_out_are_repeated_only_where_they_are_indices():
    from polyflow_conformance.growing import _is_free, _resized

    ids, numbers = values([0, 2, 1], "int64"), values([0.0, 2.0, 1.0])
    assert [_is_free(each, "any") for each in (ids, numbers, normal(3))] == [True, False, True]
    assert not _is_free(values([[1, 2], [3, 4]], "int32"), "floating"), "a matrix of integers is none of indices"
    assert _resized(ids, (5,)).values == [0, 2, 1, 0, 2]
    assert _resized(integers(3, low=0, high=2), (4,)) == ArraySpec("integers", (4,), 0, as_dtype("int64"), 0, 2)


# -- what they find


def half_right(x, *, axis=-1):
    """``softmax`` that takes the wrong axis of arrays of four dimensions, of which there is no sample."""
    axis = 0 if x.ndim == 4 else axis
    parts = np.exp(x - np.max(x, axis=axis, keepdims=True)) if x.size else x
    return parts / np.sum(parts, axis=axis, keepdims=True)


def test_a_fault_that_no_sample_shows_is_found_in_a_grown_call(kit):
    backend = Faulty("nn.softmax", half_right)
    assert all(each.has_passed for each in kit.run("values", "nn.softmax", backend) if "-5-" not in each.case)
    (found,) = kit.run("properties", "nn.softmax", backend)
    assert not found.has_passed
    assert "elements differ" in found.failure


def test_the_script_of_a_call_with_prepared_operands_fails_where_the_kit_failed(kit, monkeypatch):
    sound = extensions().backend("numpy").kernels["linalg.inv"]
    backend = Faulty("linalg.inv", lambda x: sound(x) * (1 if x.shape[-1] < 5 else 2))
    monkeypatch.setitem(extensions()._loaded, "faulty", backend)
    (found,) = kit.run("properties", "linalg.inv", backend)
    script = found.snippet()
    assert "sample('linalg.inv', 0).prepare(pf, x0)" in script
    with pytest.raises(AssertionError):
        exec(script, {})
    exec(script.replace("'faulty'", "'numpy'"), {})


@define_op(dtypes="floating")
def hopeless(x: TensorType, /) -> TensorType:
    """An op whose kernel never works."""
    return x


@hopeless.kernel
def hopeless_kernel(xp, x):
    raise RuntimeError("no luck")


@hopeless.samples
def hopeless_samples():
    yield Sample(uniform(2, 3))


def test_an_op_of_which_the_oracle_runs_no_call_is_a_failure():
    (found,) = check_properties(hopeless, extensions().backend("numpy"))
    assert found.failure == "reference ran none of the calls drawn"


@define_op(dtypes="floating")
def misjudged(x: TensorType, /) -> TensorType:
    """An op whose inference is wrong for arrays of three dimensions."""
    return x.with_shape(x.known_shape[::-1]) if x.rank == 3 else x


@misjudged.kernel
def misjudged_kernel(xp, x):
    return x + 1


@misjudged.samples
def misjudged_samples():
    yield Sample(normal(2, 3))


def test_the_oracle_is_held_to_the_types_that_are_inferred():
    (found,) = check_properties(misjudged, extensions().backend("reference"))
    assert "inferred was" in found.failure


def test_an_op_with_no_kernel_on_an_incomplete_backend_is_not_supported(kit):
    from polyflow.extension import Capabilities

    backend = Faulty(capabilities=Capabilities(missing=frozenset({"erf"})))
    (found,) = kit.run("properties", "erf", backend)
    assert (found.status, found.reason) == ("unsupported", "no kernel for erf")


def test_each_op_that_is_drawn_by_hand_is_there_and_has_samples():
    for name in {*strategies.ALONE, *strategies._SPECIAL, *strategies.REDUCTIONS, *strategies.ONE_AXIS}:
        assert samples_of(extensions().ops[name]), name


# -- how far off a drawn call may be

ROWS = values([[1.0, 1.0], [1.0, 1.0 + 2.0**-20]], "float64")


def inverse_but_for(factor):
    """Of the inverse of a matrix that hardly has one, the first element that much larger; and what the oracle says."""
    case = Case(pf.linalg.inv, 0, Sample(ROWS), None)
    expected = run_cases([case], extensions().backend("reference"))[case]
    (value,) = expected.compared
    first, *rest = flat(value)
    off = literal_of([first * factor, *rest], value.dtype, value.shape)
    return case, replace(expected, values=(off,), compared=(off,)), expected


def test_a_result_may_be_as_far_off_as_it_moves_with_its_operands():
    case, found, expected = inverse_but_for(1 + 2.0**-30)
    assert value_failure(case, found, expected) is not None
    assert beyond_movement(case, found, expected) is None


def test_but_no_further():
    case, found, expected = inverse_but_for(1.01)
    assert "result 0: 1 of 4 elements differ" in beyond_movement(case, found, expected)


def test_of_a_result_that_moves_out_of_all_proportion_nothing_is_said():
    case = Case(pf.linalg.matrix_rank, 0, Sample(values([[1.0, 1.0], [1.0, 1.0]], "float64")), None)
    expected = run_cases([case], extensions().backend("reference"))[case]
    zero = literal_of([0], expected.compared[0].dtype, ())
    assert expected.compared[0].tolist() == 1
    assert beyond_movement(case, replace(expected, compared=(zero,)), expected) is not None  # 8 units leave the rank
    none = Case(pf.linalg.inv, 0, Sample(values([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]], "float64")), None)
    inverse = run_cases([none], extensions().backend("reference"))[none]
    zeros = literal_of([0.0] * 4, inverse.compared[0].dtype, (2, 2))
    assert beyond_movement(none, replace(inverse, compared=(zeros,)), inverse) is None
