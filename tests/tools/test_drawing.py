"""Pictures of graphs: what they show, where it stands, and that files are written."""

from __future__ import annotations

import builtins
import importlib.util
import sys
from itertools import combinations, pairwise

import pytest

import polyflow as pf
from polyflow.core.program import Program
from polyflow.core.specialise import specialise
from polyflow.core.types import TensorType
from polyflow.errors import PluginError, ValueRangeError
from polyflow.extension.manager import extensions
from polyflow.tools.drawing import draw_graph, to_dot
from polyflow.tools.graph_outline import MANY, Outline, outline
from polyflow.tools.layered_layout import Link, assign_layers, lay_out

needs_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason="matplotlib is not installed: polyflow[demo]"
)


@pytest.fixture
def network():
    """The graph of a training step of one layer, with scopes, a constant, variables and a slot."""
    pf.reset_default_graph()
    x = pf.placeholder("float32", (None, 2), name="x")
    graph = x.graph
    with graph.name_scope("layer"):
        weights = pf.Variable([[1.0], [2.0]], name="weights")
        y = pf.exp(pf.matmul(x, weights) * 2.0)
    with graph.name_scope("training"):
        loss = pf.mean(y)
        pf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    return graph


def titles(found: Outline) -> list[str]:
    return [f"{each.scope}/{each.title}".lstrip("/") for each in found.boxes]


def edges(found: Outline, kind: str = "data") -> set[tuple[str, str]]:
    names = titles(found)
    arrows = [each for each in found.arrows if each.kind == kind]
    return {(names[each.source], names[target]) for each in arrows for target in each.targets}


def test_scopes_are_folded_up_to_the_depth(network):
    assert titles(outline(network, depth=1)) == ["x", "layer", "training"]


def test_data_and_variables_between_scopes_are_arrows_of_their_own(network):
    found = outline(network, depth=1)
    assert edges(found) == {("x", "layer"), ("layer", "training")}
    assert edges(found, "variable") == {("layer", "training")}


def test_a_scope_says_what_it_holds(network):
    (_, layer, _) = outline(network, depth=1).boxes
    assert (layer.kind, layer.lines) == ("scope", ("weights  float32[2, 1]", "matmul, multiply, exp"))


def test_a_small_graph_is_shown_whole_and_a_large_one_by_its_scopes(network):
    assert "layer/matmul" in titles(outline(network))
    with network.name_scope("more"):
        x = pf.constant(1.0)
        for _ in range(MANY):
            x = pf.exp(x)
    assert titles(outline(network)) == ["x", "layer", "training", "more"]


def test_constants_and_initial_values_are_shown_on_request_only(network):
    hidden = {each.kind for each in outline(network, depth=9).boxes}
    shown = titles(outline(network, depth=9, constants=True))
    assert "constant" not in hidden
    assert "layer/weights/initial_value" in shown


def test_what_computes_a_slots_initial_value_is_hidden_too(network):
    assert not [each for each in titles(outline(network, depth=9)) if "zeros" in each]


def test_a_value_that_only_looks_initial_stays_when_it_is_used():
    pf.reset_default_graph()
    start = pf.exp(pf.constant([1.0, 2.0]), name="start")
    pf.Variable(start, name="w")
    pf.negative(start, name="user")
    assert titles(outline(pf.get_default_graph())) == ["start", "w", "user"]


def test_control_dependencies_are_arrows_of_their_own(network):
    assert ("training/Momentum/assign_1", "training/Momentum/update") in edges(outline(network, depth=9), "control")


def test_arrows_are_labelled_with_types_unless_the_box_says_them(network):
    found = outline(network, depth=9)
    labels = {found.boxes[each.source].title: each.label for each in found.arrows if each.kind == "data"}
    assert labels["matmul"] == "float32[?, 1]"
    assert labels["x"] == ""
    assert found.boxes[0].lines == ("float32[?, 2]",)


def test_several_tensors_between_two_boxes_are_counted():
    pf.reset_default_graph()
    graph = pf.get_default_graph()
    with graph.name_scope("a"):
        first, second = pf.exp(pf.placeholder("float32", (2,))), pf.exp(pf.placeholder("float32", (2,)))
    with graph.name_scope("b"):
        pf.negative(first + second)
        pf.exp(second)
    (arrow,) = outline(graph, depth=1).arrows
    assert arrow.label == "2 × float32[2]"


def test_a_program_shows_its_results(network):
    found = outline(_program(network))
    assert [each.kind for each in found.boxes].count("result") == 1
    assert ("layer/exp", "result") in edges(found)


def _program(graph: pf.Graph) -> Program:
    x, y = graph.get_tensor_by_name("x"), graph.get_tensor_by_name("layer/exp")
    type = TensorType(pf.float32, (3, 2))
    return specialise(graph, [y], [], {x: type}, extensions().namespace).program


def test_a_depth_that_shows_nothing_is_refused(network):
    with pytest.raises(ValueRangeError, match="1 or more"):
        outline(network, depth=0)


# -- layout


def test_layers_go_down_along_every_edge():
    edges = [(0, 2), (1, 2), (2, 3), (3, 4), (0, 4)]
    layers = assign_layers(5, edges)
    assert all(layers[source] < layers[target] for source, target in edges)


def test_sources_stand_just_above_what_needs_them():
    assert assign_layers(4, [(0, 1), (1, 2), (3, 2)]) == [0, 1, 2, 1]


