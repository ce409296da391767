"""Counters: variables that count runs, and end them at a limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.graph import get_default_graph
from polyflow.core.samples import Sample, values
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import OutOfRangeError, message
from polyflow.ops.state import Variable


def count_up_to(ref: Variable, limit: int, name: str | None = None) -> Tensor:
    """The value of ``ref``, which is then one more; ``OutOfRangeError`` where it has reached ``limit``.

    >>> import polyflow as pf
    >>> counter = pf.Variable(0)
    >>> count, session = pf.count_up_to(counter, 2), pf.Session()
    >>> [session.run(count).tolist() for _ in range(2)]
    [0, 1]
    >>> try:
    ...     session.run(count)
    ... except pf.errors.OutOfRangeError:
    ...     print("counted")
    counted

    Source: TensorFlow 1, ``tf.count_up_to``.
    """
    found: Tensor = below_limit(ref.value(), limit=limit, name=name or "count_up_to")
    with get_default_graph().control_dependencies([ref.assign(found + 1)]):
        return found + 0  # an operation after the assignment


@define_op(traits=Trait.EFFECT | Trait.HOST | Trait.VIEW, dtypes="integral")
def below_limit(x: TensorType, /, *, limit: int) -> TensorType:
    """``x``, a whole number below ``limit``; ``OutOfRangeError`` where it is not.

    >>> import polyflow as pf
    >>> from polyflow.ops.counters import below_limit
    >>> pf.Session().run(below_limit(pf.constant(3), limit=5)).tolist()
    3
    """
    return x


@below_limit.kernel
def below_limit_kernel(xp: Any, x: Any, *, limit: int) -> Any:
    if int(x) >= limit:
        raise OutOfRangeError(message(f"the counter has reached its limit of {limit}", found=int(x)))
    return x


below_limit.zero_gradient("whole numbers do not change smoothly")


@below_limit.samples
def below_limit_samples() -> Iterator[Sample]:
    yield Sample(values(3, "int64"), limit=5, gradient=False)
