"""Loops that go on while a condition holds: ``while_loop``, and ``fori_loop``, whose condition is a count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.control_flow.body_graph import Body, construct, scope_name, trace
from polyflow.control_flow.invariants import UNCHANGED, carried_type, invariants_of
from polyflow.control_flow.rows import written_rows
from polyflow.control_flow.specialising import Outside, Specialised, specialise_body
from polyflow.control_flow.starting import drawn_starts, settled
from polyflow.control_flow.structured import loop_op
from polyflow.control_flow.tensor_array import TensorArray, with_known_elements
from polyflow.control_flow.trip_count import trip_count
from polyflow.core.building import builder_of, default_builder
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import bool_, int64
from polyflow.core.graph import Graph
from polyflow.core.literal import literal
from polyflow.core.location import user_location
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.structures import Structure, flatten
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType, accepts
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, ShapeError, message
from polyflow.extension.manager import extensions


@define_op(name="while_loop", takes_unknown=True)
def while_loop_op(
    operands: Sequence[TensorType],
    /,
    *,
    bodies: tuple[Any, ...],
    captured: tuple[Any, ...],
    invariants: tuple[Any, ...],
    limit: int | None = None,
    parallel_iterations: int = 10,
    recompute: bool = False,
) -> tuple[TensorType, ...]:
    """The loop variables once the condition no longer holds; users call :func:`polyflow.while_loop`.

    >>> import polyflow as pf
    >>> pf.while_loop(lambda i: i < 10, lambda i: i + 3, [0])[0].operation.op
    <op while_loop>
    """
    kinds = [TensorType(None if each.weak else each.dtype, each.shape) for each in operands]
    return tuple(carried_type(each, shape) for each, shape in zip(kinds, invariants, strict=False))


while_loop_op.no_gradient("specialisation replaces it by the operations that it stands for")


@while_loop_op.expansion
def while_loop_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    test, body = attributes["bodies"]
    invariants = attributes["invariants"]
    count = len(invariants)
    start = [builder.cast(each, None) if each.type.weak else each for each in inputs[:count]]
    types = [carried_type(each.type, shape) for each, shape in zip(start, invariants, strict=True)]
    outside = Outside.of(builder, inputs[count:], attributes["captured"])
    stepped = specialise_body(body, types, outside, builder.xp)
    drawn = drawn_starts(builder, inputs[:count], start, stepped.results)
    if drawn is not None:
        start = drawn
        types = [carried_type(each.type, shape) for each, shape in zip(start, invariants, strict=True)]
        stepped = specialise_body(body, types, outside, builder.xp)
    shaped = written_rows(start, stepped.results)
    if shaped is not None:
        start = shaped
        types = [carried_type(each.type, shape) for each, shape in zip(start, invariants, strict=True)]
        stepped = specialise_body(body, types, outside, builder.xp)
    tested = specialise_body(test, types, outside, builder.xp)
    _check_condition(tested, builder.location)
    tested.cast_result(0, bool_)  # Python's own True or False
    for place, type in enumerate(types):
        stepped.cast_result(place, type.dtype)
        _check_step(body, place, type, stepped.results[place].type, builder.location)
    written = stepped.written
    for handle in tested.written:
        raise ControlFlowError(
            message(
                f"while_loop: the condition writes variable {handle.name}",
                where=builder.location,
                remedy="write it in the body",
            )
        )
    rest = [each for each in attributes["captured"] if each not in set(written)]
    values = {each: outside.value(each) for each in (*written, *rest)}
    programs = []
    for made, results in ((tested, []), (stepped, [stepped.after(each) for each in written])):
        parameters = [made.parameter(each, value.type) for each, value in values.items()]
        programs.append(made.program([*made.parameters, *parameters], [*made.results, *results]))
    condition, step = programs
    carried = count + len(written)
    operands = [*start, *values.values()]
    length = trip_count(condition, step, operands, carried, attributes["limit"])
    options: dict[str, Any] = (
        {"length": length} if length is not None else {"condition": condition, "limit": attributes["limit"]}
    )
    options |= {"carried": carried, "body": step, "recompute": attributes["recompute"]}
    options["parallel_iterations"] = attributes["parallel_iterations"]
    outputs = builder.add(loop_op, tuple(operands), _full(options), builder.constructing or "while").outputs
    outside.write(written, outputs[count:carried])
    return tuple(outputs[:count])


def _full(options: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a loop, defaults included."""
    return {**loop_op.signature.defaults, **options}


def _check_condition(tested: Specialised, where: object) -> None:
    (result,) = tested.results
    if result.type.dtype is not bool_ or result.type.shape != ():
        raise DTypeError(
            message(
                "while_loop: the condition is no truth value",
                found=str(result.type),
                needed=str(TensorType(bool_, ())),
                where=where,
                remedy="polyflow.all(...) of what is to hold everywhere",
            )
        )


