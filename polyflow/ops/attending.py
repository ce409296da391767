"""Attention: means of values, weighted by how well keys fit queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.samples import ErrorSample, Sample, booleans, normal, values
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.types import TensorType, format_shape
from polyflow.errors import DTypeError, ShapeError, message
from polyflow.ops.activations import softmax
from polyflow.ops.data_types import finfo


@define_op(
    namespace="nn",
    dtypes={"query": "real floating", "key": "real floating", "value": "real floating"},
    promote=("query", "key", "value"),
)
def attention(
    query: TensorType,
    key: TensorType,
    value: TensorType,
    /,
    mask: TensorType | None = None,
    *,
    is_causal: bool = False,
    scale: float | None = None,
) -> TensorType:
    """Scaled dot-product attention, ``softmax(query @ key.T * scale) @ value``.

    >>> import polyflow as pf
    >>> query, key = pf.constant([[0.0]]), pf.constant([[1.0], [5.0]])
    >>> pf.Session().run(pf.nn.attention(query, key, [[2.0, 4.0], [4.0, 8.0]])).tolist()
    [[3.0, 6.0]]
    >>> pf.Session().run(pf.nn.attention(query, key, [[2.0, 4.0], [4.0, 8.0]], [[False, True]])).tolist()
    [[4.0, 8.0]]

    The shapes are (..., queries, depth), (..., keys, depth) and (..., keys, depth of values); what stands before
    broadcasts. ``mask`` broadcasts to (..., queries, keys): where it is a mask of truth values, false means that the
    query does not see the key; a mask of numbers is added to the logits. ``is_causal`` hides the keys that stand behind
    the query. A query that sees no key gets zeros. ``scale`` is ``1 / sqrt(depth)`` unless given.
    Source: A. Vaswani and others, "Attention is all you need", 2017.
    """
    shapes = [each.known_shape for each in (query, key, value)]
    if (
        any(len(each) < 2 for each in shapes)
        or _differ(shapes[0][-1], shapes[1][-1])
        or _differ(shapes[1][-2], shapes[2][-2])
    ):
        found = ", ".join(map(format_shape, shapes))
        needed = "(..., queries, depth), (..., keys, depth), (..., keys, depth of values)"
        raise ShapeError(message("query, key and value do not fit together", found=found, needed=needed))
    batch = broadcast_shapes(*(each[:-2] for each in shapes))
    if mask is not None:
        if mask.known_dtype.kind not in ("bool", "float"):
            raise DTypeError(message("not a mask", found=mask.dtype, needed="bool, or a real floating dtype"))
        logits = (*batch, shapes[0][-2], shapes[1][-2])
        full = broadcast_shapes(logits, mask.known_shape)
        if len(full) != len(logits) or any(_differ(*pair) for pair in zip(full[-2:], logits[-2:], strict=True)):
            found = format_shape(mask.known_shape)
            raise ShapeError(message("the mask does not fit the logits", found=found, needed=format_shape(logits)))
        batch = full[:-2]
    return query.with_shape((*batch, shapes[0][-2], shapes[2][-1]))


def _differ(left: int | None, right: int | None) -> bool:
    return None not in (left, right) and left != right


@attention.expansion
def attention_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp = builder.xp
    query, key, value, *masks = inputs
    scale = attributes["scale"]
    logits = (query * (max(query.shape[-1], 1) ** -0.5 if scale is None else scale)) @ xp.matrix_transpose(key)
    visible = None
    for mask in masks:
        if mask.dtype.kind == "bool":
            visible = mask
        else:
            logits = logits + xp.astype(mask, logits.dtype)
    if attributes["is_causal"]:
        queries, keys = (xp.arange(size) for size in logits.shape[-2:])
        before = xp.expand_dims(queries, axis=1) >= keys
        visible = before if visible is None else xp.logical_and(visible, before)
    if visible is None:
        return softmax(logits) @ value
    # A finite bottom, so that a row without a visible key has no infinity minus infinity; its weights are zeros.
    weights = softmax(xp.where(visible, logits, finfo(logits.dtype).min))
    return xp.where(visible, weights, 0.0) @ value


@attention.samples
def attention_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3, 4), normal(2, 5, 4, seed=1), normal(2, 5, 3, seed=2))
    yield Sample(normal(3, 2), normal(3, 2, seed=1), normal(3, 2, seed=2), is_causal=True, scale=1.5)
    yield Sample(normal(2, 1, 3, 2), normal(2, 4, 2, seed=1), normal(4, 2, seed=2), booleans(3, 4, seed=3))
    yield Sample(normal(3, 2), normal(2, 2, seed=1), normal(2, 1, seed=2), mask=normal(2, seed=3))
    blind = values([[False, False], [True, False]], "bool")
    yield Sample(normal(2, 2), normal(2, 2, seed=1), normal(2, 1, seed=2), blind, is_causal=True)
    yield ErrorSample(normal(3, 2), normal(3, 3), normal(3, 2)).raises(ShapeError, "do not fit together")
    yield ErrorSample(normal(3, 2), normal(3, 2), normal(3, 2), booleans(2, 3)).raises(ShapeError, "broadcast")
    yield ErrorSample(normal(3, 2), normal(3, 2), normal(3, 2), values([[1]], "int64")).raises(DTypeError, "not a mask")
