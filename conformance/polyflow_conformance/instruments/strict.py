"""The hostile backend: whatever a program may do, but ought not to, it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from polyflow.core.literal import Literal
from polyflow.errors import BackendError, message
from polyflow.extension import Backend, CompileRequest, Kernel
from polyflow_conformance.instruments.wrapping import Box, Wrapped, devices_in

DEVICES = ("here", "there")


class Strict(Wrapped):
    """A backend around another one that takes nothing for granted.

    - Its arrays are of a class of its own, which kernels of nobody else take, and which convert to nothing.
    - All of them are read-only, the operands and the results of kernels alike.
    - It has two devices, and no kernel takes arrays of both; what makes an array of nothing does so on the device of
      the program that runs, and nowhere outside of one.
    - Its programs run in another order each: any that is legal (:mod:`polyflow_conformance.instruments.shuffling`).
    """

    def __init__(self, inner: Backend) -> None:
        super().__init__("strict", inner)
        self._device: ContextVar[str | None] = ContextVar("device", default=None)

    def devices(self) -> Sequence[str]:
        """Two."""
        return DEVICES

    def box(self, content: Any, device: str) -> Box:
        """What is in a box is never written into again."""
        if device not in DEVICES:
            raise BackendError(message(f"{self.name!r} has no device {device!r}", needed=", ".join(DEVICES)))
        return super().box(self.inner.guard(content), device)

    def called(self, name: str, kernel: Kernel, /, *operands: Any, **attributes: Any) -> Any:
        """What ``kernel`` gives, on the one device of all operands, or of the program around it."""
        given = set(devices_in((operands, tuple(attributes.values()))))
        found: set[str | None] = {*given} or {self._device.get()}
        device = next(iter(found)) if len(found) == 1 else None
        if device is None:
            raise BackendError(
                message(
                    f"{self.name!r}: {name} has operands on no device, or on several",
                    found=", ".join(map(str, found)),
                    needed="one device",
                )
            )
        raw = [self.opened(each) for each in operands]
        return self.boxed(kernel(*raw, **{key: self.opened(each) for key, each in attributes.items()}), device)

    def from_literal(self, value: Literal, device: str) -> Box:
        """A read-only array on ``device``."""
        return self.box(self.inner.from_literal(value, self.inner.devices()[0]), device)

    def eager(self, kernel: Kernel, device: str) -> Kernel:
        """The kernel, with ``device`` as the place of what it makes."""
        return self._on(device, super().eager(kernel, device))

    def compile(self, function: Callable[..., tuple[Any, ...]], request: CompileRequest) -> Callable[..., Any]:
        """The function, with the device of the request as the place of what it makes; arguments must lie there."""
        run = self._on(request.device, super().compile(function, request))

        def checked(*arguments: Any) -> Any:
            elsewhere = [each for each in devices_in(arguments) if each != request.device]
            if elsewhere:
                raise BackendError(
                    message(f"{self.name!r}: a program for {request.device!r}", found=f"arrays on {elsewhere[0]!r}")
                )
            return run(*arguments)

        return checked

    def _on(self, device: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            token = self._device.set(device)
            try:
                return function(*arguments, **options)
            finally:
                self._device.reset(token)

        return run
