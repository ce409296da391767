"""Every benchmark there is, by group, with its peers and its bar. Nothing that is measured is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from benchmarks import reasons
from benchmarks.declared import ONE, TWO, Bar, Benchmark, Maker, Side
from polyflow.extension.manager import extensions

MANY = {"tiny": 100, "middle": 20}
"""Steps in one call of ``run_many``."""
NETWORKS = {"tiny": "tiny 2-4-8-2-2, batch 100", "middle": "middle 784-256-128-10, batch 128"}
NEEDS = {"numpy": (), "jax": ("jax",), "torch": ("torch",), "numba": ("numba",)}


@cache
def benchmarks() -> tuple[Benchmark, ...]:
    """All, in the order in which they are run and shown."""
    return tuple(
        [
            *training_steps(),
            *many_steps(),
            *gradients(),
            *elementwise(),
            *overhead(),
            *starting(),
            *digits(),
            *control_flow(),
            *operations(),
            *scale(),
            *passes(),
        ]
    )


def find(key: str) -> Benchmark:
    """The benchmark of that key; else ``KeyError``."""
    return {each.key: each for each in benchmarks()}[key]


def _ours(backends: tuple[str, ...], module: str, function: str, *arguments: object) -> tuple[Side, ...]:
    return tuple(
        Side(
            each,
            _maker(module, function, *(each if one is _BACKEND else one for one in arguments)),
            NEEDS[each],
        )
        for each in backends
    )


def _maker(module: str, function: str, *arguments: object) -> Maker:
    return Maker(module, function, arguments)


_BACKEND = object()
"""Stands for the backend among the arguments of a side of polyflow's."""
EVERY = ("numpy", "jax", "torch")


def training_steps() -> Iterator[Benchmark]:
    """One step: forward, backward, update, the loss read."""
    bars = {
        ("tiny", "numpy"): 0.8,
        ("middle", "numpy"): 0.85,
        ("tiny", "jax"): 1.05,
        ("middle", "jax"): 1.05,
    }
    numba_bars = {"tiny": Bar(0.6, reason=reasons.TINY_PYTENSOR), "middle": Bar(0.6, reason=reasons.MIDDLE_PYTENSOR)}
    peers = {"numpy": "NumPy by hand", "jax": "JAX by hand"}
    for name, label in NETWORKS.items():
        for backend, peer in peers.items():
            form = "jit, flat, donated" if backend == "jax" else "in place"
            yield Benchmark(
                label,
                "training step",
                _ours((backend,), "steps", "prepared", name, _BACKEND),
                peer,
                (Side(form, _maker(f"peers.{backend}_steps", "step", name), NEEDS[backend]),),
                Bar(
                    bars[name, backend], reason=reasons.MIDDLE_BY_HAND if (name, backend) == ("middle", "numpy") else ""
                ),
            )
        best = _ours((*EVERY, "numba"), "steps", "prepared", name, _BACKEND)
        numba = Side("Numba mode", _maker("peers.pytensor_steps", "step", name), ("pytensor", "numba"))
        yield Benchmark(label, "training step", best, "PyTensor", (numba,), numba_bars[name], is_quick=name == "tiny")
        torch = (
            Side("autograd.grad, foreach", _maker("peers.torch_steps", "step", name), ("torch",)),
            Side("optim.SGD, fused", _maker("peers.torch_steps", "step_by_optimizer", name), ("torch",)),
        )
        yield Benchmark(label, "training step", best, "PyTorch", torch, is_quick=name == "tiny")
        tensorflow = (
            Side("session.run", _maker("peers.tensorflow_steps", "step", name), ("tensorflow",)),
            Side("make_callable", _maker("peers.tensorflow_steps", "callable_step", name), ("tensorflow",)),
        )
        yield Benchmark(label, "training step", best, "TensorFlow 1 mode", tensorflow, is_quick=False)


