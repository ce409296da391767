"""What an op is: ``@define_op`` and the rules that are hung on it.

Everything that is known of an op stands in one place, the file of its family: the inference rule, whose signature,
name and docstring are the op's own; the gradient; the samples; a kernel only where the array API standard has none.
Declaring registers nothing: a plugin's hook hands its ops over.
"""

from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, overload

from polyflow.core.batching import BatchingRule, elementwise
from polyflow.core.building import Builder, builder_of
from polyflow.core.samples import ErrorSample, Sample
from polyflow.core.signature import Signature

Rule = Callable[..., Any]  # a rule's parameters are those of its op


class Trait(enum.Flag):
    """Facts about an op that passes act on, so that none of them needs to know an op by name."""

    NONE = 0
    ELEMENTWISE = enum.auto()
    """Each element of the result depends on the same element of the broadcast operands."""
    COMMUTATIVE = enum.auto()
    """Exchanging its two operands changes nothing."""
    ASSOCIATIVE = enum.auto()
    """A product of three matrices by it is the same in either order, but for rounding."""
    INVOLUTION = enum.auto()
    """Applied twice it gives its operand back."""
    IDEMPOTENT = enum.auto()
    """Applied twice it does no more than once."""
    IDENTITY = enum.auto()
    """Its result is its first operand, whenever their types are equal."""
    EFFECT = enum.auto()
    """It does something besides giving a result: it is neither dropped, merged nor folded."""
    VIEW = enum.auto()
    """Its result may share memory with its first operand."""
    HOST = enum.auto()
    """It runs Python on the host, and cannot be part of a compiled program."""
    ACCUMULATES = enum.auto()
    """It adds something to its first operand: on zeros it gives what it adds."""
    ELSEWHERE = enum.auto()
    """It runs on another backend, whose arrays its operands and results may be."""
    NESTED = enum.auto()
    """It runs programs, which are among its attributes."""


@dataclass(frozen=True)
class NoGradient:
    """What a gradient rule gives for an operand by which nobody can differentiate the op, and why.

    Asking for that gradient is an error; the others are there.
    """

    reason: str


class Op:
    """A declared operation: call it on tensors to add an operation to their graph."""

    def __init__(
        self,
        rule: Rule,
        *,
        name: str | None = None,
        namespace: str = "",
        traits: Trait = Trait.NONE,
        dtypes: str | Mapping[str, str] = "any",
        promote: bool | Sequence[str] = False,
        adopts: Mapping[str, str] | None = None,
        to_float: bool = False,
        neutral: Mapping[int, object] | None = None,
        result_names: Sequence[str] = (),
        is_variable: bool = False,
        takes_unknown: bool = False,
        is_total: bool = True,
    ) -> None:
        self.rule = rule
        self.name = name or rule.__name__.rstrip("_")
        self.namespace = namespace
        self.full_name = f"{namespace}.{self.name}" if namespace else self.name
        """The name with its namespace, as in ``"linalg.svd"``."""
        self.traits = traits
        self._trait_bits: int = traits._value_
        self.is_nested = self.has_trait(Trait.NESTED)
        """Whether it runs programs, which are among its attributes: ``Trait.NESTED``, asked often."""
        self.dtypes = dtypes
        self.promote = promote
        self.adopts = dict(adopts or {})
        self.to_float = to_float
        self.neutral = dict(neutral or {})
        self.result_names = tuple(result_names)
        self.is_variable = is_variable
        self.takes_unknown = takes_unknown
        self.is_total = is_total
        self.gradient_rule: Rule | None = None
        self.gradient_reason: str | None = None
        self.kernel_rule: Rule | None = None
        self.expansion_rule: Rule | None = None
        self.simplification_rule: Rule | None = None
        self.stable_rule: Rule | None = None
        self._batching_rule: BatchingRule | None = None
        self.sample_rule: Callable[[], Iterable[Sample | ErrorSample]] | None = None
        self.inferred: dict[tuple[Any, ...], Any] = {}
        """What inference has found for operands of some types without attributes: its own to use."""
        self.__name__ = self.name
        self.__qualname__ = self.name
        self.__doc__ = rule.__doc__
        self.__module__ = rule.__module__
        self.__wrapped__ = rule

    @cached_property
    def signature(self) -> Signature:
        """The parameters, read from the inference rule when first asked for."""
        return Signature(self.full_name, self.rule)

    @cached_property
    def promoted(self) -> frozenset[str]:
        """The names of the operands that are brought to one dtype."""
        if isinstance(self.promote, bool):
            return frozenset(each.name for each in self.signature.operands) if self.promote else frozenset()
        return frozenset(self.promote)

    @cached_property
    def result_type(self) -> Callable[[Iterable[Any]], tuple[Any, ...]]:
        """What makes the tuple of several outputs: ``tuple``, or a named one where the op names its results."""
        if not self.result_names:
            return tuple
        make: Any = namedtuple(f"{self.name}_result", self.result_names)  # type: ignore[misc]
        return make._make

    def result_of(self, outputs: tuple[Any, ...]) -> Any:
        """What a call returns: the only output, or the tuple of several."""
        return outputs[0] if self.signature.output_count == 1 else self.result_type(outputs)

    def has_trait(self, trait: Trait) -> bool:
        return self._trait_bits & trait._value_ == trait._value_  # a fifth of what `in` takes

    def has_any(self, traits: Trait) -> bool:
        """Whether it has one or more of ``traits``."""
        return self._trait_bits & traits._value_ != 0

    # -- the rules hung on it

    def gradient(self, rule: Rule) -> Rule:
        """Declare the reverse-mode rule: ``rule(xp, operation, g)`` gives one gradient per operand.

        ``g`` is the gradient of the output, or the tuple of them; the result is one tensor, or a tuple with ``None``
        for operands that the output does not depend on smoothly, and :class:`NoGradient` for one whose gradient is not
        known. Gradients may have the broadcast shape: the driver sums them to the operand's.
        """
        self.gradient_rule = rule
        return rule

    def zero_gradient(self, reason: str) -> None:
        """Declare that the gradient is zero wherever it exists, and why."""
        self.gradient_reason = reason
        self.gradient_rule = _zero_gradient

    def no_gradient(self, reason: str) -> None:
        """Declare that the op has no gradient, and why: asking for it is an error that says so."""
        self.gradient_reason = reason

    def kernel(self, rule: Rule) -> Rule:
        """Declare the generic kernel: ``rule(xp, ...)`` on arrays of the array API namespace ``xp``."""
        self.kernel_rule = rule
        return rule

    def expansion(self, rule: Rule) -> Rule:
        """Declare what specialisation puts in its place: ``rule(builder, operation, inputs)`` gives the outputs."""
        self.expansion_rule = rule
        return rule

    def simplification(self, rule: Rule) -> Rule:
        """Declare a simpler form: ``rule(operation)`` gives ``(op, inputs, attributes)`` that compute the same, each
        input a tensor or again such a triple; or the tensor that the result is; or ``None``."""
        self.simplification_rule = rule
        return rule

    def stable(self, rule: Rule) -> Rule:
        """Declare what means the same and loses no digits: ``rule(xp, see, *inputs)`` gives the result, or ``None``.

        It is asked when a program is written, before gradients are. ``see(tensor)`` is the operation that made a tensor
        which the result may leave out, or ``None``: somebody differentiates by that tensor.
        """
        self.stable_rule = rule
        return rule

    def batching(self, rule: BatchingRule) -> BatchingRule:
        """Declare what it does to operands with a batch in front: ``rule(xp, operation, inputs, batched)``.

        A rule of :mod:`polyflow.core.batching`, or one of its own in the form that is described there.
        """
        self._batching_rule = rule
        return rule

    @property
    def batching_rule(self) -> BatchingRule | None:
        """The rule declared; for an elementwise op without one, alignment of ranks; else ``None``."""
        if self._batching_rule is None and self.has_trait(Trait.ELEMENTWISE):
            return elementwise
        return self._batching_rule

    def samples(self, rule: Callable[[], Iterable[Sample | ErrorSample]]) -> Callable[[], Iterable[Any]]:
        """Declare the operands with which conformance, folding and saving are tested."""
        self.sample_rule = rule
        return rule

    # -- use

    def __call__(self, *args: object, name: str | None = None, device: str | None = None, **kwargs: object) -> Any:
        operands, attributes = self.signature.bind(args, kwargs)
        builder: Builder = builder_of(operands)
        return builder.apply(self, operands, attributes, name, device)

    def __repr__(self) -> str:
        return f"<op {self.full_name}>"

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return _find_op, (self.__module__, self.__wrapped__.__name__)


