"""Operators on the rules of ops: gradients, inference, and refusals. The backend is sound; polyflow is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import polyflow
from polyflow.control_flow.structured import call_op
from polyflow.core import graph, inference, program_builder
from polyflow.core.declaration import NoGradient, Op
from polyflow.core.inference import Inferred
from polyflow.core.samples import ErrorSample
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, PolyflowError
from polyflow.extension import Backend
from polyflow_conformance.cases import gradient_cases, samples_of
from polyflow_conformance.mutants.mutant import Mutant, Operator, World, replaced

# -- gradients


def _gradients(
    world: World, operator: str, change: Callable[[Any, Any], Any], fits: Callable[[Any], bool] = lambda case: True
) -> Iterator[Mutant]:
    """For each op with a gradient and each of its operands that has one, the fault that it is changed."""
    for name, op in world.ops.items():
        if op.gradient_rule is None or op.gradient_reason is not None or not any(map(fits, gradient_cases(op))):
            continue
        places = sorted(world.derivative(name).places)
        many = any(each.role in ("sequence", "variadic") for each in op.signature.operands)
        for place in places[:2] if many else places:
            plant = partial(_with_gradient, op, place, change)
            yield Mutant(operator, f"{name}:{place}", plant, name, frozenset({f"gradient:{name}"}))


def _with_gradient(op: Op, place: int, change: Callable[[Any, Any], Any], sound: Backend) -> Any:
    rule: Any = op.gradient_rule

    def changed(xp: Any, operation: Any, g: Any) -> Any:
        found = rule(xp, operation, g)
        parts = list(found) if isinstance(found, tuple | list) else [found]
        if place < len(parts) and parts[place] is not None and not isinstance(parts[place], NoGradient):
            parts[place] = change(xp, parts[place])
        return tuple(parts) if isinstance(found, tuple | list) else parts[0]

    return replaced([(op, "gradient_rule", changed)], sound)


def _flat(world: World, operator: str) -> Iterator[Mutant]:
    """The gradient as if the operands were constants: right, and linear in what comes in, but not in its turn."""
    for name, op in world.ops.items():
        if world.derivative(name).is_curved:
            yield Mutant(operator, name, partial(_constant, op), name, frozenset({f"gradient:{name}"}))
    # Of which there are no samples, but programs.
    yield Mutant(operator, call_op.name, partial(_constant, call_op), touches=frozenset({f"gradient:{call_op.name}"}))


def _constant(op: Op, sound: Backend) -> Any:
    rule: Any = op.gradient_rule
    return replaced([(op, "gradient_rule", lambda xp, operation, g: rule(xp, _Stopped(xp, operation), g))], sound)


class _Stopped:
    """An operation whose operands and results have no gradient."""

    def __init__(self, xp: Any, operation: Any) -> None:
        self._operation = operation
        self.inputs = tuple(map(xp.stop_gradient, operation.inputs))
        self.outputs = tuple(map(xp.stop_gradient, operation.outputs))

    @property
    def output(self) -> Any:
        """The only result."""
        (found,) = self.outputs
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operation, name)


def _is_complex(case: Any) -> bool:
    return bool(case.is_complex)


def _halved(xp: Any, g: Any) -> Any:
    """Only the part of the last element of each row, where there is one."""
    if not isinstance(g, Tensor) or not g.type.is_static or not g.type.rank or g.type.static_shape[-1] < 2:
        return 0.5 * g
    size = g.type.static_shape[-1]
    kept = polyflow.constant([0.0] * (size - 1) + [1.0])
    return g - g * polyflow.astype(kept, g.dtype)


# -- refusals


def _is_by_rule(sample: Any) -> bool:
    """Whether the call is refused by the op's rule, and not because it does not match the signature."""
    return isinstance(sample, ErrorSample) and sample.error is not ArgumentError


def _refusals(world: World, operator: str, change: Callable[[Op, Any, PolyflowError], Inferred]) -> Iterator[Mutant]:
    """Of each op of which some call must be refused, the fault that the refusal is another, or none."""
    for name, op in world.ops.items():
        if any(map(_is_by_rule, samples_of(op))):
            yield Mutant(operator, name, partial(_with_inference, op, change, SEAMS), name, frozenset({f"rule:{name}"}))


SEAMS: tuple[Any, ...] = (graph, program_builder)
"""The modules that ask for types: while a graph is built, and when types come with the feeds."""


def _with_inference(op: Op, change: Any, seams: Any, sound: Backend) -> Any:
    honest = inference.infer

    def infer(its: Op, types: Any, attributes: Any, where: Any = None) -> Inferred:
        try:
            return honest(its, types, attributes, where)
        except PolyflowError as error:
            if its is not op:
                raise
            found: Inferred = change(op, types, error)
            return found

    return replaced([(seam, "infer", infer) for seam in seams], sound)


