"""Operators on how a kernel is called: its operands, its attributes, and when and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from polyflow.core.declaration import Op, Trait
from polyflow.core.dtypes import complex128, float64
from polyflow.core.signature import Parameter
from polyflow.extension import Backend, Kernel, kernels
from polyflow.runtime import dataflow_kernels
from polyflow_conformance.mutants.mutant import NAME, Faulty, Mutant, Operator, World, faulty
from polyflow_conformance.mutants.patching import patched
from polyflow_conformance.mutants.result_faults import _off, kernel_mutant, on_results

Array = Any  # of the sound backend
Change = Callable[..., list[Any]]
"""Of the backend and the operands, those that the kernel gets instead."""


# -- operands


def _on_operands(kernel: Kernel, count: int, change: Callable[[list[Any]], list[Any]]) -> Kernel:
    """``kernel`` with its first ``count`` operands changed; behind them may stand an array to write into."""

    def run(*operands: Any, **attributes: Any) -> Any:
        return kernel(*change(list(operands[:count])), *operands[count:], **attributes)

    return run


def _binary(world: World, operator: str, change: Callable[[Backend, list[Any]], list[Any]]) -> Iterator[Mutant]:
    """A fault of each op of two operands of one type, of which exchanging makes a difference."""
    for name, op in world.ops.items():
        kernel = world.kernel(name)
        first = [each for each in op.signature.operands[:2] if each.role == "operand"]
        if kernel is None or len(first) < 2 or op.has_trait(Trait.COMMUTATIVE) or not op.signature.is_plain:
            continue
        calls = world.profile(name).calls
        if any(len(operands) > 1 and operands[0] == operands[1] for operands, _, _ in calls):
            make = partial(_on_operands, kernel, len(op.signature.operands), partial(change, world.sound))
            yield kernel_mutant(operator, name, name, make)


def _exchanged(sound: Backend, operands: list[Any]) -> list[Any]:
    a, b, *rest = operands
    return [b, a, *rest] if sound.type_of(a) == sound.type_of(b) else operands


def _each_operand(
    world: World, operator: str, fits: Callable[[Any], bool], change: Callable[[Any, Array], Array]
) -> Iterator[Mutant]:
    """For each op and each of its operands, the fault that it is changed; what types ``fits`` has it."""
    for name, op in world.ops.items():
        kernel = world.kernel(name)
        if kernel is None or not op.signature.is_plain:
            continue
        for place, _ in enumerate(op.signature.operands):
            if any(len(operands) > place and fits(operands[place]) for operands, _, _ in world.profile(name).calls):

                def changed(operands: list[Any], place: int = place) -> list[Any]:
                    type_ = world.sound.type_of(operands[place])
                    if type_ is not None and fits(type_):
                        operands[place] = change(world.sound.namespace, world.sound.namespace.asarray(operands[place]))
                    return operands

                make = partial(_on_operands, kernel, len(op.signature.operands), changed)
                yield kernel_mutant(operator, f"{name}:{place}", name, make)


def _single(xp: Any, x: Array) -> Array:
    return xp.astype(xp.astype(x, xp.float32 if x.dtype == xp.float64 else xp.complex64), x.dtype)


def _first_everywhere(xp: Any, x: Array) -> Array:
    return xp.broadcast_to(xp.reshape(x, (-1,))[0], x.shape)


def _reversed(xp: Any, x: Array) -> Array:
    return xp.flip(x, axis=-1)


# -- attributes


def _attributes(
    world: World, operator: str, fits: Callable[[Parameter, Any], bool], change: Callable[[Any, Any, Parameter], Any]
) -> Iterator[Mutant]:
    """For each op and each attribute of it that some case gives a value that ``fits``, the fault that it is changed."""
    for name, op in world.ops.items():
        kernel = world.kernel(name)
        if kernel is None:
            continue
        for parameter in op.signature.attributes:
            given = [attributes.get(parameter.name) for _, _, attributes in world.profile(name).calls]
            if any(fits(parameter, each) for each in given):
                make = partial(_with_attribute, world.sound, kernel, op.signature, parameter, fits, change)
                yield kernel_mutant(operator, f"{name}:{parameter.name}", name, make)


def _with_attribute(
    sound: Backend, kernel: Kernel, signature: Any, parameter: Parameter, fits: Any, change: Any
) -> Kernel:
    before = [each for each in signature.parameters if each.is_positional or each.role != "attribute"]
    has_many = any(each.role in ("variadic",) for each in signature.parameters)
    place = None if has_many or parameter not in before else before.index(parameter)

    def run(*operands: Any, **attributes: Any) -> Any:
        first = next((one for each in operands for one in (each if isinstance(each, list) else [each])), None)
        type_ = sound.type_of(first)
        if parameter.name in attributes and fits(parameter, attributes[parameter.name]):
            attributes[parameter.name] = change(attributes[parameter.name], type_, parameter)
        elif place is not None and place < len(operands) and fits(parameter, operands[place]):
            changed = list(operands)
            changed[place] = change(operands[place], type_, parameter)
            operands = tuple(changed)
        return kernel(*operands, **attributes)

    return run


def _is_axis(parameter: Parameter, value: Any) -> bool:
    return parameter.form == "axis" and type(value) is int


def _next_axis(value: int, type_: Any, _: Parameter) -> int:
    return (value + 1) % type_.rank if type_ is not None and type_.rank else value


def _is_flag(_: Parameter, value: Any) -> bool:
    return value is True or value is False


def _is_number(parameter: Parameter, value: Any) -> bool:
    return type(value) is int and not parameter.form


def _is_changed(parameter: Parameter, value: Any) -> bool:
    """Whether the value is not the default, which is one that stands for something."""
    default = parameter.default
    is_plain = isinstance(value, bool | int | float | str | tuple) and isinstance(
        default, bool | int | float | str | None
    )
    return not parameter.is_required and parameter.name != "copy" and is_plain and value != default


# -- the call


def _always(world: World, operator: str, change: Callable[[Backend, Kernel], Kernel]) -> Iterator[Mutant]:
    for name in world.ops:
        kernel = world.kernel(name)
        if kernel is not None and world.profile(name).calls:
            yield kernel_mutant(operator, name, name, partial(change, world.sound, kernel))


def _from_the_second_call(sound: Backend, kernel: Kernel) -> Kernel:
    wrong, calls = on_results(sound, _off, kernel), [0]

    def run(*operands: Any, **attributes: Any) -> Any:
        calls[0] += 1
        return (kernel if calls[0] == 1 else wrong)(*operands, **attributes)

    return run


def _of_each_op(fault: Callable[..., Any], world: World, operator: str) -> Iterator[Mutant]:
    """By op that has a kernel and is called, the mutant that ``fault`` makes of it."""
    for name, op in world.ops.items():
        if world.kernel(name) is not None and world.profile(name).calls:
            yield Mutant(operator, name, partial(fault, op), name, frozenset({f"kernel:{name}"}))


@contextmanager
def _wrong_there(op: Op, sound: Backend) -> Iterator[Any]:
    """The kernel of ``op`` wrong where the dataflow executor looks for it, and nowhere else."""
    honest = kernels.kernel_of

    def kernel_of(operation: Any, backend: Backend) -> Any:
        found = honest(operation, backend)
        is_it = operation.op is op and backend.name == NAME
        return found if found is None or not is_it else on_results(sound, _off, found)

    with patched(dataflow_kernels, "kernel_of", kernel_of):
        yield Faulty(sound)


def _raising(sound: Backend, kernel: Kernel) -> Kernel:
    def run(*operands: Any, **attributes: Any) -> Any:
        found = kernel(*operands, **attributes)
        types = [sound.type_of(each) for each in (found if isinstance(found, list | tuple) else [found])]
        if any(each is not None and each.size == 0 for each in types):
            raise ValueError("zero-size array to a function which has no identity")
        return found

    return run


@contextmanager
def _without(op: Op, sound: Backend) -> Iterator[Any]:
    """A backend that has no kernel for ``op``, whoever might bring one."""
    with ExitStack() as stack:
        stack.enter_context(patched(op, "kernel_rule", None))
        backend = stack.enter_context(faulty(sound, namespace=_Hidden(sound.namespace, op.full_name)))
        backend.kernels.pop(op.full_name, None)
        yield backend


class _Hidden:
    """A namespace without one function."""

    def __init__(self, namespace: Any, path: str) -> None:
        self._namespace, self._path = namespace, path

    def __getattr__(self, name: str) -> Any:
        first, _, rest = self._path.partition(".")
        if name != first:
            return getattr(self._namespace, name)
        if not rest:
            raise AttributeError(name)
        return _Hidden(getattr(self._namespace, first), rest)


def _is_wide(type_: Any) -> bool:
    return type_.dtype in (float64, complex128)


def _is_signed(type_: Any) -> bool:
    return type_.known_dtype.kind in ("int", "float") and type_.known_dtype.name != "bfloat16"


def _is_row(type_: Any) -> bool:
    return bool(type_.rank and type_.size and type_.size > 1)


OPERATORS = (
    Operator("exchanged operands", "the second for the first", lambda world, name: _binary(world, name, _exchanged)),
    Operator("first operand twice", "the second is not looked at",
             lambda world, name: _binary(world, name, lambda sound, x: (
                 [x[0], x[0], *x[2:]] if sound.type_of(x[0]) == sound.type_of(x[1]) else x))),
    Operator("sign of an operand dropped", "absolute values go in",
             lambda world, name: _each_operand(world, name, _is_signed, lambda xp, x: xp.abs(x))),
    Operator("an operand through float32", "float64 rounded on the way in",
             lambda world, name: _each_operand(world, name, _is_wide, _single)),
    Operator("first element everywhere", "an operand as if it were a scalar",
             lambda world, name: _each_operand(world, name, _is_row, _first_everywhere)),
    Operator("an operand reversed", "its last axis from the end",
             lambda world, name: _each_operand(world, name, _is_row, _reversed)),
    Operator("wrong axis", "the next one", lambda world, name: _attributes(world, name, _is_axis, _next_axis)),
    Operator("attribute ignored", "its default, as with lost keepdims", lambda world, name: _attributes(
        world, name, _is_changed, lambda value, type_, parameter: parameter.default)),
    Operator("flag inverted", "true for false", lambda world, name: _attributes(
        world, name, lambda parameter, value: parameter.name != "copy" and _is_flag(parameter, value),
        lambda value, *_: not value)),
    Operator("number off by one", "of attributes that are whole numbers",
             lambda world, name: _attributes(world, name, _is_number, lambda value, *_: value + 1)),
    Operator("wrong from the second call", "the first is right",
             lambda world, name: _always(world, name, _from_the_second_call)),
    Operator("wrong under dataflow", "right in straight code", partial(_of_each_op, _wrong_there)),
    Operator("empty arrays refused", "an error for results without elements", lambda world, name: (
        each for each in _always(world, name, _raising) if any(
            result.size == 0 for _, results, _ in world.profile(each.op).calls for result in results))),
    Operator("missing kernel", "which nobody declares missing", partial(_of_each_op, _without)),
)  # fmt: skip
