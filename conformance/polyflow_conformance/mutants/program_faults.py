"""Operators on programs: a pass that is wrong in one way, as a plugin might bring it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from polyflow.core.declaration import Trait
from polyflow.core.dtypes import DTYPES
from polyflow.core.literal import Literal
from polyflow.core.nested import bodies, map_bodies
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.rewriting import Replacement, Rewriter, rewrite
from polyflow.core.tensor import Operation, Tensor
from polyflow.extension import Backend
from polyflow.extension.manager import Extensions
from polyflow.extension.passes import PassContext
from polyflow_conformance.mutants.mutant import NAME, Mutant, Operator, World, replaced

Change = Callable[[Program], Program]


@dataclass(frozen=True)
class WrongPass:
    """A pass that does ``change`` to each program of the mutant, and to the bodies inside."""

    change: Change
    stage: str
    name: str = "wrong"
    backend: str = NAME

    def __call__(self, program: Program, context: PassContext) -> Program:
        """The program changed."""
        return self.change(program)


def _by_pass(
    world: World, operator: str, target: str, change: Change, *, stage: str = "lower", ops: Iterable[str] = ()
) -> Mutant:
    """The mutant with that pass, which changes nothing in programs without some op of ``ops``, if there are any."""
    touches = frozenset(f"op:{each}" for each in ops)
    return Mutant(operator, target, partial(_planted, world.extensions, WrongPass(change, stage)), touches=touches)


def _planted(extensions: Extensions, wrong: WrongPass, sound: Backend) -> AbstractContextManager[Any]:
    return replaced([(extensions, "passes", (*extensions.passes, wrong))], sound)


# -- single operations


def _skipped(world: World, operator: str) -> Iterator[Mutant]:
    """An op that hands its operand on instead: all that can stand for its result."""
    for name, op in world.ops.items():
        is_kept = any(
            operands and operands[0] == results[0] and len(results) == 1
            for operands, results, _ in world.profile(name).calls
        )
        if is_kept and world.kernel(name) is not None and (not op.has_trait(Trait.IDENTITY) or name == "assigned"):
            place = 1 if name == "assigned" else 0
            yield replace(_by_pass(world, operator, name, partial(_without, name, place), ops=[name]), op=name)


def _without(name: str, place: int, program: Program) -> Program:
    def rule(rewriter: Rewriter, operation: Operation) -> Replacement:
        if operation.op.full_name != name or operation.inputs[place].type != operation.outputs[0].type:
            return None
        return (operation.inputs[place],)

    return rewrite(program, rule)


def _dropped_effects(world: World, operator: str) -> Iterator[Mutant]:
    """Operations that do something besides giving a result, and give none, left out."""
    for name, op in world.extensions.ops.items():
        is_run = op.has_trait(Trait.EFFECT) and op.kernel_rule is not None and op.namespace != "dataflow"
        if is_run and (op.signature.output_count == 0 or name == "py_func"):
            yield _by_pass(world, operator, name, partial(_without_effect, name), ops=[name])


def _without_effect(name: str, program: Program) -> Program:
    kept = [each for each in program.operations if each.op.full_name != name or each.outputs]
    return Program(program.parameters, tuple(kept), program.results)


def _constants(world: World, operator: str) -> Iterator[Mutant]:
    for dtype in DTYPES.values():
        if dtype.name in ("bool", "int32", "int64", "uint32", "float32", "float64"):
            yield _by_pass(world, operator, dtype.name, partial(_constants_off, dtype))


def _constants_off(dtype: Any, program: Program) -> Program:
    def rule(rewriter: Rewriter, operation: Operation) -> Replacement:
        if operation.op is not constant_op or operation.output.type.dtype is not dtype:
            return None
        value: Literal = operation.attributes["value"]
        if not value.data:
            return None
        data = bytes([value.data[0] ^ 1]) + value.data[1:]
        return (rewriter.constant(Literal(value.dtype, value.shape, data), operation),)

    return rewrite(program, rule)


def _merged(world: World, operator: str) -> Iterator[Mutant]:
    yield _by_pass(world, operator, "other attributes", partial(_too_far, _by_inputs))
    yield _by_pass(world, operator, "other last operand", partial(_too_far, _by_first_input))


def _by_inputs(operation: Operation) -> Any:
    return operation.op, operation.inputs, tuple(each.type for each in operation.outputs)


def _by_first_input(operation: Operation) -> Any:
    types = tuple(each.type for each in operation.outputs)
    return operation.op, operation.inputs[:1], len(operation.inputs), str(operation.attributes), types


def _too_far(key_of: Callable[[Operation], Any], program: Program) -> Program:
    """Common subexpressions that are none."""
    known: dict[Any, Operation] = {}

    def rule(rewriter: Rewriter, operation: Operation) -> Replacement:
        if operation.op is constant_op or operation.op.is_nested or operation.op.has_trait(Trait.EFFECT):
            return None
        if not operation.inputs:
            return None
        first = known.setdefault(key_of(operation), operation)
        return None if first is operation else first.outputs

    return rewrite(program, rule)


# -- what a program gives


def _exchanged_results(world: World, operator: str) -> Iterator[Mutant]:
    yield _by_pass(world, operator, "first two of a type", partial(_exchange, 0))
    yield _by_pass(world, operator, "last two of a type", partial(_exchange, -1))


def _exchange(which: int, program: Program) -> Program:
    """Two results of one type in each other's place."""
    results = list(program.results)
    pairs = [
        (a, b)
        for a in range(len(results))
        for b in range(a + 1, len(results))
        if results[a].type == results[b].type and results[a] is not results[b]
    ]
    if not pairs:
        return program
    a, b = pairs[which]
    results[a], results[b] = results[b], results[a]
    return Program(program.parameters, program.operations, tuple(results))


