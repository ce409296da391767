"""``Print`` and ``print``: values written down while a program runs."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from polyflow.core.building import builder_of
from polyflow.core.declaration import Trait, define_op
from polyflow.core.hosting import HostRun, current_run
from polyflow.core.literal import literal
from polyflow.core.samples import Sample, normal
from polyflow.core.tensor import Operation, Tensor
from polyflow.core.types import TensorType

DEFAULT_SUMMARY = 3


class Printer:
    """How and where one operation prints; what it has printed so far is the session's."""

    def __init__(
        self,
        parts: Sequence[str],
        stream: TextIO | None = None,
        first_n: int | None = None,
        summarize: int | None = None,
        write_array: Callable[[Any, Any, int], str] | None = None,
    ) -> None:
        self.parts = tuple(parts)
        """Text before, between and after the values."""
        self.stream = stream
        """Standard error where it is ``None``."""
        self.first_n = first_n
        self.summarize = DEFAULT_SUMMARY if summarize is None else summarize
        self._write_array = write_array or format_array

    def write(self, xp: Any, arrays: Sequence[Any]) -> None:
        """Print ``arrays``, in one piece, unless that was done often enough."""
        run = current_run()
        if run is not None and self.first_n is not None and 0 <= self.first_n <= next(self._count(run)):
            return
        texts = [self._write_array(xp, each, self.summarize) for each in arrays]
        line = self.parts[0] + "".join(text + after for text, after in zip(texts, self.parts[1:], strict=True))
        stream = self.stream or sys.stderr
        stream.write(line)
        stream.flush()

    def _count(self, run: HostRun) -> Iterator[int]:
        count: Iterator[int] = run.resource(self, itertools.count)
        return count

    def __repr__(self) -> str:
        return f"<printer of {len(self.parts) - 1}>"


def Print(
    input_: Any,
    data: Sequence[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
    output_stream: TextIO | None = None,
) -> Any:
    """``input_`` itself, printing ``message`` and the values of ``data`` whenever it is computed.

    >>> import polyflow as pf, sys
    >>> x = pf.constant([1.0, 2.0, 3.0, 4.0])
    >>> y = pf.Print(x * 2, [x, pf.sum(x)], "x and its sum: ", output_stream=sys.stdout)
    >>> pf.Session().run(y).tolist()
    x and its sum: [1.0 2.0 3.0...][10.0]
    [2.0, 4.0, 6.0, 8.0]

    Only the ``first_n`` times in a session, if given, and at most ``summarize`` elements of each (3; -1 for all). It
    goes to standard error unless ``output_stream`` says otherwise. Gradients pass. Source: TensorFlow 1, ``tf.Print``.
    """
    parts = [message or "", *[""] * len(data)]
    parts[-1] += "\n"
    printer = Printer(parts, output_stream, first_n, summarize, in_brackets)
    return print_op(input_, list(data), printer=printer, name=name)


def print_(
    *inputs: Any,
    output_stream: TextIO | None = None,
    summarize: int | None = None,
    sep: str = " ",
    end: str = "\n",
    name: str | None = None,
) -> Operation | None:
    """An operation that prints tensors and words; make what follows depend on it by ``control_dependencies``.

    >>> import polyflow as pf, sys
    >>> pf.Session().run(pf.print("step", pf.constant(3), "done", output_stream=sys.stdout))
    step 3 done

    Options are those of :func:`polyflow.Print`. Source: TensorFlow, ``tf.print``.
    """
    tensors: list[Any] = []
    parts = [""]
    for place, each in enumerate(inputs):
        if place:
            parts[-1] += sep
        if hasattr(each, "__tensor__") or hasattr(each, "__array_namespace__") or hasattr(each, "__array__"):
            tensors.append(each)
            parts.append("")
        else:
            parts[-1] += str(each)
    parts[-1] += end
    printer = Printer(parts, output_stream, None, summarize)
    builder: Any = builder_of(tensors)
    result = builder.apply(print_op, [builder.as_tensor(len(inputs)), *tensors], {"printer": printer}, name, None)
    return result.operation if isinstance(result, Tensor) else None


def format_array(xp: Any, array: Any, summarize: int) -> str:
    """The first ``summarize`` elements of ``array`` in order (all of them for -1), as TensorFlow prints them.

    >>> format_array(None, literal([[1, 2], [3, 4]]), 3)
    '[[1 2][3...]]'
    """
    found = array if xp is None else xp.asarray(array)
    shape = tuple(found.shape)
    if xp is not None and found.ndim and 0 <= summarize < _product(shape):
        found = xp.reshape(found, (-1,))[:summarize]
    flat = literal(found)
    numbers = [str(each) for each in _flat(flat.tolist())]
    total = _product(shape)
    shown = total if summarize < 0 else min(summarize, total)
    return _nested(iter(numbers), shape, [shown])


def in_brackets(xp: Any, array: Any, summarize: int) -> str:
    """As :func:`format_array`, with brackets also around a single number."""
    text = format_array(xp, array, summarize)
    return text if text.startswith("[") else f"[{text}]"


def _nested(numbers: Iterator[str], shape: tuple[int, ...], left: list[int]) -> str:
    """Brackets around each dimension; ``left`` counts the elements that are still shown."""
    if not shape:
        left[0] -= 1
        return next(numbers)
    parts, is_cut = [], False
    for _ in range(shape[0]):
        if left[0] <= 0:
            is_cut = True
            break
        parts.append(_nested(numbers, shape[1:], left))
    separator = " " if len(shape) == 1 else ""
    return f"[{separator.join(parts)}{'...' if is_cut and (not parts or not parts[-1].endswith('...]')) else ''}]"


def _flat(value: Any) -> Iterator[Any]:
    if not isinstance(value, list):
        yield value
        return
    for each in value:
        yield from _flat(each)


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for each in shape:
        size *= each
    return size


@define_op(name="print", traits=Trait.EFFECT | Trait.HOST | Trait.VIEW, takes_unknown=True)
def print_op(x: TensorType, data: Sequence[TensorType], /, *, printer: Printer) -> TensorType:
    """``x`` itself, after the values of ``data`` have been printed; users call :func:`polyflow.Print`.

    >>> import polyflow as pf
    >>> pf.Print(pf.constant(1.0), []).op.op
    <op print>
    """
    return TensorType(x.dtype, x.shape)


@print_op.kernel
def print_kernel(xp: Any, x: Any, data: Sequence[Any], *, printer: Printer) -> Any:
    printer.write(xp, data)
    return x


@print_op.gradient
def print_gradient(xp: Any, operation: Operation, g: Any) -> tuple[Any, ...]:
    return (g, *[None] * (len(operation.inputs) - 1))


class _Nowhere:
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@print_op.samples
def print_samples() -> Iterator[Sample]:
    nowhere: Any = _Nowhere()
    yield Sample(normal(2, 3), [normal(4)], printer=Printer(["", ""], nowhere))
    yield Sample(normal(3), [], printer=Printer([""], nowhere, first_n=0))
