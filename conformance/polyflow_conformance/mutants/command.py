"""``polyflow mutants``: plant faults in a sound backend and see that the kit kills them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from polyflow.errors import ValueRangeError, message
from polyflow.tools.writing import check_writable
from polyflow_conformance.kit import Item, Kit
from polyflow_conformance.known import applied
from polyflow_conformance.mutants.coverage import Coverage, measured
from polyflow_conformance.mutants.equivalents import read_equivalents, reasons
from polyflow_conformance.mutants.hunt import Hunter, Verdict
from polyflow_conformance.mutants.mutant import Mutant, World
from polyflow_conformance.mutants.outcome import Fate, Outcome, outcome_page
from polyflow_conformance.mutants.planting import OPERATORS, drawn, mutants_of, world_of_default
from polyflow_conformance.mutants.searching import read_witnesses, soles
from polyflow_conformance.mutants.team import Team
from polyflow_conformance.results import FAILED, Result
from polyflow_conformance.selection import selector

COUNT = 320
"""Mutants in the standard hunt."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help=f"how many are drawn ({COUNT})")
    parser.add_argument(
        "--all", action="store_true", help=f"all, most of a core's hour; beyond {COUNT} only until killed"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (0)")
    parser.add_argument("--operator", action="append", default=[], metavar="NAME", help="only this operator's; again")
    parser.add_argument("-k", dest="expression", default="", metavar="EXPR", help="only those whose names fulfil it")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="hunt in N processes")
    parser.add_argument("--quick", action="store_true", help="do not look for what each check kills alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to FILE")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write a Markdown page")


def run(arguments: argparse.Namespace) -> int:
    """Hunt; 1 where a mutant lives that is not known to be equivalent."""
    for each in (arguments.json, arguments.page):
        check_writable(each)
    world = world_of_default()
    known = [each.name for each in OPERATORS]
    for name in arguments.operator:
        if name not in known:
            raise ValueRangeError(message("no such operator", found=repr(name), needed=", ".join(known)))
    everything = mutants_of(world, arguments.operator)
    is_wanted = selector(arguments.expression)
    chosen = {name: [each for each in some if is_wanted(each.id)] for name, some in everything.items()}
    made = sum(map(len, everything.values()))
    is_part = bool(arguments.expression or arguments.operator)
    count = made if arguments.all or arguments.expression else arguments.count
    witnesses = {} if is_part else {mutant: check for check, mutant in read_witnesses().items()}
    order = drawn(chosen, made, arguments.seed, witnesses)
    outcome = hunted(world, order[:count], () if is_part else order[count:], arguments, witnesses)
    outcome.made, outcome.seed, outcome.is_whole = made, arguments.seed, not is_part and not arguments.quick
    if arguments.json is not None:
        arguments.json.write_text(outcome.to_json(), encoding="utf-8")
    if arguments.page is not None:
        command = " ".join(["polyflow mutants", *_options(arguments)])
        arguments.page.write_text(outcome_page(outcome, OPERATORS, command), encoding="utf-8")
    for each in outcome.lived:
        print(f"LIVES {each.id}  (met {each.met} items; alone: POLYFLOW_MUTANT='{each.id}')")
    for each in outcome.wrongly_known:
        print(f"KILLED though known as equivalent: {each.id} by {', '.join(each.killers)}")
    for failure in outcome.sound_failures:
        print(f"FAILS WITHOUT A FAULT: {failure}")
    if not arguments.quick:
        print(outcome.table())
        print(outcome.needed())
    print(f"{outcome.summary()}, in {outcome.seconds:.0f} s")
    return 0 if outcome.is_clean else 1


def _options(arguments: argparse.Namespace) -> list[str]:
    parts = ["--all"] if arguments.all else [f"--count {arguments.count}"] if arguments.count != COUNT else []
    parts += [f"--seed {arguments.seed}"] if arguments.seed else []
    parts += [f"--operator {each!r}" for each in arguments.operator]
    return [*parts, *([f"-k {arguments.expression!r}"] if arguments.expression else [])]


def hunted(
    world: World,
    mutants: Sequence[Mutant],
    spare: Sequence[Mutant],
    arguments: argparse.Namespace,
    witnesses: Mapping[str, str],
) -> Outcome:
    """What becomes of the mutants, the ``witnesses`` of checks among them, and of those of ``spare`` that show what a
    check is there for."""
    start = time.perf_counter()
    kit = Kit(world.extensions)
    failures: list[str] = []
    items = kit.items()
    known = kit.known(world.sound.name)

    def failed(item: Item, result: Result) -> None:
        failures.extend(each.id for each in applied(known, [result]) if each.status == FAILED)

    is_short = arguments.quick and len(mutants) < 50
    steps = [step for each in (*mutants, *spare) for step in each.steps]
    coverage = Coverage() if is_short else measured(world, items, failed, steps)
    team = Team(Hunter(world, kit, coverage), [*mutants, *spare], arguments.jobs)
    brief = {each.id for each in mutants[COUNT:]} if arguments.all else ()
    verdicts = team.hunt(mutants, witnesses, _progress, brief)
    alone, searched = ({}, []) if arguments.quick else soles(team, verdicts, spare, tell=_tell)
    fates = [_fate(each) for each in (*verdicts, *searched)]
    names = {check: [each.mutant.id for each in own] for check, own in alone.items()}
    seconds = time.perf_counter() - start
    known_equal = reasons([each.id for each in fates], read_equivalents())
    return Outcome(world.sound.name, 0, len(mutants), fates, names, known_equal, seconds, failures)


def _fate(verdict: Verdict) -> Fate:
    mutant = verdict.mutant
    return Fate(mutant.operator, mutant.target, verdict.killers, verdict.met, verdict.seconds)


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


def _progress(verdict: Verdict, done: int, total: int) -> None:
    if not verdict.is_killed:
        print(f"not killed: {verdict.mutant.id}", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(f"\r{done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
