"""The signature of an op: which parameters are operands, which are attributes, and how a call is taken apart.

The annotations of the declaring function say it: ``TensorType`` is an operand, ``TensorType | None`` an optional one,
``Sequence[TensorType]`` or a starred parameter any number of them; every other parameter is an attribute. Attributes
annotated ``Axis``, ``NewAxis``, ``DTypeLike`` or ``ShapeLike`` are brought to normal form before anybody reads them.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from polyflow.core.dtypes import DType, as_dtype
from polyflow.core.location import user_location
from polyflow.core.shapes import normal_axes, normal_axis
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, ValueRangeError, message

Axis = Annotated[int | tuple[int, ...] | None, "axis"]
"""An axis of the first operand, several, or ``None`` for what the op says."""
NewAxis = Annotated[int | tuple[int, ...], "new axis"]
"""A position in the result's shape at which a dimension is added."""
DTypeLike = Annotated[DType | None, "dtype"]
"""A dtype; ``None`` is replaced by the dtype that inference gives the result."""
ShapeLike = Annotated[tuple[int, ...], "shape"]
"""A shape given as a tuple, a list or one number."""


class Slice(NamedTuple):
    """A slice as an attribute: hashable, which the builtin is not before Python 3.12."""

    start: int | None
    stop: int | None
    step: int | None

    def __repr__(self) -> str:
        return f"slice({self.start}, {self.stop}, {self.step})"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an op."""

    name: str
    role: str
    """``"operand"``, ``"optional"``, ``"sequence"``, ``"variadic"`` or ``"attribute"``."""
    form: str
    """Of an attribute: ``"axis"``, ``"new axis"``, ``"dtype"``, ``"shape"`` or ``""``."""
    is_positional: bool
    """Whether a value for it can be passed by position only."""
    is_keyword: bool
    """Whether a value for it can be passed by keyword only."""
    default: Any  # whatever the declaring function has as default; Parameter.empty for none

    @property
    def is_required(self) -> bool:
        return self.default is inspect.Parameter.empty and self.role in ("operand", "sequence", "attribute")


class Signature:
    """The parameters of an op in order, and the ways between a call and (operands, attributes)."""

    def __init__(self, name: str, function: Callable[..., object]) -> None:
        self.name = name
        hints = _hints(function)
        self.parameters = tuple(
            _parameter(each, hints.get(each.name, Any)) for each in inspect.signature(function).parameters.values()
        )
        self.operands = tuple(each for each in self.parameters if each.role != "attribute")
        self.attributes = tuple(each for each in self.parameters if each.role == "attribute")
        self.forms = tuple((each.name, each.form) for each in self.attributes if each.form)
        self.defaults = {each.name: each.default for each in self.attributes}
        self.output_count = _output_count(hints.get("return", TensorType))
        self.is_plain = all(each.role == "operand" for each in self.operands) and not any(
            each.is_positional for each in self.attributes
        )
        self._required = tuple(each.name for each in self.parameters if each.is_required)
        self._needs_attributes = any(each.is_required for each in self.attributes)
        self._positional = tuple(each for each in self.parameters if not each.is_keyword)
        self._names = frozenset(each.name for each in self.parameters)

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> tuple[list[object], dict[str, Any]]:
        """Take a call apart into its operands, in order and flat, and all attributes, defaults included."""
        if self.is_plain and not kwargs and len(args) == len(self.operands) and not self._needs_attributes:
            return list(args), self.defaults
        given = self._assign(args, kwargs)
        operands: list[object] = []
        absent: list[str] = []
        attributes: dict[str, Any] = {}
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            if parameter.role == "attribute":
                attributes[parameter.name] = freeze(value)
            elif parameter.role in ("sequence", "variadic"):
                operands.extend(self._sequence(parameter, value))
            elif parameter.role == "optional" and value is None:
                absent.append(parameter.name)
            else:
                operands.append(value)
        if absent:
            attributes["absent"] = tuple(absent)
        return operands, attributes

    def _assign(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
        given: dict[str, object] = {}
        positional = self._positional
        for position, parameter in enumerate(positional):
            if parameter.role == "variadic":
                given[parameter.name] = args[position:]
                break
            if position < len(args):
                given[parameter.name] = args[position]
        else:
            if len(args) > len(positional):
                names = ", ".join([each.name for each in self.parameters if each.is_keyword])
                needed = f"at most {len(positional)}" + (f", and by keyword {names}" if names else "")
                raise self._refused(f"{len(args)} positional arguments", needed)
        for name, value in kwargs.items():
            # Positional-only names are taken by keyword as well: a user of TensorFlow writes add(x=..., y=...).
            if name not in self._names or name in given:
                raise self._refused(f"{'a second' if name in given else 'an unknown'} argument {name!r}", str(self))
            given[name] = value
        missing = [name for name in self._required if name not in given]
        if missing:
            raise self._refused(f"no argument for {', '.join(missing)}", str(self))
        return given

    def _sequence(self, parameter: Parameter, value: object) -> Sequence[object]:
        if isinstance(value, list | tuple):
            return value
        raise self._refused(f"{parameter.name} = {type(value).__name__}", f"a list or tuple for {parameter.name}")

    def _refused(self, found: str, needed: str) -> ArgumentError:
        summary = f"{self.name}: the call does not match its signature"
        return ArgumentError(message(summary, found=found, needed=needed, where=user_location()))

    def arguments(
        self, operands: Sequence[Any], attributes: Mapping[str, Any]
    ) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """The positional and keyword arguments with which a function of this signature is called."""
        if self.is_plain:
            return operands, attributes
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        absent = attributes.get("absent", ())
        rest = iter(operands)
        many = len(operands) - sum(each.role in ("operand", "optional") for each in self.operands) + len(absent)
        for parameter in self.parameters:
            if parameter.role == "variadic":
                positional.extend(_take(rest, many))
                continue
            if parameter.role == "attribute":
                value = attributes[parameter.name]
            elif parameter.role == "sequence":
                value = list(_take(rest, many))
            else:
                value = None if parameter.name in absent else next(rest)
            if parameter.is_positional or (parameter.role in ("operand", "sequence") and not parameter.is_keyword):
                positional.append(value)
            else:
                keywords[parameter.name] = value
        return positional, keywords

    def operand_names(self, count: int, attributes: Mapping[str, Any]) -> list[str]:
        """A name for each of ``count`` flat operands, for messages."""
        absent = attributes.get("absent", ())
        fixed = [each for each in self.operands if each.name not in absent]
        extra = count - sum(each.role in ("operand", "optional") for each in fixed)
        names: list[str] = []
        for each in fixed:
            many = each.role in ("sequence", "variadic")
            names.extend([f"{each.name}[{index}]" for index in range(extra)] if many else [each.name])
        return names

    def __str__(self) -> str:
        return f"{self.name}({', '.join(each.name for each in self.parameters)})"


def normal_attributes(
    forms: Sequence[tuple[str, str]], types: Sequence[TensorType], attributes: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The attributes with axes counted from the front, dtypes and shapes in their own types."""
    if not forms:
        return attributes
    result = dict(attributes)
    for name, form in forms:
        value = result[name]
        if value is not None:
            result[name] = _NORMAL[form](value, types)
    return result