def many_steps() -> Iterator[Benchmark]:
    """Many steps in one call against a loop of Python's around a step by hand."""
    for name, count in MANY.items():
        loops = {
            peer: Side("a loop of steps", _maker("steps", "repeated", f"{module}_steps", name, count), needs)
            for peer, module, needs in (
                ("NumPy by hand", "numpy", ()),
                ("JAX by hand", "jax", ("jax",)),
                ("PyTensor", "pytensor", ("pytensor", "numba")),
            )
        }
        bars = {"JAX by hand": Bar(0.4), "PyTensor": Bar(0.6)} if name == "tiny" else {}
        for peer, backends in (
            ("NumPy by hand", ("numpy",)),
            ("JAX by hand", ("jax",)),
            ("PyTensor", ("numpy", "jax")),
        ):
            if name == "middle" and peer == "JAX by hand":
                continue  # its products are all of it, in a loop as in a call
            yield Benchmark(
                f"{count} steps by run_many, {NETWORKS[name]}",
                "many steps",
                _ours(backends, "steps", "many", name, _BACKEND, count),
                peer,
                (loops[peer],),
                bars.get(peer),
                units=count,
                is_quick=name == "tiny" and peer != "PyTensor",
            )


def gradients() -> Iterator[Benchmark]:
    """A loss and its gradient with respect to every parameter."""
    for name, label in NETWORKS.items():
        autograd = Side("value_and_grad", _maker("peers.autograd_steps", "gradient", name), ("autograd",))
        yield Benchmark(
            label,
            "loss and gradient",
            _ours(("numpy",), "steps", "gradient", name, _BACKEND),
            "autograd",
            (autograd,),
            Bar({"tiny": 0.2, "middle": 0.6}[name]),
        )
        jax = Side("jit of value_and_grad", _maker("peers.jax_steps", "gradient", name), ("jax",))
        yield Benchmark(
            label, "loss and gradient", _ours(("jax",), "steps", "gradient", name, _BACKEND), "JAX by hand", (jax,)
        )


def elementwise() -> Iterator[Benchmark]:
    """Twelve cheap operations on large arrays."""
    ours = (Side("numpy", _maker("elementwise", "polyflow_chain")),)
    plain = (Side("as the formula stands", _maker("elementwise", "numpy_chain")),)
    in_place = (Side("out= wherever possible", _maker("elementwise", "numpy_in_place")),)
    for threads, limit in ((ONE, 0.35), (TWO, 0.2)):
        for peer, side, bar in (("NumPy by hand", plain, Bar(limit)), ("NumPy by hand, in place", in_place, None)):
            yield Benchmark(
                "12 elementwise operations, 4 million float32",
                "elementwise",
                ours,
                peer,
                side,
                bar,
                threads,
                units=12,
                calls=1,
            )


def overhead() -> Iterator[Benchmark]:
    """What a run costs when there is next to nothing to compute."""
    run = _ours(("numpy",), "overhead", "small_run", _BACKEND)
    name = "session.run, 2 operations on 4 numbers"
    peer = Side("session.run", _maker("peers.tensorflow_steps", "small_run"), ("tensorflow",))
    yield Benchmark(name, "overhead", run, "TensorFlow 1 mode", (peer,), Bar(0.5))
    by_hand = (Side("two calls", _maker("overhead", "small_numpy")),)
    yield Benchmark(name, "overhead", run, "NumPy by hand", by_hand)
    prepared = _ours(("numpy",), "overhead", "small_prepared", _BACKEND)
    yield Benchmark("prepared call, 2 operations on 4 numbers", "overhead", prepared, "NumPy by hand", by_hand)


