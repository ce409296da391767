"""``Session(memory_limit=...)``: fewer bytes alive, the same values, and an error where that cannot be."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import polyflow as pf
from benchmarks.memory import peak
from polyflow.errors import ResourceExhaustedError, ValueRangeError
from polyflow.passes.liveness import Liveness, bytes_of
from polyflow.passes.memory_limit import as_bytes

MIB = 2**20
Network = tuple[pf.Graph, list[Any], list[Any], list[Any]]


def network(layers: int, rows: int, width: int, has_weights: bool) -> Network:
    """A graph, the loss of so many layers of ``tanh`` and its gradient, what is fed, and values for it."""
    generator = np.random.default_rng(7)
    with pf.Graph().as_default() as graph:
        x = h = pf.placeholder("float32", (rows, width), name="x")
        weights = [pf.placeholder("float32", (width, width), name=f"w{each}") for each in range(layers * has_weights)]
        for place in range(layers):
            h = pf.tanh(h @ weights[place] if has_weights else h)
        loss = pf.mean(h * h)
        fetches = [loss, *pf.gradients(loss, x)]
    values = [generator.normal(size=(rows, width)).astype("float32")]
    values += [(generator.normal(size=(width, width)) / width**0.5).astype("float32") for _ in weights]
    return graph, fetches, [x, *weights], values


def seconds(work: Callable[[], object]) -> float:
    """The least time of the processor that a call takes."""
    found = []
    for _ in range(3):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


@pytest.mark.parametrize("has_weights", [True, False], ids=["products and tanh", "tanh alone"])
def test_sixty_layers_run_in_two_fifths_of_the_memory_and_give_the_same_bits(
    has_weights: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    graph, fetches, feeds, values = network(60, 512, 256, has_weights)
    fed = sum(each.nbytes for each in values)
    plain = pf.Session("numpy", graph).prepare(fetches, feeds)
    expected = [np.array(each) for each in plain(*values)]
    full = peak(lambda: plain(*values))
    limit = fed + int(0.4 * full)
    limited = pf.Session("numpy", graph, memory_limit=limit).prepare(fetches, feeds)
    found = [np.array(each) for each in limited(*values)]
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
    measured = peak(lambda: limited(*values))
    assert measured + fed <= limit
    ratio = seconds(lambda: limited(*values)) / seconds(lambda: plain(*values))
    with capsys.disabled():
        print(
            f"\n{full / MIB:.1f} MiB -> {measured / MIB:.1f} MiB of {0.4 * full / MIB:.1f}, {ratio:.2f} times the time"
        )


def test_jax_keeps_its_temporaries_below_the_limit() -> None:
    graph, fetches, feeds, values = network(40, 256, 128, True)
    fed = sum(each.nbytes for each in values)
    session = pf.Session("jax", graph)
    plain = session._plan(fetches, {each: each.type for each in feeds})
    full = plain.function.__wrapped__.memory_analysis().temp_size_in_bytes  # type: ignore[attr-defined]
    room = int(0.5 * full)
    session = pf.Session("jax", graph, memory_limit=fed + room)
    limited = session._plan(fetches, {each: each.type for each in feeds})
    assert limited.function.__wrapped__.memory_analysis().temp_size_in_bytes <= room  # type: ignore[attr-defined]
    for one, other in zip(plain.run(*values), limited.run(*values), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_a_scope_of_checkpoint_saves_memory_on_jax_as_well() -> None:
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("float32", (256, 128), name="x")
        weights = [pf.constant(np.eye(128, dtype="float32") * (1 + each)) for each in range(16)]

        def four(h: Any, place: int) -> Any:
            for weight in weights[place : place + 4]:
                h = pf.tanh(h @ weight)
            return h

        def slope(wrap: Callable[..., Any]) -> Any:
            h = x
            for place in range(0, 16, 4):
                h = wrap(lambda v, place=place: four(v, place))(h)
            return pf.gradients(pf.sum(h), x)

        kept, less = slope(lambda function: function), slope(pf.checkpoint)
    session = pf.Session("jax", graph)
    sizes = [
        session._plan(each, {x: x.type}).function.__wrapped__.memory_analysis().temp_size_in_bytes  # type: ignore[attr-defined]
        for each in (kept, less)
    ]
    assert sizes[1] < 0.7 * sizes[0]


# -- what a plan tells


def small() -> Network:
    return network(12, 16, 16, False)


def explained(limit: Any, **options: Any) -> str:
    graph, fetches, _, _ = small()
    return pf.Session("numpy", graph, memory_limit=limit, **options).explain(fetches)


def test_a_plan_tells_its_peak_before_and_after_and_what_is_computed_anew_how_often() -> None:
    text = explained("10 KiB")
    (line,) = (each for each in text.splitlines() if "memory limit" in each)
    assert re.fullmatch(
        r"  memory limit 10\.0 KiB: planned peak \d\.\d KiB with \d+ operations computed anew \(of \d+\), "
        r"16\.0 KiB without; 2\.0 KiB of either are parameters and constants",
        line,
    )
    listed = text[text.index(line) :].splitlines()[1:]
    assert re.fullmatch(rf"    tanh\w* \(tanh\) (once more|2 times more), built at {__file__}:\d+", listed[0])
    assert "tanh/again_1" in text


def test_a_plan_that_fits_says_so() -> None:
    assert "memory limit 1.0 GiB: planned peak 16.0 KiB, nothing computed anew" in explained("1 GiB")


def test_many_operations_are_counted_and_not_listed() -> None:
    graph, fetches, _, _ = network(40, 16, 16, False)
    text = pf.Session("numpy", graph, memory_limit="20 KiB").explain(fetches)
    assert re.search(r"    and \d+ others, each at most once more", text)


def test_values_whose_size_depends_on_data_are_told() -> None:
    x = pf.placeholder("float32", (64, 64), name="x")
    h = pf.tanh(pf.tanh(pf.tanh(x)))
    y = pf.sum(pf.gradients(pf.sum(h), x)[0][pf.placeholder("bool", (64, 64), name="mask")])
    text = pf.Session("numpy", memory_limit="70 KiB").explain(y)
    assert re.search(r"    \d+ values whose size depends on data are not counted", text)


# -- errors


def test_a_limit_out_of_reach_is_an_error_before_anything_runs() -> None:
    calls: list[int] = []
    x = pf.placeholder("float32", (64, 64), name="x")
    seen = pf.py_func(lambda a: calls.append(1) or a, [x], "float32")
    y = pf.sum(pf.tanh(x) @ pf.cos(x))
    line = sys._getframe().f_lineno - 1
    with pytest.raises(ResourceExhaustedError) as caught:
        pf.Session("numpy", memory_limit="40 KiB").run([y, seen], {x: np.ones((64, 64), "float32")})
    assert not calls
    assert isinstance(caught.value, MemoryError)
    assert str(caught.value).splitlines() == [
        "the memory limit of the session cannot be kept, not by computing values anew either",
        "  operand: %matmul: float32[64, 64] = matmul(%tanh, %cos)",
        "  found:   a planned peak of 80.0 KiB, of which parameters and constants are 16.0 KiB; the largest there:",
        f"           cos:0: float32[64, 64], 16.0 KiB, built at {__file__}:{line}",
        f"           matmul:0: float32[64, 64], 16.0 KiB, built at {__file__}:{line}",
        f"           py_func:0: float32[64, 64], 16.0 KiB, built at {__file__}:{line - 1}",
        f"           tanh:0: float32[64, 64], 16.0 KiB, built at {__file__}:{line}",
        f"           x:0: float32[64, 64], 16.0 KiB, built at {__file__}:{line - 2}",
        "  needed:  at most 40.0 KiB: memory_limit=40960",
        f"  built at: {__file__}:{line}",
        "  try:     memory_limit=81920 (80.0 KiB), smaller batches, or checkpoint=True for a loop",
    ]


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_the_limit_that_an_error_names_can_be_kept(backend: str) -> None:
    graph, fetches, feeds, values = small()
    with pytest.raises(ResourceExhaustedError) as caught:
        pf.Session(backend, graph, memory_limit=2048).run(fetches, dict(zip(feeds, values, strict=True)))
    named = int(re.search(r"try: +memory_limit=(\d+)", str(caught.value))[1])  # type: ignore[index]
    pf.Session(backend, graph, memory_limit=named).run(fetches, dict(zip(feeds, values, strict=True)))


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1, 1), ("10", 10), ("10 B", 10), ("4KiB", 4096), ("1.5 MB", 1_500_000), (" 2 gib ", 2**31), (None, None)],
)
def test_a_limit_is_bytes_or_text_with_a_unit(limit: Any, expected: int | None) -> None:
    assert as_bytes(limit) == expected


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "", "many", "5 parsecs", "-3 MiB", "0.1"], ids=repr)
def test_anything_else_is_no_limit(limit: Any) -> None:
    with pytest.raises(ValueRangeError) as caught:
        pf.Session("numpy", memory_limit=limit)
    assert str(caught.value).splitlines() == [
        "memory_limit is no amount of memory",
        f"  found:   {limit!r}",
        "  needed:  bytes above 0, as in 2**30 or '512 MiB', or None for no limit",
    ]


def test_the_dataflow_executor_knows_no_order_and_takes_no_limit() -> None:
    graph, fetches, _, _ = small()
    with pytest.raises(ValueRangeError) as caught:
        pf.Session("numpy", graph, executor="dataflow", memory_limit="1 GiB").explain(fetches)
    assert str(caught.value) == (
        "memory_limit needs the straight executor: the dataflow executor runs operations in no order that is known "
        'beforehand, and nobody can say what will be alive\n  try:     Session(executor="straight"), or no memory_limit'
    )


# -- sessions of all kinds


@pytest.mark.parametrize("optimise", [True, False], ids=["optimised", "as it is"])
@pytest.mark.parametrize("check_numerics", [True, False], ids=["checked", "unchecked"])
def test_every_kind_of_run_keeps_the_limit(optimise: bool, check_numerics: bool) -> None:
    graph, fetches, feeds, values = small()
    options = pf.RunOptions(check_numerics=check_numerics)
    results = []
    for limit in (None, "10 KiB"):
        session = pf.Session("numpy", graph, optimise=optimise, check=True, memory_limit=limit)
        results.append(session.run(fetches, dict(zip(feeds, values, strict=True)), options))
        plan = session._plan(fetches, {each: each.type for each in feeds}, check_numerics)
        assert (Liveness(plan.program).peak <= 10 * 1024) == (limit is not None)
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("backend", ["numpy", "jax", "reference"])
def test_training_goes_the_same_way_with_a_limit(backend: str) -> None:
    found = []
    for limit in (None, 13_000):
        with pf.Graph(seed=3).as_default() as graph:
            x = pf.placeholder("float32", (16, 16), name="x")
            weights = [pf.Variable(np.eye(16, dtype="float32") * (0.5 + each / 8)) for each in range(4)]
            h = x
            for weight in weights:
                h = pf.nn.dropout(pf.tanh(h @ weight), 0.25)
            loss = pf.mean(h * h)
            slopes = pf.gradients(loss, weights)
            steps = [weight.assign(weight.value() - 0.5 * slope) for weight, slope in zip(weights, slopes, strict=True)]
        with pf.Session(backend, graph, memory_limit=limit) as session:
            fed = {x: np.linspace(-1, 1, 256, dtype="float32").reshape(16, 16)}
            losses = [float(session.run([loss, *steps], fed)[0]) for _ in range(3)]
            found.append([*losses, *np.asarray(session.run(weights[0])).ravel().tolist()])
            if limit is not None:
                assert "computed anew (of" in session.explain([loss, *steps])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4 if backend == "jax" else 0)


def test_many_runs_in_one_go_keep_the_limit() -> None:
    graph, fetches, feeds, values = small()
    stacked = {feeds[0]: np.stack([values[0], values[0] * 0.5])}
    plain = pf.Session("numpy", graph).run_many(fetches, stacked)
    session = pf.Session("numpy", graph, memory_limit="16 KiB")
    for one, other in zip(plain, session.run_many(fetches, stacked), strict=True):
        np.testing.assert_array_equal(one, other)
    plan = session.many_plan(fetches, {feeds[0]: feeds[0].type}, 2)
    assert any("computed anew (of" in each for each in plan.notes)
    assert Liveness(plan.program).peak <= 16 * 1024


def test_what_is_fused_is_still_fused() -> None:
    graph, fetches, _, _ = network(12, 256, 256, False)
    text = pf.Session("numpy", graph, memory_limit="2.5 MiB").explain(fetches)
    after = text.split("after passes")[1].split("generated function")[0]
    assert "= fused(" in after
    body = after.split("= fused(")[2]
    assert "tanh/again_1" in body  # computed anew where it is read, a block at a time


def test_parameters_and_results_count_as_they_lie_there() -> None:
    graph, fetches, feeds, _ = small()
    plan = pf.Session("numpy", graph)._plan(fetches, {each: each.type for each in feeds})
    life = Liveness(plan.program)
    assert life.profile[-1] == sum(bytes_of(each.type) for each in {*life.lasting, *plan.program.results})
