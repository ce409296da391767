"""``TensorArray``: an array of tensors that a loop writes and reads element by element."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.control_flow.body_graph import BodyGraph
from polyflow.control_flow.rows import first_rows, grown_rows, rows_of_zeros, shaped_rows, tensor_array_op
from polyflow.core import building
from polyflow.core.building import default_builder
from polyflow.core.dtypes import DType, as_dtype, int64
from polyflow.core.literal import literal
from polyflow.core.location import user_location
from polyflow.core.shapes import declared_shape
from polyflow.core.structures import flatten
from polyflow.core.tensor import Tensor
from polyflow.core.types import Shape, TensorType
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, ShapeError, message
from polyflow.extension.manager import extensions


class TensorArray:
    """An array of ``size`` tensors of one dtype and shape; what changes it gives a new one, to be used from then on.

    >>> import polyflow as pf
    >>> squares = pf.TensorArray("int64", size=4)
    >>> _, squares = pf.while_loop(
    ...     lambda i, _: i < 4, lambda i, array: (i + 1, array.write(i, i * i)), [0, squares]
    ... )
    >>> pf.Session().run(squares.stack()).tolist()
    [0, 1, 4, 9]

    It can be a loop variable like any tensor. Elements that were never written are zero. The shape of the elements is
    ``element_shape``, or that of the first one written; where either has dimensions that are ``None``, the first run
    knows them. ``size`` is an integer, or a tensor of one; with ``dynamic_size`` writing behind the end makes the array
    longer, which a compiled engine runs operation by operation. Gradients flow through writing and reading.
    ``clear_after_read``, ``infer_shape`` and ``tensor_array_name`` are accepted for TensorFlow's sake: values are
    immutable here, and can be read as often as one likes.
    """

    def __init__(
        self,
        dtype: DType | str,
        size: Any = None,
        dynamic_size: bool = False,
        clear_after_read: bool = True,
        tensor_array_name: str | None = None,
        infer_shape: bool = True,
        element_shape: Sequence[int | None] | None = None,
        name: str | None = None,
    ) -> None:
        if size is None and not dynamic_size:
            raise ArgumentError(
                message("TensorArray: no size", needed="size=, or dynamic_size=True", where=user_location())
            )
        self.dtype = as_dtype(dtype)
        self.dynamic_size = dynamic_size
        self._length = 0 if size is None else size
        self._shape: Shape | None = None if element_shape is None else _declared(element_shape)
        self._buffer: Tensor | None = None
        self._count: Any = None
        """How many elements there are, where that changes."""
        self._probe: list[Shape] | None = None
        """Where the shapes of elements are noted while a loop is tried out."""

    # -- as a value of loops

    def tree_flatten(self) -> tuple[list[Any], tuple[Any, ...]]:
        """The tensors that it is made of, and what else there is to know of it."""
        if self._buffer is None and self._shape is None:
            raise ControlFlowError(
                message(
                    "TensorArray: the shape of its elements is not known here",
                    where=user_location(),
                    remedy="TensorArray(..., element_shape=...)",
                )
            )
        parts = [self._elements(), *([self._counted()] if self.dynamic_size else [])]
        return parts, (self.dtype, self.dynamic_size, self._shape)

    @classmethod
    def tree_unflatten(cls, known: tuple[Any, ...], parts: Sequence[Any]) -> TensorArray:
        """The array made of such tensors."""
        dtype, dynamic_size, shape = known
        made = cls(dtype, 0, dynamic_size, element_shape=shape)
        made._buffer = parts[0]
        made._count = parts[1] if dynamic_size else None
        return made

    def _counted(self) -> Any:
        if self._count is None:
            self._count = _as_count(self._length)
        return self._count

    def _elements(self, shape: Shape | None = None) -> Tensor:
        """The elements; made if there are none yet."""
        if self._buffer is None:
            self._shape = self._shape if self._shape is not None else shape
            if self._shape is None:
                raise ControlFlowError(
                    message(
                        "TensorArray: it is read before anything was written",
                        where=user_location(),
                        remedy="TensorArray(..., element_shape=...)",
                    )
                )
            if self.dynamic_size:
                self._buffer = rows_of_zeros(_as_count(self._length), dtype=self.dtype, row=self._shape)
            elif isinstance(self._length, int) and None not in self._shape:
                self._buffer = extensions().namespace.zeros((self._length, *self._shape), dtype=self.dtype)
            else:
                self._buffer = tensor_array_op(_as_count(self._length), dtype=self.dtype, element_shape=self._shape)
        return self._buffer

    # -- writing

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with ``value`` at ``index``."""
        value = self._checked(value)
        if self._probe is not None:
            self._probe.append(value.type.shape)
            return self
        xp = extensions().namespace
        buffer = self._shaped(self._elements(value.type.shape), value)
        made = self._like(buffer)
        if self.dynamic_size:
            place = _as_count(index)
            buffer = grown_rows(buffer, place)
            made._count = xp.maximum(self._counted(), place + 1)
        made._buffer = _with_row(buffer, index, value)
        return made

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of ``value`` at ``indices``."""
        rows = self._checked(value)
        if self._probe is not None:
            self._probe.append(rows.type.shape[1:])
            return self
        buffer = self._shaped(self._elements(rows.type.shape[1:]), rows)
        made = self._like(buffer)
        made._buffer = extensions().namespace.index_set(buffer, rows, indices, key=("index",))
        return made

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array of the rows of ``value``."""
        rows = self._checked(value)
        if self._probe is not None:
            self._probe.append(rows.type.shape[1:])
            return self
        made = self._like(rows)
        made._shape = rows.type.shape[1:]
        made._buffer = rows
        if self.dynamic_size:
            made._count = extensions().namespace.shape(rows)[0]
        return made

    def split(self, value: Any, lengths: Sequence[int], name: str | None = None) -> TensorArray:
        """The array of parts of ``value`` along its first axis, which must be of equal length."""
        if len(set(lengths)) > 1:
            raise ShapeError(
                message("TensorArray.split: the elements differ in shape", found=lengths, needed="equal lengths")
            )
        rows = self._checked(value)
        shape = (len(lengths), lengths[0] if lengths else 0, *rows.type.known_shape[1:])
        return self.unstack(extensions().namespace.reshape(rows, shape))

    def _shaped(self, buffer: Tensor, value: Any) -> Any:
        """``buffer``, whose elements have the shape of ``value`` where the graph does not know it."""
        is_open = self._shape is not None and None in self._shape
        return shaped_rows(buffer, value, grows=self.dynamic_size) if is_open else buffer

    def _like(self, buffer: Tensor) -> TensorArray:
        made = TensorArray(self.dtype, self._length, self.dynamic_size, element_shape=self._shape)
        made._buffer = buffer
        made._count = self._count
        return made

    def _checked(self, value: Any) -> Any:
        """``value`` as a tensor of the dtype of the elements."""
        builder: Any = default_builder() if not isinstance(value, Tensor) else building.builder_of([value])
        tensor = builder.as_tensor(value)
        if tensor.type.weak:
            return builder.as_tensor(literal(tensor.operation.attributes["value"].tolist(), self.dtype))
        if tensor.dtype is not None and tensor.dtype is not self.dtype:
            raise DTypeError(
                message(
                    "TensorArray: the value has another dtype than the elements",
                    found=tensor.dtype,
                    needed=self.dtype,
                    where=user_location(),
                    remedy=f"polyflow.astype(value, polyflow.{self.dtype})",
                )
            )
        return tensor

    # -- reading

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at ``index``."""
        if self._probe is not None:
            shape = self._probe[-1] if self._probe else ()
            return tensor_array_op(_as_count(1), dtype=self.dtype, element_shape=shape)[0]  # type: ignore[no-any-return]
        return self._elements()[index]

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at ``indices``, stacked."""
        return extensions().namespace.take(self._elements(), indices, axis=0)  # type: ignore[no-any-return]

    def stack(self, name: str | None = None) -> Tensor:
        """All elements, stacked along a new first axis."""
        return first_rows(self._elements(), self._counted()) if self.dynamic_size else self._elements()

    def concat(self, name: str | None = None) -> Tensor:
        """All elements, joined along their first axis."""
        rows = self.stack()
        shape = rows.type.known_shape
        sizes = [-1 if None in shape[:2] else (shape[0] or 0) * (shape[1] or 0), *shape[2:]]
        return extensions().namespace.reshape(rows, tuple(sizes))  # type: ignore[no-any-return]

    def size(self, name: str | None = None) -> Any:
        """How many elements there are."""
        if self.dynamic_size:
            return self._counted()
        return _as_count(self._length) if self._buffer is None else extensions().namespace.shape(self._buffer)[0]

    def identity(self) -> TensorArray:
        """The array itself."""
        return self._like(self._elements())

    def __repr__(self) -> str:
        return f"<TensorArray {self.dtype} of elements {self._shape}>"


