"""Writing the source of a program: one line an operation, loops and branches as Python's own, memory reused.

A backend that has kernels for ``loop``, ``branch`` and ``call`` gets their bodies as functions; for the others they are
``for`` and ``if`` in the function of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Any

from polyflow.core.operators import later
from polyflow.core.primitives import constant_op
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import last_uses
from polyflow.extension.backend import Backend
from polyflow.extension.kernels import find_kernel, native_attributes
from polyflow.runtime.callees import Callees
from polyflow.runtime.memory import is_loop, listed, owned, rooms, written_over


class Site:
    """What a line of the source stands for."""

    __slots__ = ("loops", "operation")

    def __init__(self, operation: Operation, loops: tuple[tuple[Operation, str], ...]) -> None:
        self.operation = operation
        self.loops = loops
        """The loops around it, each with the name of its counter."""


_write_loop = later("polyflow.runtime.loop_writer", "write_loop")  # for programs with loops
Outline = Callable[..., Callable[..., Any]]
"""Makes a function of a program that is run inside; with ``has_rooms``, one that takes arrays for its results."""


class Writer:
    """Writes the source of a program, and collects the kernels and constants that it refers to."""

    def __init__(
        self,
        program: Program,
        backend: Backend,
        device: str,
        outline: Outline,
        inline: bool,
        check: Callable[..., None] | None = None,
        has_rooms: bool = False,
    ) -> None:
        self.globals: dict[str, Any] = {}
        self.lines: list[str] = []
        self.sites: dict[int, Site] = {}
        """By line, counted from 1."""
        self._program = program
        self.backend = backend
        self.device = device
        self.outline = outline
        self._inline = inline
        self._has_rooms = has_rooms
        self._rooms = rooms(program, backend) if has_rooms and check is None else {}
        """The values that are written into arrays for the results, which are parameters behind those of the program."""
        self._check = check
        """What looks at the results and the operands of each operation."""
        self.names: dict[Tensor, str] = {}
        self._count = 0
        self._callees = Callees(backend, self.globals, self.name)
        self._scalars: set[Tensor] = set()
        """Constants that operations on scalars read."""
        self._shared: dict[int, str] = {}
        """By identity, the names of what expressions refer to, which ``globals`` keeps alive."""
        self._indent = ""
        self.loops: list[tuple[Operation, str]] = []
        self.reusable: set[Tensor] = set()
        self.listed: set[Tensor] = set()
        """Stacks that are lists of their elements, since only loops read them."""

    def source(self) -> str:
        """The source; names in it are those of ``globals``."""
        program = self._program
        for index, tensor in enumerate(program.parameters):
            self.names[tensor] = f"p{index}"
        names = [*self.names.values(), *(f"r{index}=None" for index in range(len(program.results) * self._has_rooms))]
        self.emit(f"def program({', '.join(names)}):")
        self._indent = "    "
        self.block(program)
        results = [self.names[each] for each in program.results]
        self.emit(f"return ({', '.join(results)}{',' if results else ''})")
        return "\n".join(self.lines) + "\n"

    # -- lines and names

    def emit(self, text: str, operation: Operation | None = None) -> None:
        """Add a line, which stands for ``operation``."""
        self.lines.append(self._indent + text)
        if operation is not None:
            self.sites[len(self.lines)] = Site(operation, tuple(self.loops))

    def name(self, prefix: str = "v") -> str:
        """A name that nothing has yet; values that may be deleted begin with ``v``."""
        self._count += 1
        return f"{prefix}{self._count}"

    def share(self, prefix: str, value: Any) -> str:
        """The name of a global that holds ``value``."""
        name = self.name(prefix)
        self.globals[name] = value
        return name

    # -- blocks

    def block(self, program: Program, given: Set[Tensor] = frozenset()) -> None:
        """The operations of a program whose parameters have names; those ``given`` may be written over."""
        outer = self.reusable
        self.reusable = set() if self._check is not None else owned(program, self.backend, given)
        self.listed |= listed(program)
        ends = last_uses(program.operations)
        self._scalars.update(_scalars(program))
        kept = set(program.results).union(each for each in program.parameters if each not in given)
        for place, operation in enumerate(program.operations):
            if operation.op is constant_op:
                self._constant(operation, is_result=operation.outputs[0] in kept)
                continue
            freed = [each for each in dict.fromkeys(operation.inputs) if ends[each] == place and each not in kept]
            if self._is_written_out(operation):
                used = [each in ends or each in kept for each in operation.outputs]
                self._write_out(operation, used, freed)
                self.delete(freed + [each for each in operation.outputs if each not in ends and each not in kept])
                continue
            line = self._call(operation, freed, [each for each in freed if each not in given] if given else freed)
            made = [self.names[each] for each in operation.outputs if each in ends or each in kept]
            freed += [each for each in operation.outputs if each not in ends and each not in kept]
            if self._check is not None:
                self.emit(line, operation)
                line = self._looked_at(operation)
            gone = [name for each in freed if (name := self.names[each])[0] == "v" and name not in made]
            self.emit(f"{line}; del {', '.join(dict.fromkeys(gone))}" if gone else line, operation)
        self.reusable = outer

    def _looked_at(self, operation: Operation) -> str:
        self.globals["k_check"] = self._check
        results, operands = ([self.names[each] for each in group] for group in (operation.outputs, operation.inputs))
        return f"k_check([{', '.join(results)}], [{', '.join(operands)}], {self.share('k', operation)})"

    def delete(self, tensors: Sequence[Tensor]) -> None:
        """Forget the values of ``tensors``, where they have names that may be."""
        names = [name for name in (self.names.pop(each, "") for each in dict.fromkeys(tensors)) if name[:1] == "v"]
        if names:
            self.emit(f"del {', '.join(dict.fromkeys(names))}")

    def _constant(self, operation: Operation, is_result: bool) -> None:
        array = self.backend.from_literal(operation.attributes["value"], self.device)
        if operation.output in self._scalars and not is_result:
            array = self.backend.as_scalar(array)
        self.names[operation.outputs[0]] = self.share("c", array)

    def _call(self, operation: Operation, freed: Sequence[Tensor], renamed: Sequence[Tensor]) -> str:
        """The line of ``operation``; ``freed`` are read for the last time, and have names that they share with nobody
        if they are ``renamed``."""
        operands = [self.names[each] for each in operation.inputs]
        callee = self._callees.of(operation)
        taken = self._taken_over(operation, renamed)
        for tensor in operation.outputs:
            self.names[tensor] = taken or self.name()
        results = ", ".join([self.names[each] for each in operation.outputs])
        if callee.operator is not None and _is_scalar(operation):
            return f"{results} = {callee.operator.format(*operands)}"
        expression = callee.expression and callee.expression(operation)
        if expression is not None:
            constants = {name: self._constant_name(name, value) for name, value in expression.constants.items()}
            return f"{results} = {expression.text.format(*operands, **constants)}"
        has_more = operation.attributes or not operation.op.signature.is_plain
        parts, keywords = self._arguments(operation, operands) if has_more else (operands, [])
        if callee.takes_room:
            over = written_over(operation, freed, self.reusable, self.backend)
            room = self._rooms.get(operation.outputs[0])
            parts += [f"r{room}"] if room is not None else [] if over is None else [self.names[over]]
        name = callee.name
        if callee.updating is not None and self._can_update(operation, freed):
            name = f"u_{operation.op.name}"
            self.globals[name] = callee.updating
        call = f"{name}({', '.join(parts + keywords)})"
        comma = "," if len(operation.outputs) == 1 and operation.op.signature.output_count != 1 else ""
        return f"{results}{comma} = {call}" if results else call

    def _taken_over(self, operation: Operation, renamed: Sequence[Tensor]) -> str:
        """The name of one of the operands ``renamed``, for the one result; else none."""
        if len(operation.outputs) != 1 or self._check is not None:
            return ""
        for each in renamed:
            if self.names[each][0] == "v":
                return self.names[each]
        return ""

    def _arguments(self, operation: Operation, operands: Sequence[str]) -> tuple[list[str], list[str]]:
        """The arguments by position, and those by keyword."""
        given = {name: self._programs(value) for name, value in operation.attributes.items()}
        attributes = {
            name: value if name == "absent" or isinstance(value, _Source) else _Source(self._attribute(value))
            for name, value in native_attributes(given, self.backend, self.device).items()
        }
        args, keywords = operation.op.signature.arguments(operands, attributes)
        return [_text(each) for each in args], [f"{name}={_text(value)}" for name, value in keywords.items()]

    def _programs(self, value: Any) -> Any:
        """A program among the attributes as the name of its function; anything else as it is."""
        if isinstance(value, Program):
            return _Source(self.share("f", self.outline(value)))
        if type(value) is tuple and value and isinstance(value[0], Program):
            names = [self.share("f", self.outline(each)) for each in value]
            return _Source(f"({', '.join(names)},)")
        return value

    def _constant_name(self, name: str, value: Any) -> str:
        """The name of a global that holds what an expression refers to, shared by all that refer to the same."""
        key = id(value)
        if key not in self._shared:
            self._shared[key] = self.share("k_" + name if callable(value) else "a", value)
        return self._shared[key]

    def _can_update(self, operation: Operation, freed: Sequence[Tensor]) -> bool:
        """Whether the memory of the first operand may become that of the result."""
        first = operation.inputs[0]
        is_alone = sum(each is first for each in operation.inputs) == 1
        return is_alone and first in self.reusable and any(each is first for each in freed)

    def _attribute(self, value: Any) -> str:
        """The source of an attribute: spelled out where that is exact, else the name of a global."""
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        if type(value) is tuple and all(isinstance(each, int) for each in value):
            return repr(value)
        return self.share("a", value)

    # -- operations that run programs

    def _is_written_out(self, operation: Operation) -> bool:
        if not operation.op.is_nested:
            return False
        return self._inline or find_kernel(operation.op, self.backend) is None

    def _write_out(self, operation: Operation, used: Sequence[bool], freed: Sequence[Tensor]) -> None:
        if is_loop(operation):
            _write_loop(self, operation, used, freed)
        elif operation.op.name == "branch":
            self._branch(operation, used)
        elif operation.op.name == "fused":
            self._fused(operation)
        else:
            self._inlined(operation, used)

    @contextmanager
    def inside(self, operation: Operation, counter: str) -> Iterator[None]:
        """The lines that are added are those of the body of a loop."""
        outer, self._indent = self._indent, self._indent + "    "
        self.loops.append((operation, counter))
        yield
        self.loops.pop()
        self._indent = outer

    def _inlined(self, operation: Operation, used: Sequence[bool]) -> None:
        body = operation.attributes["body"]
        self.names.update(zip(body.parameters, self.operands(operation.inputs), strict=True))
        self.block(body)
        self._assign(operation.outputs, body.results, used)

    def _fused(self, operation: Operation) -> None:
        """Elementwise operations in blocks, or operations on slices along the first axis."""
        body: Program = operation.attributes["body"]
        blocks = self.backend.in_blocks
        if operation.attributes["by_rows"]:
            blocks = getattr(self.backend, "in_rows", None)  # not every backend has the attribute
        assert blocks is not None, "the pass that fuses asks first"
        types = [[each.type for each in group] for group in (body.parameters, body.results)]
        function = self.share("f", blocks(self.outline(body, has_rooms=True), *types))
        operands = [self.names[each] for each in operation.inputs]
        self.names.update((each, self.name()) for each in operation.outputs)
        results = ", ".join(self.names[each] for each in operation.outputs)
        self.emit(f"{results}, = {function}({', '.join(operands)})", operation)

    def _branch(self, operation: Operation, used: Sequence[bool]) -> None:
        programs: tuple[Program, ...] = operation.attributes["programs"]
        number, *operands = self.operands(operation.inputs)
        if operation.inputs[0].type.known_dtype.kind == "bool":
            tests = [number, ""]
            programs = programs[::-1]
        else:
            place = self.name("i")
            self.emit(f"{place} = int({number})", operation)
            tests = [*(f"{place} == {each}" for each in range(len(programs) - 1)), ""]
        outputs = {each: self.name() for each, is_used in zip(operation.outputs, used, strict=True) if is_used}
        for place_, (program, test) in enumerate(zip(programs, tests, strict=True)):
            if len(programs) == 1:
                self.emit("if True:", operation)
            else:
                self.emit("else:" if not test else f"{'if' if not place_ else 'elif'} {test}:", operation)
            outer, self._indent = self._indent, self._indent + "    "
            self.names.update(zip(program.parameters, operands, strict=True))
            self.block(program)
            self.names.update(outputs)
            self._assign(operation.outputs, program.results, used, fresh=False)
            self.emit("pass")
            self._indent = outer
        self.names.update(outputs)

    def _assign(
        self, targets: Sequence[Tensor], values: Sequence[Tensor], used: Sequence[bool], fresh: bool = True
    ) -> None:
        """Give the ``used`` ones among ``targets`` the values, under names of their own."""
        pairs = [(a, b) for a, b, is_used in zip(targets, values, used, strict=True) if is_used]
        sources = [self.names[value] for _, value in pairs]
        if fresh:
            self.names.update((target, self.name()) for target, _ in pairs)
        names = [self.names[target] for target, _ in pairs]
        if names:
            self.emit(f"{', '.join(names)} = {', '.join(sources)}")

    def operands(self, tensors: Sequence[Tensor]) -> list[str]:
        """The names of operands that a block reads as parameters: never deleted inside; scalars as such."""
        found = []
        for each in tensors:
            name = self.names[each]
            if self.backend.operators and each.type.shape == () and name[0] == "p":
                fast = self.name("s")
                self.emit(f"{fast} = {self._scalar()}({name})")
                name = fast
            found.append(name)
        return found

    def _scalar(self) -> str:
        self.globals["k_scalar"] = self.backend.as_scalar
        return "k_scalar"


def _scalars(program: Program) -> Iterator[Tensor]:
    """The constants without dimensions that an operation reads whose results have none, or whose body may."""
    for operation in program.operations:
        if operation.op.is_nested or _is_scalar(operation):
            for each in operation.inputs:
                if each.operation.op is constant_op and each.type.rank == 0:
                    yield each


def _is_scalar(operation: Operation) -> bool:
    for each in (*operation.outputs, *operation.inputs):  # noqa: SIM110 - `all` takes twice as long
        if each.type.shape != ():
            return False
    return True


class _Source(str):
    """A piece of source, as opposed to a structure of pieces."""

    __slots__ = ()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)
