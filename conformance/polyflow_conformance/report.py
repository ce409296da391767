"""A run of the kit, and what it says: a matrix of family and check, and every failure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from polyflow.core.declaration import Op
from polyflow.extension import Backend
from polyflow.extension.manager import Extensions
from polyflow_conformance.checks import Values, check_errors
from polyflow_conformance.forward_check import check_forward
from polyflow_conformance.gradient_check import check_gradients
from polyflow_conformance.results import Result
from polyflow_conformance.tolerances import Group, family_of, group_of

Check = Callable[[Op, Backend], list[Result]]


class Kit:
    """The checks, ready to be run on the ops of an installation."""

    def __init__(self, extensions: Extensions) -> None:
        self.extensions = extensions
        self._checks: dict[str, Check] = {
            "values": Values(),
            "gradients": check_gradients,
            "forward": check_forward,
            "errors": check_errors,
        }

    @property
    def checks(self) -> list[str]:
        """The names of the checks."""
        return list(self._checks)

    def op_names(self, expression: str = "") -> list[str]:
        """The ops whose names contain ``expression``."""
        return [name for name in self.extensions.ops if expression in name]

    def run(self, check: str, op: str, backend: Backend) -> list[Result]:
        """The results of one check of one op."""
        return self._checks[check](self.extensions.ops[op], backend)

    def run_all(self, backend: Backend, expression: str = "") -> Iterator[list[Result]]:
        """The results op by op."""
        for name in self.op_names(expression):
            yield [result for check in self._checks for result in self.run(check, name, backend)]


@dataclass
class Report:
    """The results of a run on one backend."""

    backend: str
    distribution: str
    results: list[Result]
    families: dict[str, str]
    """The family of each op: the last part of its module's name."""
    groups: dict[str, Group] = field(default_factory=dict)
    """The tolerance of each op."""

    @property
    def failures(self) -> list[Result]:
        return [each for each in self.results if not each.has_passed]

    def matrix(self) -> str:
        """Passed and failed cases by family and check, as text."""
        checks = list(dict.fromkeys(each.check for each in self.results))
        passed: Counter[tuple[str, str]] = Counter()
        failed: Counter[tuple[str, str]] = Counter()
        for each in self.results:
            (passed if each.has_passed else failed)[self.families[each.op], each.check] += 1
        width = max((len(name) for name in self.families.values()), default=6) + 2
        lines = [f"{'family':<{width}}" + "".join(f"{check:>16}" for check in checks)]
        for family in dict.fromkeys(self.families.values()):
            cells = []
            for check in checks:
                good, bad = passed[family, check], failed[family, check]
                cells.append("-" if not good and not bad else f"{good}" + (f" ({bad} FAILED)" if bad else ""))
            if set(cells) != {"-"}:
                lines.append(f"{family:<{width}}" + "".join(f"{cell:>16}" for cell in cells))
        return "\n".join(lines)

    def as_data(self) -> dict[str, object]:
        """All results, as JSON takes them."""
        return {
            "backend": self.backend,
            "distribution": self.distribution,
            "passed": len(self.results) - len(self.failures),
            "failed": len(self.failures),
            "results": [asdict(each) for each in self.results],
        }

    def to_json(self) -> str:
        """All results, for machines."""
        return json.dumps(self.as_data(), indent=1)


def reports_to_json(reports: Sequence[Report]) -> str:
    """The results of several backends, for machines."""
    return json.dumps([each.as_data() for each in reports], indent=1)


def families_of(extensions: Extensions) -> dict[str, str]:
    """The family of each op."""
    return {name: family_of(op) for name, op in extensions.ops.items()}


def groups_of(extensions: Extensions) -> dict[str, Group]:
    """The tolerance of each op."""
    return {name: group_of(op) for name, op in extensions.ops.items()}
