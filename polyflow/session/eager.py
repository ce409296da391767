"""Eager namespaces: each op runs at once on a backend, with exactly the semantics that it has in a graph.

Promotion, dtype checks, inference and errors are the graph's own functions; the backend supplies the kernel. Two arrays
whose types have met before go straight to the kernel.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from polyflow.core import building
from polyflow.core.declaration import Op
from polyflow.core.dtypes import DTYPES, DType, as_dtype
from polyflow.core.inference import infer
from polyflow.core.keys import split_index
from polyflow.core.literal import is_weak_number, literal, weak_literal, weak_type
from polyflow.core.location import user_location
from polyflow.core.operators import BINARY, COMPARISON, Namespace
from polyflow.core.primitives import astype
from polyflow.core.signature import freeze
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, BackendError, PolyflowError, message, nearest
from polyflow.extension.backend import Backend
from polyflow.extension.kernels import call_kernel, find_kernel
from polyflow.extension.manager import Extensions
from polyflow.extension.manager import extensions as installed_extensions
from polyflow.ops.index_assignment import assigned_value, index_set
from polyflow.runtime.planner import no_kernel
from polyflow.session.eager_array import EagerArray
from polyflow.session.inspection import VERSION, WITH_DEVICE, NamespaceInfo

Kernel = Callable[..., Any]
Pair = tuple[Kernel, TensorType]


class EagerNamespace:
    """The array API namespace of one backend and device; made by :func:`polyflow.eager`."""

    __array_api_version__ = VERSION

    def __init__(self, backend: Backend, device: str, module: ModuleType, extensions: Extensions) -> None:
        self.backend = backend
        self.device = device
        self.xp = extensions.namespace
        self.__name__ = f"polyflow.eager.{backend.name}"
        self.known_pairs: dict[tuple[int, int, int], Pair] = {}
        """Kernel and result type of ops on two arrays that need no cast, by the identities of op and types."""
        self._module = module
        self._extensions = extensions
        self._kernels: dict[Op, Kernel] = {}
        self._types: dict[TensorType, TensorType] = {}
        self._numbers: dict[Any, Any] = {}

    # -- the namespace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = _eager_attribute(self, self._module, name)
        setattr(self, name, found)
        return found

    def __array_namespace_info__(self) -> NamespaceInfo:
        """Devices and dtypes of the namespace."""
        devices = [self.device, *(each for each in self.backend.devices() if each != self.device)]
        return NamespaceInfo(devices, self.backend.dtypes)

    def on(self, device: str) -> EagerNamespace:
        """The namespace of another device of the backend."""
        return self if device == self.device else eager(self.backend, device, self._module, self._extensions)

    def asarray(
        self, obj: Any, /, *, dtype: Any = None, device: str | None = None, copy: bool | None = None
    ) -> EagerArray:
        """``obj``, a number, a nested list or an array of any library, as an array of this namespace."""
        wanted = None if dtype is None else as_dtype(dtype)
        if device is not None and device != self.device:
            return self.on(device).asarray(obj, dtype=dtype, copy=copy)
        array = obj if isinstance(obj, EagerArray) else self._converted(obj, wanted, copy)
        if array.owner is not self:
            array = array.to_device(self.device)
        if wanted is not None and array.dtype is not wanted:
            if copy is False:
                raise ArgumentError(message("asarray: another dtype needs a copy", found=array.dtype, needed=wanted))
            return self.apply(astype, [array], {"dtype": wanted, "copy": True}, None, None)  # type: ignore[no-any-return]
        if copy and array is obj:
            return self._wrap(self.backend.copy(array.value), array.type)
        return array

    def _converted(self, obj: Any, dtype: DType | None, copy: bool | None) -> EagerArray:
        type = self.backend.type_of(obj)
        if type is not None:
            return self._wrap(self.backend.copy(obj) if copy else obj, type)
        if copy is False and not hasattr(obj, "__array__"):
            raise ArgumentError(message("asarray: a list cannot become an array without a copy", found=f"{obj!r:.80}"))
        is_nested = isinstance(obj, list | tuple) or is_weak_number(obj)
        snapshot = literal(_unwrapped(obj), dtype if is_nested else None)
        return self._wrap(self.backend.from_literal(snapshot, self.device), snapshot.type)

    def from_dlpack(self, x: Any, /, *, device: str | None = None, copy: bool | None = None) -> EagerArray:
        """The array behind ``x.__dlpack__``, shared where the backend can."""
        take_over = self.backend.eager(self.backend.namespace.from_dlpack, self.device)
        value = take_over(x.value if isinstance(x, EagerArray) else x)
        if copy:
            value = self.backend.copy(value)
        array = self._wrap(value, self._type_of(value))
        return array if device is None else array.to_device(device)

    def setitem(self, array: EagerArray, key: Any, value: Any) -> EagerArray:
        """A new array: ``array`` with ``value`` where ``key`` points."""
        frozen, indices = split_index(key)
        operands = [array, assigned_value(array, value), *indices]
        return self.apply(index_set, operands, {"key": freeze(frozen)}, None, None)  # type: ignore[no-any-return]

    # -- as a builder: what a called op is applied by

    def apply(
        self, op: Op, operands: Sequence[Any], attributes: Mapping[str, Any], name: str | None, device: str | None
    ) -> Any:
        """Run ``op`` now; return its result, or the tuple of them."""
        for each in operands:
            if isinstance(each, Tensor) and each.owner is not None:
                return each.owner.apply(op, operands, attributes, name, device)
        if device is not None and device != self.device:
            return self.on(device).apply(op, operands, attributes, name, None)
        arrays = [
            each if isinstance(each, EagerArray) or is_weak_number(each) else self.asarray(each) for each in operands
        ]
        types = [each.type if isinstance(each, EagerArray) else weak_type(weak_literal(each)) for each in arrays]
        try:
            inferred = infer(op, types, attributes)
            values = [
                self._value(array, type, dtype)
                for array, type, dtype in zip(arrays, types, inferred.dtypes, strict=True)
            ]
            if op.expansion_rule is not None:
                inputs = tuple(self._wrap(value, self._type_of(value)) for value in values)
                with building.overriding(self):
                    return op.expansion_rule(self, inputs, inferred.attributes)
            kernel = self._kernel(op)
            found = call_kernel(kernel, op, values, inferred.attributes, self.backend, self.device)
        except PolyflowError as error:
            if "built at" in str(error):
                raise
            raise type(error)(f"{error}\n  built at {user_location()}") from None
        if op.signature.output_count != 1:
            pairs = zip(found, inferred.outputs, strict=True)
            return op.result_of(tuple([self._wrap(value, each) for value, each in pairs]))
        result = self._wrap(found, inferred.outputs[0])
        if len(types) == 2 and not attributes and inferred.outputs[0].is_static:
            self._remember(op, kernel, arrays, inferred.dtypes, result)
        return result

    def _remember(
        self, op: Op, kernel: Kernel, arrays: Sequence[Any], dtypes: Sequence[DType | None], result: EagerArray
    ) -> None:
        """Let the next call on arrays of these types go straight to the kernel, if none of them needs a cast."""
        left, right = arrays
        if not (isinstance(left, EagerArray) and isinstance(right, EagerArray) and left.owner is right.owner is self):
            return
        if all(dtype in (None, each.dtype) for dtype, each in zip(dtypes, arrays, strict=True)):
            key = id(op), id(self._interned(left)), id(self._interned(right))
            self.known_pairs[key] = kernel, result.type

    def _interned(self, array: EagerArray) -> TensorType:
        return self._types.setdefault(array.type, array.type)

    def _wrap(self, value: Any, type: TensorType) -> EagerArray:
        if not type.is_static:
            type = self._type_of(value)
        return EagerArray(value, self._types.setdefault(type, type), self)

    def _type_of(self, value: Any) -> TensorType:
        found = self.backend.type_of(value)
        assert found is not None, "kernels return the backend's arrays"
        return found

    def _value(self, array: Any, type: TensorType, dtype: DType | None) -> Any:
        """The backend's array for an operand, in the dtype in which the operands meet."""
        if type.weak:
            return self._number(array, dtype or type.known_dtype)
        if array.owner is not self:
            array = array.to_device(self.device)
        if dtype is None or dtype is type.dtype:
            return array.value
        return self._kernel(astype)(array.value, self.backend.native_dtype(dtype))

    def _number(self, number: Any, dtype: DType) -> Any:
        key = dtype, type(number), repr(number)
        if key not in self._numbers:
            if len(self._numbers) > 10_000:
                self._numbers.clear()
            value = literal(weak_literal(number).tolist(), dtype)
            self._numbers[key] = self.backend.from_literal(value, self.device)
        return self._numbers[key]

    def _kernel(self, op: Op) -> Kernel:
        if op not in self._kernels:
            found = find_kernel(op, self.backend)
            if found is None:
                raise no_kernel(op, self.backend, user_location())
            self._kernels[op] = self.backend.eager(found, self.device)
        return self._kernels[op]

    def as_tensor(self, value: Any) -> EagerArray:
        """``value`` as an array of this namespace: what rules call their builder's conversion."""
        return self.asarray(value)

    def cast(self, array: EagerArray, dtype: DType) -> EagerArray:
        """The array in ``dtype``."""
        return self.asarray(array, dtype=dtype)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__} on {self.device}>"


