"""Branches: ``cond``, ``case`` and ``switch_case``. Only the branch that is taken runs, and only its side effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.control_flow.body_graph import Body, construct, scope_name, trace
from polyflow.control_flow.specialising import Outside, Specialised, specialise_body
from polyflow.control_flow.structured import branch_op, joined
from polyflow.core.building import builder_of
from polyflow.core.declaration import define_op
from polyflow.core.dtypes import int64
from polyflow.core.graph import Graph, control_dependencies
from polyflow.core.literal import literal
from polyflow.core.location import user_location
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.tensor import Tensor
from polyflow.core.types import UNKNOWN, TensorType
from polyflow.errors import ArgumentError, ControlFlowError, DTypeError, PolyflowError, message, with_line
from polyflow.extension.manager import extensions

Branch = Callable[[], Any]
"""A function without arguments that builds what one branch computes."""


@define_op(name="switch_case", takes_unknown=True)
def switch_case_op(
    operands: Sequence[TensorType], /, *, bodies: tuple[Any, ...], captured: tuple[Any, ...]
) -> tuple[TensorType, ...]:
    """The results of the body whose number the first operand is; users call :func:`polyflow.cond` or its like.

    >>> import polyflow as pf
    >>> pf.cond(pf.constant(True), lambda: 1.0, lambda: 2.0).operation.op
    <op switch_case>
    """
    _check_number(operands[0], len(bodies))
    return tuple(_joined([each.type for each in results]) for results in zip(*[b.results for b in bodies], strict=True))


switch_case_op.no_gradient("specialisation replaces it by the operations that it stands for")


def _check_number(number: TensorType, count: int) -> None:
    if number.shape not in (None, ()) or (
        number.dtype is not None and number.dtype.kind not in ("bool", "int", "uint")
    ):
        needed = "a bool without dimensions" if count == 2 else "an integer without dimensions"
        raise DTypeError(message("the choice between branches", found=str(number), needed=needed))


def _joined(types: Sequence[TensorType]) -> TensorType:
    """The type of a result as far as the graph knows it; a Python number takes the dtype of the other branches."""
    strong = [each for each in types if not each.weak] or [types[0].with_dtype(types[0].known_dtype)]
    if any(each.dtype is None or each.shape is None for each in strong):
        return UNKNOWN
    return joined([each if not each.weak else TensorType(strong[0].dtype, each.shape) for each in types])


@switch_case_op.expansion
def switch_case_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    bodies: Sequence[Body] = attributes["bodies"]
    captured: Sequence[Tensor] = attributes["captured"]
    number = builder.cast(inputs[0], None)
    _check_number(number.type, len(bodies))
    if number.type.known_dtype.kind == "uint":
        number = builder.xp.astype(number, builder.xp.int64)
    outside = Outside.of(builder, inputs[1:], captured)
    made = [specialise_body(body, (), outside, builder.xp) for body in bodies]
    for place in range(len(bodies[0].results)):
        _cast_results(made, place)
    written = list(dict.fromkeys(handle for each in made for handle in each.written))
    values = [outside.value(each) for each in captured]
    programs = []
    for each in made:
        parameters = [each.parameter(tensor, value.type) for tensor, value in zip(captured, values, strict=True)]
        programs.append(each.program(parameters, [*each.results, *map(each.after, written)]))
    outputs = builder.add(
        branch_op, (number, *values), {"programs": tuple(programs)}, builder.constructing or "cond"
    ).outputs
    count = len(bodies[0].results)
    outside.write(written, outputs[count:])
    return tuple(outputs[:count])


def _cast_results(made: Sequence[Specialised], place: int) -> None:
    """Python numbers among the results in the dtype of those that are tensors, or in which they all meet."""
    types = [each.results[place].type for each in made]
    strong = next((each.dtype for each in types if not each.weak), None)
    if strong is None:
        strong = max((each.known_dtype for each in types), key=lambda dtype: "bool int float complex".index(dtype.kind))
    for each in made:
        each.cast_result(place, strong)


def cond(
    pred: object,
    true_fn: Branch | None = None,
    false_fn: Branch | None = None,
    strict: bool = False,
    name: str | None = None,
) -> Any:
    """What ``true_fn()`` gives where ``pred`` is true when the graph runs, else what ``false_fn()`` gives.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (), name="x")
    >>> y = pf.cond(x > 0, lambda: pf.sqrt(x), lambda: 0.0)
    >>> with pf.Session() as session:
    ...     session.run(y, {x: 4.0}).tolist(), session.run(y, {x: -4.0}).tolist()
    (2.0, 0.0)

    ``pred`` is a bool without dimensions; the functions take nothing, use what is around them, and return tensors in
    nested tuples, lists and dicts of one structure, with one dtype in each place. Only the branch that is taken runs,
    what it assigns and prints included. Shapes may differ; what follows then depends on data. Gradients flow through
    the branch that was taken. ``strict`` is accepted for TensorFlow's sake: structures are always kept.

    Raises ``ControlFlowError`` where the branches differ in structure, ``DTypeError`` where they differ in dtype.
    """
    if not callable(true_fn) or not callable(false_fn):
        raise ArgumentError(
            message(
                "cond: a branch is a function without arguments",
                found=repr(true_fn if not callable(true_fn) else false_fn),
            )
        )
    return _choose(pred, [false_fn, true_fn], name or "cond", ("false_fn", "true_fn"))


def switch_case(
    branch_index: object,
    branch_fns: Sequence[Branch] | Mapping[int, Branch],
    default: Branch | None = None,
    name: str | None = None,
) -> Any:
    """What the function number ``branch_index`` gives; ``default``, or the last one, for a number without a function.

    >>> import polyflow as pf
    >>> i = pf.placeholder("int32", (), name="i")
    >>> y = pf.switch_case(i, [lambda: 10, lambda: 20], default=lambda: -1)
    >>> with pf.Session() as session:
    ...     [session.run(y, {i: k}).tolist() for k in (0, 1, 7)]
    [10, 20, -1]

    ``branch_index`` is an integer without dimensions; ``branch_fns`` are functions, or a dict of them by number. As in
    :func:`polyflow.cond`, they return one structure, and only the one that is taken runs.
    """
    table = dict(branch_fns) if isinstance(branch_fns, Mapping) else dict(enumerate(branch_fns))
    if not table:
        raise ArgumentError(message("switch_case: no branches", needed="at least one function"))
    numbers = sorted(table)
    functions = [table[each] for each in numbers]
    if default is None:
        functions, numbers, last = functions[:-1], numbers[:-1], functions[-1]
    else:
        last = default
    if isinstance(branch_index, int):
        return table.get(branch_index, last)()
    builder: Any = builder_of((branch_index,))
    index = builder.as_tensor(branch_index) if isinstance(builder, Graph | ProgramBuilder) else branch_index
    place = _place(index, numbers)
    labels = [f"branch {each}" for each in numbers]
    return _choose(place, [*functions, last], name or "switch_case", (*labels, "the default"))


def _place(index: Any, numbers: Sequence[int]) -> Any:
    """The place of ``index`` among ``numbers``; behind them where it is not there."""
    xp = extensions().namespace
    place = xp.full_like(index, len(numbers), dtype=xp.int64)
    for where, number in enumerate(numbers):
        place = xp.where(index == number, where, place)
    return place


def case(
    pred_fn_pairs: Sequence[tuple[Any, Branch]],
    default: Branch | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = None,
) -> Any:
    """What the function beside the first true predicate gives; ``default``, or the last one, where none is true.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (), name="x")
    >>> y = pf.case([(x < 0, lambda: -1.0), (x > 0, lambda: 1.0)], default=lambda: 0.0)
    >>> with pf.Session() as session:
    ...     [session.run(y, {x: value}).tolist() for value in (-2.0, 0.0, 2.0)]
    [-1.0, 0.0, 1.0]

    With ``exclusive`` two true predicates are an error when the graph runs. As in :func:`polyflow.cond`, the functions
    return one structure, and only the one that is taken runs.
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, Mapping) else list(pred_fn_pairs)
    if not pairs:
        raise ArgumentError(message("case: no branches", needed="at least one pair of a predicate and a function"))
    xp = extensions().namespace
    if exclusive:
        count = xp.sum(xp.stack([xp.astype(pred, xp.int64) for pred, _ in pairs]))
        words = ("predicates that are true:", None)
        checked = extensions().ops["assert"](count <= 1, [count], words=words, summary="case: not exclusive")
        with control_dependencies([checked]):
            pairs = [(xp.identity(pred), function) for pred, function in pairs]
    functions = [function for _, function in pairs]
    predicates = [pred for pred, _ in pairs]
    if default is None:
        predicates, default = predicates[:-1], functions.pop()
    place: Any = literal(len(predicates), int64)
    for where in reversed(range(len(predicates))):
        place = xp.where(predicates[where], where, place)
    labels = [f"branch {where}" for where in range(len(predicates))]
    return _choose(place, [*functions, default], name or "case", (*labels, "the default"))


