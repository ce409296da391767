"""The primitives of dataflow graphs as operations, for those who wire loops and branches by hand.

They are TensorFlow 1's ``Switch``, ``Merge``, ``Enter``, ``Exit``, ``NextIteration`` and ``LoopCond``; what each does
stands in :mod:`polyflow.core.dataflow`. A graph has no cycles, so the edge that goes back to the merge of a loop is
declared before it is there: :func:`back_edge` stands for it, and is bound once the next value is built.

Only the dataflow executor runs them. Python functions and other effects keep their order within one iteration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from polyflow.control_flow import DATAFLOW
from polyflow.core.building import default_builder
from polyflow.core.declaration import Op, Trait, define_op
from polyflow.core.dtypes import bool_, int32
from polyflow.core.location import user_location
from polyflow.core.signature import DTypeLike
from polyflow.core.tensor import Tensor
from polyflow.core.types import Shape, TensorType
from polyflow.errors import ControlFlowError, DTypeError, message

_WIRED = "gradients are of loops and branches: cond, while_loop"


def _check_truth(type: TensorType, what: str) -> None:
    if type.dtype not in (None, bool_) or type.shape not in (None, ()):
        raise DTypeError(message(f"{what} is no truth value", found=str(type), needed=str(TensorType(bool_, ()))))


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True, result_names=("output_false", "output_true"))
def switch(data: TensorType, pred: TensorType, /) -> tuple[TensorType, TensorType]:
    """``data`` on the second output if ``pred`` holds, else on the first; the other output is dead.

    What depends on a dead output does not run. Raises ``DTypeError`` if ``pred`` is not one bool.

    >>> import polyflow as pf
    >>> x = pf.placeholder("float32", (), name="x")
    >>> no, yes = pf.dataflow.switch(x, x > 0)
    >>> magnitude, which = pf.dataflow.merge([-no, yes])
    >>> [each.tolist() for each in pf.Session().run([magnitude, which], {x: -3.0})]
    [3.0, 0]
    """
    _check_truth(pred, "dataflow.switch: pred")
    return data, data


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True, result_names=("output", "value_index"))
def merge(inputs: Sequence[TensorType], /) -> tuple[TensorType, TensorType]:
    """The first of ``inputs`` that comes, and its number as int32; dead if all are.

    Raises ``DTypeError`` where dtypes differ; dimensions in which the shapes do are unknown.

    >>> import polyflow as pf
    >>> no, yes = pf.dataflow.switch(pf.constant(2.0), pf.constant(True))
    >>> pf.Session().run(pf.dataflow.merge([no * 10, yes * 100]).output).tolist()
    200.0
    """
    first, *rest = inputs
    shape = first.shape
    for each in rest:
        if each.dtype is not first.dtype:
            raise DTypeError(message("dataflow.merge: dtypes differ", found=str(each), needed=str(first)))
        if shape is None or each.shape is None or len(shape) != len(each.shape):
            shape = None
        else:
            shape = tuple([a if a == b else None for a, b in zip(shape, each.shape, strict=True)])
    return TensorType(first.dtype, shape), TensorType(int32, ())


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True)
def enter(
    data: TensorType, /, *, frame_name: str, is_constant: bool = False, parallel_iterations: int = 10
) -> TensorType:
    """``data`` in the first iteration of the frame called ``frame_name``, in each of them if it ``is_constant``.

    A frame has at most ``parallel_iterations`` at once.

    >>> import polyflow as pf
    >>> inside = pf.dataflow.enter(pf.constant(2.0), frame_name="loop")
    >>> pf.Session().run(pf.dataflow.exit(inside * inside)).tolist()
    4.0
    """
    return data


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True, name="exit")
def exit_op(data: TensorType, /) -> TensorType:
    """``data`` outside of its frame: that of the iteration in which it is not dead.

    >>> import polyflow as pf
    >>> inside = pf.dataflow.enter(pf.constant(2.0), frame_name="loop")
    >>> pf.Session().run(pf.dataflow.exit(inside)).tolist()
    2.0
    """
    return data


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True)
def next_iteration(data: TensorType, /) -> TensorType:
    """``data`` in the next iteration, for :meth:`BackEdge.bind`.

    >>> import polyflow as pf
    >>> pf.dataflow.next_iteration(pf.constant(1.0)).operation.op
    <op dataflow.next_iteration>
    """
    return data


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True)
def loop_cond(pred: TensorType, /) -> TensorType:
    """``pred``, as that which decides whether a loop goes on; raises ``DTypeError`` if it is not one bool.

    >>> import polyflow as pf
    >>> pf.dataflow.loop_cond(pf.constant(True)).operation.op
    <op dataflow.loop_cond>
    """
    _check_truth(pred, "dataflow.loop_cond: pred")
    return pred


# -- edges that go back


class BackEdge:
    """What stands for a value of the iteration before, until :meth:`bind` says which; made by :func:`back_edge`."""

    def __init__(self) -> None:
        self.tensor: Tensor
        self.source: Tensor | None = None
        self.location = user_location()

    def __tensor__(self) -> Tensor:
        return self.tensor

    @property
    def owner(self) -> Any:
        """The graph that it belongs to."""
        return self.tensor.owner

    def bind(self, value: Tensor) -> None:
        """Let ``value``, a result of ``next_iteration``, be what comes back.

        Raises ``ControlFlowError`` for anything else, and when it is bound already.
        """
        if self.source is not None:
            raise ControlFlowError(message("the back edge is bound already", where=self.location))
        if not isinstance(value, Tensor) or value.operation.op is not next_iteration:
            raise ControlFlowError(
                message(
                    "a back edge is bound to what goes to the next iteration",
                    found=f"{value!r:.60}",
                    where=user_location(),
                    remedy="edge.bind(polyflow.dataflow.next_iteration(value))",
                )
            )
        self.source = value

    def __repr__(self) -> str:
        return "<back edge>"


def back_edge(dtype: DTypeLike = None, shape: Shape | None = None, name: str | None = None) -> BackEdge:
    """An operand for ``merge`` that comes from the iteration before, of this type; it is bound when that is built.

    >>> import polyflow as pf
    >>> flow = pf.dataflow
    >>> again = flow.back_edge("int64", ())
    >>> i = flow.merge([flow.enter(pf.constant(1), frame_name="powers"), again]).output
    >>> done, go = flow.switch(i, flow.loop_cond(i < 1000))
    >>> again.bind(flow.next_iteration(go * 2))
    >>> pf.Session().run(flow.exit(done)).tolist()
    1024

    A back edge that was never bound is a ``ControlFlowError`` when the graph runs.
    """
    edge = BackEdge()
    attributes = {"edge": edge, "dtype": dtype, "shape": shape}
    edge.tensor = default_builder().apply(back_edge_op, (), attributes, name, None)
    return edge


@define_op(namespace=DATAFLOW, name="back_edge", traits=Trait.EFFECT, takes_unknown=True)
def back_edge_op(*, edge: Any, dtype: DTypeLike = None, shape: Shape | None = None) -> TensorType:
    """A value of the iteration before; users call :func:`polyflow.dataflow.back_edge`.

    >>> import polyflow as pf
    >>> pf.dataflow.back_edge("int64", ()).tensor.operation.op
    <op dataflow.back_edge>
    """
    return TensorType(dtype, shape)


@back_edge_op.expansion
def back_edge_expansion(builder: Any, inputs: Sequence[Tensor], attributes: Mapping[str, Any]) -> tuple[Tensor, ...]:
    edge: BackEdge = attributes["edge"]

    def bind() -> None:
        if edge.source is None:
            raise ControlFlowError(
                message(
                    "a back edge was never bound",
                    where=edge.location,
                    remedy="edge.bind(polyflow.dataflow.next_iteration(value))",
                )
            )
        builder.add(bound, (builder.resolve(edge.source),), {"edge": edge})

    builder.afterwards.append(bind)
    return (builder.add(comes_back, (), attributes, builder.constructing).output,)


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True)
def comes_back(*, edge: Any, dtype: DTypeLike = None, shape: Shape | None = None) -> TensorType:
    """In a program, the place where a back edge ends; specialisation makes it of ``back_edge``.

    >>> import polyflow as pf
    >>> pf.control_flow.primitives.comes_back
    <op dataflow.comes_back>
    """
    return TensorType(dtype, shape)


@define_op(namespace=DATAFLOW, traits=Trait.EFFECT, takes_unknown=True)
def bound(data: TensorType, /, *, edge: Any) -> tuple[TensorType, ...]:
    """In a program, the place where a back edge begins; specialisation makes it of ``back_edge``.

    >>> import polyflow as pf
    >>> pf.control_flow.primitives.bound
    <op dataflow.bound>
    """
    return ()


def _refuse(xp: Any, *operands: Any, **attributes: Any) -> NoReturn:
    raise ControlFlowError(
        message("a dataflow primitive runs in a graph, under the dataflow executor", remedy='executor="dataflow"')
    )


PRIMITIVES: tuple[Op, ...] = (switch, merge, enter, exit_op, next_iteration, loop_cond, back_edge_op, comes_back, bound)
for _op in PRIMITIVES:
    _op.no_gradient(_WIRED)
    _op.kernel(_refuse)