def starting() -> Iterator[Benchmark]:
    """Fresh processes."""
    python = (Side("python -c pass", _maker("starting", "process", "nothing")),)
    for name, program, bar in (
        ("import polyflow", "import", Bar(60, "difference")),
        ("polyflow --help", "help", Bar(150, "ours")),
    ):
        ours = (Side("process", _maker("starting", "process", program)),)
        yield Benchmark(
            name, "from nothing", ours, "an empty Python", python, bar, pairs=15, tolerance=None, calls=0, is_long=True
        )
    yield Benchmark(
        f"first run after the import, {NETWORKS['tiny']}",
        "from nothing",
        (Side("process", _maker("starting", "process", "first run")),),
        "the import alone",
        (Side("process", _maker("starting", "process", "loaded")),),
        Bar(50, "difference", reasons.START),
        pairs=15,
        tolerance=None,
        calls=0,
        is_long=True,
    )
    cold = _ours(("numpy",), "steps", "from_nothing", "tiny", _BACKEND)
    compiled = _ours(("numba",), "steps", "from_nothing", "tiny", _BACKEND)
    kept = _ours(("numba",), "steps", "from_caches", "tiny", _BACKEND)
    rows: tuple[tuple[str, tuple[Side, ...], str, str, Bar | None, int], ...] = (
        ("", cold, "PyTensor", "from_nothing", Bar(0.1), 1),
        ("", cold, "PyTensor, its caches filled", "from_caches", None, 3),
        (", in machine code", compiled, "PyTensor", "from_nothing", None, 1),
        (", in machine code from the cache", kept, "PyTensor, its caches filled", "from_caches", None, 3),
    )
    for form, ours, peer, function, limit, pairs in rows:
        theirs = (Side("Numba mode", _maker("peers.pytensor_steps", function, "tiny"), ("pytensor", "numba")),)
        yield Benchmark(
            f"first training step of a fresh process, {NETWORKS['tiny']}{form}",
            "from nothing",
            ours,
            peer,
            theirs,
            limit,
            pairs=pairs,
            is_quick=False,
            is_long=True,
            tolerance=None,
            calls=0,
        )


def digits() -> Iterator[Benchmark]:
    """A convolutional network on scikit-learn's digits."""
    ours = _ours(EVERY, "convolutional", "prepared_epoch", _BACKEND)
    ours = tuple(Side(each.label, each.make, (*each.needs, "sklearn")) for each in ours)
    torch = tuple(
        Side(form, _maker("peers.torch_convolutional", "epoch", form), ("torch", "sklearn"))
        for form in ("contiguous_format", "channels_last")
    )
    for threads in (ONE, TWO):
        yield Benchmark(
            "an epoch of a CNN, 28 batches of 64",
            "digits",
            ours,
            "PyTorch",
            torch,
            Bar(1.0, reason=reasons.TWO_CORES if threads == TWO else ""),
            threads,
            pairs=11,
            units=28,
            is_quick=threads == ONE,
            tolerance=5e-3,
            calls=2,
            is_apart=threads != ONE,
        )


def control_flow() -> Iterator[Benchmark]:
    """Loops, and independent work."""
    for backend, peer in (("numpy", "NumPy by hand"), ("jax", "JAX by hand")):
        for name, work, pairs in (("100,000 scalar steps", "count", 31), ("LSTM, 100 steps, gradient", "lstm", 15)):
            yield Benchmark(
                name,
                "control flow",
                _ours((backend,), "loops", f"polyflow_{work}", _BACKEND),
                peer,
                (Side("by hand", _maker("loops", f"{backend}_{work}"), NEEDS[backend]),),
                pairs=pairs,
                tolerance=2e-3,
                calls=1,
            )
    yield Benchmark(
        "two independent products, 1500 x 1500",
        "control flow",
        (Side("dataflow executor", _maker("dataflow", "two_products", "dataflow")),),
        "polyflow, straight executor",
        (Side("straight", _maker("dataflow", "two_products", "straight")),),
        threads=TWO,
        pairs=9,
        calls=1,
        is_quick=False,
    )


