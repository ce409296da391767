"""Programs in machine code give what NumPy gives; where Numba is not installed these tests are skipped, and say so."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import numpy as np
import pytest
from polyflow_conformance.kit import Kit

import polyflow as pf
from polyflow.errors import PolyflowError
from polyflow.extension.manager import extensions

pytest.importorskip("numba", reason="Numba is not installed: polyflow[numba]")

from polyflow_numba import building, functions, regions  # needs Numba

SHAPES = [(), (3,), (100,), (5, 7), (100, 4), (4, 100), (2, 3, 4), (1, 7), (20, 1), (20, 20), (18, 40), (30, 3)]
SHAPES += [(2, 20, 3), (2, 3, 20)]
DTYPES = ["float32", "float64", "int32", "int64", "bool"]
ONE = ["negative", "abs", "square", "sqrt", "exp", "log", "tanh", "nn.sigmoid", "nn.relu", "logical_not", "isnan"]
ONE += ["nn.softmax", "nn.log_softmax"]
TWO = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "less", "less_equal", "greater", "equal"]
TWO += ["not_equal", "greater_equal", "logical_and", "logical_or"]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """Nothing is compiled into the user's own cache."""
    place = tmp_path_factory.mktemp("machine code")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(building.VARIABLE, str(place))
        yield place


def ran(backend, fetches, feeds, graph):
    with pf.Session(backend, graph) as session:
        return [np.asarray(each) for each in session.run(fetches, feeds)]


def compiled_operations(session, fetches, feeds):
    return session.explain(fetches, feeds).count("= machine_code(")


def value(generator, dtype, shape):
    if dtype == "bool":
        return generator.random(shape) < 0.5
    if dtype.startswith("int"):
        return generator.integers(-50, 50, shape).astype(dtype)
    found = np.asarray(generator.normal(size=shape).astype(dtype))
    if found.size > 6 and generator.random() < 0.4:
        found.flat[:7] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 1e30]
    return found


def step(chance, values):
    """One more operation on some of ``values``; it may be refused."""
    a, b, kind, rank = chance.choice(values), chance.choice(values), chance.random(), None
    rank = len(a.shape)
    if kind < 0.25:
        return named(chance.choice(ONE))(a)
    if kind < 0.55:
        return named(chance.choice(TWO))(a, b)
    if kind < 0.7:
        axis = chance.choice([None, *range(rank), tuple(chance.sample(range(rank), chance.randint(0, rank)))])
        return getattr(pf, chance.choice(["sum", "mean", "max", "min"]))(a, axis=axis, keepdims=chance.random() < 0.3)
    if kind < 0.8:
        return a @ b if chance.random() < 0.5 else pf.matrix_transpose(a) @ b
    if kind < 0.95:
        views = [
            pf.matrix_transpose,
            lambda x: pf.permute_dims(x, tuple(chance.sample(range(rank), rank))),
            lambda x: pf.expand_dims(x, axis=chance.randrange(rank + 1)),
            lambda x: pf.broadcast_to(x, chance.choice(SHAPES)),
            lambda x: pf.reshape(x, tuple(size for size in x.shape if size != 1)),
            lambda x: pf.astype(x, chance.choice(DTYPES)),
        ]
        return chance.choice(views)(a)
    return pf.where(chance.choice([each for each in values if each.dtype is pf.bool]), a, b)


def named(name):
    found = pf
    for part in name.split("."):
        found = getattr(found, part)
    return found


def random_program(seed):
    """A graph, feeds and fetches."""
    chance, generator = random.Random(seed), np.random.default_rng(seed)
    feeds, made = {}, []
    with pf.Graph().as_default() as graph:
        for place in range(5):
            dtype, shape = chance.choice([*DTYPES, *DTYPES[:2] * 2]), chance.choice(SHAPES)
            fed = value(generator, dtype, shape)
            feeds[pf.placeholder(dtype, shape, name=f"x{place}")] = np.asfortranarray(fed) if place == 0 else fed
        values = list(feeds)
        for _ in range(400):
            try:
                found = step(chance, values)
            except (PolyflowError, IndexError):
                continue  # of other shapes or dtypes than the op wants
            if found.size <= 20_000 and found.dtype.name in DTYPES and len(made) < 25:
                values.append(found)
                made.append(found)
    return graph, feeds, chance.sample(made, 12)


@pytest.mark.parametrize("seed", range(6))
def test_random_programs_give_what_numpy_gives(seed, monkeypatch):
    monkeypatch.setattr(regions, "FEWEST", 1)
    graph, feeds, fetches = random_program(seed)
    with pf.Session("numba", graph) as session:
        assert compiled_operations(session, fetches, feeds)
    found, wanted = (ran(backend, fetches, feeds, graph) for backend in ("numba", "numpy"))
    for fetch, ours, theirs in zip(fetches, found, wanted, strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        scale = np.max(np.abs(theirs[np.isfinite(theirs)]), initial=1) if theirs.dtype.kind == "f" else 0
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-6 * scale, err_msg=fetch.name)


