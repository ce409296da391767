"""Where the functions of neural networks live."""

from polyflow.nn.dropping import dropout as dropout
from polyflow.nn.embedding import embedding_lookup as embedding_lookup
from polyflow.nn.losses import Reduction as Reduction
from polyflow.nn.losses import absolute_difference as absolute_difference
from polyflow.nn.losses import compute_weighted_loss as compute_weighted_loss
from polyflow.nn.losses import cosine_distance as cosine_distance
from polyflow.nn.losses import hinge_loss as hinge_loss
from polyflow.nn.losses import huber_loss as huber_loss
from polyflow.nn.losses import log_loss as log_loss
from polyflow.nn.losses import mean_squared_error as mean_squared_error
from polyflow.nn.losses import sigmoid_cross_entropy as sigmoid_cross_entropy
from polyflow.nn.losses import softmax_cross_entropy as softmax_cross_entropy
from polyflow.nn.losses import sparse_softmax_cross_entropy as sparse_softmax_cross_entropy
from polyflow.nn.normalization import batch_norm as batch_norm
from polyflow.nn.normalization import batch_normalization as batch_normalization
from polyflow.nn.normalization import layer_norm as layer_norm
from polyflow.nn.normalization import moments as moments
from polyflow.nn.normalization import weighted_moments as weighted_moments
from polyflow.nn.normalization import xw_plus_b as xw_plus_b
from polyflow.nn.norms import l2_loss as l2_loss
from polyflow.nn.norms import l2_normalize as l2_normalize
from polyflow.ops.activations import gelu as gelu
from polyflow.ops.activations import log_softmax as log_softmax
from polyflow.ops.activations import sigmoid as sigmoid
from polyflow.ops.activations import silu as silu
from polyflow.ops.activations import softmax as softmax
from polyflow.ops.activations import softplus as softplus
from polyflow.ops.activations import softsign as softsign
from polyflow.ops.attending import attention as attention
from polyflow.ops.channels import bias_add as bias_add
from polyflow.ops.channels import local_response_normalization as local_response_normalization
from polyflow.ops.channels import local_response_normalization as lrn
from polyflow.ops.convolution import conv2d as conv2d
from polyflow.ops.convolution3d import conv3d as conv3d
from polyflow.ops.convolution3d import conv3d_transpose as conv3d_transpose
from polyflow.ops.convolution_kinds import atrous_conv2d as atrous_conv2d
from polyflow.ops.convolution_kinds import conv1d as conv1d
from polyflow.ops.convolution_kinds import conv2d_transpose as conv2d_transpose
from polyflow.ops.convolution_kinds import depthwise_conv2d as depthwise_conv2d
from polyflow.ops.convolution_kinds import separable_conv2d as separable_conv2d
from polyflow.ops.encoding import one_hot as one_hot
from polyflow.ops.losses import sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits
from polyflow.ops.losses import softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits
from polyflow.ops.losses import sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits
from polyflow.ops.pooling import avg_pool as avg_pool
from polyflow.ops.pooling import max_pool as max_pool
from polyflow.ops.pooling_kinds import avg_pool1d as avg_pool1d
from polyflow.ops.pooling_kinds import avg_pool3d as avg_pool3d
from polyflow.ops.pooling_kinds import max_pool1d as max_pool1d
from polyflow.ops.pooling_kinds import max_pool3d as max_pool3d
from polyflow.ops.ranking import in_top_k as in_top_k
from polyflow.ops.rectifiers import elu as elu
from polyflow.ops.rectifiers import leaky_relu as leaky_relu
from polyflow.ops.rectifiers import relu as relu
from polyflow.ops.rectifiers import relu6 as relu6
from polyflow.ops.rectifiers import selu as selu

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
