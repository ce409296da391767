"""What a backend declares of itself beside its dtypes and devices: the kit proves it, and sessions refuse the rest."""

from __future__ import annotations

from dataclasses import dataclass


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
