"""Operators on random numbers: streams that go astray, keys that are folded wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polyflow
from polyflow.core.building import overriding_builder
from polyflow.ops import random_bits, random_streams
from polyflow.ops.state import VARIABLES
from polyflow_conformance.mutants.mutant import Mutant, Operator, World, of_steps


def _streams(world: World, operator: str) -> Iterator[Mutant]:
    first_key, fold_in, words = random_streams.first_key, random_bits.fold_in, random_bits.threefry_words
    drawn = [0]

    def by_count(graph_seed: Any, own: Any) -> Any:
        drawn[0] += 1
        return first_key(graph_seed, drawn[0])

    def by_number(graph: Any, name: str, seed: Any = None) -> Any:
        return stream_key(graph, f"{name}_{len(graph.operations)}" if hasattr(graph, "operations") else name, seed)

    def without_seed(graph_seed: Any, own: Any) -> Any:
        return first_key(None, own)

    def by_draws(graph: Any, name: str, seed: Any = None) -> Any:
        draws = [each for each in graph.get_collection(VARIABLES) if each.operation.name.endswith("/stream/runs")]
        return stream_key(graph, f"{name}_{len(draws)}" if draws else name, seed)

    def up_to_the_second_run(start: Any, runs: Any) -> Any:
        return fold_in(start, polyflow.minimum(runs, 1))

    def outside_of_loops(key: Any, data: Any) -> Any:
        return fold_in(key, data * 0 if hasattr(overriding_builder(), "variable_value") else data)

    stream_key = random_streams.stream_key
    yield from of_steps(
        operator,
        {
            "one stream for all": [(random_streams, "first_key", lambda seed, own: first_key(seed, ""))],
            "by the number of draws": [(random_streams, "first_key", by_count)],
            "by the number of operations": [(random_streams, "stream_key", by_number)],
            "seed ignored": [(random_streams, "first_key", without_seed)],
            "by the number of streams": [(random_streams, "stream_key", by_draws)],
            "the same from the second run": [(random_streams, "fold_in", up_to_the_second_run)],
            "the same in each iteration": [(polyflow.random, "fold_in", outside_of_loops)],
            "the same in each run": [(random_streams, "fold_in", lambda start, runs: fold_in(start, runs * 0))],
            "keys folded wrongly": [(random_streams, "fold_in", lambda start, runs: fold_in(start, runs + 1))],
            "words exchanged": [(random_streams, "threefry_words", lambda *key: words(*key)[::-1])],
        },
    )


OPERATORS = (Operator("wrong stream", "keys and the streams that are made of them", _streams),)
