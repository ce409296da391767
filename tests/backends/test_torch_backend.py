"""What is special to PyTorch; where it is not installed these tests are skipped, and say so."""

from __future__ import annotations

import math

import pytest
from polyflow_conformance.kit import Kit

import polyflow as pf
from polyflow.core.literal import Literal, literal
from polyflow.errors import DTypeError, ValueRangeError
from polyflow.extension.manager import extensions

torch = pytest.importorskip("torch", reason="PyTorch is not installed: polyflow[torch]")


@pytest.fixture(scope="module")
def backend():
    import polyflow_torch

    return polyflow_torch.torch_backend()


@pytest.fixture
def compiled():
    """A backend that hands its programs to ``torch.compile``, which traces them and compiles nothing."""
    import polyflow_torch

    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    return polyflow_torch.torch_backend(compiler="eager")


def traced():
    """How many graphs ``torch.compile`` has made."""
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


@pytest.mark.parametrize("dtype", ["bool", "int8", "int64", "uint8", "float16", "bfloat16", "float64", "complex64"])
def test_literals_come_back_as_they_went(backend, dtype):
    value = literal([[0, 1], [1, 0]], "int64")
    made = Literal(pf.int64, (2, 2), value.data) if dtype == "int64" else literal(_numbers(dtype), dtype)
    assert backend.to_literal(backend.from_literal(made, "cpu")) == made


def _numbers(dtype):
    return [[True, False]] if dtype == "bool" else [[1, 0], [2, 3]] if "int" in dtype else [[1.5, 0.0], [2.0, 3.0]]


def test_empty_arrays_keep_their_shape(backend):
    assert tuple(backend.from_literal(Literal(pf.float32, (0, 3), b""), "cpu").shape) == (0, 3)


def test_a_gradient_is_polyflows_and_leaves_no_tape(backend):
    x = pf.placeholder("float32", (2,))
    fed = torch.tensor([1.0, 2.0], requires_grad=True)
    (slope,) = pf.Session(backend).run(pf.gradients(pf.sum(x * x), x), {x: fed})
    assert slope.tolist() == [2.0, 4.0]
    assert not slope.requires_grad


def test_a_variable_cannot_be_changed_from_outside(backend):
    v = pf.Variable([1.0, 2.0])
    session = pf.Session(backend)
    session.run(v)[0] = 9.0
    assert session.run(v).tolist() == [1.0, 2.0]


def test_uint64_which_pytorch_only_stores_is_not_claimed(backend):
    with pytest.raises(DTypeError, match="backend 'torch' has no dtype uint64"):
        pf.Session(backend).run(pf.constant([1], "uint64") + pf.constant([1], "uint64"))


@pytest.mark.parametrize(("dtype", "largest"), [("uint16", 2**16 - 1), ("uint32", 2**32 - 1)])
def test_unsigned_integers_that_pytorch_does_not_add_are_computed_in_wider_ones(backend, dtype, largest):
    x = pf.placeholder(dtype, (2,))
    fetches = [x + 2, x << 1, x < 3, pf.argmax(x), pf.negative(x)]
    found = pf.Session(backend).run(fetches, {x: torch.tensor([largest, 1], dtype=getattr(torch, dtype))})
    assert [each.tolist() for each in found] == [[1, 3], [largest - 1, 2], [False, True], 0, [1, largest]]
    assert [each.dtype for each in found[:2]] == [getattr(torch, dtype)] * 2


def test_slices_with_negative_steps_work_both_ways(backend):
    x = pf.placeholder("float32", (5,))
    changed = pf.identity(x)
    changed[3:0:-2] = pf.constant([8.0, 9.0])
    found = pf.Session(backend).run([x[::-2], changed], {x: [0.0, 1.0, 2.0, 3.0, 4.0]})
    assert [each.tolist() for each in found] == [[4.0, 2.0, 0.0], [0.0, 9.0, 2.0, 8.0, 4.0]]


def test_updates_are_added_behind_negative_steps_and_twice_at_one_place(backend):
    x = pf.placeholder("float32", (4,))
    behind = pf.index_add(x, pf.constant([1.0, 2.0]), key=(slice(None, None, -2),))
    twice = pf.index_add(x, pf.constant([1.0, 2.0, 4.0]), pf.constant([0, 2, 0]), key=("index",))
    found = pf.Session(backend).run([behind, twice], {x: [0.0, 0.0, 0.0, 0.0]})
    assert [each.tolist() for each in found] == [[0.0, 2.0, 0.0, 1.0], [5.0, 0.0, 2.0, 0.0]]


def test_singular_matrices_give_nan_where_pytorch_raises(backend):
    x = pf.placeholder("float32", (2, 2))
    fetches = [pf.linalg.inv(x), pf.linalg.matrix_power(x, -2), pf.linalg.solve(x, pf.constant([1.0, 1.0]))]
    found = pf.Session(backend).run(fetches, {x: [[1.0, 2.0], [2.0, 4.0]]})
    assert all(bool(torch.isnan(each).all()) for each in found)


