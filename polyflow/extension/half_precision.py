"""Narrow dtypes: what an op computes in floats of 16 bits is computed in float32 and rounded once.

So the answer is the same on every backend, however many steps a kernel takes, and a library needs no linear algebra of
its own in float16 or bfloat16. Ops that round nothing, since they move, choose, compare or count, run on the arrays as
they are. A backend says by ``widens`` which kernels it wants to have wrapped so; and by ``wider`` which integers it
only stores, so that they are computed in others, and cut to their width again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import HALVES, DType, bfloat16, float16, float32
from polyflow.core.tensor import Operation
from polyflow.extension.backend import Backend, Kernel


def is_half(dtypes: Sequence[DType | None]) -> bool:
    """Whether a float of 16 bits is among ``dtypes``.

    >>> from polyflow.core.dtypes import bfloat16
    >>> is_half([float32, bfloat16]), is_half([float32, None])
    (True, False)
    """
    return not HALVES.isdisjoint(dtypes)


def is_widened(op: Op, dtypes: Sequence[DType | None], backend: Backend) -> bool:
    """Whether ``op``, on operands or results of ``dtypes``, is computed in wider dtypes on ``backend``."""
    stored = wider_of(backend)
    if not (is_half(dtypes) or (stored and not stored.keys().isdisjoint(dtypes))):
        return False
    return bool(_wider(op, dtypes, backend))


def wider_of(backend: object) -> Mapping[DType, DType]:
    """The integers that ``backend`` only stores, and those in which they are computed; none where it says nothing."""
    found: Mapping[DType, DType] = getattr(backend, "wider", {})
    return found


def _wider(op: Op, dtypes: Sequence[DType | None], backend: Backend) -> dict[DType, DType]:
    """The dtypes that are not computed as they are by ``op`` on operands or results of ``dtypes``, and by what."""
    if op.full_name in _AS_IT_IS or op.traits & (Trait.HOST | Trait.ELSEWHERE):
        return {}
    stored = wider_of(backend)
    found = {} if stored.keys().isdisjoint(dtypes) else dict(stored)
    if is_half(dtypes) and backend.widens(op):
        found |= {each: float32 for each in HALVES if each in backend.dtypes}
    return found


_AS_IT_IS = frozenset({
    "astype", "constant", "custom_gradient", "placeholder", "random.standard_normal", "random.standard_uniform",
    "variable",
})  # fmt: skip
"""Ops that are about the dtype itself, or that no kernel computes."""


_EPSILON = {float16: 2.0**-10, bfloat16: 2.0**-7}
"""The distance from 1 to the next number."""
_BY_PRECISION = frozenset({"linalg.pinv", "linalg.matrix_rank"})
"""Ops with a threshold that is, unless it is given, in proportion to the precision of the operand."""


def dtypes_of(operation: Operation) -> tuple[DType | None, ...]:
    """The dtypes of the operands and the results of ``operation``."""
    return tuple([each.type.dtype for each in (*operation.inputs, *operation.outputs)])


def widened(
    op: Op, kernel: Kernel, operands: Sequence[DType | None], outputs: Sequence[DType | None], backend: Backend
) -> Kernel:
    """``kernel`` of ``op``, narrow dtypes made wide on the way in, ``outputs`` rounded or cut on the way out."""
    is_tuple = op.signature.output_count != 1
    cast: Any = backend.kernels.get("astype") or backend.namespace.astype
    wider = _wider(op, [*operands, *outputs], backend)
    pairs = [(backend.native_dtype(each), backend.native_dtype(wide)) for each, wide in wider.items()]
    halves = {each: backend.native_dtype(each) for each in _EPSILON if each in wider}
    targets = [backend.native_dtype(each) if each is not None and each in wider else None for each in outputs]

    def widen(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(widen, value)) if type(value) in (list, tuple) else value
        dtype = getattr(value, "dtype", None)
        for narrow, wide in pairs:
            if value is narrow:
                return wide
            if dtype is not None and dtype == narrow:
                return cast(value, wide)
        return value

    def through_wider(*operands: Any, **attributes: Any) -> Any:
        if op.full_name in _BY_PRECISION and attributes.get("rtol") is None:
            half = next(each for each, native in halves.items() if native == operands[0].dtype)
            attributes["rtol"] = max(operands[0].shape[-2:]) * _EPSILON[half]
        found = kernel(*map(widen, operands), **{name: widen(each) for name, each in attributes.items()})
        results = tuple(found) if is_tuple else (found,)
        rounded = [each if dtype is None else cast(each, dtype) for each, dtype in zip(results, targets, strict=True)]
        return tuple(rounded) if is_tuple else rounded[0]

    return through_wider


def ready_to_round(xp: Any, x: Any, bits_of: Callable[[Any, Any], Any]) -> Any:
    """Numbers wider than float32 as float32 that rounds to 16 bits as they do themselves: "round to odd".

    Rounded to the nearest, what lies a little beside the middle of two numbers would come to lie in it. Here it is cut
    off, and a one in the last place stands for what was cut. ``bits_of(x, dtype)`` reads the bits of ``x`` as another
    dtype. Source: S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Transactions on
    Computers 57.
    """
    if xp.isdtype(x.dtype, "integral"):
        lowest = x & 0x7FF
        is_large = (x >= 2**53) | (x <= -(2**53)) if xp.isdtype(x.dtype, "signed integer") else x >= 2**53
        odd = (x - lowest) | xp.where(lowest != 0, xp.asarray(0x800, dtype=x.dtype), xp.zeros_like(x))
        x = xp.astype(xp.where(is_large, odd, x), xp.float64)
    nearest = xp.astype(x, xp.float32)
    wide = xp.astype(nearest, xp.float64)
    bits = bits_of(nearest, xp.int32)
    bits = xp.where(xp.abs(wide) > xp.abs(x), bits - 1, bits)
    return bits_of(xp.where((wide == x) | xp.isnan(x), bits, bits | 1), xp.float32)
