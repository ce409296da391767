"""Streams: where a random operation without a key takes its numbers from, as TensorFlow 1 promises them.

Such an operation draws new numbers in each run of a session, and the same sequence in every session and on every
backend. Its stream starts at a key made of the graph's seed and the operation's own name, so that adding an unrelated
operation changes nothing; a hidden variable counts the runs, and the key of a run is ``fold_in(start, count)``.
Operations of one kind that were given no name are numbered: name those whose numbers must stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyflow.core.building import builder_of
from polyflow.core.declaration import Op, Rule
from polyflow.core.dtypes import DType, float32, in_category, uint32
from polyflow.core.graph import Graph, get_default_graph
from polyflow.core.inference import common_dtype, infer
from polyflow.core.literal import literal
from polyflow.core.shapes import broadcast_shapes
from polyflow.core.tensor import Tensor
from polyflow.core.types import UNKNOWN, Shape, TensorType, format_shape
from polyflow.errors import ArgumentError, DTypeError, GraphError, ShapeError, ValueRangeError, message
from polyflow.ops.random_bits import check_key, fold_in, threefry_words
from polyflow.ops.state import Variable

DEFAULT_SEED = 0
"""The seed of a graph that has been given none."""


def set_random_seed(seed: int) -> None:
    """Give the default graph a seed, from which the streams of random operations built afterwards are derived.

    >>> import polyflow as pf
    >>> def draw(seed):
    ...     with pf.Graph().as_default():
    ...         pf.set_random_seed(seed)
    ...         return pf.Session().run(pf.random.randint((2,), 0, 100)).tolist()
    >>> draw(1) == draw(1), draw(1) == draw(2)
    (True, False)

    The same as ``get_default_graph().seed = seed``. A graph without a seed has the seed 0.
    """
    get_default_graph().seed = seed


class RandomOp(Op):
    """An op that draws random numbers: with ``key`` a function of it, without one from a stream of its own."""

    def __call__(self, *args: object, name: str | None = None, device: str | None = None, **kwargs: Any) -> Any:
        if kwargs.get("key") is None:
            operands, _ = self.signature.bind(args, kwargs)
            kwargs["key"] = stream_key(builder_of(operands), name or self.name, kwargs.get("seed"))
        elif kwargs.get("seed") is not None:
            raise ArgumentError(
                message(f"{self.full_name} takes a key or a seed, not both", remedy="key=polyflow.random.key(seed)")
            )
        return super().__call__(*args, name=name, device=device, **kwargs)

    def expansion(self, rule: Rule) -> Rule:
        """Declare the expansion; it gets Python numbers as they are, to be cast to the dtype of the draw."""
        if not self.takes_unknown:
            return super().expansion(rule)

        def expand(builder: Any, inputs: tuple[Tensor, ...], attributes: Mapping[str, Any]) -> Any:
            inferred = infer(self, [each.type for each in inputs], attributes, getattr(builder, "location", None))
            return rule(builder, inputs, inferred.attributes)

        return super().expansion(expand)


def define_random_op(*, takes_numbers: bool = True) -> Callable[[Rule], RandomOp]:
    """Declare a random op by its inference rule, which has the operand ``key`` and the attribute ``seed`` last.

    ``takes_numbers`` says that it has parameters that are often Python numbers; the rule then calls :func:`drawn`.
    """
    return lambda rule: RandomOp(rule, namespace="random", takes_unknown=takes_numbers)


def stream_key(graph: object, name: str, seed: int | None = None) -> Tensor:
    """The key that the stream called ``name`` has in a run, different in each.

    ``seed`` takes the place of the name: streams of one seed in one graph are equal. An eager namespace has a key for
    each call.
    """
    if hasattr(graph, "next_key"):  # a builder that runs each op at once counts its draws itself
        return graph.next_key(name, seed)  # type: ignore[no-any-return]
    if not isinstance(graph, Graph):
        raise GraphError(
            message(f"{name}: no graph is being built that could count runs", remedy="key=polyflow.random.key(seed)")
        )
    with graph.as_default(), graph.name_scope(f"{name}/stream") as scope:
        start = graph.constant(first_key(graph.seed, scope.rstrip("/") if seed is None else seed), uint32, name="start")
        with graph.control_dependencies(None):  # its initial value waits for nothing
            runs = Variable(0, dtype=uint32, trainable=False, name="runs")
        with graph.control_dependencies([runs.assign_add(1)]):
            return fold_in(start, runs.handle)  # type: ignore[no-any-return]


def first_key(graph_seed: int | None, own: str | int) -> tuple[int, int]:
    """The key of the graph's seed, into which the text of the name, or of the operation's seed, is folded."""
    seed = DEFAULT_SEED if graph_seed is None else graph_seed
    key = (seed >> 32) & 0xFFFFFFFF, seed & 0xFFFFFFFF
    text = str(own).encode()
    for place in range(0, len(text), 8):
        key = threefry_words(*key, int.from_bytes(text[place : place + 8], "big"))
    return threefry_words(*key, len(text))


# -- what the rules of random ops share


def drawn(
    shape: Shape | None, dtype: DType | None, key: TensorType | None, *parameters: TensorType, kind: str = "float"
) -> TensorType:
    """The type of a draw: ``shape``, or that to which ``parameters`` broadcast; ``dtype``, or that in which they meet.

    Raises ``ShapeError`` where the parameters do not broadcast to ``shape``, ``DTypeError`` for another kind of dtype.
    """
    assert key is not None, "a call without a key is given one"
    if not all(each.is_ranked for each in (key, *parameters)):
        return UNKNOWN
    check_key(key)
    for each in parameters:
        if not in_category(each.known_dtype, "real"):
            raise DTypeError(message("a parameter of a distribution is real", found=each.dtype, needed="a real dtype"))
    found = broadcast_shapes(*(each.known_shape for each in parameters))
    if shape is not None:
        found = _checked(shape, found)
    dtype = dtype or float_dtype(*parameters)
    if dtype.kind != kind:
        needed = "a real floating dtype" if kind == "float" else "an integer dtype"
        raise DTypeError(message("a dtype in which nothing can be drawn", found=dtype, needed=needed))
    return TensorType(dtype, found)


def _checked(shape: Shape, found: Shape) -> Shape:
    """``shape``, to which the parameters' shape ``found`` must broadcast."""
    if any(size is not None and size < 0 for size in shape):
        raise ValueRangeError(message("not a shape", found=format_shape(shape), needed="no dimension below 0"))
    if broadcast_shapes(shape, found) != shape:
        raise ShapeError(
            message(
                "the parameters do not broadcast to the shape", found=format_shape(found), needed=format_shape(shape)
            )
        )
    return shape


