"""Loops over the elements of arrays: ``scan``, ``map_fn``, ``foldl`` and ``foldr``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.control_flow.body_graph import Body, construct, scope_name, trace
from polyflow.control_flow.specialising import Outside, specialise_body
from polyflow.control_flow.starting import drawn_starts, settled
from polyflow.control_flow.structured import loop_op
from polyflow.core.building import builder_of
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import as_dtype
from polyflow.core.graph import Graph
from polyflow.core.location import user_location
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.structures import Structure, flatten
from polyflow.core.tensor import Tensor
from polyflow.core.types import UNKNOWN, TensorType, accepts
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, ShapeError, message
from polyflow.extension.manager import extensions


@define_op(name="scan", takes_unknown=True)
def scan_op(
    operands: Sequence[TensorType],
    /,
    *,
    bodies: tuple[Any, ...],
    captured: tuple[Any, ...],
    carried: int,
    scanned: int,
    stacked: tuple[int, ...],
    reverse: bool = False,
    parallel_iterations: int = 10,
) -> tuple[TensorType, ...]:
    """What a body makes of carried values, element by element; users call :func:`polyflow.scan` or its like.

    The results of the body are the carried values, then values; the results in the places ``stacked`` are stacked.

    >>> import polyflow as pf
    >>> pf.scan(lambda total, x: total + x, pf.constant([1, 2, 3]), 0).operation.op
    <op scan>
    """
    (body,) = bodies
    length = common_length(operands[carried : carried + scanned])
    made = [each.type for each in body.results]
    finals = [TensorType(None if each.weak else each.dtype, each.shape) for each in operands[:carried]]
    return (*finals, *(_stacked(_strong(made[place], finals, place), length) for place in stacked))


scan_op.no_gradient("specialisation replaces it by the operations that it stands for")


def common_length(types: Sequence[TensorType]) -> int | None:
    """How many elements arrays of ``types`` have, ``None`` where no type knows.

    Raises ``ShapeError`` where they have none, or differ.
    """
    found: int | None = None
    for each in types:
        if each.shape is None:
            continue
        if not each.shape:
            raise ShapeError(
                message("an array without dimensions has no elements to go over", found=str(each), remedy="x[None]")
            )
        size = each.shape[0]
        if found is not None and size is not None and size != found:
            raise ShapeError(
                message("the arrays that are gone over together differ in length", found=size, needed=found)
            )
        found = size if found is None else found
    return found


def _strong(type: TensorType, finals: Sequence[TensorType], place: int) -> TensorType:
    if type.weak:
        return finals[place] if place < len(finals) else type.strong
    return type


def _stacked(type: TensorType, length: int | None) -> TensorType:
    return UNKNOWN if type.dtype is None or type.shape is None else TensorType(type.dtype, (length, *type.shape))


@scan_op.expansion
def scan_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    (body,) = attributes["bodies"]
    carried, scanned, stacked = attributes["carried"], attributes["scanned"], attributes["stacked"]
    given = [builder.cast(each, None) if each.type.weak else each for each in inputs[: carried + scanned]]
    length = common_length([each.type for each in given[carried:]])
    states = [each.type for each in given[:carried]]
    elements = [TensorType(each.dtype, each.type.known_shape[1:]) for each in given[carried:]]
    outside = Outside.of(builder, inputs[carried + scanned :], attributes["captured"])
    made = specialise_body(body, [*states, *elements], outside, builder.xp)
    drawn = drawn_starts(builder, inputs[:carried], given[:carried], made.results)
    if drawn is not None:
        given[:carried] = drawn
        states = [each.type for each in given[:carried]]
        made = specialise_body(body, [*states, *elements], outside, builder.xp)
    for place in range(len(made.results)):
        made.cast_result(place, states[place].dtype if place < carried else None)
    for place, type in enumerate(states):
        _check_state(body, place, type, made.results[place].type, builder.location)
    written = made.written
    rest = [each for each in attributes["captured"] if each not in set(written)]
    values = {each: outside.value(each) for each in (*written, *rest)}
    held = {each: made.parameter(each, value.type) for each, value in values.items()}
    parameters = [
        *made.parameters[:carried], *(held[each] for each in written),
        *made.parameters[carried:], *(held[each] for each in rest),
    ]  # fmt: skip
    results = [*made.results[:carried], *map(made.after, written), *(made.results[place] for place in stacked)]
    operands = [
        *given[:carried], *(values[each] for each in written), *given[carried:], *(values[each] for each in rest),
    ]  # fmt: skip
    options = {
        "body": made.program(parameters, results),
        "carried": carried + len(written),
        "scanned": scanned,
        "length": length,
        "reverse": attributes["reverse"],
        "parallel_iterations": attributes["parallel_iterations"],
    }
    name = builder.constructing or "scan"
    outputs = builder.add(loop_op, tuple(operands), {**loop_op.signature.defaults, **options}, name).outputs
    outside.write(written, outputs[carried : carried + len(written)])
    return (*outputs[:carried], *outputs[carried + len(written) :])


def _check_state(body: Body, place: int, declared: TensorType, found: TensorType, where: object) -> None:
    if accepts(declared, found):
        return
    error = DTypeError if declared.dtype is not found.dtype else ShapeError
    what = "dtype" if error is DTypeError else "shape"
    raise error(
        message(
            f"{body.graph.name}: the function gives the accumulator another {what}",
            found=str(found),
            needed=str(declared),
            where=where,
            remedy=f"start with an initializer of that {what}, or bring the result to the accumulator's",
        )
    )


def _run(
    name: str,
    function: Callable[..., Any],
    states: Any,
    elems: Any,
    *,
    takes_state: bool,
    gives_stacks: bool,
    reverse: bool,
    parallel_iterations: int,
) -> Any:
    """The body of all four: the final accumulator, or the stacks of what the function gives."""
    if not callable(function):
        raise ArgumentError(message(f"{name}: fn is a function", found=f"{function!r:.60}"))
    state_leaves, state_structure = flatten(states) if takes_state else ([], None)
    leaves, structure = flatten(elems)
    builder: Any = builder_of([*state_leaves, *leaves])
    if not isinstance(builder, Graph | ProgramBuilder):
        return _run_eagerly(function, states, elems, takes_state, gives_stacks, reverse, builder)
    tensors = [builder.as_tensor(each) for each in (*state_leaves, *leaves)]
    types = [each.type.strong for each in tensors]
    count = len(state_leaves)
    common_length([each.type for each in tensors[count:]])
    types[count:] = [TensorType(each.dtype, None if each.shape is None else each.shape[1:]) for each in types[count:]]
    scope = scope_name(builder, name)
    members = Structure(tuple, (), (structure,) if state_structure is None else (state_structure, structure))
    labels = [*_labels("state", count), *_labels("element", len(leaves))]

    def traced(starts: Sequence[TensorType]) -> Body:
        return trace(function, [*starts, *types[count:]], members, builder, f"{scope}/body", labels)

    tensors[:count], body = settled(builder, tensors[:count], traced)
    if takes_state and (body.structure != state_structure or not all(body.has_value)):
        raise ControlFlowError(
            message(
                f"{name}: the function does not return what it accumulates",
                found=str(body.structure),
                needed=str(state_structure),
                where=user_location(),
            )
        )
    stacked = tuple(range(len(body.results))) if gives_stacks else ()
    attributes = {
        "carried": count,
        "scanned": len(leaves),
        "stacked": stacked,
        "reverse": reverse,
        "parallel_iterations": parallel_iterations,
    }
    outputs, operation = construct(scan_op, builder, tensors, [body], attributes, scope)
    return body.rebuild(outputs[count:] if gives_stacks else outputs[:count], operation)


def _labels(name: str, count: int) -> list[str]:
    return [name if count == 1 else f"{name}_{place}" for place in range(count)]


def _run_eagerly(
    function: Callable[..., Any],
    states: Any,
    elems: Any,
    takes_state: bool,
    gives_stacks: bool,
    reverse: bool,
    xp: Any,
) -> Any:
    """The loop on values that are there already."""
    leaves, structure = flatten(elems)
    arrays = [xp.asarray(each) for each in leaves]
    length = arrays[0].shape[0]
    made: list[Any] = []
    for place in reversed(range(length)) if reverse else range(length):
        element = structure.rebuild([each[place] for each in arrays])
        states = function(states, element) if takes_state else function(element)
        made.append(states)
    if not gives_stacks:
        return states
    made = made[::-1] if reverse else made
    flat = [flatten(each) for each in made]
    return flat[0][1].rebuild(
        [xp.stack([xp.asarray(each) for each in group]) for group in zip(*[f for f, _ in flat], strict=True)]
    )


def _started(elems: Any, initializer: Any, reverse: bool) -> tuple[Any, Any]:
    """The accumulator to start with and the elements to go over: without an initializer the first one is it."""
    if initializer is not None:
        return initializer, elems
    leaves, structure = flatten(elems)
    builder: Any = builder_of(leaves)
    tensors = [
        builder.as_tensor(each) if isinstance(builder, Graph | ProgramBuilder) else builder.asarray(each)
        for each in leaves
    ]
    common_length(
        [TensorType(each.dtype, tuple(each.shape)) if each.shape is not None else UNKNOWN for each in tensors]
    )
    first = [each[-1] if reverse else each[0] for each in tensors]
    rest = [each[:-1] if reverse else each[1:] for each in tensors]
    return structure.rebuild(first), structure.rebuild(rest)


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Every accumulator ``a = fn(a, x)`` for the elements ``x`` of ``elems``, stacked along a new first axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.scan(lambda total, x: total + x, pf.constant([1, 2, 3, 4]))).tolist()
    [1, 3, 6, 10]

    ``elems`` is an array, or a nested structure of arrays of one length that are gone over together along their first
    axis; ``initializer`` is the accumulator to start with, in any structure, and ``fn`` returns that structure with the
    same types. Without an initializer the first element is the first accumulator. ``reverse`` goes from the last
    element to the first. Gradients flow through ``elems``, ``initializer`` and whatever ``fn`` reaches for; a compiled
    engine runs one loop. ``back_prop``, ``swap_memory`` and ``infer_shape`` are accepted for TensorFlow's sake.

    Raises ``ControlFlowError``, ``DTypeError`` and ``ShapeError`` where ``fn`` does not give what it accumulates.
    """
    start, rest = _started(elems, initializer, reverse)
    found = _run(
        name or "scan", fn, start, rest,
        takes_state=True, gives_stacks=True, reverse=reverse, parallel_iterations=parallel_iterations,
    )  # fmt: skip
    if initializer is not None:
        return found
    firsts, structure = flatten(start)
    stacks, _ = flatten(found)
    pairs = zip(firsts, stacks, strict=True)
    return structure.rebuild([_joined(first, stack, reverse) for first, stack in pairs])


