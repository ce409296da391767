"""Eager namespaces: each op runs at once on a backend, with exactly the semantics that it has in a graph.

Promotion, dtype checks, inference and errors are the graph's own functions; the backend supplies the kernel. A call on
operands whose types have met before goes straight to its plan (``eager_plans.py``).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType, as_dtype, uint32
from polyflow.core.inference import Inferred
from polyflow.core.keys import split_index
from polyflow.core.literal import Literal, is_weak_number, literal, number_type
from polyflow.core.location import user_location
from polyflow.core.primitives import astype
from polyflow.core.signature import freeze
from polyflow.core.tensor import Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, BackendError, PolyflowError, message, nearest, with_line
from polyflow.extension.backend import Backend
from polyflow.extension.half_precision import is_widened
from polyflow.extension.kernels import find_kernel, kernel_for
from polyflow.extension.lacks import no_kernel
from polyflow.extension.manager import Extensions
from polyflow.extension.manager import extensions as installed_extensions
from polyflow.ops.index_assignment import assigned_value, index_set
from polyflow.ops.indexing import tensor_getitem
from polyflow.ops.random_bits import threefry_words
from polyflow.ops.random_streams import DEFAULT_SEED, first_key
from polyflow.session.eager_array import EagerArray, EagerNumber
from polyflow.session.eager_functions import bind_eager_operators, eager_attribute
from polyflow.session.eager_plans import Numbers, Plan, bound_key, make_plan
from polyflow.session.inspection import VERSION, NamespaceInfo

Kernel = Callable[..., Any]
Pair = tuple[Kernel, TensorType]

_MOST_PLANS = 20_000
_TYPES: dict[TensorType, TensorType] = {}
"""The types of all eager arrays: equal ones are one object, so that keys may hold their identities."""


class EagerNamespace:
    """The array API namespace of one backend and device; made by :func:`polyflow.eager`."""

    __array_api_version__ = VERSION

    def __init__(
        self,
        backend: Backend,
        device: str,
        module: ModuleType,
        extensions: Extensions,
        seed: int = DEFAULT_SEED,
        siblings: dict[str, EagerNamespace] | None = None,
    ) -> None:
        self.backend = backend
        self.device = device
        self.xp = extensions.namespace
        self.seed = seed
        self.__name__ = f"polyflow.eager.{backend.name}"
        self.known_pairs: dict[tuple[int, int, int], Pair] = {}
        """Kernel and result type of ops on two arrays that need no cast, by the identities of op and types."""
        self.plans: dict[tuple[Any, ...], Plan] = {}
        """What calls come to, by all that inference may look at."""
        self._module = module
        self._extensions = extensions
        self._siblings = {} if siblings is None else siblings
        self._siblings[device] = self
        self._kernels: dict[Any, Kernel] = {}
        self._numbers: dict[DType, Numbers] = {}
        first = next(iter(self._siblings.values()))
        self._streams: dict[tuple[str, int | None], Any] = {} if first is self else first._streams

    # -- the namespace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = eager_attribute(self, self._module, name)
        setattr(self, name, found)
        return found

    def __array_namespace_info__(self) -> NamespaceInfo:
        """Devices and dtypes of the namespace."""
        devices = [self.device, *(each for each in self.backend.devices() if each != self.device)]
        return NamespaceInfo(devices, self.backend.dtypes)

    def on(self, device: str) -> EagerNamespace:
        """The namespace of another device of the backend, which draws from the same streams."""
        found = self._siblings.get(device)
        if found is None:
            checked = _checked_device(self.backend, device)
            found = EagerNamespace(self.backend, checked, self._module, self._extensions, self.seed, self._siblings)
        return found

    def asarray(
        self, obj: Any, /, *, dtype: Any = None, device: str | None = None, copy: bool | None = None
    ) -> EagerArray:
        """``obj``, a number, a nested list or an array of any library, as an array of this namespace."""
        wanted = None if dtype is None else as_dtype(dtype)
        if device is not None and device != self.device:
            return self.on(device).asarray(obj, dtype=dtype, copy=copy)
        is_own = isinstance(obj, EagerArray) and obj._space.backend is self.backend
        array = obj if is_own else self._converted(obj, wanted, copy)
        if array.owner is not self:
            array = array.to_device(self.device)
        if wanted is not None and array.dtype is not wanted:
            if copy is False:
                raise ArgumentError(message("asarray: another dtype needs a copy", found=array.dtype, needed=wanted))
            return self.apply(astype, [array], {"dtype": wanted, "copy": True}, None, None)  # type: ignore[no-any-return]
        if copy and array is obj:
            return self.wrap(self.backend.copy(array.value), array.type)
        return array

    def _converted(self, obj: Any, dtype: DType | None, copy: bool | None) -> EagerArray:
        type = self.backend.type_of(obj)
        if type is not None:
            return self.wrap(self.backend.copy(obj) if copy else obj, type)
        if copy is False and (isinstance(obj, EagerArray) or not hasattr(obj, "__array__")):
            what = "an array of another backend" if isinstance(obj, EagerArray) else "a list"
            raise ArgumentError(message(f"asarray: {what} cannot become an array without a copy", found=f"{obj!r:.80}"))
        is_nested = isinstance(obj, list | tuple) or is_weak_number(obj)
        snapshot = literal(_unwrapped(obj), dtype if is_nested else None)
        return self.wrap(self.backend.from_literal(snapshot, self.device), snapshot.type)

    def from_dlpack(self, x: Any, /, *, device: str | None = None, copy: bool | None = None) -> EagerArray:
        """The array behind ``x.__dlpack__``, shared where the backend can."""
        take_over = self.backend.eager(self.backend.namespace.from_dlpack, self.device)
        value = take_over(x.value if isinstance(x, EagerArray) else x)
        if copy:
            value = self.backend.copy(value)
        array = self.wrap(value, None)
        return array if device is None else array.to_device(device)

    def setitem(self, array: EagerArray, key: Any, value: Any) -> EagerArray:
        """A new array: ``array`` with ``value`` where ``key`` points."""
        frozen, indices = split_index(key)
        if is_weak_number(value):
            assigned = self.wrap(self.numbers(array.dtype)(value), TensorType(array.dtype, ()))
        else:
            assigned = assigned_value(array, value)
        operands = [array, assigned, *indices]
        return self.apply(index_set, operands, {"key": freeze(frozen)}, None, None)  # type: ignore[no-any-return]

    def select(self, array: EagerArray, key: Any) -> Any:
        """``array[key]`` for keys of any kind."""
        return tensor_getitem(array, key)

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
        own = [self._operand(each) for each in operands]
        plan = self.plan_of(op, own, attributes)
        try:
            return plan([each.value if type(each) is EagerArray else each for each in own])
        except PolyflowError as error:
            raise self.located(error) from None

    def _operand(self, operand: Any) -> Any:
        """``operand`` as an array of this namespace, a Python number as it is."""
        if type(operand) is not EagerArray:
            if isinstance(operand, EagerNumber):
                return operand.value
            if is_weak_number(operand):
                return operand
            operand = self.asarray(operand)
        if operand._space is self:
            return operand
        if operand._space.backend is not self.backend:
            raise self.located(
                ArgumentError(
                    message(
                        "an operand belongs to the namespace of another backend",
                        found=f"{operand._space.__name__}: {operand.type}",
                        needed=self.__name__,
                        remedy="xp.asarray(x), which copies it",
                    )
                )
            )
        return operand.to_device(self.device)

    def plan_of(self, op: Op, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Plan:
        """The plan of ``op`` on arrays of this namespace and Python numbers, made if it is the first of its kind."""
        types = [each._type if type(each) is EagerArray else self.interned(number_type(each)) for each in operands]
        key = bound_key(op, types, attributes)
        plan = None if key is None else self.plans.get(key)
        if plan is None:
            try:
                plan = make_plan(self, op, types, attributes)
            except PolyflowError as error:
                raise self.located(error) from None
            if key is not None:
                self.keep(key, plan)
        return plan

    def keep(self, key: tuple[Any, ...], plan: Plan) -> None:
        """Have ``plan`` found by ``key``."""
        if len(self.plans) >= _MOST_PLANS:
            self.plans.clear()
        self.plans[key] = plan

    def located(self, error: PolyflowError) -> PolyflowError:
        """``error`` with the user's line."""
        return with_line(error, user_location())

    # -- what plans are made of

    def interned(self, type: TensorType) -> TensorType:
        """The one object that stands for all types equal to ``type``."""
        return _TYPES.setdefault(type, type)

    def wrap(self, value: Any, type: TensorType | None) -> EagerArray:
        """A backend's array as one of this namespace; without a static ``type`` it is asked for its own."""
        if type is None or not type.is_static:
            type = self.backend.type_of(value)
            assert type is not None, "kernels return the backend's arrays"
        return EagerArray(value, self.interned(type), self)

    def numbers(self, dtype: DType) -> Numbers:
        """What makes arrays of ``dtype`` of Python numbers."""
        if dtype not in self._numbers:
            self._numbers[dtype] = Numbers(self, dtype)
        return self._numbers[dtype]

    def caster(self, dtype: DType) -> Callable[[Any], Any]:
        """What casts a backend's array to ``dtype``."""
        kernel, native = self.kernel(astype), self.backend.native_dtype(dtype)
        return lambda value: kernel(value, native)

    def kernel(self, op: Op) -> Kernel:
        """The kernel of ``op`` as it is called outside a program."""
        if op not in self._kernels:
            found = find_kernel(op, self.backend)
            if found is None:
                raise no_kernel(op, self.backend, user_location(), self._extensions.troubles())
            self._kernels[op] = self.backend.eager(found, self.device)
        return self._kernels[op]

    def kernel_for(self, op: Op, types: Sequence[TensorType], inferred: Inferred) -> Kernel:
        """The kernel for operands of ``types``, computing in float32 where 16-bit floats ask for it."""
        outputs = [each.dtype for each in inferred.outputs]
        operands = [dtype or each.dtype for dtype, each in zip(inferred.dtypes, types, strict=True)]
        if not is_widened(op, [*operands, *outputs], self.backend):
            return self.kernel(op)
        key = op, *outputs
        if key not in self._kernels:
            self.kernel(op)  # which says so where there is none
            found = kernel_for(op, self.backend, operands, outputs)
            assert found is not None, "the op has a kernel, which is wrapped"
            self._kernels[key] = self.backend.eager(found, self.device)
        return self._kernels[key]

    # -- what rules call their builder's conversions

    def as_tensor(self, value: Any) -> EagerArray:
        """``value`` as an array of this namespace: what rules call their builder's conversion."""
        return self.asarray(value)

    def cast(self, array: EagerArray, dtype: DType | None) -> EagerArray:
        """The array in ``dtype``, a Python number in its own for ``None``."""
        if isinstance(array, EagerNumber):
            wanted = dtype or array.dtype
            return self.wrap(self.numbers(wanted)(array.value), TensorType(wanted, ()))
        return self.asarray(array, dtype=dtype)

    def next_key(self, name: str, seed: int | None) -> EagerArray:
        """The key of the next draw from the stream called ``name``, or from that of a ``seed`` of its own."""
        count = next(self._streams.setdefault((name, seed), itertools.count()))
        words = threefry_words(*first_key(self.seed, f"{name}/stream" if seed is None else seed), count)
        key = Literal(uint32, (2,), b"".join(word.to_bytes(4, sys.byteorder) for word in words))
        return self.wrap(self.backend.from_literal(key, self.device), key.type)

    def __repr__(self) -> str:
        return f"<namespace {self.__name__} on {self.device}>"


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
    *,
    seed: int | None = None,
) -> EagerNamespace:
    """The array API namespace whose functions run at once on ``backend``.

    >>> import polyflow as pf
    >>> xp = pf.eager("reference")
    >>> float(xp.mean(xp.asarray([1.0, 2.0]) ** 2))
    2.5

    Its arrays hold the backend's own (``array.value``); promotion, defaults and errors are those of the graph. The same
    arguments give the same namespace.

    Random functions without a key draw from streams, one for each name (that of the function, or ``name=``): each call
    draws new numbers, in the same sequence in every process and on every backend, and a call of another function
    changes nothing in it. They are the numbers that the runs of an operation of that name draw in a graph of the same
    seed. With ``seed`` a namespace with streams of its own is made, a new one each time, whose arrays belong to it
    alone; without, the streams of the one namespace have the seed 0.

    >>> [float(pf.eager("numpy", seed=5).random.uniform(())) for _ in range(2)]
    [0.8299659490585327, 0.8299659490585327]

    Raises ``BackendError`` for a device that the backend does not have.
    """
    installed = extensions or installed_extensions()
    chosen = installed.backend(backend) if isinstance(backend, str) else backend
    name = _checked_device(chosen, device or chosen.devices()[0])
    package = module or sys.modules[__name__.partition(".")[0]]
    if not _SPACES:
        bind_eager_operators(package)
    key = id(chosen), name
    if key not in _SPACES:
        siblings = next((each._siblings for each in _SPACES.values() if each.backend is chosen), None)
        _SPACES[key] = EagerNamespace(chosen, name, package, installed, siblings=siblings)
    return _SPACES[key] if seed is None else EagerNamespace(chosen, name, package, installed, seed)


def _checked_device(backend: Backend, device: str) -> str:
    if device not in backend.devices():
        raise BackendError(
            message(f"backend {backend.name!r} has no device {device!r}", needed=nearest(device, backend.devices()))
        )
    return device


_SPACES: dict[tuple[int, str], EagerNamespace] = {}
