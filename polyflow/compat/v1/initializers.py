"""Initialisers: what gives variables of ``tf.get_variable`` their first values, called with a shape and a dtype."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from polyflow.compat.v1.literals import constant as _constant
from polyflow.compat.v1.missing import getter
from polyflow.compat.v1.shaped import fill
from polyflow.compat.v1.shaped import ones as _ones
from polyflow.compat.v1.shaped import zeros as _zeros
from polyflow.core.dtypes import as_dtype, float32
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, ShapeError, message
from polyflow.ops.creation import eye
from polyflow.ops.linalg_decompositions import qr
from polyflow.ops.linalg_products import diagonal
from polyflow.ops.magnitudes import sign
from polyflow.ops.manipulation import matrix_transpose
from polyflow.ops.manipulation import reshape as _reshape
from polyflow.ops.random_discrete import randint
from polyflow.ops.random_normal import normal
from polyflow.ops.random_normal import truncated_normal as _truncated_normal
from polyflow.ops.random_uniform import uniform as _uniform
from polyflow.ops.sources import asarray

_STANDARD_DEVIATION_WITHIN_TWO = 0.87962566103423978
"""Of the standard normal distribution cut off at -2 and 2."""


class Initializer:
    """Base class: a subclass makes values in :meth:`values`.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.ones_initializer()([2], tf.int32)).tolist()
    [1, 1]
    """

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Sequence[int], dtype: Any = None, partition_info: None = None) -> Tensor:
        """Values of the shape; the dtype is the initialiser's unless it is given."""
        return self.values(tuple(shape), self.dtype if dtype is None else as_dtype(dtype))

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """The values; for subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must say what its values are")


class zeros_initializer(Initializer):
    """Zeros.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.get_variable("w", [2], initializer=tf.zeros_initializer())).tolist()
    [0.0, 0.0]
    """

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """``zeros(shape)``."""
        return _zeros(shape, dtype)


class ones_initializer(Initializer):
    """Ones."""

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """``ones(shape)``."""
        return _ones(shape, dtype)


class constant_initializer(Initializer):
    """One number everywhere, or the elements of a list or an array in the shape.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.constant_initializer([1.0, 2.0, 3.0, 4.0])([2, 2])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]

    A list that is too short for the shape is filled up with its last element.
    """

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        super().__init__(dtype)
        self.value = value

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """The value in the shape."""
        if isinstance(self.value, list | tuple):
            return _constant(self.value, dtype, shape)
        given = asarray(self.value)
        if given.shape == ():
            return fill(shape, asarray(self.value, dtype=dtype))
        return _reshape(asarray(given, dtype=dtype), shape)  # type: ignore[no-any-return]


class random_normal_initializer(Initializer):
    """Numbers of the normal distribution."""

    def __init__(self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(dtype)
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """``polyflow.random.normal``."""
        return normal(shape, self.mean, self.stddev, dtype, seed=self.seed)  # type: ignore[no-any-return]


class truncated_normal_initializer(random_normal_initializer):
    """Numbers of the normal distribution, at most two standard deviations from the mean.

    >>> import polyflow.compat.v1 as tf
    >>> drawn = tf.Session().run(tf.truncated_normal_initializer(stddev=0.1)([100]))
    >>> bool(abs(drawn).max() <= 0.2)
    True
    """

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """``polyflow.random.truncated_normal``."""
        return _truncated_normal(shape, self.mean, self.stddev, dtype, seed=self.seed)  # type: ignore[no-any-return]


class random_uniform_initializer(Initializer):
    """Numbers from ``minval`` to below ``maxval``, each as likely as any other."""

    def __init__(self, minval: Any = 0, maxval: Any = None, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(dtype)
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """``polyflow.random.uniform``, or ``randint`` where the dtype is an integer's."""
        draw = randint if dtype.is_integer else _uniform
        maxval = 1 if self.maxval is None else self.maxval
        return draw(shape, self.minval, maxval, dtype, seed=self.seed)  # type: ignore[no-any-return]


