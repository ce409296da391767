"""The ops that have no property tests, and why."""

from __future__ import annotations

from polyflow.core.declaration import Op, Trait
from polyflow.core.samples import ErrorSample
from polyflow_conformance.cases import samples_of

UNDEFINED = "its elements are nobody's promise"
UNDRAWN = {each: UNDEFINED for each in ("empty", "empty_like", "absent", "absent_rows")}
"""By op, why nothing is drawn for it, where its declaration does not say so."""


def why_not_drawn(op: Op) -> str | None:
    """Why ``op`` has no property tests; ``None`` where it has them.

    >>> from polyflow.extension.manager import extensions
    >>> why_not_drawn(extensions().ops["print"]), why_not_drawn(extensions().ops["add"])
    ('it acts on the world outside', None)
    """
    if all(isinstance(each, ErrorSample) for each in samples_of(op)):
        return "it has no samples: what it stands for is a program, which the kit's programs prove"
    if op.traits & (Trait.EFFECT | Trait.HOST):
        return "it acts on the world outside"
    return UNDRAWN.get(op.full_name)