def _joined(first: Any, stack: Any, reverse: bool) -> Any:
    """The first accumulator and those that followed."""
    xp = extensions().namespace
    parts = [xp.expand_dims(first, axis=0), stack]
    return xp.concat(parts[::-1] if reverse else parts, axis=0)


def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """``fn(x)`` for each element ``x`` of ``elems``, stacked along a new first axis.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.map_fn(lambda x: x * x, pf.constant([1, 2, 3]))).tolist()
    [1, 4, 9]

    ``elems`` may be a nested structure of arrays of one length; ``fn`` may return another structure, whose dtypes
    ``dtype`` may say, as TensorFlow 1 wants it: they are checked. The elements are taken one after the other, or some
    of them at once under the dataflow executor; :func:`polyflow.vmap` does all of them as array operations.
    """
    found = _run(
        name or "map", fn, (), elems,
        takes_state=False, gives_stacks=True, reverse=False, parallel_iterations=parallel_iterations,
    )  # fmt: skip
    if dtype is not None:
        wanted, made = flatten(dtype)[0], flatten(found)[0]
        for want, each in zip(wanted, made, strict=False):
            if each.dtype is not None and as_dtype(want) is not each.dtype:
                raise DTypeError(
                    message(
                        "map_fn: fn gives another dtype than was said",
                        found=each.dtype,
                        needed=as_dtype(want),
                        where=user_location(),
                        remedy="drop dtype=, or cast in fn",
                    )
                )
    return found


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The accumulator ``a = fn(a, x)`` after all elements ``x`` of ``elems``, from the first to the last.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.foldl(lambda a, x: 10 * a + x, pf.constant([1, 2, 3]))).tolist()
    123

    Arguments as for :func:`polyflow.scan`.
    """
    return _fold(name or "foldl", fn, elems, initializer, False, parallel_iterations)


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The accumulator ``a = fn(a, x)`` after all elements ``x`` of ``elems``, from the last to the first.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.foldr(lambda a, x: 10 * a + x, pf.constant([1, 2, 3]))).tolist()
    321

    Arguments as for :func:`polyflow.scan`.
    """
    return _fold(name or "foldr", fn, elems, initializer, True, parallel_iterations)


def _fold(
    name: str, fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool, parallel_iterations: int
) -> Any:
    start, rest = _started(elems, initializer, reverse)
    return _run(
        name, fn, start, rest,
        takes_state=True, gives_stacks=False, reverse=reverse, parallel_iterations=parallel_iterations,
    )  # fmt: skip
