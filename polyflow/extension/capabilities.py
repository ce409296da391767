"""What a backend declares of itself beside its dtypes and devices: the kit proves it, and sessions refuse the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyflow.core.tensor import Operation
from polyflow.errors import KernelError, message


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do, as its maker declares it; the default is all of it.

    >>> small = Capabilities(missing=frozenset({"linalg", "erf"}), dynamic_shapes=False)
    >>> small.lacks("linalg.qr"), small.lacks("erf"), small.lacks("erfc")
    (True, True, False)
    """

    missing: frozenset[str] = frozenset()
    """Ops by their full names, and namespaces with all ops in them, that sessions are to refuse on the backend."""
    is_complete: bool = True
    """Whether there is a kernel for every op that ``missing`` does not name; without, the kit lists those that lack one
    instead of calling them failures."""
    dynamic_shapes: bool = True
    """Whether the shape of a result may depend on data, as that of ``nonzero`` does."""
    parallel_runs: bool = True
    """Whether several threads may run at once."""

    def lacks(self, name: str) -> bool:
        """Whether the op of that full name is declared missing."""
        return name in self.missing or name.rpartition(".")[0] in self.missing


EVERYTHING = Capabilities()


def capabilities_of(backend: object) -> Capabilities:
    """What ``backend`` declares; everything where it says nothing."""
    found: Capabilities = getattr(backend, "capabilities", EVERYTHING)
    return found


def check_shapes(operations: Sequence[Operation], backend: object, name: str) -> None:
    """Refuse operations with results whose shape depends on data, if the backend declares that it cannot hold them."""
    if capabilities_of(backend).dynamic_shapes:
        return
    dynamic = [each for each in operations if not all(output.type.is_static for output in each.outputs)]
    if not dynamic:
        return
    listed = "\n".join(f"    {each.op.full_name}, built at {each.location}" for each in dynamic)
    raise KernelError(
        message(
            f"backend {name!r} has no shapes that depend on data, as {len(dynamic)} operations have:\n{listed}",
            remedy="another backend, or an operation whose shape is known, such as where instead of a boolean mask",
        ),
        [each.op.full_name for each in dynamic],
    )
