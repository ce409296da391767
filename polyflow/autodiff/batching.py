"""Batching: from the program of one example to operations on many of them, op by op, by the rules that ops declare.

The batch is axis 0 of whatever depends on it; what does not is computed once. An op without a rule is done example by
example, and says so in the log and in the names of its operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from polyflow.autodiff.custom import custom_gradient_op
from polyflow.core import building
from polyflow.core.declaration import Trait
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.specialise import Specialiser
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import ancestors
from polyflow.core.types import TensorType, accepts
from polyflow.errors import PolyflowError, ShapeError, VerificationError, message


class Value(NamedTuple):
    """A tensor of one example, as it is in the program for all: with the batch in axis 0, or the same for all."""

    tensor: Tensor
    is_batched: bool


Values = dict[Tensor, Value]


class Batcher:
    """Adds to ``builder`` the operations for all examples of what ``example`` computes for one."""

    def __init__(self, builder: ProgramBuilder, example: Specialiser, size: int) -> None:
        self._builder = builder
        self._example = example
        self._size = size
        self.values: Values = {}
        """For tensors of the example's program, its parameters to begin with."""

    def results(self, tensors: Sequence[Tensor]) -> list[Value]:
        """The values of ``tensors``, and of all operations that do something besides."""
        effects = [each for each in self._example.operations if each.op.has_trait(Trait.EFFECT)]
        self._run([*(each.operation for each in tensors), *effects], self.values)
        return [self.values[each] for each in tensors]

    def _run(self, operations: Sequence[Operation], values: Values) -> None:
        builder = self._builder
        scope, location, device = builder.scope, builder.location, builder.device
        for operation in ancestors(operations, stop=values):
            if operation.outputs and all(each in values for each in operation.outputs):
                continue
            builder.scope, builder.location, builder.device = f"{scope}vmap/", operation.location, operation.device
            for tensor, value in zip(operation.outputs, self._batch(operation, values), strict=True):
                values[tensor] = value
        builder.scope, builder.location, builder.device = scope, location, device

    def _batch(self, operation: Operation, values: Values) -> list[Value]:
        """The outputs of ``operation`` for all examples."""
        given = [values[each] for each in operation.inputs]
        if operation.op is custom_gradient_op:
            return self._custom_gradient(operation, given, values)
        inputs = [each.tensor for each in given]
        batched = [each.is_batched for each in given]
        if not any(batched):
            found = self._builder.apply(operation.op, inputs, operation.attributes, operation.name, operation.device)
            return [Value(each, False) for each in _as_tuple(found)]
        rule = operation.op.batching_rule
        found = NotImplemented if rule is None else self._by_rule(rule, operation, inputs, batched)
        if found is NotImplemented:
            found = self._one_by_one(operation, inputs, batched)
        return [Value(each, True) for each in self._checked(operation, _as_tuple(found))]

    def _by_rule(
        self, rule: Callable[..., Any], operation: Operation, inputs: Sequence[Tensor], batched: Sequence[bool]
    ) -> Any:
        try:
            return rule(self._builder.xp, operation, inputs, batched)
        except PolyflowError as error:
            summary = f"the batching rule of {operation.op.full_name} failed for {operation.name!r}: {error}"
            raise type(error)(summary) from error

    def _checked(self, operation: Operation, found: Sequence[Tensor]) -> Sequence[Tensor]:
        """``found``, which must be of the types of the operation's outputs with the batch in front."""
        for tensor, each in zip(operation.outputs, found, strict=True):
            wanted = TensorType(tensor.type.dtype, (self._size, *tensor.type.known_shape))
            if not accepts(wanted, each.type) and not accepts(each.type, wanted):
                raise VerificationError(
                    message(
                        f"the batching rule of {operation.op.full_name} gave a result of the wrong type",
                        found=str(each.type),
                        needed=str(wanted),
                        where=operation.location,
                    )
                )
        return found

    def _one_by_one(self, operation: Operation, inputs: Sequence[Tensor], batched: Sequence[bool]) -> Sequence[Tensor]:
        """The operation done once for each example, the results stacked."""
        name, builder, xp = operation.op.full_name, self._builder, self._builder.xp
        if not all(each.type.is_static for each in operation.outputs):
            raise ShapeError(
                message(
                    f"vmap: the results of {name} differ in size from example to example",
                    found=f"{', '.join(str(each.type) for each in operation.outputs)} for one example",
                    needed="shapes that do not depend on data",
                    where=operation.location,
                    remedy="polyflow.where and sums over a mask, or a loop over the examples",
                )
            )
        if not self._size:
            return [xp.zeros((0, *each.type.static_shape), dtype=each.dtype) for each in operation.outputs]
        import logging  # here, since every session loads this module

        logging.getLogger(__name__).info(
            "vmap: %s, built at %s, is done %d times: it has no batching rule for these operands",
            name, operation.location, self._size,
        )  # fmt: skip
        builder.scope += f"unrolled_{operation.op.name}/"
        parts = [
            xp.unstack(each, axis=0) if is_batched else [each] * self._size
            for each, is_batched in zip(inputs, batched, strict=True)
        ]
        found = [
            _as_tuple(builder.apply(operation.op, example, operation.attributes, None, operation.device))
            for example in zip(*parts, strict=True)
        ]
        return [xp.stack(list(each), axis=0) for each in zip(*found, strict=True)]

    def _custom_gradient(self, operation: Operation, given: Sequence[Value], values: Values) -> list[Value]:
        """A ``custom_gradient`` whose rule, written for one example, is batched when a gradient asks for it."""
        count = operation.attributes["y_count"]

        def rule(*gradients: Tensor) -> tuple[Tensor | None, ...]:
            example = self._example
            parameters = [example.parameter(each.type, "gradient") for each in operation.outputs]
            with building.overriding(example):
                answer = operation.attributes["rule"](*parameters)
                found = [None if each is None else example.as_tensor(each) for each in _as_tuple(answer)]
            known = dict(values)
            for parameter, gradient, y in zip(parameters, gradients, given, strict=False):
                known[parameter] = Value(gradient, y.is_batched)
            self._run([each.operation for each in found if each is not None], known)
            results = zip(found, given[count:], strict=True)
            return tuple([None if each is None else self._like(known[each], x) for each, x in results])

        attributes = {"y_count": count, "rule": rule}
        # One batched argument is enough for a batched gradient of each: so all are.
        is_batched = any(each.is_batched for each in given)
        given = [self.spread(each) if is_batched else each for each in given]
        tensors = [each.tensor for each in given]
        found = self._builder.apply(operation.op, tensors, attributes, operation.name, operation.device)
        return [Value(each, is_batched) for each in _as_tuple(found)]

    def _like(self, value: Value, x: Value) -> Tensor:
        return self.spread(value).tensor if x.is_batched else value.tensor

    def spread(self, value: Value) -> Value:
        """The value with the batch in axis 0, repeated if it is the same for all."""
        if value.is_batched:
            return value
        if not value.tensor.type.is_static:
            return Value(self._builder.xp.stack([value.tensor] * self._size, axis=0), True)
        shape = (self._size, *value.tensor.type.static_shape)
        return Value(self._builder.xp.broadcast_to(value.tensor, shape), True)


def _as_tuple(found: Any) -> tuple[Any, ...]:
    return tuple(found) if isinstance(found, list | tuple) else (found,)
