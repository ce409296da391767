"""``einsum``: products of any number of tensors in Einstein's notation, two at a time in the cheapest order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from polyflow.core.declaration import define_op
from polyflow.core.keys import INDEX
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.types import TensorType
from polyflow.errors import ArgumentError, ShapeError, message
from polyflow.ops.contraction import Index, Term, contraction_order, index_sizes, read_equation
from polyflow.ops.indexing import getitem


@define_op(dtypes="numeric", promote=True)
def einsum(equation: str, /, *operands: TensorType) -> TensorType:
    """The sum of products of elements that ``equation`` writes down: over each index that the result does not have.

    >>> import polyflow as pf
    >>> x, y = pf.constant([[1, 2], [3, 4]]), pf.constant([[1, 0], [2, 1]])
    >>> pf.Session().run(pf.einsum("ij,jk->ik", x, y)).tolist()
    [[5, 2], [11, 4]]
    >>> pf.Session().run([pf.einsum("ii", x), pf.einsum("ij,ij,k->k", x, y, [1, 2])])[1].tolist()
    [11, 22]

    A letter for each axis; ``...`` for axes that broadcast; an index twice in one operand is its diagonal. Without an
    arrow the result has the indices that stand once, in alphabetical order. Several operands are multiplied two at a
    time, in the order that costs least. Raises ``ArgumentError`` for an equation that does not fit, ``ShapeError``
    where the sizes of an index differ. Source: NumPy, "numpy.einsum".
    """
    if not operands:
        raise ArgumentError(message("there is nothing to multiply", found="no operand"))
    terms, output = read_equation(equation, [each.rank for each in operands])
    sizes = index_sizes(terms, [each.known_shape for each in operands])
    return operands[0].with_shape([sizes[index] for index in output])


@einsum.expansion
def einsum_expansion(builder: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    xp = builder.xp
    terms, output = read_equation(attributes["equation"], [each.ndim for each in inputs])
    sizes = index_sizes(terms, [each.shape for each in inputs])
    tensors = [_prepared(xp, x, term, sizes) for x, term in zip(inputs, terms, strict=True)]
    for first, second in contraction_order([term for _, term in tensors], output, sizes):
        right, left = tensors.pop(second), tensors.pop(first)
        tensors.append(_multiplied(xp, left, right, {*output, *(index for _, term in tensors for index in term)}))
    x, term = _summed(xp, *tensors[0], output)
    return _ordered(xp, x, term, output)


def _prepared(xp: Any, x: Any, term: Term, sizes: Mapping[Index, int | None]) -> tuple[Any, Term]:
    """The operand without the axes that are broadcast, and with its diagonal taken where an index stands twice."""
    narrow = tuple(axis for axis, index in enumerate(term) if x.shape[axis] == 1 and sizes[index] != 1)
    if narrow:
        x, term = xp.squeeze(x, narrow), tuple(index for axis, index in enumerate(term) if axis not in narrow)
    distinct = tuple(dict.fromkeys(term))
    if len(distinct) < len(term):
        places = {index: number for number, index in enumerate(distinct)}
        lines = [
            xp.reshape(xp.arange(sizes[index]), (-1,) + (1,) * (len(distinct) - places[index] - 1)) for index in term
        ]
        x = getitem(x, *lines, key=(INDEX,) * len(term))
    return x, distinct


def _summed(xp: Any, x: Any, term: Term, kept: Collection[Index]) -> tuple[Any, Term]:
    """The tensor summed over the indices that nobody needs any more."""
    axes = tuple(axis for axis, index in enumerate(term) if index not in kept)
    if not axes:
        return x, term
    return xp.sum(x, axis=axes, dtype=x.dtype), tuple(index for index in term if index in kept)


def _multiplied(xp: Any, left: tuple[Any, Term], right: tuple[Any, Term], kept: Collection[Index]) -> tuple[Any, Term]:
    """The product of two tensors, summed over the indices that are not ``kept``: one product of stacks of matrices."""
    x, left_term = _summed(xp, *left, {*kept, *right[1]})
    y, right_term = _summed(xp, *right, {*kept, *left_term})
    shared = [index for index in left_term if index in right_term]
    batch = [index for index in shared if index in kept]
    inner = [index for index in shared if index not in kept]
    rows = [index for index in left_term if index not in shared]
    columns = [index for index in right_term if index not in shared]
    size = dict(zip((*left_term, *right_term), (*x.shape, *y.shape), strict=True))
    stack, down, along, across = ([size[index] for index in group] for group in (batch, rows, inner, columns))
    x = _ordered(xp, x, left_term, [*batch, *rows, *inner])
    y = _ordered(xp, y, right_term, [*batch, *inner, *columns])
    if not inner:
        z = xp.reshape(x, (*stack, *down, *(1,) * len(across))) * xp.reshape(y, (*stack, *(1,) * len(down), *across))
    else:
        z = xp.reshape(x, (*stack, prod(down), prod(along))) @ xp.reshape(y, (*stack, prod(along), prod(across)))
        z = xp.reshape(z, (*stack, *down, *across))
    return z, (*batch, *rows, *columns)


def _ordered(xp: Any, x: Any, term: Term, wanted: Sequence[Index]) -> Any:
    axes = tuple(term.index(index) for index in wanted)
    return x if axes == tuple(range(len(axes))) else xp.permute_dims(x, axes)


@einsum.samples
def einsum_samples() -> Iterator[Sample]:
    yield Sample("ij,jk->ik", normal(2, 3), normal(3, 4, seed=1))
    yield Sample("ij,jk,kl", normal(2, 3), normal(3, 4, seed=1), normal(4, 2, seed=2))
    yield Sample("bij,bkj->bki", normal(2, 3, 4), normal(2, 2, 4, seed=1))
    yield Sample("ii->i", normal(3, 3))
    yield Sample("iji,j", normal(2, 3, 2), normal(3, seed=1))
    yield Sample("...ij,...j->...i", normal(2, 1, 3, 2), normal(4, 2, seed=1))
    yield Sample("i,j,k->kij", normal(2), normal(3, seed=1), normal(2, seed=2))
    yield Sample("ijk->j", normal(2, 3, 4))
    yield Sample("ij,ij->", normal(2, 3), normal(2, 3, seed=1))
    yield Sample("ij,ik->jk", normal(1, 3), normal(2, 2, seed=1))
    yield Sample(",i->i", normal(), normal(3, seed=1))
    yield Sample("ij,jk", normal(2, 0), normal(0, 3, seed=1))
    yield ErrorSample("ij,jk->ik", normal(2, 3), normal(4, 2)).raises(ShapeError, "the sizes of index 'j' differ")
    yield ErrorSample("ij->ik", normal(2, 3)).raises(ArgumentError, "the equation 'ij->ik' does not fit")
    yield ErrorSample("ij", normal(3)).raises(ArgumentError, "'ij' for an operand of rank 1")
    yield ErrorSample("i", normal(3), normal(3)).raises(ArgumentError, "2 operands")