def float_dtype(*parameters: TensorType) -> DType:
    """The floating-point dtype in which ``parameters`` meet; float32 where there is none among them."""
    found = common_dtype(parameters) if parameters else float32
    return found if found.is_differentiable else float32


def drawn_shape(attributes: Mapping[str, Any], *parameters: Tensor) -> tuple[int, ...]:
    """The shape of a draw when every type is known."""
    shape: tuple[int, ...] | None = attributes["shape"]
    if shape is not None:
        return shape
    return TensorType(None, broadcast_shapes(*(each.type.known_shape for each in parameters))).static_shape


def in_dtype(builder: Any, dtype: DType, parameter: Tensor | float) -> Tensor:
    """A parameter of a draw in its dtype."""
    if isinstance(parameter, float):
        return builder.as_tensor(literal(parameter, dtype))  # type: ignore[no-any-return]
    return builder.cast(parameter, dtype)  # type: ignore[no-any-return]


def is_number(parameter: Tensor | float, number: float) -> bool:
    """Whether a parameter is the Python number ``number``, such as a default; gradients do not ask for those."""
    if isinstance(parameter, float):
        return parameter == number
    return parameter.type.weak and bool(parameter.operation.attributes["value"].uniform_value == number)


def moved(builder: Any, draw: Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """``loc + scale * draw``; what is only a default costs nothing."""
    if not is_number(scale, 1):
        draw = draw * builder.cast(scale, draw.dtype)
    if not is_number(loc, 0):
        draw = draw + builder.cast(loc, draw.dtype)
    return draw
