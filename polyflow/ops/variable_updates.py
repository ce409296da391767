"""Variables written in part: rows, or places that rows of indices name, under TensorFlow 1's names.

Each is an assignment of the whole value with some of it changed; the order of reads and writes is that of ``assign``.
"""

from __future__ import annotations

from typing import Any

from polyflow.core.dtypes import DType, int64
from polyflow.core.keys import INDEX
from polyflow.core.literal import is_weak_number, literal
from polyflow.core.operators import later
from polyflow.core.tensor import Tensor
from polyflow.ops.arithmetic import negative
from polyflow.ops.manipulation import broadcast_arrays, expand_dims

getitem = later("polyflow.ops.indexing", "getitem")
index_add = later("polyflow.ops.indexing", "index_add")
tensor_scatter_nd_add = later("polyflow.ops.scattering", "tensor_scatter_nd_add")
tensor_scatter_nd_sub = later("polyflow.ops.scattering", "tensor_scatter_nd_sub")
tensor_scatter_nd_update = later("polyflow.ops.scattering", "tensor_scatter_nd_update")


class PartialUpdates:
    """What writes a part of a variable."""

    dtype: Any  # a DType; what a variable has
    value: Any
    assign: Any

    def scatter_update(self, indices: object, updates: object, name: str | None = None) -> Tensor:
        """Row ``indices[i]`` becomes ``updates[i]``; the result is the new value.

        >>> import polyflow as pf
        >>> w = pf.Variable([1.0, 2.0, 3.0])
        >>> pf.Session().run(w.scatter_update([0, 2], [10.0, 30.0])).tolist()
        [10.0, 2.0, 30.0]

        ``indices`` are integers of any shape; ``updates`` have that shape followed by that of a row, or broadcast to
        it. Of two updates of one row the last stays. Raises ``ShapeError`` and ``DTypeError`` where they do not fit.
        """
        value, places = self.value(), _indices(indices)
        rows, _ = broadcast_arrays(_updates(updates, self.dtype), getitem(value, places, key=(INDEX,)))
        updated = tensor_scatter_nd_update(value, expand_dims(places, axis=-1), rows)
        return self.assign(updated, name)  # type: ignore[no-any-return]

    def scatter_add(self, indices: object, updates: object, name: str | None = None) -> Tensor:
        """Row ``indices[i]`` grows by ``updates[i]``, one named twice by both; the result is the new value.

        >>> import polyflow as pf
        >>> w = pf.Variable([1.0, 2.0, 3.0])
        >>> pf.Session().run(w.scatter_add([0, 0], [10.0, 30.0])).tolist()
        [41.0, 2.0, 3.0]

        Operands and errors as in ``scatter_update``.
        """
        added = index_add(self.value(), _updates(updates, self.dtype), _indices(indices), key=(INDEX,))
        return self.assign(added, name)  # type: ignore[no-any-return]

    def scatter_sub(self, indices: object, updates: object, name: str | None = None) -> Tensor:
        """Row ``indices[i]`` is lessened by ``updates[i]``, one named twice by both; the result is the new value.

        >>> import polyflow as pf
        >>> w = pf.Variable([1.0, 2.0, 3.0])
        >>> pf.Session().run(w.scatter_sub([0, 0], [10.0, 30.0])).tolist()
        [-39.0, 2.0, 3.0]

        Operands and errors as in ``scatter_update``.
        """
        lessened = index_add(self.value(), negative(_updates(updates, self.dtype)), _indices(indices), key=(INDEX,))
        return self.assign(lessened, name)  # type: ignore[no-any-return]

    def scatter_nd_update(self, indices: object, updates: object, name: str | None = None) -> Tensor:
        """The places that the rows of ``indices`` name become ``updates``; the result is the new value.

        >>> import polyflow as pf
        >>> w = pf.Variable([[1, 2], [3, 4]])
        >>> pf.Session().run(w.scatter_nd_update([[0, 1], [1, 0]], [20, 30])).tolist()
        [[1, 20], [30, 4]]

        ``indices`` and ``updates`` are those of :func:`polyflow.tensor_scatter_nd_update`; of two updates of one place
        the last stays. Raises ``ShapeError`` and ``DTypeError`` where they do not fit.
        """
        updated = tensor_scatter_nd_update(self.value(), _indices(indices), _updates(updates, self.dtype))
        return self.assign(updated, name)  # type: ignore[no-any-return]

    def scatter_nd_add(self, indices: object, updates: object, name: str | None = None) -> Tensor:
        """The places that the rows of ``indices`` name grow by ``updates``; the result is the new value.

        >>> import polyflow as pf
        >>> w = pf.Variable([[1, 2], [3, 4]])
        >>> pf.Session().run(w.scatter_nd_add([[0, 1], [0, 1]], [20, 30])).tolist()
        [[1, 52], [3, 4]]

        Operands and errors as in ``scatter_nd_update``.
        """
        added = tensor_scatter_nd_add(self.value(), _indices(indices), _updates(updates, self.dtype))
        return self.assign(added, name)  # type: ignore[no-any-return]

    def scatter_nd_sub(self, indices: object, updates: object, name: str | None = None) -> Tensor:
        """The places that the rows of ``indices`` name are lessened by ``updates``; the result is the new value.

        >>> import polyflow as pf
        >>> w = pf.Variable([[1, 2], [3, 4]])
        >>> pf.Session().run(w.scatter_nd_sub([[0, 1], [0, 1]], [20, 30])).tolist()
        [[1, -48], [3, 4]]

        Operands and errors as in ``scatter_nd_update``.
        """
        lessened = tensor_scatter_nd_sub(self.value(), _indices(indices), _updates(updates, self.dtype))
        return self.assign(lessened, name)  # type: ignore[no-any-return]


