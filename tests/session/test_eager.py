"""Eager namespaces: array API namespaces that run at once, with the semantics of the graph."""

from __future__ import annotations

import array_api_compat
import numpy as np
import pytest
from polyflow_numpy.backend import NumpyBackend

import polyflow as pf
from polyflow.core.declaration import Op
from polyflow.core.types import TensorType

BACKENDS = ["numpy", "jax", "reference"]


@pytest.fixture(params=BACKENDS)
def xp(request):
    return pf.eager(request.param)


def test_the_same_arguments_give_the_same_namespace():
    assert pf.eager("numpy") is pf.eager("numpy", device="cpu")


def test_arrays_find_their_namespace(xp):
    x = xp.asarray([1.0])
    assert x.__array_namespace__() is xp
    assert array_api_compat.array_namespace(x) is xp


def test_promotion_is_the_graphs(xp):
    x = xp.asarray([1, 2], dtype=xp.int8)
    assert (x + xp.asarray([1], dtype=xp.uint8)).dtype == xp.int16
    assert (x + 1).dtype == xp.int8
    assert (x * 2.5).dtype == xp.float32
    assert (xp.asarray([1.0], dtype=xp.float64) * 0.1).value.tolist() == [0.1]


def test_defaults_are_the_graphs(xp):
    assert xp.zeros((2,)).dtype == xp.float32
    assert xp.asarray([1]).dtype == xp.int64
    assert xp.sum(xp.asarray([1, 2], dtype=xp.int8)).dtype == xp.int64


def test_errors_name_the_op_the_operands_and_the_line(xp):
    with pytest.raises(pf.errors.ShapeError) as caught:
        xp.add(xp.zeros((2,)), xp.zeros((3,)))
    text = str(caught.value)
    assert text.startswith("add(float32[2], float32[3]): shapes (2,) and (3,) do not broadcast")
    assert f"built at: {__file__}" in text


def test_assignment_changes_this_array_and_no_other(xp):
    x = xp.asarray([1.0, 2.0, 3.0])
    y = x[1:]
    z = x
    x[1] = 9
    assert x.value.tolist() == [1.0, 9.0, 3.0]
    assert y.value.tolist() == [2.0, 3.0]
    assert z is x


def test_assignment_keeps_the_dtype(xp):
    x = xp.asarray([1, 2], dtype=xp.int16)
    x[0] = xp.asarray(5, dtype=xp.int8)
    assert x.dtype == xp.int16
    with pytest.raises(pf.errors.DTypeError, match="the value has another dtype"):
        x[0] = xp.asarray(1.5)


def test_sixty_four_bits_are_sixty_four_bits(xp):
    assert int(xp.asarray(2**40) + 1) == 2**40 + 1
    assert float(xp.asarray(1.0, dtype=xp.float64) + 1e-12) == 1 + 1e-12


def test_values_are_the_same_on_every_backend():
    found = []
    for name in BACKENDS:
        xp = pf.eager(name)
        x = xp.reshape(xp.arange(6, dtype=xp.float64), (2, 3))
        found.append(np.asarray(xp.matmul(x, x.T) / xp.max(x)))
    for other in found[1:]:
        np.testing.assert_array_max_ulp(found[0], other, maxulp=1)  # XLA multiplies by the reciprocal


def test_data_dependent_shapes_are_shapes(xp):
    x = xp.asarray([1, -1, 2])
    assert x[x > 0].shape == (2,)
    assert xp.unique_values(xp.asarray([3, 3, 1])).shape == (2,)


