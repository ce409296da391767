"""Derivatives of functions, against finite differences, JAX and each other."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import polyflow as pf
from polyflow.errors import ArgumentError, DTypeError, ShapeError
from tests.programs import finite_differences

generator = np.random.default_rng(0)
X = generator.normal(size=(3, 4))
W = {"w": generator.normal(size=(4, 2)), "b": [generator.normal(size=2), generator.normal(size=())]}


def energy(x: Any) -> Any:
    return pf.sum(pf.sin(x) * pf.cumulative_sum(x, axis=1)) + pf.max(x) ** 2


def loss(parameters: Any, x: Any) -> Any:
    b, scale = parameters["b"]
    return pf.mean(pf.tanh(x @ parameters["w"] + b) ** 2) * scale


def vector(x: Any) -> Any:
    return pf.stack([pf.sum(x * x), x[0, 0] * x[1, 1], pf.exp(x[2, 0])])


def test_grad_equals_finite_differences() -> None:
    (wanted,) = finite_differences(pf.function(energy), X)
    np.testing.assert_allclose(pf.grad(energy)(X), wanted, rtol=1e-5, atol=1e-8)


def test_grad_has_the_structure_of_its_argument() -> None:
    value, gradient = pf.value_and_grad(loss)(W, X)
    assert value == pf.function(loss)(W, X)
    assert type(gradient["b"]) is list

    def flat(w: Any, b: Any, scale: Any) -> Any:
        return pf.function(loss)({"w": w, "b": [b, scale]}, X)

    wanted = finite_differences(flat, W["w"], *W["b"])
    for found, each in zip([gradient["w"], *gradient["b"]], wanted, strict=True):
        np.testing.assert_allclose(found, each, rtol=1e-5, atol=1e-8)


def test_argnums_choose_arguments() -> None:
    def product(x: Any, y: Any) -> Any:
        return pf.sum(x * y)

    assert [each.tolist() for each in pf.grad(product, (1, 0))(X[0], X[1])] == [X[0].tolist(), X[1].tolist()]
    assert pf.grad(product, -1)(X[0], X[1]).tolist() == X[0].tolist()
    with pytest.raises(ArgumentError, match="there is no argument 2"):
        pf.grad(product, 2)(X, X)


def test_has_aux_hands_more_through() -> None:
    function = pf.value_and_grad(lambda x: (pf.sum(x), {"twice": 2 * x, "name": "n"}), has_aux=True)
    (value, aux), gradient = function(X[0])
    np.testing.assert_allclose(value, np.sum(X[0]))
    assert (aux["twice"].tolist(), aux["name"], gradient.tolist()) == ((2 * X[0]).tolist(), "n", [1.0] * 4)
    gradient, aux = pf.grad(lambda x: (pf.sum(x), x), has_aux=True)(X[0])
    assert gradient.tolist() == [1.0] * 4
    with pytest.raises(ArgumentError, match="with has_aux a function returns its result and something besides"):
        pf.grad(pf.sum, has_aux=True)(X)


@pytest.mark.parametrize(
    ("function", "argument", "error", "text"),
    [
        (lambda x: x, X, ShapeError, "(?s)does not return a scalar.*float64\\[3, 4\\].*polyflow.sum"),
        (lambda x: (pf.sum(x), x), X, ArgumentError, "(?s)does not return a scalar.*has_aux"),
        (lambda x: None, X, ArgumentError, "NoneType"),
        (lambda x: pf.sum(x) > 0, X, DTypeError, "not return a real floating-point number"),
        (lambda x: pf.sum(x), X + 1j, DTypeError, "(?s)not return a real floating-point.*polyflow.real"),
        (lambda x: pf.sum(x) * 1.0, np.arange(3), DTypeError, "(?s)argument 0 is not differentiable.*int64\\[3\\]"),
        (lambda x: x * 1.0, 3, DTypeError, "(?s)argument 0 is not differentiable.*int 3.*write 3.0 for 3"),
        (lambda x: x["a"], {"a": 1.0, "n": "text"}, DTypeError, "argument 0\\['n'\\] is not differentiable"),
    ],
    ids=["array", "tuple", "None", "bool", "complex", "integers", "whole number", "leaf"],
)
def test_grad_says_what_it_cannot_differentiate(
    function: Any, argument: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        pf.grad(function)(argument)


def test_a_scalar_is_asked_for_once_types_are_known() -> None:
    x = pf.placeholder(name="x")
    g = pf.grad(lambda x: x * x)(x)
    assert pf.Session().run(g, {x: 3.0}) == 6.0
    with pytest.raises(ShapeError):
        pf.Session().run(g, {x: [1.0, 2.0]})


def test_transforms_compose() -> None:
    def function(x: Any) -> Any:
        return pf.sin(x) * x

    third = pf.grad(pf.grad(pf.grad(function)))
    np.testing.assert_allclose(third(np.float64(0.7)), -3 * np.sin(0.7) - 0.7 * np.cos(0.7))
    np.testing.assert_allclose(pf.function(third)(np.float64(0.7)), third(np.float64(0.7)))
    value, tangent = pf.jvp(pf.grad(function), (np.float64(0.7),), (np.float64(2.0),))
    np.testing.assert_allclose(tangent, 2 * pf.grad(pf.grad(function))(np.float64(0.7)))
    np.testing.assert_allclose(value, np.cos(0.7) * 0.7 + np.sin(0.7))
    mapped = pf.vmap(pf.grad(pf.grad(function)))(X[0])
    np.testing.assert_allclose(mapped, 2 * np.cos(X[0]) - X[0] * np.sin(X[0]))
    np.testing.assert_allclose(pf.grad(lambda x: pf.sum(pf.vmap(pf.grad(function))(x)))(X[0]), mapped)


def test_derivatives_of_one_argument_do_not_mix() -> None:
    def outer(x: Any) -> Any:
        return x * pf.grad(lambda y: x * y)(x)

    assert pf.grad(outer)(3.0) == 6.0
    assert pf.grad(lambda x: pf.grad(lambda y: x * y)(x))(3.0) == 1.0


def test_a_transform_runs_on_the_backend_of_its_function() -> None:
    found = pf.grad(pf.function(energy, backend="jax"))(X)
    assert isinstance(found, jax.Array)
    np.testing.assert_allclose(found, pf.grad(energy)(X))
    assert isinstance(pf.grad(energy, backend="jax")(X), jax.Array)


def test_transforms_are_traced_once_for_each_signature() -> None:
    gradient = pf.grad(energy)
    gradient(X)
    gradient(X + 1)
    assert gradient.compilations == 1
    gradient(X[:2])
    assert gradient.compilations == 2


def test_vjp_pulls_back_structures() -> None:
    def function(p: Any, x: Any) -> Any:
        return {"y": x @ p["w"], "n": pf.argmax(x), "name": "n"}

    value, pull, aux = pf.vjp(lambda p, x: (function(p, x), "aux"), W, X, has_aux=True)
    assert aux == "aux"
    np.testing.assert_allclose(value["y"], X @ W["w"])
    cotangent = np.ones((3, 2))
    of_p, of_x = pull({"y": cotangent, "n": None, "name": None})
    np.testing.assert_allclose(of_p["w"], X.T @ cotangent)
    np.testing.assert_allclose(of_x, cotangent @ W["w"].T)
    assert np.all(of_p["b"][0] == 0)
    with pytest.raises(ArgumentError, match=r"the cotangent\['n'\] belongs to something that is not differentiable"):
        pull({"y": cotangent, "n": 1, "name": None})
    with pytest.raises(ShapeError, match=r"the cotangent\['y'\] has another shape"):
        pull({"y": np.ones(2), "n": None, "name": None})


def test_a_pulled_back_basis_is_mapped() -> None:
    def rows(x: Any) -> Any:
        _, pull = pf.vjp(vector, x)
        return pf.vmap(lambda cotangent: pull(cotangent)[0])(pf.eye(3, dtype=pf.float64))

    np.testing.assert_allclose(pf.function(rows)(X), pf.jacobian(vector)(X))


def test_jvp_is_the_product_with_the_jacobian() -> None:
    tangent = generator.normal(size=X.shape)
    value, found = pf.jvp(vector, (X,), (tangent,))
    np.testing.assert_allclose(value, pf.function(vector)(X))
    np.testing.assert_allclose(found, np.tensordot(pf.jacobian(vector)(X), tangent, axes=2))
    mapped = pf.vmap(lambda t: pf.jvp(vector, (X,), (t,))[1], out_axes=1)(np.eye(12).reshape(12, 3, 4))
    np.testing.assert_allclose(mapped.reshape(3, 3, 4), pf.jacobian(vector)(X), atol=1e-12)


def test_jvp_takes_structures_and_none_for_what_is_not_differentiable() -> None:
    def function(p: Any, n: Any) -> Any:
        return p["x"] ** n["power"], pf.argmax(p["x"])

    primals, tangents = ({"x": X[0]}, {"power": 3}), ({"x": X[1]}, {"power": None})
    (value, place), (tangent, no_tangent) = pf.jvp(function, primals, tangents)
    np.testing.assert_allclose(value, X[0] ** 3)
    np.testing.assert_allclose(tangent, 3 * X[0] ** 2 * X[1])
    assert (place, no_tangent) == (np.argmax(X[0]), 0)
    with pytest.raises(ArgumentError, match="primals and tangents are tuples"):
        pf.jvp(pf.sin, X, X)


def test_jvp_leaves_one_pass_when_it_runs() -> None:
    function = pf.function(lambda x, t: pf.jvp(lambda a: pf.exp(pf.sin(a) * a), (x,), (t,)))
    program = function.explain(X, X).split("after passes")[1].split("generated function")[0]
    operations = [line for line in program.splitlines() if " = " in line]
    assert len(operations) <= 9, program


@pytest.mark.parametrize(
    ("function", "x"),
    [
        (lambda x: x * pf.conj(x), X[0] + 1j * X[1]),
        (lambda x: pf.exp(x) / x, X[0] + 1j * X[1]),
        (lambda x: pf.real(x) + 0j, X[0] + 1j * X[1]),
        (lambda x: pf.abs(x), X[0] + 1j * X[1]),
    ],
    ids=["conj", "holomorphic", "real", "abs"],
)
def test_complex_derivatives_are_those_of_jax(function: Any, x: np.ndarray) -> None:
    def in_jax(x: Any) -> Any:
        return {
            "conj": lambda: x * jax.numpy.conj(x),
            "holomorphic": lambda: jax.numpy.exp(x) / x,
            "real": lambda: jax.numpy.real(x) + 0j,
            "abs": lambda: jax.numpy.abs(x),
        }[name]()

    name = next(
        key
        for key, wanted in {
            "conj": x * np.conj(x), "holomorphic": np.exp(x) / x, "real": x.real + 0j, "abs": np.abs(x)
        }.items()
        if np.allclose(wanted, pf.function(function)(x))
    )  # fmt: skip
    with jax.enable_x64(True):
        value, pull = jax.vjp(in_jax, x)
        cotangent = generator.normal(size=4).astype(value.dtype)
        wanted_vjp = pull(jax.numpy.asarray(cotangent))[0]
        wanted_jvp = jax.jvp(in_jax, (x,), (x * 1j,))[1]
    np.testing.assert_allclose(pf.vjp(function, x)[1](cotangent)[0], wanted_vjp)
    np.testing.assert_allclose(pf.jvp(function, (x,), (x * 1j,))[1], wanted_jvp, atol=1e-12)


def test_jacobians_nest_results_over_arguments() -> None:
    def function(x: Any, y: Any) -> Any:
        return {"a": x[0] * y, "b": pf.sum(x)}

    found = pf.jacobian(function, (0, 1))(X[0], X[1])
    assert {key: [each.shape for each in value] for key, value in found.items()} == {
        "a": [(4, 4), (4, 4)], "b": [(4,), (4,)],
    }  # fmt: skip
    np.testing.assert_allclose(found["a"][0][:, 0], X[1])
    np.testing.assert_allclose(found["a"][1], X[0, 0] * np.eye(4))


def test_jacobian_equals_finite_differences() -> None:
    found = pf.jacobian(vector)(X)
    for place in range(3):
        (wanted,) = finite_differences(lambda x, place=place: pf.function(vector)(x)[place], X)
        np.testing.assert_allclose(found[place], wanted, rtol=1e-5, atol=1e-8)


def test_jacobian_refuses_unknown_shapes_and_unknown_modes() -> None:
    with pytest.raises(ShapeError, match="jacobian: a type is not known"):
        pf.jacobian(lambda x: x * 1)(pf.placeholder())
    with pytest.raises(DTypeError, match="jacobian: a result is not differentiable"):
        pf.jacobian(lambda x: pf.argmax(x))(X)
    with pytest.raises(ArgumentError, match="jacobian: no such mode") as caught:
        pf.jacobian(pf.sin, mode="backward")
    assert "'auto' or 'reverse' or 'forward'" in str(caught.value)


@pytest.mark.parametrize("mode", ["reverse", "forward", "auto"])
def test_jacobian_is_the_same_in_both_modes(mode: str) -> None:
    def function(a: Any, b: Any) -> Any:
        return {"outer": pf.sin(a[:, None]) * b, "sum": [pf.sum(a * a) * b]}

    a, b = X[0], X[1, :3]
    found = pf.jacobian(function, (0, 1), mode=mode)(a, b)
    wanted_outer = np.cos(a)[:, None, None] * b[:, None] * np.eye(4)[:, None, :]
    np.testing.assert_allclose(found["outer"][0], wanted_outer, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["outer"][1], np.sin(a)[:, None, None] * np.eye(3), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["sum"][0][0], 2 * np.outer(b, a), rtol=1e-12)
    np.testing.assert_allclose(found["sum"][0][1], np.sum(a * a) * np.eye(3), rtol=1e-12, atol=1e-14)


def test_auto_takes_the_mode_with_fewer_passes() -> None:
    tall = pf.jacobian(lambda x: pf.sin(x[0] * pf.arange(50, dtype=pf.float64))).explain(X[0, :2])
    assert "float64[2, 50]" in tall
    assert "float64[50, 50]" not in tall
    wide = pf.jacobian(lambda x: pf.sum(pf.sin(x), axis=1)).explain(X)
    assert "float64[3, 3, 4]" in wide
    assert "float64[12, 3, 4]" not in wide


HOLOMORPHIC = {"sin": pf.sin, "powers": lambda z: z[0] ** 3 * z, "exp": lambda z: pf.exp(1j * z)[None, :] * z[:, None]}


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_the_jacobian_of_a_holomorphic_function_is_jaxs(name: str, mode: str) -> None:
    names = {"sin": jax.numpy.sin, "powers": HOLOMORPHIC["powers"]}
    names["exp"] = lambda z: jax.numpy.exp(1j * z)[None, :] * z[:, None]
    z = X[0] + 1j * X[1]
    with jax.enable_x64(True):
        wanted = jax.jacrev(names[name], holomorphic=True)(jax.numpy.asarray(z))
    np.testing.assert_allclose(pf.jacobian(HOLOMORPHIC[name], mode=mode, holomorphic=True)(z), wanted, rtol=1e-12)


def test_real_results_and_real_arguments_beside_complex_ones_are_jaxs() -> None:
    z, x = X[0] + 1j * X[1], X[2]

    def rows(xp: Any) -> Any:
        return lambda z: xp.abs(z) ** 2 * xp.real(z[0])

    def columns(xp: Any) -> Any:
        return lambda x: xp.exp(1j * x) * x[0]

    with jax.enable_x64(True):
        of_rows = jax.jacrev(rows(jax.numpy))(jax.numpy.asarray(z))
        of_columns = jax.jacfwd(columns(jax.numpy))(jax.numpy.asarray(x))
    np.testing.assert_allclose(pf.jacobian(rows(pf))(z), of_rows, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(pf.jacobian(columns(pf))(x), of_columns, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("function", "x", "options", "text", "remedy"),
    [
        (lambda z: z * 2, X + 0j, {}, "complex results of complex arguments", "holomorphic=True if f is holomorphic"),
        (pf.abs, X + 0j, {"mode": "forward"}, "forward mode does not take complex arguments", 'mode="reverse"'),
        (lambda x: x * 1j, X, {"mode": "reverse"}, "reverse mode does not take complex results", 'mode="forward"'),
        (pf.sin, X, {"holomorphic": True}, "holomorphic functions are of complex arguments", "holomorphic=False"),
        (pf.abs, X + 0j, {"holomorphic": True}, "holomorphic functions are of complex arguments", "holomorphic=False"),
    ],
    ids=["complex to complex", "forward", "reverse", "real", "real result"],
)
def test_a_jacobian_that_the_dtypes_do_not_allow_is_refused(
    function: Any, x: np.ndarray, options: dict[str, Any], text: str, remedy: str
) -> None:
    with pytest.raises(DTypeError, match=f"jacobian: {text}") as caught:
        pf.jacobian(function, **options)(x)
    assert remedy in str(caught.value)


def test_hessian_and_hvp_agree() -> None:
    def function(x: Any) -> Any:
        return pf.sum(pf.sin(x) * pf.cumulative_prod(x, axis=0))

    hessian = pf.hessian(function)(X)
    np.testing.assert_allclose(hessian.reshape(12, 12), hessian.reshape(12, 12).T, atol=1e-10)
    (wanted,) = finite_differences(lambda x: pf.grad(function)(x)[1, 2], X)
    np.testing.assert_allclose(hessian[1, 2], wanted, rtol=1e-5, atol=1e-7)
    v = generator.normal(size=X.shape)
    np.testing.assert_allclose(pf.hvp(function, (X,), (v,)), np.tensordot(hessian, v, axes=2), rtol=1e-9)


def test_hvp_of_several_arguments_is_a_tuple() -> None:
    of_x, of_y = pf.hvp(lambda x, y: pf.sum(x * x * y), (X[0], X[1]), (X[2], X[2]))
    np.testing.assert_allclose(of_x, 2 * X[1] * X[2] + 2 * X[0] * X[2])
    np.testing.assert_allclose(of_y, 2 * X[0] * X[2])


def test_vmap_maps_structures_and_keywords() -> None:
    def function(p: Any, x: Any, *, y: Any) -> Any:
        return {"z": x @ p["w"] + p["b"] + y, "n": 3}

    p = {"w": W["w"], "b": generator.normal(size=(3, 2))}
    y = generator.normal(size=(3, 2))
    found = pf.vmap(function, in_axes=({"w": None, "b": 0}, 0))(p, X, y=y)
    np.testing.assert_allclose(found["z"], X @ p["w"] + p["b"] + y)
    assert found["n"].tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("args", "in_axes", "text"),
    [
        ((X, 2), 0, r"argument \[1\] has no axis to map over"),
        ((X, X), (0,), "in_axes does not fit the arguments"),
        ((X, 2.0), (0, 0), r"(?s)argument \[1\] has no axis.*float64\[\]"),
        ((X, X), (0, "x"), "an entry of in_axes"),
    ],
    ids=["whole number", "too few", "number", "no axis"],
)
def test_vmap_says_what_it_cannot_map(args: tuple[Any, ...], in_axes: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=text):
        pf.vmap(lambda x, y: x, in_axes)(*args)


def test_arguments_assigned_to_are_differentiated_as_they_came() -> None:
    def function(x: Any) -> Any:
        y = x * x
        x[0] = 0.0
        return pf.sum(y) + pf.sum(x)

    x = np.asarray([1.0, 2.0])
    np.testing.assert_array_equal(pf.grad(function)(x), [2.0, 5.0])
    np.testing.assert_array_equal(pf.hessian(function)(x), 2 * np.eye(2))
    np.testing.assert_array_equal(pf.vmap(pf.grad(function))(np.stack([x, x])), [[2.0, 5.0]] * 2)
    np.testing.assert_array_equal(pf.jacobian(lambda x: x * function(x))(x), [[0.0, 0.0], [4.0, 17.0]])
