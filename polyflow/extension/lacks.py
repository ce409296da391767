"""What a backend cannot do of a program: found before anything runs, and refused all at once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from polyflow.core.declaration import Op
from polyflow.core.nested import every_operation
from polyflow.core.program import Program
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType
from polyflow.errors import DTypeError, KernelError, message
from polyflow.extension.backend import Backend
from polyflow.extension.capabilities import capabilities_of
from polyflow.extension.fallback import fallbacks_of, holder_of
from polyflow.extension.kernel_needs import lacking
from polyflow.extension.kernels import find_kernel

KERNEL = "kernel"
SHAPES = "shapes that depend on data"


class Lack:
    """One operation that a backend cannot run."""

    def __init__(self, operation: Operation, what: str) -> None:
        self.operation = operation
        self.what = what
        """What the backend has not: ``KERNEL``, ``SHAPES``, or ``"dtype "`` and the name of one."""


def has_kernel(op: Op, backend: Backend) -> bool:
    """Whether ``backend`` runs ``op``; nobody needs a kernel for what runs programs."""
    return not capabilities_of(backend).lacks(op.full_name) and (op.is_nested or find_kernel(op, backend) is not None)


def lack_of(operation: Operation, backend: Backend) -> str | None:
    """What ``backend`` lacks for ``operation`` itself, its operands and its results, or ``None``.

    What the programs that it runs lack is theirs.
    """
    if not has_kernel(operation.op, backend):
        return KERNEL
    return _lack_of_types((*operation.outputs, *operation.inputs), backend)


def _lack_of_types(tensors: Iterable[Tensor], backend: Backend) -> str | None:
    is_dynamic = capabilities_of(backend).dynamic_shapes
    for each in tensors:
        if each.type.dtype not in backend.dtypes:
            return f"dtype {each.type.dtype}"
        if not is_dynamic and not each.type.is_static:
            return SHAPES
    return None


def find_lacks(program: Program, backend: Backend, elsewhere: frozenset[Tensor] = frozenset()) -> Iterator[Lack]:
    """Every operation of ``program``, and of the programs in it, that ``backend`` cannot run.

    Values that are held ``elsewhere`` are not its concern, nor parameters that a backend behind it can hold.
    """
    for each in program.parameters:
        if each not in elsewhere and each.type.known_dtype not in holder_of(each.type.known_dtype, backend).dtypes:
            yield Lack(each.operation, f"dtype {each.type.dtype}")
    kernels: dict[Op, bool] = {}
    for operation in every_operation(program):
        op = operation.op
        if op not in kernels:
            kernels[op] = has_kernel(op, backend)
        what = _lack_of_types(operation.outputs, backend) if kernels[op] else KERNEL
        if what is not None and (what == KERNEL or elsewhere.isdisjoint(operation.outputs)):
            yield Lack(operation, what)


def refuse(lacks: Sequence[Lack], backend: Backend, troubles: str | None = None) -> None:
    """Raise an error that lists all of ``lacks``, each with the user's line; nothing where there are none.

    ``KernelError``, or ``DTypeError`` where only dtypes are lacking. ``troubles`` is what is known of plugins that
    might have brought a kernel.
    """
    if not lacks:
        return
    groups: dict[str, list[Operation]] = {}
    for each in sorted(lacks, key=lambda lack: (lack.what != KERNEL, lack.what == SHAPES)):
        groups.setdefault(each.what, []).append(each.operation)
    parts = [f"{_heading(what, len(some), backend.name)}:\n{_listed(some, backend)}" for what, some in groups.items()]
    ops = [each.op.full_name for what in (KERNEL, SHAPES) for each in groups.get(what, ())]
    others = " and ".join(repr(each.name) for each in fallbacks_of(backend))
    text = message(
        "\n".join(parts),
        found=f"not possible on {others} either" if others else troubles,
        needed=None if ops else f"one of {_dtypes(backend)}",
        remedy=_remedy(groups, bool(others)),
    )
    raise KernelError(text, ops) if ops else DTypeError(text)


def _heading(what: str, count: int, name: str) -> str:
    if what == KERNEL:
        return f"backend {name!r} has no kernel for {count} operation{'' if count == 1 else 's'}"
    return f"backend {name!r} has no {what}, as {'1 operation has' if count == 1 else f'{count} operations have'}"


def _listed(operations: Sequence[Operation], backend: Backend) -> str:
    return "\n".join(f"    {_name(each)}, built at {each.location}{_reason(each.op, backend)}" for each in operations)


def _name(operation: Operation) -> str:
    return operation.name if operation.op.name == "placeholder" else operation.op.full_name


def _reason(op: Op, backend: Backend) -> str:
    """What a generic kernel calls and the namespace lacks, if it is that."""
    if op.kernel_rule is None or op.full_name in backend.kernels or capabilities_of(backend).lacks(op.full_name):
        return ""
    names = lacking(op.kernel_rule, backend.namespace)
    return f" (its generic kernel needs {', '.join(names)})" if names else ""


def _remedy(lacking: Container[str], has_fallback: bool) -> str:
    found = ["another backend"] if has_fallback else ["another backend", "one behind it, as Session(fallback=[...])"]
    if KERNEL in lacking:
        found.append("a plugin that brings the kernel (hook polyflow_kernels)")
    elif SHAPES in lacking:
        found.append("an operation whose shape is known, such as where instead of a boolean mask")
    return f"{', '.join(found[:-1])}, or {found[-1]}" if len(found) > 1 else found[0]


def _dtypes(backend: Backend) -> str:
    return ", ".join(sorted(each.name for each in backend.dtypes))


def no_kernel(op: Op, backend: Backend, where: object, troubles: str | None = None) -> KernelError:
    """The error for one op that ``backend`` has no kernel for."""
    return KernelError(
        message(
            f"backend {backend.name!r} has no kernel for {op.full_name}",
            found=troubles,
            where=where,
            remedy="another backend, or a plugin that brings the kernel (hook polyflow_kernels)",
        ),
        [op.full_name],
    )


def check_dtype(tensor: Tensor, type: TensorType, backend: Backend) -> None:
    """Refuse ``tensor``, which is fed a value of ``type``, if ``backend`` lacks the dtype."""
    if type.dtype not in backend.dtypes:
        raise DTypeError(
            message(
                f"backend {backend.name!r} has no dtype {type.dtype}",
                operand=tensor.name,
                needed=_dtypes(backend),
                where=tensor.operation.location,
            )
        )


__all__ = ["Lack", "check_dtype", "find_lacks", "has_kernel", "lack_of", "no_kernel", "refuse"]
