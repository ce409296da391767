"""``gradients``: what may stand for ys, xs and weights, in any order of differentiation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from programs import finite_differences

import polyflow as pf
from polyflow.errors import ArgumentError, DTypeError, GraphError, ShapeError


def run(fetches: Any, feeds: Any = None) -> Any:
    return pf.Session().run(fetches, feeds)


def test_one_operation_is_added_to_the_graph(graph: pf.Graph) -> None:
    x = pf.placeholder("float32", (2,))
    y = pf.sin(x) * x
    size = len(graph)
    (g,) = pf.gradients(y, x)
    assert len(graph) == size + 1
    assert g.type == x.type
    assert g.operation.op.name == "gradients"


def test_placeholders_without_dtype_or_shape_are_differentiated_when_a_run_knows_them() -> None:
    x = pf.placeholder()
    (g,) = pf.gradients(pf.sum(x * x * [1.0, 2.0]), x)
    assert g.dtype is None
    with pf.Session() as session:
        assert session.run(g, {x: [1.0, 2.0]}).tolist() == [2.0, 8.0]
        assert session.run(g, {x: np.ones((3, 2))}).tolist() == [[2.0, 4.0]] * 3
        assert session.run(g, {x: 3.0}) == 18.0


@pytest.mark.parametrize(("order", "expected"), [(1, 32.0), (2, 48.0), (3, 48.0), (4, 24.0)])
def test_the_derivatives_of_x_to_the_fourth_are_right_to_any_order(order: int, expected: float) -> None:
    x = pf.placeholder("float64", ())
    y = x**4
    for _ in range(order):
        (y,) = pf.gradients(y, x)
    assert run(y, {x: 2.0}) == pytest.approx(expected)


def test_the_fifth_derivative_of_a_product_that_shares_is_right() -> None:
    x = pf.placeholder("float64", ())
    y = pf.exp(x) * pf.exp(x)
    for _ in range(5):
        (y,) = pf.gradients(y, x)
    assert run(y, {x: 0.5}) == pytest.approx(32 * np.exp(1.0))


def test_a_derivative_that_has_become_zero_stays_zero() -> None:
    x = pf.placeholder("float64", ())
    y = x * x
    for _ in range(4):
        (y,) = pf.gradients(y, x, unconnected_gradients="zero")
    assert run(y, {x: 2.0}) == 0.0


def test_a_hessian_is_symmetric_and_that_of_finite_differences() -> None:
    x = pf.placeholder("float64", (3,))
    y = pf.sum(pf.exp(x[0] * x[1]) * pf.sin(x[2]) + x[1] ** 3)
    (g,) = pf.gradients(y, x)
    hessian = pf.stack([pf.gradients(g[row], x)[0] for row in range(3)])
    point = np.array([0.3, -0.4, 0.9])
    found = run(hessian, {x: point})
    gradient = pf.Session().prepare(g, [x])
    expected = [finite_differences(lambda v, row=row: np.array(gradient(v))[row], point)[0] for row in range(3)]
    np.testing.assert_allclose(found, expected, atol=1e-7)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_mixed_partial_derivatives_commute() -> None:
    x, y = pf.placeholder("float64", ()), pf.placeholder("float64", ())
    z = pf.sin(x * y) * pf.exp(x)
    xy = pf.gradients(pf.gradients(z, x)[0], y)[0]
    yx = pf.gradients(pf.gradients(z, y)[0], x)[0]
    a, b = run([xy, yx], {x: 0.3, y: 0.7})
    assert a == pytest.approx(b, rel=1e-12)


def test_an_x_that_no_y_depends_on_has_no_gradient() -> None:
    x, z = pf.placeholder("float32", (2,)), pf.placeholder("float32", (3,))
    assert pf.gradients(pf.sin(x), z) == [None]
    g, none = pf.gradients(pf.sin(x), [x, z])
    assert isinstance(g, pf.Tensor)
    assert none is None


def test_zeros_are_given_for_an_unconnected_x_on_demand() -> None:
    x, z = pf.placeholder("float32", (2,)), pf.placeholder("float64", (3,))
    gx, gz = pf.gradients(pf.sin(x), [x, z], unconnected_gradients="zero")
    found = run([gx, gz], {x: [0.0, 0.0], z: np.ones(3)})
    assert [each.tolist() for each in found] == [[1.0, 1.0], [0.0, 0.0, 0.0]]
    assert found[1].dtype == "float64"


def test_the_gradient_of_something_with_respect_to_itself_is_one() -> None:
    x = pf.placeholder("float32", (2,))
    assert run(pf.gradients(x, x)[0], {x: [5.0, 6.0]}).tolist() == [1.0, 1.0]


def test_several_ys_are_summed() -> None:
    x = pf.placeholder("float64", ())
    assert run(pf.gradients([x * x, 3 * x, x], x)[0], {x: 2.0}) == 8.0


def test_a_y_named_twice_counts_twice() -> None:
    x = pf.placeholder("float64", ())
    y = x * x
    assert run(pf.gradients([y, y], x)[0], {x: 2.0}) == 8.0


def test_a_y_that_another_y_is_made_from_counts_for_itself_too() -> None:
    x = pf.placeholder("float64", ())
    y = x * x
    assert run(pf.gradients([y, y * y], x)[0], {x: 2.0}) == 4.0 + 32.0


def test_an_x_named_twice_has_its_gradient_twice() -> None:
    x = pf.placeholder("float64", ())
    assert run(pf.gradients(x * x, [x, x]), {x: 3.0}) == [6.0, 6.0]


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (lambda: [[1.0, 2.0]], [6.0, 12.0]),
        (lambda: np.array([1.0, -1.0]), [6.0, -6.0]),
        (lambda: pf.constant([0.5, 0.0], "float64"), [3.0, 0.0]),
    ],
    ids=["list", "array", "tensor"],
)
def test_weights_stand_for_the_gradients_of_the_ys(weight: Any, expected: list[float]) -> None:
    x = (
        pf.placeholder("float32" if weight() == [[1.0, 2.0]] else "float64", (2,))
        if isinstance(weight(), list)
        else pf.placeholder("float64", (2,))
    )
    (g,) = pf.gradients(x * x, x, weight())
    assert run(g, {x: [3.0, 3.0]}).tolist() == expected


def test_a_number_as_weight_takes_the_dtype_of_its_y() -> None:
    x = pf.placeholder("float64", ())
    for y in (x, pf.identity(x), x * x):
        (g,) = pf.gradients(y, x, 0.1)
        found = run(g, {x: 0.5})
        assert found.dtype == "float64"
        assert found == 0.1


def test_none_among_the_weights_stands_for_ones() -> None:
    x = pf.placeholder("float64", ())
    assert run(pf.gradients([x * x, x], x, [None, 10.0])[0], {x: 3.0}) == 16.0


def test_a_weight_of_another_dtype_is_refused_by_name() -> None:
    x = pf.placeholder("float64", (2,), name="x")
    (g,) = pf.gradients(pf.sin(x, name="y"), x, pf.constant([1.0, 2.0]))
    with pytest.raises(
        DTypeError, match=r"the gradient given for .* has another dtype\n  found:   float32\n  needed:  float64"
    ):
        run(g, {x: [0.0, 0.0]})


def test_a_weight_of_another_shape_is_refused() -> None:
    x = pf.placeholder("float32", (2,))
    with pytest.raises(ShapeError, match="another shape than the y"):
        pf.gradients(x * x, x, pf.constant([1.0, 2.0, 3.0]))


def test_weights_and_ys_must_be_as_many() -> None:
    x = pf.placeholder("float32", ())
    with pytest.raises(ArgumentError, match="grad_ys and ys differ in length\n  found:   2 grad_ys"):
        pf.gradients([x], x, [1.0, 2.0])


def test_an_unknown_word_for_unconnected_gradients_is_refused() -> None:
    x = pf.placeholder("float32", ())
    with pytest.raises(ArgumentError, match="needed:  'none' or 'zero'"):
        pf.gradients(x, x, unconnected_gradients="zeros")


def test_gradients_with_respect_to_intermediate_tensors_stop_there() -> None:
    x = pf.placeholder("float64", ())
    a = x * 3
    b = a * a
    assert run(pf.gradients(b, [a, x]), {x: 2.0}) == [12.0, 36.0]


def test_an_intermediate_tensor_gets_only_what_flows_through_it() -> None:
    x = pf.placeholder("float64", ())
    a, b = pf.identity(x), pf.identity(x)
    assert run(pf.gradients(a * b * b, [a, b, x]), {x: 2.0}) == [4.0, 8.0, 12.0]


def test_two_reads_of_a_variable_are_two_tensors() -> None:
    w = pf.Variable(3.0)
    a, b = w.read_value(), w.read_value()
    assert run(pf.gradients(a * a * b, [a, b, w])) == [18.0, 9.0, 27.0]


def test_a_gradient_may_be_fed() -> None:
    x = pf.placeholder("float64", ())
    (g,) = pf.gradients(x * x, x)
    assert run(g + 1, {g: 5.0}) == 6.0


# -- variables


def test_the_gradient_with_respect_to_a_variable_is_that_at_its_value() -> None:
    w = pf.Variable([1.0, 2.0])
    (g,) = pf.gradients(pf.sum(w * w), w)
    with pf.Session() as session:
        assert session.run(g).tolist() == [2.0, 4.0]
        session.run(w.assign([5.0, 6.0]))
        assert session.run(g).tolist() == [10.0, 12.0]


def test_before_an_assignment_the_gradient_is_that_of_the_old_value() -> None:
    w = pf.Variable(3.0)
    (before,) = pf.gradients(w * w, w)
    written = w.assign(10.0)
    with pf.Session() as session:
        assert session.run([written, before]) == [10.0, 6.0]


def test_after_an_assignment_the_gradient_is_that_of_the_new_value() -> None:
    w = pf.Variable(3.0)
    written = w.assign(10.0)
    (after,) = pf.gradients(w * w, w)
    with pf.Session() as session:
        assert session.run(after) == 6.0
        assert session.run([after, written]) == [20.0, 10.0]


def test_the_gradient_stops_at_the_value_that_was_assigned() -> None:
    w, x = pf.Variable(3.0), pf.placeholder("float32", ())
    written = w.assign(x * x)
    y = w * 5
    (gx,) = pf.gradients(y + 0 * x, x)
    (gw,) = pf.gradients(y, w)
    assert run([written, gx, gw], {x: 2.0}) == [4.0, 0.0, 5.0]


def test_a_variable_that_is_not_read_is_unconnected() -> None:
    w, v = pf.Variable(1.0), pf.Variable(2.0)
    g, none = pf.gradients(w * 2, [w, v])
    assert none is None
    assert run(g) == 2.0


def test_variables_give_second_derivatives() -> None:
    w = pf.Variable(2.0, dtype="float64")
    (g,) = pf.gradients(w**3, w)
    (h,) = pf.gradients(g, w)
    assert run([g, h]) == [12.0, 12.0]


# -- integers and what is no number


def test_the_gradient_of_an_integer_is_refused_with_a_remedy() -> None:
    n = pf.placeholder("int32", (2,), name="n")
    (g,) = pf.gradients(pf.sum(n, name="total"), n)
    with pytest.raises(DTypeError) as caught:
        run(g, {n: [1, 2]})
    text = str(caught.value)
    assert (
        "gradients: total:0 has no gradient\n  found:   int64[]\n  needed:  a real or complex floating dtype\n" in text
    )
    assert "try:     polyflow.astype(y, polyflow.float32)" in text
    assert f"built at: {__file__}:" in text


def test_integer_operands_do_not_hinder_the_gradient_of_the_others() -> None:
    x, n = pf.placeholder("float64", (3,)), pf.placeholder("int64", (3,))
    y = pf.sum(pf.take(x, n, axis=0) * n)
    assert run(pf.gradients(y, x)[0], {x: np.ones(3), n: [0, 2, 2]}).tolist() == [0.0, 0.0, 4.0]


def test_no_gradient_flows_through_an_integer() -> None:
    x = pf.placeholder("float64", (2,))
    y = pf.astype(pf.astype(x, "int64"), "float64") * x
    assert run(pf.gradients(y, x)[0], {x: [1.7, 2.2]}).tolist() == [1.0, 2.0]


def test_no_gradient_flows_through_stop_gradient() -> None:
    x = pf.placeholder("float64", ())
    y = x * pf.stop_gradient(x * x) + pf.stop_gradient(pf.exp(x))
    (g,) = pf.gradients(y, x)
    (h,) = pf.gradients(g, x, unconnected_gradients="zero")
    assert run([g, h], {x: 3.0}) == [9.0, 0.0]


def test_tensors_of_another_graph_are_refused() -> None:
    x = pf.placeholder("float32", ())
    with pf.Graph().as_default():
        foreign = pf.placeholder("float32", ())
    with pytest.raises(GraphError, match="belongs to another graph"):
        pf.gradients(x, foreign)


def test_gradients_are_built_in_the_graph_of_the_ys() -> None:
    x = pf.placeholder("float32", ())
    y = x * x
    with pf.Graph().as_default():
        (g,) = pf.gradients(y, x)
    assert g.graph is x.graph


def test_no_ys_and_no_xs_are_no_gradients() -> None:
    x = pf.placeholder("float32", ())
    assert pf.gradients([], x) == [None]
    assert pf.gradients(x, []) == []


@pytest.mark.parametrize("backend", ["numpy", "reference", "jax"])
def test_gradients_agree_on_every_backend(backend: str) -> None:
    x = pf.placeholder("float64", (2, 2))
    y = pf.sum(pf.nn.softmax(pf.matmul(x, x)) * x)
    (g,) = pf.gradients(y, x)
    (h,) = pf.gradients(pf.sum(g * g), x)
    point = np.array([[0.1, 0.2], [0.3, -0.4]])
    expected = pf.Session("numpy").run([g, h], {x: point})
    found = pf.Session(backend).run([g, h], {x: point.tolist()})
    for have, need in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.array(have.tolist()), need, rtol=1e-12)


def test_a_gradient_of_data_of_unknown_size_is_found_once_the_size_is_fed() -> None:
    x = pf.placeholder("float32", (None, 2))
    (g,) = pf.gradients(pf.mean(x * x), x)
    assert g.shape == (None, 2)
    prepared = pf.Session().prepare(g, [x])
    assert prepared(np.ones((4, 2), "float32")).tolist() == [[0.25, 0.25]] * 4
    assert prepared(np.ones((1, 2), "float32")).tolist() == [[1.0, 1.0]]