def _normal_axis(value: int | tuple[int, ...], types: Sequence[TensorType]) -> int | tuple[int, ...]:
    rank = types[0].rank if types else 0
    return normal_axes(value, rank) if isinstance(value, tuple) else normal_axis(value, rank)


def _normal_new_axis(value: int | tuple[int, ...], types: Sequence[TensorType]) -> int | tuple[int, ...]:
    rank = types[0].rank if types else 0
    if isinstance(value, tuple):
        return normal_axes(value, rank + len(value))
    return normal_axis(value, rank + 1)


def _normal_shape(value: object, _: Sequence[TensorType]) -> tuple[int, ...]:
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(size, int) and not isinstance(size, bool) for size in sizes):
        raise ValueRangeError(message("not a shape", found=value, needed="whole numbers"))
    return sizes


_NORMAL: dict[str, Callable[[Any, Sequence[TensorType]], object]] = {
    "axis": _normal_axis,
    "new axis": _normal_new_axis,
    "dtype": lambda value, _: as_dtype(value),
    "shape": _normal_shape,
}


_FROZEN = frozenset({int, float, bool, str, complex, DType})


def freeze(value: Any) -> Any:
    """An attribute as a hashable value: lists become tuples, slices :class:`Slice`, NumPy integers ``int``."""
    if value is None or type(value) in _FROZEN:
        return value
    if isinstance(value, list | tuple) and not isinstance(value, Slice):
        return tuple(freeze(each) for each in value)
    if isinstance(value, slice):
        return Slice(_index(value.start), _index(value.stop), _index(value.step))
    if hasattr(value, "__index__") and getattr(value, "shape", ()) == ():
        return value.__index__()
    return value


def _index(value: Any) -> int | None:
    return None if value is None else int(value.__index__())


def _take(values: Iterator[Any], count: int) -> Iterator[Any]:
    return (next(values) for _ in range(count))


def _hints(function: Callable[..., object]) -> dict[str, Any]:
    """What the annotations stand for. Most are a name: looked up, it takes a tenth of the time of an expression."""
    known = getattr(inspect.unwrap(function), "__globals__", {})
    found: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, hint in inspect.get_annotations(function).items():
        if isinstance(hint, str) and hint.isidentifier() and (hint in known or hasattr(builtins, hint)):
            found[name] = known[hint] if hint in known else getattr(builtins, hint)
        else:
            others[name] = hint
    if others:
        found |= get_type_hints(SimpleNamespace(__annotations__=others), known, include_extras=True)
    return found


def _parameter(parameter: inspect.Parameter, hint: object) -> Parameter:
    role, form = "attribute", ""
    arguments = get_args(hint)
    if hint is TensorType:
        role = "variadic" if parameter.kind is parameter.VAR_POSITIONAL else "operand"
    elif TensorType in arguments:
        role = "optional" if type(None) in arguments else "sequence"
    elif get_origin(hint) is Annotated:
        form = arguments[1]
    return Parameter(
        parameter.name,
        role,
        form,
        is_positional=parameter.kind is parameter.POSITIONAL_ONLY,
        is_keyword=parameter.kind is parameter.KEYWORD_ONLY,
        default=parameter.default,
    )


def _output_count(hint: object) -> int | None:
    if hint is TensorType:
        return 1
    members = get_args(hint)
    if get_origin(hint) is tuple and Ellipsis not in members:
        return len(members)
    return None