def test_matrices_that_are_not_finite_give_nan_without_spoiling_their_neighbours(backend):
    x = pf.placeholder("float32", (2, 2, 2))
    norm, rank = pf.linalg.matrix_norm(x, ord="nuc"), pf.linalg.matrix_rank(x)
    found = pf.Session(backend).run([norm, rank], {x: [[[math.nan, 0.0], [0.0, 1.0]], [[3.0, 0.0], [0.0, 4.0]]]})
    assert math.isnan(found[0][0])
    assert [float(found[0][1]), found[1].tolist()] == [7.0, [0, 2]]


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [("fft", {"axis": 1}, (0, 4)), ("rfft", {"axis": -1, "n": 6}, (0, 4)), ("irfftn", {"axes": (1,)}, (0, 6))],
)
def test_transforms_of_no_arrays_are_no_arrays(backend, name, options, shape):
    x = pf.placeholder("complex64" if name != "rfft" else "float32", (0, 4))
    found = pf.Session(backend).run(getattr(pf.fft, name)(x, **options), {x: backend.from_literal(_none(x), "cpu")})
    assert tuple(found.shape) == shape


def _none(x):
    return Literal(x.type.known_dtype, (0, 4), b"")


def test_random_bits_are_those_of_every_backend(backend):
    drawn = [pf.random.normal((5,), seed=1), pf.random.bits(pf.random.key(7), (5,), "uint16")]
    drawn += [pf.random.uniform((5,), dtype="float64", seed=2), pf.random.shuffle(pf.arange(9), seed=3)]
    found, expected = (pf.Session(each).run(drawn) for each in (backend, "numpy"))
    assert found[0].tolist() == pytest.approx(expected[0].tolist(), rel=1e-6)
    assert [each.tolist() for each in found[1:]] == [each.tolist() for each in expected[1:]]


def test_numbers_of_bfloat16_are_printed(backend, capsys):
    pf.Session(backend).run(pf.print(pf.constant([1.5, 2.0], "bfloat16")))
    assert capsys.readouterr().err == "[1.5 2.0]\n"


def test_tensors_are_made_on_the_sessions_device_whatever_the_default(backend):
    with torch.device("meta"):
        assert pf.Session(backend).run(pf.arange(3) + 1).tolist() == [1, 2, 3]


def test_a_compiler_that_pytorch_does_not_have_is_refused_with_the_nearest_that_it_has():
    import polyflow_torch

    with pytest.raises(ValueRangeError, match=r"torch\.compile has no such backend") as refused:
        polyflow_torch.torch_backend(compiler="inducter")
    assert "found:   'inducter'" in str(refused.value)
    assert "did you mean 'inductor'?" in str(refused.value)


def test_a_program_is_compiled_once_for_each_plan_and_constants_are_not(compiled):
    x = pf.placeholder("float32", (2,))
    y = pf.sum(pf.tanh(x) * (pf.constant([1.0, 2.0]) + 3.0))
    session = pf.Session(compiled)
    assert [float(session.run(y, {x: [each, 0.0]})) for each in (0.0, 1.0)] == [0.0, pytest.approx(4 * math.tanh(1.0))]
    assert traced() == 1
    session.run(y + 1, {x: [1.0, 0.0]})
    assert traced() == 2


def test_a_training_step_is_the_same_compiled_and_not(compiled, backend):
    w, x = pf.Variable([[1.0, -1.0], [0.5, 2.0]]), pf.placeholder("float32", (3, 2))
    loss = pf.mean(pf.square(pf.tanh(x @ w) - 1))
    step = w.assign_sub(0.1 * pf.gradients(loss, w)[0])
    found = []
    for each in (compiled, backend):
        session = pf.Session(each)
        found.append([session.run([loss, step], {x: [[1.0, 2.0], [0.0, 1.0], [2.0, 2.0]]}) for _ in range(3)])
    for one, other in zip(*found, strict=True):
        assert all(torch.allclose(a, b, rtol=1e-6) for a, b in zip(one, other, strict=True))
    assert traced() == 1


def test_what_cannot_be_traced_runs_all_the_same(compiled):
    x = pf.placeholder("float32", ())
    doubled = pf.while_loop(lambda value: value < 100.0, lambda value: value * 2.0, [x])
    chosen = pf.cond(x > 0, lambda: x * 2, lambda: x * 3)
    found = pf.Session(compiled).run([doubled, chosen, *pf.gradients(chosen, x)], {x: -3.0 + 6.0})
    assert [float(found[0][0]), float(found[1]), float(found[2])] == [192.0, 6.0, 2.0]


def test_what_runs_on_the_host_is_cut_out_of_compiled_programs_and_explained(compiled):
    x = pf.placeholder("float32", (3,), name="x")
    session = pf.Session(compiled)
    y = pf.sum(x[x > 0]) * 2
    assert float(session.run(y, {x: [1.0, -1.0, 2.0]})) == 6.0
    assert "the shape of 'getitem' depends on data" in session.explain(y)


def test_results_of_compiled_programs_share_no_memory_with_variables(compiled):
    v = pf.Variable([1.0, 2.0])
    written = v.assign(v * 2)
    session = pf.Session(compiled)
    for fetches in ([v, pf.reshape(v, (2, 1))], [written, pf.reshape(written, (2, 1))]):
        for each in session.run(fetches):
            each.fill_(9.0)
    assert session.run(v).tolist() == [2.0, 4.0]


@pytest.mark.parametrize("level", ["state", "errors"])
def test_the_kit_finds_nothing_that_is_not_known(level, backend):
    kit = Kit(extensions())
    report = kit.prove(backend, [level], known=kit.known("torch"))
    assert not report.failures, report.failures[0]
    assert report.counts["passed"]


def test_the_kit_finds_nothing_in_compiled_programs_either(compiled):
    report = Kit(extensions()).prove(compiled, ["state"])
    assert not report.failures, report.failures[0]
