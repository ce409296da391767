"""The functions and operators of an eager namespace: polyflow's own, run at once.

A call whose arguments have been met before, by type and attributes, goes straight to its plan; every other is taken
apart by the op's signature, as in a graph, and leaves a plan behind.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from polyflow.core import building
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, bool_
from polyflow.core.keys import split_index
from polyflow.core.operators import BINARY, COMPARISON, UNARY, Namespace
from polyflow.core.signature import freeze
from polyflow.core.types import TensorType
from polyflow.errors import PolyflowError, ShapeError, message
from polyflow.ops.index_assignment import index_set
from polyflow.ops.indexing import getitem
from polyflow.session.eager_array import EagerArray
from polyflow.session.eager_plans import NUMBERS, NoKeyError, attribute_key
from polyflow.session.inspection import WITH_DEVICE

if TYPE_CHECKING:
    from polyflow.session.eager import EagerNamespace

NAMESPACES = ("linalg", "fft", "nn", "random")

GRAPH_ONLY = {
    "constant", "placeholder", "placeholder_with_default", "gradients", "group", "no_op", "get_default_graph",
    "reset_default_graph", "set_random_seed", "hookimpl", "name_scope", "control_dependencies", "device",
    "global_variables", "trainable_variables", "get_default_session", "define_op", "custom_gradient", "eager",
}  # fmt: skip
"""What has no meaning where every op runs at once: there is no graph to build, to feed or to give a seed."""


class Inner:
    """A namespace within one, such as ``linalg``."""

    def __init__(self, space: EagerNamespace, module: ModuleType) -> None:
        self._space = space
        self._module = module
        self.__name__ = f"{space.__name__}.{module.__name__.rpartition('.')[2]}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = eager_attribute(self._space, self._module, name)
        setattr(self, name, found)
        return found


def eager_attribute(space: EagerNamespace, module: ModuleType, name: str) -> Any:
    """What ``name`` is in the namespace: the function of that name in polyflow, run at once."""
    if name in DTYPES:
        return DTYPES[name]
    found = getattr(module, name, None) if name in getattr(module, "__all__", ()) else None
    if isinstance(found, ModuleType) and name in NAMESPACES:
        return Inner(space, found)
    if isinstance(found, Op) and name not in GRAPH_ONLY:
        return _eager_op(space, found)
    if isinstance(found, int | float) or (found is None and name == "newaxis"):
        return found
    if callable(found) and not isinstance(found, type) and name not in GRAPH_ONLY:
        return _eager_function(space, found)
    raise AttributeError(f"namespace {space.__name__!r} has no {name!r}")


def _eager_function(space: EagerNamespace, target: Callable[..., Any]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        with building.overriding(space):
            return target(*args, **kwargs)

    _describe(function, target, target.__name__, target.__doc__)
    return function


def _eager_op(space: EagerNamespace, op: Op) -> Callable[..., Any]:
    if type(op) is not Op:  # it does more in a call than the signature says: draws a key, ...
        called = _eager_function(space, op)
        _describe(called, op.rule, op.name, op.__doc__)
        return called
    function = planned(space, op)
    _describe(function, op.rule, op.name, op.__doc__)
    return function


def planned(space: EagerNamespace, op: Op) -> Callable[..., Any]:
    """``op`` as a function of the namespace."""
    identity, pairs, plans, roles = id(op), space.known_pairs, space.plans, Roles(op)

    def function(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            if len(args) == 1:
                (x,) = args
                if type(x) is EagerArray and x._space is space:
                    plan = plans.get((identity, id(x._type)))
                    if plan is not None:
                        return plan((x.value,))
            elif len(args) == 2:
                left, right = args
                if type(left) is EagerArray and type(right) is EagerArray:
                    pair = pairs.get((identity, id(left._type), id(right._type)))
                    if pair is not None and left._space is right._space is space:
                        return EagerArray(pair[0](left.value, right.value), pair[1], space)
        elif "device" in kwargs and kwargs["device"] in (None, space.device):
            kwargs = {name: each for name, each in kwargs.items() if name != "device"}
        taken = _taken_apart(space, roles, args, kwargs)
        if taken is None:
            with building.overriding(space):
                return op(*args, **kwargs)
        key, operands, values = taken
        plan = plans.get(key)
        if plan is None:
            bound, attributes = op.signature.bind(args, kwargs)
            same = len(bound) == len(operands) and all(a is b for a, b in zip(bound, operands, strict=True))
            if not same:  # operands by keyword in another order, or with defaults
                return space.apply(op, bound, attributes, None, None)
            plan = space.plan_of(op, operands, attributes)
            space.keep(key, plan)
        try:
            return plan(values)
        except PolyflowError as error:
            raise space.located(error) from None

    return function


class Roles:
    """Which arguments of a call of ``op`` are operands: their roles, or ``""`` for attributes."""

    def __init__(self, op: Op) -> None:
        self.identity = id(op)
        parameters = op.signature.parameters
        self.named = {each.name: "" if each.role == "attribute" else each.role for each in parameters}
        places = [self.named[each.name] for each in parameters if not each.is_keyword]
        variadic = places.index("variadic") if "variadic" in places else len(places)
        self.places = places[:variadic]
        self.rest = "operand" if variadic < len(places) else ""


def _taken_apart(
    space: EagerNamespace, roles: Roles, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], list[Any], list[Any]] | None:
    """The key of a call, its operands and their values; ``None`` for a call that no plan is kept for."""
    key: list[Any] = [roles.identity]
    operands: list[Any] = []
    values: list[Any] = []
    places = roles.places
    try:
        for place, each in enumerate(args):
            role = places[place] if place < len(places) else roles.rest
            if role and type(each) is EagerArray and each._space is space:
                key.append(id(each._type))
                operands.append(each)
                values.append(each.value)
            elif not _add(space, role, each, key, operands, values):
                return None
        for name, each in kwargs.items():
            if name in ("name", "device"):
                return None
            key.append(name)
            if not _add(space, roles.named.get(name, ""), each, key, operands, values):
                return None
    except NoKeyError:
        return None
    return tuple(key), operands, values


def _add(space: EagerNamespace, role: str, each: Any, key: list[Any], operands: list[Any], values: list[Any]) -> bool:
    """Add an argument to a key; false where it cannot be."""
    kind = type(each)
    if role:
        if kind is EagerArray:
            if each._space is not space:
                return False
            key.append(id(each._type))
            operands.append(each)
            values.append(each.value)
            return True
        if kind in NUMBERS:
            key.append(kind)
            operands.append(each)
            values.append(each)
            return True
        if role == "sequence" and (kind is list or kind is tuple):
            key.append(len(each))
            return all(_add(space, "operand", one, key, operands, values) for one in each)
        if each is not None:
            return False
    key.append(attribute_key(each))
    return True


def _describe(function: Any, target: Callable[..., Any], name: str, manual: str | None) -> None:
    """Give a function of the namespace the name, manual and signature that the standard gives it."""
    parameters = [each for each in inspect.signature(target).parameters.values() if each.name != "name"]
    if name in WITH_DEVICE:
        device = inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None)
        parameters = [*parameters, device]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = manual
    function.__signature__ = inspect.Signature(parameters)


# -- operators


def bind_eager_operators(ops: Namespace) -> None:
    """Give the operators of eager arrays, which call ``ops``, the short way to their plans."""
    for word, name in {**BINARY, **COMPARISON}.items():
        setattr(EagerArray, f"__{word}__", _binary(name, id(getattr(ops, name)), getattr(EagerArray, f"__{word}__")))
    for word, name in BINARY.items():
        setattr(EagerArray, f"__r{word}__", _reflected(name, getattr(EagerArray, f"__r{word}__")))
    for word, name in UNARY.items():
        setattr(EagerArray, f"__{word}__", _unary(name, id(getattr(ops, name)), f"__{word}__"))
    transposes = _unary("matrix_transpose", id(ops.matrix_transpose), "mT")
    EagerArray.mT = property(transposes, doc="The transposes of a stack of matrices.")  # type: ignore
    EagerArray.T = property(_transpose, doc="The transpose of a matrix.")  # type: ignore
    EagerArray.__getitem__ = _getitem  # type: ignore
    EagerArray.__setitem__ = _setitem  # type: ignore


def _binary(name: str, identity: int, slow: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: EagerArray, other: Any, /) -> Any:
        kind, space = type(other), self._space
        if kind is EagerArray:
            pair = space.known_pairs.get((identity, id(self._type), id(other._type)))
            if pair is not None and other._space is space:
                return EagerArray(pair[0](self.value, other.value), pair[1], space)
        elif kind in NUMBERS:
            plan = space.plans.get((identity, id(self._type), kind))
            if plan is not None:
                try:
                    return plan((self.value, other))
                except PolyflowError as error:
                    raise space.located(error) from None
        else:
            return slow(self, other)
        return getattr(space, name)(self, other)

    method.__name__ = slow.__name__
    return method


def _reflected(name: str, slow: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: EagerArray, other: Any, /) -> Any:
        return getattr(self._space, name)(other, self) if type(other) in NUMBERS else slow(self, other)

    method.__name__ = slow.__name__
    return method


def _unary(name: str, identity: int, word: str) -> Callable[[Any], Any]:
    def method(self: EagerArray, /) -> Any:
        space = self._space
        plan = space.plans.get((identity, id(self._type)))
        return getattr(space, name)(self) if plan is None else plan((self.value,))

    method.__name__ = word
    return method


def _transpose(self: EagerArray) -> Any:
    if self.ndim != 2:
        raise ShapeError(
            message(".T transposes matrices", found=f"rank {self.ndim}", needed="rank 2", remedy="x.mT, permute_dims")
        )
    return self.mT


# -- elements


def _getitem(self: EagerArray, key: Any) -> Any:
    space = self._space
    found = _item_key(self, key)
    if found is None:
        return space.select(self, key)
    described, values = found
    plan = space.plans.get(described)
    if plan is None:
        frozen, indices = split_index(key)
        operands, attributes = getitem.signature.bind((self, *indices), {"key": frozen})
        plan = space.plan_of(getitem, operands, attributes)
        space.keep(described, plan)
    try:
        return plan([self.value, *values])
    except PolyflowError as error:
        raise space.located(error) from None


def _setitem(self: EagerArray, key: Any, value: Any) -> None:
    """Put ``value`` where ``key`` points: in this array, and in no other that shares its memory."""
    space = self._space
    found = _item_key(self, key)
    assigned = None if found is None else _assigned(self, value)
    if found is None or assigned is None:
        replaced = space.setitem(self, key, value)
    else:
        described, values = found
        full_key = (_SETITEM, id(assigned._type), described)
        plan = space.plans.get(full_key)
        if plan is None:
            frozen, indices = split_index(key)
            plan = space.plan_of(index_set, [self, assigned, *indices], {"key": freeze(frozen)})
            space.keep(full_key, plan)
        try:
            replaced = plan([self.value, assigned.value, *values])
        except PolyflowError as error:
            raise space.located(error) from None
    self.value, self._type = replaced.value, replaced._type


def _assigned(array: EagerArray, value: Any) -> EagerArray | None:
    """``value`` as an array of the dtype of ``array``; ``None`` where more is to be seen to."""
    space = array._space
    if type(value) is EagerArray:
        return value if value._space is space and value._type.dtype is array._type.dtype else None
    if type(value) not in NUMBERS:
        return None
    try:
        return space.wrap(space.numbers(array.dtype)(value), TensorType(array.dtype, ()))
    except PolyflowError as error:
        raise space.located(error) from None


def _item_key(array: EagerArray, key: Any) -> tuple[tuple[Any, ...], list[Any]] | None:
    """What tells ``array[key]`` from every other selection, and the values of the index arrays; ``None`` for no key."""
    space = array._space
    described: list[Any] = [_GETITEM, id(array._type)]
    values: list[Any] = []
    for part in key if type(key) is tuple else (key,):
        kind = type(part)
        if kind is int or part is None or part is Ellipsis:
            described.append(part)
        elif kind is EagerArray and part._space is space and (part._type.shape or part._type.dtype is bool_):
            described.append((id(part._type),))
            values.append(part.value)
        elif (
            kind is slice and type(part.start) in _BOUNDS and type(part.stop) in _BOUNDS and type(part.step) in _BOUNDS
        ):
            described.append((part.start, part.stop, part.step))
        else:
            return None
    return tuple(described), values


_GETITEM, _SETITEM = "getitem", "setitem"
_BOUNDS = frozenset({int, type(None)})
