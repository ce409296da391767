"""Mutants: operators make them, the kit kills them, and what is said of a hunt is what happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from polyflow_conformance.kit import Kit
from polyflow_conformance.mutants.coverage import measured
from polyflow_conformance.mutants.equivalents import Group, read_equivalents, reasons
from polyflow_conformance.mutants.hunt import NO_END, Endless, Hunter, checks_of, limited
from polyflow_conformance.mutants.outcome import Fate, Outcome, outcome_page
from polyflow_conformance.mutants.planting import OPERATORS, drawn, find_mutant, mutants_of, world_of_default
from polyflow_conformance.mutants.searching import read_witnesses, soles
from polyflow_conformance.mutants.team import Team

import polyflow as pf
from polyflow.errors import ValueRangeError
from polyflow.extension.manager import extensions
from polyflow.tools.command_line import main


@pytest.fixture(scope="module")
def world():
    return world_of_default()


@pytest.fixture(scope="module")
def everything(world):
    return mutants_of(world)


@pytest.fixture(scope="module")
def hunter(world):
    return Hunter(world, Kit(extensions()))


def test_operators_make_thousands_of_mutants_and_each_makes_some(everything):
    assert len(everything) == len(OPERATORS) >= 60
    assert all(everything.values()), [name for name, some in everything.items() if not some]
    assert sum(map(len, everything.values())) > 5000


def test_a_draw_is_seeded_and_takes_of_every_operator_and_of_many_ops(everything):
    first, again, other = (drawn(everything, 300, seed) for seed in (0, 0, 1))
    assert [each.id for each in first] == [each.id for each in again] != [each.id for each in other]
    assert {each.operator for each in first} == set(everything)
    assert len({each.op for each in first}) > 100
    assert len({each.id for each in first}) == 300


KILLS = {
    "exchanged operands/subtract": "values",
    "wrong axis/cumulative_sum:axis": "values",
    "wider dtype/add": "types",
    "operand written into/abs": "operands",
    "one buffer for all results/abs": "kept",
    "operand handed out/abs": "memory",
    "wrong under dataflow/exp": "executors",
    "gradient missing a term/multiply:0": "gradient 1",
    "gradient of constants/square": "gradient 2",
    "refusal lost/concat": "errors",
    "late refusal lost/concat": "late errors",
    "declared missing, but there/tanh": "missing",
    "sign of zero lost/roll": "values",
    "missing kernel/tanh": "types",
}


@pytest.mark.parametrize("name", KILLS)
def test_a_mutant_is_killed_by_the_check_that_is_for_it(world, hunter, name):
    verdict = hunter.hunt(find_mutant(world, name))
    assert KILLS[name] in verdict.killers


def test_a_mutant_leaves_nothing_behind(world, hunter):
    rule, passes = pf.multiply.gradient_rule, extensions().passes
    for name in ("gradient twice/multiply:0", "operation skipped/multiply", "one store for all sessions"):
        mutant = find_mutant(world, name if "/" in name else f"wrong state/{name}")
        hunter.hunt(mutant)
    assert pf.multiply.gradient_rule is rule
    assert extensions().passes == passes


@pytest.fixture(scope="module")
def of_matmul(world):
    kit = Kit(extensions())
    items = kit.items(expression="/matmul/")
    hunter = Hunter(world, kit, measured(world, items))
    hunter.items = items
    return hunter


def test_the_mutants_that_only_one_check_kills_are_found(world, of_matmul):
    names = ("wrong under dataflow/matmul", "late refusal lost/matmul", "gradient of constants/matmul")
    mutants = [find_mutant(world, each) for each in names]
    verdicts = [of_matmul.hunt(each) for each in mutants]
    found, searched = soles(Team(of_matmul, mutants), verdicts)
    assert {check for check, own in found.items() if own} == {"executors", "late errors", "gradient 2"}
    assert not searched


def test_a_witness_has_met_everything_that_can_see_it_when_the_hunt_is_over(world, of_matmul):
    mutants = [find_mutant(world, f"{each}/matmul") for each in ("late refusal lost", "early refusal lost")]
    told = []
    verdicts = Team(of_matmul, mutants).hunt(
        mutants, {mutants[0].id: "late errors"}, lambda verdict, done, total: told.append((verdict.mutant, done, total))
    )
    assert [each.is_complete for each in verdicts] == [True, False]
    assert all(each.has_several is False for each in verdicts)
    assert told == [(mutants[0], 1, 2), (mutants[1], 2, 2)]


def test_for_a_check_that_kills_nothing_alone_more_mutants_are_hunted(world, of_matmul):
    drawn_one = of_matmul.hunt(find_mutant(world, "refusal lost/matmul"))
    assert {"errors", "late errors"} <= set(drawn_one.killers)
    spare = [find_mutant(world, f"{when} refusal lost/matmul") for when in ("early", "late")]
    team = Team(of_matmul, [drawn_one.mutant, *spare])
    verdicts = [drawn_one, of_matmul.hunt(spare[0])]  # of the operator of the other is not known that it is promising
    found, searched = soles(team, verdicts, spare)
    assert [each.mutant.id for each in found["errors"]] == ["early refusal lost/matmul"]
    assert [each.mutant.id for each in searched] == []
    verdicts += [of_matmul.hunt(find_mutant(world, "late refusal lost/matmul"))]
    found, _ = soles(team, verdicts, spare)
    assert [each.mutant.id for each in found["late errors"]] == ["late refusal lost/matmul"]


def test_every_check_has_a_witness_that_an_operator_makes(hunter, everything):
    made = {each.id for some in everything.values() for each in some}
    witnesses = read_witnesses()
    assert set(witnesses) == set(checks_of(hunter.kit))
    assert set(witnesses.values()) <= made


def test_a_file_of_witnesses_says_what_is_wrong_with_it(tmp_path):
    file = tmp_path / "witnesses.toml"
    file.write_text('[witness]\nvalues = "reversed/ones"\n')
    with pytest.raises(ValueRangeError, match=r"witnesses.toml is no table of witnesses\n  found:   \['witness'\]"):
        read_witnesses(file)
    file.write_text("[witnesses]\nvalues = 3\n")
    with pytest.raises(ValueRangeError, match=r"values has no witness\n  found:   3\n  needed:  a text"):
        read_witnesses(file)


def test_what_has_no_derivative_has_no_faults_of_one(world, everything):
    made = {each.id for some in everything.values() for each in some}
    assert "gradient twice/take:0" in made
    assert "gradient twice/take:1" not in made, "places have no gradient"
    assert "gradient of constants/square" in made
    assert "gradient of constants/sum" not in made, "the gradient of a sum does not move"
    assert not any(each.startswith("one dtype wrong/multiply:float16") for each in made), "which is run in float32"
    assert "one dtype wrong/maximum:float16" in made


def test_a_fault_of_a_step_meets_only_what_makes_that_step(world, everything):
    mutant = find_mutant(world, "write lost in one case/of int8")
    (step,) = mutant.steps
    assert mutant.touches == {step.word} == {"step:Session._write"}
    kit = Kit(extensions())
    items = kit.items(expression="many_runs_in_one or no_way_of_an_array")
    coverage = measured(world, items, steps=mutant.steps)
    assert [each.subject for each in coverage.seers(mutant, items)] == ["many_runs_in_one_call_do_what_they_do_alone"]


def test_a_fault_of_loops_meets_only_programs_with_structures(world, everything):
    kit = Kit(extensions())
    items = kit.items(expression="/diamond/ or /switch/")
    coverage = measured(world, items)
    seers = coverage.seers(find_mutant(world, "wrong branch/another of several"), items)
    assert [each.subject for each in seers] == ["switch"]


def test_every_check_of_the_kit_stands_in_the_table(hunter):
    kit = hunter.kit
    backend = extensions().backend("numpy")
    found = {each.check for check in kit.checks for each in kit.run(check, "add", backend)} - {"drawn"}
    assert found <= set(checks_of(kit)) | {"properties"}
    assert sum(each.startswith("probe: ") for each in checks_of(kit)) == sum(
        each.check == "probe" for each in kit.items()
    )


def test_what_does_not_end_is_ended():
    def endless():
        while True:
            pass

    with pytest.raises(Endless, match="no end within 1 s"), limited(1):
        endless()
    assert NO_END not in checks_of(Kit(extensions()))


# -- what is said of it


OUTCOME = Outcome(
    "some", 0, 9,
    [Fate("wider dtype", "add", {"types": "add-0"}, 1, 0.1), Fate("wider dtype", "sub", {}, 9, 0.1),
     Fate("reversed", "ones", {}, 3, 0.1)],
    {"types": ["wider dtype/add"], "values": []},
    {"reversed/ones": "all elements are equal"},
)  # fmt: skip


def test_an_outcome_tells_the_rate_and_who_lives():
    assert OUTCOME.summary() == (
        "1 of 2 mutants that are not equivalent killed (50.0 %), 1 equivalent, of 9 that 2 operators make"
    )
    assert [each.id for each in OUTCOME.lived] == ["wider dtype/sub"]
    assert not OUTCOME.is_clean
    assert json.loads(OUTCOME.to_json())["lived"] == ["wider dtype/sub"]
    assert "types        1  wider dtype/add" in OUTCOME.table()


def test_a_check_that_kills_nothing_alone_spoils_a_whole_hunt():
    clean = Outcome("some", 0, 9, OUTCOME.fates[:1], {"types": ["wider dtype/add"]}, {}, is_whole=True)
    assert clean.is_clean
    assert not clean.idle
    idle = Outcome("some", 0, 9, OUTCOME.fates[:1], OUTCOME.soles, {}, is_whole=True)
    assert idle.idle == ["values"]
    assert not idle.is_clean
    assert Outcome("some", 0, 9, OUTCOME.fates[:1], OUTCOME.soles, {}).is_clean


def test_a_page_lists_operators_checks_equivalents_and_who_lives():
    page = outcome_page(OUTCOME, OPERATORS, "polyflow mutants")
    for part in (
        "| wider dtype | the dtype above | 2 | 1 | 0 | types 1 |",
        "| types | 1 | `wider dtype/add` |",
        "- `reversed/ones`: all elements are equal",
        "- `wider dtype/sub`, which met 9 items",
    ):
        assert part in page


def test_every_equivalent_mutant_is_one_that_an_operator_makes(everything):
    names = [each.id for some in everything.values() for each in some]
    for group in read_equivalents():
        meant = [name.partition("/") for name in names if group.holds(name)]
        assert {operator for operator, _, _ in meant} == set(group.operators), group.reason
        targets = {each for _, _, target in meant for each in (target, target.partition(":")[0])}
        assert set(group.targets) <= targets, group.reason


def test_equivalent_mutants_have_reasons_by_name():
    groups = [Group(("reversed",), ("ones", "zeros"), "equal"), Group(("conjugated",), ("ones",), "real")]
    names = ["reversed/ones", "conjugated/ones", "conjugated/zeros"]
    assert reasons(names, groups) == {"reversed/ones": "equal", "conjugated/ones": "real"}


def test_a_file_of_equivalents_says_what_is_wrong_with_it(tmp_path):
    file = tmp_path / "equivalents.toml"
    file.write_text('[[equivalent]]\noperators = ["reversed"]\ntargets = "ones"\nreason = "equal"\n')
    with pytest.raises(
        ValueRangeError, match=r"entry 0 is no group of equivalent mutants\n  found:   .*ones"
    ) as refused:
        read_equivalents(file)
    assert "needed:  operators and targets, lists of texts, and a reason, a text" in str(refused.value)


def test_unknown_mutants_and_operators_are_refused(world):
    with pytest.raises(ValueRangeError, match=r"no operator makes such a mutant\n  found:   'wrong axis/sun'"):
        find_mutant(world, "wrong axis/sun")
    with pytest.raises(ValueRangeError, match="an operator: "):
        find_mutant(world, "wrong axle/sum")


def test_the_command_hunts_and_writes_what_it_found(tmp_path, capsys):
    found, page = tmp_path / "found.json", tmp_path / "page.md"
    arguments = ["mutants", "--quick", "--operator", "dropped sign", "-k", "subtract"]
    status = main([*arguments, "--json", str(found), "--page", str(page)])
    assert status == 0
    assert "1 of 1 mutants that are not equivalent killed (100.0 %)" in capsys.readouterr().out
    assert json.loads(found.read_text())["mutants"][0]["killers"]["values"]
    assert "dropped sign" in page.read_text()
    assert main(["mutants", "--operator", "dropped sigh"]) != 0
    assert main(["mutants", "--page", str(tmp_path)]) != 0
    assert "cannot be written\n  found:   it is a folder" in capsys.readouterr().err


def test_the_environment_names_the_fault_of_the_backend_mutant():
    code = (
        "import polyflow as pf; x = pf.placeholder('float32', (1,)); "
        "print(pf.Session('mutant').run(x - 1.0, {x: [3.0]}).tolist())"
    )
    for name, expected in (("", "[2.0]"), ("opposite sign/subtract", "[-2.0]")):
        environment = {**os.environ, "POLYFLOW_MUTANT": name}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        assert done.stdout.strip() == expected
