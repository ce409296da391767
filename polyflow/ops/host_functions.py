"""``py_func``: a Python function on arrays as an operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_type_hints

from polyflow.core.building import builder_of
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import DType, as_dtype
from polyflow.core.graph import Graph
from polyflow.core.location import user_location
from polyflow.core.samples import Sample, normal
from polyflow.core.tensor import Operation
from polyflow.core.types import Shape, TensorType, format_shape, shape_accepts
from polyflow.errors import (
    ArgumentError,
    DTypeError,
    ExecutionError,
    GradientError,
    OutOfRangeError,
    PolyflowError,
    ShapeError,
    message,
)

Function = Callable[..., Any]


def py_func(
    func: Function,
    inp: Sequence[Any],
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
    *,
    shape: Any = None,
    gradient: Function | None = None,
) -> Any:
    """What the Python function ``func`` returns for the values of ``inp``, whenever the operation runs.

    >>> import polyflow as pf
    >>> words = ["zero", "one", "two"]
    >>> x = pf.constant([1, 2])
    >>> length = pf.py_func(lambda x: [len(words[i]) for i in x.tolist()], [x], pf.int64, shape=(2,))
    >>> pf.Session().run(length * 10).tolist()
    [30, 30]

    ``func`` gets the backend's own arrays, of NumPy where the backend has no arrays that Python can read at will; it
    must not write into them. ``Tout`` is the dtype of the result, or a list of those of several; without it the
    function's annotation is asked (``-> pf.float32``). ``shape`` is the shape of the result, or a list of those of
    several, in which ``None`` stands for a dimension that differs from call to call. Without it the result has the
    shape of the first of ``inp``. What comes back is copied, and refused if it has another type;
    Python numbers and lists take the dtype declared. ``Tout=[]`` makes an operation without a result.

    ``stateful=False`` promises that ``func`` is a pure function: it may run more or less often than the operation.
    ``gradient(operation, *gs)`` builds the gradients with respect to ``inp`` of those of the results, as for
    ``RegisterGradient``; without it there is none, and asking for one is an error.

    Raises ``DTypeError``, ``ShapeError`` for a result of another type than declared, ``ExecutionError`` for whatever
    ``func`` raises, and ``OutOfRangeError`` for its ``StopIteration``. Source: TensorFlow 1, ``tf.py_func``.
    """
    many = isinstance(Tout, list | tuple)
    if Tout is None:
        Tout, many = _annotated(func)
    dtypes = tuple(as_dtype(each) for each in (Tout if many else [Tout]))
    values = inp if isinstance(inp, list | tuple) else [inp]
    builder: Any = builder_of(values)
    operands = tuple(builder.as_tensor(each) for each in values)
    many_shapes = [None] * len(dtypes) if shape is None else (shape if many else [shape])
    shapes = tuple(None if each is None else _shape(each) for each in many_shapes)
    if len(shapes) != len(dtypes):
        raise ArgumentError(
            message(
                "py_func: one shape is needed for each result",
                found=f"{len(shapes)} shapes",
                needed=f"{len(dtypes)}: as many as dtypes in Tout",
                where=user_location(),
            )
        )
    attributes = {"func": func, "Tout": dtypes, "shapes": shapes, "rule": gradient}
    op = py_func_op if stateful else pure_py_func
    if not dtypes and isinstance(builder, Graph):
        return builder.add(op, operands, attributes, name)
    found = builder.apply(op, operands, attributes, name, None)
    return list(found) if many else found[0]


def _annotated(func: Function) -> tuple[Any, bool]:
    """The dtypes in the annotation of a function's result, and whether there are several."""
    try:
        found = get_type_hints(func).get("return")
    except (TypeError, NameError):  # a callable without annotations, or with some that name nothing
        found = None
    args = found if isinstance(found, list | tuple) else getattr(found, "__args__", ())
    if found is None or (args and not all(isinstance(each, DType) for each in args)):
        raise ArgumentError(
            message(
                f"py_func: what {_name(func)} returns is not declared",
                needed="the dtype of its result, or a list of those of several",
                where=user_location(),
                remedy="py_func(func, inp, polyflow.float32, shape=...)",
            )
        )
    return (list(args), True) if args else (found, False)


def _shape(value: Any) -> Shape:
    return (value,) if isinstance(value, int) else tuple(value)


def _name(func: Any) -> str:
    return getattr(func, "__qualname__", None) or repr(func)


# -- the ops


def _result_types(
    operands: Sequence[TensorType], dtypes: tuple[DType, ...], shapes: tuple[Shape | None, ...]
) -> tuple[TensorType, ...]:
    """The types declared; a shape that is not is that of the first operand."""
    default = operands[0].shape if operands else ()
    return tuple(
        TensorType(dtype, default if shape is None else shape) for dtype, shape in zip(dtypes, shapes, strict=True)
    )


@define_op(name="py_func", traits=Trait.EFFECT | Trait.HOST, takes_unknown=True)
def py_func_op(
    operands: Sequence[TensorType],
    /,
    *,
    func: Function,
    Tout: tuple[DType, ...],
    shapes: tuple[Shape | None, ...],
    rule: Function | None = None,
) -> tuple[TensorType, ...]:
    """A Python function that may do something besides returning; users call :func:`polyflow.py_func`.

    >>> import polyflow as pf
    >>> pf.py_func(print, [1.0], []).op
    <op py_func>
    """
    return _result_types(operands, Tout, shapes)


