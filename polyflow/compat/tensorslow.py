"""TensorSlow's vocabulary: programs written for the small pure-Python remake of TensorFlow's graph run here.

>>> import polyflow.compat.tensorslow as ts
>>> graph = ts.Graph().as_default()
>>> A, b, x = ts.Variable([[1, 0], [0, -1]]), ts.Variable([1, 1]), ts.placeholder()
>>> ts.Session().run(ts.add(ts.matmul(A, x), b), {x: [1, 2]}).tolist()
[2, -1]

Its words are kept, its behaviour where it was wrong is not: gradients of broadcast operands have the operand's shape,
shared subexpressions are computed once, graphs may be deep, several fetches are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.autodiff.registered import RegisterGradient, registered_gradient
from polyflow.core.building import overriding
from polyflow.core.declaration import Op
from polyflow.core.graph import Graph, get_default_graph
from polyflow.core.location import user_location
from polyflow.core.operators import Operators
from polyflow.core.tensor import Tensor
from polyflow.core.types import UNKNOWN, TensorType
from polyflow.errors import ArgumentError, PolyflowError, message
from polyflow.nn import sigmoid, softmax
from polyflow.ops.arithmetic import add, multiply, negative
from polyflow.ops.exponential import log
from polyflow.ops.linear import matmul
from polyflow.ops.reductions import sum as _sum
from polyflow.ops.sources import placeholder as _placeholder
from polyflow.ops.state import Variable
from polyflow.session.session import Session as _Session
from polyflow.training import optimizers as train


def placeholder() -> Tensor:
    """A tensor that is given with each run; its dtype and shape are those of what it is fed."""
    return _placeholder()


def reduce_sum(x: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """The sum of the elements of ``x`` over ``axis``."""
    return _sum(x, axis=axis)  # type: ignore[no-any-return]


class Session:
    """Runs operations of the graph that is the default one when it is made.

    ``backend`` is the only word that TensorSlow does not have.
    """

    def __init__(self, backend: str = "numpy") -> None:
        self._session = _Session(backend)

    def run(self, operation: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """The value of ``operation``, or the values of several."""
        return self._session.run(operation, feed_dict)


class Operation(Operators):
    """Base class of a user's own operations: a subclass says in ``compute`` how its value comes about.

    ``compute`` gets tensors, and may use operators, polyflow's functions and NumPy's on them. Its gradient is that of
    what it computes, unless one is registered with ``RegisterGradient`` under the name of the class.

    >>> import polyflow.compat.tensorslow as ts
    >>> class twice(ts.Operation):
    ...     def __init__(self, x):
    ...         super().__init__([x])
    ...     def compute(self, x_value):
    ...         return 2 * x_value
    >>> ts.Session().run(twice([1, 2])).tolist()
    [2, 4]
    """

    def __init__(self, input_nodes: Sequence[Any] = ()) -> None:
        self.input_nodes = list(input_nodes)
        graph = get_default_graph()
        inputs = tuple(graph.as_tensor(each) for each in self.input_nodes)
        self._tensor = graph.add(_op_of(type(self)), inputs, {"instance": self}).output

    def compute(self, *values: Any) -> Any:
        """The value of the operation for these values of its inputs."""
        raise NotImplementedError(f"{type(self).__name__} must say how it is computed")

    @property
    def owner(self) -> Graph:
        return self._tensor.graph  # type: ignore[no-any-return]

    @property
    def handle(self) -> Tensor:
        """The tensor that stands for the operation's value."""
        return self._tensor

    def __tensor__(self) -> Tensor:
        return self._tensor


_OPS: dict[type, Op] = {}


def _op_of(cls: type[Operation]) -> Op:
    """The op of a user's class: its name is the class's, and it is computed by tracing ``compute``."""
    if cls not in _OPS:
        op = Op(_infer, name=cls.__name__, takes_unknown=True)
        op.__module__ = cls.__module__
        op.expansion(_trace)
        _OPS[cls] = op
    return _OPS[cls]


def _infer(*operands: TensorType, instance: Operation) -> TensorType:
    return UNKNOWN


def _trace(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Tensor:
    instance: Operation = attributes["instance"]
    name = type(instance).__name__
    with overriding(builder):
        try:
            result = builder.as_tensor(instance.compute(*inputs))
        except PolyflowError:
            raise
        except Exception as error:
            raise ArgumentError(
                message(
                    f"{name}.compute failed on symbolic values: {type(error).__name__}: {error}",
                    needed="operators, and functions of polyflow or NumPy, on its arguments",
                    where=builder.location or user_location(),
                )
            ) from error
    if registered_gradient(name) is None:
        return result  # type: ignore[no-any-return]
    return builder.add(_registered_op(name), (result, *inputs), {}, name).output  # type: ignore[no-any-return]


_REGISTERED: dict[str, Op] = {}


def _registered_op(name: str) -> Op:
    """An op that returns its first operand, with the registered gradient with respect to the others."""
    if name not in _REGISTERED:

        def rule(value: TensorType, *operands: TensorType) -> TensorType:
            return TensorType(value.dtype, value.shape)

        op = Op(rule, name=f"{name}_with_gradient")
        op.kernel(lambda xp, value, *operands: value)
        op.gradient(lambda xp, operation, g: (None, *_call_registered(xp, name, operation, g)))
        _REGISTERED[name] = op
    return _REGISTERED[name]


def _call_registered(xp: Any, name: str, operation: Any, g: Tensor) -> tuple[Any, ...]:
    rule = registered_gradient(name)
    assert rule is not None, "looked up when the op was made"
    found = rule(xp, _View(operation), g)
    return tuple(found) if isinstance(found, list | tuple) else (found,)


class _View:
    """What a registered gradient sees of the operation: the inputs that the user gave it."""

    def __init__(self, operation: Any) -> None:
        self.inputs = list(operation.inputs[1:])
        self.output = operation.output
        self.outputs = [self.output]


__all__ = [
    "Graph",
    "Operation",
    "RegisterGradient",
    "Session",
    "Variable",
    "add",
    "log",
    "matmul",
    "multiply",
    "negative",
    "placeholder",
    "reduce_sum",
    "sigmoid",
    "softmax",
    "train",
]
