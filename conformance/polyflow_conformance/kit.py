"""The kit: every item that can be proved of a backend, chosen by level and name, and run in this process.

    from polyflow_conformance.kit import Kit
    report = Kit(extensions()).prove(backend, ["core"], expression="not nn", fail_fast=True)

One kit proves any number of backends: what the oracle says is computed once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from polyflow.core.declaration import Op
from polyflow.extension import Backend
from polyflow.extension.manager import Extensions
from polyflow_conformance import programs, properties, refusals
from polyflow_conformance.checks import VARIED, Values, check_errors, check_memory
from polyflow_conformance.executor_check import check_executors
from polyflow_conformance.forward_check import check_forward
from polyflow_conformance.gradient_check import check_gradients
from polyflow_conformance.known import Known, applied, known_of
from polyflow_conformance.levels import ALL, LEVELS, chosen_levels, level_of
from polyflow_conformance.probes import PROBES, Probe
from polyflow_conformance.process_settings import remember_environment
from polyflow_conformance.program_check import check_program
from polyflow_conformance.report import Report
from polyflow_conformance.results import Result, refused
from polyflow_conformance.selection import selector
from polyflow_conformance.tolerances import family_of, group_of

Check = Callable[[Op, Backend], list[Result]]


@dataclass(frozen=True)
class Item:
    """One thing to be proved: a check of an op, a program, or a probe."""

    level: str
    family: str
    subject: str
    check: str
    function: Callable[[Backend], list[Result]]

    @property
    def id(self) -> str:
        """Its name, by which ``-k`` selects."""
        return f"{self.level}/{self.family}/{self.subject}/{self.check}"

    def run(self, backend: Backend) -> list[Result]:
        """The results of all its cases; a check that cannot be made at all is a failure."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a library's doubts are no results
                found = self.function(backend)
        except Exception as error:
            found = [Result(self.check, self.subject, "all", refused(error), exception=type(error).__name__)]
        return [replace(each, level=self.level, family=self.family) for each in found]


class Kit:
    """The items of an installation, with what the oracle has said of them so far."""

    def __init__(self, extensions: Extensions, *, every_dtype: bool = False) -> None:
        self.extensions = extensions
        remember_environment()
        self._values = Values(every_dtype=every_dtype)
        self._checks: dict[str, Check] = {
            "values": self._values,
            "memory": check_memory,
            "executors": check_executors,
            "properties": properties.check_properties,
            "gradients": check_gradients,
            "forward": check_forward,
            "errors": check_errors,
            "missing": refusals.check_missing,
        }

    @property
    def checks(self) -> list[str]:
        """The names of the checks of ops."""
        return list(self._checks)

    def prime(self, op: str) -> None:
        """Ask the oracle now what it says to the values of ``op``."""
        self._values.oracle(self.extensions.ops[op])

    def op_names(self, expression: str = "") -> list[str]:
        """The ops whose names fulfil ``expression``."""
        return list(filter(selector(expression), self.extensions.ops))

    def run(self, check: str, op: str, backend: Backend) -> list[Result]:
        """The results of one check of one op."""
        return self._checks[check](self.extensions.ops[op], backend)

    def items(self, levels: Sequence[str] = (ALL,), expression: str = "") -> list[Item]:
        """The items of ``levels`` whose names fulfil ``expression``, level by level."""
        chosen, is_wanted = chosen_levels(levels), selector(expression)
        found = [each for each in self._all() if each.level in chosen and is_wanted(each.id)]
        return sorted(found, key=lambda each: tuple(LEVELS).index(each.level))

    def prove(
        self,
        backend: Backend,
        levels: Sequence[str] = (ALL,),
        *,
        expression: str = "",
        fail_fast: bool = False,
        known: Sequence[Known] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Report:
        """Run the items on ``backend``, to the first failure if ``fail_fast``, and report."""
        items = self.items(levels, expression)
        report = self.report(backend.name)
        for done, item in enumerate(items, 1):
            report.results += applied(known, item.run(backend))
            if progress is not None:
                progress(done, len(items))
            if fail_fast and report.failures:
                break
        return report

    def notes(self, backend: Backend) -> list[str]:
        """What a reader must know of how this kit proves ``backend``."""
        found = [] if properties.HAS_HYPOTHESIS else [f"property tests were left out: {properties.WITHOUT}"]
        if backend.is_compiled and not self._values.every_dtype:
            found.append(f"values: {VARIED}; --every-dtype asks for all of them")
        return found

    def report(self, name: str, results: Iterable[Result] = ()) -> Report:
        """A report on the backend of that name."""
        entry = self.extensions.backend_entries.get(name)
        ops = self.extensions.ops
        families = {each: family_of(op) for each, op in ops.items()}
        groups = {each: group_of(op) for each, op in ops.items()}
        return Report(name, entry[1] if entry else "", list(results), families, groups)

    def known(self, name: str) -> list[Known]:
        """The known failures of the backend of that name."""
        entry = self.extensions.backend_entries.get(name)
        return known_of(entry[0] if entry else None)

    def _all(self) -> Iterator[Item]:
        levels = {"gradients": "autodiff", "forward": "autodiff", "errors": "errors", "missing": "errors"}
        for check, function in self._checks.items():
            for name, op in self.extensions.ops.items():
                if op.sample_rule is not None:
                    level = levels.get(check) or level_of(op)
                    yield Item(level, family_of(op), name, check, _of_op(function, op))
        for program in programs.PROGRAMS:
            yield Item(program.level, program.family, program.name, "program", _of_program(program))
        for probe in PROBES:
            yield Item(probe.level, probe.family, probe.name, "probe", probe.run)


def _of_op(function: Check, op: Op) -> Callable[[Backend], list[Result]]:
    return lambda backend: function(op, backend)


def _of_program(program: programs.Program) -> Callable[[Backend], list[Result]]:
    return lambda backend: check_program(program, backend)


def run(
    backend: Backend, level: str = ALL, *, expression: str = "", fail_fast: bool = False, kit: Kit | None = None
) -> Report:
    """Prove one level of a backend object, as a tester of the kit does many times over; hand in the kit to share it."""
    from polyflow.extension.manager import extensions  # only where no kit is given

    return (kit or Kit(extensions())).prove(backend, [level], expression=expression, fail_fast=fail_fast)


__all__ = ["Item", "Kit", "Probe", "run"]
