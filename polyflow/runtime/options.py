"""What a user may ask of one run of a session."""

from __future__ import annotations

from dataclasses import dataclass

from polyflow.errors import ValueRangeError, message


@dataclass(frozen=True)
class RunOptions:
    """Options of one run: ``session.run(fetches, feeds, options=RunOptions(timeout=1.0))``.

    >>> import polyflow as pf
    >>> queue = pf.FIFOQueue(3, "float32", ())
    >>> session = pf.Session()
    >>> try:
    ...     session.run(queue.dequeue(), options=pf.RunOptions(timeout=0.01))
    ... except pf.errors.DeadlineExceededError as error:
    ...     print("time is over")
    time is over

    Raises ``ValueRangeError`` for a time that is not above 0.
    """

    timeout: float | None = None
    """Seconds after which a run that waits ends with ``DeadlineExceededError``; ``None`` for no limit."""
    check_numerics: bool = False
    """Whether the first operation that makes a NaN or an infinity is an error."""
    deadlock_after: float | None = 0.5
    """Seconds for which every thread must have waited in vain before ``DeadlockError`` reports it; ``None``: never."""

    def __post_init__(self) -> None:
        for name in ("timeout", "deadlock_after"):
            seconds = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise ValueRangeError(
                    message(f"RunOptions: {name} is no time to wait", found=seconds, needed="seconds above 0, or None")
                )
