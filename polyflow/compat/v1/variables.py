"""Variables in TensorFlow 1's words, the collections that hold them, and the initialisers of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from polyflow.compat.v1.literals import fitted, number_dtype
from polyflow.core.graph import get_default_graph
from polyflow.core.tensor import Operation, Tensor
from polyflow.ops.ordering import group
from polyflow.ops.state import TRAINABLE_VARIABLES, VARIABLES
from polyflow.ops.state import Variable as _Variable

_COUNTER = "/stream/runs:0"
"""How the names of variables end that count the runs of a random operation, which TensorFlow keeps elsewhere."""


class GraphKeys:
    """Names of the collections of a graph.

    >>> import polyflow.compat.v1 as tf
    >>> w = tf.Variable(1.0, name="w")
    >>> tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
    [<Variable 'w' float32[]>]
    """

    GLOBAL_VARIABLES = VARIABLES
    VARIABLES = VARIABLES
    TRAINABLE_VARIABLES = TRAINABLE_VARIABLES
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    UPDATE_OPS = "update_ops"
    SUMMARIES = "summaries"
    GLOBAL_STEP = "global_step"
    ACTIVATIONS = "activations"
    WEIGHTS = "weights"
    BIASES = "biases"


def _casting(called: str) -> Callable[..., Any]:
    """The method of variables that writes a part of them, for updates cast within the kind."""
    write = getattr(_Variable, called)

    def method(self: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
        return write(self, indices, fitted(updates, self.dtype), name)

    method.__name__, method.__doc__ = called, write.__doc__
    return method


class Variable(_Variable):
    """``polyflow.Variable`` with TensorFlow 1's order of arguments; whole numbers without a dtype are int32.

    >>> import polyflow.compat.v1 as tf
    >>> step = tf.Variable(0, trainable=False, name="step")
    >>> step.dtype, tf.trainable_variables()
    (polyflow.int32, [])

    ``collections`` names those that it is put into, beside those of trainable variables, instead of the global ones.
    ``validate_shape``, ``caching_device`` and the like change nothing.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Sequence[str] | None = None,
        validate_shape: bool = True,
        caching_device: object = None,
        name: str | None = None,
        variable_def: None = None,
        dtype: Any = None,
        expected_shape: object = None,
        use_resource: bool | None = None,
    ) -> None:
        value = initial_value() if callable(initial_value) else initial_value
        value = fitted(value, dtype)
        super().__init__(value, dtype=number_dtype(value, dtype), name=name, trainable=bool(trainable))
        keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
        if GraphKeys.GLOBAL_VARIABLES not in keys:
            self.graph.collection(GraphKeys.GLOBAL_VARIABLES).pop()
        for key in set(keys) - {GraphKeys.GLOBAL_VARIABLES, GraphKeys.TRAINABLE_VARIABLES}:
            self.graph.add_to_collection(key, self)

    def initialized_value(self) -> Any:
        """The value; a variable has its initial one at its first use."""
        return self.value()

    def assign(self, value: Any, name: str | None = None, use_locking: bool = False, read_value: bool = True) -> Tensor:
        """An operation that gives the variable ``value``, an array cast to its dtype within the kind.

        >>> import numpy
        >>> import polyflow.compat.v1 as tf
        >>> tf.Session().run(tf.Variable([0.0, 0.0]).assign(numpy.ones(2)))
        array([1., 1.], dtype=float32)
        """
        return super().assign(fitted(value, self.dtype), name)

    def assign_add(
        self, delta: Any, name: str | None = None, use_locking: bool = False, read_value: bool = True
    ) -> Tensor:
        """An operation that adds ``delta``, an array cast to the variable's dtype within the kind."""
        return super().assign_add(fitted(delta, self.dtype), name)

    def assign_sub(
        self, delta: Any, name: str | None = None, use_locking: bool = False, read_value: bool = True
    ) -> Tensor:
        """An operation that subtracts ``delta``, an array cast to the variable's dtype within the kind."""
        return super().assign_sub(fitted(delta, self.dtype), name)

    scatter_update, scatter_nd_update = _casting("scatter_update"), _casting("scatter_nd_update")
    scatter_add, scatter_nd_add = _casting("scatter_add"), _casting("scatter_nd_add")
    scatter_sub, scatter_nd_sub = _casting("scatter_sub"), _casting("scatter_nd_sub")

    def load(self, value: Any, session: Any = None) -> None:
        """Give the variable ``value`` in ``session``, at once."""
        self.assign(value).eval(session=session)


def add_to_collection(name: str, value: Any) -> None:
    """Add ``value`` to a collection of the default graph.

    >>> import polyflow.compat.v1 as tf
    >>> tf.add_to_collection("losses", tf.constant(1.0, name="one"))
    >>> tf.get_collection("losses")
    [<Tensor 'one:0' float32[]>]
    """
    get_default_graph().add_to_collection(name, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """What a collection of the default graph holds; with ``scope``, a regular expression, of matching names only.

    >>> import polyflow.compat.v1 as tf
    >>> both = tf.Variable(1.0, name="a/w"), tf.Variable(2.0, name="b/w")
    >>> [each.name for each in tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="b/")]
    ['b/w:0']
    """
    found = get_default_graph().get_collection(key)
    if key == GraphKeys.GLOBAL_VARIABLES:
        found = [each for each in found if not each.name.endswith(_COUNTER)]
    if scope is None:
        return found
    return [each for each in found if re.match(scope, getattr(each, "name", None) or "")]


def get_collection_ref(key: str) -> list[Any]:
    """The collection itself: what is added to the list is in the collection."""
    return get_default_graph().collection(key)


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables of the default graph, those whose names match ``scope``."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables of the default graph that optimizers change, those whose names match ``scope``."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables in the collection ``GraphKeys.LOCAL_VARIABLES``."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def global_variables_initializer(name: str = "init") -> Operation:
    """The operation that gives each variable its initial value, which it has at its first use anyway.

    >>> import polyflow.compat.v1 as tf
    >>> w = tf.Variable(1.0)
    >>> with tf.Session() as session:
    ...     _ = session.run([w.assign(5.0), tf.global_variables_initializer()])
    ...     session.run(w).tolist()
    1.0
    """
    return variables_initializer(get_collection_ref(GraphKeys.GLOBAL_VARIABLES), name)


initialize_all_variables = global_variables_initializer


def local_variables_initializer(name: str = "init_local") -> Operation:
    """The operation that gives the local variables their initial values; counters of epochs start by themselves."""
    return variables_initializer(local_variables(), name)


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """The operation that gives the variables named their initial values."""
    return group(*[each.initializer for each in var_list], name=name)
