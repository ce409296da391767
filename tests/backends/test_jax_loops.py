"""What XLA makes of loops on a CPU: convolutions in the form that is fast there, tiny products as sums."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf

jax = pytest.importorskip("jax")

from polyflow.ops.convolution import conv2d_filter_gradient, conv2d_input_gradient  # noqa: E402

X = (2, 7, 6, 8)
FORMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "strides": {"strides": (2, 3), "padding": "VALID"},
    "dilations": {"dilations": (2, 1), "padding": ((3, 0), (0, 4))},
    "negative padding": {"strides": 4, "padding": "VALID"},
    "channels first": {"data_format": "NCHW", "strides": 2},
}


def lowered(function: Callable[..., Any], *operands: Any) -> str:
    """The program that XLA gets, for a CPU."""
    return str(jax.jit(function).trace(*operands).lower(lowering_platforms=("cpu",)).as_text())


def kernels() -> Any:
    from polyflow_jax.kernels import KERNELS

    return KERNELS


def images(shape: tuple[int, ...], form: dict[str, Any]) -> Any:
    values = np.random.default_rng(0).integers(-3, 4, shape).astype("float32")
    return values.transpose(0, 3, 1, 2) if form.get("data_format") == "NCHW" else values


@pytest.mark.parametrize("form", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_in_loops_have_their_channels_last(groups: int, form: dict[str, Any]) -> None:
    """XLA gives no others to its fast library, and turns others round outside of loops only."""
    x, filters = images(X, form), images((3, 2, X[3] // groups, 6), {})
    own = kernels()
    y = own["nn.conv2d"](x, filters, groups=groups, **form)
    g = np.asarray(y) + 1
    size = X[1:3]

    def every(x: Any, filters: Any, g: Any) -> Any:
        def step(carry: Any, _: Any) -> Any:
            found = (
                own["nn.conv2d"](x, filters, groups=groups, **form),
                own["nn.conv2d_input_gradient"](filters, g, size=size, groups=groups, **form),
                own["nn.conv2d_filter_gradient"](x, g, size=(3, 2), groups=groups, **form),
            )
            return carry, found

        return jax.lax.scan(step, 0, length=1)[1]

    text = lowered(every, x, filters, g)
    found = re.findall(r"dim_numbers = (\[.*?\]x\[.*?\]->\[.*?\])", text)
    assert found == ["[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"] * 3
    wanted = (
        y,  # outside of loops as JAX derives them
        own["nn.conv2d_input_gradient"](filters, g, size=size, groups=groups, **form),
        own["nn.conv2d_filter_gradient"](x, g, size=(3, 2), groups=groups, **form),
    )
    for value, right in zip(every(x, filters, g), wanted, strict=True):
        np.testing.assert_array_equal(value[0], right)


@pytest.mark.parametrize("form", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("channels", [1, 3])
def test_a_convolution_of_few_channels_is_a_sum_of_shifted_images(channels: int, form: dict[str, Any]) -> None:
    """For XLA's libraries take none of these, and what it does by itself takes up to fifteen times as long."""
    x, filters = images((2, 7, 6, channels), form), images((3, 2, channels, 6), {})
    program = jax.jit(lambda x, filters: kernels()["nn.conv2d"](x, filters, **form))
    assert "convolution" not in lowered(program, x, filters)
    np.testing.assert_array_equal(program(x, filters), kernels()["nn.conv2d"](x, filters, **form))
    assert "convolution" in program.trace(x, filters).lower(lowering_platforms=("cuda",)).as_text()


