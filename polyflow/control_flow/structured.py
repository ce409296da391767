"""The operations of programs that run programs: ``loop``, ``branch`` and ``call``.

They are what specialisation makes of ``cond``, ``while_loop``, ``scan`` and their like. Their bodies are closed: what
they need comes in as an operand, the variables they write go out as results. Their gradients and rules for batches are
loaded when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DType, bool_, int64
from polyflow.core.operators import later
from polyflow.core.program import Program
from polyflow.core.samples import Sample, values
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import Shape, TensorType, accepts
from polyflow.errors import DTypeError, ShapeError, message

# -- loops


@define_op(name="loop", traits=Trait.NESTED | Trait.VIEW)
def loop_op(
    operands: Sequence[TensorType],
    /,
    *,
    body: Program,
    condition: Program | None = None,
    carried: int,
    scanned: int = 0,
    length: int | None = None,
    is_counted: bool = False,
    has_room: bool = False,
    limit: int | None = None,
    reverse: bool = False,
    recompute: bool = False,
    parallel_iterations: int = 10,
) -> tuple[TensorType, ...]:
    """``body`` again and again: while ``condition`` holds, or for ``length`` iterations.

    The operands are ``carried`` values that each iteration replaces, ``scanned`` arrays of which iteration ``i`` gets
    element ``i``, constants, then the number of iterations if it ``is_counted``, and an array whose length bounds that
    number if it ``has_room``. ``body(*carried, *elements, *constants)`` gives the new carried values, then values that
    are stacked over the iterations; ``condition(*carried, *constants)`` whether there is another one. The results are
    the carried values, the number of iterations of a loop with a condition, and the stacks.

    ``limit`` is the largest number of iterations, ``reverse`` runs from the last element to the first, ``recompute``
    lets a gradient compute anew what the body computed, instead of keeping it.

    Users call :func:`polyflow.while_loop`, :func:`polyflow.scan` and their like.

    >>> import polyflow as pf
    >>> i = pf.while_loop(lambda i: i < 10, lambda i: i + 3, [0])
    >>> "= loop(" in pf.Session(optimise=False).explain(i)
    True
    """
    state = [each.type for each in body.parameters[:carried]]
    for place, (declared, given) in enumerate(zip(state, operands[:carried], strict=True)):
        _check(declared, given, f"loop: carried value {place} does not start with the type that the body takes")
    for place, (declared, made) in enumerate(zip(state, body.results[:carried], strict=True)):
        _check(declared, made.type, f"loop: the body gives carried value {place} another type")
    if condition is not None and condition.results[0].type != TensorType(bool_, ()):
        raise DTypeError(
            message("loop: the condition", found=str(condition.results[0].type), needed=str(TensorType(bool_, ())))
        )
    counts = [] if condition is None else [TensorType(int64, ())]
    stacks = [TensorType(each.dtype, (length, *each.type.known_shape)) for each in body.results[carried:]]
    return (*state, *counts, *stacks)


loop_op.gradient(later("polyflow.control_flow.loop_gradient", "loop_gradient"))
loop_op.batching(later("polyflow.control_flow.batching", "batched_loop"))


# -- branches


@define_op(name="branch", traits=Trait.NESTED | Trait.VIEW)
def branch_op(operands: Sequence[TensorType], /, *, programs: tuple[Program, ...]) -> tuple[TensorType, ...]:
    """The results of one of ``programs``: that whose number the first operand is; the others take the rest.

    The number is a whole one within bounds, or a bool where there are two programs. Users call
    :func:`polyflow.cond` and :func:`polyflow.switch_case`.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (), name="x")
    >>> y = pf.cond(x > 0, lambda: x, lambda: -x)
    >>> "branch(" in pf.Session(optimise=False).explain(y)
    True
    """
    number = operands[0]
    if number.shape != () or number.known_dtype.kind not in ("bool", "int"):
        raise DTypeError(message("branch: the number of the program", found=str(number), needed="one bool or integer"))
    for program in programs:
        for place, (parameter, given) in enumerate(zip(program.parameters, operands[1:], strict=True)):
            _check(parameter.type, given, f"branch: operand {place} is not of the type that a program takes")
    return tuple(
        joined([each.type for each in results]) for results in zip(*[p.results for p in programs], strict=True)
    )


branch_op.gradient(later("polyflow.control_flow.branch_gradient", "branch_gradient"))
branch_op.batching(later("polyflow.control_flow.batching", "batched_branch"))


def joined(types: Sequence[TensorType]) -> TensorType:
    """The type of a value that has one of ``types``: dimensions in which they differ are unknown.

    Raises ``DTypeError`` or ``ShapeError`` where dtypes or ranks differ.
    """
    first = types[0]
    for each in types:
        if each.dtype is not first.dtype:
            raise DTypeError(message("the branches differ in dtype", found=str(each), needed=str(first)))
        if (each.shape is None) != (first.shape is None) or (each.shape is not None and each.rank != first.rank):
            raise ShapeError(message("the branches differ in rank", found=str(each), needed=str(first)))
    if first.shape is None:
        return first
    sizes = zip(*[each.known_shape for each in types], strict=True)
    return TensorType(first.dtype, tuple([size[0] if len(set(size)) == 1 else None for size in sizes]))


# -- calls


@define_op(name="call", traits=Trait.NESTED | Trait.VIEW)
def call_op(operands: Sequence[TensorType], /, *, body: Program, recompute: bool = False) -> tuple[TensorType, ...]:
    """The results of ``body``; ``recompute`` lets a gradient compute anew what the body computed.

    Users call :func:`polyflow.checkpoint`.

    >>> import polyflow as pf
    >>> x = pf.constant(2.0)
    >>> pf.Session().run(pf.checkpoint(lambda x: x * x)(x)).tolist()
    4.0
    """
    for place, (parameter, given) in enumerate(zip(body.parameters, operands, strict=True)):
        _check(parameter.type, given, f"call: operand {place} is not of the type that the program takes")
    return tuple([each.type for each in body.results])


call_op.gradient(later("polyflow.control_flow.branch_gradient", "call_gradient"))
call_op.batching(later("polyflow.control_flow.batching", "batched_call"))


# -- what their rules share


@define_op
def absent(*, dtype: DType, shape: Shape) -> TensorType:
    """A value that nobody reads: what a branch gives for the values that only other branches compute.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.structured import absent
    >>> pf.Session().run(absent(dtype=pf.float32, shape=(2,))).shape
    (2,)
    """
    return TensorType(dtype, shape)


absent.no_gradient("it has no operand")


@absent.kernel
def absent_kernel(xp: Any, *, dtype: Any, shape: Shape) -> Any:
    return xp.zeros(tuple([0 if size is None else size for size in shape]), dtype=dtype)


@absent.samples
def absent_samples() -> Iterator[Sample]:
    yield Sample(dtype=bool_, shape=(2, 3))


@define_op
def absent_rows(room: TensorType, /, *, dtype: DType, row: Shape) -> TensorType:
    """Rows that nobody reads, as many as there is ``room`` for: what a branch gives for a stack of another branch.

    >>> import polyflow as pf
    >>> from polyflow.control_flow.structured import absent_rows
    >>> pf.Session().run(absent_rows([True, True], dtype=pf.float32, row=(3,))).shape
    (2, 3)
    """
    return TensorType(dtype, (room.known_shape[0], *row))


absent_rows.no_gradient("its elements mean nothing")


@absent_rows.kernel
def absent_rows_kernel(xp: Any, room: Any, *, dtype: Any, row: Shape) -> Any:
    return xp.zeros((room.shape[0], *row), dtype=dtype)


@absent_rows.batching
def batched_absent_rows(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
    """As many for each example."""
    one = absent_rows(inputs[0][0], **operation.attributes)
    return xp.broadcast_to(one, (inputs[0].shape[0], *one.type.static_shape))


@absent_rows.samples
def absent_rows_samples() -> Iterator[Sample]:
    yield Sample(values([True, False], "bool"), dtype=int64, row=(3,))


def widen(operation: Operation, place: int, tensors: Sequence[Tensor], program: Program) -> tuple[Tensor, ...]:
    """Let program number ``place`` of ``operation`` give ``tensors`` as further results; the outputs that hold them.

    Results are added behind those that are there, so that nothing that reads ``operation`` notices. ``program`` is the
    program as it is now, with the operations that make ``tensors``.
    """
    attributes = dict(operation.attributes)
    if operation.op is branch_op:
        attributes["programs"] = tuple(
            [
                _with_results(program, tensors) if number == place else _with_absent(each, tensors, program)
                for number, each in enumerate(attributes["programs"])
            ]
        )
    else:
        attributes["body"] = _with_results(program, tensors)
    size: Shape = (attributes["length"],) if operation.op is loop_op else ()
    added = [TensorType(each.dtype, (*size, *each.type.known_shape)) for each in tensors]
    start = len(operation.outputs)
    outputs = tuple([Tensor(operation, start + index, type) for index, type in enumerate(added)])
    operation.attributes = attributes
    operation.outputs = (*operation.outputs, *outputs)
    return outputs


def _with_results(program: Program, tensors: Sequence[Tensor]) -> Program:
    return Program(program.parameters, program.operations, (*program.results, *tensors))


def _with_absent(program: Program, tensors: Sequence[Tensor], owner: Program) -> Program:
    """``program`` with results that nobody reads, of the types of ``tensors``, which ``owner`` computes."""
    taken = {each.name for each in program.operations}
    made = []
    for tensor in tensors:
        name = f"absent_{len(taken)}"
        taken.add(name)
        rows = _rows_of(tensor, owner)
        op = absent if rows is None else absent_rows
        inputs = () if rows is None else (program.parameters[rows],)
        dtype, shape = tensor.type.known_dtype, tensor.type.known_shape
        attributes = {"dtype": dtype, "shape": shape} if rows is None else {"dtype": dtype, "row": shape[1:]}
        made.append(Operation(op, name, inputs, attributes, (tensor.type,), position=len(program.operations)))
    results = (*program.results, *(each.output for each in made))
    return Program(program.parameters, (*program.operations, *made), results)


def _rows_of(tensor: Tensor, program: Program) -> int | None:
    """The place of a parameter with as many rows as a stack, where those of the stack are not known beforehand."""
    operation = tensor.operation
    if operation.op is not loop_op or tensor.type.is_static or None in tensor.type.known_shape[1:]:
        return None
    carried = operation.attributes["carried"]
    places = {each: place for place, each in enumerate(program.parameters)}
    scanned = operation.inputs[carried : carried + operation.attributes["scanned"]]
    return next((places[each] for each in scanned if each in places), None)


def _check(declared: TensorType, given: TensorType, what: str) -> None:
    if not accepts(declared, given):
        raise ShapeError(message(what, found=str(given), needed=str(declared)))
