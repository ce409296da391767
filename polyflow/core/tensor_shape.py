"""Shapes as TensorFlow 1 programs ask for them: tuples with a few methods."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from polyflow.core.types import format_shape
from polyflow.errors import ShapeError, message


class TensorShape(tuple[int | None, ...]):
    """A shape of known rank: the tuple of its sizes, ``None`` for each that is not known.

    >>> import polyflow as pf
    >>> shape = pf.placeholder("float32", (None, 2, 3)).get_shape()
    >>> shape, shape.as_list(), shape.ndims, shape[1:].num_elements()
    ((None, 2, 3), [None, 2, 3], 3, 6)
    """

    __slots__ = ()

    def __new__(cls, dims: Iterable[int | None]) -> TensorShape:
        return super().__new__(cls, dims)

    def as_list(self) -> list[int | None]:
        """The sizes as a list."""
        return list(self)

    @property
    def ndims(self) -> int:
        """The number of dimensions."""
        return len(self)

    rank = ndims

    @property
    def dims(self) -> list[int | None]:
        """The sizes as a list."""
        return list(self)

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return None not in self

    def assert_is_fully_defined(self) -> None:
        """Raise ``ShapeError`` unless every size is known."""
        if None in self:
            raise ShapeError(
                message("a dimension is not known here", found=format_shape(self), needed="every dimension known")
            )

    def is_compatible_with(self, other: Iterable[int | None] | None) -> bool:
        """Whether one array may have both shapes; ``None`` stands for an unknown rank or size.

        >>> TensorShape([None, 3]).is_compatible_with([2, 3]), TensorShape([2, 3]).is_compatible_with([3])
        (True, False)
        """
        sizes = None if other is None else tuple(other)
        if sizes is None or len(sizes) != len(self):
            return sizes is None
        return all(None in pair or pair[0] == pair[1] for pair in zip(self, sizes, strict=True))

    def num_elements(self) -> int | None:
        """The number of elements, ``None`` where a size is not known."""
        return None if None in self else prod(each for each in self if each is not None)

    def __getitem__(self, key: Any) -> Any:
        found: Any = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else found