def _forgiven(op: Op, types: Any, error: PolyflowError) -> Inferred:
    """The types of the first operands where the rule refuses the call."""
    first = types[0] if types else TensorType(polyflow.float32, ())
    return Inferred((None,) * len(types), op.signature.defaults, (first,) * (op.signature.output_count or 1))


def _other_error(op: Op, types: Any, error: PolyflowError) -> Inferred:
    raise RuntimeError(str(error)) from error


def _without_words(op: Op, types: Any, error: PolyflowError) -> Inferred:
    raise type(error)("the call is not valid\n  built at: here") from None


def _without_line(op: Op, types: Any, error: PolyflowError) -> Inferred:
    raise type(error)(str(error).partition("\n  built at")[0]) from None


def _late(world: World, operator: str) -> Iterator[Mutant]:
    """The refusal lost where types come with the feeds: a graph that is built still refuses."""
    for name, op in world.ops.items():
        if op.signature.output_count is not None and any(map(_is_by_rule, samples_of(op))):
            plant = partial(_with_inference, op, _forgiven, SEAMS[1:])
            yield Mutant(operator, name, plant, name, frozenset({f"rule:{name}"}))


def _early(world: World, operator: str) -> Iterator[Mutant]:
    """The refusal lost while the graph is built: a run still refuses."""
    for name, op in world.ops.items():
        if op.signature.output_count is not None and any(map(_is_by_rule, samples_of(op))):
            plant = partial(_with_inference, op, _forgiven, SEAMS[:1])
            yield Mutant(operator, name, plant, name, frozenset({f"rule:{name}"}))


# -- types


def _with_rule(op: Op, change: Callable[[Op, Any], Any], sound: Backend) -> Any:
    assert op.signature, "which is read from the sound rule"
    return replaced([(op, "rule", change(op, op.rule))], sound)


def _types(world: World, operator: str, change: Callable[[TensorType], TensorType]) -> Iterator[Mutant]:
    for name, op in world.ops.items():
        results = [each for _, results, _ in world.profile(name).calls for each in results]
        if world.kernel(name) is not None and any(change(each) != each for each in results):
            plant = partial(_with_rule, op, partial(_retyped, change))
            yield Mutant(operator, name, plant, name, frozenset({f"rule:{name}"}))


def _retyped(change: Callable[[TensorType], TensorType], op: Op, rule: Any) -> Any:
    def changed(*operands: Any, **attributes: Any) -> Any:
        found = rule(*operands, **attributes)
        return change(found) if isinstance(found, TensorType) else tuple(map(change, found))

    return changed


def _other_dtype(type_: TensorType) -> TensorType:
    pairs = {polyflow.float32: polyflow.float64, polyflow.float64: polyflow.float32, polyflow.int64: polyflow.int32}
    return TensorType(pairs.get(type_.known_dtype, type_.known_dtype), type_.shape) if type_.dtype else type_


def _last_first(type_: TensorType) -> TensorType:
    return TensorType(type_.dtype, type_.shape[::-1]) if type_.shape else type_


OPERATORS = (
    Operator("gradient missing a term", "that of one operand",
             lambda world, name: _gradients(world, name, lambda xp, g: None)),
    Operator("gradient of the other sign", "for one operand",
             lambda world, name: _gradients(world, name, lambda xp, g: -g)),
    Operator("gradient twice", "for one operand", lambda world, name: _gradients(world, name, lambda xp, g: 2 * g)),
    Operator("gradient of the last element lost", "for one operand",
             lambda world, name: _gradients(world, name, _halved)),
    Operator("gradient not conjugated", "of complex numbers, for one operand",
             lambda world, name: _gradients(world, name, lambda xp, g: xp.conj(g), _is_complex)),
    Operator("gradient without a gradient", "right, but constant to the second order",
             lambda world, name: _gradients(world, name, lambda xp, g: xp.stop_gradient(g))),
    Operator("gradient of constants", "as if the operands did not move, to the second order", _flat),
    Operator("refusal lost", "a call that makes no sense gets a type",
             lambda world, name: _refusals(world, name, _forgiven)),
    Operator("refusal by another error", "RuntimeError", lambda world, name: _refusals(world, name, _other_error)),
    Operator("refusal without words", "the right error that says nothing",
             lambda world, name: _refusals(world, name, _without_words)),
    Operator("refusal without the line", "the right words of a call that stands nowhere",
             lambda world, name: _refusals(world, name, _without_line)),
    Operator("early refusal lost", "while the graph is built", _early),
    Operator("late refusal lost", "once types come with the feeds", _late),
    Operator("inferred dtype wrong", "another precision", lambda world, name: _types(world, name, _other_dtype)),
    Operator("inferred shape wrong", "dimensions from last to first",
             lambda world, name: _types(world, name, _last_first)),
)  # fmt: skip