class _Inner:
    """A namespace within one, such as ``linalg``."""

    def __init__(self, space: EagerNamespace, module: ModuleType) -> None:
        self._space = space
        self._module = module
        self.__name__ = f"{space.__name__}.{module.__name__.rpartition('.')[2]}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = _eager_attribute(self._space, self._module, name)
        setattr(self, name, found)
        return found


_NAMESPACES = ("linalg", "fft", "nn", "random")


def _eager_attribute(space: EagerNamespace, module: ModuleType, name: str) -> Any:
    """What ``name`` is in the namespace: the function of that name in polyflow, run at once."""
    if name in DTYPES:
        return DTYPES[name]
    found = getattr(module, name, None) if name in getattr(module, "__all__", ()) else None
    if isinstance(found, ModuleType) and name in _NAMESPACES:
        return _Inner(space, found)
    if isinstance(found, Op):
        return _eager_op(space, found)
    if isinstance(found, int | float) or (found is None and name == "newaxis"):
        return found
    if callable(found) and not isinstance(found, type) and name not in _GRAPH_ONLY:
        return _eager_function(space, found)
    raise AttributeError(f"namespace {space.__name__!r} has no {name!r}")


_GRAPH_ONLY = {
    "constant", "placeholder", "gradients", "group", "no_op", "get_default_graph", "reset_default_graph", "hookimpl",
    "name_scope", "control_dependencies", "device", "global_variables", "trainable_variables", "get_default_session",
    "define_op", "custom_gradient", "eager",
}  # fmt: skip


