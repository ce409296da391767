"""Finding the kernel of an op on a backend, and the attributes in the backend's own terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from polyflow.core.declaration import Op
from polyflow.core.dtypes import DType
from polyflow.core.literal import Literal
from polyflow.core.signature import Slice
from polyflow.core.tensor import Operation
from polyflow.errors import PluginError
from polyflow.extension.backend import Backend, Kernel
from polyflow.extension.half_precision import is_widened, widened
from polyflow.extension.kernel_needs import lacking


class Refused:
    """Stands for a kernel that is not to be had, and why: asking for it is the error."""

    def __init__(self, error: PluginError) -> None:
        self.error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self.error


def find_kernel(op: Op, backend: Backend) -> Kernel | None:
    """The backend's own kernel, the op's generic one, or the namespace's function, in this order; ``None`` without.

    There is no generic one where the namespace lacks what that calls (:mod:`polyflow.extension.kernel_needs`). Raises
    ``PluginError`` where two plugins bring one for the backend.
    """
    found = backend.kernels.get(op.full_name)
    if found is not None:
        if type(found) is Refused:
            raise found.error
        return found
    if op.kernel_rule is not None:
        return None if lacking(op.kernel_rule, backend.namespace) else partial(op.kernel_rule, backend.namespace)
    owner: Any = backend.namespace
    for part in op.full_name.split("."):
        owner = getattr(owner, part, None)
    return owner  # type: ignore[no-any-return]


def kernel_for(
    op: Op, backend: Backend, operands: Sequence[DType | None], outputs: Sequence[DType | None]
) -> Kernel | None:
    """The kernel for operands and outputs of these dtypes, computing in wider ones where narrow dtypes ask for it."""
    kernel = find_kernel(op, backend)
    if kernel is None or not is_widened(op, [*operands, *outputs], backend):
        return kernel
    return widened(op, kernel, operands, outputs, backend)


def kernel_of(operation: Operation, backend: Backend) -> Kernel | None:
    """The kernel for an operation whose types are known."""
    operands, outputs = ([each.type.dtype for each in group] for group in (operation.inputs, operation.outputs))
    return kernel_for(operation.op, backend, operands, outputs)


def call_kernel(
    kernel: Kernel, op: Op, operands: Sequence[Any], attributes: Mapping[str, Any], backend: Backend, device: str
) -> Any:
    """What ``kernel`` returns for arrays of ``backend`` and the attributes of an operation."""
    args, keywords = op.signature.arguments(operands, native_attributes(attributes, backend, device))
    return kernel(*args, **keywords)


def native_attributes(attributes: Mapping[str, Any], backend: Backend, device: str) -> Mapping[str, Any]:
    """Attributes as kernels get them: the backend's dtypes, arrays for literals, Python's slices."""
    return {name: _native(value, backend, device) for name, value in attributes.items()}


def _native(value: Any, backend: Backend, device: str) -> Any:
    if isinstance(value, DType):
        return backend.native_dtype(value)
    if isinstance(value, Literal):
        return backend.from_literal(value, device)
    if isinstance(value, Slice):
        return slice(*value)
    if type(value) is tuple:
        return tuple(_native(each, backend, device) for each in value)
    return value
