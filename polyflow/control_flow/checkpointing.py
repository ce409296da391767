"""``checkpoint``: a function whose inner values are computed anew for the gradient, instead of being kept."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.control_flow.body_graph import construct, scope_name, trace
from polyflow.control_flow.specialising import Outside, specialise_body
from polyflow.control_flow.structured import call_op
from polyflow.core.building import builder_of
from polyflow.core.declaration import define_op
from polyflow.core.graph import Graph
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.structures import flatten
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType


@define_op(name="checkpoint", takes_unknown=True)
def checkpoint_op(
    operands: Sequence[TensorType], /, *, bodies: tuple[Any, ...], captured: tuple[Any, ...]
) -> tuple[TensorType, ...]:
    """The results of a body, computed once more for a gradient; users call :func:`polyflow.checkpoint`.

    >>> import polyflow as pf
    >>> pf.checkpoint(pf.sin)(pf.constant(1.0)).operation.op
    <op checkpoint>
    """
    return tuple([each.type.strong for each in bodies[0].results])


checkpoint_op.no_gradient("specialisation replaces it by the operations that it stands for")


@checkpoint_op.expansion
def checkpoint_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    (body,) = attributes["bodies"]
    captured = attributes["captured"]
    count = len(inputs) - len(captured)
    given = [builder.cast(each, None) if each.type.weak else each for each in inputs[:count]]
    outside = Outside.of(builder, inputs[count:], captured)
    made = specialise_body(body, [each.type for each in given], outside, builder.xp)
    for place in range(len(made.results)):
        made.cast_result(place, None)
    values = [outside.value(each) for each in captured]
    parameters = [made.parameter(tensor, value.type) for tensor, value in zip(captured, values, strict=True)]
    written = made.written
    program = made.program([*made.parameters, *parameters], [*made.results, *map(made.after, written)])
    name = builder.constructing or "checkpoint"
    outputs = builder.add(call_op, (*given, *values), {"body": program, "recompute": True}, name).outputs
    results = len(made.results)
    outside.write(written, outputs[results:])
    return tuple(outputs[:results])


def checkpoint(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """``function``, a function of tensors, with a gradient that computes it once more instead of keeping its values.

    >>> import polyflow as pf
    >>> x = pf.constant(2.0)
    >>> y = pf.checkpoint(lambda x: pf.sin(pf.exp(x)))(x)
    >>> value, gradient = pf.Session().run([y, *pf.gradients(y, x)])
    >>> round(float(gradient), 5)
    3.31293

    What is kept are the arguments, and what else the function reaches for. Arguments and results may be nested in
    tuples, lists and dicts. Values and gradients of any order are those of ``function``. For loops see
    ``checkpoint=True`` of :func:`polyflow.while_loop`.
    """

    @functools.wraps(function)
    def wrapped(*arguments: Any) -> Any:
        leaves, structure = flatten(arguments)
        builder: Any = builder_of(leaves)
        if not isinstance(builder, Graph | ProgramBuilder):
            return function(*arguments)
        tensors = [builder.as_tensor(each) for each in leaves]
        scope = scope_name(builder, name or getattr(function, "__name__", "checkpoint").strip("<>"))
        types = [each.type.strong for each in tensors]
        body = trace(function, types, structure, builder, scope)
        outputs, operation = construct(checkpoint_op, builder, tensors, [body], {}, scope)
        return body.rebuild(outputs, operation)

    return wrapped
