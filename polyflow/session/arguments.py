"""What the methods of a session are given, looked at before it is used: errors name what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from polyflow.core.specialise import missing_feed
from polyflow.core.tensor import Tensor
from polyflow.errors import ArgumentError, BackendError, FeedError, message
from polyflow.extension.backend import Backend
from polyflow.runtime.options import RunOptions


def backend_finder(find: Callable[[str], Backend]) -> Callable[[Any], Backend]:
    """A function from a name, or a backend, to the backend; ``find`` loads one by its name."""

    def found(value: Any) -> Backend:
        if isinstance(value, str):
            return find(value)
        if isinstance(value, type) or not (hasattr(value, "compile") and hasattr(value, "devices")):
            needed = "a name that `polyflow backends` lists, or a backend object"
            raise BackendError(message("not a backend", found=f"{value!r:.80}", needed=needed))
        made: Backend = value
        return made

    return found


def checked_options(options: Any) -> RunOptions:
    """The options of a run, if they are some."""
    if isinstance(options, RunOptions):
        return options
    raise ArgumentError(
        message(
            "options of a run",
            found=f"{options!r:.80}",
            needed="polyflow.RunOptions, or None",
            remedy="options=polyflow.RunOptions(timeout=1.0)",
        )
    )


def no_feeds(feed_dict: Any) -> FeedError:
    """The error of feeds that are no dict."""
    return FeedError(
        message(
            "feeds",
            found=f"{type(feed_dict).__name__}: {feed_dict!r:.80}",
            needed="a dict from tensors, variables or names to values",
            remedy="session.run(fetches, {x: value})",
        )
    )


def listed_feeds(feeds: Any) -> list[Any]:
    """What a prepared call is a function of, in order."""
    if isinstance(feeds, Iterable) and not isinstance(feeds, Tensor | str | Mapping) and not hasattr(feeds, "handle"):
        return list(feeds)
    remedy = "list(feeds); the values are given in each call" if isinstance(feeds, Mapping) else f"[{_called(feeds)}]"
    raise ArgumentError(
        message(
            "prepare: feeds",
            found=f"{type(feeds).__name__}: {feeds!r:.80}",
            needed="a sequence of what is fed",
            remedy=remedy,
        )
    )


def _called(feed: Any) -> str:
    return repr(feed) if isinstance(feed, str) else str(getattr(feed, "name", "x")).partition(":")[0]


def with_remedy(error: FeedError, remedy: str) -> FeedError:
    """The error of a placeholder that is not fed with another ``remedy``, its name in place of ``{}``."""
    return error if error.unfed is None else missing_feed(error.unfed, remedy)
