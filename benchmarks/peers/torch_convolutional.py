"""The convolutional network in PyTorch, eager, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.convolutional import BATCH, RATE, data, parameters
from benchmarks.declared import Work


def epoch(memory_format: str = "contiguous_format") -> Work:
    """An epoch of plain gradient descent; it returns the losses."""
    layout = getattr(torch, memory_format)
    images, numbers = data()
    x = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 1, 4, 2, 3)))
    batches = [each.contiguous(memory_format=layout) for each in x]
    labels = list(torch.from_numpy(numbers))
    state: list[Any] = []
    for each in parameters():
        if each.ndim == 4:
            filters = torch.from_numpy(np.ascontiguousarray(each.transpose(3, 2, 0, 1)))
            state.append(filters.contiguous(memory_format=layout).requires_grad_())
        elif each.ndim == 2:  # its rows are places of height, width, channels: PyTorch flattens channels first
            rows = each.reshape(4, 4, 32, 10).transpose(2, 0, 1, 3).reshape(512, 10)
            state.append(torch.from_numpy(np.ascontiguousarray(rows)).requires_grad_())
        else:
            state.append(torch.from_numpy(each).requires_grad_())
    k1, b1, k2, b2, w, b = state

    def step(batch: Any, target: Any) -> float:
        h = F.relu(F.conv2d(batch, k1, b1, padding=1))
        h = F.max_pool2d(F.relu(F.conv2d(h, k2, b2, padding=1)), 2)
        loss = F.cross_entropy(torch.addmm(b, h.reshape(BATCH, -1), w), target)
        gradients = torch.autograd.grad(loss, state)
        with torch.no_grad():
            torch._foreach_add_(state, gradients, alpha=-RATE)
        return loss.item()

    return lambda: [step(*each) for each in zip(batches, labels, strict=True)]
