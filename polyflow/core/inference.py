"""From an op and the types of its operands to the types of its results: promotion, dtype checks, normal attributes.

The same function serves a graph, where types may be unknown, and a specialisation, where they are not. An inference
rule never sees an unknown dtype or rank: where one is unknown, so is the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

from polyflow.core.declaration import Op
from polyflow.core.dtypes import (
    DEFAULT_DTYPES,
    DType,
    bool_,
    complex64,
    complex_dtype,
    float32,
    in_category,
    int64,
    promote,
)
from polyflow.core.primitives import constant_op
from polyflow.core.signature import normal_attributes
from polyflow.core.types import UNKNOWN, TensorType, format_shape
from polyflow.errors import ArgumentError, DTypeError, PolyflowError, ShapeError, message, with_line

_MOST = 256
"""Types of operands for which what an op's rule said is kept."""


class Inferred(NamedTuple):
    """What inference finds out about one operation."""

    dtypes: Sequence[DType | None]
    """The dtype that each operand is to be cast to; ``None`` leaves it as it is."""
    attributes: Mapping[str, Any]
    """The attributes in normal form."""
    outputs: tuple[TensorType, ...]
    is_cast: bool = True
    """Whether an operand may have to be cast."""


def infer(op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any], where: object = None) -> Inferred:
    """The operand dtypes, normal attributes and result types of ``op`` on operands of ``types``.

    Errors of the rule come back with the op, its operands and ``where``, the user's line, in their text.
    """
    if op is constant_op:  # no operands to promote, and hardly two that are alike
        return Inferred((), attributes, (op.rule(**attributes),), False)
    try:
        # A graph has few types and many operations: what a rule said of operands once holds for all that are alike.
        key = tuple(types) if attributes is op.signature.defaults else _key(types, attributes)
        if key is None or op.rule is not op.__wrapped__:  # a rule put in the place of the declared one is always asked
            return _infer(op, types, attributes)
        known: Inferred | None = op.inferred.get(key)
        if known is None:
            if len(op.inferred) >= _MOST:
                op.inferred.clear()
            known = op.inferred[key] = _infer(op, types, attributes)
        return known
    except PolyflowError as error:
        raise located(error, op, types, where) from None


def _key(types: Sequence[TensorType], attributes: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What a call has in common with those that inference says the same of; ``None`` where that is not easily said."""
    key: list[Any] = [*types, "attributes"]
    for name, value in attributes.items():
        kind: Any = type(value)
        if kind is tuple:
            kind = tuple(map(type, value))
            if not _SIMPLE.issuperset(kind):
                return None
        elif kind not in _SIMPLE:
            return None
        key += name, kind, value  # 1 and True are equal, and no equal attributes
    return tuple(key)


_SIMPLE = frozenset({type(None), bool, int, str, DType})
"""The types of attributes that are the same where they are equal, unlike 0.0 and -0.0."""


def located(error: PolyflowError, op: Op, types: Sequence[TensorType], where: object) -> PolyflowError:
    """``error`` with the op, the types of its operands and the user's line in its text."""
    return with_line(error, where, f"{op.full_name}({', '.join(map(str, types))}): ")


def _infer(op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]) -> Inferred:
    signature = op.signature
    if not op.takes_unknown:
        for each in types:
            if each.dtype is None or each.shape is None:
                return Inferred((None,) * len(types), attributes, _unknown_outputs(op))
    given = types
    dtypes: Sequence[DType | None] = (None,) * len(types)
    if op.promote or op.to_float:
        types, dtypes = _promoted(op, types, attributes)
    elif op.adopts:
        types, dtypes = _adopted(op, types, attributes)
    if op.dtypes != "any":
        _check_categories(op, types, attributes)
    attributes = normal_attributes(signature.forms, types, attributes)
    args, kwargs = signature.arguments(types, attributes)
    result = op.rule(*args, **kwargs)
    outputs = (result,) if isinstance(result, TensorType) else tuple(result)
    if any(type(each.shape) is list for each in outputs):
        outputs = tuple([TensorType(each.dtype, each.shape and tuple(each.shape), each.weak) for each in outputs])
    if types and any(each.weak for each in outputs):  # only what stands in the graph by itself is weak
        outputs = tuple(TensorType(each.dtype, each.shape) for each in outputs)
    for name, form in signature.forms:
        if form == "dtype" and attributes[name] is None and outputs:
            attributes = {**attributes, name: outputs[0].dtype}
    is_cast = any(each.weak or dtype not in (None, each.dtype) for each, dtype in zip(given, dtypes, strict=True))
    return Inferred(dtypes, attributes, outputs, is_cast)


