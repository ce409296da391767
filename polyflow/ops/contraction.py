"""Einstein's notation read, and the order in which several tensors are best multiplied two at a time.

No op lives here. An index is a letter, or a number below 0 for an axis that ``...`` stands for, counted from the last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from math import prod

from polyflow.core.types import Shape, format_shape
from polyflow.errors import ArgumentError, ShapeError, message

Index = str | int
Term = tuple[Index, ...]
_MOST_EXACT = 8
"""Up to so many tensors the cheapest order is found exactly, in time that grows as 3 to the power of their number."""
_UNKNOWN = 64  # what a size that is not known counts for


def read_equation(equation: str, ranks: Sequence[int]) -> tuple[tuple[Term, ...], Term]:
    """The indices of each operand and of the result.

    >>> read_equation("ij,jk->ik", [2, 2])
    ((('i', 'j'), ('j', 'k')), ('i', 'k'))
    >>> read_equation("b...,a", [3, 1])
    ((('b', -2, -1), ('a',)), (-2, -1, 'a', 'b'))

    Without an arrow the result has the indices that stand once, in the order of the alphabet, after those of ``...``.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    words = left.split(",")
    if len(words) != len(ranks):
        raise _refused(equation, f"{len(ranks)} operands", f"{len(words)}, separated by commas")
    terms = tuple(_read_term(equation, word, rank) for word, rank in zip(words, ranks, strict=True))
    every = [index for term in terms for index in term]
    dots = tuple(sorted({index for index in every if isinstance(index, int)}))
    if not arrow:
        letters = {index for index in every if isinstance(index, str)}
        return terms, (*dots, *sorted(each for each in letters if every.count(each) == 1))
    before, dots_written, after = right.partition("...")
    output: Term = (*before, *(dots if dots_written else ()), *after)
    if len(set(output)) != len(output) or not set(output) <= set(every):
        raise _refused(equation, f"the result {right!r}", "distinct indices, each of which an operand has")
    if dots and not dots_written and "..." in left:
        raise _refused(equation, "`...` on the left only", "`...` in the result too")
    return terms, output


def _read_term(equation: str, word: str, rank: int) -> Term:
    before, dots, after = word.partition("...")
    count = rank - len(before) - len(after)
    if not all(each.isalpha() for each in before + after) or count < 0 or (count and not dots):
        raise _refused(equation, f"{word!r} for an operand of rank {rank}", "a letter for each axis, or `...` for some")
    return (*before, *range(-count, 0), *after)


def _refused(equation: str, found: str, needed: str) -> ArgumentError:
    return ArgumentError(message(f"the equation {equation!r} does not fit", found=found, needed=needed))


def index_sizes(terms: Sequence[Term], shapes: Sequence[Shape]) -> dict[Index, int | None]:
    """The size of each index; operands with size 1 are broadcast along it.

    >>> index_sizes([("i", "j"), ("j", "k")], [(2, 3), (3, None)])
    {'i': 2, 'j': 3, 'k': None}
    """
    sizes: dict[Index, int | None] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for index, size in zip(term, shape, strict=True):
            known = sizes.setdefault(index, size)
            if known == 1 or known is None:
                sizes[index] = known if size is None or (size == 1 and known is None) else size
            elif size not in (None, 1, known):
                found = " and ".join(map(format_shape, shapes))
                raise ShapeError(message(f"the sizes of index {index!r} differ", found=found, needed=f"{known} or 1"))
    return sizes


def contraction_order(
    terms: Sequence[Collection[Index]], output: Collection[Index], sizes: Mapping[Index, int | None]
) -> list[tuple[int, int]]:
    """Which two tensors to multiply, one step after the other; what comes out is put at the end of the list.

    The cost of a step is the product of the sizes of all indices that it meets. Up to eight tensors the order is the
    cheapest there is, beyond that each step is the one that leaves the smallest tensors (a greedy search).

    >>> contraction_order(["ij", "jk", "kl"], "il", {"i": 100, "j": 2, "k": 100, "l": 2})
    [(1, 2), (0, 1)]
    """
    known = {index: _UNKNOWN if size is None else size for index, size in sizes.items()}
    search = _cheapest if len(terms) <= _MOST_EXACT else _greedy
    return search([frozenset(term) for term in terms], frozenset(output), known)


def _volume(indices: Collection[Index], sizes: Mapping[Index, int]) -> int:
    return prod(sizes[index] for index in indices)


def _cheapest(
    terms: list[frozenset[Index]], output: frozenset[Index], sizes: Mapping[Index, int]
) -> list[tuple[int, int]]:
    """Dynamic programming over the subsets of tensors, each written as bits: its best tree joins two of its parts."""
    count = len(terms)
    full = (1 << count) - 1
    kept: dict[int, frozenset[Index]] = {}
    best: dict[int, tuple[int, tuple[int, int] | None]] = {}
    for subset in sorted(range(1, full + 1), key=int.bit_count):
        inside = [terms[place] for place in range(count) if subset >> place & 1]
        outside = [terms[place] for place in range(count) if not subset >> place & 1]
        kept[subset] = frozenset().union(*inside) & output.union(*outside)
        if len(inside) == 1:
            kept[subset] = inside[0]
            best[subset] = 0, None
            continue
        part = (subset - 1) & subset
        while part:
            other = subset ^ part
            if part > other:
                cost = best[part][0] + best[other][0] + _volume(kept[part] | kept[other], sizes)
                if subset not in best or cost < best[subset][0]:
                    best[subset] = cost, (part, other)
            part = (part - 1) & subset
    steps: list[tuple[int, int]] = []
    alive = [1 << place for place in range(count)]

    def walk(subset: int) -> None:
        parts = best[subset][1]
        if parts is None:
            return
        for part in parts:
            walk(part)
        first, second = sorted(alive.index(part) for part in parts)
        steps.append((first, second))
        del alive[second], alive[first]
        alive.append(subset)

    walk(full)
    return steps


def _greedy(
    terms: list[frozenset[Index]], output: frozenset[Index], sizes: Mapping[Index, int]
) -> list[tuple[int, int]]:
    steps = []
    while len(terms) > 1:
        candidates = []
        for first, second in combinations(range(len(terms)), 2):
            left, right = terms[first], terms[second]
            others = output.union(*(term for place, term in enumerate(terms) if place not in (first, second)))
            kept = (left | right) & others
            growth = _volume(kept, sizes) - _volume(left, sizes) - _volume(right, sizes)
            candidates.append((growth, _volume(left | right, sizes), first, second, kept))
        *_, first, second, kept = min(candidates, key=lambda each: each[:4])
        steps.append((first, second))
        del terms[second], terms[first]
        terms.append(kept)
    return steps
