"""``gradients``: one operation in the graph, expanded by specialisation when all types are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyflow.autodiff.reverse import accumulate_gradients, filled_like
from polyflow.core.building import builder_of
from polyflow.core.declaration import define_op
from polyflow.core.graph import Graph, get_default_graph
from polyflow.core.inference import check_same_shape
from polyflow.core.location import user_location
from polyflow.core.tensor import Tensor
from polyflow.core.traversal import ancestors
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, DTypeError, message


@define_op(name="gradients", takes_unknown=True)
def gradients_op(operands: Sequence[TensorType], /, *, y_count: int, given: tuple[bool, ...]) -> tuple[TensorType, ...]:
    """The gradients of the first ``y_count`` operands with respect to the last ones.

    Between them stand the gradients of the ys that were ``given``. Users call :func:`polyflow.gradients`.

    >>> import polyflow as pf
    >>> x = pf.constant(3.0)
    >>> pf.gradients(x * x, x)[0].op.op
    <op gradients>
    """
    ys, grad_ys, xs = _split(operands, y_count, given)
    for y, g in zip([y for y, has in zip(ys, given, strict=True) if has], grad_ys, strict=True):
        check_same_shape(y, g, "the gradient given for a y has another shape than the y")
    return tuple(TensorType(x.dtype, x.shape) for x in xs)


gradients_op.no_gradient("specialisation replaces it by the operations that it stands for")


@gradients_op.expansion
def gradients_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    ys, grad_ys, xs = _split(inputs, attributes["y_count"], attributes["given"])
    scope = builder.scope
    builder.scope = f"{scope}gradients/"
    for y in ys:
        if not y.type.known_dtype.is_differentiable:
            raise DTypeError(
                message(
                    f"gradients: {y.name} has no gradient",
                    found=str(y.type),
                    needed="a real or complex floating dtype",
                    where=builder.location,
                    remedy="polyflow.astype(y, polyflow.float32), if what it is made from is floating-point",
                )
            )
    rest = iter(grad_ys)
    seeds = [
        _weight(builder, next(rest), y) if has else filled_like(builder, y, "ones")
        for y, has in zip(ys, attributes["given"], strict=True)
    ]
    found = accumulate_gradients(builder, ys, seeds, xs)
    results = [filled_like(builder, x, "zeros") if each is None else each for x, each in zip(xs, found, strict=True)]
    builder.scope = scope
    return tuple(results)


def _weight(builder: Any, weight: Tensor, y: Tensor) -> Tensor:
    """The gradient given for ``y``; a Python number takes its dtype, anything else must have it."""
    if weight.type.weak:
        return builder.cast(weight, y.type.known_dtype)  # type: ignore[no-any-return]
    if weight.dtype is y.dtype:
        return weight
    raise DTypeError(
        message(
            f"gradients: the gradient given for {y.name} has another dtype",
            found=weight.dtype,
            needed=y.dtype,
            where=builder.location,
            remedy=f"polyflow.astype(grad_y, polyflow.{y.dtype})",
        )
    )


def _split(operands: Sequence[Any], y_count: int, given: tuple[bool, ...]) -> tuple[Any, Any, Any]:
    stop = y_count + sum(given)
    return operands[:y_count], operands[y_count:stop], operands[stop:]


def gradients(
    ys: object,
    xs: object,
    grad_ys: object = None,
    name: str | None = None,
    unconnected_gradients: str = "none",
) -> list[Any]:
    """The gradients of the sum of ``ys`` with respect to each of ``xs``, as a list.

    >>> import polyflow as pf
    >>> x = pf.constant([1.0, 2.0])
    >>> (g,) = pf.gradients(pf.sum(x * x), x)
    >>> pf.Session().run(g).tolist()
    [2.0, 4.0]

    ``grad_ys`` gives weights of the shapes of ``ys`` in place of ones. An ``x`` that no ``y`` depends on has the
    gradient ``None``, or zeros with ``unconnected_gradients="zero"``. One operation is added to the graph; the rules
    run when a session knows all types, so placeholders without dtype or shape are fine, and gradients of gradients
    give any order.
    """
    builder: Any = builder_of(_as_list(ys))
    graph: Any = builder if isinstance(builder, Graph) else get_default_graph()
    y_tensors = [graph.as_tensor(each) for each in _as_list(ys)]
    x_tensors = [graph.as_tensor(getattr(each, "handle", each)) for each in _as_list(xs)]
    weights = [None] * len(y_tensors) if grad_ys is None else _as_list(grad_ys)
    if len(weights) != len(y_tensors):
        raise ArgumentError(
            message(
                "gradients: grad_ys and ys differ in length",
                found=f"{len(weights)} grad_ys",
                needed=f"{len(y_tensors)}, one for each y (None for ones)",
                where=user_location(),
            )
        )
    if unconnected_gradients not in ("none", "zero"):
        raise ArgumentError(
            message("gradients: unconnected_gradients", found=repr(unconnected_gradients), needed="'none' or 'zero'")
        )
    connected = _connected(y_tensors, x_tensors)
    wanted = [x for x in x_tensors if x in connected or unconnected_gradients == "zero"]
    if not wanted:
        return [None] * len(x_tensors)
    operands = [*y_tensors, *(graph.as_tensor(each) for each in weights if each is not None), *wanted]
    attributes = {"y_count": len(y_tensors), "given": tuple(each is not None for each in weights)}
    outputs = iter(graph.add(gradients_op, tuple(operands), attributes, name).outputs)
    return [next(outputs) if x in connected or unconnected_gradients == "zero" else None for x in x_tensors]


def _connected(ys: Sequence[Tensor], xs: Sequence[Tensor]) -> set[Tensor]:
    """Those of ``xs`` that some y depends on."""
    operations = ancestors([each.operation for each in ys], control=False)
    reached = {each for operation in operations for each in operation.inputs}.union(ys)
    return {x for x in xs if x in reached}


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