def _declared(shape: Sequence[int | None]) -> Shape:
    return declared_shape(shape, "TensorArray: element_shape")


def _as_count(value: Any) -> Any:
    if isinstance(value, int):
        return default_builder().as_tensor(literal(value, int64))  # type: ignore[attr-defined]
    return extensions().namespace.astype(value, int64)


def _with_row(buffer: Any, index: Any, value: Any) -> Any:
    if isinstance(index, int):
        return extensions().namespace.index_set(buffer, value, key=(index,))
    return extensions().namespace.index_set(buffer, value, index, key=("index",))


def with_known_elements(body: Callable[..., Any], loop_vars: Sequence[Any], builder: Any) -> None:
    """Let the arrays among ``loop_vars`` know the shape of their elements, by trying ``body`` out once."""
    unknown = [
        each for each in loop_vars if isinstance(each, TensorArray) and each._shape is None and each._buffer is None
    ]
    if not unknown:
        return
    graph = BodyGraph(builder, "trial")
    trial: list[Any] = []
    probes: list[tuple[TensorArray, list[Shape]]] = []
    with building.overriding(graph):
        for each in loop_vars:
            if any(each is one for one in unknown):
                probe = TensorArray(each.dtype, each._length, each.dynamic_size)
                probe._probe = []
                probes.append((each, probe._probe))
                trial.append(probe)
            else:
                trial.append(_as_parameter(each, graph))
        body(*trial)
    for array, shapes in probes:
        noted = [shape for shape in shapes if shape is not None]
        known = min(noted, key=lambda shape: shape.count(None), default=None)
        if known is not None:
            array._shape = known


def _as_parameter(value: Any, graph: BodyGraph) -> Any:
    leaves, structure = flatten(value)
    tensors = [graph.outer.as_tensor(each) for each in leaves]
    strong = [TensorType(each.dtype, each.type.shape) for each in tensors]
    return structure.rebuild([graph.parameter(each, "trial") for each in strong])
