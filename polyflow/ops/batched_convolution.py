"""Batching rules of convolutions: a batch of images joins the images' own, a batch of filters becomes groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyflow.core.batching import again, batch_size, in_all


def batched_convolution(kinds: str, result: str) -> Any:
    """The rule of an op whose operands are of ``kinds``, a letter for each: "i" for images, "f" for filters.

    Where only images have a batch, and the result is images, they are as many more images. Else each example has its
    own group of channels. ``result`` is the kind of the result.
    """

    def rule(xp: Any, operation: Any, inputs: Sequence[Any], batched: Sequence[bool]) -> Any:
        if "f" in kinds and not any(has for kind, has in zip(kinds, batched, strict=True) if kind == "f"):
            return _over_images(xp, operation, inputs, kinds)
        size = batch_size(inputs, batched)
        channel = operation.attributes["data_format"].index("C")
        grouped = []
        for kind, each in zip(kinds, in_all(xp, inputs, batched), strict=True):
            grouped.append(_into_channels(xp, each, channel if kind == "i" else each.ndim - 2))
        found = again(operation, grouped, groups=size * operation.attributes["groups"])
        return _out_of_channels(xp, found, channel if result == "i" else found.ndim - 1, size)

    return rule


def _over_images(xp: Any, operation: Any, inputs: Sequence[Any], kinds: str) -> Any:
    """The images of all examples as one batch of images."""
    operands = list(inputs)
    image = kinds.index("i")
    size, count, *rest = operands[image].type.static_shape
    operands[image] = xp.reshape(operands[image], (size * count, *rest))
    return xp.reshape(again(operation, operands), (size, *operation.output.type.static_shape))


def _into_channels(xp: Any, x: Any, channel: int) -> Any:
    """A batched ``x`` with its batch made part of axis ``channel`` of an example."""
    moved = xp.moveaxis(x, 0, channel)
    shape = moved.type.static_shape
    return xp.reshape(moved, (*shape[:channel], shape[channel] * shape[channel + 1], *shape[channel + 2 :]))


def _out_of_channels(xp: Any, x: Any, channel: int, size: int) -> Any:
    """``x`` with a batch of ``size`` taken out of axis ``channel`` and put in front."""
    shape = x.type.static_shape
    parted = xp.reshape(x, (*shape[:channel], size, shape[channel] // size, *shape[channel + 1 :]))
    return xp.moveaxis(parted, channel, 0) if channel else parted
