"""What of TensorFlow 1 is left out on purpose, with polyflow's way to it; and what is said when a name is not there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import polyflow
from polyflow.errors import nearest

_ROOT = "polyflow.compat.v1"
_HOMES = {"neural": "nn", **{each: each for each in ("train", "losses", "initializers", "linalg")}}
"""The namespace that each module is."""

LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "": {
        "app": "call your main() yourself",
        "bincount": "tf.unsorted_segment_sum(tf.ones_like(values), values, num_segments)",
        "compat": "import polyflow.compat.v1 as tf is that module",
        "contrib": "tf.glorot_uniform_initializer for xavier_initializer; tf.nn.rnn_cell for cells of rnn",
        "data": "feed batches: session.run, session.run_many; or queues, tf.train.batch",
        "Dimension": "sizes are numbers of Python, None where they are not known",
        "disable_eager_execution": "nothing: graphs are what this module builds",
        "dynamic_partition": "tf.boolean_mask(data, tf.equal(partitions, i)) for each i",
        "dynamic_stitch": "tf.scatter_nd, or tf.concat and tf.gather",
        "enable_eager_execution": "polyflow.eager(backend), an eager namespace with gradients",
        "estimator": "a loop around session.run, or session.run_many",
        "fixed_size_partitioner": "variables are whole",
        "flags": "argparse, of Python",
        "gfile": "open and pathlib, of Python",
        "image": "images are arrays: slicing, polyflow.flip, tf.extract_image_patches",
        "hessians": "polyflow.hessian",
        "io": "open, of Python, and what reads the format",
        "keras": "tf.get_variable and the functions of tf.nn",
        "layers": "tf.get_variable and the functions of tf.nn",
        "logging": "logging, of Python",
        "make_template": "a function that opens tf.variable_scope(name, reuse=tf.AUTO_REUSE)",
        "metrics": "tf.reduce_mean of what is counted, fetched with each batch",
        "parse_example": "feed arrays",
        "python_io": "open, of Python, and what reads the format",
        "read_file": "open, of Python, and a placeholder",
        "report_uninitialized_variables": "nothing: variables have their initial values at their first use",
        "saved_model": "the program's text builds the graph again; numpy.savez keeps what session.run gives",
        "sparse_placeholder": "dense arrays with tf.gather, tf.segment_sum",
        "SparseTensor": "dense arrays with tf.gather, tf.segment_sum",
        "sparse_tensor_dense_matmul": "tf.segment_sum(values * tf.gather(dense, columns), rows)",
        "string": "polyflow has no strings: encode them as numbers before they are fed",
        "string_split": "Python's str.split, before numbers are fed",
        "summary": "fetch the values and log them; session.explain shows the graph",
        "test": "pytest and numpy.testing",
        "tfrecord": "open, of Python, and what reads the format",
        "tables_initializer": "nothing: polyflow has no tables",
    },
    "nn": {
        "bidirectional_dynamic_rnn": "two dynamic_rnn, one on tf.reverse(inputs, [1])",
        "ctc_loss": "tf.scan over the frames",
        "fused_batch_norm": "tf.nn.moments and tf.nn.batch_normalization",
        "nce_loss": "tf.nn.sigmoid_cross_entropy_with_logits of drawn classes",
        "raw_rnn": "tf.while_loop with a tf.TensorArray",
        "sampled_softmax_loss": "tf.nn.softmax_cross_entropy_with_logits of drawn classes",
        "static_rnn": "a loop of Python that calls the cell",
    },
    "train": {
        "Checkpoint": "numpy.savez of session.run(tf.global_variables()), and variable.load(value, session)",
        "FtrlOptimizer": "a subclass of polyflow.train.Optimizer with update(gradient, variable)",
        "MonitoredTrainingSession": "tf.Session and a loop",
        "Saver": "numpy.savez of session.run(tf.global_variables()), and variable.load(value, session)",
        "Server": "one process: polyflow has no clusters",
        "SyncReplicasOptimizer": "one process: polyflow has no clusters",
        "latest_checkpoint": "numpy.load of what numpy.savez wrote",
    },
    "losses": {},
    "initializers": {},
    "linalg": {
        "svd": "polyflow.linalg.svd, which gives u, s and the transpose of v",
        "self_adjoint_eig": "tf.linalg.eigh",
        "logdet": "tf.linalg.slogdet(matrix)[1]",
    },
}
"""By namespace, and name there."""


def getter(module: str, space: str) -> Callable[[str], Any]:
    """``__getattr__`` of a module of the vocabulary, which says of a missing name what to write instead.

    >>> import polyflow.compat.v1 as tf
    >>> tf.train.Saver
    Traceback (most recent call last):
    AttributeError: tf.train.Saver is left out on purpose
      try:     numpy.savez of session.run(tf.global_variables()), and variable.load(value, session)
    """
    label = f"tf.{space}" if space else "tf"

    def get(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        way = LEFT_OUT[space].get(name)
        if way is not None:
            raise AttributeError(f"{label}.{name} is left out on purpose\n  try:     {way}")
        raise AttributeError(f"{label}.{name}: polyflow.compat.v1 has no such name\n  try:     {_hint(module, name)}")

    return get


def _hint(module: str, name: str) -> str:
    """Where the name is instead: in another namespace, in polyflow itself, or a name that is nearly the same."""
    spaces = [f"polyflow.compat.v1.{each}" for each in _HOMES] if module == _ROOT else [_ROOT]
    for home in spaces:
        space = _HOMES.get(home.rpartition(".")[2], "")
        if name in _names(home) or name in LEFT_OUT[space]:
            return f"tf.{space}.{name}" if space else f"tf.{name}"
    if name in polyflow.__all__:
        return f"polyflow.{name}"
    close = nearest(name, _names(module))
    return close if close.startswith("did you mean") else "docs/tensorflow-1.md has all names that there are"


def _names(module: str) -> list[str]:
    return list(getattr(sys.modules[module], "__all__", ()))
