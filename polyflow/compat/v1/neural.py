"""``tf.nn``: functions of neural networks with TensorFlow 1's names and order of arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from polyflow.compat.v1 import recurrent as rnn_cell
from polyflow.compat.v1.elementwise import elu, named, relu, relu6, selu, sigmoid, softplus, softsign, swish, tanh
from polyflow.compat.v1.literals import convert_to_tensor
from polyflow.compat.v1.mathematics import l2_normalize
from polyflow.compat.v1.missing import getter
from polyflow.compat.v1.recurrent import dynamic_rnn
from polyflow.compat.v1.static_shapes import known_numbers
from polyflow.core.dtypes import int32
from polyflow.core.location import user_location
from polyflow.core.primitives import astype
from polyflow.errors import ArgumentError, message
from polyflow.nn.dropping import dropout as _dropout
from polyflow.nn.embedding import embedding_lookup as _embedding_lookup
from polyflow.nn.normalization import batch_normalization, weighted_moments, xw_plus_b
from polyflow.nn.normalization import moments as _moments
from polyflow.nn.norms import l2_loss as _l2_loss
from polyflow.ops.activations import log_softmax as _log_softmax
from polyflow.ops.activations import softmax as _softmax
from polyflow.ops.arithmetic import floor_divide, remainder
from polyflow.ops.channels import bias_add, local_response_normalization
from polyflow.ops.convolution import conv2d as _conv2d
from polyflow.ops.convolution3d import conv3d as _conv3d
from polyflow.ops.convolution_kinds import atrous_conv2d, conv1d, conv2d_transpose, separable_conv2d
from polyflow.ops.convolution_kinds import depthwise_conv2d as depthwise_conv2d_native
from polyflow.ops.creation import ones_like
from polyflow.ops.gathering import gather
from polyflow.ops.joining import concat
from polyflow.ops.losses import sigmoid_cross_entropy_with_logits as _sigmoid_cross_entropy
from polyflow.ops.losses import softmax_cross_entropy_with_logits as _softmax_cross_entropy
from polyflow.ops.losses import sparse_softmax_cross_entropy_with_logits as _sparse_cross_entropy
from polyflow.ops.pooling import avg_pool as _avg_pool
from polyflow.ops.pooling import max_pool as _max_pool
from polyflow.ops.random_discrete import bernoulli
from polyflow.ops.ranking import in_top_k
from polyflow.ops.ranking import top_k as _top_k
from polyflow.ops.rectifiers import leaky_relu as _leaky_relu
from polyflow.ops.searching import where
from polyflow.ops.sources import asarray

l2_loss = named(_l2_loss, "l2_loss", "t")
lrn = local_response_normalization
depthwise_conv2d = depthwise_conv2d_native


def conv2d(
    input: Any,
    filter: Any = None,
    strides: Any = 1,
    padding: Any = "SAME",
    use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC",
    dilations: Any = 1,
    name: str | None = None,
    filters: Any = None,
) -> Any:
    """``polyflow.nn.conv2d``.

    >>> import polyflow.compat.v1 as tf
    >>> y = tf.nn.conv2d(tf.ones([1, 2, 2, 1]), tf.ones([2, 2, 1, 1]), [1, 1, 1, 1], "VALID")
    >>> tf.Session().run(y).tolist()
    [[[[4.0]]]]
    """
    given = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return _conv2d(input, filters if filter is None else filter, name=name, **given)


def conv3d(
    input: Any,
    filter: Any,
    strides: Any = 1,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    dilations: Any = 1,
    name: str | None = None,
) -> Any:
    """``polyflow.nn.conv3d``."""
    given = {"strides": strides, "padding": padding, "data_format": data_format, "dilations": dilations}
    return _conv3d(input, filter, name=name, **given)


def max_pool(
    value: Any, ksize: Any, strides: Any, padding: Any = "SAME", data_format: str = "NHWC", name: str | None = None
) -> Any:
    """``polyflow.nn.max_pool``."""
    return _max_pool(value, ksize=ksize, strides=strides, padding=padding, data_format=data_format, name=name)


def avg_pool(
    value: Any, ksize: Any, strides: Any, padding: Any = "SAME", data_format: str = "NHWC", name: str | None = None
) -> Any:
    """``polyflow.nn.avg_pool``."""
    return _avg_pool(value, ksize=ksize, strides=strides, padding=padding, data_format=data_format, name=name)


def softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Any:
    """``polyflow.nn.softmax``; ``dim`` is an old name of ``axis``."""
    return _softmax(logits, axis=_last(axis, dim), name=name)


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Any:
    """``polyflow.nn.log_softmax``; ``dim`` is an old name of ``axis``."""
    return _log_softmax(logits, axis=_last(axis, dim), name=name)


def _last(axis: int | None, dim: int | None) -> int:
    found = dim if axis is None else axis
    return -1 if found is None else found


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """``polyflow.nn.leaky_relu``."""
    return _leaky_relu(features, alpha=alpha, name=name)


def softmax_cross_entropy_with_logits(
    _sentinel: None = None, labels: Any = None, logits: Any = None, dim: int = -1, name: str | None = None
) -> Any:
    """``polyflow.nn.softmax_cross_entropy_with_logits``.

    >>> import polyflow.compat.v1 as tf
    >>> loss = tf.nn.softmax_cross_entropy_with_logits(labels=[[1.0, 0.0]], logits=[[0.0, 1000.0]])
    >>> tf.Session().run(loss).tolist()
    [1000.0]
    """
    return _softmax_cross_entropy(labels, logits, axis=dim, name=name)


softmax_cross_entropy_with_logits_v2 = softmax_cross_entropy_with_logits


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: None = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """``polyflow.nn.sparse_softmax_cross_entropy_with_logits``."""
    return _sparse_cross_entropy(labels, logits, name=name)


def sigmoid_cross_entropy_with_logits(
    _sentinel: None = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """``polyflow.nn.sigmoid_cross_entropy_with_logits``."""
    return _sigmoid_cross_entropy(labels, logits, name=name)


def moments(
    x: Any,
    axes: Sequence[int],
    shift: None = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Any, Any]:
    """``polyflow.nn.moments``."""
    return _moments(x, axes, bool(keepdims or keep_dims), name=name)


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Sequence[int] | None = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Any:
    """``polyflow.nn.dropout``; ``keep_prob`` or ``rate`` may also be a tensor, such as a placeholder.

    >>> import polyflow.compat.v1 as tf
    >>> keep = tf.placeholder(tf.float32, [])
    >>> found = tf.nn.dropout(tf.ones([100]), keep)
    >>> session = tf.Session()
    >>> [sorted(set(session.run(found, {keep: share}).tolist())) for share in (1.0, 0.5)]
    [[1.0], [0.0, 2.0]]
    """
    if not any(hasattr(each, "__tensor__") for each in (keep_prob, rate)):
        return _dropout(x, keep_prob, noise_shape, seed, name, rate)
    x = asarray(x)
    keep = astype(1 - rate if keep_prob is None else keep_prob, x.dtype)
    if noise_shape is None:
        kept = bernoulli(None, ones_like(x) * keep, seed=seed, name=name or "dropout")
    else:
        kept = bernoulli(tuple(noise_shape), keep, seed=seed, name=name or "dropout")
    return where(kept, x / keep, 0)


class TopK(NamedTuple):
    """What ``top_k`` finds."""

    values: Any
    indices: Any


def top_k(input: Any, k: int = 1, sorted: bool = True, name: str | None = None) -> Any:
    """``polyflow.top_k``, which always sorts; the indices are int32."""
    values, places = _top_k(input, known_numbers(k), name=name)
    return TopK(values, astype(places, int32))


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: str = "mod",
    name: str | None = None,
    validate_indices: bool = True,
    max_norm: float | None = None,
) -> Any:
    """``polyflow.nn.embedding_lookup``; a list of tables is one table whose rows are dealt to them.

    >>> import polyflow.compat.v1 as tf
    >>> tables = [tf.constant([[0.0], [2.0]]), tf.constant([[1.0]])]
    >>> tf.Session().run(tf.nn.embedding_lookup(tables, [2, 1])).tolist()
    [[2.0], [1.0]]

    Of ``n`` tables the strategy "mod" has row ``i`` in table ``i % n``; for "div", where they follow each other, and
    for tables of unknown length raises ``ArgumentError``.
    """
    tables = list(params) if isinstance(params, list | tuple) else [params]
    if len(tables) == 1:
        return _embedding_lookup(tables[0], ids, max_norm=max_norm, name=name)
    lengths = [each.shape[0] for each in tables]
    if partition_strategy != "mod" or None in lengths:
        raise ArgumentError(
            message(
                "embedding_lookup: these tables cannot be put together",
                found=f"{partition_strategy!r}, lengths {lengths}",
                needed="'mod' and known lengths",
                where=user_location(),
                remedy="one table: tf.concat(tables, 0)",
            )
        )
    ids = convert_to_tensor(ids)
    starts = convert_to_tensor([sum(lengths[:place]) for place in range(len(tables))])
    rows = gather(starts, remainder(ids, len(tables))) + floor_divide(ids, len(tables))
    return _embedding_lookup(concat(tables, axis=0), rows, max_norm=max_norm, name=name)


__all__ = [
    "atrous_conv2d",
    "avg_pool",
    "batch_normalization",
    "bias_add",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "depthwise_conv2d",
    "depthwise_conv2d_native",
    "dropout",
    "dynamic_rnn",
    "elu",
    "embedding_lookup",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "local_response_normalization",
    "log_softmax",
    "lrn",
    "max_pool",
    "moments",
    "relu",
    "relu6",
    "rnn_cell",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "tanh",
    "top_k",
    "weighted_moments",
    "xw_plus_b",
]
__getattr__ = getter(__name__, "nn")