def _eager_op(space: EagerNamespace, op: Op) -> Callable[..., Any]:
    identity, pairs = id(op), space.known_pairs

    def function(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 2 and not kwargs:
            left, right = args
            if type(left) is EagerArray and type(right) is EagerArray:
                pair = pairs.get((identity, id(left._type), id(right._type)))
                if pair is not None and left._space is right._space is space:
                    return EagerArray(pair[0](left.value, right.value), pair[1], space)
        with building.overriding(space):
            return op(*args, **kwargs)

    _describe(function, op.rule, op.name, op.__doc__)
    return function


def _eager_function(space: EagerNamespace, target: Callable[..., Any]) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        with building.overriding(space):
            return target(*args, **kwargs)

    _describe(function, target, target.__name__, target.__doc__)
    return function


def _describe(function: Any, target: Callable[..., Any], name: str, manual: str | None) -> None:
    """Give a function of the namespace the name, manual and signature that the standard gives it."""
    parameters = [each for each in inspect.signature(target).parameters.values() if each.name != "name"]
    if name in WITH_DEVICE:
        device = inspect.Parameter("device", inspect.Parameter.KEYWORD_ONLY, default=None)
        parameters = [*parameters, device]
    function.__name__ = function.__qualname__ = name
    function.__doc__ = manual
    function.__signature__ = inspect.Signature(parameters)


def bind_eager_operators(namespace: Namespace) -> None:
    """Give the operators on two eager arrays the short way to the kernel."""
    for word, name in {**BINARY, **COMPARISON}.items():
        slow = getattr(EagerArray, f"__{word}__")
        setattr(EagerArray, f"__{word}__", _fast_binary(id(getattr(namespace, name)), slow))


def _fast_binary(identity: int, slow: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def method(self: EagerArray, other: Any, /) -> Any:
        if type(other) is EagerArray:
            space = self._space
            pair = space.known_pairs.get((identity, id(self._type), id(other._type)))
            if pair is not None and other._space is space:
                return EagerArray(pair[0](self.value, other.value), pair[1], space)
        return slow(self, other)

    method.__name__ = slow.__name__
    return method


def _unwrapped(obj: Any) -> Any:
    """Nested lists with the arrays in them as literals."""
    if isinstance(obj, list | tuple):
        return [_unwrapped(each) for each in obj]
    return obj.owner.backend.to_literal(obj.value) if isinstance(obj, EagerArray) else obj


def eager(
    backend: str | Backend = "numpy",
    device: str | None = None,
    module: ModuleType | None = None,
    extensions: Extensions | None = None,
) -> EagerNamespace:
    """The array API namespace whose functions run at once on ``backend``.

    >>> import polyflow as pf
    >>> xp = pf.eager("reference")
    >>> float(xp.mean(xp.asarray([1.0, 2.0]) ** 2))
    2.5

    Its arrays hold the backend's own (``array.value``); promotion, defaults and errors are those of the graph. The same
    arguments give the same namespace.
    """
    installed = extensions or installed_extensions()
    chosen = installed.backend(backend) if isinstance(backend, str) else backend
    name = device or chosen.devices()[0]
    if name not in chosen.devices():
        raise BackendError(
            message(f"backend {chosen.name!r} has no device {name!r}", needed=nearest(name, chosen.devices()))
        )
    key = id(chosen), name
    if key not in _SPACES:
        package = module or sys.modules[__name__.partition(".")[0]]
        if not _SPACES:
            bind_eager_operators(package)
        _SPACES[key] = EagerNamespace(chosen, name, package, installed)
    return _SPACES[key]


_SPACES: dict[tuple[int, str], EagerNamespace] = {}