def test_a_cycle_has_one_edge_that_goes_up():
    layers = assign_layers(3, [(0, 1), (1, 2), (2, 0)])
    assert layers == [0, 1, 2]


def test_a_graph_deeper_than_the_recursion_limit_is_laid_out():
    count = sys.getrecursionlimit() + 10
    assert assign_layers(count, list(pairwise(range(count)))) == list(range(count))


LINKS = [Link(0, (1, 2), 1.0), Link(1, (3,)), Link(2, (3, 6), 0.5), Link(3, (4, 5)), Link(0, (5,)), Link(5, (0,))]


def test_boxes_do_not_overlap():
    sizes = [(1.0 + 0.3 * number, 0.5) for number in range(7)]
    boxes = lay_out(sizes, LINKS).boxes
    for (first, (width, height)), (second, (other_width, other_height)) in combinations(
        zip(boxes, sizes, strict=True), 2
    ):
        is_beside = abs(first[0] - second[0]) >= (width + other_width) / 2
        is_above = abs(first[1] - second[1]) >= (height + other_height) / 2
        assert is_beside or is_above


def test_boxes_stand_inside_the_picture():
    sizes = [(1.0, 0.5)] * 7
    layout = lay_out(sizes, LINKS)
    assert all(0.4999 <= x <= layout.width - 0.4999 and 0.2499 <= y <= layout.height for x, y in layout.boxes)


def test_lines_lead_from_box_to_box():
    layout = lay_out([(1.0, 0.5)] * 7, LINKS)
    for link, lines in zip(LINKS, layout.lines, strict=True):
        for target, line in zip(link.targets, lines, strict=True):
            (start_x, start_y), (end_x, end_y) = line[0], line[-1]
            assert abs(start_x - layout.boxes[link.source][0]) <= 0.5
            assert abs(start_y - layout.boxes[link.source][1]) == pytest.approx(0.25)
            assert abs(end_x - layout.boxes[target][0]) <= 0.5
            assert abs(end_y - layout.boxes[target][1]) == pytest.approx(0.25)


def test_crossings_that_need_not_be_are_undone():
    layout = lay_out([(1.0, 0.5)] * 4, [Link(0, (3,)), Link(1, (2,))])
    (first, second, third, fourth) = (x for x, _ in layout.boxes)
    assert (first < second) == (fourth < third)


def test_a_chain_stands_on_one_vertical_line():
    layout = lay_out([(1.0, 0.5), (2.0, 0.5), (1.0, 0.5)], [Link(0, (1,), 0.7), Link(1, (2,))])
    assert len({round(x, 6) for x, _ in layout.boxes}) == 1


def test_nothing_has_a_layout_too():
    assert lay_out([], []).boxes == ()


# -- pictures and text


@needs_matplotlib
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_is_written(network, tmp_path, suffix):
    path = tmp_path / f"graph.{suffix}"
    draw_graph(network, path, title="a layer")
    assert path.stat().st_size > 3000


@needs_matplotlib
def test_a_picture_of_a_program_is_written(network, tmp_path):
    draw_graph(_program(network), tmp_path / "program.png")
    assert (tmp_path / "program.png").exists()


@needs_matplotlib
def test_a_picture_holds_every_name(network, tmp_path):
    draw_graph(network, tmp_path / "graph.svg", depth=1, title="training a layer")
    text = (tmp_path / "graph.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in ("x", "layer", "training", "training a layer", "scope"))


@needs_matplotlib
def test_pictures_leave_pyplot_alone(network, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    draw_graph(network, tmp_path / "graph.png")
    assert "matplotlib.pyplot" not in sys.modules


@needs_matplotlib
def test_an_empty_graph_has_a_picture(tmp_path):
    draw_graph(pf.Graph(), tmp_path / "nothing.png", title="nothing")
    assert (tmp_path / "nothing.png").exists()


@needs_matplotlib
def test_a_picture_of_too_much_is_refused_with_what_to_do(tmp_path):
    pf.reset_default_graph()
    x = pf.placeholder("float32", ())
    for _ in range(401):
        x = pf.exp(x)
    with pytest.raises(ValueRangeError, match=r"402 boxes[\s\S]*depth=1"):
        draw_graph(x.graph, tmp_path / "graph.png")


def test_a_missing_matplotlib_is_named_with_the_extra(network, tmp_path, monkeypatch):
    for name in [each for each in sys.modules if each.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    real_import = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(sys, "meta_path", [_Refusing(), *sys.meta_path])
    with pytest.raises(PluginError, match=r"pip install 'polyflow\[demo\]'") as caught:
        draw_graph(network, tmp_path / "graph.png")
    assert isinstance(caught.value, ImportError)


class _Refusing:
    """A finder that says of matplotlib that it is not there."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}")


def test_dot_has_scopes_as_clusters_and_dashed_control_edges(network):
    text = to_dot(network, depth=2)
    assert 'subgraph "cluster_layer" {' in text
    assert '[label="matmul" fillcolor="#ffffff" color="#6b7684"]' in text
    assert "[style=dashed]" in to_dot(network, depth=9)


def test_dot_quotes_names():
    pf.reset_default_graph()
    pf.placeholder("float32", (), name='say "hi"')
    assert r'label="say \"hi\"\nfloat32[]"' in to_dot(pf.get_default_graph())
