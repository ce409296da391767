"""The type of a tensor: its dtype and shape, either of which may be unknown, and how types are written.

A shape is a tuple whose entries are sizes, or ``None`` for a dimension that is not known yet; a shape that is itself
``None`` has an unknown rank. Programs know every dtype and rank; only data-dependent dimensions stay ``None`` there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from polyflow.core.dtypes import DType
from polyflow.errors import ShapeError, message

Shape = tuple[int | None, ...]
"""Sizes of the dimensions, ``None`` where one is unknown."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """What is known of a tensor before it has a value.

    >>> from polyflow.core.dtypes import float32
    >>> str(TensorType(float32, (None, 3)))
    'float32[?, 3]'
    >>> str(TensorType(None, None))
    '?[...]'
    """

    dtype: DType | None
    shape: Shape | None
    weak: bool = False
    """Whether the value came from a Python scalar, and so takes the dtype of what it meets."""

    def __eq__(self, other: object) -> bool:
        if self is other:  # as nearly all that are compared are
            return True
        if not isinstance(other, TensorType):
            return NotImplemented
        return (self.dtype, self.shape, self.weak) == (other.dtype, other.shape, other.weak)

    @property
    def rank(self) -> int:
        """The number of dimensions; only for a type whose rank is known."""
        return len(self.known_shape)

    @property
    def known_dtype(self) -> DType:
        """The dtype, for code that runs only when it is known."""
        assert self.dtype is not None, "dtype asked of a type that has none yet"
        return self.dtype

    @property
    def known_shape(self) -> Shape:
        """The shape, for code that runs only when the rank is known."""
        assert self.shape is not None, "shape asked of a type whose rank is unknown"
        return self.shape

    @property
    def static_shape(self) -> tuple[int, ...]:
        """The shape with every dimension known; ``ShapeError`` otherwise."""
        shape = self.known_shape
        sizes = tuple(size for size in shape if size is not None)
        if len(sizes) != len(shape):
            raise ShapeError(
                message("a dimension is not known here", found=format_shape(shape), needed="every dimension known")
            )
        return sizes

    @property
    def is_ranked(self) -> bool:
        """Whether dtype and rank are both known: what an inference rule asks for."""
        return self.dtype is not None and self.shape is not None

    @property
    def is_static(self) -> bool:
        """Whether dtype and every dimension are known."""
        return self.dtype is not None and self.shape is not None and None not in self.shape

    @property
    def size(self) -> int | None:
        """The number of elements, or ``None`` where it is unknown."""
        if self.shape is None or None in self.shape:
            return None
        return prod(self.shape)  # type: ignore[arg-type]

    @property
    def strong(self) -> TensorType:
        """The same type, no longer weak."""
        return TensorType(self.dtype, self.shape) if self.weak else self

    def with_dtype(self, dtype: DType) -> TensorType:
        """The same shape with another dtype, no longer weak."""
        return TensorType(dtype, self.shape)

    def with_shape(self, shape: Sequence[int | None]) -> TensorType:
        """The same dtype with another shape, no longer weak."""
        return TensorType(self.dtype, tuple(shape))

    def __str__(self) -> str:
        name = "?" if self.dtype is None else self.dtype.name
        return name + ("[...]" if self.shape is None else f"[{', '.join(map(_format_size, self.shape))}]")


UNKNOWN = TensorType(None, None)


def format_shape(shape: Shape | None) -> str:
    """A shape as a user writes it, with ``?`` where it is unknown.

    >>> format_shape((None, 3)), format_shape((2,)), format_shape(None)
    ('(?, 3)', '(2,)', '(...)')
    """
    if shape is None:
        return "(...)"
    return f"({_format_size(shape[0])},)" if len(shape) == 1 else f"({', '.join(map(_format_size, shape))})"


def _format_size(size: int | None) -> str:
    return "?" if size is None else str(size)


def accepts(declared: TensorType, actual: TensorType) -> bool:
    """Whether a value of type ``actual`` may stand where ``declared`` was promised.

    >>> from polyflow.core.dtypes import float32
    >>> accepts(TensorType(float32, (None, 3)), TensorType(float32, (7, 3)))
    True
    """
    if declared.dtype is not None and declared.dtype is not actual.dtype:
        return False
    return shape_accepts(declared.shape, actual.shape)


def shape_accepts(declared: Shape | None, actual: Shape | None) -> bool:
    """Whether each known dimension of ``declared`` is the one of ``actual``."""
    if declared is None:
        return True
    if actual is None or len(declared) != len(actual):
        return False
    return all(need is None or need == size for need, size in zip(declared, actual, strict=True))
