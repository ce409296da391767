"""What loops start with: a Python number takes the dtype of what the body makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.core.dtypes import DType
from polyflow.core.inference import common_dtype
from polyflow.core.literal import literal
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType


def drawn_dtype(start: TensorType, made: TensorType) -> DType | None:
    """The dtype that a Python number of type ``start`` takes where a body makes ``made`` of it, if that is another."""
    if not start.weak or made.weak or made.dtype is None or made.dtype is start.dtype:
        return None
    return made.dtype if common_dtype([start, TensorType(made.dtype, ())]) is made.dtype else None


def drawn_starts(
    builder: Any, numbers: Sequence[Tensor], starts: Sequence[Tensor], results: Sequence[Tensor]
) -> list[Tensor] | None:
    """``starts`` with those ``numbers`` whose dtype the graph did not know in that of what a body made of them.

    ``None`` where none of them takes another dtype than it has.
    """
    dtypes = [drawn_dtype(number.type, made.type) for number, made in zip(numbers, results, strict=False)]
    if not any(dtypes):
        return None
    triples = zip(starts, numbers, dtypes, strict=True)
    return [start if dtype is None else builder.cast(number, dtype) for start, number, dtype in triples]


def settled(
    builder: Any, starts: Sequence[Tensor], trace: Callable[[Sequence[TensorType]], Any]
) -> tuple[list[Tensor], Any]:
    """``starts`` and what ``trace`` makes of them, Python numbers in the dtypes that the body gives them back in.

    ``trace(types)`` returns a body for starts of such types, whose first results take their place. A number whose dtype
    the graph does not know yet stays what it is.
    """
    current = list(starts)
    body = trace([each.type.strong for each in current])
    for _ in starts:
        # Bodies hold bodies, which would be traced twice as often at each level: so only where something is unclear.
        unclear = [each.type.weak and _meets_another(each, x) for each, x in zip(current, body.results, strict=False)]
        if not any(unclear):
            break
        pairs = zip(current, unclear, strict=True)
        trial = trace([each.type if is_unclear else each.type.strong for each, is_unclear in pairs])
        dtypes = [drawn_dtype(start.type, made.type) for start, made in zip(current, trial.results, strict=False)]
        if not any(dtypes):
            break
        for place, dtype in enumerate(dtypes):
            if dtype is not None:
                value = current[place].operation.attributes["value"].tolist()
                current[place] = builder.as_tensor(literal(value, dtype))
        body = trace([each.type.strong for each in current])
    return current, body


def _meets_another(start: Tensor, result: Tensor) -> bool:
    """Whether a result, or an operand of the operation that makes it, is of another dtype than the start."""
    tensors = (result, *result.operation.inputs)
    return any(each.type.dtype not in (None, start.type.dtype) for each in tensors if not each.type.weak)
