"""``Assert`` and the assertions made of it: conditions that are checked while a program runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from polyflow.core.building import builder_of
from polyflow.core.declaration import Trait, define_op
from polyflow.core.dtypes import bool_
from polyflow.core.samples import Sample, normal, values
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, InvalidArgumentError, message
from polyflow.ops.comparison import equal, greater, greater_equal, less, less_equal, not_equal
from polyflow.ops.printing import DEFAULT_SUMMARY, in_brackets

_SUMMARY = "the assertion does not hold"


def Assert(condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None) -> Any:
    """An operation that fails with ``InvalidArgumentError``, showing ``data``, unless all of ``condition`` is true.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", ())
    >>> with pf.control_dependencies([pf.Assert(x > 0, ["x is", x])]):
    ...     y = pf.log(x)
    >>> try:
    ...     pf.Session().run(y, {x: -1.0})
    ... except pf.errors.InvalidArgumentError as error:
    ...     print([line.strip() for line in str(error).splitlines() if "found" in line])
    ['found:   x is [-1.0]']

    ``data`` are tensors and words, of which at most ``summarize`` elements each are shown (3; -1 for all). It checks
    what it is a control input of, or what is fetched with it. Source: TensorFlow 1, ``tf.Assert``.
    """
    return _assert(condition, data, summarize, name, _SUMMARY)


def _assert(condition: Any, data: Sequence[Any], summarize: int | None, name: str | None, summary: str) -> Any:
    tensors = [each for each in data if not isinstance(each, str)]
    words = tuple(each if isinstance(each, str) else None for each in data)
    builder: Any = builder_of([condition, *tensors])
    result = assert_op(
        builder.as_tensor(condition),
        [builder.as_tensor(each) for each in tensors],
        words=words,
        summarize=DEFAULT_SUMMARY if summarize is None else summarize,
        summary=summary,
        name=name,
    )
    return result.operation if isinstance(result, Tensor) else None


@define_op(name="assert", traits=Trait.EFFECT | Trait.HOST | Trait.VIEW, takes_unknown=True)
def assert_op(
    condition: TensorType,
    data: Sequence[TensorType],
    /,
    *,
    words: tuple[str | None, ...] = (),
    summarize: int = DEFAULT_SUMMARY,
    summary: str = _SUMMARY,
) -> TensorType:
    """The condition, which was true; ``words`` has ``None`` where a tensor is shown. Users call ``polyflow.Assert``.

    >>> import polyflow as pf
    >>> pf.Assert(pf.constant(True), []).op
    <op assert>
    """
    if condition.dtype not in (None, bool_):
        raise DTypeError(message("a condition is true or false", found=condition.dtype, needed="bool"))
    return TensorType(bool_, condition.shape)


@assert_op.kernel
def assert_kernel(
    xp: Any,
    condition: Any,
    data: Sequence[Any],
    *,
    words: tuple[str | None, ...] = (),
    summarize: int = DEFAULT_SUMMARY,
    summary: str = _SUMMARY,
) -> Any:
    if not bool(xp.all(xp.asarray(condition))):
        arrays = iter(data)
        shown = [in_brackets(xp, next(arrays), summarize) if word is None else word for word in words]
        raise InvalidArgumentError(message(summary, found=" ".join(shown) or None))
    return condition


assert_op.zero_gradient("a condition does not change smoothly")


@assert_op.samples
def assert_samples() -> Iterator[Sample]:
    yield Sample(values(True, "bool"), [normal(3)], words=("x", None), gradient=False)
    yield Sample(values([True, True], "bool"), [], gradient=False)


# -- what is asserted most


def assert_equal(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """An operation that fails with ``InvalidArgumentError`` unless ``x == y`` for all elements.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.assert_equal(pf.constant([1, 1]), 1))

    ``data`` replaces what is shown, ``message`` stands before it. Source: TensorFlow 1, ``tf.assert_equal``.
    """
    return _compared(equal, "==", x, y, data, summarize, message, name or "assert_equal")


def assert_none_equal(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless ``x != y`` for all elements."""
    return _compared(not_equal, "!=", x, y, data, summarize, message, name or "assert_none_equal")


def assert_less(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless ``x < y`` for all elements."""
    return _compared(less, "<", x, y, data, summarize, message, name or "assert_less")


def assert_less_equal(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless ``x <= y`` for all elements."""
    return _compared(less_equal, "<=", x, y, data, summarize, message, name or "assert_less_equal")


def assert_greater(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless ``x > y`` for all elements."""
    return _compared(greater, ">", x, y, data, summarize, message, name or "assert_greater")


def assert_greater_equal(
    x: Any,
    y: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless ``x >= y`` for all elements."""
    return _compared(greater_equal, ">=", x, y, data, summarize, message, name or "assert_greater_equal")


def assert_positive(
    x: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless all elements of ``x`` are above 0."""
    return assert_greater(x, 0, data, summarize, message, name or "assert_positive")


def assert_non_negative(
    x: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Any:
    """As :func:`assert_equal`, unless no element of ``x`` is below 0."""
    return assert_greater_equal(x, 0, data, summarize, message, name or "assert_non_negative")


def _compared(
    compare: Callable[[Any, Any], Any],
    sign: str,
    x: Any,
    y: Any,
    data: Sequence[Any] | None,
    summarize: int | None,
    words: str | None,
    name: str,
) -> Operation | None:
    prefix = "" if words is None else f"{words}: "
    shown = ["x =", x, "y =", y] if data is None else data
    return _assert(compare(x, y), shown, summarize, name, f"{prefix}x {sign} y does not hold for all elements")  # type: ignore[no-any-return]
