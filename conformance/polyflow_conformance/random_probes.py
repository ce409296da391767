"""Probes of random streams: nothing but seed, name and run decides about them. What a key gives is a value of an op."""

from __future__ import annotations

from typing import Any

import polyflow as pf
from polyflow_conformance.replay import ran


def a_stream_goes_on_from_run_to_run_as_the_oracles(backend: Any) -> None:
    pf.random.set_random_seed(7)
    drawn = pf.random.uniform((3,), name="stream")
    with pf.Session(backend) as session, pf.Session("reference", session.graph) as oracle:
        found = [ran(session, drawn) for _ in range(3)]
        expected = [ran(oracle, drawn) for _ in range(3)]
    assert found == expected, f"{found} instead of {expected}"
    assert len({tuple(each) for each in found}) == 3, f"runs repeat each other: {found}"


def a_stream_gives_its_known_numbers(backend: Any) -> None:
    """The known answer of the key ``fold_in(start, run)``, where the start is made of the seed and of the name."""
    pf.random.set_random_seed(7)
    drawn = pf.random.randint((3,), 0, 2**30, name="stream")
    with pf.Session(backend) as session:
        found = [ran(session, drawn) for _ in range(2)]
    assert found == [[481617243, 893966078, 3338524], [690655370, 537937096, 377041911]], found


def an_operation_of_another_name_changes_no_stream(backend: Any) -> None:
    found = []
    for has_other in (False, True):
        with pf.Graph().as_default(), pf.Session(backend) as session:
            pf.random.set_random_seed(7)
            other = pf.random.normal((2,), name="other") if has_other else pf.constant(0.0)
            drawn = pf.random.uniform((3,), name="stream")
            found.append(ran(session, [drawn, other])[0])
    assert found[0] == found[1], found


def iterations_draw_what_their_keys_say(backend: Any) -> None:
    key = pf.random.key(3)
    step = lambda i, total: (i + 1, total + pf.random.uniform((2,), key=pf.random.fold_in(key, i)))  # noqa: E731
    total = pf.while_loop(lambda i, _: i < 3, step, [pf.constant(0, dtype="uint32"), pf.zeros((2,))])[1]
    apart = [pf.random.uniform((2,), key=pf.random.fold_in(key, i)) for i in range(3)]
    with pf.Session(backend) as session:
        found, expected = ran(session, [total, (apart[0] + apart[1]) + apart[2]])
    assert found == expected, f"{found} instead of {expected}"
    with pf.Session("reference", total.graph) as oracle:
        assert found == ran(oracle, total), f"{found} instead of {ran(oracle, total)}"


def a_generator_of_its_own_draws_by_its_keys(backend: Any) -> None:
    """By ``rng="native"``, of backends that have one: numbers of the distribution, others by another key."""
    if not getattr(pf.Session(backend).backend, "native_random", {}):
        return
    bits = lambda shape, key: pf.astype(pf.random.bits(key, shape), "float32") / 2.0**32  # noqa: E731
    keys = [pf.random.key(each) for each in (1, 2, 1)]
    for draw, mean, square in ((pf.random.uniform, 0.5, 1 / 3), (pf.random.normal, 0.0, 1.0), (bits, 0.5, 1 / 3)):
        with pf.Session(backend, rng="native") as session:
            first, other, again = ran(session, [draw((1000,), key=key) for key in keys])
        assert first == again != other, f"{draw}: {first[:3]}, {other[:3]}, {again[:3]}"
        moments = sum(first) / 1000, sum(each * each for each in first) / 1000
        assert max(abs(moments[0] - mean), abs(moments[1] - square)) < 0.3, f"{draw}: {moments}"


PROBES = (
    a_stream_goes_on_from_run_to_run_as_the_oracles, a_stream_gives_its_known_numbers,
    an_operation_of_another_name_changes_no_stream, iterations_draw_what_their_keys_say,
    a_generator_of_its_own_draws_by_its_keys,
)  # fmt: skip
