"""Operations and tensors: the nodes and the edges of a graph, and of a program alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.location import Location, user_location
from polyflow.core.operators import Operators
from polyflow.core.shapes import product
from polyflow.core.tensor_shape import TensorShape
from polyflow.core.types import Shape, TensorType
from polyflow.errors import ArgumentError, ShapeError, SymbolicValueError, message

if TYPE_CHECKING:
    from polyflow.core.building import Builder


class StaysHere:
    """What cannot be pickled or copied, since others know it by its identity."""

    __slots__ = ()

    def __getstate__(self) -> NoReturn:
        raise ArgumentError(
            message(
                f"{type(self).__name__} objects cannot be pickled or copied",
                remedy="send the values of a run, as NumPy arrays, and build the graph again where they arrive",
            )
        )


class Operation(StaysHere):
    """One op applied to tensors, with the tensors that come out.

    ``inputs`` are the operands, flat and in order; ``attributes`` holds every attribute, defaults included;
    ``control_inputs`` are operations that run first; ``location`` is the user's line.
    """

    __slots__ = (
        "op", "name", "inputs", "attributes", "outputs", "control_inputs", "device", "location", "owner", "position",
        "origin", "__weakref__",
    )  # fmt: skip

    def __init__(
        self,
        op: Op,
        name: str,
        inputs: tuple[Tensor, ...],
        attributes: Mapping[str, Any],
        types: tuple[TensorType, ...],
        control_inputs: tuple[Operation, ...] = (),
        device: str | None = None,
        location: Location | None = None,
        owner: Builder | None = None,
        position: int = 0,
        origin: Operation | None = None,
    ) -> None:
        self.op = op
        self.name = name
        self.inputs = inputs
        self.attributes = attributes
        if len(types) == 1:
            self.outputs: tuple[Tensor, ...] = (Tensor(self, 0, types[0]),)
        else:
            self.outputs = tuple([Tensor(self, index, each) for index, each in enumerate(types)])
        self.control_inputs = control_inputs
        self.device = device
        self.location = location
        self.owner = owner
        self.position = position
        self.origin = origin
        """Of an operation that differentiation made: the operation whose gradient it belongs to."""

    @property
    def output(self) -> Tensor:
        """The only output."""
        (output,) = self.outputs
        return output

    @property
    def type(self) -> str:
        """The name of the op, as TensorFlow 1 calls it."""
        return self.op.full_name

    @property
    def graph(self) -> Any:  # a Graph, which stands a layer higher
        """The graph that the operation belongs to."""
        return self.owner

    def changed(
        self,
        *,
        inputs: Sequence[Tensor] | None = None,
        attributes: Mapping[str, Any] | None = None,
        types: Sequence[TensorType] | None = None,
    ) -> Operation:
        """A copy on other inputs, with other attributes or results, for a program that is written anew.

        Its outputs are new tensors; it belongs to no builder.
        """
        return Operation(  # all by position: by name it would take half as long again
            self.op,
            self.name,
            self.inputs if inputs is None else tuple(inputs),
            self.attributes if attributes is None else attributes,
            tuple([each.type for each in self.outputs]) if types is None else tuple(types),
            self.control_inputs,
            self.device,
            self.location,
            None,
            self.position,
            self.origin,
        )

    def run(self, feed_dict: Mapping[Any, Any] | None = None, session: Any = None) -> None:
        """Run the operation in ``session``, for programs in TensorFlow 1's words."""
        _session_for(session, f"operation {self.name!r}").run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<Operation {self.name!r} type={self.op.full_name}>"


