"""What is special to PyTorch; where it is not installed these tests are skipped, and say so."""

from __future__ import annotations

import pytest

import polyflow as pf
from polyflow.core.literal import Literal, literal
from polyflow.errors import DTypeError

torch = pytest.importorskip("torch", reason="PyTorch is not installed: polyflow[torch]")


@pytest.fixture(scope="module")
def backend():
    from polyflow_torch.backend import TorchBackend  # needs PyTorch

    return TorchBackend()


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


def test_dtypes_that_pytorch_only_stores_are_not_claimed(backend):
    with pytest.raises(DTypeError, match="backend 'torch' has no dtype uint32"):
        pf.Session(backend).run(pf.constant([1], "uint32") + pf.constant([1], "uint32"))


def test_slices_with_negative_steps_work_both_ways(backend):
    x = pf.placeholder("float32", (5,))
    changed = pf.identity(x)
    changed[3:0:-2] = pf.constant([8.0, 9.0])
    found = pf.Session(backend).run([x[::-2], changed], {x: [0.0, 1.0, 2.0, 3.0, 4.0]})
    assert [each.tolist() for each in found] == [[4.0, 2.0, 0.0], [0.0, 9.0, 2.0, 8.0, 4.0]]
