"""Rows of a table, looked up by number."""

from __future__ import annotations

from typing import Any

from polyflow.nn.norms import clip_by_norm
from polyflow.ops.gathering import gather


def embedding_lookup(params: Any, ids: Any, /, *, max_norm: float | None = None, name: str | None = None) -> Any:
    """The rows of ``params`` whose numbers are ``ids``, shortened to the length ``max_norm`` where they are longer.

    >>> import polyflow as pf
    >>> table = pf.constant([[1.0, 0.0], [3.0, 4.0]])
    >>> pf.Session().run(pf.nn.embedding_lookup(table, [1, 0, 1], max_norm=2.5)).tolist()
    [[1.5, 2.0], [1.0, 0.0], [1.5, 2.0]]

    The gradient with respect to ``params`` has its shape; rows that were not looked up get 0.
    Source: TensorFlow, "tf.nn.embedding_lookup".
    """
    rows = gather(params, ids, name=name)
    return rows if max_norm is None else clip_by_norm(rows, max_norm, -1)
