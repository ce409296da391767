"""What each check is there for: a mutant that it alone kills, of all that can see that mutant.

Which one that is, is written down in ``witnesses.toml``, and each hunt proves it anew:

    [witnesses]
    kept = "one buffer for all results/linalg.svd"

Where a witness is none any more, others that the check alone has killed so far are looked at, and then mutants that
were not drawn, of the operators of which the check kills most beside the fewest others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from polyflow.errors import ValueRangeError, message
from polyflow_conformance.mutants.hunt import Hunter, Told, Verdict, checks_of
from polyflow_conformance.mutants.mutant import Mutant
from polyflow_conformance.mutants.team import Team

FILE = Path(__file__).parent / "witnesses.toml"
SEARCHED = 24
"""So many mutants more are hunted for a check that kills none of those drawn alone."""


def read_witnesses(path: Path = FILE) -> dict[str, str]:
    """By check, the mutant that it is said to kill alone.

    Raises ``ValueRangeError`` where the file holds anything else.
    """
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    witnesses = found.get("witnesses")
    if set(found) != {"witnesses"} or not isinstance(witnesses, dict):
        raise ValueRangeError(
            message(
                f"{path.name} is no table of witnesses",
                found=repr(sorted(found)),
                needed="[witnesses] and nothing else",
            )
        )
    for check, mutant in witnesses.items():
        if not isinstance(mutant, str) or not mutant:
            raise ValueRangeError(message(f"{path.name}: {check} has no witness", found=repr(mutant), needed="a text"))
    return witnesses


@dataclass(frozen=True)
class Search:
    """What there is to be looked at for one check."""

    check: str
    candidates: Sequence[tuple[str, Told]]
    """Mutants that it alone has killed so far, and what is known of them."""
    others: Sequence[str]
    """Mutants that have not been hunted."""


def soles(
    team: Team, verdicts: Sequence[Verdict], spare: Sequence[Mutant] = (), *, tell: Callable[[str], None] | None = None
) -> tuple[dict[str, list[Verdict]], list[Verdict]]:
    """By check, a mutant that this check alone kills, of those that have met everything that can see them; and the
    verdicts on those of ``spare`` that were hunted in search of one."""
    found: dict[str, list[Verdict]] = {each: [] for each in checks_of(team.hunter.kit)}
    for verdict in verdicts:
        for check in verdict.killers:
            if verdict.is_complete and verdict.is_of(check) and not found.get(check, [None]):
                found[check].append(verdict)
    searched: list[Verdict] = []
    known = {each.mutant.id: each for each in verdicts}
    wanted = [_search(team.hunter, check, verdicts, spare) for check, own in found.items() if not own]
    for place, (name, met) in team.each(_sole, wanted):
        for mutant, told in met.items():
            verdict = known.get(mutant) or Verdict(team.mutants[mutant])
            verdict.killers, verdict.is_complete, verdict.met, verdict.seconds = told
            if mutant not in known:
                known[mutant] = verdict
                searched.append(verdict)
        check = wanted[place].check
        found[check] += [known[name]] if name else []
        if tell is not None:
            tell(f"{check}: {name or 'nothing'}")
    return found, searched


def _search(hunter: Hunter, check: str, verdicts: Sequence[Verdict], spare: Sequence[Mutant]) -> Search:
    own = sorted((each for each in verdicts if each.is_of(check)), key=lambda each: _cost(hunter, each))
    others = [each.id for each in _promising(check, verdicts, spare)]
    return Search(check, [(each.mutant.id, each.told) for each in own], others)


def _sole(hunter: Hunter, mutants: Mapping[str, Mutant], search: Search) -> tuple[str, dict[str, Told]]:
    """The name of a mutant that the check alone kills, or none; and what became of those that were looked at."""
    met: dict[str, Told] = {}
    for name, told in [*search.candidates, *[(each, None) for each in search.others]]:
        verdict = hunter.hunt(mutants[name]) if told is None else Verdict(mutants[name], *told)
        if verdict.is_of(search.check) and not verdict.is_complete:
            hunter.finish(verdict, lambda verdict=verdict: verdict.has_several)  # type: ignore[misc]
        met[name] = verdict.told
        if verdict.is_of(search.check):
            return name, met
    return "", met


def _promising(check: str, verdicts: Sequence[Verdict], spare: Sequence[Mutant]) -> list[Mutant]:
    """Mutants not hunted yet, of the operators of which the check kills the most beside the fewest others."""
    known = {verdict.mutant.id for verdict in verdicts}
    others = {verdict.mutant.operator: 99 for verdict in verdicts}
    for verdict in verdicts:
        if check in verdict.killers:
            operator = verdict.mutant.operator
            others[operator] = min(others[operator], len(verdict.killers))
    left = [each for each in spare if each.id not in known and others.get(each.operator, 99) < 4]
    by_operator: dict[str, list[Mutant]] = {}
    for each in sorted(left, key=lambda each: others[each.operator]):
        by_operator.setdefault(each.operator, []).append(each)
    turns = zip_longest(*by_operator.values())
    return [each for turn in turns for each in turn if each is not None][:SEARCHED]


def _cost(hunter: Hunter, verdict: Verdict) -> float:
    seers = hunter.coverage.seers(verdict.mutant, hunter.items)
    return sum(hunter.coverage.seconds.get(each.id, 0.1) for each in seers)