def _unknown_outputs(op: Op) -> tuple[TensorType, ...]:
    count = op.signature.output_count
    if count is None:
        raise ArgumentError(
            message(
                "how many results there are depends on a shape that is not known yet",
                remedy="give the placeholders above a dtype and a shape",
            )
        )
    return (UNKNOWN,) * count


def _promoted(
    op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]
) -> tuple[list[TensorType], list[DType | None]]:
    """The operand types after promotion, and the dtype that each operand is to be cast to."""
    if op.promote is True or not op.promote:
        chosen = [True] * len(types)
    else:
        names = op.signature.operand_names(len(types), attributes)
        chosen = [name.partition("[")[0] in op.promoted for name in names]
    common = common_dtype([each for each, is_chosen in zip(types, chosen, strict=True) if is_chosen])
    if op.to_float and not common.is_differentiable:
        common = float32
    dtypes = [common if is_chosen else None for is_chosen in chosen]
    promoted = [
        each if dtype is None or (each.dtype is dtype and not each.weak) else each.with_dtype(dtype)
        for each, dtype in zip(types, dtypes, strict=True)
    ]
    return promoted, dtypes


def _adopted(
    op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]
) -> tuple[list[TensorType], list[DType | None]]:
    """The operand types after each taker has the dtype of its giver, as far as it promotes to that."""
    names = list(op.signature.operand_names(len(types), attributes))
    adopted = list(types)
    dtypes: list[DType | None] = [None] * len(types)
    for taker, giver in op.adopts.items():
        place, dtype = names.index(taker), types[names.index(giver)].known_dtype
        if common_dtype([TensorType(dtype, ()), types[place]]) is dtype:
            adopted[place], dtypes[place] = types[place].with_dtype(dtype), dtype
    return adopted, dtypes


def common_dtype(types: Sequence[TensorType]) -> DType:
    """The dtype in which operands meet: that of the strong ones, into which Python scalars are drawn.

    >>> from polyflow.core.dtypes import int8
    >>> common_dtype([TensorType(int8, ()), TensorType(float32, (), weak=True)])
    polyflow.float32
    """
    strong = [each.known_dtype for each in types if not each.weak]
    if not strong:
        return reduce(promote, [each.known_dtype for each in types], bool_)
    common = reduce(promote, strong)
    for each in types:
        if each.weak:
            common = _with_scalar(common, each.known_dtype.kind)
    return common


def _with_scalar(dtype: DType, kind: str) -> DType:
    if kind == "complex":
        return complex_dtype(dtype) if dtype.is_differentiable else complex64
    if kind == "float":
        return dtype if dtype.is_differentiable else DEFAULT_DTYPES[float]
    if kind == "int" and dtype is bool_:
        return int64
    return dtype


def _check_categories(op: Op, types: Sequence[TensorType], attributes: Mapping[str, Any]) -> None:
    names: Sequence[str] | None = None
    for index, each in enumerate(types):
        if isinstance(op.dtypes, str):
            category = op.dtypes
        else:
            names = names or op.signature.operand_names(len(types), attributes)
            category = op.dtypes.get(names[index].partition("[")[0], "any")
        if not in_category(each.known_dtype, category):
            name = op.signature.operand_names(len(types), attributes)[index]
            raise DTypeError(
                message(
                    f"operand {name} has a dtype that {op.full_name} does not take",
                    found=each.dtype,
                    needed=f"a {category} dtype",
                    remedy=f"polyflow.astype({name}, ...)",
                )
            )


def check_same_shape(left: TensorType, right: TensorType, what: str) -> None:
    """Refuse two types whose known shapes differ."""
    if left.shape is None or right.shape is None:
        return
    pairs = zip(left.shape, right.shape, strict=False)
    if len(left.shape) != len(right.shape) or any(a != b and None not in (a, b) for a, b in pairs):
        raise ShapeError(message(what, found=format_shape(right.shape), needed=format_shape(left.shape)))
