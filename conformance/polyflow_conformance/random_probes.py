"""Probes of random numbers: the bits are the oracle's, and nothing but seed, name and run decides about them."""

from __future__ import annotations

from typing import Any

import polyflow as pf
from polyflow_conformance.replay import ran


def threefry_gives_its_published_words(backend: Any) -> None:
    """The known answer of Random123 for counter and key 0."""
    keys = pf.random.split(pf.random.key(0), 1)
    with pf.Session(backend) as session:
        assert ran(session, keys) == [[0x6B200159, 0x99BA4EFE]], ran(session, keys)


def bits_are_the_oracles(backend: Any) -> None:
    key = pf.random.key(11)
    drawn = [pf.random.bits(key, (9, 7), dtype) for dtype in (pf.uint8, pf.uint16, pf.uint32, pf.uint64)]
    with pf.Session(backend) as session, pf.Session("reference", session.graph) as oracle:
        for each in drawn:
            found, expected = ran(session, each), ran(oracle, each)
            assert found == expected, f"{each.dtype}: {found} instead of {expected}"


def uniform_numbers_are_the_oracles_bit_for_bit(backend: Any) -> None:
    key = pf.random.key(12)
    drawn = [pf.random.uniform((33,), key=key, dtype=dtype) for dtype in ("float32", "float64")]
    drawn += [pf.random.randint((33,), -5, 1000, key=key), pf.random.permutation(17, key=key)]
    with pf.Session(backend) as session, pf.Session("reference", session.graph) as oracle:
        found, expected = ran(session, drawn), ran(oracle, drawn)
    assert found == expected, f"{found} instead of {expected}"


def keys_that_are_split_or_folded_differ(backend: Any) -> None:
    key = pf.random.key(5)
    keys = [key, pf.random.fold_in(key, 8), pf.random.fold_in(key, 9), *pf.unstack(pf.random.split(key, 4))]
    drawn = [pf.random.uniform((4,), key=each) for each in keys]
    with pf.Session(backend) as session:
        found = ran(session, drawn)
    assert len({tuple(each) for each in found}) == len(keys), found


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


PROBES = (
    threefry_gives_its_published_words, bits_are_the_oracles, uniform_numbers_are_the_oracles_bit_for_bit,
    keys_that_are_split_or_folded_differ, a_stream_goes_on_from_run_to_run_as_the_oracles,
    a_stream_gives_its_known_numbers, an_operation_of_another_name_changes_no_stream,
    iterations_draw_what_their_keys_say,
)  # fmt: skip