def test_numpy_takes_eager_arrays(xp):
    assert np.asarray(xp.asarray([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_an_eager_array_becomes_a_constant_in_a_graph():
    xp = pf.eager("numpy")
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (2,))
        assert pf.Session("jax").run(x + xp.asarray([1.0, 2.0]), {x: [1.0, 1.0]}).tolist() == [2.0, 3.0]
        assert pf.Session("jax").run(xp.asarray([1.0, 2.0]) * x, {x: [3.0, 3.0]}).tolist() == [3.0, 6.0]


def test_what_belongs_to_graphs_is_not_in_the_namespace(xp):
    for name in (
        "placeholder",
        "placeholder_with_default",
        "set_random_seed",
        "Session",
        "gradients",
        "Variable",
        "no_such_function",
    ):
        with pytest.raises(AttributeError):
            getattr(xp, name)


def test_fill_takes_its_shape_from_an_array(xp):
    assert xp.fill([2, 1], 0.5).value.tolist() == [[0.5], [0.5]]
    assert xp.fill(xp.asarray([3]), xp.asarray(7, dtype=xp.int8)).dtype == xp.int8
    assert xp.fill((2,), 1).dtype == xp.int64


def test_numpy_warns_of_nothing_and_its_settings_stay():
    xp = pf.eager("numpy")
    before = np.geterr()
    assert np.isinf((xp.asarray([1.0]) / xp.asarray([0.0])).value[0])
    assert np.geterr() == before


def test_two_namespaces_do_not_mix_their_fast_ways():
    a, b = pf.eager("numpy"), pf.eager("reference")
    x, y = a.asarray([1.0]), b.asarray([1.0])
    for _ in range(3):
        assert type((x + x).value) is np.ndarray
        assert type((y + y).value).__module__.startswith("polyflow_reference")


def test_nn_functions_run_at_once(xp):
    assert xp.nn.relu(xp.asarray([-1.0, 2.0])).value.tolist() == [0.0, 2.0]
    loss = xp.nn.softmax_cross_entropy_with_logits(xp.asarray([[1.0, 0.0]]), xp.asarray([[0.0, 0.0]]))
    assert float(loss[0]) == pytest.approx(np.log(2), rel=1e-6)


def test_a_symbolic_tensor_is_an_array_whose_value_comes_later():
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (2,))
        assert x.__array_namespace__() is pf
        assert array_api_compat.is_lazy_array(x)
        assert pf.__array_namespace_info__().default_dtypes()["real floating"] is pf.float32


def test_assignment_to_a_tensor_leaves_what_was_built_before():
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (3,))
        before = x * 2
        y = x + 0
        y[1:] = 7
        found = pf.Session().run([before, y, y + 1], {x: [1.0, 2.0, 3.0]})
        assert [each.tolist() for each in found] == [[2.0, 4.0, 6.0], [1.0, 7.0, 7.0], [2.0, 8.0, 8.0]]
        (gradient,) = pf.gradients(pf.sum(y * y), x)
        assert pf.Session().run(gradient, {x: [1.0, 2.0, 3.0]}).tolist() == [2.0, 0.0, 0.0]


def test_a_result_whose_shape_depends_on_data_is_not_taken_for_the_next_ones():
    def rule(x: TensorType, mask: TensorType, /) -> TensorType:
        return x.with_shape((None,))

    select = Op(rule, name="select_for_test")
    select.kernel(lambda xp, x, mask: x[mask])
    xp = pf.eager("numpy")
    x = xp.asarray([1.0, 2.0, 3.0])
    for mask in ([True, False, False], [True, True, False], [False, False, False]):
        found = select(x, xp.asarray(mask))
        assert found.shape == found.value.shape == (sum(mask),)


def test_a_dtype_that_the_backend_lacks_is_refused_with_those_it_has(monkeypatch):
    monkeypatch.setattr("polyflow_numpy.backend.find_spec", lambda name: None)  # as where ml_dtypes is not installed
    xp = pf.eager(NumpyBackend())
    with pytest.raises(pf.errors.DTypeError, match="backend 'numpy' has no dtype bfloat16") as caught:
        xp.zeros((2,), dtype=xp.bfloat16)
    assert "float64" in str(caught.value)
    assert __file__ in str(caught.value)
    with pytest.raises(pf.errors.DTypeError, match="backend 'numpy' has no dtype bfloat16"):
        xp.asarray([1.0], dtype=xp.bfloat16)
