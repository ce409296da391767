"""einops on polyflow's arrays: after ``import polyflow.compat.einops`` its functions take tensors and eager arrays.

einops finds the backend of an array among the subclasses of its ``AbstractBackend``; here is the one for polyflow, and
to import it is to have it found. Without it ``einops.array_api`` has ``rearrange``, ``reduce``, ``repeat``, ``pack``
and ``unpack`` for every array API array, polyflow's among them; ``einops.einsum`` is in the main module only.

>>> import einops, polyflow as pf, polyflow.compat.einops
>>> x = pf.placeholder("float32", (None, 6))
>>> y = einops.rearrange(x, "b (h w) -> b w h", h=2)
>>> pf.Session().run(einops.einsum(y, y, "b w h, b w k -> b h k"), {x: [[1, 2, 3, 4, 5, 6]]}).tolist()
[[[14.0, 32.0], [32.0, 77.0]]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from einops._backends import AbstractBackend

import polyflow
from polyflow.errors import ShapeError, message
from polyflow.ops.shaped import reshape_to
from polyflow.session.eager_array import EagerArray


class PolyflowBackend(AbstractBackend):
    """What einops asks of a library, in polyflow's words; einops makes the one instance."""

    framework_name = "polyflow"

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Whether ``tensor`` is polyflow's."""
        return isinstance(tensor, polyflow.Tensor | polyflow.Variable | EagerArray)

    def from_numpy(self, x: Any) -> Any:
        """A constant."""
        return polyflow.constant(x)

    def to_numpy(self, x: Any) -> Any:
        """A NumPy array; of a tensor, whose value comes later, there is none, and the error says so."""
        import numpy  # who asks for a NumPy array has NumPy

        return numpy.asarray(x)

    def arange(self, start: int, stop: int) -> Any:
        """Whole numbers."""
        return polyflow.arange(start, stop)

    def shape(self, x: Any) -> Sequence[Any]:
        """The sizes, tensors in the place of those that are known when a session runs."""
        if x.shape is not None and None not in x.shape:
            return tuple(x.shape)
        if x.shape is None:
            raise ShapeError(
                message(
                    f"einops: the rank of {x.name} is not known",
                    found=str(x.type),
                    needed="a shape, in which dimensions may be unknown",
                    remedy="give the placeholders above a shape, with None for a dimension that comes later",
                )
            )
        sizes = polyflow.shape(x)
        return [sizes[axis] if size is None else size for axis, size in enumerate(x.shape)]  # unhashable: not cached

    def reshape(self, x: Any, shape: Sequence[Any]) -> Any:
        """By ``reshape``, to sizes that may be tensors."""
        if all(isinstance(size, int) for size in shape):
            return _namespace(x).reshape(x, tuple(shape))
        return reshape_to(x, list(shape))

    def transpose(self, x: Any, axes: Sequence[int]) -> Any:
        """By ``permute_dims``."""
        return _namespace(x).permute_dims(x, tuple(axes))

    def reduce(self, x: Any, operation: str, axes: Sequence[int]) -> Any:
        """By the function of the operation's name."""
        return getattr(_namespace(x), operation)(x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        """By ``stack``."""
        return _namespace(tensors[0]).stack(tensors, axis=0)

    def add_axis(self, x: Any, new_position: int) -> Any:
        """By ``expand_dims``."""
        return _namespace(x).expand_dims(x, axis=new_position)

    def tile(self, x: Any, repeats: Sequence[int]) -> Any:
        """By ``tile``."""
        return _namespace(x).tile(x, tuple(repeats))

    def concat(self, tensors: Sequence[Any], axis: int) -> Any:
        """By ``concat``."""
        return _namespace(tensors[0]).concat(list(tensors), axis=axis)

    def is_float_type(self, x: Any) -> bool:
        """Whether a mean of ``x`` is a number of its dtype."""
        return bool(x.dtype is None or x.dtype.is_differentiable)

    def einsum(self, pattern: str, *x: Any) -> Any:
        """By ``einsum``."""
        return _namespace(x[0]).einsum(pattern, *x)


def _namespace(x: Any) -> Any:
    return x.owner if isinstance(x, EagerArray) else polyflow
