"""``custom_gradient``: a function of tensors that brings its own gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.core.building import builder_of
from polyflow.core.declaration import Trait, define_op
from polyflow.core.location import user_location
from polyflow.core.types import TensorType
from polyflow.errors import GradientError, message


@define_op(name="custom_gradient", traits=Trait.VIEW, takes_unknown=True)
def custom_gradient_op(
    operands: Sequence[TensorType], /, *, y_count: int, rule: Callable[..., Any]
) -> tuple[TensorType, ...]:
    """The first ``y_count`` operands, with ``rule`` as their gradient with respect to the others.

    Users decorate a function with :func:`polyflow.custom_gradient`.

    >>> import polyflow as pf
    >>> f = pf.custom_gradient(lambda x: (x, lambda g: 2 * g))
    >>> f(pf.constant(1.0)).op.op
    <op custom_gradient>
    """
    return tuple(TensorType(each.dtype, each.shape) for each in operands[:y_count])


@custom_gradient_op.kernel
def custom_gradient_kernel(xp: Any, operands: Sequence[Any], *, y_count: int, rule: object) -> Any:
    return tuple(operands[:y_count])


@custom_gradient_op.gradient
def custom_gradient_gradient(xp: Any, operation: Any, g: Any) -> Any:
    count = operation.attributes["y_count"]
    found = operation.attributes["rule"](*g)
    results = found if isinstance(found, list | tuple) else (found,)
    wanted = len(operation.inputs) - count
    if len(results) != wanted:
        raise GradientError(
            message(
                "the gradient function of a custom_gradient does not fit its arguments",
                found=f"{len(results)} gradients",
                needed=f"{wanted}, one for each argument",
                where=operation.location,
            )
        )
    return (None,) * count + tuple(results)


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a function that returns its result and a function for its gradient.

    ``function(*xs)`` returns ``y, gradient`` or ``(y1, y2, ...), gradient``, and ``gradient(*gs)``, given the gradients
    of the ys, returns those of the xs. It may use any tensor that ``function`` computed, and it is differentiated in
    its turn for gradients of higher order.

    >>> import polyflow as pf
    >>> @pf.custom_gradient
    ... def log1pexp(x):
    ...     e = pf.exp(x)
    ...     return pf.log(1 + e), lambda g: g * (1 - 1 / (1 + e))
    >>> x = pf.constant(100.0)
    >>> pf.Session().run(pf.gradients(log1pexp(x), x)[0]).tolist()
    1.0
    """

    @functools.wraps(function)
    def wrapped(*xs: Any) -> Any:
        builder: Any = builder_of(xs)
        tensors = [builder.as_tensor(each) for each in xs]
        answer = function(*tensors)
        if not isinstance(answer, tuple) or len(answer) != 2 or not callable(answer[1]):
            raise GradientError(
                message(
                    f"{function.__name__}: a function with a custom gradient returns its result and a function",
                    found=f"{answer!r:.80}",
                    needed="(y, gradient)",
                    where=user_location(),
                )
            )
        ys, rule = answer
        many = isinstance(ys, list | tuple)
        outputs = [builder.as_tensor(each) for each in (ys if many else [ys])]
        attributes: Mapping[str, Any] = {"y_count": len(outputs), "rule": rule}
        results = builder.apply(custom_gradient_op, [*outputs, *tensors], attributes, function.__name__, None)
        return type(ys)(results) if many else results[0]

    return wrapped
