"""Branches, loops and assignments under TensorFlow 1's signatures, gathered by ``polyflow.compat.v1``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.autodiff.gradients import gradients as _gradients
from polyflow.compat.v1.literals import constant, placeholder_with_default
from polyflow.control_flow.checkpointing import checkpoint
from polyflow.control_flow.conditional import cond as _cond
from polyflow.control_flow.while_loops import while_loop as _while_loop
from polyflow.core.location import user_location
from polyflow.core.tensor import Tensor
from polyflow.core.tensor_shape import TensorShape as _TensorShape
from polyflow.errors import ArgumentError, message
from polyflow.ops.state import Variable

recompute_grad = checkpoint


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """``polyflow.cond``; ``fn1`` and ``fn2`` are old names of the functions.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.cond(tf.less(1, 2), lambda: 1.0, lambda: 2.0)).tolist()
    1.0
    """
    return _cond(pred, true_fn or fn1, false_fn or fn2, strict=strict, name=name)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Sequence[Any],
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: int | None = None,
    return_same_structure: bool = False,
) -> Any:
    """``polyflow.while_loop``; a single loop variable comes back by itself, unless ``return_same_structure`` is asked.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.while_loop(lambda i: i < 10, lambda i: i + 3, [0])).tolist()
    12
    """
    found = _while_loop(
        cond, body, loop_vars, shape_invariants, parallel_iterations, name=name, maximum_iterations=maximum_iterations
    )
    is_single = len(found) == 1 and not isinstance(found[0], list | tuple | dict)
    return found[0] if is_single and not return_same_structure else found


def TensorShape(dims: Sequence[int | None] | None) -> _TensorShape | None:
    """A shape as polyflow writes it: a tuple, with ``as_list()`` and its like, or ``None`` for an unknown rank.

    >>> import polyflow.compat.v1 as tf
    >>> tf.TensorShape([None, 3]), tf.TensorShape([None, 3]).as_list()
    ((None, 3), [None, 3])
    """
    return None if dims is None else _TensorShape(dims)


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = None,
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: object = None,
    stop_gradients: Any = None,
    unconnected_gradients: str = "none",
) -> list[Any]:
    """``polyflow.gradients``.

    >>> import polyflow.compat.v1 as tf
    >>> x = tf.constant(3.0)
    >>> tf.Session().run(tf.gradients(x * x, [x])[0]).tolist()
    6.0

    ``colocate_gradients_with_ops``, ``gate_gradients`` and ``aggregation_method`` change nothing. Raises
    ``ArgumentError`` for ``stop_gradients``.
    """
    if stop_gradients is not None:
        raise ArgumentError(
            message(
                "gradients: polyflow has no stop_gradients",
                found=repr(stop_gradients),
                where=user_location(),
                remedy="tf.stop_gradient of those tensors, where they are used",
            )
        )
    return _gradients(ys, xs, grad_ys, name, unconnected_gradients)


def is_variable_initialized(variable: Variable) -> Tensor:
    """True: a variable has its initial value at its first use.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.is_variable_initialized(tf.Variable(1.0))).tolist()
    True
    """
    return constant(True)


def ensure_shape(x: Any, shape: Sequence[int | None] | None, name: str | None = None) -> Tensor:
    """``x``, of which the graph knows that it has this shape; a run with another is an error.

    >>> import polyflow.compat.v1 as tf
    >>> tf.ensure_shape(tf.placeholder(tf.float32), [None, 3]).shape
    (None, 3)
    """
    return placeholder_with_default(x, shape, name)


def assign(
    ref: Variable, value: Any, validate_shape: bool = True, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.assign(value)``; the shape is always validated."""
    return ref.assign(value, name=name)


def assign_add(ref: Variable, value: Any, use_locking: bool = True, name: str | None = None) -> Tensor:
    """``ref.assign_add(value)``.

    >>> import polyflow.compat.v1 as tf
    >>> tf.Session().run(tf.assign_add(tf.Variable(1.0), 2.0)).tolist()
    3.0
    """
    return ref.assign_add(value, name=name)


def assign_sub(ref: Variable, value: Any, use_locking: bool = True, name: str | None = None) -> Tensor:
    """``ref.assign_sub(value)``."""
    return ref.assign_sub(value, name=name)
