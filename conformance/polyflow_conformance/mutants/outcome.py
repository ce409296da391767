"""What came of a hunt: the kill rate, who kills what, what each check kills alone; for readers and for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from polyflow_conformance.mutants.mutant import Operator


@dataclass(frozen=True)
class Fate:
    """What became of one mutant, without the mutant."""

    operator: str
    target: str
    killers: dict[str, str]
    """By check, the first case in which it was found, and how."""
    met: int
    """How many items it met."""
    seconds: float

    @property
    def id(self) -> str:
        """The name of the mutant."""
        return f"{self.operator}/{self.target}"


@dataclass
class Outcome:
    """What became of all."""

    backend: str
    seed: int
    made: int
    """How many mutants the operators make in all."""
    fates: list[Fate]
    soles: dict[str, list[str]]
    """By check, mutants that nothing else kills, of those that have met everything that can see them."""
    equivalents: dict[str, str]
    """Why mutants of those names cannot be killed."""
    seconds: float = 0.0
    sound_failures: list[str] = field(default_factory=list)
    """What failed on the backend without any fault: nothing, or the hunt means nothing."""
    is_whole: bool = False
    """Whether all operators were asked, and what each check kills alone."""

    @property
    def lived(self) -> list[Fate]:
        """Those that nothing has killed and that should have been."""
        return [each for each in self.fates if not each.killers and each.id not in self.equivalents]

    @property
    def equal(self) -> list[Fate]:
        """Those that nothing has killed, and of which is known why."""
        return [each for each in self.fates if not each.killers and each.id in self.equivalents]

    @property
    def wrongly_known(self) -> list[Fate]:
        """Those that are said to be equivalent and were killed all the same."""
        return [each for each in self.fates if each.killers and each.id in self.equivalents]

    @property
    def is_clean(self) -> bool:
        """Whether every mutant that is not equivalent was killed."""
        return not (self.lived or self.wrongly_known or self.sound_failures or (self.is_whole and self.idle))

    @property
    def idle(self) -> list[str]:
        """The checks that could be left out of the kit: what they kill, others kill too."""
        return [check for check, own in self.soles.items() if not own]

    def summary(self) -> str:
        """One line.

        >>> Outcome("some", 0, 9, [Fate("off", "add", {"values": "add-0"}, 1, 0.1), Fate("off", "sub", {}, 1, 0.1)],
        ...         {}, {}).summary()
        '1 of 2 mutants that are not equivalent killed (50.0 %), 0 equivalent, of 9 that 1 operators make'
        """
        wanted = len(self.fates) - len(self.equal)
        killed = wanted - len(self.lived)
        rate = 100.0 * killed / wanted if wanted else 100.0
        operators = len({each.operator for each in self.fates})
        return (
            f"{killed} of {wanted} mutants that are not equivalent killed ({rate:.1f} %), "
            f"{len(self.equal)} equivalent, of {self.made} that {operators} operators make"
        )

    def needed(self) -> str:
        """How many checks the kit cannot do without.

        >>> Outcome("some", 0, 9, [], {"types": ["off/add"], "values": []}, {}).needed()
        '1 of 2 checks kill a mutant that nothing else kills; without: values'
        """
        count = len(self.soles) - len(self.idle)
        without = f"; without: {', '.join(self.idle)}" if self.idle else ""
        return f"{count} of {len(self.soles)} checks kill a mutant that nothing else kills{without}"

    def by_operator(self) -> dict[str, Counter[str]]:
        """By operator, how many mutants each check has killed; under "all" and "killed" how many there are."""
        found: dict[str, Counter[str]] = {}
        for fate in self.fates:
            row = found.setdefault(fate.operator, Counter())
            row["all"] += 1
            row["killed"] += bool(fate.killers)
            row["equivalent"] += not fate.killers and fate.id in self.equivalents
            row.update(dict.fromkeys(fate.killers, 1))
        return found

    def by_check(self) -> Counter[str]:
        """By check, how many mutants it has killed."""
        return Counter(check for fate in self.fates for check in fate.killers)

    def table(self) -> str:
        """The checks, what they killed, and one mutant that each alone kills."""
        killed = self.by_check()
        width = max(map(len, self.soles), default=5)
        lines = [f"{'check':<{width}}  killed  alone"]
        for check, own in self.soles.items():
            lines.append(f"{check:<{width}}  {killed[check]:>6}  {', '.join(own) or '-'}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Everything, for machines."""
        data = {
            "backend": self.backend,
            "seed": self.seed,
            "made": self.made,
            "seconds": round(self.seconds, 1),
            "mutants": [
                {"mutant": each.id, "killers": each.killers, "met": each.met, "seconds": round(each.seconds, 2)}
                for each in self.fates
            ],
            "soles": self.soles,
            "equivalents": {each.id: self.equivalents[each.id] for each in self.equal},
            "lived": [each.id for each in self.lived],
        }
        return json.dumps(data, indent=1)


def outcome_page(outcome: Outcome, operators: Sequence[Operator], command: str) -> str:
    """Markdown: operators and their kills, what each check kills alone, and the equivalent ones."""
    killed = outcome.by_check()
    lines = [
        "# The kit proves itself",
        "",
        f"Generated by `{command}`. Faults are planted in a sound backend (`{outcome.backend}`) and in polyflow around",
        "it, one at a time; the kit has to find each. They are made by operators, each of which turns everything that",
        "it fits into one mutant; the hunt goes for a seeded draw of all, some of each operator, of as many ops as can",
        "be, and for more where a check has killed none alone. A mutant meets what names its op, or the programs and",
        "probes; if it lives, everything that uses what it changes.",
        "",
        f"**{outcome.summary()}.**",
        "",
        *([f"**{outcome.needed()}.**", ""] if outcome.soles else []),
        "## Operators",
        "",
        "| operator | what it does | mutants | killed | equivalent | killed by |",
        "|---|---|---|---|---|---|",
    ]
    rows = outcome.by_operator()
    for operator in operators:
        row = rows.get(operator.name)
        if row is not None:
            checks = [(check, count) for check, count in row.most_common() if check in killed]
            shown = ", ".join(f"{check} {count}" for check, count in checks[:6])
            more = f", and {len(checks) - 6} checks more" if len(checks) > 6 else ""
            numbers = f"{row['all']} | {row['killed']} | {row['equivalent']}"
            lines.append(f"| {operator.name} | {operator.summary} | {numbers} | {shown}{more} |")
    lines += [
        "",
        "## Checks",
        "",
        "What each check has killed, and a mutant that it alone kills, of those that have met everything that can see",
        "them: without the check, that one would live.",
        "",
        "| check | killed | killed by nothing else |",
        "|---|---|---|",
    ]
    for check, own in outcome.soles.items():
        lines.append(f"| {check} | {killed[check]} | {', '.join(f'`{each}`' for each in own)} |")
    lines += ["", "## Equivalent mutants", "", "Of those drawn, these cannot be told from the sound backend:", ""]
    lines += [f"- `{each.id}`: {outcome.equivalents[each.id]}" for each in outcome.equal] or ["- none"]
    if outcome.lived:
        lines += ["", "## Alive", "", *(f"- `{each.id}`, which met {each.met} items" for each in outcome.lived)]
    return "\n".join(lines) + "\n"
