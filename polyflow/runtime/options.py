"""What a user may ask of one run of a session."""

from __future__ import annotations

from typing import NamedTuple, Self

from polyflow.errors import ValueRangeError, message


class _Options(NamedTuple):
    timeout: float | None
    check_numerics: bool
    deadlock_after: float | None


class RunOptions(_Options):
    """Options of one run: ``session.run(fetches, feeds, options=RunOptions(timeout=1.0))``.

    ``timeout`` is the time in seconds after which a run that waits ends with ``DeadlineExceededError``, ``None`` for no
    limit; one that computes does not wait, and is not interrupted. With ``check_numerics`` the first operation that
    makes a NaN or an infinity is an error, and so is, on every engine, an index outside its axis. ``deadlock_after`` is
    how many seconds every thread must have waited in vain before ``DeadlockError`` reports it; ``None`` for never.

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

    __slots__ = ()

    def __new__(
        cls, timeout: float | None = None, check_numerics: bool = False, deadlock_after: float | None = 0.5
    ) -> Self:
        for name, seconds in (("timeout", timeout), ("deadlock_after", deadlock_after)):
            if seconds is not None and not (hasattr(seconds, "__float__") and seconds > 0):
                raise ValueRangeError(
                    message(
                        f"RunOptions: {name} is no time to wait", found=repr(seconds), needed="seconds above 0, or None"
                    )
                )
        return super().__new__(cls, timeout, check_numerics, deadlock_after)