@define_op(traits=Trait.HOST, takes_unknown=True)
def pure_py_func(
    operands: Sequence[TensorType],
    /,
    *,
    func: Function,
    Tout: tuple[DType, ...],
    shapes: tuple[Shape | None, ...],
    rule: Function | None = None,
) -> tuple[TensorType, ...]:
    """A Python function whose result depends on its operands alone; users call ``py_func(..., stateful=False)``.

    >>> import polyflow as pf
    >>> pf.py_func(abs, [-2.0], pf.float32, stateful=False).op.op
    <op pure_py_func>
    """
    return _result_types(operands, Tout, shapes)


@py_func_op.kernel
@pure_py_func.kernel
def py_func_kernel(
    xp: Any, operands: Sequence[Any], *, func: Function, Tout: Any, shapes: Any, rule: Any = None
) -> tuple[Any, ...]:
    return run_py_func(xp, [xp.asarray(each) for each in operands], func, Tout, shapes)


def run_py_func(xp: Any, arrays: Sequence[Any], func: Function, dtypes: Any, shapes: Any) -> tuple[Any, ...]:
    """What ``func`` returns for ``arrays``, as arrays of the namespace ``xp``, of the types declared.

    For backends whose own arrays a function should not get.
    """
    try:
        found = func(*map(_read_only, arrays))
    except StopIteration:
        raise OutOfRangeError(message(f"{_name(func)} has no more values: it raised StopIteration")) from None
    except PolyflowError:
        raise
    except Exception as error:
        raise ExecutionError(f"{_name(func)} raised {type(error).__name__}: {error}") from error
    results = tuple(found) if isinstance(found, list | tuple) and len(dtypes) != 1 else (found,)
    if not dtypes:
        return ()
    if len(results) != len(dtypes):
        raise ArgumentError(
            message(
                f"{_name(func)} returned another number of results than Tout declares",
                found=len(results),
                needed=len(dtypes),
            )
        )
    default = tuple(arrays[0].shape) if arrays else ()
    wanted = [default if shape is None else shape for shape in shapes]
    return tuple(
        _checked(xp, *each, _name(func)) for each in zip(_unpacked(results, dtypes), dtypes, wanted, strict=True)
    )


def _unpacked(results: tuple[Any, ...], dtypes: Any) -> tuple[Any, ...]:
    """The results; of a function with one, also where it returned a tuple of one array."""
    only = results[0]
    is_wrapped = len(dtypes) == 1 and isinstance(only, list | tuple) and len(only) == 1 and hasattr(only[0], "dtype")
    return (only[0],) if is_wrapped else results


def _read_only(array: Any) -> Any:
    """A view of ``array`` that cannot be written, where the library has such views."""
    if not hasattr(array, "setflags"):
        return array
    view = array.view()
    view.setflags(write=False)
    return view


def _is_no_number(value: Any) -> bool:
    """Whether ``value`` is nothing, or text, or a list with some: libraries make numbers of them that nobody meant."""
    if not isinstance(value, list | tuple):
        return type(value) in _NO_NUMBERS
    kinds = set(map(type, value))
    return not kinds.isdisjoint(_NO_NUMBERS) or (not kinds.isdisjoint((list, tuple)) and any(map(_is_no_number, value)))


_NO_NUMBERS = frozenset({type(None), str, bytes})


def _checked(xp: Any, value: Any, dtype: Any, shape: Shape, name: str) -> Any:
    """What a function returned, as an array of the type that was declared."""
    found = getattr(value, "dtype", None)
    if found is None and _is_no_number(value):
        raise DTypeError(message(f"what {name} returned is no array", found=f"{value!r:.80}", needed=str(dtype)))
    try:
        array = xp.asarray(value, dtype=dtype, copy=True) if found is None else xp.asarray(value, copy=True)
    except (TypeError, ValueError) as error:
        raise DTypeError(
            message(f"what {name} returned is no array: {error}", found=f"{value!r:.80}", needed=str(dtype))
        ) from error
    if array.dtype != dtype:
        raise DTypeError(
            message(
                f"{name} returned another dtype than declared",
                found=array.dtype,
                needed=dtype,
                remedy="convert the result in the function, or declare its dtype in Tout",
            )
        )
    if not shape_accepts(shape, tuple(array.shape)):
        raise ShapeError(
            message(
                f"{name} returned another shape than declared",
                found=format_shape(tuple(array.shape)),
                needed=format_shape(shape),
                remedy="py_func(..., shape=...), with None for a dimension that differs from call to call",
            )
        )
    return array


@py_func_op.gradient
@pure_py_func.gradient
def py_func_gradient(xp: Any, operation: Operation, g: tuple[Any, ...]) -> Sequence[Any]:
    rule = operation.attributes["rule"]
    if rule is None:
        raise GradientError(
            message(
                f"the Python function {_name(operation.attributes['func'])} has no gradient",
                where=operation.location,
                remedy="py_func(..., gradient=function), or polyflow.stop_gradient(...) around it",
            )
        )
    found = rule(operation, *g)
    return found if isinstance(found, list | tuple) else (found,)


def _double(x: Any) -> Any:
    return x + x


def _double_gradient(operation: Operation, g: Any) -> Any:
    return 2 * g


@py_func_op.samples
@pure_py_func.samples
def py_func_samples() -> Iterator[Sample]:
    for name in ("float32", "float64", "int64"):
        dtypes, array = (as_dtype(name),), normal(2, 3).of(name)
        yield Sample([array], func=_double, Tout=dtypes, shapes=((2, 3),), rule=_double_gradient)