def _choose(number: Any, functions: Sequence[Branch], name: str, labels: Sequence[str]) -> Any:
    """What the function of that number gives, built into the graph or, on eager values, called at once."""
    if isinstance(number, bool):
        return functions[int(number)]()
    builder: Any = builder_of((number,))
    if not isinstance(builder, Graph | ProgramBuilder):
        return functions[int(number)]()
    scope = scope_name(builder, name)
    tensor = builder.as_tensor(number)
    bodies = [
        trace(each, (), None, builder, f"{scope}/{label.split()[-1]}")
        for each, label in zip(functions, labels, strict=True)
    ]
    first = bodies[0]
    for body, label in zip(bodies, labels, strict=True):
        if body.structure != first.structure or body.has_value != first.has_value:
            raise ControlFlowError(
                message(
                    f"{name}: the branches return different structures",
                    found=f"{label} returns {body.structure}",
                    needed=f"{first.structure}, as {labels[0]} does",
                    where=user_location(),
                    remedy="return the same tuples, lists and dicts, with tensors in the same places",
                )
            )
    for place, results in enumerate(zip(*[body.results for body in bodies], strict=True)):
        try:
            _joined([each.type for each in results])
        except PolyflowError as error:
            raise with_line(error, user_location(), f"{name}: result {place}: ") from None
    outputs, operation = construct(switch_case_op, builder, [tensor], bodies, {}, scope)
    return first.rebuild(outputs, operation)
