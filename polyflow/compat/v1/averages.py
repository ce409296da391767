"""``tf.train.ExponentialMovingAverage``: averages of variables that follow them from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.compat.v1.variables import GraphKeys, Variable, global_variables, trainable_variables
from polyflow.core.primitives import astype
from polyflow.core.tensor import Operation
from polyflow.errors import ArgumentError, message
from polyflow.ops.creation import zeros
from polyflow.ops.magnitudes import minimum
from polyflow.ops.ordering import group
from polyflow.ops.state import Variable as _Variable


class ExponentialMovingAverage:
    """Averages ``average -= (1 - decay) * (average - value)`` of variables and tensors.

    >>> import polyflow.compat.v1 as tf
    >>> w = tf.Variable(1.0, name="w")
    >>> average = tf.train.ExponentialMovingAverage(0.75)
    >>> step = average.apply([w])
    >>> session = tf.Session()
    >>> session.run(w.assign(5.0)).tolist(), session.run(step), session.run(average.average(w)).tolist()
    (5.0, None, 2.0)

    With ``num_updates`` the decay is at most ``(1 + num_updates) / (10 + num_updates)``. Averages of variables begin at
    their initial values, those of tensors at 0. Raises ``ArgumentError`` for ``zero_debias``, and for what is averaged
    twice. Source: TensorFlow 1, "tf.train.ExponentialMovingAverage".
    """

    def __init__(
        self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage"
    ) -> None:
        if zero_debias:
            found = "zero_debias=True"
            remedy = "leave it out, and divide by 1 - decay ** steps"
            raise ArgumentError(
                message("ExponentialMovingAverage: polyflow has no such option", found=found, remedy=remedy)
            )
        self.decay, self.num_updates, self.name = decay, num_updates, name
        self._averages: dict[Any, Variable] = {}

    def apply(self, var_list: Sequence[Any] | None = None) -> Operation:
        """The operation that brings the averages of ``var_list``, by default the trainable variables, up to date."""
        followed = trainable_variables() if var_list is None else list(var_list)
        decay = self.decay
        if self.num_updates is not None:
            steps = astype(_tensor(self.num_updates), "float32")
            decay = minimum(decay, (1 + steps) / (10 + steps))
        updates = []
        for each in followed:
            if each in self._averages:
                raise ArgumentError(message(f"ExponentialMovingAverage: {each.name} is averaged already"))
            start = each.initial_value if isinstance(each, _Variable) else zeros(each.shape, dtype=each.dtype)
            average = Variable(start, False, name=self.average_name(each))
            if isinstance(each, _Variable):
                average.graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, each)
            self._averages[each] = average
            share = astype(_tensor(1 - decay), average.dtype) if hasattr(decay, "__tensor__") else 1 - decay
            updates.append(average.assign_sub(share * (average - each)))
        return group(*updates, name=self.name)

    def average(self, var: Any) -> Variable | None:
        """The variable that holds the average of ``var``, ``None`` where there is none."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """The name of the average of ``var``."""
        return f"{var.op.name}/{self.name}"

    def variables_to_restore(self, moving_avg_variables: Sequence[Any] | None = None) -> dict[str, Any]:
        """By the name under which each was saved, the variables; those that have averages by the averages' names."""
        chosen = trainable_variables() if moving_avg_variables is None else moving_avg_variables
        followed = dict.fromkeys([*chosen, *self._averages])
        found = {self.average_name(each): each for each in followed}
        averages = set(self._averages.values())
        rest = [each for each in global_variables() if each not in followed and each not in averages]
        return {**found, **{each.op.name: each for each in rest}}


def _tensor(value: Any) -> Any:
    return value.__tensor__() if hasattr(value, "__tensor__") else value
