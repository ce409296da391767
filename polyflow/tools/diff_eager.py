"""The eager calls of a script, each recorded as a run of one operation on the values that it was called with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from polyflow.core import building
from polyflow.core.declaration import Op, Trait
from polyflow.core.graph import Graph
from polyflow.core.literal import Literal
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.extension.manager import extensions
from polyflow.ops.sources import placeholder
from polyflow.session import eager as eager_module
from polyflow.session.eager import EagerNamespace
from polyflow.session.eager_plans import Plan, make_plan

Record = Callable[[Graph, tuple[Tensor, ...], Mapping[Tensor, Literal]], None]


@contextmanager
def eager_calls(backend: str, record: Record) -> Iterator[None]:
    """While this context lasts, eager namespaces compute on ``backend``, and ``record`` is told of each operation.

    An op that is made of others is told of by its parts. Calls that act on the world outside are left out.
    """
    package: Any = sys.modules[__name__.partition(".")[0]]
    module: Any = eager_module
    real_eager, real_spaces = module.eager, module._SPACES

    def opened(_: Any = None, device: Any = None, *others: Any, seed: int | None = None, **options: Any) -> Any:
        return real_eager(backend, None, None, extensions(), seed=seed)

    def recorded_plan(space: EagerNamespace, op: Op, types: Sequence[TensorType], attributes: Any) -> Plan:
        plan = make_plan(space, op, types, attributes)
        space.known_pairs.clear()  # by which calls go past their plans
        if op.expansion_rule is not None or op.traits & (Trait.EFFECT | Trait.HOST):
            return plan

        def run(values: Sequence[Any]) -> Any:
            record(*_alone(space, op, types, attributes, values))
            return plan(values)

        return run

    package.eager = module.eager = opened
    module.make_plan, module._SPACES = recorded_plan, {}
    try:
        yield
    finally:
        package.eager = module.eager = real_eager
        module.make_plan, module._SPACES = make_plan, real_spaces


def _alone(
    space: EagerNamespace, op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any], values: Sequence[Any]
) -> tuple[Graph, tuple[Tensor, ...], dict[Tensor, Literal]]:
    """A graph of one operation, what it gives, and what to feed it with."""
    graph, inputs, feeds = Graph(), list(values), {}
    with building.overriding(graph):  # whatever the namespace is at
        for place, (its, value) in enumerate(zip(types, values, strict=True)):
            if not its.weak:  # else it is a Python number
                fed = space.backend.to_literal(value)
                inputs[place] = placeholder(fed.dtype, fed.shape)
                feeds[inputs[place]] = fed
        found = graph.apply(op, inputs, attributes, None, None)
    return graph, found if isinstance(found, tuple) else (found,), feeds
