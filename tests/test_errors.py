"""Errors teach: the whole text of each, with operation, operand, found, needed, the user's line and a remedy."""

from __future__ import annotations

import builtins
import inspect
import sys
from typing import Any

import numpy as np
import pytest
from programs import plain

import polyflow as pf
from polyflow import errors
from polyflow.core.declaration import define_op
from polyflow.core.types import TensorType
from polyflow.errors import (
    BackendError,
    DTypeError,
    ExecutionError,
    FeedError,
    FetchError,
    GradientError,
    KernelError,
    PolyflowError,
    SessionClosedError,
    ShapeError,
    message,
    nearest,
)
from polyflow.extension.manager import extensions


def line(offset: int = 0) -> str:
    """The file and line of the caller, or of a line near it."""
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


@define_op(dtypes="floating")
def bare(x: TensorType, /) -> TensorType:
    """An op without gradient and kernel."""
    return x


@define_op
def clumsy(x: TensorType, /) -> TensorType:
    """An op whose kernel fails."""
    return x


@clumsy.kernel
def clumsy_kernel(xp: Any, x: Any) -> Any:
    raise IndexError("dropped it")


# -- the errors of issue 2, part 10


def test_a_missing_feed_names_the_placeholder_its_type_its_line_and_the_remedy() -> None:
    x = pf.placeholder("float32", (None, 3), name="images")
    here = line(-1)
    y = pf.sum(x)
    expected = (
        "placeholder 'images' is needed and was not fed\n"
        "  needed:  a value of type float32[?, 3]\n"
        f"  built at: {here}\n"
        "  try:     session.run(fetches, {images: value})"
    )
    session = pf.Session()
    for run in (lambda: session.run(y), lambda: session.run([pf.gradients(y, x), y])):
        with pytest.raises(FeedError) as caught:
            run()
        assert str(caught.value) == expected


@pytest.mark.parametrize("backend", ["numpy", "reference", "jax"])
@pytest.mark.parametrize("value", [np.zeros((2, 4), "float32"), [[0, 0, 0, 0], [0, 0, 0, 0]]], ids=["array", "list"])
def test_a_feed_of_the_wrong_shape_names_both_shapes_and_the_line(backend: str, value: Any) -> None:
    x = pf.placeholder("float32", (None, 3), name="images")
    here = line(-1)
    session = pf.Session(backend)
    for run in (lambda: session.run(x * 2, {x: value}), lambda: session.prepare(x * 2, [x])(value)):
        with pytest.raises(FeedError) as caught:
            run()
        assert str(caught.value) == (
            "feed of 'images:0' has the wrong shape\n"
            "  found:   float32[2, 4]\n"
            "  needed:  float32[?, 3]\n"
            f"  built at: {here}\n"
            "  try:     reshape the value, or the placeholder"
        )


def test_a_feed_of_the_wrong_dtype_names_both_dtypes_the_line_and_the_cast() -> None:
    x = pf.placeholder("float32", (2,), name="images")
    here = line(-1)
    with pytest.raises(FeedError) as caught:
        pf.Session().run(x * 2, {x: np.zeros(2, "float64")})
    assert str(caught.value) == (
        "feed of 'images:0' has the wrong dtype\n"
        "  found:   float64[2]\n"
        "  needed:  float32[2]\n"
        f"  built at: {here}\n"
        "  try:     cast it: value.astype('float32')"
    )


def test_a_list_that_does_not_fit_the_dtype_names_the_placeholder() -> None:
    n = pf.placeholder("int32", (2,), name="labels")
    here = line(-1)
    with pytest.raises(FeedError) as caught:
        pf.Session().run(n, {n: [1, 2.5]})
    assert str(caught.value) == (
        "feed of 'labels:0': a fraction cannot become an integer in silence\n"
        "  found:   2.5\n"
        "  needed:  int32\n"
        f"  built at: {here}"
    )


@pytest.mark.parametrize(
    "value", [None, "text", np.array(["text"]), np.array([object()]), {"a": 1}, [[1], [1, 2]]], ids=plain
)
def test_a_feed_that_is_no_value_names_the_placeholder_and_its_line(value: Any) -> None:
    x = pf.placeholder("float32", (2,), name="images")
    here = line(-1)
    session = pf.Session()
    for run in (lambda: session.run(x, {x: value}), lambda: session.prepare(x, [x])(value)):
        with pytest.raises(FeedError) as caught:
            run()
        assert str(caught.value).startswith("feed of 'images:0': ")
        assert "  found:   " in str(caught.value)
        assert str(caught.value).endswith(f"  built at: {here}")


