"""The optimizers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.tensor import Tensor
from polyflow.ops.arithmetic import sqrt
from polyflow.ops.state import Variable
from polyflow.training.optimizer import Optimizer, in_dtype_of


class GradientDescentOptimizer(Optimizer):
    """Gradient descent: ``w <- w - learning_rate * g``.

    >>> import polyflow as pf
    >>> w = pf.Variable(3.0)
    >>> step = pf.train.GradientDescentOptimizer(learning_rate=0.5).minimize(w * w)
    >>> with pf.Session() as session:
    ...     session.run(step)
    ...     session.run(w).tolist()
    0.0
    """

    def __init__(self, learning_rate: Any, name: str = "GradientDescent") -> None:
        super().__init__(learning_rate, name)

    def update(self, gradient: Tensor, variable: Variable) -> list[Tensor]:
        return [variable.assign_sub(in_dtype_of(variable, self.learning_rate) * gradient)]


class MomentumOptimizer(Optimizer):
    """Momentum: ``a <- momentum * a + g``; ``w <- w - learning_rate * a``.

    With ``use_nesterov`` the step is ``w <- w - learning_rate * (g + momentum * a)``.

    >>> import polyflow as pf
    >>> w = pf.Variable(1.0)
    >>> step = pf.train.MomentumOptimizer(0.25, momentum=0.5).minimize(w * w)
    >>> with pf.Session() as session:
    ...     session.run([step, step])
    ...     session.run(w).tolist()
    [None, None]
    0.5

    Sources: B. Polyak, "Some methods of speeding up the convergence of iteration methods" (1964); I. Sutskever et al.,
    "On the importance of initialization and momentum in deep learning" (2013).
    """

    def __init__(
        self, learning_rate: Any, momentum: Any, name: str = "Momentum", *, use_nesterov: bool = False
    ) -> None:
        super().__init__(learning_rate, name)
        self.momentum = momentum
        self.use_nesterov = use_nesterov

    def update(self, gradient: Tensor, variable: Variable) -> list[Tensor]:
        momentum = self.slot(variable, "momentum")
        rate, factor = in_dtype_of(variable, self.learning_rate), in_dtype_of(variable, self.momentum)
        accumulated = momentum.assign(factor * momentum + gradient)
        direction = gradient + factor * accumulated if self.use_nesterov else accumulated
        return [accumulated, variable.assign_sub(rate * direction)]


class AdamOptimizer(Optimizer):
    """Adam: steps along the mean of the gradients, divided by the root of the mean of their squares.

    ``m <- beta1 * m + (1 - beta1) * g``; ``v <- beta2 * v + (1 - beta2) * g * g``;
    ``w <- w - learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)`` in step ``t``.

    >>> import polyflow as pf
    >>> w = pf.Variable(1.0)
    >>> step = pf.train.AdamOptimizer(learning_rate=0.5).minimize(w * w)
    >>> with pf.Session() as session:
    ...     session.run(step)
    ...     round(float(session.run(w)), 3)
    0.5

    Source: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015), with ``epsilon`` as in the
    formulation before their section 2.1, which TensorFlow follows.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "Adam",
    ) -> None:
        super().__init__(learning_rate, name)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self._powers: tuple[Variable, Variable] | None = None
        self._rate: Any = None

    def prepare(self, variables: Sequence[Variable]) -> list[Tensor]:
        """The powers of ``beta1`` and ``beta2``, and the rate of this step."""
        if self._powers is None:
            dtype = variables[0].dtype
            self._powers = (
                Variable(1.0, dtype=dtype, name=f"{self.name}/beta1_power", trainable=False),
                Variable(1.0, dtype=dtype, name=f"{self.name}/beta2_power", trainable=False),
            )
        power1, power2 = self._powers
        updates = [power1.assign(power1 * self.beta1), power2.assign(power2 * self.beta2)]
        self._rate = self.learning_rate * sqrt(1 - power2.value()) / (1 - power1.value())
        return updates

    def update(self, gradient: Tensor, variable: Variable) -> list[Tensor]:
        mean, square = self.slot(variable, "m"), self.slot(variable, "v")
        new_mean = mean.assign(mean + (gradient - mean) * (1 - self.beta1))
        new_square = square.assign(square + (gradient * gradient - square) * (1 - self.beta2))
        step = in_dtype_of(variable, self._rate) * new_mean / (sqrt(new_square) + self.epsilon)
        return [new_mean, new_square, variable.assign_sub(step)]
