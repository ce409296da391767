"""Probes of a process: threads that run at once, memory over many runs, and settings that are not the backend's."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polyflow as pf
from polyflow_conformance.process_settings import changed_settings
from polyflow_conformance.replay import array, parallel, ran


def threads_share_a_session(backend: Any) -> None:
    x = pf.placeholder("float32", (16, 16))
    y = pf.matmul(pf.sin(x), x) + pf.sum(x, axis=0)
    with pf.Session(backend) as session, ThreadPoolExecutor(8) as pool:
        parallel(session)
        feeds = [array("float32", (16, 16), [place % (n + 3) for place in range(256)]) for n in range(8)]
        alone = [ran(session, y, {x: each}) for each in feeds]
        jobs = [pool.submit(ran, session, y, {x: feeds[number % 8]}) for number in range(160)]
        wrong = [number for number, job in enumerate(jobs) if job.result() != alone[number % 8]]
    assert not wrong, f"{len(wrong)} of 160 runs in 8 threads give other values than alone"


def threads_lose_no_write(backend: Any) -> None:
    w = pf.Variable(0.0)
    step = w.assign_add(1.0)
    with pf.Session(backend) as session, ThreadPoolExecutor(8) as pool:
        parallel(session)
        list(pool.map(lambda _: session.run(step), range(200)))
        assert ran(session, w) == 200.0, ran(session, w)


def threads_have_sessions_of_their_own(backend: Any) -> None:
    def work(number: int) -> Any:
        with pf.Graph().as_default(), pf.Session(backend) as session:
            w = pf.Variable([float(number), 1.0])
            step = w.assign(w * 2.0)
            return [ran(session, step) for _ in range(3)][-1]

    parallel(pf.Session(backend))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(8)))
    assert found == [[8.0 * number, 8.0] for number in range(8)], found


def runs_leave_no_objects_behind(backend: Any) -> None:
    x, w = pf.placeholder("float32", (4,)), pf.Variable([0.0, 0.0, 0.0, 0.0])
    session = pf.Session(backend)
    run = session.prepare(w.assign(x * 0.5 + pf.sin(w)), [x])
    fed = session.backend.from_literal(array("float32", (4,), [1, 2, 3, 4]), session.device)
    counts = []
    for length in (500, 10_000, 10_000, 10_000):
        for _ in range(length):
            run(fed)
        gc.collect()
        counts.append(len(gc.get_objects()))
    growth = max(counts[2] - counts[1], counts[3] - counts[2])  # others may let go of theirs meanwhile, but not twice
    assert growth < 100, f"{growth} objects more after 10,000 runs"


def runs_leave_no_memory_behind(backend: Any) -> None:
    x = pf.placeholder("float32", (100,))
    session = pf.Session(backend)
    run = session.prepare(pf.sum(pf.exp(x) * x), [x])
    sizes = []
    tracemalloc.start()
    for length in (200, 500, 500):
        for _ in range(length):
            run([0.5] * 100)
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[2] - sizes[1] < 20_000, f"{sizes[2] - sizes[1]} bytes more after 500 runs"


def closed_sessions_leave_nothing_behind(backend: Any) -> None:
    counts = []
    for length in (5, 20, 20):
        for number in range(length):
            with pf.Graph().as_default(), pf.Session(backend) as session:
                session.run(pf.Variable([1.0, 2.0]).assign_add([1.0, float(number % 2)]))
        gc.collect()
        counts.append(sum(str(type(each).__module__).startswith("polyflow") for each in gc.get_objects()))
    assert counts[2] - counts[1] < 40, f"{counts[2] - counts[1]} objects more after 20 sessions"


def no_thread_outlives_its_session(backend: Any) -> None:
    parallel(pf.Session(backend))
    with pf.Session(backend) as session:  # what the library starts once and for all is not the session's
        session.run(pf.exp(pf.constant([1.0, 2.0])))
    before = threading.active_count()
    with pf.Session(backend, executor="dataflow", inter_op_threads=4) as session:
        session.run([pf.exp(pf.constant([1.0, 2.0])), pf.sin(pf.constant([3.0]))])
    assert threading.active_count() <= before, f"{threading.active_count() - before} threads are left"


def settings_of_the_process_are_left_alone(backend: Any) -> None:
    changed = changed_settings(backend if isinstance(backend, str) else backend.name)
    assert not changed, "loading and running changes " + "; ".join(changed)


PROBES = (
    threads_share_a_session, threads_lose_no_write, threads_have_sessions_of_their_own, runs_leave_no_objects_behind,
    runs_leave_no_memory_behind, closed_sessions_leave_nothing_behind, no_thread_outlives_its_session,
    settings_of_the_process_are_left_alone,
)  # fmt: skip
