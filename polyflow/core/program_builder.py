"""Writing a program: every operation fully typed, its operands cast to the dtype in which they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.inference import Inferred, infer, located
from polyflow.core.literal import Literal, is_weak_number, literal, recast, weak_literal
from polyflow.core.location import Location
from polyflow.core.primitives import astype, constant_op, placeholder_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import PolyflowError

_SHARED_BYTES = 64  # constants up to this size are made once per program


class ProgramBuilder:
    """Collects the operations of a program in the order in which they run."""

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        """The namespace of ops that rules and expansions are written against."""
        self.operations: list[Operation] = []
        self.parameters: list[Tensor] = []
        self.location: Location | None = None
        """The user's line that new operations are credited to."""
        self.device: str | None = None
        self.scope = ""
        """What the names of new operations begin with."""
        self.constructing = ""
        """The name of the graph's operation that is being specialised."""
        self.origin: Operation | None = None
        """The operation that is being differentiated, if any."""
        self._names: dict[str, int] = {}
        self._constants: dict[tuple[DType, tuple[int, ...], bytes | int, bool], Tensor] = {}
        self._cast: dict[tuple[bytes, DType, tuple[int, ...], DType], Tensor] = {}
        """Python's numbers in the dtypes that they took."""

    def parameter(self, type: TensorType, name: str) -> Tensor:
        """Add a parameter."""
        operation = self._operation(placeholder_op, (), {"dtype": type.dtype, "shape": type.shape}, (type,), name)
        self.parameters.append(operation.output)
        return operation.output

    def apply(
        self, op: Op, operands: Sequence[object], attributes: Mapping[str, Any], name: str | None, device: str | None
    ) -> Any:
        """Add an operation, or what its op expands to; return its output, or the tuple of its outputs."""
        inputs = tuple([self.as_tensor(each) for each in operands])
        if op.expansion_rule is not None:
            if not op.takes_unknown:
                inputs, inferred = self._infer(op, inputs, attributes)
                attributes = inferred.attributes
            return op.expansion_rule(self, inputs, attributes)
        return op.result_of(self.add(op, inputs, attributes, name).outputs)

    def add(
        self, op: Op, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any], name: str | None = None
    ) -> Operation:
        """Add one operation on tensors of this program, casting them where promotion asks for it."""
        inputs, inferred = self._infer(op, inputs, attributes)
        return self._added(self._operation(op, inputs, inferred.attributes, inferred.outputs, name or op.name))

    def _added(self, operation: Operation) -> Operation:
        if not operation.outputs or not operation.outputs[0].type.weak:  # a weak number stands only where it is cast
            self.operations.append(operation)
        return operation

    def _infer(
        self, op: Op, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]
    ) -> tuple[tuple[Tensor, ...], Inferred]:
        """The operands, cast to the dtypes in which they meet, and what inference found."""
        types = [each.type for each in inputs]
        inferred = infer(op, types, attributes, self.location)
        if not inferred.is_cast:
            return inputs, inferred
        try:
            cast = [
                each if dtype in (None, each.type.dtype) and not each.type.weak else self.cast(each, dtype)
                for each, dtype in zip(inputs, inferred.dtypes, strict=True)
            ]
        except PolyflowError as error:  # a Python number that the dtype of the others cannot hold
            raise located(error, op, types, self.location) from None
        return tuple(cast), inferred

    def _operation(
        self,
        op: Op,
        inputs: tuple[Tensor, ...],
        attributes: Mapping[str, Any],
        types: tuple[TensorType, ...],
        name: str,
    ) -> Operation:
        return Operation(  # all by position: by name it would take half as long again
            op, self._unique(self.scope + name), inputs, attributes, types, (), self.device, self.location, self,
            len(self.operations), self.origin,
        )  # fmt: skip

    def _unique(self, name: str) -> str:
        names = self._names
        count = names.get(name)
        if count is None:
            names[name] = 0
            return name
        while True:
            count += 1
            candidate = f"{name}_{count}"
            if candidate not in names:
                names[name], names[candidate] = count, 0
                return candidate

    def as_tensor(self, value: object) -> Tensor:
        """``value`` as a tensor of this program."""
        if isinstance(value, Tensor):
            return value if value.operation.owner is self else self.resolve(value)
        if isinstance(value, Literal):
            return self.constant(value)
        convert = getattr(value, "__tensor__", None)
        if convert is not None:
            return self.as_tensor(convert())
        is_weak = is_weak_number(value)
        return self.constant(weak_literal(value) if is_weak else literal(value), weak=is_weak)

    def resolve(self, tensor: Tensor) -> Tensor:
        """The tensor of this program that stands for one of a graph."""
        raise LookupError(f"{tensor.name} is no tensor of this program")

    def constant(self, value: Literal, weak: bool = False) -> Tensor:
        """A constant; small ones are made once."""
        key = value.dtype, value.shape, value.data if len(value.data) <= _SHARED_BYTES else id(value), weak
        found = self._constants.get(key)
        if found is None:
            attributes = {"value": value, "weak": weak}
            types = (constant_op.rule(**attributes),)
            made = self._operation(constant_op, (), attributes, types, constant_op.name)
            found = self._constants[key] = self._added(made).outputs[0]
        return found

    def cast(self, tensor: Tensor, dtype: DType | None) -> Tensor:
        """``tensor`` in ``dtype``, a weak one in its own for ``None``: a number is made anew, others are cast."""
        dtype = dtype or tensor.type.known_dtype
        if tensor.type.weak:
            value = tensor.operation.attributes["value"]
            key = value.data, value.dtype, value.shape, dtype
            found = self._cast.get(key)
            if found is None:
                found = self._cast[key] = self.constant(recast(value, dtype))
            return found
        if tensor.type.dtype is dtype:
            return tensor
        return self.add(astype, (tensor,), {"dtype": dtype, "copy": True}).output

    def finish(self, results: Sequence[Tensor]) -> Program:
        """The program that computes ``results``."""
        strong = tuple([self.cast(each, None) if each.type.weak else each for each in results])
        return Program(tuple(self.parameters), tuple(self.operations), strong)
