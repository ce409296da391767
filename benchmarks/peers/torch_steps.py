"""The classifiers in PyTorch, eager, the update written by hand or by its fused optimizer."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.declared import Work
from benchmarks.networks import NETWORKS


def _loss(name: str) -> tuple[Any, list[Any]]:
    network = NETWORKS[name]
    parameters = [torch.from_numpy(each).requires_grad_() for each in network.parameters()]
    activation = torch.sigmoid if network.activation == "sigmoid" else torch.relu
    arrays = network.data()
    x, labels = torch.from_numpy(arrays[0]), torch.from_numpy(arrays[1]).argmax(1)
    count = len(parameters)

    def loss() -> Any:
        h = x
        for index in range(0, count, 2):
            h = torch.addmm(parameters[index + 1], h, parameters[index])
            if index + 2 < count:
                h = activation(h)
        return F.cross_entropy(h, labels)

    return loss, parameters


def step(name: str) -> Work:
    """``torch.autograd.grad``, then each parameter moved in place."""
    loss, parameters = _loss(name)
    rate = NETWORKS[name].rate

    def run() -> float:
        value = loss()
        gradients = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-rate)
        return value.item()

    return run


def step_by_optimizer(name: str) -> Work:
    """``backward`` and ``torch.optim.SGD(fused=True)``."""
    loss, parameters = _loss(name)
    optimizer = torch.optim.SGD(parameters, lr=NETWORKS[name].rate, fused=True)

    def run() -> float:
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return run
