"""Plans of eager calls: what an op on operands of known types comes to, worked out once and then only run.

A plan is a function from the values of the operands, the backend's arrays and Python numbers, to the result. It holds
the kernel, the casts, the attributes in the backend's terms and the types of the results; promotion, checks and
inference took place when it was made. Plans are found by keys in which everything stands that inference may look at:
the op, the types of arrays, the classes of numbers, the attributes. A value that no key can tell from another has none,
and its call is worked out anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from polyflow.core import building
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.inference import Inferred, infer
from polyflow.core.literal import literal, weak_literal
from polyflow.core.location import user_location
from polyflow.core.signature import Signature, Slice
from polyflow.core.types import TensorType
from polyflow.errors import AxisError, ExecutionError, PolyflowError, ResourceExhaustedError, message
from polyflow.extension.kernels import native_attributes
from polyflow.session.eager_array import EagerArray, EagerNumber

if TYPE_CHECKING:
    from polyflow.session.eager import EagerNamespace

Plan = Callable[[Sequence[Any]], Any]
"""From the values of the operands, in order and flat, to the result."""

NUMBERS = frozenset({bool, int, float, complex})
_MOST_NUMBERS = 10_000
_PLAIN = frozenset({bool, int, str, type(None), type(Ellipsis), DType})


# -- keys


class NoKeyError(Exception):
    """Raised for an attribute by whose value no plan can be found."""


def attribute_key(value: Any) -> Any:
    """What tells ``value`` from every attribute that means something else: 1 from True and 1.0, 0.0 from -0.0.

    >>> attribute_key((1, None)) == attribute_key((True, None))
    False
    """
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if kind is tuple or kind is list:
        if set(map(type, value)) == {int}:  # shapes and axes, soonest
            return int, tuple(value)
        return tuple([attribute_key(each) for each in value])
    if kind is float:
        return kind, value.hex()
    if kind is complex:
        return kind, value.real.hex(), value.imag.hex()
    if kind is slice or kind is Slice:
        start, stop, step = value if kind is Slice else (value.start, value.stop, value.step)
        return slice, attribute_key(start), attribute_key(stop), attribute_key(step)
    raise NoKeyError


def bound_key(op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The key of ``op`` on operands of ``types``, of which equal ones are one object; ``None`` for no key."""
    try:
        is_default = attributes is op.signature.defaults
        described = None if is_default else tuple([(name, attribute_key(each)) for name, each in attributes.items()])
    except NoKeyError:
        return None
    return id(op), described, *[id(each) for each in types]


# -- making plans


def make_plan(space: EagerNamespace, op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]) -> Plan:
    """The plan of ``op`` on operands of ``types``; raises what inference raises."""
    if op.expansion_rule is not None:
        return _expansion(space, op, types, attributes)
    inferred = infer(op, types, attributes)
    kernel = space.kernel_for(op, types, inferred)
    native = native_attributes(inferred.attributes, space.backend, space.device)
    call = _caller(op.signature, kernel, len(types), native)
    converters = _converters(space, types, inferred)
    if any(each is not None for each in converters):
        call = _converting(call, converters)
    if op.signature.output_count != 1:
        return _explained(_several(space, op, call, inferred.outputs), op, types)
    (output,) = inferred.outputs
    if not output.is_static:
        return _explained(lambda values: space.wrap(call(*values), None), op, types)
    interned = space.interned(output)
    if call is kernel and len(types) == 2 and not attributes:
        space.known_pairs[id(op), id(types[0]), id(types[1])] = kernel, interned

    def run(values: Sequence[Any]) -> EagerArray:  # as `_explained`, without another call: nearly all plans are these
        try:
            return EagerArray(call(*values), interned, space)
        except PolyflowError:
            raise
        except Exception as error:
            raise _failure(error, op, types) from error

    return run


def _several(space: EagerNamespace, op: Op, call: Callable[..., Any], outputs: Sequence[TensorType]) -> Plan:
    def run(values: Sequence[Any]) -> Any:
        pairs = zip(call(*values), outputs, strict=True)
        return op.result_of(tuple([space.wrap(value, type) for value, type in pairs]))

    return run


def _explained(plan: Plan, op: Op, types: Sequence[TensorType]) -> Plan:
    def run(values: Sequence[Any]) -> Any:
        try:
            return plan(values)
        except PolyflowError:
            raise
        except Exception as error:
            raise _failure(error, op, types) from error

    return run


def _failure(error: Exception, op: Op, types: Sequence[TensorType]) -> PolyflowError:
    """What a library raised, as the user is to read it."""
    from polyflow.runtime.failures import what_failed  # only errors need it

    kind = next((ours for theirs, ours in _KINDS.items() if isinstance(error, theirs)), ExecutionError)
    return kind(message(what_failed(op, error), operand=", ".join(map(str, types)) or None, where=user_location()))


