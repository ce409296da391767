"""Optimizers that divide each element's step by the size of its gradients so far."""

from __future__ import annotations

from typing import Any

from polyflow.core.tensor import Tensor
from polyflow.errors import ValueRangeError, message
from polyflow.ops.arithmetic import sqrt
from polyflow.ops.state import Variable
from polyflow.training.optimizer import Optimizer, in_dtype_of


class AdagradOptimizer(Optimizer):
    """Adagrad: ``a <- a + g * g``; ``w <- w - learning_rate * g / sqrt(a)``.

    >>> import polyflow as pf
    >>> w = pf.Variable(1.0)
    >>> step = pf.train.AdagradOptimizer(0.5, initial_accumulator_value=12.0).minimize(w * w)
    >>> with pf.Session() as session:
    ...     session.run(step)
    ...     session.run(w).tolist()
    0.75

    ``a`` is ``initial_accumulator_value`` at first, which is above 0, or ``ValueRangeError`` is raised.
    Source: J. Duchi and others, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011).
    """

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        super().__init__(learning_rate, name)
        if not initial_accumulator_value > 0:
            raise ValueRangeError(
                message(
                    "AdagradOptimizer: no initial_accumulator_value", found=initial_accumulator_value, needed="above 0"
                )
            )
        self.initial_accumulator_value = initial_accumulator_value

    def update(self, gradient: Tensor, variable: Variable) -> list[Tensor]:
        sums = self.slot(variable, "accumulator", self.initial_accumulator_value)
        new_sums = sums.assign(sums + gradient * gradient)
        return [new_sums, variable.assign_sub(in_dtype_of(variable, self.learning_rate) * gradient / sqrt(new_sums))]


class RMSPropOptimizer(Optimizer):
    """RMSProp: ``s <- decay * s + (1 - decay) * g * g``; ``a <- momentum * a + learning_rate * g / sqrt(s + epsilon)``.

    Then ``w <- w - a``. With ``centered`` the square of the gradients' own mean, kept as ``s`` is, is taken off ``s``.

    >>> import polyflow as pf
    >>> w = pf.Variable(1.0)
    >>> step = pf.train.RMSPropOptimizer(0.5, decay=0.0, epsilon=0.0).minimize(w * w)
    >>> with pf.Session() as session:
    ...     session.run(step)
    ...     session.run(w).tolist()
    0.5

    ``s`` is 1 at first, as in TensorFlow.
    Source: T. Tieleman and G. Hinton, "Neural Networks for Machine Learning", lecture 6.5 (2012).
    """

    def __init__(
        self,
        learning_rate: Any,
        decay: float = 0.9,
        momentum: Any = 0.0,
        epsilon: float = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        super().__init__(learning_rate, name)
        self.decay = decay
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def update(self, gradient: Tensor, variable: Variable) -> list[Tensor]:
        squares = self.slot(variable, "rms", 1.0)
        momentum = self.slot(variable, "momentum")
        updates = [squares.assign(self.decay * squares + (1 - self.decay) * gradient * gradient)]
        spread = updates[0]
        if self.centered:
            mean = self.slot(variable, "mg")
            updates.append(mean.assign(self.decay * mean + (1 - self.decay) * gradient))
            spread = spread - updates[1] * updates[1]
        step = in_dtype_of(variable, self.learning_rate) * gradient / sqrt(spread + self.epsilon)
        updates.append(momentum.assign(in_dtype_of(variable, self.momentum) * momentum + step))
        return [*updates, variable.assign_sub(updates[-1])]
