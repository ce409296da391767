"""Functions that generated code calls: exponentials that LLVM can put into vectors, and sums along rows of memory.

Sums may be taken in any order, products and sums be one instruction; nothing else about floating point is relaxed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

import numpy as np

numba: Any = import_module("numba")  # it has no types
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
f4: Any = np.float32  # in the generated code they stand for Numba's types
f8: Any = np.float64
i4: Any = np.int32
i8: Any = np.int64
u8: Any = np.uint64
b1: Any = np.bool_


def _exactly(function: FunctionT) -> FunctionT:
    """Compiled; a product and a sum may be rounded as one."""
    return cast(FunctionT, numba.njit(error_model="numpy", fastmath={"contract"})(function))


def _in_any_order(function: FunctionT) -> FunctionT:
    """Compiled; what is added up may be added up in any order."""
    return cast(FunctionT, numba.njit(error_model="numpy", fastmath={"contract", "reassoc"})(function))


@_exactly
def exp_f4(x: Any) -> Any:
    """``exp``, at most 1 ulp beside. Source: S. Moshier, Cephes, expf."""
    y = x if x > f4(-104.0) else f4(-104.0)
    y = y if y < f4(89.0) else f4(89.0)
    n = np.floor(y * f4(1.44269504088896341) + f4(0.5))
    r = (y - n * f4(0.693359375)) - n * f4(-2.12194440e-4)
    p = f4(1.9875691500e-4)
    p = p * r + f4(1.3981999507e-3)
    p = p * r + f4(8.3334519073e-3)
    p = p * r + f4(4.1665795894e-2)
    p = p * r + f4(1.6666665459e-1)
    p = p * r + f4(5.0000001201e-1)
    p = p * (r * r) + r + f4(1.0)
    k = i4(n)
    half = i4(k >> i4(1))  # in two steps, since one power of two may be too large, and one too small
    first = i4(i4(half + i4(127)) << i4(23)).view(f4)
    second = i4(i4(k - half + i4(127)) << i4(23)).view(f4)
    result = p * first * second
    return result if x == x else x


@_exactly
def exp_f8(x: Any) -> Any:
    """``exp``, at most 2 ulp beside. Source: S. Moshier, Cephes, exp."""
    y = x if x > -746.0 else -746.0
    y = y if y < 710.0 else 710.0
    n = np.floor(y * 1.4426950408889634073599 + 0.5)
    r = (y - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6
    z = r * r
    p = r * ((1.26177193074810590878e-4 * z + 3.02994407707441961300e-2) * z + 9.99999999999999999910e-1)
    q = (3.00198505138664455042e-6 * z + 2.52448340349684104192e-3) * z + 2.27265548208155028766e-1
    q = q * z + 2.0
    p = 1.0 + 2.0 * (p / (q - p))
    k = i8(n)
    half = k >> i8(1)
    result = p * i8((half + i8(1023)) << i8(52)).view(f8) * i8((k - half + i8(1023)) << i8(52)).view(f8)
    return result if x == x else x


@_exactly
def log_f4(x: Any) -> Any:
    """``log``, at most 1 ulp beside. Source: FreeBSD, e_logf.c."""
    is_small = x < f4(1.17549435e-38)
    y = x * (f4(33554432.0) if is_small else f4(1.0))
    bits = i4(f4(y).view(i4) + i4(0x3F800000 - 0x3F3504F3))
    k = f4(i4((bits >> i4(23)) - i4(127))) - (f4(25.0) if is_small else f4(0.0))
    f = i4(i4(bits & i4(0x007FFFFF)) + i4(0x3F3504F3)).view(f4) - f4(1.0)
    s = f / (f4(2.0) + f)
    z = s * s
    w = z * z
    r = z * (f4(0.66666662693) + w * f4(0.28498786688)) + w * (f4(0.40000972152) + w * f4(0.24279078841))
    h = f4(0.5) * f * f
    result = s * (h + r) + k * f4(9.0580006145e-6) - h + f + k * f4(6.9313812256e-1)
    result = result if x > f4(0.0) else (f4(-np.inf) if x == f4(0.0) else f4(np.nan))
    return result if x < f4(np.inf) else x


@_exactly
def log_f8(x: Any) -> Any:
    """``log``, at most 1 ulp beside. Source: FreeBSD, e_log.c."""
    is_small = x < 2.2250738585072014e-308
    y = x * (18014398509481984.0 if is_small else 1.0)
    bits = f8(y).view(i8) + i8(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    k = f8((bits >> i8(52)) - i8(1023)) - (54.0 if is_small else 0.0)
    f = i8((bits & i8(0x000FFFFFFFFFFFFF)) + i8(0x3FE6A09E667F3BCD)).view(f8) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    odd = 6.666666666666735130e-01 + w * (
        2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    )
    even = 3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    r = z * odd + w * even
    h = 0.5 * f * f
    result = s * (h + r) + k * 1.90821492927058770002e-10 - h + f + k * 6.93147180369123816490e-01
    result = result if x > 0.0 else (-np.inf if x == 0.0 else np.nan)
    return result if x < np.inf else x


@_exactly
def tanh_f4(x: Any) -> Any:
    """``tanh``, at most 2 ulp beside. Source: S. Moshier, Cephes, tanhf."""
    z = x * x
    p = f4(-5.70498872745e-3) * z + f4(2.06390887954e-2)
    p = p * z + f4(-5.37397155531e-2)
    p = p * z + f4(1.33314422036e-1)
    p = p * z + f4(-3.33332819422e-1)
    small = p * z * x + x
    size = abs(x)
    large = f4(1.0) - f4(2.0) / (exp_f4(size + size) + f4(1.0))
    return math.copysign(small if size < f4(0.625) else large, x)


@_exactly
def larger(x1: Any, x2: Any) -> Any:
    """The larger one, of equal ones the second; NaN where one is."""
    return x1 if x1 > x2 or x1 != x1 else x2


@_exactly
def smaller(x1: Any, x2: Any) -> Any:
    """The smaller one, of equal ones the second; NaN where one is."""
    return x1 if x1 < x2 or x1 != x1 else x2


@_in_any_order
def rows_sum(
    w: Any, start: int, far: int, near: int, out: int, to_far: int, to_near: int, m: int, n: int, k: int
) -> None:
    """Sums of rows of ``k`` elements: in the memory ``w``, row ``i, j`` begins at ``start + i * far + j * near``, and
    its sum is written to ``out + i * to_far + j * to_near``."""
    for i in range(m):
        for j in range(n):
            first = start + i * far + j * near
            total = w[first]
            for place in range(u8(1), k):
                total += w[first + place]
            w[out + i * to_far + j * to_near] = total


@_exactly
def rows_max(
    w: Any, start: int, far: int, near: int, out: int, to_far: int, to_near: int, m: int, n: int, k: int
) -> None:
    """The largest elements of rows, likewise; NaN where one is."""
    for i in range(m):
        for j in range(n):
            first = start + i * far + j * near
            found = w[first]
            for place in range(u8(1), k):
                found = larger(found, w[first + place])
            w[out + i * to_far + j * to_near] = found


@_exactly
def rows_min(
    w: Any, start: int, far: int, near: int, out: int, to_far: int, to_near: int, m: int, n: int, k: int
) -> None:
    """The smallest elements of rows, likewise."""
    for i in range(m):
        for j in range(n):
            first = start + i * far + j * near
            found = w[first]
            for place in range(u8(1), k):
                found = smaller(found, w[first + place])
            w[out + i * to_far + j * to_near] = found


@_in_any_order
def rows_product(
    w: Any, a: int, a_far: int, b: int, b_far: int, out: int, to_far: int, to_near: int, m: int, n: int, k: int
) -> None:
    """The products of all rows of ``a`` with all columns of ``b``, both of ``k`` elements side by side in ``w``."""
    for i in range(m):
        for j in range(n):
            x, y = a + i * a_far, b + j * b_far
            total = w[x] * w[y]
            for place in range(u8(1), k):
                total += w[x + place] * w[y + place]
            w[out + i * to_far + j * to_near] = total


def region_code(operands: str, rooms: str) -> Callable[[FunctionT], FunctionT]:
    """A decorator that compiles a region: its operands, which it only reads, and the arrays for its results are told
    as ``f4:2``, a matrix of float32."""
    read = [_type(each, readonly=True) for each in operands.split()]
    written = [numba.types.Array(_scalar(each), int(each[3:]), "C") for each in rooms.split()]
    signature = numba.types.int64(*read, *written)

    def compiled(function: FunctionT) -> FunctionT:
        is_file = not function.__code__.co_filename.startswith("<")
        return cast(FunctionT, numba.njit([signature], cache=is_file, error_model="numpy")(function))

    return compiled


def _scalar(text: str) -> Any:
    return numba.from_dtype(b1 if text.startswith("b1") else np.dtype(text[:2]))


def _type(text: str, *, readonly: bool) -> Any:
    rank = int(text[3:])
    return numba.types.Array(_scalar(text), rank, "C", readonly=readonly) if rank else _scalar(text)
