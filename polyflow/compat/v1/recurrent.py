"""``tf.nn.rnn_cell`` and ``tf.nn.dynamic_rnn``: recurrent networks as a cell and a loop over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from polyflow.compat.v1.initializers import ones_initializer, zeros_initializer
from polyflow.compat.v1.literals import convert_to_tensor
from polyflow.compat.v1.scopes import get_variable, variable_scope
from polyflow.compat.v1.shaped import range, zeros
from polyflow.control_flow.scanning import scan
from polyflow.core.dtypes import float32
from polyflow.core.structures import flatten
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, ShapeError, message
from polyflow.ops.activations import sigmoid
from polyflow.ops.dimensions import shape
from polyflow.ops.hyperbolic import tanh
from polyflow.ops.joining import concat
from polyflow.ops.linear import matmul
from polyflow.ops.manipulation import expand_dims, permute_dims
from polyflow.ops.ordering import identity
from polyflow.ops.searching import where
from polyflow.ops.slicing import split


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM: the cell ``c`` and the output ``h``."""

    c: Any
    h: Any


class RNNCell:
    """Base class: a subclass says in ``call(inputs, state)`` what output and state come next.

    The variables are made at the first call, in a scope named after the cell, and shared by all others.
    """

    base_name = "rnn_cell"

    def __init__(
        self,
        num_units: int,
        activation: Callable[[Any], Any] | None = None,
        reuse: Any = None,
        name: str | None = None,
    ) -> None:
        self.num_units = num_units
        self.activation = activation or tanh
        self._reuse = reuse
        self._name = name or self.base_name
        self._scope: Any = None

    @property
    def state_size(self) -> Any:
        """The number of elements of the state, or a tuple of them."""
        return self.num_units

    @property
    def output_size(self) -> int:
        """The number of elements of the output."""
        return self.num_units

    def zero_state(self, batch_size: Any, dtype: Any = float32) -> Any:
        """A state of zeros."""
        return zeros([batch_size, self.num_units], dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        """The output and the state after one step."""
        if self._scope is not None:
            with variable_scope(self._scope, reuse=True):
                return self.call(inputs, state)
        with variable_scope(scope or self._name, reuse=self._reuse) as self._scope:
            return self.call(inputs, state)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """What one step makes; for subclasses."""
        raise NotImplementedError(f"{type(self).__name__} must say what a step makes")

    def _affine(self, inputs: Any, state: Any, units: int, prefix: str = "", bias: Any = None) -> Any:
        """``concat([inputs, state]) @ kernel + bias``."""
        both = concat([inputs, state], axis=1)
        rows = both.type.known_shape[1]
        if rows is None:
            raise ShapeError(
                message(
                    f"{self._name}: the number of inputs is not known", found=both.type, needed="the last dimension"
                )
            )
        kernel = get_variable(f"{prefix}kernel", [rows, units], dtype=both.dtype)
        return matmul(both, kernel) + get_variable(
            f"{prefix}bias", [units], dtype=both.dtype, initializer=bias or zeros_initializer()
        )


class BasicRNNCell(RNNCell):
    """``h <- tanh(concat([x, h]) @ kernel + bias)``.

    >>> import polyflow.compat.v1 as tf
    >>> cell = tf.nn.rnn_cell.BasicRNNCell(2)
    >>> outputs, state = tf.nn.dynamic_rnn(cell, tf.ones([3, 4, 5]), dtype=tf.float32)
    >>> outputs.shape, state.shape, [each.name for each in tf.trainable_variables()]
    ((3, 4, 2), (3, 2), ['rnn/basic_rnn_cell/kernel:0', 'rnn/basic_rnn_cell/bias:0'])
    """

    base_name = "basic_rnn_cell"

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """One step."""
        found = self.activation(self._affine(inputs, state, self.num_units))
        return found, found


class GRUCell(RNNCell):
    """A gated recurrent unit: ``r, u <- sigmoid(...)``; ``h <- u * h + (1 - u) * tanh([x, r * h] @ kernel + bias)``.

    Source: K. Cho and others, "Learning Phrase Representations using RNN Encoder-Decoder" (2014), as TensorFlow has it.
    """

    base_name = "gru_cell"

    def __init__(
        self,
        num_units: int,
        activation: Callable[[Any], Any] | None = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(num_units, activation, reuse, name)
        if kernel_initializer is not None or bias_initializer is not None:
            raise ArgumentError(
                message("GRUCell: polyflow has no initialisers of cells", remedy="variable_scope(..., initializer=...)")
            )

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        """One step."""
        gates = sigmoid(self._affine(inputs, state, 2 * self.num_units, "gates/", ones_initializer()))
        reset, update = split(gates, 2, axis=1)
        candidate = self.activation(self._affine(inputs, reset * state, self.num_units, "candidate/"))
        found = update * state + (1 - update) * candidate
        return found, found


class BasicLSTMCell(RNNCell):
    """Long short-term memory: ``i, j, f, o <- [x, h] @ kernel + bias``; ``c <- c * sigmoid(f + forget_bias)
    + sigmoid(i) * tanh(j)``; ``h <- tanh(c) * sigmoid(o)``.

    >>> import polyflow.compat.v1 as tf
    >>> _, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(2), tf.ones([3, 4, 5]), dtype=tf.float32)
    >>> state.c.shape, state.h.shape
    ((3, 2), (3, 2))

    Source: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory" (1997).
    """

    base_name = "basic_lstm_cell"

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Callable[[Any], Any] | None = None,
        reuse: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(num_units, activation, reuse, name)
        if not state_is_tuple:
            raise ArgumentError(message(f"{type(self).__name__}: the state is a tuple", found="state_is_tuple=False"))
        self.forget_bias = forget_bias

    @property
    def state_size(self) -> LSTMStateTuple:
        """The numbers of elements of ``c`` and of ``h``."""
        return LSTMStateTuple(self.num_units, self.num_units)

    def zero_state(self, batch_size: Any, dtype: Any = float32) -> LSTMStateTuple:
        """A state of zeros."""
        return LSTMStateTuple(super().zero_state(batch_size, dtype), super().zero_state(batch_size, dtype))

    def call(self, inputs: Any, state: Any) -> tuple[Any, LSTMStateTuple]:
        """One step."""
        cell, output = state
        parts = split(self._affine(inputs, output, 4 * self.num_units), 4, axis=1)
        enter, new, forget, leave = parts
        cell = cell * sigmoid(forget + self.forget_bias) + sigmoid(enter) * self.activation(new)
        output = self.activation(cell) * sigmoid(leave)
        return output, LSTMStateTuple(cell, output)


class LSTMCell(BasicLSTMCell):
    """``BasicLSTMCell``, whose variables are called after ``lstm_cell``: no peepholes, projections or clipping."""

    base_name = "lstm_cell"

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Callable[[Any], Any] | None = None,
        reuse: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(num_units, forget_bias, state_is_tuple, activation, reuse, name)
        self.initializer = initializer

    def call(self, inputs: Any, state: Any) -> tuple[Any, LSTMStateTuple]:
        """One step."""
        if self.initializer is None:
            return super().call(inputs, state)
        with variable_scope("", initializer=self.initializer):
            return super().call(inputs, state)


class MultiRNNCell(RNNCell):
    """Cells one upon the other: each takes the output of the one below.

    >>> import polyflow.compat.v1 as tf
    >>> cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.GRUCell(size) for size in (2, 3)])
    >>> outputs, states = tf.nn.dynamic_rnn(cell, tf.ones([3, 4, 5]), dtype=tf.float32)
    >>> outputs.shape, [each.shape for each in states]
    ((3, 4, 3), [(3, 2), (3, 3)])
    """

    base_name = "multi_rnn_cell"

    def __init__(self, cells: Sequence[RNNCell], state_is_tuple: bool = True) -> None:
        super().__init__(cells[-1].num_units, None, None, None)
        self.cells = list(cells)

    @property
    def state_size(self) -> tuple[Any, ...]:
        """Those of the cells."""
        return tuple(each.state_size for each in self.cells)

    def zero_state(self, batch_size: Any, dtype: Any = float32) -> tuple[Any, ...]:
        """The cells' states of zeros."""
        return tuple(each.zero_state(batch_size, dtype) for each in self.cells)

    def call(self, inputs: Any, state: Any) -> tuple[Any, tuple[Any, ...]]:
        """One step of each cell."""
        states = []
        for place, (cell, each) in enumerate(zip(self.cells, state, strict=True)):
            with variable_scope(f"cell_{place}"):
                inputs, new = cell(inputs, each)
            states.append(new)
        return inputs, tuple(states)


def dynamic_rnn(
    cell: RNNCell,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Tensor, Any]:
    """The outputs of a cell over time, and its last state.

    ``inputs`` is ``[batch, time, features]``, and so are the outputs; with ``time_major`` time comes first. A sequence
    that is over, by ``sequence_length``, has outputs of 0 and keeps its state. The state is zeros at first unless
    ``initial_state`` is given. Raises ``ArgumentError`` without it and without a dtype.
    """
    inputs = convert_to_tensor(inputs)
    with variable_scope(scope or "rnn"):
        by_time = inputs if time_major else permute_dims(inputs, (1, 0, 2))
        steps, batch = (shape(by_time, dtype="int32")[place] for place in (0, 1))
        if initial_state is None:
            if dtype is None:
                raise ArgumentError(message("dynamic_rnn: no dtype", needed="dtype or initial_state"))
            known = by_time.type.known_shape[1]
            initial_state = cell.zero_state(batch if known is None else known, dtype)
        start, structure = flatten(initial_state)
        nothing = zeros(
            [start[-1].shape[0] if start[-1].shape[0] is not None else batch, cell.output_size], inputs.dtype
        )

        def step(carried: Any, each: Any) -> Any:
            time, x = each
            output, state = cell(x, structure.rebuild(list(carried[1:])))
            leaves, _ = flatten(state)
            if sequence_length is not None:
                goes_on = expand_dims(time < sequence_length, axis=1)
                leaves = [where(goes_on, new, old) for new, old in zip(leaves, carried[1:], strict=True)]
                output = where(goes_on, output, nothing)
            return (output, *leaves)

        outputs, *states = scan(step, (range(steps), by_time), (nothing, *start))
        final = structure.rebuild([_last(each, first) for each, first in zip(states, start, strict=True)])
        return outputs if time_major else permute_dims(outputs, (1, 0, 2)), final


def _last(states: Any, first: Any) -> Any:
    """The state after the last step, the first one where there is no step."""
    return identity(concat([expand_dims(first, axis=0), states], axis=0)[-1])


__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "MultiRNNCell",
    "RNNCell",
]