def test_a_symbolic_feed_says_to_run_it_first() -> None:
    x = pf.placeholder("float32", (2,), name="images")
    with pytest.raises(FeedError, match=r"feed of 'images:0': .* was used as a NumPy array, but it is symbolic"):
        pf.Session().run(x, {x: pf.constant([1.0, 2.0])})


def test_a_feed_of_an_unknown_name_gets_a_hint() -> None:
    pf.placeholder("float32", (), name="images")
    with pytest.raises(FeedError) as caught:
        pf.Session().run([], {"imges": 1.0})
    assert str(caught.value) == "feed: no operation 'imges' in the graph\n  try:     did you mean 'images'?"


def test_a_shape_mismatch_while_building_names_op_operands_and_line() -> None:
    x, w = pf.placeholder("float32", (5, 3)), pf.placeholder("float32", (4, 2))
    here = line(2)
    with pytest.raises(ShapeError) as caught:
        x + w
    assert str(caught.value) == (
        "add(float32[5, 3], float32[4, 2]): shapes (5, 3) and (4, 2) do not broadcast\n"
        "  needed:  from the right, sizes that are equal or 1\n"
        "  try:     reshape or expand_dims one operand so that its axes line up\n"
        f"  built at: {here}"
    )


def test_a_product_of_matrices_that_do_not_fit_names_op_operands_and_line() -> None:
    x, w = pf.placeholder("float32", (5, 3)), pf.placeholder("float32", (4, 2))
    here = line(2)
    with pytest.raises(ShapeError) as caught:
        pf.matmul(x, w)
    text = str(caught.value)
    assert text.startswith("matmul(float32[5, 3], float32[4, 2]): ")
    assert f"  built at: {here}" in text
    assert any(label in text for label in ("found:", "needed:"))


def test_a_shape_mismatch_that_only_a_run_reveals_is_told_in_the_same_words() -> None:
    x, w = pf.placeholder(), pf.placeholder()
    y = x + w
    here = line(-1)
    with pytest.raises(ShapeError) as caught:
        pf.Session().run(y, {x: np.zeros((5, 3)), w: np.zeros((4, 2))})
    assert str(caught.value) == (
        "add(float64[5, 3], float64[4, 2]): shapes (5, 3) and (4, 2) do not broadcast\n"
        "  needed:  from the right, sizes that are equal or 1\n"
        "  try:     reshape or expand_dims one operand so that its axes line up\n"
        f"  built at: {here}"
    )


def test_a_missing_gradient_names_op_operation_line_and_both_remedies() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = bare(x, name="culprit")
    here = line(-1)
    with pytest.raises(GradientError) as caught:
        pf.Session().run(pf.gradients(y, x)[0], {x: [1.0, 2.0]})
    text = str(caught.value)
    assert (
        "bare has no gradient, and 'culprit' is on the way of one\n"
        f"  built at: {here}\n"
        "  try:     polyflow.stop_gradient(...) around it, or @polyflow.RegisterGradient('bare')"
    ) in text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nunpy", "did you mean 'numpy'?"),
        ("jaxx", "did you mean 'jax'?"),
        ("refrence", "did you mean 'reference'?"),
        ("wxyz", f"known are: {', '.join(map(repr, sorted(extensions().backend_entries)))}"),
    ],
)
def test_an_unknown_backend_gets_the_nearest_names_and_how_to_install_it(name: str, hint: str) -> None:
    with pytest.raises(BackendError) as caught:
        pf.Session(name)
    assert str(caught.value) == (
        f"no backend is called {name!r}\n"
        f"  needed:  {hint}\n"
        f"  try:     pip install polyflow-{name}, or the package that announces it; `polyflow backends` lists all"
    )


def test_a_fetch_from_another_graph_names_the_element_its_line_and_the_remedy() -> None:
    with pf.Graph().as_default():
        foreign = pf.constant(1.0, name="foreign")
        here = line(-1)
    session = pf.Session()
    for run in (session.run, session.prepare, session.explain):
        with pytest.raises(FetchError) as caught:
            run([foreign])
        assert str(caught.value) == (
            "fetch 'foreign:0' belongs to another graph than the session\n"
            "  needed:  an element of the graph that the session was opened with\n"
            f"  built at: {here}\n"
            "  try:     Session(graph=...) with the graph that it was built in"
        )


def test_a_feed_from_another_graph_is_told_in_the_same_words() -> None:
    with pf.Graph().as_default():
        foreign = pf.placeholder("float32", (), name="foreign")
    with pytest.raises(FeedError, match=r"^feed 'foreign:0' belongs to another graph than the session\n"):
        pf.Session().run(pf.constant(1), {foreign: 1.0})