def _check_step(body: Body, place: int, declared: TensorType, found: TensorType, where: object) -> None:
    """Refuse a body that changes the dtype of a loop variable, or its shape without an invariant that allows it."""
    if accepts(declared, found):
        return
    name = body.parameters[place].operation.name.rpartition("/")[2]
    if declared.dtype is not found.dtype:
        raise DTypeError(
            message(
                f"while_loop: the body gives loop variable {name} another dtype",
                found=str(found),
                needed=str(declared),
                where=where,
                remedy=f"polyflow.astype(..., polyflow.{declared.dtype}) in the body, or start with the other dtype",
            )
        )
    raise ShapeError(
        message(
            f"while_loop: the body gives loop variable {name} another shape",
            found=str(found),
            needed=str(declared),
            where=where,
            remedy="shape_invariants=[...] with None for the dimensions that change",
        )
    )


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: int | None = None,
    return_same_structure: bool = True,
    *,
    checkpoint: bool = False,
) -> Any:
    """The loop variables after ``body`` has replaced them for as long as ``cond`` holds.

    >>> import polyflow as pf
    >>> a = pf.placeholder("float32", (), name="a")
    >>> p = pf.while_loop(lambda p: p <= 10, lambda p: p * a, [a])[0]
    >>> with pf.Session() as session:
    ...     [each.tolist() for each in session.run([p, *pf.gradients(p, a)], {a: 1.5})]
    [11.390625, 45.5625]

    ``loop_vars`` is a list or tuple, in which tuples, lists and dicts may nest; ``cond(*loop_vars)`` gives one truth
    value, ``body(*loop_vars)`` new values in the same structure. Both are called once, to build the loop; they may use
    tensors and variables of the graph around, and assign to variables. A loop variable keeps its dtype, and its shape
    unless ``shape_invariants``, in the structure of ``loop_vars``, gives it one with ``None`` for dimensions that
    change (or ``None`` for a rank that does). The loop stops after ``maximum_iterations`` in any case.

    The result has the structure of ``loop_vars``. Gradients flow through any number of iterations, to any order, also
    where their number depends on data; the memory they take is proportional to that number, and to its square root with
    ``checkpoint=True``, which runs the body twice. ``parallel_iterations`` bounds the iterations that the dataflow
    executor has in flight. ``back_prop`` and ``swap_memory`` are accepted for TensorFlow's sake: nothing is kept for a
    gradient that nobody asks for.

    Raises ``ControlFlowError``, ``DTypeError`` and ``ShapeError`` where the body does not give what the loop carries.
    """
    if not callable(cond) or not callable(body):
        raise ArgumentError(message("while_loop: cond and body are functions", found=f"{cond!r:.40}, {body!r:.40}"))
    if not isinstance(loop_vars, list | tuple) or not loop_vars:
        raise ArgumentError(
            message(
                "while_loop: loop_vars", found=f"{loop_vars!r:.60}", needed="a list or tuple of at least one tensor"
            )
        )
    if maximum_iterations is not None and maximum_iterations < 0:
        raise ArgumentError(message("while_loop: maximum_iterations", found=maximum_iterations, needed="0 or more"))
    if parallel_iterations < 1:
        raise ArgumentError(message("while_loop: parallel_iterations", found=parallel_iterations, needed="1 or more"))
    builder: Any = builder_of([each for each in loop_vars if not isinstance(each, TensorArray)])
    if not isinstance(builder, Graph | ProgramBuilder):
        return _run_eagerly(cond, body, loop_vars, maximum_iterations)
    if checkpoint:
        return _in_chunks(
            cond, body, loop_vars, shape_invariants, parallel_iterations, name, maximum_iterations, builder
        )
    return _build(builder, cond, body, loop_vars, shape_invariants, parallel_iterations, name, maximum_iterations)


def _build(
    builder: Any,
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any,
    parallel_iterations: int,
    name: str | None,
    limit: int | None,
    recompute: bool = False,
) -> Any:
    with_known_elements(body, loop_vars, builder)
    leaves, structure = flatten(loop_vars)
    tensors = [builder.as_tensor(each) for each in leaves]
    invariants: list[Any] = [UNCHANGED] * len(leaves)
    if shape_invariants is not None:
        invariants = invariants_of(shape_invariants, structure, [each.type for each in tensors])
    scope = scope_name(builder, name or "while")
    labels = [_label(path) for path in structure.paths()]

    def traced(starts: Sequence[TensorType]) -> Body:
        types = [carried_type(each, shape) for each, shape in zip(starts, invariants, strict=True)]
        return trace(body, types, structure, builder, f"{scope}/body", labels)

    tensors, stepped = settled(builder, tensors, traced)
    types = [each.type for each in stepped.parameters]
    tested = trace(cond, types, structure, builder, f"{scope}/cond", labels)
    if len(tested.results) != 1:
        raise ControlFlowError(
            message(
                "while_loop: the condition gives no truth value",
                found=str(tested.structure) if tested.results else "nothing: the function returned None",
                needed="one tensor, a bool without dimensions",
                where=user_location(),
            )
        )
    _check_structure(stepped, structure)
    for place, (type, result) in enumerate(zip(types, stepped.results, strict=True)):
        if _clashes(type, result.type):
            _check_step(stepped, place, type, result.type, user_location())
    attributes = {
        "invariants": tuple(invariants),
        "limit": limit,
        "parallel_iterations": parallel_iterations,
        "recompute": recompute,
    }
    outputs, _ = construct(while_loop_op, builder, tensors, [tested, stepped], attributes, scope)
    return structure.rebuild(outputs)


