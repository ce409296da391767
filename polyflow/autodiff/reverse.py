"""Reverse accumulation over a typed program: from the gradients of some tensors to those of others.

Rules are mathematics only. What every rule would have to repeat stands here, once: summing the gradients of a tensor
with several users, summing a broadcast gradient to its operand's shape, zeros for outputs nobody used, and the errors.
Source: A. Griewank and A. Walther, "Evaluating Derivatives", chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from polyflow.autodiff.registered import registered_gradient
from polyflow.core.declaration import NoGradient, Trait
from polyflow.core.program_builder import ProgramBuilder
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.traversal import ancestors
from polyflow.core.types import format_shape
from polyflow.errors import GradientError, PolyflowError, message


def accumulate_gradients(
    builder: ProgramBuilder, ys: Sequence[Tensor], grad_ys: Sequence[Tensor], xs: Sequence[Tensor]
) -> list[Tensor | None]:
    """The gradient of ``sum(vdot(y, g) for y, g in zip(ys, grad_ys))`` with respect to each of ``xs``.

    ``None`` stands for an ``x`` on which no ``y`` depends. The operations are added to ``builder``.
    """
    operations = ancestors([each.operation for each in ys], control=False)
    active = _active(operations, xs)
    gradients: dict[Tensor, Tensor] = {}
    for y, g in zip(ys, grad_ys, strict=True):
        if y in active:
            gradients[y] = gradients[y] + g if y in gradients else g
    scope, location = builder.scope, builder.location
    for operation in reversed(operations):
        if not any(each in gradients for each in operation.outputs):
            continue
        if not any(each in active for each in operation.inputs):
            continue
        builder.scope, builder.location = f"{scope}{operation.name}/", operation.location or location
        builder.origin = operation
        for tensor, gradient in zip(operation.inputs, _apply_rule(builder, operation, gradients), strict=True):
            if gradient is None or tensor not in active:
                continue
            if isinstance(gradient, NoGradient):
                raise _no_gradient(operation, tensor, gradient)
            fitted = _fit(builder, operation, tensor, gradient)
            gradients[tensor] = _added(builder, gradients[tensor], fitted) if tensor in gradients else fitted
    builder.scope, builder.location, builder.origin = scope, location, None
    return [gradients.get(each) for each in xs]


def _added(builder: ProgramBuilder, total: Tensor, part: Tensor) -> Tensor:
    """The sum of two gradients; one that only changes some elements of zeros changes those of the other."""
    for first, second in ((total, part), (part, total)):
        made = second.operation
        if not made.op.has_trait(Trait.ACCUMULATES) or made.inputs[0].type != first.type:
            continue
        if made.inputs[0].operation.op.full_name in ("zeros", "zeros_like"):
            return builder.add(made.op, (first, *made.inputs[1:]), made.attributes).output
    return total + part


def _active(operations: Sequence[Operation], xs: Sequence[Tensor]) -> set[Tensor]:
    """The tensors that depend on ``xs`` through differentiable values all the way."""
    active = {each for each in xs if each.type.known_dtype.is_differentiable}
    for operation in operations:
        for tensor in operation.inputs:
            if tensor in active:
                active.update(each for each in operation.outputs if each.type.known_dtype.is_differentiable)
                break
    return active


def _apply_rule(
    builder: ProgramBuilder, operation: Operation, gradients: dict[Tensor, Tensor]
) -> Sequence[Tensor | NoGradient | None]:
    own, registered = operation.op.gradient_rule, registered_gradient(operation.op.full_name)
    rule = own or registered
    if rule is None:
        raise _no_rule(operation)
    if own is not None and registered is not None:
        raise GradientError(
            message(
                f"{operation.op.full_name} has two gradients: its own, and one registered by name",
                where=operation.location,
                remedy="drop the RegisterGradient, or use polyflow.custom_gradient for another gradient",
            )
        )
    if operation.op.is_nested:  # its rule knows what to do without a gradient
        given: Any = tuple([gradients.get(each) for each in operation.outputs])
    else:
        given = tuple(
            gradients[each] if each in gradients else filled_like(builder, each, "zeros") for each in operation.outputs
        )
    try:
        found = rule(builder.xp, operation, given[0] if operation.op.signature.output_count == 1 else given)
        results = tuple(found) if isinstance(found, Iterable) and not hasattr(found, "__tensor__") else (found,)
    except PolyflowError as error:
        summary = f"the gradient rule of {operation.op.full_name} failed for {operation.name!r}: {error}"
        raise type(error)(summary) from error
    except Exception as error:
        summary = f"the gradient rule of {operation.op.full_name} failed for {operation.name!r}"
        raised = f"{type(error).__name__}: {error}"
        raise GradientError(message(summary, found=raised, where=operation.location)) from error
    if len(results) != len(operation.inputs):
        raise GradientError(
            message(
                f"the gradient rule of {operation.op.full_name} does not fit its operands",
                found=f"{len(results)} gradients",
                needed=f"one for each of {len(operation.inputs)} operands (None where there is none)",
                where=operation.location,
            )
        )
    return results


def filled_like(builder: ProgramBuilder, tensor: Tensor, name: str) -> Tensor:
    """``zeros`` or ``ones`` of the type of ``tensor``: a constant where its shape is known."""
    if tensor.type.is_static:
        found = getattr(builder.xp, name)(tensor.type.static_shape, dtype=tensor.dtype)
    else:
        found = getattr(builder.xp, f"{name}_like")(tensor)
    return builder.as_tensor(found)


def _no_rule(operation: Operation) -> GradientError:
    name = operation.op.full_name
    reason = operation.op.gradient_reason
    return GradientError(
        message(
            f"{name} has no gradient, and {operation.name!r} is on the way of one",
            found=reason and f"it has none because {reason}",
            where=operation.location,
            remedy=f"polyflow.stop_gradient(...) around it, or @polyflow.RegisterGradient({name!r})",
        )
    )


def _no_gradient(operation: Operation, tensor: Tensor, gradient: NoGradient) -> GradientError:
    place = next(place for place, each in enumerate(operation.inputs) if each is tensor)
    return GradientError(
        message(
            f"{operation.op.full_name} has no gradient with respect to {tensor.name!r}",
            operand=f"number {place} of {operation.name!r}",
            found=gradient.reason,
            where=operation.location,
            remedy="polyflow.stop_gradient(...) around that operand, or polyflow.custom_gradient around the call",
        )
    )


def _fit(builder: ProgramBuilder, operation: Operation, tensor: Tensor, value: Any) -> Tensor:
    """The gradient ``value`` in the shape of ``tensor``: summed where the operand was broadcast."""
    gradient = builder.as_tensor(value)
    wanted, found = tensor.type, gradient.type
    if found.weak:
        gradient = builder.cast(gradient, wanted.known_dtype)
        found = gradient.type
    if found.dtype is not wanted.dtype:
        raise GradientError(
            message(
                f"the gradient rule of {operation.op.full_name} gave a gradient of the wrong dtype",
                operand=tensor.name,
                found=found.dtype,
                needed=wanted.dtype,
                where=operation.location,
            )
        )
    if found.shape == wanted.shape and not _may_differ(operation, tensor):
        return gradient
    return _sum_to_shape(builder, operation, gradient, tensor)


def _may_differ(operation: Operation, tensor: Tensor) -> bool:
    """Whether a size of ``tensor`` that is known only while the program runs may be 1 where that of others is not."""
    if operation.op.is_nested:  # loops and branches broadcast nothing, and their stacks need not be arrays
        return False
    others = (each.type.known_shape for each in operation.inputs if each is not tensor)
    return None in tensor.type.known_shape and any(size != 1 for shape in others for size in shape)


def _sum_to_shape(builder: ProgramBuilder, operation: Operation, gradient: Tensor, tensor: Tensor) -> Tensor:
    wanted, found = tensor.type.known_shape, gradient.type.known_shape
    if len(found) < len(wanted):
        return builder.xp.broadcast_to(gradient, tensor.type.static_shape)  # type: ignore[no-any-return]
    extra = len(found) - len(wanted)
    if _may_differ(operation, tensor) and 1 not in found[extra:]:
        return builder.xp.sum_like(gradient, tensor)  # type: ignore[no-any-return]
    axes = [*range(extra)]
    for position, (need, have) in enumerate(zip(wanted, found[extra:], strict=True)):
        if need == 1 and have != 1:
            axes.append(extra + position)
        elif need != have and None not in (need, have) and have != 1:
            raise GradientError(
                message(
                    f"the gradient rule of {operation.op.full_name} gave a gradient of the wrong shape",
                    operand=tensor.name,
                    found=format_shape(found),
                    needed=f"{format_shape(wanted)}, or a shape that it was broadcast to",
                    where=operation.location,
                )
            )
    if axes:
        is_leading = len(axes) == extra
        gradient = builder.xp.sum(gradient, axis=tuple(axes), keepdims=not is_leading)
        if extra and not is_leading:
            gradient = builder.xp.squeeze(gradient, axis=tuple(range(extra)))
    if gradient.shape != wanted and None not in wanted:
        gradient = builder.xp.broadcast_to(gradient, tensor.type.static_shape)
    return gradient
