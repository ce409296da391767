"""``python -m benchmarks.dataflow``: what the dataflow executor wins with two threads, and what a node costs with one.

Two large products that do not need each other are run by both executors, with BLAS on one thread for both. Bare Python
threads that do the same two products show what the machine gives at that moment: rounds count only where they were 1.8
times as fast as one thread before and after, since others may be using the second processor.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from benchmarks.pairing import Comparison, clock
from benchmarks.pairing import compare as compare_meters

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SIZE = 1500
LENGTH = 500
FREE = 1.8
PATIENCE = 90.0


def main() -> None:
    """Measure and print two tables."""
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.dataflow"], {**os.environ, **ONE_THREAD})
    products()
    print()
    nodes()


def products() -> None:
    """Two products at once against one after the other."""
    import numpy as np  # after the environment is set

    import polyflow as pf

    with pf.Graph().as_default():
        a, b = (pf.placeholder("float32", (SIZE, SIZE)) for _ in range(2))
        fetches = [pf.sum(pf.matmul(a, b)), pf.sum(pf.matmul(b, a))]
        straight = pf.Session(executor="straight").prepare(fetches, [a, b])
        dataflow = pf.Session(executor="dataflow", inter_op_threads=2).prepare(fetches, [a, b])
    x = np.random.default_rng(0).random((SIZE, SIZE), dtype="float32")

    def product() -> None:
        x @ x

    def bare() -> None:
        helper = threading.Thread(target=product)
        helper.start()
        product()
        helper.join()

    def one_after_the_other() -> None:
        product()
        product()

    ours, ceiling, start = [], [], time.perf_counter()
    while len(ours) < 15 and time.perf_counter() - start < PATIENCE:
        before = _once(one_after_the_other) / _once(bare)
        slow, fast = _once(lambda: straight(x, x)), _once(lambda: dataflow(x, x))
        after = _once(one_after_the_other) / _once(bare)
        if min(before, after) > FREE:
            ours.append(slow / fast)
            ceiling += [before, after]
    if len(ours) < 2:
        print(f"two products of {SIZE} x {SIZE}: the second processor was never free for {PATIENCE:.0f} s")
        return
    low, _, high = statistics.quantiles(ours, n=4)
    print("| two independent products | times as fast as straight | quartiles | two bare threads |")
    print("|---|---|---|---|")
    print(
        f"| {SIZE} x {SIZE}, float32 | {statistics.median(ours):.2f} | {low:.2f} to {high:.2f} "
        f"| {statistics.median(ceiling):.2f} |"
    )


def two_products(executor: str) -> Callable[[], object]:
    """A prepared call of the two products by one executor, the dataflow one in two threads."""
    import numpy as np

    import polyflow as pf

    with pf.Graph().as_default():
        a, b = (pf.placeholder("float32", (SIZE, SIZE)) for _ in range(2))
        fetches = [pf.sum(pf.matmul(a, b)), pf.sum(pf.matmul(b, a))]
        threads = 2 if executor == "dataflow" else None
        call = pf.Session(executor=executor, inter_op_threads=threads).prepare(fetches, [a, b])
    x = np.random.default_rng(0).random((SIZE, SIZE), dtype="float32")
    return lambda: [float(each) for each in call(x, x)]


def compare(ours: Callable[[], object], theirs: Callable[[], object]) -> Comparison:
    """The two by the clock."""
    return compare_meters(clock(ours), clock(theirs))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def nodes() -> None:
    """What a node costs: its kernel, bringing its result to the next, and the rest."""
    import numpy as np

    import polyflow as pf
    from polyflow.runtime.dataflow_frames import FrameRun, Iteration
    from polyflow.runtime.dataflow_run import DataflowRun

    x = np.ones(4, "float32")

    def chain(step: Callable[[pf.Tensor], pf.Tensor], executor: str) -> Callable[[], object]:
        with pf.Graph().as_default():
            given = pf.placeholder("float32", (4,))
            value = given
            for _ in range(LENGTH):
                value = step(value)
            session = pf.Session(executor=executor, inter_op_threads=1, optimise=False)
            prepared = session.prepare(value, [given])
        return lambda: prepared(x)

    def kernel() -> None:
        add = np.add
        for _ in range(LENGTH):
            add(x, x)

    def loop(executor: str) -> Callable[[], object]:
        with pf.Graph().as_default():
            end = pf.placeholder("int64", ())
            value = pf.while_loop(lambda i, y: i < end, lambda i, y: (i + 1, y * 0.5), [0, 1.0])[1]
            session = pf.Session(executor=executor, inter_op_threads=1)
            prepared = session.prepare(value, [end])
        return lambda: prepared(np.int64(LENGTH))

    def propagation() -> Callable[[], object]:
        """Bringing a value to the one node that waits for it, and putting that into the queue."""
        with pf.Graph().as_default():
            given = pf.placeholder("float32", (4,))
            session = pf.Session(executor="dataflow", optimise=False)
            session.run(pf.add(given, x), {given: x})
        ((plan, *_),) = session._plans.values()
        code = plan.sources[0]._code
        run, queue = DataflowRun(code, 1, lambda work: work), deque()
        iteration = Iteration(FrameRun(code.root, None), 0)
        ((_, _, index),) = code.parameters[0].data

        def deliver() -> None:
            for _ in range(LENGTH):
                iteration.pending[index] = 1
                run._deliver(code.parameters[0], x, iteration, queue)
            queue.clear()

        return deliver

    once = chain(lambda y: pf.add(y, x), "dataflow")
    straight = compare(once, chain(lambda y: pf.add(y, x), "straight"))
    total = straight.ours / LENGTH
    called = total / compare(once, kernel).ratio
    edge = total / compare(once, propagation()).ratio
    print("| a trivial operation (4 elements), one thread | us | of it |")
    print("|---|---|---|")
    print(f"| straight executor | {straight.theirs / LENGTH:.2f} | |")
    print(f"| dataflow executor | {total:.2f} | {straight.ratio:.1f} times straight |")
    print(f"| ... kernel call | {called:.2f} | {called / total:.0%} |")
    print(f"| ... propagation: to the next node and into the queue | {edge:.2f} | {edge / total:.0%} |")
    print(f"| ... queue, operands, lock | {total - called - edge:.2f} | {1 - (called + edge) / total:.0%} |")
    found = compare(loop("dataflow"), loop("straight"))
    print(f"| an iteration of a loop of two variables | {found.ours / LENGTH:.2f} | {found.ratio:.0f} times straight |")


if __name__ == "__main__":
    main()
