"""Optimizers: operations that change variables along the gradient of a loss, in TensorFlow 1's words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from polyflow.autodiff.gradients import gradients
from polyflow.core.location import user_location
from polyflow.core.primitives import astype
from polyflow.core.tensor import Operation, Tensor
from polyflow.errors import GradientError, message
from polyflow.ops.creation import full, zeros
from polyflow.ops.ordering import group
from polyflow.ops.state import Variable, as_variables

GradientsAndVariables = Sequence[tuple[Tensor | None, Variable]]


class Optimizer:
    """Base class: a subclass says in :meth:`update` what one step does to one variable.

    ``learning_rate`` is a number or a tensor.
    """

    def __init__(self, learning_rate: Any, name: str) -> None:
        self.learning_rate = learning_rate
        self.name = name
        self._slots: dict[tuple[str, Variable], Variable] = {}

    def minimize(
        self,
        loss: Tensor,
        global_step: Variable | None = None,
        var_list: Sequence[Variable] | None = None,
        name: str | None = None,
    ) -> Operation:
        """An operation that takes one step: ``compute_gradients``, then ``apply_gradients``."""
        return self.apply_gradients(self.compute_gradients(loss, var_list), global_step, name)

    def compute_gradients(
        self, loss: Tensor, var_list: Sequence[Variable] | None = None
    ) -> list[tuple[Tensor | None, Variable]]:
        """Pairs of gradient and variable, for the trainable variables of the loss's graph or those given."""
        variables = as_variables(var_list, lambda: loss.graph.get_collection("trainable_variables"))
        if not variables:
            raise GradientError(
                message(
                    f"{self.name}: there is nothing to train",
                    found="no trainable variable in the graph",
                    where=user_location(),
                    remedy="make one with polyflow.Variable, or pass var_list",
                )
            )
        return list(zip(gradients(loss, variables), variables, strict=True))

    def apply_gradients(
        self,
        grads_and_vars: GradientsAndVariables,
        global_step: Variable | None = None,
        name: str | None = None,
    ) -> Operation:
        """An operation that takes one step along these gradients; pairs whose gradient is ``None`` are left out."""
        pairs = [(gradient, variable) for gradient, variable in grads_and_vars if gradient is not None]
        if not pairs:
            names = ", ".join(variable.name for _, variable in grads_and_vars)
            raise GradientError(
                message(
                    f"{self.name}: the loss depends on none of the variables",
                    found=names or "no variables",
                    where=user_location(),
                    remedy="check that the loss is computed from them",
                )
            )
        graph = pairs[0][1].graph
        with graph.as_default(), graph.name_scope(name or self.name):
            updates = self.prepare([variable for _, variable in pairs])
            for gradient, variable in pairs:
                updates += self.update(gradient, variable)
            if global_step is not None:
                updates.append(global_step.assign_add(1))
            return group(*updates, name="update")

    def prepare(self, variables: Sequence[Variable]) -> list[Tensor]:
        """Updates of what the optimizer keeps once for all variables."""
        return []

    def update(self, gradient: Tensor, variable: Variable) -> list[Tensor]:
        """The assignments that one step makes for ``variable``."""
        raise NotImplementedError(f"{type(self).__name__} must say how it updates a variable")

    def slot(self, variable: Variable, name: str, start_value: float = 0.0) -> Variable:
        """A variable of the optimizer's own, of the shape of ``variable``, ``start_value`` everywhere at first."""
        key = name, variable
        if key not in self._slots:
            make = partial(full, fill_value=start_value) if start_value else zeros
            start = partial(make, variable.shape, dtype=variable.dtype)  # called outside bodies, as variables are made
            self._slots[key] = Variable(start, name=f"{variable.operation.name}/{name}", trainable=False)
        return self._slots[key]

    def get_slot(self, variable: Variable, name: str) -> Variable | None:
        """The slot made before, or ``None``."""
        return self._slots.get((name, variable))

    def get_slot_names(self) -> list[str]:
        """The names of all slots."""
        return sorted({name for name, _ in self._slots})


def in_dtype_of(variable: Variable, value: Any) -> Any:
    """``value``, such as a learning rate, in the dtype of ``variable``: a tensor is cast, a number fits anyway."""
    return astype(value, variable.dtype) if hasattr(value, "__tensor__") else value