class Tensor(StaysHere, Operators):
    """A value that an operation will have when the graph runs.

    It has the attributes, methods and operators of the array API standard; what needs the value itself, such as
    ``if x:`` or ``float(x)``, is refused with a word on what to write instead.
    """

    __slots__ = ("operation", "index", "type", "rebound", "__weakref__")

    def __init__(self, operation: Operation, index: int, type: TensorType) -> None:
        self.operation = operation
        self.index = index
        self.type = type
        """Dtype and shape in one."""
        self.rebound: Tensor | None = None
        """What this object stands for since an assignment to its elements, if there was one."""

    # -- what it is

    @property
    def owner(self) -> Builder | None:
        return self.operation.owner

    @property
    def graph(self) -> Any:  # a Graph, which stands a layer higher
        """The graph that the tensor belongs to."""
        return self.operation.owner

    @property
    def op(self) -> Operation:
        """The operation whose output it is, as TensorFlow 1 calls it."""
        return self.operation

    @property
    def name(self) -> str:
        """``operation:index``, as TensorFlow 1 writes it."""
        return f"{self.operation.name}:{self.index}"

    @property
    def dtype(self) -> DType | None:
        """The dtype, or ``None`` where the graph does not know it."""
        return self.type.dtype

    @property
    def shape(self) -> Shape | None:
        """The shape, with ``None`` for unknown dimensions; ``None`` where the rank is unknown."""
        return self.type.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions; an error where it is unknown."""
        if self.type.shape is None:
            raise ShapeError(
                message(f"{self.name}: the rank is not known", where=user_location(), remedy="placeholder(shape=...)")
            )
        return len(self.type.shape)

    @property
    def size(self) -> int | None:
        """The number of elements, or ``None`` where it is unknown."""
        return None if self.type.shape is None else product(self.type.shape)

    @property
    def device(self) -> str | None:
        """The device that the user wished for, if any."""
        return self.operation.device

    def get_shape(self) -> TensorShape | None:
        """The shape, as TensorFlow 1 asks for it: ``x.get_shape().as_list()``; ``None`` where the rank is unknown."""
        return None if self.type.shape is None else TensorShape(self.type.shape)

    def eval(self, feed_dict: Mapping[Any, Any] | None = None, session: Any = None) -> Any:
        """The value in ``session`` (the default session without one), for programs in TensorFlow 1's words."""
        return _session_for(session, f"tensor {self.name!r}").run(self, feed_dict)

    # -- as an operand

    def __tensor__(self) -> Tensor:
        tensor = self
        while tensor.rebound is not None:
            tensor = tensor.rebound
        return tensor

    def rebind(self, tensor: Tensor) -> None:
        """From here on let this object stand for ``tensor``: how ``x[key] = value`` works on values that never change.

        What was built from the object before keeps the old tensor.
        """
        self.__tensor__().rebound = tensor

    __hash__ = object.__hash__  # by identity, and not by what `==` says

    # -- what only a value could answer

    def __bool__(self) -> NoReturn:
        self._refuse("as a condition", "polyflow.where or polyflow.cond for a choice; `is None` to test for absence")

    def __float__(self) -> NoReturn:
        self._refuse("as a Python float", "polyflow.astype(x, polyflow.float64), or session.run(x) for its value")

    def __int__(self) -> NoReturn:
        self._refuse("as a Python int", "polyflow.astype(x, polyflow.int64), or session.run(x) for its value")

    def __complex__(self) -> NoReturn:
        self._refuse("as a Python complex", "polyflow.astype(x, polyflow.complex128), or session.run(x) for its value")

    def __format__(self, specification: str) -> str:
        if specification:
            self._refuse(f"with the format {specification!r}", "session.run(x), and format its value")
        return str(self)

    def __index__(self) -> NoReturn:
        self._refuse("as an index of Python", "polyflow.take(array, x) to index with a tensor")

    def __array__(self, *_: object, **__: object) -> NoReturn:
        self._refuse("as a NumPy array", "polyflow's function of the same name, or session.run(x) for its value")

    def __len__(self) -> int:
        return self._first_dimension("len(x)")

    def __iter__(self) -> Iterator[Tensor]:
        return (self[position] for position in range(self._first_dimension("iteration")))

    def __contains__(self, _: object) -> NoReturn:
        self._refuse("with `in`", "polyflow.any(x == value)")

    def _first_dimension(self, what: str) -> int:
        shape = self.type.shape
        if shape is None or not shape or shape[0] is None:
            found = "no first dimension" if shape == () else "a first dimension that is not known"
            raise SymbolicValueError(
                message(
                    f"{what} needs the first dimension of {self.name}",
                    found=f"{found}: {self.type}",
                    where=user_location(),
                    remedy="give the placeholder a shape, or write the loop as array operations",
                )
            )
        return shape[0]

    def _refuse(self, what: str, remedy: str) -> NoReturn:
        raise SymbolicValueError(
            message(
                f"{self.name} was used {what}, but it is symbolic: it has no value until a session runs",
                found=str(self.type),
                where=user_location(),
                remedy=remedy,
            )
        )

    def __getitem__(self, key: Any) -> Tensor:
        raise NotImplementedError  # polyflow/__init__.py puts the op of polyflow.ops.indexing here

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError  # as above, of polyflow.ops.index_assignment

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The module ``polyflow``: tensors are arrays of the standard whose values come later."""
        return sys.modules[__name__.partition(".")[0]]

    def to_device(self, device: str, /, *, stream: object = None) -> Tensor:
        """The tensor: where it is computed is for ``polyflow.device`` and the session to say."""
        return self

    def __dlpack__(self, **_: object) -> NoReturn:
        self._refuse("for DLPack exchange", "session.run(x) for its value")

    def __repr__(self) -> str:
        return f"<Tensor {self.name!r} {self.type}>"


class _DefaultSession:
    """How ``tensor.eval()`` finds the default session, which stands layers higher; the session package sets it."""

    find: Any = None


def set_session_finder(find: Any) -> None:
    """Say how the default session is found."""
    _DefaultSession.find = find


def _session_for(session: Any, what: str) -> Any:
    if session is not None:
        return session
    found = _DefaultSession.find() if _DefaultSession.find is not None else None
    if found is None:
        raise SymbolicValueError(
            message(f"{what} has no session to run in", remedy="session=..., or run it inside `with session:`")
        )
    return found
