"""From fetches and feed types to a program: pruning, typing, state, feeds of anything."""

from __future__ import annotations

import pytest
from programs import program_of, specialised

import polyflow as pf
from polyflow.core.printer import format_program
from polyflow.core.specialise import specialise
from polyflow.core.types import TensorType
from polyflow.core.verifier import verify
from polyflow.errors import FeedError, ShapeError
from polyflow.extension.manager import extensions


def test_only_what_the_fetches_need_is_in_the_program() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    pf.cos(pf.placeholder(name="never fed"))
    assert [each.op.name for each in program_of(pf.sin(x), x).operations] == ["sin"]


def test_unknown_types_become_known() -> None:
    x, y = pf.placeholder(name="x"), pf.placeholder(name="y")
    z = pf.matmul(x, y) + 1
    feeds = {x: TensorType(pf.float32, (2, 3)), y: TensorType(pf.float64, (3, 4))}
    program = specialise(z.graph, [z], [], feeds, extensions().namespace).program
    verify(program)
    assert program.results[0].type == TensorType(pf.float64, (2, 4))


def test_an_error_that_only_the_feeds_reveal_names_the_line_of_the_operation() -> None:
    x, y = pf.placeholder(), pf.placeholder()
    z = x + y
    feeds = {x: TensorType(pf.float32, (2,)), y: TensorType(pf.float32, (3,))}
    with pytest.raises(ShapeError, match=r"add\(float32\[2\], float32\[3\]\)") as caught:
        specialise(z.graph, [z], [], feeds, extensions().namespace)
    assert f"built at: {__file__}:" in str(caught.value)


def test_a_placeholder_that_is_needed_must_be_fed() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    with pytest.raises(FeedError, match="placeholder 'x' is needed and was not fed"):
        specialised([pf.sin(x)])


def test_a_fed_tensor_cuts_the_program_off_above_it() -> None:
    x = pf.placeholder(name="x")
    y = pf.sin(x, name="y")
    z = pf.cos(y, name="z")
    program = specialise(z.graph, [z], [], {y: TensorType(pf.float32, ())}, extensions().namespace).program
    assert format_program(program) == "program(%y: float32[]):\n  %z: float32[] = cos(%y)\n  return %z"


@pytest.mark.parametrize("fed", [0, 1])
def test_one_output_of_several_may_be_fed(fed: int) -> None:
    parts = pf.unstack(pf.constant([1.0, 2.0]))
    program = specialised([*parts], parts[fed]).program
    verify(program)
    assert program.results[fed] is program.parameters[0]
    assert program.results[1 - fed].operation.op.name == "unstack"


def test_feeding_all_outputs_leaves_their_operation_out() -> None:
    parts = pf.unstack(pf.constant([1.0, 2.0]))
    assert specialised([parts[0] + parts[1]], *parts).program.operations[0].op.name == "add"


def test_a_fetch_that_is_fed_is_returned_as_it_came() -> None:
    x = pf.placeholder("float32", (2,), name="x")
    assert format_program(program_of([x, x], x)) == "program(%x: float32[2]):\n  return %x, %x"


def test_the_parameters_are_the_feeds_and_then_the_variables_read() -> None:
    x = pf.placeholder("float32", (), name="x")
    a, b, unused = pf.Variable(1.0, name="a"), pf.Variable(2.0, name="b"), pf.Variable(3.0)
    update = b.assign(a + x)
    found = specialised([update], x)
    assert [each.operation.name for each in found.program.parameters] == ["x", "a", "b"]
    assert found.reads == (a.operation, b.operation)
    assert found.writes == (b.operation,)
    assert unused.operation not in found.reads
    assert len(found.program.results) == 2


def test_reads_and_writes_take_effect_in_the_order_of_creation() -> None:
    w = pf.Variable(1.0, name="w")
    before = w + 0.5
    first = w.assign(w * 2)
    between = w + 0.25
    second = w.assign_add(10.0)
    after = w * 1.5
    fetches = [after, second, between, first, before]
    with pf.Session() as session:
        assert session.run(fetches) == [18.0, 12.0, 2.25, 2.0, 1.5]
        assert session.run(w.handle) == 12.0


def test_a_write_that_is_not_asked_for_does_not_happen() -> None:
    w = pf.Variable(1.0)
    first = w.assign(2.0)
    second = w.assign(w + 10.0)
    with pf.Session() as session:
        assert session.run(second) == 11.0
        assert session.run([first, second]) == [2.0, 12.0]


def test_a_fed_variable_has_the_fed_value_and_keeps_its_own() -> None:
    w = pf.Variable(1.0)
    doubled = w * 2
    w.assign_add(1.0)
    later = w * 3
    with pf.Session() as session:
        assert session.run([doubled, later], {w: 5.0}) == [10.0, 15.0]
        assert session.run(w.handle) == 1.0


def test_assigning_to_a_fed_variable_starts_from_the_fed_value() -> None:
    w = pf.Variable(1.0)
    added = w.assign_add(1.0)
    with pf.Session() as session:
        assert session.run(added, {w: 5.0}) == 6.0
        assert session.run(w.handle) == 6.0


def test_gradients_with_respect_to_a_fed_variable_are_taken_at_the_fed_value() -> None:
    w = pf.Variable(1.0)
    (g,) = pf.gradients(w * w, w)
    assert pf.Session().run(g, {w: 5.0}) == 10.0


def test_operations_that_stand_for_others_are_not_in_the_program() -> None:
    w = pf.Variable(1.0)
    x = pf.placeholder("float32", ())
    (g,) = pf.gradients(pf.sin(w * x), x)
    program = program_of([g, w.assign_add(1.0), w.read_value()], x)
    names = {each.op.name for each in program.operations}
    assert not names & {"gradients", "assign", "read_variable", "variable", "no_op", "placeholder"}


def test_the_device_and_line_of_the_graph_are_those_of_the_program(graph: pf.Graph) -> None:
    x = pf.placeholder("float32", ())
    with graph.device("cpu:7"):
        y = pf.sin(x)
    (operation,) = program_of(y, x).operations
    assert (operation.device, operation.location) == ("cpu:7", y.operation.location)


def test_specialising_leaves_the_graph_as_it_was(graph: pf.Graph) -> None:
    x = pf.placeholder("float32", ())
    (g,) = pf.gradients(pf.sin(x) * x, x)
    size = len(graph)
    program_of(g, x)
    assert len(graph) == size


def test_specialising_twice_gives_the_same_text() -> None:
    x = pf.placeholder("float32", (2, 2), name="x")
    (g,) = pf.gradients(pf.sum(pf.matmul(x, x)), x)
    assert format_program(program_of(g, x)) == format_program(program_of(g, x))