class variance_scaling_initializer(Initializer):
    """Numbers around 0 whose variance is ``scale / n``, ``n`` the number of units that the weights lead in or out.

    >>> import polyflow.compat.v1 as tf
    >>> init = tf.variance_scaling_initializer(scale=3.0, mode="fan_avg", distribution="uniform")
    >>> bool(abs(tf.Session().run(init([2, 4]))).max() <= 3**0.5)
    True

    ``mode`` is "fan_in", "fan_out" or "fan_avg", which is half their sum; ``distribution`` is "truncated_normal" (also
    called "normal"), "untruncated_normal" or "uniform". Raises ``ArgumentError`` for others.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = float32,
    ) -> None:
        super().__init__(dtype)
        distribution = "truncated_normal" if distribution == "normal" else distribution
        _check("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        _check("distribution", distribution, ("truncated_normal", "untruncated_normal", "uniform"))
        if not scale > 0:
            raise ArgumentError(message("variance_scaling_initializer: no scale", found=scale, needed="above 0"))
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """Draws of the distribution."""
        fan_in, fan_out = fans(shape)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return _uniform(shape, -limit, limit, dtype, seed=self.seed)  # type: ignore[no-any-return]
        deviation = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return normal(shape, 0.0, deviation, dtype, seed=self.seed)  # type: ignore[no-any-return]
        deviation /= _STANDARD_DEVIATION_WITHIN_TWO
        return _truncated_normal(shape, 0.0, deviation, dtype, seed=self.seed)  # type: ignore[no-any-return]


def fans(shape: Sequence[int]) -> tuple[float, float]:
    """How many units weights of the shape lead in, and how many they lead out.

    >>> fans([3, 5]), fans([2, 2, 3, 5]), fans([7])
    ((3, 5), (12, 20), (7, 7))
    """
    if len(shape) < 2:
        units = shape[0] if shape else 1
        return units, units
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


def _check(what: str, found: str, known: Sequence[str]) -> None:
    if found not in known:
        raise ArgumentError(
            message(f"variance_scaling_initializer: unknown {what}", found=repr(found), needed=", ".join(known))
        )


class glorot_uniform_initializer(variance_scaling_initializer):
    """Numbers from ``-l`` to ``l``, ``l = sqrt(6 / (fan_in + fan_out))``: what ``get_variable`` takes by itself.

    Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    """

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)


class glorot_normal_initializer(variance_scaling_initializer):
    """Numbers of the truncated normal distribution with the variance ``2 / (fan_in + fan_out)``."""

    def __init__(self, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)


def he_normal(seed: int | None = None) -> variance_scaling_initializer:
    """Numbers of the truncated normal distribution with the variance ``2 / fan_in``, for layers before ``relu``.

    Source: K. He and others, "Delving Deep into Rectifiers" (2015).
    """
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """Numbers from ``-l`` to ``l``, ``l = sqrt(6 / fan_in)``."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> variance_scaling_initializer:
    """Numbers of the truncated normal distribution with the variance ``1 / fan_in``."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """Numbers from ``-l`` to ``l``, ``l = sqrt(3 / fan_in)``."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed)


class orthogonal_initializer(Initializer):
    """A matrix with orthogonal rows or columns, whichever are fewer, times ``gain``; the last axis is its width.

    >>> import polyflow.compat.v1 as tf
    >>> w = tf.Session().run(tf.orthogonal_initializer()([4, 2]))
    >>> (w.T @ w).round(4).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    True

    Raises ``ShapeError`` for shapes of rank below 2. Source: A. Saxe and others, "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks" (2014).
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        super().__init__(dtype)
        self.gain, self.seed = gain, seed

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """The orthogonal factor of a normal matrix, with the signs that make it uniform."""
        if len(shape) < 2:
            raise ShapeError(message("orthogonal_initializer: no matrix", found=shape, needed="two dimensions or more"))
        rows, columns = math.prod(shape[:-1]), shape[-1]
        draw = normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, dtype, seed=self.seed)
        factor, upper = qr(draw)
        factor = factor * sign(diagonal(upper))
        return _reshape(self.gain * (matrix_transpose(factor) if rows < columns else factor), shape)  # type: ignore[no-any-return]


class identity_initializer(Initializer):
    """The identity matrix times ``gain``."""

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        super().__init__(dtype)
        self.gain = gain

    def values(self, shape: tuple[int, ...], dtype: Any) -> Tensor:
        """``gain * eye(rows, columns)``."""
        if len(shape) != 2:
            raise ShapeError(message("identity_initializer: no matrix", found=shape, needed="two dimensions"))
        return self.gain * eye(*shape, dtype=dtype)  # type: ignore[no-any-return]


constant, glorot_normal, glorot_uniform = constant_initializer, glorot_normal_initializer, glorot_uniform_initializer
identity, ones, orthogonal = identity_initializer, ones_initializer, orthogonal_initializer
random_normal, random_uniform = random_normal_initializer, random_uniform_initializer
truncated_normal, variance_scaling = truncated_normal_initializer, variance_scaling_initializer
zeros = zeros_initializer

__all__ = [
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "truncated_normal", "variance_scaling",
    "zeros",
]  # fmt: skip
__getattr__ = getter(__name__, "initializers")
