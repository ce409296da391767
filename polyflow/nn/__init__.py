"""Functions of neural networks, under the names that TensorFlow 1 gave them."""

from polyflow.ops.activations import gelu, log_softmax, sigmoid, silu, softmax, softplus, softsign
from polyflow.ops.convolution import conv2d
from polyflow.ops.encoding import one_hot
from polyflow.ops.losses import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    sparse_softmax_cross_entropy_with_logits,
)
from polyflow.ops.pooling import avg_pool, max_pool
from polyflow.ops.rectifiers import elu, leaky_relu, relu, relu6, selu

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
    "conv2d",
    "max_pool",
    "avg_pool",
]