def test_a_use_after_close_says_so_and_what_to_do() -> None:
    session = pf.Session()
    session.close()
    with pytest.raises(SessionClosedError) as caught:
        session.run(pf.constant(1))
    assert str(caught.value) == "the session is closed\n  try:     open another: polyflow.Session(backend, graph)"


# -- the others that a user meets


def test_an_axis_out_of_range_names_op_operand_and_line() -> None:
    x = pf.placeholder("float32", (2, 3))
    here = line(2)
    with pytest.raises(errors.AxisError) as caught:
        pf.sum(x, axis=2)
    assert str(caught.value) == (
        f"sum(float32[2, 3]): axis 2 is out of range for rank 2\n  needed:  -2 <= axis < 2\n  built at: {here}"
    )


def test_a_missing_kernel_lists_every_operation_with_its_line() -> None:
    first = bare(pf.placeholder("float32", (), name="x"))
    here = line(-1)
    second = bare(first)
    there = line(-1)
    with pytest.raises(KernelError) as caught:
        pf.Session().run(second, {"x": 1.0})
    assert str(caught.value) == (
        "backend 'numpy' has no kernel for 2 operations:\n"
        f"    bare, built at {here}\n"
        f"    bare, built at {there}\n"
        "  try:     another backend, one behind it, as Session(fallback=[...]), or a plugin that brings the kernel "
        "(hook polyflow_kernels)"
    )


def test_a_kernel_that_fails_shows_the_operation_and_the_line() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = clumsy(x, name="hands")
    here = line(-1)
    with pytest.raises(ExecutionError) as caught:
        pf.Session().run(y, {x: [1.0, 2.0]})
    assert str(caught.value) == (
        "clumsy failed while it ran: IndexError: dropped it\n"
        "  operand: %hands: float32[2] = clumsy(%x)\n"
        f"  built at: {here}"
    )


def test_a_kernel_that_fails_under_jax_shows_the_operation_and_the_line() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    y = clumsy(x, name="hands")
    here = line(-1)
    with pytest.raises(ExecutionError) as caught:
        pf.Session("jax").run(y, {x: [1.0, 2.0]})
    assert "%hands: float32[2] = clumsy(%x)" in str(caught.value)
    assert f"built at: {here}" in str(caught.value)


def test_every_error_is_of_one_family_and_a_builtin_too() -> None:
    family = [each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__]
    built_in = {each for each in vars(builtins).values() if isinstance(each, type) and issubclass(each, Exception)}
    for each in family:
        assert issubclass(each, PolyflowError), each
        assert each is PolyflowError or set(each.__mro__) & built_in > {Exception}, f"{each.__name__} is no builtin one"
        assert each.__doc__, each


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ShapeError, ValueError),
        (DTypeError, TypeError),
        (errors.AxisError, IndexError),
        (FeedError, ValueError),
        (FetchError, TypeError),
        (GradientError, LookupError),
        (BackendError, LookupError),
        (SessionClosedError, RuntimeError),
        (errors.UnknownNameError, KeyError),
    ],
)
def test_an_error_is_the_builtin_that_one_expects_to_catch(error: type, builtin: type) -> None:
    assert issubclass(error, builtin)


def test_a_message_has_one_line_for_each_thing_that_is_known_and_labels_line_up() -> None:
    text = message("add: no", operand="x", found="(2,)", needed="(3,)", where="a.py:1", remedy="reshape")
    assert text.splitlines() == [
        "add: no", "  operand: x", "  found:   (2,)", "  needed:  (3,)", "  built at: a.py:1", "  try:     reshape",
    ]  # fmt: skip
    assert message("only this") == "only this"
    assert message("zero is found", found=0) == "zero is found\n  found:   0"


def test_a_key_error_shows_its_message_unquoted() -> None:
    assert str(errors.UnknownNameError("a\nb")) == "a\nb"


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("nunpy", ["numpy", "jax"], "did you mean 'numpy'?"),
        ("zzz", ["numpy", "jax"], "known are: 'jax', 'numpy'"),
        ("zzz", [], "none are known"),
        ("weight", ["weights", "weight_1"], "did you mean 'weights' or 'weight_1'?"),
    ],
)
def test_the_nearest_names_are_offered(name: str, known: list[str], hint: str) -> None:
    assert nearest(name, known) == hint


def test_the_hint_for_a_name_in_a_large_graph_stays_short() -> None:
    for number in range(2000):
        pf.constant(1, name=f"c{number}")
    with pytest.raises(FetchError) as caught:
        pf.Session().run("nothing like it")
    assert str(caught.value).endswith("and 1980 more")