def _zero_gradient(xp: object, operation: Any, g: object) -> tuple[None, ...]:
    return (None,) * len(operation.inputs)


def _find_op(module: str, name: str) -> Op:
    import importlib  # only unpickling needs it

    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Op)
    return found


@overload
def define_op(rule: Rule, /) -> Op: ...
@overload
def define_op(
    *,
    name: str | None = None,
    namespace: str = "",
    traits: Trait = Trait.NONE,
    dtypes: str | Mapping[str, str] = "any",
    promote: bool | Sequence[str] = False,
    adopts: Mapping[str, str] | None = None,
    to_float: bool = False,
    neutral: Mapping[int, object] | None = None,
    result_names: Sequence[str] = (),
    is_variable: bool = False,
    takes_unknown: bool = False,
    is_total: bool = True,
) -> Callable[[Rule], Op]: ...
def define_op(rule: Rule | None = None, /, **options: Any) -> Op | Callable[[Rule], Op]:
    """Declare an op by its inference rule, a function from operand types and attributes to the result's type.

    ``dtypes`` names the category of dtypes that it takes, for all operands or per operand; ``promote`` says which
    operands meet in one dtype (``True`` for all); ``adopts={"value": "x"}`` brings ``value`` to the dtype of ``x``
    where it promotes to it; ``to_float`` makes integers there the default float dtype; ``neutral`` maps the position of
    an operand to the scalar that leaves the other operand as it is; ``result_names`` makes several results a named
    tuple. The rule sees operands of known dtype and rank, in which only dimensions may be unknown, unless it says
    ``takes_unknown``. ``is_variable`` marks an op whose value a session keeps. An op with ``is_total=False`` promises
    the same values everywhere only on the domain that its manual names, and not at every zero, infinity, NaN and
    extreme.

    >>> from polyflow.core.types import TensorType
    >>> @define_op(dtypes="numeric")
    ... def double(x: TensorType, /) -> TensorType:
    ...     return x
    >>> double
    <op double>
    """
    if rule is not None:
        return Op(rule)
    return lambda decorated: Op(decorated, **options)


def ops_in(module: ModuleType) -> list[Op]:
    """The ops that ``module`` declares itself, in order: what its plugin hands over."""
    return [each for each in vars(module).values() if isinstance(each, Op) and each.__module__ == module.__name__]