def _old_values(world: World, operator: str) -> Iterator[Mutant]:
    yield _by_pass(world, operator, "every result", _parameter_instead)


def _parameter_instead(program: Program) -> Program:
    """The last result of the type of a parameter is that parameter: an assignment that comes too late."""
    results = list(program.results)
    for place in range(len(results) - 1, -1, -1):
        found = [each for each in program.parameters if each.type == results[place].type]
        if found and results[place] not in set(program.parameters):
            results[place] = found[-1]
            return Program(program.parameters, program.operations, tuple(results))
    return program


# -- programs that run programs


NESTED = ("loop", "branch", "call")
"""The ops that hold programs."""


def _structures(world: World, operator: str, changes: Mapping[str, Callable[[Operation], Operation]]) -> Iterator[Any]:
    for target, change in changes.items():
        yield _by_pass(world, operator, target, partial(_each_structure, change), ops=NESTED)


def _each_structure(change: Callable[[Operation], Operation], program: Program) -> Program:
    def rule(rewriter: Rewriter, operation: Operation) -> Replacement:
        changed = change(operation) if operation.op.is_nested else operation
        return None if changed is operation else rewriter.keep(changed)

    return rewrite(program, rule)


def _other_branch(operation: Operation) -> Operation:
    programs = operation.attributes.get("programs")
    if programs is None:
        return operation
    return operation.changed(attributes={**operation.attributes, "programs": (*programs[1:], programs[0])})


def _other_of_several(operation: Operation) -> Operation:
    return _other_branch(operation) if len(operation.attributes.get("programs", ())) > 2 else operation


def _both_branches(operation: Operation) -> Operation:
    """What the first program hands through unchanged is what the last makes of it: both have run."""
    programs = operation.attributes.get("programs")
    if programs is None or len(programs) < 2:
        return operation
    first, last = programs[0], programs[-1]
    extra, found = _inlined(last, first.parameters)
    handed_on = set(first.parameters)
    results = tuple(
        [b if a in handed_on and a.type == b.type else a for a, b in zip(first.results, found, strict=True)]
    )
    merged = Program(first.parameters, (*first.operations, *extra), results)
    return operation.changed(attributes={**operation.attributes, "programs": (merged, *programs[1:])})


def _last_iteration_lost(operation: Operation) -> Operation:
    """A loop that goes on only while it would go on after one more iteration."""
    attributes = operation.attributes
    test: Program | None = attributes.get("condition")
    if test is None:
        return operation
    body: Program = attributes["body"]
    carried = attributes["carried"]
    step, made = _inlined(body, test.parameters, "body")
    again, wanted = _inlined(test, (*made[:carried], *test.parameters[carried:]), "again")
    changed = Program(test.parameters, (*step, *again), wanted)
    if any(each.op.has_trait(Trait.EFFECT) for each in changed.operations):
        return operation
    return operation.changed(attributes={**attributes, "condition": changed})


def _first_iteration_twice(operation: Operation) -> Operation:
    """Each iteration of a counted loop does its work twice."""
    attributes = operation.attributes
    if attributes.get("condition") is not None or "carried" not in attributes or not attributes["carried"]:
        return operation
    body: Program = attributes["body"]
    carried = attributes["carried"]
    extra, found = _inlined(body, (*body.results[:carried], *body.parameters[carried:]))
    changed = Program(body.parameters, (*body.operations, *extra), (*found[:carried], *body.results[carried:]))
    return operation.changed(attributes={**attributes, "body": changed})


def _carried_exchanged(operation: Operation) -> Operation:
    attributes = operation.attributes
    if "carried" not in attributes or attributes["carried"] < 2:
        return operation
    body: Program = attributes["body"]
    carried = attributes["carried"]
    inner = _exchange(0, Program(body.parameters, body.operations, body.results[:carried]))
    if inner.results == body.results[:carried]:
        return operation
    changed = Program(body.parameters, body.operations, (*inner.results, *body.results[carried:]))
    return operation.changed(attributes={**attributes, "body": changed})


