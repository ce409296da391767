"""Lowering: from loops and branches as operations with programs inside to the flat form of the dataflow executor.

Operations with an effect run in the order in which they stand in their program, those of an iteration before those of
the next. Lowering makes that a value too: what the last of them leaves behind, a token without content, goes through
switches, merges and frames as any other value does, and the next of them waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from polyflow.control_flow import DATAFLOW
from polyflow.control_flow.node_builder import LoopFrame, NodeBuilder, Place
from polyflow.control_flow.wiring import Wiring
from polyflow.core.dataflow import Dataflow, Source
from polyflow.core.declaration import Trait
from polyflow.core.nested import has_effect
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType


def lower(program: Program) -> Dataflow:
    """``program`` without operations that run programs.

    >>> import polyflow as pf
    >>> from polyflow.core.dataflow import format_dataflow
    >>> from polyflow.core.specialise import specialise
    >>> x = pf.placeholder("float32", (), name="x")
    >>> zero = pf.constant(0.0, name="zero", dtype="float32")
    >>> y = pf.cond(x > zero, lambda: x, lambda: -x, name="choice")
    >>> made = specialise(x.graph, [y], [], {x: x.type}, pf)
    >>> print(format_dataflow(lower(made.program)))
    dataflow(%x):
      %zero = constant(value=0.0)
      %greater: bool[] = greater(%x, %zero)
      %choice/number = number(%greater, count=2)
      %choice/switch:0, %choice/switch:1 = switch(%x, %choice/number)
      %choice/false_fn/negative: float32[] = negative(%choice/switch:0)
      %choice: float32[] = merge(%choice/false_fn/negative, %choice/switch:1)
      return %choice
    """
    return _Lowering().run(program)


Values = dict[Tensor, Source]


class _Lowering(NodeBuilder):
    """Collects the nodes of one program."""

    def __init__(self) -> None:
        super().__init__()
        self._wiring = Wiring(self)

    def run(self, program: Program) -> Dataflow:
        values: Values = {}
        place = Place()
        for each in program.parameters:
            values[each] = self.add(place, "parameter", each.operation.name, type=each.type)
        parameters = tuple([values[each].node for each in program.parameters])
        self.program(program, values, place)
        results = tuple([values[each] for each in program.results])
        return Dataflow(tuple(self.nodes), tuple(self.frames), parameters, results)

    # -- programs

    def program(self, program: Program, values: Values, outer: Place) -> None:
        """Add the operations of ``program``, whose parameters have ``values``, and note the values of the others."""
        only_scanned = _only_scanned(program)
        read = {each for operation in program.operations for each in operation.inputs}.union(program.results)
        for operation in program.operations:
            if operation.op is constant_op:
                value = operation.attributes["value"]
                values[operation.output] = self.constant(operation.name, value=value)
                continue
            inputs = [values[each] for each in operation.inputs]
            place = self._wiring.place(operation, inputs, outer)
            if operation.op.is_nested:
                used = [each in read for each in operation.outputs]
                if operation.op.name == "branch":
                    found = self.branch(operation, inputs, used, place)
                elif operation.op.name == "loop":
                    listed = [each in only_scanned for each in operation.outputs]
                    found = self.loop(operation, inputs, used, listed, place)
                else:
                    found = self.call(operation, inputs, place)
                values.update((a, b) for a, b in zip(operation.outputs, found, strict=True) if b is not None)
            elif operation.op.namespace == DATAFLOW:
                found = self._wiring.primitive(operation, inputs, place)
                values.update(zip(operation.outputs, found, strict=True))
            else:
                values.update(zip(operation.outputs, self.operation(operation, inputs, place), strict=True))

    def operation(self, operation: Operation, inputs: Sequence[Source], place: Place) -> Sequence[Source]:
        """Add an operation that runs no program."""
        is_effect = operation.op.has_trait(Trait.EFFECT)
        source = self.add(
            place,
            "op",
            operation.name,
            inputs,
            [place.done] if is_effect and place.done is not None else [],
            outputs=max(1, len(operation.outputs)),
            operation=operation,
            type=operation.outputs[0].type if len(operation.outputs) == 1 else None,
        )
        if is_effect:
            place.done = source
            if self._wiring.is_used:  # the operation may be on a way that is not taken: what follows it is not dead
                place.done = self.add(place, "trigger", f"{operation.name}/done", after=[source])
        return [Source(source.node, each.index) for each in operation.outputs]

    def call(self, operation: Operation, inputs: Sequence[Source], place: Place) -> Sequence[Source]:
        """Add the operations of the program in place of the call."""
        body: Program = operation.attributes["body"]
        values = dict(zip(body.parameters, inputs, strict=True))
        self.program(body, values, place)
        return [values[each] for each in body.results]

    # -- branches

    def branch(
        self, operation: Operation, inputs: Sequence[Source], used: Sequence[bool], place: Place
    ) -> Sequence[Source | None]:
        """Send the operands to the program that is chosen, and take the results from it."""
        programs: tuple[Program, ...] = operation.attributes["programs"]

        def arm(program: Program) -> _Arm:
            def add(operands: Sequence[Source], inner: Place) -> Sequence[Source]:
                values = dict(zip(program.parameters, operands, strict=True))
                self.program(program, values, inner)
                return [values[each] for each in program.results]

            needed = {each for one in program.operations for each in one.inputs}.union(program.results)
            effects = any(has_effect(each) for each in program.operations)
            return _Arm(add, [each in needed for each in program.parameters], effects)

        number = self.add(place, "number", f"{operation.name}/number", inputs[:1], count=len(programs))
        types = [each.type for each in operation.outputs]
        return self.choose(operation, number, inputs[1:], [arm(each) for each in programs], used, types, place)

    def choose(
        self,
        operation: Operation,
        number: Source,
        operands: Sequence[Source],
        arms: Sequence[_Arm],
        used: Sequence[bool],
        types: Sequence[TensorType | None],
        place: Place,
    ) -> Sequence[Source | None]:
        """The results of the arm that ``number`` says; ``None`` for those not ``used``."""
        name, count = operation.name, len(arms)

        def switch(value: Source) -> Source:
            return self.add(place, "switch", f"{name}/switch", [value, number], outputs=count, operation=operation)

        routed: dict[Source, Source] = {}
        for index, value in enumerate(operands):
            if not self.is_constant(value) and value not in routed and any(arm.reads[index] for arm in arms):
                routed[value] = switch(value)
        is_effect = any(arm.is_effect for arm in arms)
        token = switch(self.settled(place, name)) if is_effect else None
        pivot = token or next(iter(routed.values()), None) or switch(number)
        results, tokens = [], []
        for index, arm in enumerate(arms):
            own = {value: Source(source.node, index) for value, source in routed.items()}
            done = None if token is None else Source(token.node, index)
            inner = Place(place.frame, Source(pivot.node, index), done)
            made = arm.add([own.get(value, value) for value in operands], inner)
            results.append([self.moving(inner, each, name) if i else each for each, i in zip(made, used, strict=True)])
            if is_effect:
                tokens.append(self.settled(inner, name))
        if is_effect:
            place.done = self.add(place, "merge", f"{name}/done", tokens, operation=operation)
        columns = zip(*results, strict=True)
        return [
            self.add(place, "merge", name, values, operation=operation, type=type) if is_used else None
            for values, is_used, type in zip(columns, used, types, strict=True)
        ]

    # -- loops

    def loop(
        self,
        operation: Operation,
        inputs: Sequence[Source],
        used: Sequence[bool],
        listed: Sequence[bool],
        outer: Place,
    ) -> Sequence[Source | None]:
        """Enter a frame, go round in it, and leave it with what the loop gives."""
        name, attributes = operation.name, operation.attributes
        body: Program = attributes["body"]
        test: Program | None = attributes["condition"]
        carried, scanned, limit = attributes["carried"], attributes["scanned"], attributes["limit"]
        rest = list(inputs[: len(inputs) - attributes["has_room"]])
        length = self._length(operation, rest, outer)
        stacked = used[carried + (test is not None) :]
        empty = {
            place: self.add(outer, "new_stack", f"{name}/empty") for place, is_used in enumerate(stacked) if is_used
        }
        start = self.settled(outer, name) if has_effect(operation) else None
        loop = LoopFrame(self, operation, outer)
        # In the order in which they enter: the carried values, the counter, the effects so far, the stacks.
        labels = [each.operation.name.rpartition("/")[2] for each in body.parameters]
        state = [
            loop.variable(value, f"{name}/{labels[index]}", body.parameters[index].type)
            for index, value in enumerate(rest[:carried])
        ]
        is_counted = test is None or limit is not None or used[carried] or scanned > 0 or not state
        counter = loop.variable(self.number(0), f"{name}/counter") if is_counted else None
        token = None if start is None else loop.variable(start, f"{name}/effects")
        stacks = {place: loop.variable(value, f"{name}/stack") for place, value in empty.items()}
        elements = [loop.constant(each, f"{name}/array") for each in rest[carried : carried + scanned]]
        constants = [loop.constant(each, f"{name}/constant") for each in rest[carried + scanned :]]
        end = None if length is None else loop.constant(length, f"{name}/length")
        inner = Place(loop.frame, loop.merged[0], None if token is None else loop.merged[token])
        if test is None:
            assert counter is not None
            assert end is not None
            goes_on = self.add(inner, "below", f"{name}/below", [loop.merged[counter], end])
        else:
            operands = [*(loop.merged[each] for each in state), *constants]
            below = None
            if limit is not None:
                assert counter is not None
                below = self.add(inner, "below", f"{name}/below", [loop.merged[counter], self.number(limit)])
            goes_on = self._condition(operation, test, operands, below, inner)
        merged = list(loop.merged)
        if token is not None:
            merged[token] = self.settled(inner, name)
        go, stay = loop.switch(merged, goes_on)
        body_place = Place(loop.frame, go[0], None if token is None else go[token])
        picked = [
            self.add(
                body_place, "element", f"{name}/element", [each, go[counter or 0], *([] if end is None else [end])],
                operation=operation, reverse=attributes["reverse"],
            )
            for each in elements
        ]  # fmt: skip
        values = dict(zip(body.parameters, [*(go[each] for each in state), *picked, *constants], strict=True))
        self.program(body, values, body_place)
        following = {each: values[result] for each, result in zip(state, body.results, strict=False)}
        if counter is not None:
            following[counter] = self.add(body_place, "increment", f"{name}/increment", [go[counter]])
        if token is not None:
            following[token] = self.settled(body_place, name)
        for index, variable in stacks.items():
            pushed = values[body.results[carried + index]]
            following[variable] = self.add(body_place, "push", f"{name}/push", [go[variable], pushed])
        loop.close(following, body_place)
        return self._leave(operation, loop, stay, state, counter, token, stacks, used, listed, outer)

    def _leave(
        self,
        operation: Operation,
        loop: LoopFrame,
        stay: Sequence[Source],
        state: Sequence[int],
        counter: int | None,
        token: int | None,
        stacks: Mapping[int, int],
        used: Sequence[bool],
        listed: Sequence[bool],
        outer: Place,
    ) -> Sequence[Source | None]:
        """The exits of the loop, of those values that are ``used``."""
        name, attributes = operation.name, operation.attributes
        carried = attributes["carried"]
        found: list[Source | None] = [
            loop.exit(stay[each], name, type=output.type) if is_used else None
            for each, output, is_used in zip(state, operation.outputs, used, strict=False)
        ]
        if attributes["condition"] is not None:
            count = None
            if used[carried]:
                assert counter is not None
                count = self.add(
                    outer, "number_array", f"{name}/iterations", [loop.exit(stay[counter], name)],
                    type=operation.outputs[carried].type,
                )  # fmt: skip
            found.append(count)
        if token is not None:
            outer.done = loop.exit(stay[token], f"{name}/done")
        start = len(found)
        for index, output in enumerate(operation.outputs[start:]):
            if index not in stacks:
                found.append(None)
                continue
            as_list = listed[start + index]
            made = self.add(
                outer, "stack", name, [loop.exit(stay[stacks[index]], f"{name}/stack")],
                operation=operation, type=output.type, reverse=attributes["reverse"], as_list=as_list,
            )  # fmt: skip
            found.append(made)
        return found

    def _length(self, operation: Operation, operands: list[Source], place: Place) -> Source | None:
        """How many iterations there are, where that is known before the first; a count is taken off ``operands``."""
        attributes = operation.attributes
        if attributes["condition"] is not None:
            return None
        if attributes["is_counted"]:
            return self.add(place, "count", f"{operation.name}/count", [operands.pop()])
        if attributes["length"] is not None:
            return self.number(attributes["length"])
        return self.add(place, "length", f"{operation.name}/length", [operands[attributes["carried"]]])

    def _condition(
        self, operation: Operation, test: Program, operands: Sequence[Source], below: Source | None, place: Place
    ) -> Source:
        """Whether there is another iteration; the condition is asked only where the limit is not reached."""

        def ask(given: Sequence[Source], inner: Place) -> Sequence[Source]:
            values = dict(zip(test.parameters, given, strict=True))
            self.program(test, values, inner)
            return [values[test.results[0]]]

        if below is None:
            return ask(operands, place)[0]
        needed = {each for one in test.operations for each in one.inputs}.union(test.results)
        arms = [
            _Arm(lambda given, inner: [self.number(0)], [False] * len(operands), False),
            _Arm(
                ask,
                [each in needed for each in test.parameters],
                any(has_effect(each) for each in test.operations),
            ),
        ]
        (found,) = self.choose(operation, below, operands, arms, [True], [None], place)
        assert found is not None
        return found


@dataclass
class _Arm:
    """One of several ways on: what adds its nodes, which operands it reads, and whether it has effects."""

    add: Callable[[Sequence[Source], Place], Sequence[Source]]
    reads: Sequence[bool]
    is_effect: bool


def _only_scanned(program: Program) -> set[Tensor]:
    """The values that loops of the same program read an element at a time, and nobody in another way."""
    found: set[Tensor] = set()
    refused = set(program.results)
    for operation in program.operations:
        first, last = 0, 0
        if operation.op.is_nested and operation.op.name == "loop":
            first = operation.attributes["carried"]
            last = first + operation.attributes["scanned"]
            inputs = len(operation.inputs)
            last = first if operation.attributes["has_room"] and last == inputs else last
        found.update(operation.inputs[first:last])
        refused.update(operation.inputs[:first], operation.inputs[last:])
    return found - refused