@pytest.mark.parametrize(
    ("channels", "count", "groups", "dtype"),
    [(8, 6, 1, "float32"), (2, 32, 1, "float32"), (2, 6, 2, "float32"), (1, 6, 1, "bfloat16"), (1, 6, 1, "int32")],
    ids=["many channels", "many filters", "groups", "16 bits", "integers"],
)
def test_other_convolutions_are_left_to_the_libraries(channels: int, count: int, groups: int, dtype: str) -> None:
    x, filters = images((2, 7, 6, channels), {}), images((3, 2, channels // groups, count), {})
    x, filters = jax.numpy.asarray(x, dtype), jax.numpy.asarray(filters, dtype)
    assert "convolution" in lowered(lambda *both: kernels()["nn.conv2d"](*both, groups=groups), x, filters)


def test_a_convolution_elsewhere_is_left_to_xla() -> None:
    x, g = images(X, {}), images((2, 7, 6, 6), {})
    program = jax.jit(lambda x, g: kernels()["nn.conv2d_filter_gradient"](x, g, size=(3, 2))).trace(x, g)
    text = program.lower(lowering_platforms=("cuda",)).as_text()
    assert "dim_numbers = [f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]" in text


def test_gradients_of_empty_images_are_empty_or_zero_in_loops() -> None:
    x, filters = pf.zeros((0, 3, 3, 1)), pf.zeros((2, 2, 1, 1))

    def step(i: Any, carried: Any) -> Any:
        images, found = carried
        images += conv2d_input_gradient(filters, x, size=(3, 3))
        return images, found + conv2d_filter_gradient(x, x, size=(2, 2))

    images, found = pf.Session("jax").run(pf.fori_loop(0, 2, step, (x, filters + 1.0)))
    assert images.shape == (0, 3, 3, 1)
    assert np.asarray(found).ravel().tolist() == [1.0] * 4


def test_an_epoch_of_a_convolutional_network_in_one_call_is_that_of_single_steps() -> None:
    random = np.random.default_rng(0)
    x = pf.placeholder("float32", (4, 6, 6, 1), name="x")
    labels = pf.placeholder("int64", (4,), name="labels")
    k = pf.Variable(random.normal(size=(3, 3, 1, 3)).astype("float32"))
    w = pf.Variable(random.normal(size=(27, 2)).astype("float32"))
    h = pf.nn.max_pool(pf.nn.relu(pf.nn.conv2d(x, k)), ksize=2)
    loss = pf.mean(pf.nn.sparse_softmax_cross_entropy_with_logits(labels, pf.reshape(h, (4, 27)) @ w))
    train = pf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)
    images, numbers = random.normal(size=(6, 4, 6, 6, 1)).astype("float32"), random.integers(0, 2, (6, 4))
    with pf.Session("jax") as alone, pf.Session("jax") as together:
        wanted = [float(alone.run([loss, train], {x: a, labels: b})[0]) for a, b in zip(images, numbers, strict=True)]
        found = together.run_many([loss, train], {x: images, labels: numbers})[0]
        np.testing.assert_allclose(found, wanted, rtol=2e-5)
        np.testing.assert_allclose(together.run(k), alone.run(k), rtol=1e-4, atol=1e-6)


# -- products


def product(*shapes: tuple[int, ...], dtype: str = "float32") -> str:
    with jax.enable_x64(True):
        operands = [jax.numpy.ones(each, dtype) for each in shapes]
        return lowered(kernels()["matmul"], *operands)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products_of_tiny_matrices_are_sums(dtype: str) -> None:
    text = product((100, 4), (4, 8), dtype=dtype)
    assert "dot_general" not in text
    assert "stablehlo.reduce" in text


@pytest.mark.parametrize(
    ("shapes", "dtype"),
    [
        (((100, 8), (8, 8)), "float32"),
        (((1, 4), (4, 8)), "float32"),
        (((4, 8), (8, 1)), "float32"),
        (((4,), (4, 8)), "float32"),
        (((2, 3, 4), (2, 4, 3)), "float32"),
        (((4, 4), (4, 4)), "bfloat16"),
        (((4, 4), (4, 4)), "int32"),
    ],
    ids=["larger", "row", "column", "vector", "stack", "half", "whole"],
)
def test_other_products_are_left_to_the_library(shapes: tuple[Any, ...], dtype: str) -> None:
    assert "dot_general" in product(*shapes, dtype=dtype)


def test_tiny_products_have_the_values_of_numpy() -> None:
    a, b = (np.random.default_rng(each).normal(size=(5, 5)).astype("float32") for each in range(2))
    a[1, 2], b[3, 3] = np.inf, np.nan
    x, y = pf.placeholder("float32", (5, 5)), pf.placeholder("float32", (5, 5))
    for fetch in (x @ y, pf.matrix_transpose(x) @ y, x @ pf.matrix_transpose(y), (x @ y) @ y):
        found, wanted = (pf.Session(engine).run(fetch, {x: a, y: b}) for engine in ("jax", "numpy"))
        np.testing.assert_allclose(found, wanted, rtol=2e-5)


def test_host_functions_in_loops_run_on_the_device_of_the_session() -> None:
    program = """
import numpy as np, polyflow as pf
x = pf.placeholder("float32", (2,))
def body(i, a):
    return pf.py_func(lambda v: v + 1, [a * 2 + 1], "float32") * 2 + pf.astype(i, "float32")
y = pf.fori_loop(0, 3, body, x)
with pf.Session("jax", device="cpu:1") as session:
    found = session.run(y, {x: np.ones(2, "float32")})
    print(found.tolist(), [each.id for each in found.devices()])
"""
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "NPROC": "64"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[154.0, 154.0] [1]", done.stderr[-2000:]


def while_fewer(n: Any, x: Any) -> Any:
    return pf.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, pf.sin(v) * v[0]), [0, x], checkpoint=True)[1]


def counted(n: Any, x: Any) -> Any:
    return pf.fori_loop(0, n, lambda i, v: pf.sin(v) * v[0], x, checkpoint=True)


def nested(n: Any, x: Any) -> Any:
    return pf.fori_loop(0, n, lambda i, v: while_fewer(n - 1, v), x, checkpoint=True)


@pytest.mark.parametrize("loop", [while_fewer, counted, nested])
def test_second_gradients_of_checkpointed_loops_in_branches_are_those_of_other_engines(loop: Any) -> None:
    x, n = pf.placeholder("float64", (3,)), pf.placeholder("int64", ())
    y = pf.cond(n < 9, lambda: loop(n, x), lambda: x)
    (g,) = pf.gradients(pf.sum(y * y), x)
    (h,) = pf.gradients(pf.sum(g * x * g), x)
    sessions = [pf.Session(engine) for engine in ("jax", "numpy", "reference")]
    for iterations in (0, 1, 2):
        feeds = {x: [1.0, 0.9, 0.7], n: iterations}
        found, *others = (session.run(h, feeds).tolist() for session in sessions)
        for other in others:
            np.testing.assert_allclose(found, other, rtol=1e-9)


def test_the_largest_elements_are_found_whatever_the_signs_of_zeros_and_nan() -> None:
    x = pf.placeholder("float32", (None,))
    for fed in ([-0.0, 0.0, -1.0], [-np.nan, 5.0, np.nan, -np.nan], [0.0, -np.inf, -np.nan, 1.0]):
        found, wanted = (pf.Session(engine).run(pf.top_k(x, 3), {x: fed}) for engine in ("jax", "numpy"))
        for value, right in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(value, right)
        np.testing.assert_array_equal(np.signbit(found[0]), np.signbit(wanted[0]))