def _check_structure(stepped: Body, structure: Structure) -> None:
    found = stepped.structure
    is_bare = len(structure.members) == 1 and found == structure.members[0]  # one variable may be returned as it is
    if (found.members == structure.members or is_bare) and all(stepped.has_value):
        return
    raise ControlFlowError(
        message(
            "while_loop: the body returns another structure than that of loop_vars",
            found=str(found),
            needed=str(structure),
            where=user_location(),
        )
    )


def _clashes(declared: TensorType, found: TensorType) -> bool:
    """Whether a value of type ``found`` cannot be one of type ``declared``, as far as both are known."""
    if found.weak or declared.dtype is None or found.dtype is None:
        return False
    if declared.dtype is not found.dtype:
        return True
    if declared.shape is None or found.shape is None:
        return False
    if len(declared.shape) != len(found.shape):
        return True
    return any(a is not None and b is not None and a != b for a, b in zip(declared.shape, found.shape, strict=True))


def _label(path: str) -> str:
    """The name of a loop variable inside the loop, made of how it is reached."""
    return "variable" + "".join(each if each.isalnum() else "_" for each in path).replace("__", "_").rstrip("_")


def _run_eagerly(cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, limit: int | None) -> Any:
    """The loop on values that are there already."""
    _, structure = flatten(loop_vars)
    done = 0
    while (limit is None or done < limit) and bool(cond(*loop_vars)):
        made = body(*loop_vars)
        leaves, _ = flatten(made)
        loop_vars = structure.rebuild(leaves)
        done += 1
    return loop_vars


def _in_chunks(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any,
    parallel_iterations: int,
    name: str | None,
    limit: int | None,
    builder: Any,
) -> Any:
    """A loop of loops: the k-th inner one makes at most k steps, so that n steps take about sqrt(2 n) of each.

    What an inner loop computed is computed anew for the gradient; what is kept are the variables that it starts with.
    """
    xp = extensions().namespace
    loop_vars = tuple(loop_vars)

    def is_going_on(done: Any, *values: Any) -> Any:
        return cond(*values) if limit is None else xp.logical_and(done < limit, cond(*values))

    def chunk(size: Any, done: Any, values: Any) -> Any:
        def goes_on(step: Any, done: Any, values: Any) -> Any:
            return xp.logical_and(step < size, is_going_on(done, *values))

        def advance(step: Any, done: Any, values: Any) -> Any:
            made = body(*values)
            leaves, _ = flatten(made)
            return step + 1, done + 1, flatten(values)[1].rebuild(leaves)

        inner = None if shape_invariants is None else ((), (), shape_invariants)
        _, done, values = _build(
            default_builder(), goes_on, advance, (0, done, values), inner, parallel_iterations, "chunk", None
        )
        return size + 1, done, values

    outer = None if shape_invariants is None else ((), (), shape_invariants)
    _, _, found = _build(
        builder,
        lambda _, done, values: is_going_on(done, *values),
        chunk, (1, 0, loop_vars), outer, parallel_iterations, name, None, recompute=True,
    )  # fmt: skip
    return list(found) if isinstance(loop_vars, list) else found


def fori_loop(
    lower: object, upper: object, body_fun: Callable[[Any, Any], Any], init_val: Any, *, checkpoint: bool = False
) -> Any:
    """``init_val`` after ``value = body_fun(i, value)`` for ``i`` from ``lower`` up to, and without, ``upper``.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.fori_loop(0, 5, lambda i, total: total + i, 0)).tolist()
    10

    ``lower`` and ``upper`` are integers, or tensors of one; ``init_val`` may be nested in tuples, lists and dicts, and
    ``body_fun`` returns its structure. With Python integers the number of iterations is known, and a compiled engine
    keeps the loop in one program when it is differentiated. ``checkpoint`` as in :func:`polyflow.while_loop`.
    """
    wide = int64 if isinstance(lower, int) and isinstance(upper, int) else None
    start = lower if wide is None else literal(lower, wide)
    _, value = while_loop(
        lambda i, _: i < upper,
        lambda i, value: (i + 1, body_fun(i, value)),
        (start, init_val), name="fori_loop", checkpoint=checkpoint,
    )  # fmt: skip
    return value
