"""Variables: values that a session keeps from run to run, and the operations that read and write them.

A variable is an operation in the graph and a value in a session. Reads and writes take effect in the order in which
the graph created them; specialisation turns them into values, so no executor ever sees a lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from polyflow.core.building import overriding, overriding_builder
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DType, as_dtype
from polyflow.core.graph import get_default_graph
from polyflow.core.inference import check_same_shape
from polyflow.core.literal import literal
from polyflow.core.location import user_location
from polyflow.core.operators import Operators
from polyflow.core.primitives import astype
from polyflow.core.samples import Sample, normal
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.tensor_shape import TensorShape
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, ShapeError, message
from polyflow.ops.ordering import identity
from polyflow.ops.variable_updates import PartialUpdates

VARIABLES = "variables"
TRAINABLE_VARIABLES = "trainable_variables"


@define_op(name="variable", is_variable=True)
def variable_op(*, type: TensorType, initial_value: Tensor, trainable: bool = True) -> TensorType:
    """The value that a variable has at the start of a run; users make a :class:`polyflow.Variable`.

    >>> import polyflow as pf
    >>> pf.Variable([1.0]).operation.op
    <op variable>
    """
    return type


variable_op.no_gradient("it has no operand; ask for the gradient with respect to the variable")


@define_op(name="read_variable", takes_unknown=True)
def read_variable_op(handle: TensorType, /) -> TensorType:
    """The value that a variable has at this place in the order of the program.

    >>> import polyflow as pf
    >>> w = pf.Variable(1.0)
    >>> pf.Session().run([w.assign(5.0), w.read_value()])
    [array(5., dtype=float32), array(5., dtype=float32)]
    """
    return handle


read_variable_op.no_gradient("specialisation replaces it by the value")


@read_variable_op.expansion
def read_variable_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Any) -> Tensor:
    # An operation of its own: a gradient with respect to one read is not that with respect to all of them.
    return builder.apply(identity, (builder.variable(inputs[0]).current,), {}, None, None)  # type: ignore[no-any-return]


@define_op(name="assign", traits=Trait.EFFECT, takes_unknown=True)
def assign_op(handle: TensorType, value: TensorType, /) -> TensorType:
    """Give a variable a new value; the result is that value.

    >>> import polyflow as pf
    >>> w = pf.Variable(1.0)
    >>> pf.Session().run(w.assign(5.0)).tolist()
    5.0
    """
    _check_assigned(handle, value)
    return handle


assign_op.no_gradient("a gradient with respect to the variable starts at its value")


@assign_op.expansion
def assign_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Any) -> Tensor:
    handle, value = inputs
    dtype = handle.type.known_dtype
    if value.type.weak:
        value = builder.cast(value, dtype)
    _check_assigned(handle.type, value.type)
    return builder.write(handle, value, assigned)  # type: ignore[no-any-return]


def _check_assigned(handle: TensorType, value: TensorType) -> None:
    if value.dtype is not None and not value.weak and value.dtype is not handle.dtype:
        raise DTypeError(
            message(
                "assign: the value has another dtype than the variable",
                found=value.dtype,
                needed=handle.dtype,
                where=user_location(),
                remedy=f"polyflow.astype(value, polyflow.{handle.dtype})",
            )
        )
    check_same_shape(handle, value, "assign: the value has another shape than the variable")


@define_op(traits=Trait.IDENTITY)
def assigned(value: TensorType, previous: TensorType, /) -> TensorType:
    """The value just assigned to a variable, whose gradient goes on to the variable's ``previous`` value.

    So the gradient with respect to the value at the start of a run is that with respect to the variable: what all
    reads contribute, those of values that it was given since, and those in bodies of loops, included.

    >>> import polyflow as pf
    >>> from polyflow.ops.state import assigned
    >>> pf.Session().run(assigned([1, 2], [0, 0])).tolist()
    [1, 2]
    """
    check_same_shape(previous, value, "assigned: the value has another shape than the variable")
    return value


@assigned.gradient
def assigned_gradient(xp: Any, operation: Any, g: Any) -> tuple[None, Any]:
    return None, g


@assigned.kernel
def assigned_kernel(xp: Any, value: Any, previous: Any) -> Any:
    return value


@assigned.samples
def assigned_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), normal(2, 3, seed=1), gradient=False)


def _of_tensor(name: str) -> Callable[..., Any]:
    """A method that does to a variable what it does to the tensor of its value."""

    def method(self: Variable, *arguments: Any, **keywords: Any) -> Any:
        return getattr(self.value(), name)(*arguments, **keywords)

    method.__name__ = name
    return method


class Variable(PartialUpdates, Operators):
    """A value that a session keeps from run to run.

    >>> import polyflow as pf
    >>> w = pf.Variable([1.0, 2.0], name="w")
    >>> with pf.Session() as session:
    ...     session.run(w.assign_add([1.0, 1.0])).tolist()
    ...     session.run(w).tolist()
    [2.0, 3.0]
    [2.0, 3.0]

    It takes its initial value in a session when that session first uses it; no initialiser needs to run, though
    ``initializer`` resets it. It stands wherever a tensor can stand.
    """

    def __init__(
        self,
        initial_value: object,
        *,
        dtype: DType | str | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        graph: Any = get_default_graph()
        name = name or "Variable"
        if hasattr(graph, "root"):  # a body of control flow: its variables are made once, outside
            name, graph = graph.variable_name(name), graph.root
        with overriding(graph):
            self._make(graph, initial_value, dtype, name, trainable)

    def _make(self, graph: Any, initial_value: object, dtype: DType | str | None, name: str, trainable: bool) -> None:
        if callable(initial_value):
            initial_value = initial_value()
        if hasattr(initial_value, "__tensor__"):
            initial = graph.as_tensor(initial_value)
            if dtype is not None and initial.dtype is not as_dtype(dtype):
                initial = astype(initial, as_dtype(dtype))
        else:
            snapshot = literal(initial_value, None if dtype is None else as_dtype(dtype))
            initial = graph.constant(snapshot, name=f"{name}/initial_value")
        if not initial.type.is_static:
            raise ShapeError(
                message(
                    f"variable {name!r}: the type of its initial value is not known",
                    found=str(initial.type),
                    needed="a dtype and every dimension",
                    where=user_location(),
                )
            )
        self.initial_value: Tensor = initial
        attributes = {
            "type": TensorType(initial.dtype, initial.shape),
            "initial_value": initial,
            "trainable": trainable,
        }
        self.operation: Operation = graph.add(variable_op, (), attributes, name)
        self.trainable = trainable
        self._latest = self.operation.output
        self._initializer: Operation | None = None
        graph.add_to_collection(VARIABLES, self)
        if trainable:
            graph.add_to_collection(TRAINABLE_VARIABLES, self)

    # -- what it is

    @property
    def name(self) -> str:
        return self.handle.name

    @property
    def op(self) -> Operation:
        return self.operation

    @property
    def handle(self) -> Tensor:
        """The tensor that stands for the variable: its value at the start of a run."""
        return self.operation.output

    @property
    def graph(self) -> Any:  # a Graph
        return self.operation.owner

    @property
    def owner(self) -> Any:  # what builds operations on it
        return self.operation.owner

    @property
    def dtype(self) -> DType:
        return self.handle.type.known_dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.handle.type.static_shape

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def get_shape(self) -> TensorShape:
        """The shape, as TensorFlow 1 asks for it."""
        return TensorShape(self.shape)

    # -- reading

    def __tensor__(self) -> Tensor:
        return self.value()

    def value(self) -> Tensor:
        """The value at this place in the program."""
        body = _body(self)
        return self._latest if body is None else body.variable_value(self)  # type: ignore[no-any-return]

    def read_value(self) -> Tensor:
        """The value at this place in the program, read by an operation of its own."""
        return read_variable_op(self.handle)  # type: ignore[no-any-return]

    def eval(self, session: Any = None) -> Any:
        """The value in ``session``, for programs in TensorFlow 1's words."""
        return self.handle.eval(session=session)

    def __getitem__(self, key: Any) -> Tensor:
        return self.value()[key]

    __len__, __iter__, __contains__ = map(_of_tensor, ("__len__", "__iter__", "__contains__"))
    # What only a value could answer is refused, as by a tensor.
    __bool__, __array__ = map(_of_tensor, ("__bool__", "__array__"))
    __float__, __int__, __complex__ = map(_of_tensor, ("__float__", "__int__", "__complex__"))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.value(), name)

    # -- writing

    def assign(self, value: object, name: str | None = None) -> Tensor:
        """An operation that gives the variable ``value``; its result is the new value."""
        if isinstance(value, list | tuple):  # Python numbers take the dtype of the variable
            value = literal(value, self.dtype)
        result: Tensor = assign_op(self.handle, value, name=name)
        self.follow(read_variable_op(self.handle))
        return result

    def follow(self, latest: Tensor) -> None:
        """Let ``latest`` be the value from here on; for what writes the variable in a way of its own."""
        body = _body(self)
        if body is None:
            self._latest = latest
        else:
            body.set_variable_value(self, latest)

    def assign_add(self, delta: object, name: str | None = None) -> Tensor:
        """An operation that adds ``delta`` to the variable."""
        return self.assign(self.value() + delta, name)

    def assign_sub(self, delta: object, name: str | None = None) -> Tensor:
        """An operation that subtracts ``delta`` from the variable."""
        return self.assign(self.value() - delta, name)

    @property
    def initializer(self) -> Operation:
        """The operation that gives the variable its initial value again; it is made when first asked for."""
        if self._initializer is None:
            self._initializer = self.assign(self.initial_value, f"{self.operation.name}/initializer").operation
        return self._initializer

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<Variable {self.operation.name!r} {self.handle.type}>"


def _body(variable: Variable) -> Any:  # a graph that stands layers higher
    """The body of a loop or branch that is being built, if one is: it reads and writes variables at its own time."""
    builder = overriding_builder()
    return builder if builder is not None and hasattr(builder, "variable_value") else None


def global_variables() -> list[Variable]:
    """The variables of the default graph."""
    return get_default_graph().get_collection(VARIABLES)


def trainable_variables() -> list[Variable]:
    """The variables of the default graph that optimizers change."""
    return get_default_graph().get_collection(TRAINABLE_VARIABLES)


def as_variables(variables: object, otherwise: Callable[[], list[Variable]]) -> list[Variable]:
    """``variables`` as a list; ``otherwise()`` for ``None``."""
    if variables is None:
        return otherwise()
    return list(variables) if isinstance(variables, list | tuple) else [variables]  # type: ignore[list-item]
