"""Many runs in one: a program as the body of a loop over its feeds, variables carried from step to step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyflow.core.shapes import is_size
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, FeedError, message
from polyflow.session.feeding import as_array, check_distinct, check_feed, find_feed
from polyflow.session.fetching import find_element, flatten_fetches
from polyflow.session.planning import may_wait

if TYPE_CHECKING:
    from polyflow.session.session import Session

CHUNK = 100
"""Steps in one call, where the feeds come one by one."""
Progress = Callable[[int], None]
"""Called with the number of steps that are done."""


def run_many(
    session: Session,
    fetches: Any,
    feeds: Mapping[Any, Any] | Iterable[Mapping[Any, Any]] | None,
    steps: int | None,
    chunk: int | None,
    progress: Progress | None,
) -> Any:
    """What :meth:`Session.run_many` does."""
    leaves, rebuild = flatten_fetches(fetches)
    elements = [find_element(session.graph, each, "fetch") for each in leaves]
    parts: list[list[Any]] = []
    done = 0
    for tensors, arrays, types, count in _chunks(session, feeds, steps, chunk):
        parts.append(_run_chunk(session, elements, tensors, arrays, types, count))
        done += count
        if progress is not None:
            progress(done)
    if not parts:
        raise ArgumentError(message("run_many: there are no steps", needed="feeds, or steps of 1 or more"))
    joined = iter([_joined(session, [each[place] for each in parts]) for place in range(len(parts[0]))])
    return rebuild([next(joined) if isinstance(each, Tensor) else None for each in elements])


Chunk = tuple[list[Tensor], list[Any], list[TensorType], int]
"""What is fed, stacked, the types of one step, and how many steps there are."""


def _chunks(session: Session, feeds: Any, steps: int | None, chunk: int | None) -> Iterator[Chunk]:
    for name, count in (("chunk", chunk), ("steps", steps)):
        if count is not None and not (is_size(count) and count):
            raise ArgumentError(message(f"run_many: {name}", found=repr(count), needed="1 or more, or None"))
    if feeds is None or (isinstance(feeds, Mapping) and not feeds):
        if steps is None:
            raise ArgumentError(message("run_many: how many steps?", remedy="steps=n, or feeds with n elements each"))
        for start in range(0, steps, chunk or steps):
            yield [], [], [], min(chunk or steps, steps - start)
    elif isinstance(feeds, Mapping):
        yield from _slices(session, feeds, steps, chunk)
    else:
        if not isinstance(feeds, Iterable):
            needed = "a dict of stacked arrays, or a dict for each step"
            raise ArgumentError(message("run_many: feeds", found=repr(feeds), needed=needed))
        yield from _groups(session, feeds, steps, chunk or CHUNK)


def _slices(session: Session, feeds: Mapping[Any, Any], steps: int | None, chunk: int | None) -> Iterator[Chunk]:
    """Chunks of feeds that are stacked already."""
    tensors, arrays, types = [], [], []
    total = steps
    for key, value in feeds.items():
        tensor = find_feed(session.graph, key)
        array, type = as_array(session.backend, session.device, tensor, value)
        if not type.shape or type.shape[0] is None or (total is not None and type.shape[0] != total):
            raise FeedError(
                message(
                    f"run_many: feed of {tensor.name!r}",
                    found=str(type),
                    needed="a first axis of steps" if total is None else f"{total} steps along the first axis",
                    where=tensor.operation.location,
                )
            )
        total = type.shape[0]
        single = TensorType(type.dtype, type.shape[1:])
        check_feed(tensor, single)
        tensors.append(tensor)
        arrays.append(array)
        types.append(single)
    check_distinct(tensors)
    assert total is not None, "there is at least one feed"
    size = chunk or max(total, 1)
    for start in range(0, total, size):
        stop = min(start + size, total)
        yield tensors, [each[start:stop] for each in arrays] if size < total else arrays, types, stop - start


Step = tuple[list[Tensor], list[Any], list[TensorType]]
"""What is fed in one step, and the types."""


def _groups(session: Session, feeds: Iterable[Any], steps: int | None, size: int) -> Iterator[Chunk]:
    """Chunks of feeds that come one by one; where one is missing or wrong, those before it come first."""
    rest = iter(feeds)
    # What gives the feeds may fill one array again and again; in a list nothing does.
    is_filled_anew = not isinstance(feeds, list | tuple)
    first: Step | None = None
    done, failure = 0, None
    while failure is None and (steps is None or done < steps):
        group: list[Step] = []
        while len(group) < (size if steps is None else min(size, steps - done)) and failure is None:
            try:
                group.append(_step(session, next(rest), done + len(group), first, is_filled_anew))
                first = first or group[0]
            except Exception as error:
                failure = error
        done += len(group)
        if group:
            yield _stacked(session, group)
    if steps is not None and isinstance(failure, StopIteration):
        raise ArgumentError(
            message(
                "run_many: the feeds end before the steps do", found=f"{done} of them", needed=f"{steps}, or no steps"
            )
        )
    if failure is not None and not isinstance(failure, StopIteration):
        raise failure


def _step(session: Session, feeds: Any, number: int, first: Step | None, is_filled_anew: bool) -> Step:
    """The feeds of one step, in the order of the first, and copied if they may be filled anew before it runs."""
    if not isinstance(feeds, Mapping):
        raise ArgumentError(message("run_many: the feeds of a step", found=repr(feeds), needed="a dict"))
    tensors = [find_feed(session.graph, key) for key in feeds]
    check_distinct(tensors)
    known = dict(zip(tensors, feeds.values(), strict=True))
    if first is not None and known.keys() != set(first[0]):
        raise FeedError(
            message(
                f"run_many: step {number} feeds something else than the first",
                found=", ".join(sorted(each.name for each in known)),
                needed=", ".join(sorted(each.name for each in first[0])),
            )
        )
    keys = tensors if first is None else first[0]
    arrays, types = [], []
    for key in keys:
        array, type = session.convert_feed(key, known[key])
        arrays.append(session.backend.copy(array) if is_filled_anew and array is known[key] else array)
        types.append(type)
    if first is not None and first[2] != types:
        found, needed = (", ".join(map(str, each)) for each in (types, first[2]))
        raise FeedError(message(f"run_many: step {number} has other types than the first", found=found, needed=needed))
    return keys, arrays, types


def _stacked(session: Session, group: Sequence[Step]) -> Chunk:
    """The feeds of some steps, stacked."""
    keys, _, types = group[0]
    stack = session.backend.eager(session.backend.namespace.stack, session.device)
    asarray = session.backend.eager(session.backend.namespace.asarray, session.device)
    arrays = [stack([asarray(step[1][place]) for step in group]) for place in range(len(keys))]
    return keys, arrays, types, len(group)


def _run_chunk(
    session: Session,
    elements: Sequence[Tensor | Operation],
    tensors: Sequence[Tensor],
    arrays: Sequence[Any],
    types: Sequence[TensorType],
    count: int,
) -> list[Any]:
    """The stacked values of the fetches that are tensors, for ``count`` steps."""
    plan = session.many_plan(elements, dict(zip(tensors, types, strict=True)), count)
    if may_wait(plan):
        return list(session._execute_waiting(plan, arrays, None))
    return list(session._execute(plan, arrays))


def _joined(session: Session, parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return session.backend.eager(session.backend.namespace.concat, session.device)(list(parts))