def scatter_update(
    ref: PartialUpdates, indices: object, updates: object, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.scatter_update(indices, updates)``: rows of ``updates`` in the place of rows of ``ref``.

    ``use_locking`` is accepted for TensorFlow's sake: reads and writes keep the order of the program.
    """
    return ref.scatter_update(indices, updates, name)


def scatter_add(
    ref: PartialUpdates, indices: object, updates: object, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.scatter_add(indices, updates)``: rows of ``updates`` added to rows of ``ref``.

    ``use_locking`` is accepted for TensorFlow's sake: reads and writes keep the order of the program.
    """
    return ref.scatter_add(indices, updates, name)


def scatter_sub(
    ref: PartialUpdates, indices: object, updates: object, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.scatter_sub(indices, updates)``: rows of ``updates`` subtracted from rows of ``ref``.

    ``use_locking`` is accepted for TensorFlow's sake: reads and writes keep the order of the program.
    """
    return ref.scatter_sub(indices, updates, name)


def scatter_nd_update(
    ref: PartialUpdates, indices: object, updates: object, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.scatter_nd_update(indices, updates)``: ``updates`` in places of ``ref``.

    ``use_locking`` is accepted for TensorFlow's sake: reads and writes keep the order of the program.
    """
    return ref.scatter_nd_update(indices, updates, name)


def scatter_nd_add(
    ref: PartialUpdates, indices: object, updates: object, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.scatter_nd_add(indices, updates)``: ``updates`` added in places of ``ref``.

    ``use_locking`` is accepted for TensorFlow's sake: reads and writes keep the order of the program.
    """
    return ref.scatter_nd_add(indices, updates, name)


def scatter_nd_sub(
    ref: PartialUpdates, indices: object, updates: object, use_locking: bool = True, name: str | None = None
) -> Tensor:
    """``ref.scatter_nd_sub(indices, updates)``: ``updates`` subtracted in places of ``ref``.

    ``use_locking`` is accepted for TensorFlow's sake: reads and writes keep the order of the program.
    """
    return ref.scatter_nd_sub(indices, updates, name)


def _indices(indices: object) -> object:
    """Python's integers as int64, whatever the default of an empty list is."""
    return literal(indices, int64) if isinstance(indices, list | tuple | int) else indices


def _updates(updates: object, dtype: DType) -> object:
    """Python's numbers in the dtype of the variable."""
    return literal(updates, dtype) if isinstance(updates, list | tuple) or is_weak_number(updates) else updates
