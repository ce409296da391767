"""DLPack: handing elements to other array libraries, and taking theirs, without either knowing the other.

The structures are those of dlpack.h 1.0, written down with ``ctypes``. This backend keeps elements in lists, so each
exchange copies: an exported tensor is flagged as a copy, and owns its memory until the consumer deletes it.
"""

from __future__ import annotations

import ctypes
import math
from typing import Any, TypeVar

from polyflow.core.dtypes import DTYPES, DType
from polyflow.errors import DTypeError, message
from polyflow_reference.shapes import Shape, places, strides

CPU = (1, 0)
"""Device type and number of host memory, as DLPack writes them."""

_VERSION = (1, 0)
_IS_COPIED = 2  # DLPACK_FLAG_BITMASK_IS_COPIED
_ALIGNMENT = 64  # bytes; consumers that compute on the memory copy it if it is aligned to less

_Kept = TypeVar("_Kept")


class _Device(ctypes.Structure):
    _fields_ = [("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32)]


class _DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Managed(ctypes.Structure):
    """DLManagedTensor, what a capsule called "dltensor" points to."""

    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter)]


class _ManagedVersioned(ctypes.Structure):
    """DLManagedTensorVersioned, what a capsule called "dltensor_versioned" points to."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", _Deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


_CODES = {"int": 0, "uint": 1, "float": 2, "bfloat": 4, "complex": 5, "bool": 6}
_KINDS = {code: kind for kind, code in _CODES.items()}

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype, _new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
# Capsules are passed as addresses, since a destructor is handed one that no reference may be taken to any more.
_is_valid = ctypes.pythonapi.PyCapsule_IsValid
_is_valid.restype, _is_valid.argtypes = ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
_set_name = ctypes.pythonapi.PyCapsule_SetName
_set_name.restype, _set_name.argtypes = ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]


def _immortal(value: _Kept) -> _Kept:
    """Keep an object for ever: a consumer may come back to it when this module is gone already."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))
    return value


_LEGACY, _VERSIONED = _immortal(b"dltensor"), _immortal(b"dltensor_versioned")
_USED = {_LEGACY: _immortal(b"used_dltensor"), _VERSIONED: _immortal(b"used_dltensor_versioned")}
_exported: dict[int, tuple[Any, ...]] = {}
"""What each exported tensor needs to stay alive, by the address of its structure."""


# The defaults keep hold of what the functions need when the interpreter has begun to take modules down.


def _forget_export(address: int, exported: dict[int, tuple[Any, ...]] = _exported) -> None:
    exported.pop(address, None)


def _destroy_capsule(
    capsule: int,
    exported: dict[int, tuple[Any, ...]] = _exported,
    is_valid: Any = _is_valid,
    pointer: Any = _pointer,
    names: tuple[bytes, ...] = (_LEGACY, _VERSIONED),
) -> None:
    for name in names:  # a consumer that took the tensor has renamed the capsule
        if is_valid(capsule, name):
            exported.pop(pointer(capsule, name), None)


_forget = _immortal(_Deleter(_forget_export))
_destroy = _immortal(_Deleter(_destroy_capsule))


def export(
    data: bytes,
    shape: Shape,
    dtype: DType,
    *,
    stream: object = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
) -> object:
    """A capsule that holds the bytes of an array, in the newest form that the consumer knows.

    >>> "dltensor" in repr(export(bytes(8), (2,), DTYPES["float32"]))
    True
    """
    if stream is not None:
        raise BufferError(message("__dlpack__: the cpu has no streams", found=stream, needed="stream=None"))
    if dl_device is not None and (int(dl_device[0]), int(dl_device[1])) != CPU:
        raise BufferError(message("__dlpack__: elements are on the cpu only", found=dl_device, needed=CPU))
    memory = ctypes.create_string_buffer(len(data) + _ALIGNMENT)
    address = -(-ctypes.addressof(memory) // _ALIGNMENT) * _ALIGNMENT
    ctypes.memmove(address, data, len(data))
    dimensions = (ctypes.c_int64 * len(shape))(*shape)
    steps = (ctypes.c_int64 * len(shape))(*strides(shape))
    tensor = _Tensor(address, _Device(*CPU), len(shape), _data_type(dtype), dimensions, steps, 0)
    is_versioned = max_version is not None and max_version[0] >= _VERSION[0]
    managed: _Managed | _ManagedVersioned = (
        _ManagedVersioned(*_VERSION, None, _forget, _IS_COPIED, tensor)
        if is_versioned
        else _Managed(tensor, None, _forget)
    )
    _exported[ctypes.addressof(managed)] = (managed, memory, dimensions, steps)
    name = _VERSIONED if is_versioned else _LEGACY
    return _new_capsule(ctypes.addressof(managed), name, ctypes.cast(_destroy, ctypes.c_void_p))


def _data_type(dtype: DType) -> _DataType:
    return _DataType(_CODES["bfloat" if dtype.name == "bfloat16" else dtype.kind], dtype.bits, 1)


def from_foreign(x: Any) -> tuple[bytes, Shape, DType]:  # any library's array
    """The bytes in row-major order, the shape and the dtype of an array that another library exports.

    >>> class Exporter:
    ...     def __dlpack_device__(self):
    ...         return CPU
    ...     def __dlpack__(self, *, max_version=None):
    ...         return export(bytes(8), (2, 1), DTYPES["float32"], max_version=max_version)
    >>> from_foreign(Exporter())
    (b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00', (2, 1), polyflow.float32)
    """
    if not hasattr(x, "__dlpack__"):
        raise DTypeError(message("from_dlpack: no exporter", found=type(x).__name__, needed="a __dlpack__ method"))
    try:
        elsewhere = {} if int(x.__dlpack_device__()[0]) == CPU[0] else {"dl_device": CPU}
        capsule = x.__dlpack__(max_version=_VERSION, **elsewhere)
    except TypeError:  # an exporter from before version 1 takes no such arguments
        capsule = x.__dlpack__()
    name = next((name for name in _USED if _is_valid(id(capsule), name)), None)
    if name is None:
        raise BufferError(
            message("from_dlpack: no tensor in the capsule", found=repr(capsule), needed="an unused capsule")
        )
    address = _pointer(id(capsule), name)
    managed = (_ManagedVersioned if name == _VERSIONED else _Managed).from_address(address)
    try:
        return _contents(managed.tensor)
    finally:
        _set_name(id(capsule), _USED[name])
        if managed.deleter:
            managed.deleter(address)


def _contents(tensor: Any) -> tuple[bytes, Shape, DType]:
    if tensor.device.device_type != CPU[0]:
        raise BufferError(message("from_dlpack: the elements are on another device", found=tensor.device.device_type))
    code, bits = tensor.dtype.code, tensor.dtype.bits
    name = "bool" if _KINDS.get(code) == "bool" else f"{_KINDS.get(code)}{bits}"
    if name not in DTYPES or tensor.dtype.lanes != 1:
        raise BufferError(message("from_dlpack: elements of an unknown kind", found=f"code {code}, {bits} bits"))
    dtype = DTYPES[name]
    shape = tuple(tensor.shape[: tensor.ndim])
    size = math.prod(shape)
    first = (tensor.data or 0) + tensor.byte_offset
    steps = tuple(tensor.strides[: tensor.ndim]) if tensor.strides else strides(shape)
    if size == 0 or steps == strides(shape):
        return ctypes.string_at(first, size * dtype.itemsize) if size else b"", shape, dtype
    found = (ctypes.string_at(first + place * dtype.itemsize, dtype.itemsize) for place in places(shape, steps))
    return b"".join(found), shape, dtype
