"""Operations about operations: identity, grouping, running for effect, holding gradients back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.graph import get_default_graph
from polyflow.core.samples import Sample, normal
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType


@define_op(traits=Trait.ELEMENTWISE | Trait.IDENTITY, takes_unknown=True)
def identity(x: TensorType, /) -> TensorType:
    """``x`` itself, under a name of its own and after the control dependencies in force.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.identity([1, 2])).tolist()
    [1, 2]
    """
    return TensorType(x.dtype, x.shape)


@identity.gradient
def identity_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g


@identity.kernel
def identity_kernel(xp: Any, x: Any) -> Any:
    return x


@identity.samples
def identity_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3))


@define_op(traits=Trait.ELEMENTWISE | Trait.IDENTITY, takes_unknown=True)
def stop_gradient(x: TensorType, /) -> TensorType:
    """``x`` itself, through which no gradient flows.

    >>> import polyflow as pf
    >>> x = pf.constant(3.0)
    >>> pf.Session().run(pf.gradients(x * pf.stop_gradient(x), x)[0]).tolist()
    3.0
    """
    return TensorType(x.dtype, x.shape)


stop_gradient.zero_gradient("it is there to stop gradients")


@stop_gradient.kernel
def stop_gradient_kernel(xp: Any, x: Any) -> Any:
    return x


@stop_gradient.samples
def stop_gradient_samples() -> Iterator[Sample]:
    yield Sample(normal(2, 3), gradient=False)
    yield Sample(normal(2, 3, seed=1), gradient=False)


@define_op(name="no_op")
def no_op_op() -> tuple[()]:
    """Nothing, after the control dependencies in force; users call :func:`polyflow.no_op` or :func:`polyflow.group`.

    >>> import polyflow as pf
    >>> pf.no_op().op
    <op no_op>
    """
    return ()


no_op_op.no_gradient("it has no result")


@no_op_op.expansion
def no_op_expansion(builder: Any, inputs: tuple[Tensor, ...], attributes: Any) -> tuple[()]:
    return ()


def no_op(name: str | None = None) -> Operation:
    """An operation that does nothing but run after the control dependencies in force."""
    return get_default_graph().add(no_op_op, (), {}, name)


def group(*inputs: Any, name: str | None = None) -> Operation:
    """An operation that has run when all of ``inputs`` have: operations, tensors or variables.

    >>> import polyflow as pf
    >>> a, b = pf.Variable(1), pf.Variable(2)
    >>> session = pf.Session()
    >>> session.run(pf.group(a.assign(10), b.assign(20)))
    >>> session.run([a, b])
    [array(10), array(20)]
    """
    graph = get_default_graph()
    with graph.control_dependencies(_flatten(inputs)):
        return no_op(name or "group")


def tuple_(tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[Any] = ()) -> list[Tensor]:
    """The tensors, each only after all of them and ``control_inputs`` have run.

    >>> import polyflow as pf
    >>> pf.Session().run(pf.tuple([pf.constant(1), pf.constant(2)]))
    [array(1), array(2)]
    """
    graph = get_default_graph()
    with graph.name_scope(name or "tuple"), graph.control_dependencies([*tensors, *control_inputs]):
        return [identity(each) for each in tensors]


def _flatten(values: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for each in values:
        flat.extend(_flatten(each) if isinstance(each, list | tuple) else [each])
    return flat