def _other_direction(operation: Operation) -> Operation:
    attributes = operation.attributes
    if not attributes.get("scanned"):
        return operation
    return operation.changed(attributes={**attributes, "reverse": not attributes["reverse"]})


def _stack_lost(operation: Operation) -> Operation:
    """Of what a loop stacks, the first value of each iteration in the place of the last."""
    attributes = operation.attributes
    if "carried" not in attributes:
        return operation
    body: Program = attributes["body"]
    changed = _exchange(-1, Program(body.parameters, body.operations, body.results[attributes["carried"] :]))
    results = (*body.results[: attributes["carried"]], *changed.results)
    if all(a is b for a, b in zip(results, body.results, strict=True)):
        return operation
    inner = Program(body.parameters, body.operations, results)
    return operation.changed(attributes={**attributes, "body": inner})


def _inlined(
    program: Program, operands: tuple[Tensor, ...], suffix: str = "again"
) -> tuple[list[Operation], tuple[Tensor, ...]]:
    """The operations of a program on other operands, named apart, and its results."""
    known = dict(zip(program.parameters, operands, strict=False))
    made = []
    for operation in program.operations:
        copy = map_bodies(operation, lambda body: body).changed(
            inputs=[known.get(each, each) for each in operation.inputs]
        )
        copy.name = f"{operation.name}/{suffix}"
        known.update(zip(operation.outputs, copy.outputs, strict=True))
        made.append(copy)
    return made, tuple([known.get(each, each) for each in program.results])


# -- programs that are none


def _malformed(world: World, operator: str) -> Iterator[Mutant]:
    yield _by_pass(world, operator, "a name taken twice", _name_taken, stage="simplify")
    yield _by_pass(world, operator, "a type that is not inferred", _type_forgotten, stage="simplify")
    yield _by_pass(world, operator, "an operand not made yet", _moved_first)


def _name_taken(program: Program) -> Program:
    if not program.operations or program.operations[-1].op.has_trait(Trait.EFFECT):
        return program
    last = program.operations[-1]
    return Program(program.parameters, (*program.operations, last.changed()), program.results)


def _type_forgotten(program: Program) -> Program:
    for place, operation in enumerate(program.operations):
        if operation.op.name == "multiply" and not bodies(operation) and operation.output not in set(program.results):
            types = [type(each.type)(DTYPES["float16"], each.type.shape) for each in operation.outputs]
            changed = operation.changed(types=types)
            after = Program(program.parameters, program.operations[place + 1 :], program.results)
            renamed = dict(zip(operation.outputs, changed.outputs, strict=True))
            made = [each.changed(inputs=[renamed.get(one, one) for one in each.inputs]) for each in after.operations]
            return _joined(program, program.operations[:place], changed, after.operations, made)
    return program


def _joined(program: Program, before: Any, changed: Operation, old: Any, made: Any) -> Program:
    """The operations before, the changed one, and those after it on the outputs of their copies."""
    renamed: dict[Tensor, Tensor] = {}
    found = []
    for operation, copy in zip(old, made, strict=True):
        one = copy.changed(inputs=[renamed.get(each, each) for each in copy.inputs])
        renamed.update(zip(operation.outputs, one.outputs, strict=True))
        found.append(one)
    results = tuple([renamed.get(each, each) for each in program.results])
    return Program(program.parameters, (*before, changed, *found), results)


def _moved_first(program: Program) -> Program:
    if len(program.operations) < 3 or not program.operations[-1].inputs:
        return program
    *rest, last = program.operations
    return Program(program.parameters, (last, *rest), program.results)


OPERATORS = (
    Operator("operation skipped", "its operand in place of its result", _skipped),
    Operator("effect lost", "an operation that gives no result left out", _dropped_effects),
    Operator("constant off", "one bit of each constant of a dtype", _constants),
    Operator("merged too far", "operations that are not equal made one", _merged),
    Operator("results exchanged", "two of a type, of programs and bodies", _exchanged_results),
    Operator("old value", "a parameter in place of what was made of it", _old_values),
    Operator("wrong branch", "another one taken, or both", lambda world, name: _structures(world, name, {
        "another": _other_branch, "another of several": _other_of_several, "both": _both_branches})),
    Operator("wrong iterations", "the last lost, each done twice, the other way round",
             lambda world, name: _structures(world, name, {
                 "last lost": _last_iteration_lost, "twice": _first_iteration_twice,
                 "other direction": _other_direction})),
    Operator("carried values exchanged", "in loops, or among what they stack",
             lambda world, name: _structures(world, name, {"carried": _carried_exchanged, "stacks": _stack_lost})),
    Operator("malformed program", "which may run all the same", _malformed),
)  # fmt: skip