def operations() -> Iterator[Benchmark]:
    """Single operations of neural networks on NumPy."""
    forms = {
        "conv2d": ("columns", "columns, 4 images", "taps", "rows, 4 images"),
        "conv2d by its filters": ("columns", "columns, 4 images", "taps", "rows, 4 images"),
        "conv2d by its images": ("columns", "columns, 4 images", "taps", "rows, 4 images"),
        "max_pool": ("reshape", "quarters", "halves", "halves, 8 images"),
        "avg_pool": ("reshape", "quarters", "halves", "halves, 8 images"),
        "softmax": ("plain", "in place", "32 rows", "small buffers"),
        "layer_norm": ("plain", "in place", "64 rows", "256 rows, small buffers"),
        "attention": ("plain", "in place", "by heads"),
        "embedding_lookup": ("index", "take", "take, wrap"),
        "scatter_add": ("add.at", "sorted, reduceat", "loop", "rounds"),
    }
    for name, found in forms.items():
        yield Benchmark(
            name,
            "operation",
            (Side("numpy", _maker("operations", "prepared", name)),),
            "NumPy by hand",
            tuple(Side(form, _maker("peers.numpy_operations", "work", name, form)) for form in found),
            Bar(1.0, reason=reasons.OPERATIONS.get(name, "")),
            calls=1,
        )


def scale() -> Iterator[Benchmark]:
    """Large graphs, a node at a time."""
    for kind, count in (("chain", 100_000), ("fan", 100_000), ("transformer", 10_000)):
        name = f"{kind} of {count:,} operations"
        trace = (Side("make_jaxpr", _maker("scale", "jax_trace", kind, count), ("jax",)),)
        lines = (Side("lines compiled and run", _maker("scale", "python_first_run", count)),)
        bare = (Side("objects with slots", _maker("scale", "records", count)),)
        for what, function, peer, theirs, measure, limit in (
            ("built", "polyflow_build", "JAX, traced", trace, "time", 10),
            ("first run", "polyflow_first_run", "Python, as many lines", lines, "time", 40),
            ("memory kept", "polyflow_build", "Python, bare records", bare, "bytes", 1024),
        ):
            yield Benchmark(
                f"{what}, {name}",
                "scale",
                (Side("numpy", _maker("scale", function, kind, count)),),
                peer,
                theirs,
                Bar(limit, "unit"),
                pairs=1 if measure == "bytes" else 3,
                units=count,
                measure=measure,
                is_long=True,
                is_apart=measure == "time",  # the collector walks over all that the other side keeps
                tolerance=None,
                calls=0,
                is_quick=False,
            )


def passes() -> Iterator[Benchmark]:
    """Each pass against the same session without it: what it saves in a run, and what it costs in a plan."""
    for name in pass_names():
        for program in (*_AT_HOME.get(name, ()), "tiny", "digits", "transformer"):
            yield _pass(name, program, "run", f"{name}: a run of {program}")
        yield _pass(name, "transformer", "plan", f"{name}: planning transformer")
    for program in ("layers", "tanhs"):
        for part in (0.4, 0.2):
            yield Benchmark(
                f"memory limit: a run of {program} in {part:.0%} of the memory",
                "pass",
                (Side("with it", _maker("passes", "limited", program, part)),),
                "polyflow without the limit",
                (Side("without it", _maker("passes", "limited", program, None)),),
                pairs=11,
                tolerance=0.0,
                calls=1,
                is_quick=False,
            )


_AT_HOME = {
    "constant folding": ("a basis of constants",),
    "algebra": ("a formula",),
    "common subexpressions": ("distances",),
    "dead code": ("one gradient",),
    "sums of products": ("an LSTM",),
    "product chains": ("products",),
    "fusion": ("chain",),
    "fusion by rows": ("attention",),
}
"""By pass the programs that it is there for. The others show what it costs where there is nothing for it to do."""


def pass_names() -> list[str]:
    """The passes that can be left out: those that lower a program to a form that can run at all cannot."""
    return [each.name for each in extensions().passes if each.stage != "lower"]


def _pass(name: str, program: str, function: str, label: str) -> Benchmark:
    needs = ("sklearn",) if program == "digits" else ()
    return Benchmark(
        label,
        "pass",
        (Side("with it", _maker("passes", function, program, None), needs),),
        "polyflow without the pass",
        (Side("without it", _maker("passes", function, program, name), needs),),
        pairs=11,
        tolerance=2e-3,
        calls=1,
        is_quick=False,
        is_long=function == "plan",
    )
