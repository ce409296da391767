"""What JAX does in its own way: one compiled program for each plan, variables donated, 64-bit types in a scope.

JAX decides by a process-wide switch whether 64-bit types exist. That switch is left alone: everything that could meet a
64-bit type runs inside ``jax.enable_x64``, which holds for one thread and one block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import enable_x64

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal, literal
from polyflow.core.types import TensorType
from polyflow.extension import CompileRequest, Kernel, KernelTable, NamespaceBackend
from polyflow_jax import native_random
from polyflow_jax.feeds import on_device, reading_at_once
from polyflow_jax.kernels import KERNELS

_OPTIONS: dict[str, str | bool] = {"xla_allow_excess_precision": False}
"""XLA would leave out the rounding of 16-bit floats between two operations, and give other numbers than elsewhere."""


class JaxBackend(NamespaceBackend):
    """JAX arrays on the devices that JAX finds."""

    is_compiled = True
    native_random: KernelTable = native_random.KERNELS

    def __init__(self) -> None:
        super().__init__("jax", jnp, KERNELS)
        self.array_types = (jax.Array, np.ndarray, np.generic)
        self._devices = {_device_name(each): each for each in jax.devices()}
        if jax.devices()[0].platform != "cpu":
            self._devices |= {_device_name(each): each for each in jax.devices("cpu")}

    def devices(self) -> Sequence[str]:
        """JAX's devices as ``platform:number``, its default first."""
        return tuple(self._devices)

    def takes(self, value: object) -> bool:
        """JAX's arrays, and NumPy's arrays and scalars, not the subclasses of NumPy's arrays."""
        return super().takes(value) and (type(value) is np.ndarray or not isinstance(value, np.ndarray))

    def from_literal(self, value: Literal, device: str) -> Any:
        """A JAX array on ``device``."""
        array = np.frombuffer(value.data, self.native_dtype(value.dtype)).reshape(value.shape)
        with enable_x64(True):
            return jax.device_put(array, self._devices[device])

    def to_literal(self, array: Any) -> Literal:
        """The elements, copied to the host."""
        return literal(np.asarray(array))

    def guard(self, array: Any) -> Any:
        """A copy: the memory of a variable is given to the run that replaces it."""
        with enable_x64(True):
            return jnp.array(array, copy=True) if isinstance(array, jax.Array) else jax.device_put(np.array(array))

    def copy(self, array: Any) -> Any:
        """A copy on the device of the array."""
        return self.guard(array)

    def to_device(self, array: Any, device: str) -> Any:
        """A copy on ``device``."""
        with enable_x64(True):
            return jax.device_put(array, self._devices[device])

    def widens(self, op: Op) -> bool:
        """For generic kernels, and where XLA calls a library that knows no floats of 16 bits, or NumPy sorts them."""
        return op.namespace in ("linalg", "fft") or op.full_name.startswith("unique_") or super().widens(op)

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """The kernel, with 64-bit types, on ``device``."""
        return partial(_call_in_scope, kernel, self._devices[device])

    def compile(self, function: Callable[..., Any], request: CompileRequest) -> Callable[..., Any]:
        """One XLA program, compiled ahead of its first call; operation by operation where shapes depend on data."""
        device = self._devices[request.device]
        if not request.is_traceable:
            return partial(_call_eagerly, function, device)
        if not request.is_static:
            jitted = jax.jit(function, compiler_options=_OPTIONS)
            return reading_at_once(partial(_call_traced, jitted, device), request.parameters)
        sharding = jax.sharding.SingleDeviceSharding(device)
        is_default = device == jax.devices()[0]
        placement: dict[str, Any] = {} if is_default else {"in_shardings": sharding, "out_shardings": sharding}
        shapes = [
            jax.ShapeDtypeStruct(each.static_shape, self.native_dtype(each.known_dtype))  # type: ignore[no-untyped-call]
            for each in request.parameters
        ]
        with enable_x64(True):
            jitted = jax.jit(function, donate_argnums=request.donated, keep_unused=True, **placement)
            compiled: Callable[..., Any] = jitted.lower(*shapes).compile(compiler_options=_OPTIONS)
        if any(map(_is_wide, request.parameters)):
            compiled = partial(_call_wide, compiled)
        return reading_at_once(compiled, request.parameters, request.donated)

    def native_dtype(self, dtype: DType) -> np.dtype[Any]:
        """The ``numpy.dtype`` that JAX uses for ``dtype``."""
        native: np.dtype[Any] = np.dtype(super().native_dtype(dtype))
        return native


def _is_wide(type: TensorType) -> bool:
    """Whether JAX would narrow an argument of this type outside ``enable_x64``."""
    dtype = type.known_dtype
    return dtype.bits > (64 if dtype.kind == "complex" else 32)


def _call_wide(compiled: Callable[..., Any], *arguments: Any) -> Any:
    with enable_x64(True):
        return compiled(*arguments)


def _call_traced(jitted: Callable[..., Any], device: Any, *arguments: Any) -> Any:
    """The function, compiled once for each signature of the arguments."""
    with enable_x64(True), jax.default_device(device):
        return jitted(*arguments)


def _call_eagerly(function: Callable[..., Any], device: Any, *arguments: Any) -> Any:
    with enable_x64(True), jax.default_device(device):
        return function(*[each if isinstance(each, list) else on_device(each) for each in arguments])


def _call_in_scope(kernel: Kernel, device: Any, /, *arguments: Any, **options: Any) -> Any:
    with enable_x64(True), jax.default_device(device):
        return kernel(*arguments, **options)


def _device_name(device: Any) -> str:
    return f"{device.platform}:{device.id}"
