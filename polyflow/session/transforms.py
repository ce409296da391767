"""Derivatives of functions: ``grad``, ``value_and_grad``, ``vjp``, ``jvp``, ``hvp``.

Each is written on symbolic tensors, in the graph that is being built. Called on arrays it is a :class:`Function`,
traced and run; so transforms compose with each other and with ``function`` in any order. Functions take and return
arrays in tuples, lists and dicts; what is said of Python numbers in :func:`polyflow.function` holds here too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polyflow.autodiff.gradients import gradients_op
from polyflow.core import building
from polyflow.core.graph import Graph
from polyflow.core.location import user_location
from polyflow.core.structures import Structure, flatten
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, DTypeError, ShapeError, message
from polyflow.extension.backend import Backend
from polyflow.ops.creation import zeros_like
from polyflow.ops.manipulation import broadcast_to
from polyflow.session.function import Function
from polyflow.session.tracing import as_tensors, current_builder, is_array, is_number, is_tensor_like


def transform(
    f: Callable[..., Any], name: str, symbolic: Callable[..., Any], backend: str | Backend | None, device: str | None
) -> Function:
    """``symbolic``, a function of tensors made of ``f``, as a function of tensors or arrays."""
    backend = backend if backend is not None else getattr(f, "backend", None)
    device = device if device is not None else getattr(f, "device", None)
    label = f"{name}({getattr(f, '__name__', type(f).__name__)})"
    return Function(symbolic, backend, device, name=label, described=f)


class Arguments:
    """The arguments of a function, some of them made tensors with respect to which it is differentiated."""

    def __init__(self, name: str, args: Sequence[Any], chosen: Sequence[int]) -> None:
        self.name = name
        self.structures: list[Structure] = []
        self.tensors: list[Any] = []
        """The leaves of the chosen arguments; what is no tensor among them is ``None``, where it may be."""
        self._values: list[Any] = list(args)
        self._chosen = [self._normal(each) for each in chosen]
        builder = building.overriding_builder()
        flat: list[Any] = []
        for place in self._chosen:
            leaves, structure = flatten(args[place])
            self.structures.append(structure)
            flat += leaves
        self.tensors = as_tensors(flat, builder, beside=flatten(list(args))[0])
        rest = iter(self.tensors)
        for place, structure in zip(self._chosen, self.structures, strict=True):
            self._values[place] = structure.rebuild([next(rest) for _ in range(structure.leaf_count())])

    def _normal(self, place: int) -> int:
        count = len(self._values)
        if not -count <= place < count:
            raise ArgumentError(
                message(
                    f"{self.name}: there is no argument {place}",
                    found=f"{count} positional arguments",
                    needed="argnums that count positional arguments",
                    where=user_location(),
                )
            )
        return place % count

    def call(self, f: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        """What ``f`` returns for the arguments."""
        return f(*self._values, **kwargs)

    def check_differentiable(self) -> None:
        """Refuse arguments that are not floating-point all through."""
        rest = iter(self.tensors)
        for place, structure in zip(self._chosen, self.structures, strict=True):
            for path in structure.paths():
                leaf = next(rest)
                if not is_differentiable(leaf):
                    found = str(leaf.type) if isinstance(leaf, Tensor) else f"{type(leaf).__name__} {leaf!r:.40}"
                    raise DTypeError(
                        message(
                            f"{self.name}: argument {place}{path} is not differentiable",
                            found=found,
                            needed="real or complex floating-point values",
                            where=user_location(),
                            remedy="write 3.0 for 3, use astype, or leave the argument out of argnums",
                        )
                    )

    def rebuild(self, leaves: Sequence[Any]) -> list[Any]:
        """One structure for each chosen argument, with ``leaves``."""
        rest = iter(leaves)
        return [each.rebuild([next(rest) for _ in range(each.leaf_count())]) for each in self.structures]


def is_differentiable(leaf: Any) -> bool:
    """Whether ``leaf`` is a tensor through which gradients flow, or may be found to be one."""
    return isinstance(leaf, Tensor) and (leaf.type.dtype is None or leaf.type.dtype.is_differentiable)


def gradients_of(ys: Sequence[Tensor], seeds: Sequence[Any], xs: Sequence[Tensor]) -> list[Tensor]:
    """The gradients of ``ys``, weighted by ``seeds`` (``None`` for one), by ``xs``; zeros where there is none."""
    if not ys or not xs:
        return [zeros_like(each) for each in xs]
    builder: Any = building.overriding_builder()
    given = [builder.as_tensor(each) for each in seeds if each is not None]
    attributes = {"y_count": len(ys), "given": tuple([each is not None for each in seeds])}
    operands = (*ys, *given, *xs)
    if isinstance(builder, Graph):  # as they are: an x may stand for another tensor since f assigned to its elements
        return list(builder.add(gradients_op, operands, attributes).outputs)
    return list(builder.apply(gradients_op, operands, attributes, None, None))


def grad(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    backend: str | Backend | None = None,
    device: str | None = None,
) -> Function:
    """The gradient of ``f``, which returns a real scalar, with respect to the arguments that ``argnums`` counts.

    >>> import numpy as np, polyflow as pf
    >>> pf.grad(lambda x: pf.sum(x * x))(np.asarray([1.0, 2.0])).tolist()
    [2.0, 4.0]
    >>> pf.grad(pf.grad(pf.sin))(0.0).tolist()
    -0.0

    The result has the structure of the argument, or is a tuple of them for a tuple of ``argnums``. With ``has_aux``
    ``f`` returns ``(scalar, anything)``, and the gradient ``(gradient, anything)``. For complex arguments the
    convention is that of JAX: the gradient of ``f`` is the conjugate of its direction of steepest ascent. Raises
    ``ShapeError`` where ``f`` returns no scalar, ``DTypeError`` where it returns no real number or an argument is not
    floating-point.
    """
    both = value_and_grad(f, argnums, has_aux=has_aux)

    def symbolic(*args: Any, **kwargs: Any) -> Any:
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return transform(f, "grad", symbolic, backend, device)


def value_and_grad(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    backend: str | Backend | None = None,
    device: str | None = None,
) -> Function:
    """The value of ``f`` together with its gradient, as :func:`polyflow.grad` has it.

    >>> import numpy as np, polyflow as pf
    >>> value, (of_x, of_y) = pf.value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 5.0)
    >>> value.tolist(), of_x.tolist(), of_y.tolist()
    (15.0, 5.0, 3.0)

    With ``has_aux`` the value is ``(scalar, anything)``.
    """
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def symbolic(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments("grad", args, chosen)
        arguments.check_differentiable()
        returned = arguments.call(f, kwargs)
        value, aux = _split_aux("grad", returned) if has_aux else (returned, None)
        y = _real_scalar(value)
        found = arguments.rebuild(gradients_of([y], [None], arguments.tensors))
        gradient = found[0] if isinstance(argnums, int) else tuple(found)
        return ((y, aux) if has_aux else y), gradient

    return transform(f, "value_and_grad", symbolic, backend, device)


def _split_aux(name: str, returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, tuple) or len(returned) != 2:
        raise ArgumentError(
            message(
                f"{name}: with has_aux a function returns its result and something besides",
                found=f"{returned!r:.80}",
                needed="(result, anything)",
                where=user_location(),
            )
        )
    return returned


def _real_scalar(value: Any) -> Tensor:
    """``value`` as a tensor that a gradient may start from."""
    if not is_tensor_like(value):
        raise ArgumentError(
            message(
                "grad: the function does not return a scalar",
                found=f"{type(value).__name__}: {value!r:.80}",
                needed="one real number",
                where=user_location(),
                remedy="has_aux=True, if it returns (scalar, anything); jacobian or vjp for several results",
            )
        )
    builder: Any = building.overriding_builder()
    y: Tensor = builder.as_tensor(value)
    if y.type.shape is None:
        y = broadcast_to(y, ())  # refused by inference once the rank is known
    if y.type.shape is not None and y.type.shape != ():
        raise ShapeError(
            message(
                "grad: the function does not return a scalar",
                found=str(y.type),
                needed="one real number, of shape ()",
                where=y.operation.location,
                remedy="polyflow.sum(...) or polyflow.mean(...) of it; jacobian or vjp for the derivative of an array",
            )
        )
    if y.type.dtype is not None and not y.type.dtype.is_floating:
        remedy = "polyflow.real(...) of it, or vjp" if y.type.dtype.is_complex else "floating-point arguments"
        raise DTypeError(
            message(
                "grad: the function does not return a real floating-point number",
                found=str(y.type),
                needed="a real floating-point scalar",
                where=y.operation.location,
                remedy=remedy,
            )
        )
    return y


class _Outputs:
    """What a function returned: its leaves as tensors, and which of them can be differentiated."""

    def __init__(self, returned: Any) -> None:
        builder: Any = building.overriding_builder()
        leaves, self.structure = flatten(returned)
        self.leaves = [builder.as_tensor(each) if is_tensor_like(each) else each for each in leaves]
        self.tensors = [each for each in self.leaves if is_differentiable(each)]

    def choose(self, name: str, what: str, given: Any) -> list[Any]:
        """The leaves of ``given``, which has the structure of the outputs, that belong to differentiable outputs."""
        return matching(name, what, self.leaves, self.structure, given)


def matching(name: str, what: str, leaves: Sequence[Any], structure: Structure, given: Any) -> list[Any]:
    """The leaves of ``given`` that stand for differentiable ``leaves``; the others must be ``None``."""
    found, shape = flatten(given)
    if shape != structure:
        raise ArgumentError(
            message(
                f"{name}: the {what} does not have the structure of what it belongs to",
                found=str(shape),
                needed=str(structure),
                where=user_location(),
            )
        )
    chosen = []
    for path, leaf, each in zip(structure.paths(), leaves, found, strict=True):
        if is_differentiable(leaf):
            chosen.append(_checked(f"{name}: the {what}{path}", each, leaf))
        elif each is not None:
            kind = str(leaf.type) if isinstance(leaf, Tensor) else type(leaf).__name__
            raise ArgumentError(
                message(
                    f"{name}: the {what}{path} belongs to something that is not differentiable",
                    found=f"{each!r:.40} for {kind}",
                    needed="None",
                    where=user_location(),
                )
            )
    return chosen


def _checked(name: str, given: Any, leaf: Tensor) -> Tensor:
    """``given`` as a tensor of the type of ``leaf``."""
    builder: Any = building.overriding_builder()
    if not (is_array(given) or is_number(given) or isinstance(given, int) or hasattr(given, "__tensor__")):
        raise ArgumentError(message(f"{name} is no array", found=f"{given!r:.40}", needed=str(leaf.type)))
    tensor: Tensor = builder.as_tensor(given)
    dtype, shape = tensor.type.dtype, tensor.type.shape
    if leaf.type.dtype is not None and dtype is not None and not tensor.type.weak and dtype is not leaf.type.dtype:
        raise DTypeError(
            message(f"{name} has another dtype", found=dtype, needed=leaf.type.dtype, where=user_location())
        )
    if None not in (shape, leaf.type.shape) and shape != leaf.type.shape:
        raise ShapeError(
            message(f"{name} has another shape", found=str(tensor.type), needed=str(leaf.type), where=user_location())
        )
    return tensor


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of ``f``, and the function from a cotangent of the value to those of ``primals``, a tuple.

    >>> import numpy as np, polyflow as pf
    >>> value, pull = pf.vjp(lambda x: x * x, np.asarray([1.0, 2.0]))
    >>> value.tolist(), pull(np.asarray([1.0, 10.0]))[0].tolist()
    ([1.0, 4.0], [2.0, 40.0])

    A cotangent has the structure, dtypes and shapes of the value, with ``None`` for what is not floating-point. With
    ``has_aux`` ``f`` returns ``(value, anything)``, and what it returns besides comes third. On arrays, each call of
    the function computes ``f`` anew; inside ``polyflow.function`` both share the work.
    """

    def both(primals: tuple[Any, ...]) -> Any:
        arguments = Arguments("vjp", primals, range(len(primals)))
        returned = arguments.call(f, {})
        value, aux = _split_aux("vjp", returned) if has_aux else (returned, None)
        outputs = _Outputs(value)
        xs = [each for each in arguments.tensors if is_differentiable(each)]

        def pull(cotangent: Any) -> tuple[Any, ...]:
            now = building.overriding_builder()
            if now is not None and now is not outer:  # in a trace within: the way to the primals must lie in it
                return both(primals)[1](cotangent)  # type: ignore[no-any-return]
            with building.overriding(outer):
                found = iter(gradients_of(outputs.tensors, outputs.choose("vjp", "cotangent", cotangent), xs))
                return tuple(
                    arguments.rebuild([next(found) if is_differentiable(each) else None for each in arguments.tensors])
                )

        outer: Any = building.overriding_builder()
        return outputs.structure.rebuild(outputs.leaves), pull, aux

    builder = current_builder(flatten(primals)[0])
    if builder is not None:
        with building.overriding(builder):
            value, pull, aux = both(primals)
        return (value, pull, aux) if has_aux else (value, pull)
    forward = transform(f, "vjp", lambda primals: both(primals)[::2], None, None)
    backward = transform(f, "vjp", lambda primals, cotangent: both(primals)[1](cotangent), None, None)
    value, aux = forward(primals)
    answer = value, lambda cotangent: backward(primals, cotangent)
    return (*answer, aux) if has_aux else answer


def jvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool = False) -> Any:
    """The value of ``f`` at ``primals``, and its derivative there in the direction of ``tangents``.

    >>> import numpy as np, polyflow as pf
    >>> value, tangent = pf.jvp(lambda x: x * x, (np.asarray([1.0, 3.0]),), (np.asarray([1.0, 0.5]),))
    >>> value.tolist(), tangent.tolist()
    ([1.0, 9.0], [2.0, 3.0])

    ``tangents`` has the structure, dtypes and shapes of ``primals``, with ``None`` for what is not floating-point. With
    ``has_aux`` ``f`` returns ``(value, anything)``, and what it returns besides comes third.

    By double reverse: the vjp is linear in its cotangent ``u``, ``vjp(u) = transpose(J) u``, so its own vjp at ``t`` is
    ``J t``, exactly, whatever ``u`` is. Two reverse expansions are made when the call is planned; what depends on ``u``
    is dead code by then, and what runs is one pass forward with its tangents. Source: J. Townsend, "A new trick for
    calculating Jacobian vector products" (2017).
    """

    def symbolic(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        arguments = Arguments("jvp", primals, range(len(primals)))
        together = Structure(tuple, (), tuple(arguments.structures))
        ts = matching("jvp", "tangent", arguments.tensors, together, tuple(tangents))
        returned = arguments.call(f, {})
        value, aux = _split_aux("jvp", returned) if has_aux else (returned, None)
        outputs = _Outputs(value)
        xs = [each for each in arguments.tensors if is_differentiable(each)]
        us = [zeros_like(each) for each in outputs.tensors]
        found = iter(gradients_of(gradients_of(outputs.tensors, us, xs), ts, us) if us and xs else us)
        leaves = [
            next(found) if is_differentiable(each) else zeros_like(each) if isinstance(each, Tensor) else None
            for each in outputs.leaves
        ]
        answer = outputs.structure.rebuild(outputs.leaves), outputs.structure.rebuild(leaves)
        return (*answer, aux) if has_aux else answer

    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise ArgumentError(
            message(
                "jvp: primals and tangents are tuples, one entry for each argument",
                found=f"{type(primals).__name__} and {type(tangents).__name__}",
                where=user_location(),
                remedy="jvp(f, (x,), (t,))",
            )
        )
    return transform(f, "jvp", symbolic, None, None)(tuple(primals), tuple(tangents))


def hvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The product of the Hessian of ``f``, which returns a real scalar, with ``tangents``, forward over reverse.

    >>> import numpy as np, polyflow as pf
    >>> x, v = np.asarray([1.0, 2.0]), np.asarray([1.0, 0.0])
    >>> pf.hvp(lambda x: pf.sum(x * x * x), (x,), (v,)).tolist()
    [6.0, 0.0]

    The result has the structure of the argument, for several arguments it is a tuple of them. It costs about as much
    as two gradients, whatever the size of the Hessian.
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), primals, tangents)[1]
