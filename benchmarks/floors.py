"""``python -m benchmarks.floors``: what a step cannot be faster than, on this machine, whoever writes it.

``products`` are those of the middle network in every layout, ``calls`` are the parts of a call of JAX, ``cores`` how
many cores an epoch of the convolutional network keeps busy. Nothing here has a bar: the page's reasons cite it.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.networks import MIDDLE, NETWORKS
from benchmarks.processes import environment, pin

Array = Any  # numpy.ndarray
Call = Callable[[], object]


def main() -> None:
    """Print the floors that the command line names, all by default."""
    chosen = sys.argv[1:] or list(KNOWN)
    for name in chosen:
        function, threads = KNOWN[name]
        if len(chosen) == 1 and os.environ.get("OMP_NUM_THREADS") == str(threads):
            pin(threads)
            function()
        else:  # libraries count their threads when they are loaded
            command = [sys.executable, "-m", "benchmarks.floors", name]
            subprocess.run(command, check=True, env=environment(threads))


def fastest(work: Call, seconds: float = 0.2) -> float:
    """The least time of a call, in microseconds."""
    work()  # which may compile first
    least, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return 1e6 * least


def products() -> None:
    """Each product of a step of the middle network: as NumPy is called, and in the best of eight layouts."""
    import numpy as np

    def made(*shape: int) -> Array:
        return np.random.default_rng(0).normal(size=shape).astype(np.float32)

    square = made(512, 512)
    print(f"512 x 512 by 512 x 512: {2 * 512**3 / fastest(lambda: square.dot(square)) / 1e3:.0f} GFLOP/s")
    total = best = 0.0
    for name, left, right in step_products(MIDDLE.sizes, MIDDLE.batch, made):
        work = 2 * left.shape[0] * left.shape[1] * right.shape[1]
        taken = fastest(lambda left=left, right=right: left.dot(right))
        found = {label: fastest(call) for label, call in layouts(left, right)}
        label = min(found, key=found.__getitem__)
        print(
            f"{name}: {taken:.1f} us, {work / taken / 1e3:.0f} GFLOP/s; "
            f"at best {found[label]:.1f} us, {work / found[label] / 1e3:.0f} GFLOP/s ({label})"
        )
        total, best = total + taken, best + min(found[label], taken)
    print(f"all products: {total:.0f} us, at best {best:.0f} us")


def step_products(sizes: tuple[int, ...], batch: int, made: Callable[..., Array]) -> list[tuple[str, Array, Array]]:
    """The products of a training step, forward, of weights and of what goes back, as a step has them in memory."""
    found = []
    for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes), 1):
        h, w, g = made(batch, inputs), made(inputs, outputs), made(batch, outputs)
        found += [(f"forward {number}", h, w), (f"weights {number}", h.T, g)]
        if number > 1:
            found.append((f"back {number}", g, w.T))
    return found


def layouts(left: Array, right: Array) -> list[tuple[str, Call]]:
    """The same product of operands and into results in either order of memory."""
    import numpy as np

    rows, columns = np.ascontiguousarray, np.asfortranarray
    found: list[tuple[str, Call]] = []
    for first, second in itertools.product((rows, columns), repeat=2):
        a, b = first(left), second(right)
        names = " by ".join("rows" if each is rows else "columns" for each in (first, second))
        out, turned = np.empty((len(a), b.shape[1]), a.dtype), np.empty((b.shape[1], len(a)), a.dtype)
        found.append((f"{names} into rows", lambda a=a, b=b, out=out: np.dot(a, b, out=out)))
        found.append((f"{names} into columns", lambda a=a, b=b, out=turned: np.dot(b.T, a.T, out=out)))
    return found


def calls() -> None:
    """A step of the tiny network on JAX by one call, and parts of it by themselves."""
    import jax
    import jax.numpy as jnp

    from benchmarks.steps import build, many

    network = NETWORKS["tiny"]
    parameters, (x, labels) = network.parameters(), network.data()
    built = build(network, "jax")
    step = built.session.prepare([built.loss, built.train], [built.x, built.labels])
    state = [jnp.asarray(each) for each in parameters]
    number = jnp.zeros(())
    empty = jax.jit(lambda a: a + 1)
    through = jax.jit(lambda a, *given: (a + 1, *given), donate_argnums=tuple(range(1, 1 + len(state))))
    fed = jax.jit(lambda a, *given: a + 1, keep_unused=True)

    def pass_through() -> None:
        nonlocal state
        _, *state = through(number, *state)

    def waiting() -> object:
        return jax.block_until_ready(step(x, labels)[0])

    once = fastest(lambda: empty(number))
    print(f"an empty call: {once:.1f} us")
    print(f"{len(state)} arrays in and out: {fastest(pass_through) - once:.1f} us more")
    print(f"two arrays of NumPy fed: {fastest(lambda: fed(number, x, labels)) - once:.1f} us more")
    print(f"the step inside of run_many: {fastest(many('tiny', 'jax', 100)) / 100:.1f} us")
    print(f"the step by a prepared call, until it is done: {fastest(waiting):.1f} us")
    print(f"its loss read by item: {fastest(lambda: step(x, labels)[0].item()):.1f} us")
    print(f"its loss read by float: {fastest(lambda: float(step(x, labels)[0])):.1f} us")


def cores() -> None:
    """Time of processors for each second of an epoch that may use two: 2 were all of both."""
    from benchmarks.convolutional import prepared_epoch
    from benchmarks.peers.torch_convolutional import epoch

    for name, work in (("polyflow on jax", prepared_epoch("jax")), ("PyTorch, channels last", epoch("channels_last"))):
        work()
        wall, used = time.perf_counter(), time.process_time()
        for _ in range(10):
            work()
        wall, used = time.perf_counter() - wall, time.process_time() - used
        print(f"{name}: {1e6 * wall / 280:.0f} us a batch, {used / wall:.2f} cores busy")


KNOWN: dict[str, tuple[Callable[[], None], int]] = {"products": (products, 1), "calls": (calls, 1), "cores": (cores, 2)}
"""Each with the number of threads that it may use."""

if __name__ == "__main__":
    main()
