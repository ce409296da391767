"""Data types: the thirteen of the array API standard, float16 and bfloat16, and the rules by which they meet.

A dtype belongs to the graph, not to an array library: nothing here imports one. Standard: chapters "Data Types" and
"Type Promotion Rules"; the cells that the standard leaves empty are filled as :func:`promote` says.
"""

from __future__ import annotations

from dataclasses import dataclass

from polyflow.errors import DTypeError, message, nearest


@dataclass(frozen=True, slots=True, eq=False)
class DType:
    """The type of an array's elements.

    >>> float32.kind, float32.bits, float32.itemsize
    ('float', 32, 4)
    >>> as_dtype("float32") is float32
    True
    """

    name: str
    kind: str
    """One of ``"bool"``, ``"int"``, ``"uint"``, ``"float"``, ``"complex"``."""
    bits: int

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return max(self.bits // 8, 1)

    @property
    def is_floating(self) -> bool:
        """Whether the dtype is real floating-point."""
        return self.kind == "float"

    @property
    def is_complex(self) -> bool:
        return self.kind == "complex"

    @property
    def is_integer(self) -> bool:
        """Whether the dtype is a signed or unsigned integer; bool is none."""
        return self.kind in ("int", "uint")

    @property
    def is_differentiable(self) -> bool:
        """Whether gradients flow through tensors of this dtype."""
        return self.kind in ("float", "complex")

    def __repr__(self) -> str:
        return f"polyflow.{self.name}"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return as_dtype, (self.name,)


# The one-byte bool of the standard carries a trailing underscore here: the module uses the builtin as well.
bool_ = DType("bool", "bool", 8)
int8 = DType("int8", "int", 8)
int16 = DType("int16", "int", 16)
int32 = DType("int32", "int", 32)
int64 = DType("int64", "int", 64)
uint8 = DType("uint8", "uint", 8)
uint16 = DType("uint16", "uint", 16)
uint32 = DType("uint32", "uint", 32)
uint64 = DType("uint64", "uint", 64)
float16 = DType("float16", "float", 16)
bfloat16 = DType("bfloat16", "float", 16)
float32 = DType("float32", "float", 32)
float64 = DType("float64", "float", 64)
complex64 = DType("complex64", "complex", 64)
complex128 = DType("complex128", "complex", 128)

DTYPES: dict[str, DType] = {
    dtype.name: dtype
    for dtype in (
        bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
        float16, bfloat16, float32, float64, complex64, complex128,
    )
}  # fmt: skip
HALVES = frozenset({float16, bfloat16})
"""The floats of 16 bits, which the standard does not have."""
STANDARD_DTYPES = tuple(dtype for dtype in DTYPES.values() if dtype not in HALVES)

DEFAULT_DTYPES: dict[type, DType] = {bool: bool_, int: int64, float: float32, complex: complex64}
"""What a Python scalar becomes where nothing else says so."""

# The categories of the standard's ``isdtype``, in the words that ``define_op(dtypes=...)`` uses.
CATEGORIES: dict[str, tuple[str, ...]] = {
    "bool": ("bool",),
    "signed integer": ("int",),
    "unsigned integer": ("uint",),
    "integral": ("int", "uint"),
    "real floating": ("float",),
    "complex floating": ("complex",),
    "floating": ("float", "complex"),
    "real": ("int", "uint", "float"),
    "numeric": ("int", "uint", "float", "complex"),
    "boolean or integral": ("bool", "int", "uint"),
    "any": ("bool", "int", "uint", "float", "complex"),
}

_ALIASES = {"bool_": "bool", "float": "float32", "int": "int64", "complex": "complex64"}


def as_dtype(value: object) -> DType:
    """The dtype that ``value`` names: a DType, a name, a Python scalar type, or an array library's dtype.

    >>> as_dtype(float), as_dtype("int8")
    (polyflow.float32, polyflow.int8)
    """
    if isinstance(value, DType):
        return value
    if isinstance(value, type) and value in DEFAULT_DTYPES:
        return DEFAULT_DTYPES[value]
    name = value if isinstance(value, str) else getattr(value, "name", None) or getattr(value, "__name__", None)
    name = _ALIASES.get(str(name), str(name)) if name is not None else repr(value)
    name = name.removeprefix("torch.")
    found = DTYPES.get(name)
    if found is None:
        raise DTypeError(
            message("not a dtype", found=repr(value), needed="a dtype or its name", remedy=nearest(name, DTYPES))
        )
    return found


def in_category(dtype: DType, category: str) -> bool:
    """Whether ``dtype`` belongs to a category of :data:`CATEGORIES`.

    >>> in_category(float32, "numeric"), in_category(bool_, "numeric")
    (True, False)
    """
    return dtype.kind in CATEGORIES[category]


def real_dtype(dtype: DType) -> DType:
    """The real dtype of a complex dtype's parts; any other dtype is returned as it is."""
    return {"complex64": float32, "complex128": float64}.get(dtype.name, dtype)


def complex_dtype(dtype: DType) -> DType:
    """The complex dtype of the precision of a floating-point dtype.

    >>> complex_dtype(float64), complex_dtype(float16)
    (polyflow.complex128, polyflow.complex64)
    """
    if dtype.kind == "complex":
        return dtype
    return complex128 if dtype is float64 else complex64


def accumulator(dtype: DType) -> DType:
    """The dtype in which ``sum`` and ``prod`` add up: at least 64 bits for integers (standard, "sum").

    >>> accumulator(int8), accumulator(uint16), accumulator(float32)
    (polyflow.int64, polyflow.uint64, polyflow.float32)
    """
    if dtype.kind in ("bool", "int"):
        return int64
    return uint64 if dtype.kind == "uint" else dtype


_RANK = {"bool": 0, "uint": 1, "int": 1, "float": 2, "complex": 3}
_PROMOTED: dict[tuple[DType, DType], DType | None] = {}


def promote(left: DType, right: DType) -> DType:
    """The dtype in which two dtypes meet.

    Within a kind it is the standard's table. Where kinds differ, which the standard leaves undefined except for real
    with complex: bool takes the other's dtype, an integer takes the dtype of the float or complex it meets, and a real
    float meeting a complex gives the complex dtype that holds both precisions.

    >>> promote(int8, uint8), promote(int64, float16), promote(float64, complex64), promote(float16, bfloat16)
    (polyflow.int16, polyflow.float16, polyflow.complex128, polyflow.float32)

    Raises ``DTypeError`` for ``uint64`` with a signed integer: no integer dtype holds both.
    """
    if left is right:
        return left
    if (left, right) not in _PROMOTED:
        _PROMOTED[left, right] = _promote(left, right)
    result = _PROMOTED[left, right]
    if result is None:
        raise DTypeError(
            message(
                f"{left.name} and {right.name} do not promote",
                needed="an integer dtype that holds both, and there is none",
                remedy="cast one operand: polyflow.astype(x, polyflow.int64) or polyflow.uint64",
            )
        )
    return result


def _promote(left: DType, right: DType) -> DType | None:
    low, high = sorted((left, right), key=lambda dtype: (_RANK[dtype.kind], dtype.bits))
    if low.kind == high.kind:
        return float32 if low.bits == high.bits else high  # equal bits: float16 meets bfloat16
    if low.kind == "bool":
        return high
    if _RANK[low.kind] < 2 <= _RANK[high.kind]:
        return high
    if high.kind == "complex":
        return complex128 if low is float64 else high
    unsigned, signed = (low, high) if low.kind == "uint" else (high, low)
    bits = max(signed.bits, 2 * unsigned.bits)
    return DTYPES[f"int{bits}"] if bits <= 64 else None


def integer_range(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest value of an integer dtype.

    >>> integer_range(int8)
    (-128, 127)
    """
    if dtype.kind == "uint":
        return 0, 2**dtype.bits - 1
    return -(2 ** (dtype.bits - 1)), 2 ** (dtype.bits - 1) - 1