_KINDS: dict[type[Exception], type[PolyflowError]] = {IndexError: AxisError, MemoryError: ResourceExhaustedError}
"""Errors of which a caller may catch the builtin kind."""


def _expansion(space: EagerNamespace, op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]) -> Plan:
    """The plan of an op that is made of others; one that takes unknown types gets Python numbers as they are."""
    expand: Any = op.expansion_rule
    if op.takes_unknown:
        kinds = [EagerNumber if each.weak else EagerArray for each in types]

        def run_on_all(values: Sequence[Any]) -> Any:
            triples = zip(kinds, values, types, strict=True)
            inputs = tuple([kind(value, type, space) for kind, value, type in triples])
            with building.overriding(space):
                return expand(space, inputs, attributes)

        return run_on_all
    inferred = infer(op, types, attributes)
    converters = _converters(space, types, inferred)
    wanted = zip(types, inferred.dtypes, strict=True)
    inner = [
        space.interned(each.with_dtype(dtype or each.known_dtype)) if each.weak or dtype is not None else each
        for each, dtype in wanted
    ]

    def run(values: Sequence[Any]) -> Any:
        triples = zip(converters, values, inner, strict=True)
        inputs = tuple(
            [EagerArray(value if convert is None else convert(value), type, space) for convert, value, type in triples]
        )
        with building.overriding(space):
            return expand(space, inputs, inferred.attributes)

    return run


# -- from the values of operands to a kernel's arguments


def _converters(
    space: EagerNamespace, types: Sequence[TensorType], inferred: Inferred
) -> list[Callable[[Any], Any] | None]:
    """For each operand what brings it to the dtype in which the operands meet, ``None`` where it has it."""
    found: list[Callable[[Any], Any] | None] = []
    for type, dtype in zip(types, inferred.dtypes, strict=True):
        if type.weak:
            found.append(space.numbers(dtype or type.known_dtype))
        else:
            found.append(None if dtype is None or dtype is type.dtype else space.caster(dtype))
    return found


def _converting(call: Callable[..., Any], converters: Sequence[Callable[[Any], Any] | None]) -> Callable[..., Any]:
    if len(converters) == 2 and None in converters:  # an array and a number, in either order
        first, second = converters
        if first is None and second is not None:
            return lambda left, right: call(left, second(right))
        if first is not None:
            return lambda left, right: call(first(left), right)

    def convert_and_call(*values: Any) -> Any:
        pairs = zip(converters, values, strict=True)
        return call(*[value if convert is None else convert(value) for convert, value in pairs])

    return convert_and_call


class Numbers:
    """Python numbers as arrays of one dtype, each made once."""

    def __init__(self, space: EagerNamespace, dtype: DType) -> None:
        self._space = space
        self._dtype = dtype
        self._arrays: dict[Any, Any] = {}

    def __call__(self, number: Any) -> Any:
        kind = type(number)
        # Zeros differ in sign, and so may the parts of complex numbers, though Python calls them equal.
        key = (kind, repr(number)) if not number or kind is complex else (kind, number)
        found = self._arrays.get(key)
        if found is None:
            if len(self._arrays) > _MOST_NUMBERS:
                self._arrays.clear()
            value = literal(weak_literal(number).tolist(), self._dtype)
            found = self._arrays[key] = self._space.backend.from_literal(value, self._space.device)
        return found


class _Slot:
    """Stands for an operand while the arguments of a kernel are laid out."""


def _caller(
    signature: Signature, kernel: Callable[..., Any], count: int, attributes: Mapping[str, Any]
) -> Callable[..., Any]:
    """``kernel`` as a function of the values of ``count`` operands alone."""
    slots = [_Slot() for _ in range(count)]
    laid_out, keywords = signature.arguments(slots, attributes)
    arguments = list(laid_out)
    named: dict[str, Any] = dict(keywords)
    if not any(_has_slot(each) for each in (*arguments[count:], *named.values())) and arguments[:count] == slots:
        tail = arguments[count:]
        if tail:
            return lambda *values: kernel(*values, *tail, **named)
        return partial(kernel, **named) if named else kernel
    places = {id(slot): place for place, slot in enumerate(slots)}

    def filled(each: Any, values: Sequence[Any]) -> Any:
        if isinstance(each, _Slot):
            return values[places[id(each)]]
        return [filled(one, values) for one in each] if isinstance(each, list) else each

    if count and arguments[:1] == [slots] and not any(_has_slot(each) for each in (*arguments[1:], *named.values())):
        rest = arguments[1:]
        return lambda *values: kernel(list(values), *rest, **named)

    def fill_and_call(*values: Any) -> Any:
        options = {name: filled(each, values) for name, each in named.items()}
        return kernel(*[filled(each, values) for each in arguments], **options)

    return fill_and_call


def _has_slot(each: Any) -> bool:
    return isinstance(each, _Slot) or (isinstance(each, list) and any(isinstance(one, _Slot) for one in each))
