"""In which order a queue gives its elements back: one store for each kind of queue."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from polyflow.core.hosting import Element, QueueSpec


class Store(Protocol):
    """The elements of a queue."""

    def push(self, element: Element) -> None:
        """Keep an element."""
        ...

    def pull(self) -> Element:
        """Give the next element back."""
        ...

    def restore(self, elements: Sequence[Element]) -> None:
        """Keep elements that were pulled in this order, as if they had not been."""
        ...

    def __len__(self) -> int: ...


def make_store(spec: QueueSpec) -> Store:
    """An empty store for the kind of queue."""
    if spec.kind == "RandomShuffleQueue":
        return ShuffleStore(spec.seed)
    return PriorityStore() if spec.kind == "PriorityQueue" else FifoStore()


class FifoStore(deque[Element]):
    """First in, first out."""

    def push(self, element: Element) -> None:
        """At the end."""
        self.append(element)

    def pull(self) -> Element:
        """From the front."""
        return self.popleft()

    def restore(self, elements: Sequence[Element]) -> None:
        """To the front."""
        self.extendleft(reversed(elements))


class ShuffleStore(list[Element]):
    """Any element with equal chance, the same sequence for the same seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def push(self, element: Element) -> None:
        """Anywhere."""
        self.append(element)

    def pull(self) -> Element:
        """A random element, the last one put in its place."""
        place = self._random.randrange(len(self))
        self[place], self[-1] = self[-1], self[place]
        return self.pop()

    def restore(self, elements: Sequence[Element]) -> None:
        """Anywhere."""
        self.extend(elements)


class PriorityStore:
    """The element with the smallest first component; of equal ones the first that came."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Element]] = []
        self._serial = itertools.count()
        self._earlier = itertools.count(-1, -1)

    def push(self, element: Element) -> None:
        """By its first component."""
        heapq.heappush(self._heap, (int(element[0]), next(self._serial), element))

    def pull(self) -> Element:
        """The smallest."""
        return heapq.heappop(self._heap)[2]

    def restore(self, elements: Sequence[Element]) -> None:
        """Before those of equal priority."""
        for element in reversed(elements):
            heapq.heappush(self._heap, (int(element[0]), next(self._earlier), element))

    def __len__(self) -> int:
        return len(self._heap)
