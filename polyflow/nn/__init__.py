"""Functions of neural networks, under the names that TensorFlow 1 gave them."""

from polyflow.nn.dropout import dropout
from polyflow.nn.embedding import embedding_lookup
from polyflow.nn.losses import (
    Reduction,
    absolute_difference,
    compute_weighted_loss,
    cosine_distance,
    hinge_loss,
    huber_loss,
    log_loss,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_softmax_cross_entropy,
)
from polyflow.nn.normalization import batch_norm, batch_normalization, layer_norm, moments, weighted_moments, xw_plus_b
from polyflow.nn.norms import l2_loss, l2_normalize
from polyflow.ops.activations import gelu, log_softmax, sigmoid, silu, softmax, softplus, softsign
from polyflow.ops.attending import attention
from polyflow.ops.channels import bias_add, local_response_normalization
from polyflow.ops.convolution import conv2d
from polyflow.ops.convolution3d import conv3d, conv3d_transpose
from polyflow.ops.convolution_kinds import (
    atrous_conv2d,
    conv1d,
    conv2d_transpose,
    depthwise_conv2d,
    separable_conv2d,
)
from polyflow.ops.encoding import one_hot
from polyflow.ops.losses import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from polyflow.ops.pooling import avg_pool, max_pool
from polyflow.ops.pooling_kinds import avg_pool1d, avg_pool3d, max_pool1d, max_pool3d
from polyflow.ops.ranking import in_top_k
from polyflow.ops.rectifiers import elu, leaky_relu, relu, relu6, selu

lrn = local_response_normalization

__all__ = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "sigmoid",
    "softplus",
    "softsign",
    "silu",
    "gelu",
    "softmax",
    "log_softmax",
    "softmax_cross_entropy_with_logits",
    "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits",
    "one_hot",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv2d_transpose",
    "conv3d_transpose",
    "depthwise_conv2d",
    "separable_conv2d",
    "atrous_conv2d",
    "bias_add",
    "xw_plus_b",
    "max_pool",
    "avg_pool",
    "max_pool1d",
    "avg_pool1d",
    "max_pool3d",
    "avg_pool3d",
    "attention",
    "embedding_lookup",
    "dropout",
    "moments",
    "weighted_moments",
    "batch_normalization",
    "batch_norm",
    "layer_norm",
    "local_response_normalization",
    "lrn",
    "l2_loss",
    "l2_normalize",
    "in_top_k",
    "Reduction",
    "compute_weighted_loss",
    "mean_squared_error",
    "absolute_difference",
    "huber_loss",
    "hinge_loss",
    "log_loss",
    "cosine_distance",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]
