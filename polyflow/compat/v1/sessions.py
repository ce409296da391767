"""Sessions and random numbers in TensorFlow 1's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.compat.v1.configuration import ConfigProto
from polyflow.compat.v1.literals import fitted
from polyflow.core.dtypes import float32, int64
from polyflow.core.graph import Graph
from polyflow.core.primitives import astype
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.ops.manipulation import permute_dims
from polyflow.ops.random_discrete import categorical, randint, shuffle
from polyflow.ops.random_normal import normal
from polyflow.ops.random_normal import truncated_normal as _truncated_normal
from polyflow.ops.random_uniform import uniform
from polyflow.runtime.options import RunOptions as _RunOptions
from polyflow.session.feeding import find_feed
from polyflow.session.session import Session as _Session


class Session(_Session):
    """A ``polyflow.Session``; the target is the name of a backend, "numpy" without one.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.add(1, 2)).tolist()
    3

    Arrays that are fed take the dtype of their placeholder where that loses no more than digits: float64 becomes
    float32, int64 int32 or a float. Of ``config``, a ``ConfigProto``, the threads and the time limit are taken over.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None) -> None:
        config = config or ConfigProto()
        threads = config.inter_op_parallelism_threads
        options = RunOptions(config.operation_timeout_in_ms)
        super().__init__(target or "numpy", graph, options=options, inter_op_threads=threads or None)

    def run(
        self, fetches: Any, feed_dict: Any = None, options: _RunOptions | None = None, run_metadata: None = None
    ) -> Any:
        """The values of ``fetches``; see ``polyflow.Session.run``."""
        return super().run(fetches, feed_dict, options)

    def run_many(self, fetches: Any, feeds: Any = None, steps: int | None = None, **options: Any) -> Any:
        """The values of ``fetches`` in so many runs; see ``polyflow.Session.run_many``.

        >>> import numpy
        >>> import polyflow.compat.v1 as tf
        >>> x = tf.placeholder(tf.float32, [], name="x")
        >>> tf.Session().run_many(2 * x, {"x:0": numpy.ones(2)}).tolist()
        [2.0, 2.0]
        """
        if isinstance(feeds, Mapping):  # stacked arrays, which no single tensor takes
            feeds = {key: fitted(value, find_feed(self.graph, key).dtype) for key, value in feeds.items()}
        return super().run_many(fetches, feeds, steps, **options)

    def convert_feed(self, tensor: Tensor, value: Any) -> tuple[Any, TensorType]:
        """``value`` as an array of the dtype of ``tensor``, where a cast is of the same kind, and its type."""
        return super().convert_feed(tensor, fitted(value, tensor.dtype))


class InteractiveSession(Session):
    """A session that is the default one until it is closed, so that ``tensor.eval()`` finds it.

    >>> import polyflow.compat.v1 as tf
    >>> session = tf.InteractiveSession()
    >>> tf.constant([1, 2]).eval().tolist()
    [1, 2]
    >>> session.close()
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: ConfigProto | None = None) -> None:
        super().__init__(target, graph, config)
        self._as_default = self.as_default()
        self._as_default.__enter__()

    def close(self) -> None:
        """End it, and with it that it is the default one."""
        if not self.is_closed:
            self._as_default.__exit__(None, None, None)
        super().close()


def RunOptions(timeout_in_ms: int = 0) -> _RunOptions:
    """``polyflow.RunOptions`` with a time limit in milliseconds, 0 for none.

    >>> import polyflow.compat.v1 as tf
    >>> tf.RunOptions(timeout_in_ms=1500).timeout
    1.5
    """
    return _RunOptions(timeout=timeout_in_ms / 1000 or None)


def random_normal(
    shape: Sequence[int],
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """``polyflow.random.normal``."""
    return normal(tuple(shape), mean, stddev, dtype, seed=seed, name=name)


def truncated_normal(
    shape: Sequence[int],
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """``polyflow.random.truncated_normal``, at most two standard deviations from the mean."""
    return _truncated_normal(tuple(shape), mean, stddev, dtype, seed=seed, name=name)


def random_uniform(
    shape: Sequence[int],
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """``polyflow.random.uniform``, or ``randint`` where the dtype is an integer's.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.random_uniform([2], 3, 4, tf.int32)).tolist()
    [3, 3]
    """
    if "int" in str(dtype):
        return randint(tuple(shape), minval, maxval, dtype, seed=seed, name=name)
    return uniform(tuple(shape), minval, 1 if maxval is None else maxval, dtype, seed=seed, name=name)


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """``polyflow.random.shuffle`` along the first axis."""
    return shuffle(value, seed=seed, name=name)


def multinomial(
    logits: Any, num_samples: int, seed: int | None = None, name: str | None = None, output_dtype: Any = int64
) -> Any:
    """For each row of logits ``num_samples`` classes drawn by ``polyflow.random.categorical``.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.multinomial([[0.0, float("inf")]], 3)).tolist()
    [[1, 1, 1]]
    """
    rows = getattr(logits, "shape", None)
    count = len(logits) if rows is None else rows[0]
    draws = permute_dims(categorical(logits, (num_samples, count), seed=seed, name=name), (1, 0))
    return draws if output_dtype is int64 else astype(draws, output_dtype)