def classifier(backend, activation=pf.nn.sigmoid):
    """A session, and its step: a loss, its gradients, an update."""
    generator = np.random.default_rng(0)
    graph = pf.Graph()
    with graph.as_default():
        x, labels = (pf.placeholder("float32", (50, size), name=name) for size, name in ((3, "x"), (4, "labels")))
        w, b = pf.Variable(generator.normal(size=(3, 8)).astype("float32")), pf.Variable(np.zeros(8, "float32"))
        v = pf.Variable(generator.normal(size=(8, 4)).astype("float32"))
        loss = pf.mean(pf.nn.softmax_cross_entropy_with_logits(labels, activation(x @ w + b) @ v))
        gradients = pf.gradients(loss, [w, b, v])
        train = pf.train.GradientDescentOptimizer(0.1).minimize(loss)
    feeds = {x: generator.normal(size=(50, 3)).astype("float32"), labels: np.eye(4, dtype="float32")[np.arange(50) % 4]}
    return pf.Session(backend, graph), loss, gradients, train, [w, b, v], feeds


@pytest.mark.parametrize("activation", [pf.nn.sigmoid, pf.nn.relu, pf.tanh], ids=["sigmoid", "relu", "tanh"])
def test_training_steps_are_numpys(activation):
    results = []
    for backend in ("numba", "numpy"):
        session, loss, gradients, train, variables, feeds = classifier(backend, activation)
        losses = [session.run([loss, train], feeds)[0] for _ in range(5)]
        results.append([*losses, *session.run([*gradients, *variables], feeds)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_a_training_step_is_one_operation():
    session, loss, _, train, _, feeds = classifier("numba")
    assert "machine code: " in session.explain([loss, train], feeds)
    assert compiled_operations(session, [loss, train], feeds) == 1
    assert "-> 1 operations" in session.explain([loss, train], feeds)


def test_many_steps_in_one_call_are_numpys():
    found = []
    for backend in ("numba", "numpy"):
        session, loss, _, train, _, feeds = classifier(backend)
        stacked = {each: np.repeat(value[None], 7, axis=0) for each, value in feeds.items()}
        found.append(session.run_many([loss, train], stacked)[0])
    np.testing.assert_allclose(*found, rtol=2e-5)


def test_what_a_user_holds_is_never_written_over():
    session, loss, _, train, (w, *_), feeds = classifier("numba")
    copies = {each: value.copy() for each, value in feeds.items()}
    held = session.run(w)
    before, first = held.copy(), session.run(loss, feeds)
    kept = first.copy()
    session.run([loss, train], feeds)
    session.run([loss, train], feeds)
    np.testing.assert_array_equal(held, before)
    assert first == kept
    for each, fed in feeds.items():
        np.testing.assert_array_equal(fed, copies[each])
    assert not np.array_equal(session.run(w), before)


@pytest.mark.parametrize("kind", ["columns", "stepped", "turned", "read-only", "unaligned"])
def test_operands_may_lie_in_memory_as_they_like(kind):
    values = np.arange(12, dtype="float32").reshape(3, 4)
    memory = np.zeros(49, np.uint8)[1:].view("float32").reshape(3, 4)
    memory[...] = values
    frozen = values.copy()
    frozen.flags.writeable = False
    fed = {
        "columns": np.asfortranarray(values),
        "stepped": np.repeat(values, 2, axis=1)[:, ::2],
        "turned": values[::-1][::-1],
        "read-only": frozen,
        "unaligned": memory,
    }[kind]
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (3, 4), name="x")
        with pf.Session("numba") as session:
            found = session.run((x + x) * 2.0 - x + 1.0, {x: fed})
    np.testing.assert_array_equal(found, values * 3 + 1)


def test_integers_wrap_around():
    with pf.Graph().as_default() as graph:
        x = pf.placeholder("int32", (4,), name="x")
        fetches = [x + x, x * x * x, -x - x, pf.abs(x), pf.sum(x * x), pf.sum(pf.broadcast_to(x, (20, 4)), axis=0)]
        feeds = {x: np.array([2**31 - 1, -(2**31), 3, -4], "int32")}
        for ours, theirs in zip(*(ran(each, fetches, feeds, graph) for each in ("numba", "numpy")), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_are_numpys(dtype):
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-40, 88.8, -104.0, 710.0, -746.0], dtype)
    with pf.Graph().as_default() as graph:
        x = pf.placeholder(dtype, special.shape, name="x")
        fetches = [named(each)(x) for each in ONE if each not in ("logical_not", "nn.softmax", "nn.log_softmax")]
        fetches += [pf.maximum(x, 0.0), pf.minimum(x, 0.0), x / x, x - x, x == x, x < 1.0, pf.where(x > 0.0, x, -x)]
        fetches += [pf.max(x), pf.min(x), pf.sum(x), pf.max(x[5:]), pf.astype(x, "bool")]
        found, wanted = (ran(each, fetches, {x: special}, graph) for each in ("numba", "numpy"))
    for fetch, ours, theirs in zip(fetches, found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6 if dtype == "float32" else 1e-15, err_msg=fetch.name)
        if ours.dtype.kind == "f":
            is_zero = theirs == 0
            np.testing.assert_array_equal(np.signbit(ours[is_zero]), np.signbit(theirs[is_zero]), fetch.name)


