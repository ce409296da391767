"""Control flow of every kind, as functions of a vector of four numbers that are smooth where they are tried.

Each is short enough to stand in the script that reproduces its failure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polyflow as pf


def power_until_large(x: Any) -> Any:
    return pf.while_loop(lambda p: p <= 10, lambda p: p * x[2], [x[2]])[0]


def counted_loop(x: Any) -> Any:
    return pf.fori_loop(0, 6, lambda i, v: pf.sin(v) * x[0] + x[1], x)


def countdown(x: Any) -> Any:
    return pf.while_loop(lambda i, v: i > 0, lambda i, v: (i - 2, v * x[3] + pf.cos(v)), [pf.constant(7), x])[1]


def no_iteration(x: Any) -> Any:
    return pf.while_loop(lambda v: pf.sum(v) < -100, lambda v: v * v, [x])[0] * x


def number_of_iterations_from_data(x: Any) -> Any:
    limit = pf.astype(pf.sum(pf.abs(x)) * 2, "int64")
    return pf.while_loop(lambda i, v: i < limit, lambda i, v: (i + 1, v * pf.sum(v) * 0.3 + x), [pf.constant(0), x])[1]


def maximum_iterations(x: Any) -> Any:
    return pf.while_loop(lambda v: pf.all(v < 100), lambda v: v * x + v, [x], maximum_iterations=3)[0]


def condition_of_several(x: Any) -> Any:
    def goes_on(i: Any, v: Any) -> Any:
        is_early = pf.logical_or(i < 2, pf.sum(v) < 6.0)
        return pf.logical_and(pf.logical_and(is_early, pf.constant(True)), pf.logical_and(i != 9, ~(i == 7)))

    return pf.while_loop(goes_on, lambda i, v: (i + 1, v * 1.2 + x * 0.1), [pf.constant(0), x])[1]


def choice_inside_a_loop(x: Any) -> Any:
    def step(i: Any, v: Any) -> Any:
        return i + 1, pf.cond(pf.sum(v) > 1, lambda: v * 0.5 + x[1], lambda: pf.exp(v) + x)

    return pf.while_loop(lambda i, v: i < 5, step, [pf.constant(0), x])[1]


def loop_inside_a_choice(x: Any) -> Any:
    def loop() -> Any:
        return pf.while_loop(lambda v: pf.sum(v) < 40, lambda v: v * x[2] + 1.0, [x])[0]

    return pf.cond(x[0] > 0, loop, lambda: x) + pf.cond(x[0] < 0, loop, lambda: pf.sin(x))


def loop_inside_a_loop(x: Any) -> Any:
    def outer(i: Any, v: Any) -> Any:
        inner = pf.while_loop(lambda j, u: j <= i, lambda j, u: (j + 1, u * 0.7 + pf.sin(u) * x), [pf.constant(0), v])[
            1
        ]
        return i + 1, inner * x[3] + v

    return pf.while_loop(lambda i, v: i < 3, outer, [pf.constant(0), x])[1]


def loops_three_deep(x: Any) -> Any:
    def deepest(v: Any) -> Any:
        return pf.while_loop(lambda u: pf.sum(u) < 6, lambda u: u * 1.3 + x[2], [v])[0] * 0.2

    def middle(v: Any) -> Any:
        return pf.while_loop(lambda j, u: j < 2, lambda j, u: (j + 1, deepest(u) + x), [pf.constant(0), v])[1]

    return pf.while_loop(lambda i, u: i < 2, lambda i, u: (i + 1, middle(u) * x[3]), [pf.constant(0), x])[1]


def nested_choices(x: Any) -> Any:
    return pf.cond(
        x[0] > 0, lambda: pf.cond(x[1] > 0, lambda: x * x, lambda: pf.sin(x) * x[2]), lambda: x
    )  # fmt: skip


def switch(x: Any) -> Any:
    branches = [lambda: x, lambda: x * x, lambda: pf.sin(x), lambda: pf.exp(x)]
    number = pf.astype(x[2] * 2, "int32")
    return pf.switch_case(number, branches) + pf.switch_case(number + 5, branches, default=lambda: x * x * x)


def case(x: Any) -> Any:
    return pf.case([(x[0] < 0, lambda: x), (x[2] > 1, lambda: x * x)], default=lambda: pf.sin(x))


def several_values(x: Any) -> Any:
    state = {"a": x, "b": (x[0], pf.constant(0))}

    def step(state: Any) -> Any:
        a, (b, i) = state["a"], state["b"]
        return {"a": a * b + x, "b": (pf.sin(b) + a[1], i + 1)}

    found = pf.while_loop(lambda state: state["b"][1] < 4, lambda state: (step(state),), [state])[0]
    return found["a"] * found["b"][0]


def exchange(x: Any) -> Any:
    _, a, b = pf.while_loop(lambda i, a, b: i < 5, lambda i, a, b: (i + 1, b * x[0], a + x), [pf.constant(0), x, x * 2])
    return a * b


def scan(x: Any) -> Any:
    return pf.scan(lambda h, e: pf.tanh(h * x[1] + e), x, pf.constant(0.5, dtype="float64"))


def scan_from_the_end(x: Any) -> Any:
    return pf.scan(lambda h, e: h * e + x[0], x, reverse=True)


def folds(x: Any) -> Any:
    return pf.foldl(lambda a, e: a * e + 1.0, x) * pf.foldr(lambda a, e: pf.sin(a) + e, x)


def mapping(x: Any) -> Any:
    doubled, sums = pf.map_fn(lambda e: (e * x, pf.sum(e * e * x)), x)
    return pf.sum(doubled, axis=0) * sums


def map_of_loops(x: Any) -> Any:
    return pf.map_fn(lambda e: pf.while_loop(lambda v: v < 5, lambda v: v * v + e + 1.2, [e])[0], x)


def scan_of_several(x: Any) -> Any:
    elements = (x, {"y": pf.stack([x, x * x], axis=1)})
    start = (x[0], pf.zeros((2,), dtype="float64"))

    def step(state: Any, element: Any) -> Any:
        a, b = state
        e, rest = element
        return a * e, b + rest["y"] * a

    products, sums = pf.scan(step, elements, start)
    return products * pf.sum(sums, axis=1)


def array_of_tensors(x: Any) -> Any:
    def step(i: Any, v: Any, array: Any) -> Any:
        v = v * x[i] + pf.sin(v)
        return i + 1, v, array.write(i, v * x)

    array = pf.TensorArray("float64", size=4)
    _, last, array = pf.while_loop(lambda i, *_: i < 4, step, [pf.constant(0), x[1], array])
    return pf.sum(array.stack(), axis=0) * array.read(2) * last


def array_read_in_a_loop(x: Any) -> Any:
    array = pf.TensorArray("float64", size=4).unstack(x)
    return pf.while_loop(lambda i, v: i < 4, lambda i, v: (i + 1, v * array.read(i) + 1.0), [pf.constant(0), x[0]])[1]


def growing_array(x: Any) -> Any:
    array = pf.TensorArray("float64", dynamic_size=True, element_shape=())
    _, array = pf.while_loop(
        lambda i, _: i < 5, lambda i, a: (i + 1, a.write(i, x[1] * x[i % 4])), [pf.constant(0), array]
    )
    return pf.sum(array.stack() * 2.0) * x


def checkpointed_loop(x: Any) -> Any:
    limit = pf.astype(x[2] * 8, "int64")
    step = lambda i, v: (i + 1, pf.sin(v) + v * x[1])  # noqa: E731
    return pf.while_loop(lambda i, v: i < limit, step, [pf.constant(0), x], checkpoint=True)[1]


def checkpointed_function(x: Any) -> Any:
    def inner(x: Any) -> Any:
        return pf.while_loop(lambda v: pf.sum(v) < 9, lambda v: v * 1.5 + x, [pf.exp(x)])[0]

    return pf.checkpoint(inner)(x) * x


def growing_shape(x: Any) -> Any:
    longer = lambda i, v: (i + 1, pf.concat([v, v[:1] * x[:1]]))  # noqa: E731
    found = pf.while_loop(lambda i, _: i < 3, longer, [pf.constant(0), x], shape_invariants=[(), (None,)])[1]
    return pf.sum(found * found) * x


def gradient_inside_a_loop(x: Any) -> Any:
    def step(i: Any, v: Any) -> Any:
        return i + 1, v - 0.1 * pf.gradients(pf.sum(pf.sin(v) * v * x), v)[0]

    return pf.while_loop(lambda i, v: i < 3, step, [pf.constant(0), x])[1]


def random_walk(x: Any) -> Any:
    key = pf.random.key(3)
    step = lambda i, v: (i + 1, v + x * pf.random.normal((4,), key=pf.random.fold_in(key, i), dtype="float64"))  # noqa: E731
    return pf.while_loop(lambda i, v: i < 3, step, [pf.constant(0, dtype="uint32"), x * x])[1]


CONTROL: tuple[Callable[[Any], Any], ...] = (
    power_until_large, counted_loop, countdown, no_iteration, number_of_iterations_from_data, maximum_iterations,
    condition_of_several, choice_inside_a_loop, loop_inside_a_choice, loop_inside_a_loop, loops_three_deep,
    nested_choices, switch, case, several_values, exchange, scan, scan_from_the_end, folds, mapping, map_of_loops,
    scan_of_several, array_of_tensors, array_read_in_a_loop, growing_array, checkpointed_loop, checkpointed_function,
    growing_shape, gradient_inside_a_loop, random_walk,
)  # fmt: skip
