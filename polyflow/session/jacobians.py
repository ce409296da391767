"""``jacobian`` and ``hessian``: whole matrices of derivatives, by ``vmap`` over a basis of results or of arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from polyflow.core import building
from polyflow.core.location import user_location
from polyflow.core.structures import flatten
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, DTypeError, ShapeError, message
from polyflow.extension.backend import Backend
from polyflow.ops.creation import eye, zeros_like
from polyflow.ops.manipulation import moveaxis, reshape
from polyflow.session.function import Function
from polyflow.session.transforms import Arguments, grad, gradients_of, transform
from polyflow.session.vmap import vmap

MODES = ("auto", "reverse", "forward")


def jacobian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    mode: str = "auto",
    holomorphic: bool = False,
    backend: str | Backend | None = None,
    device: str | None = None,
) -> Function:
    """The Jacobian of ``f``: for each result of shape S and argument of shape T an array of shape (*S, *T).

    >>> import numpy as np, polyflow as pf
    >>> pf.jacobian(lambda x: x[:2] * x[2])(np.asarray([1.0, 2.0, 3.0])).tolist()
    [[3.0, 0.0, 1.0], [0.0, 3.0, 2.0]]

    The structure is that of the result, with that of the argument at each leaf, or with a tuple of them for a tuple of
    ``argnums``. ``mode="reverse"`` pulls a basis of the results back, all its elements at once (``vmap``): a gradient
    for each element of the results. ``"forward"`` pushes a basis of the arguments on: a ``jvp`` for each element of the
    arguments. ``"auto"`` takes forward mode where the results have more elements than the arguments, else reverse.

    Complex numbers are taken as JAX takes them. With ``holomorphic`` arguments and results are complex and the entries
    are the complex derivatives:

    >>> complex(pf.jacobian(lambda z: z * z, holomorphic=True)(np.asarray(1 + 2j)))
    (2+4j)

    Without it, real results of complex arguments need reverse mode, and have the rows that ``grad`` gives; complex
    results of real arguments need forward mode, and have the columns that ``jvp`` gives; "auto" chooses so. Raises
    ``DTypeError`` for complex results of complex arguments otherwise, and for a mode that a dtype does not allow;
    ``ArgumentError`` for another mode; ``ShapeError`` where the shape of a result is not known.
    """
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if mode not in MODES:
        raise ArgumentError(message("jacobian: no such mode", found=repr(mode), needed=" or ".join(map(repr, MODES))))

    def symbolic(*args: Any, **kwargs: Any) -> Any:
        builder: Any = building.overriding_builder()
        arguments = Arguments("jacobian", args, chosen)
        arguments.check_differentiable()
        leaves, structure = flatten(arguments.call(f, kwargs))
        outputs = [builder.as_tensor(each) for each in leaves]
        for tensor in (*arguments.tensors, *outputs):
            _check_known(tensor)
        way = _way(mode, holomorphic, arguments.tensors, outputs)

        def again() -> tuple[list[Any], list[Tensor]]:
            """The arguments and results once more, in the trace of one element of a basis."""
            example, inner = Arguments("jacobian", args, chosen), building.overriding_builder()
            found, _ = flatten(example.call(f, kwargs))
            return example.tensors, [inner.as_tensor(each) for each in found]  # type: ignore[union-attr]

        parts = (_by_rows if way == "reverse" else _by_columns)(again, arguments.tensors, outputs)
        found = []
        for line in parts:
            rebuilt = arguments.rebuild(line)
            found.append(rebuilt[0] if isinstance(argnums, int) else tuple(rebuilt))
        return structure.rebuild(found)

    return transform(f, "jacobian", symbolic, backend, device)


Again = Callable[[], tuple[list[Any], list[Tensor]]]


def _by_rows(again: Again, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> list[list[Any]]:
    """For each result the derivatives by all arguments, by reverse mode."""

    def row(place: int, cotangent: Tensor) -> list[Tensor]:
        inner, results = again()
        return gradients_of([results[place]], [cotangent], inner)

    found = []
    for place, y in enumerate(ys):
        rows = vmap(lambda cotangent, place=place: row(place, cotangent))(_basis(y))
        shape = y.type.static_shape
        found.append([reshape(each, (*shape, *x.type.static_shape)) for each, x in zip(rows, xs, strict=True)])
    return found


def _by_columns(again: Again, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> list[list[Any]]:
    """For each result the derivatives by all arguments, by forward mode: double reverse, as ``jvp`` does it."""

    def column(place: int, tangent: Tensor) -> list[Tensor]:
        inner, results = again()
        us = [zeros_like(each) for each in results]
        return gradients_of(gradients_of(results, us, [inner[place]]), [tangent], us)

    found: list[list[Any]] = [[] for _ in ys]
    for place, x in enumerate(xs):
        columns = vmap(lambda tangent, place=place: column(place, tangent))(_basis(x))
        for line, each, y in zip(found, columns, ys, strict=True):
            line.append(reshape(moveaxis(each, 0, -1), (*y.type.static_shape, *x.type.static_shape)))
    return found


def _basis(tensor: Tensor) -> Any:
    """Tensors of the type of ``tensor``, as many as it has elements, each with one element that is 1."""
    shape = tensor.type.static_shape
    return reshape(eye(prod(shape), dtype=tensor.dtype), (prod(shape), *shape))


def _way(mode: str, holomorphic: bool, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> str:
    """The mode that is meant and that the dtypes allow."""
    complex_xs = [each for each in xs if each.type.known_dtype.is_complex]
    complex_ys = [each for each in ys if each.type.known_dtype.is_complex]
    if holomorphic:
        for each in (*xs, *ys):
            if not each.type.known_dtype.is_complex:
                raise _refused("jacobian: holomorphic functions are of complex arguments and results", each,
                               "a complex dtype", "holomorphic=False")  # fmt: skip
    elif complex_xs and complex_ys:
        raise _refused("jacobian: complex results of complex arguments have no one derivative", complex_ys[0],
                       "real results, real arguments, or a holomorphic function",
                       "holomorphic=True if f is holomorphic; else vjp or jvp, which are defined for all")  # fmt: skip
    elif complex_xs and mode == "forward":
        raise _refused("jacobian: forward mode does not take complex arguments", complex_xs[0], "real arguments",
                       'mode="reverse", or holomorphic=True if f is holomorphic')  # fmt: skip
    elif complex_ys and mode == "reverse":
        raise _refused("jacobian: reverse mode does not take complex results", complex_ys[0], "real results",
                       'mode="forward", or holomorphic=True if f is holomorphic')  # fmt: skip
    elif complex_xs or complex_ys:
        return "reverse" if complex_xs else "forward"
    if mode != "auto":
        return mode
    wide, high = (sum(prod(each.type.static_shape) for each in group) for group in (xs, ys))
    return "forward" if high > wide else "reverse"


def _refused(summary: str, tensor: Tensor, needed: str, remedy: str) -> DTypeError:
    return DTypeError(
        message(summary, found=str(tensor.type), needed=needed, where=tensor.operation.location, remedy=remedy)
    )


def _check_known(tensor: Tensor) -> None:
    if not tensor.type.is_static:
        raise ShapeError(
            message(
                "jacobian: a type is not known",
                found=str(tensor.type),
                needed="a dtype and every dimension",
                where=tensor.operation.location,
                remedy="call it on arrays, or give the placeholders above a dtype and a shape",
            )
        )
    if not tensor.type.known_dtype.is_differentiable:
        raise DTypeError(
            message(
                "jacobian: a result is not differentiable",
                found=str(tensor.type),
                needed="real or complex floating-point results",
                where=user_location(),
                remedy="return only what is to be differentiated",
            )
        )


def hessian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    backend: str | Backend | None = None,
    device: str | None = None,
) -> Function:
    """The second derivatives of ``f``, which returns a real scalar: the Jacobian of its gradient.

    >>> import numpy as np, polyflow as pf
    >>> pf.hessian(lambda x: x[0] * x[1] ** 2)(np.asarray([1.0, 3.0])).tolist()
    [[0.0, 6.0], [6.0, 2.0]]

    For an argument of shape T it has the shape (*T, *T); structures nest as in :func:`polyflow.jacobian`.
    """
    both = jacobian(grad(f, argnums), argnums)
    return transform(f, "hessian", both.__wrapped__, backend, device)