@pytest.mark.parametrize(
    ("name", "most"),
    [("exp_f4", 1.0), ("log_f4", 1.0), ("tanh_f4", 1.5), ("exp_f8", 2.0), ("log_f8", 1.0)],
)
def test_exponentials_round_as_they_promise(name, most):
    function, dtype = getattr(functions, name), np.dtype(name[-2:])
    generator = np.random.default_rng(0)
    largest = 88 if dtype == np.float32 else 709
    x = np.concatenate([generator.uniform(-largest, largest, 4000), generator.normal(size=4000)]).astype(dtype)
    x = np.abs(x) if name.startswith("log") else x
    found = np.array([function(each) for each in x], dtype)
    wanted = getattr(np, name[:-3])(x.astype(np.longdouble))
    beside = np.abs(found - wanted) / np.spacing(np.abs(wanted.astype(dtype)))
    assert beside.max() <= most


def test_nothing_is_compiled_twice():
    first, second = classifier("numba"), classifier("numba")
    first[0].run([first[1], first[3]], first[-1])
    count = len(building._made)
    second[0].run([second[1], second[3]], second[-1])
    assert len(building._made) == count


PROGRAM = """
import numpy as np, polyflow as pf, numba
x = pf.placeholder("float32", (8,), name="x")
print(pf.Session("numba").run((x + x) * 2.0 - x + 1.0, {x: np.ones(8, "float32")}).tolist())
from polyflow_numba import building
(region,) = building._made.values()
compute = region.__globals__["compute"]
print(sum(getattr(compute.stats, "cache_hits").values()))
"""


def in_a_process(place):
    environment = {**os.environ, building.VARIABLE: str(place)}
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    return found.stdout.split("\n")[:2]


def test_another_process_finds_what_was_compiled(tmp_path):
    place = tmp_path / "cache"
    assert in_a_process(place) == [str([4.0] * 8), "0"]
    assert len(list(place.glob("region_*.py"))) == 1
    assert in_a_process(place) == [str([4.0] * 8), "1"]


def test_nothing_is_kept_where_the_folder_has_no_name_or_cannot_be_made(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert in_a_process("") == in_a_process(blocked / "cache") == [str([4.0] * 8), "0"]


def test_the_folder_is_in_the_users_cache_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(building.VARIABLE)
    assert building.folder() == tmp_path / "polyflow" / "numba"
    monkeypatch.setenv(building.VARIABLE, str(tmp_path / "mine"))
    assert building.folder() == tmp_path / "mine"
    monkeypatch.setenv(building.VARIABLE, "")
    assert building.folder() is None


def test_an_error_beside_a_region_names_its_operation():
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (2,), name="x")
        inside = (x + x) * 2.0 - x + 1.0

        def fragile(_):
            raise ValueError("too fragile")

        y = pf.py_func(fragile, [inside], pf.float32, shape=(2,))
        with pf.Session("numba") as session, pytest.raises(pf.errors.ExecutionError, match=r"py_func failed .*fragile"):
            session.run(y + inside, {x: np.ones(2, "float32")})


@pytest.mark.parametrize("executor", ["straight", "dataflow"])
def test_loops_and_branches_run_in_either_executor(executor):
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (6,), name="x")

        def body(i, v):
            return i + 1, pf.tanh(v * 1.5 + x) - v * 0.5

        y = pf.while_loop(lambda i, v: i < 5, body, (0, x))[1]
        z = pf.cond(pf.sum(y) > 0.0, lambda: pf.exp(y * 0.5 + 1.0) - y, lambda: pf.sqrt(y * y + 1.0) - y)
        (slope,) = pf.gradients(pf.sum(z), [x])
        feeds = {x: np.linspace(-1, 1, 6, dtype="float32")}
        found = [pf.Session(each, executor=executor).run([z, slope], feeds) for each in ("numba", "numpy")]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_sizes_that_depend_on_data_are_numpys():
    with pf.Graph().as_default():
        x = pf.placeholder("float32", (None,), name="x")
        y = (x + x) * 2.0 - x + 1.0
        with pf.Session("numba") as session:
            for size in (2, 5):
                np.testing.assert_array_equal(session.run(y, {x: np.ones(size, "float32")}), np.full(size, 4.0))


def test_the_kit_proves_it():
    report = Kit(extensions()).prove(extensions().backend("numba"), ["state"])
    assert not report.failures, report.failures[0]
    assert report.counts["passed"]
