"""Plugins: what they bring, and how one that is broken is kept from harming the others."""

from __future__ import annotations

import argparse
import importlib
import inspect
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import polyflow as pf
import polyflow.plugin
from polyflow.core.declaration import define_op
from polyflow.core.program import Program
from polyflow.core.rewriting import rewrite
from polyflow.core.types import TensorType
from polyflow.errors import BackendError, KernelError, PluginError
from polyflow.extension import Backend, BackendEntry, Command, NamespaceBackend, PassContext
from polyflow.extension.kernel_needs import lacking
from polyflow.extension.manager import DISABLED, Extensions
from tests.extension.plugins import FewBackend, Point, another_triple, fail, installed, plugin, points, triple

__all__ = ["installed", "points"]  # fixtures


def test_without_plugins_there_is_nothing() -> None:
    empty = Extensions(load_entry_points=False)
    assert (len(empty.ops), empty.passes, empty.commands, empty.backend_entries, empty.records) == (0, (), (), {}, [])


def test_the_built_in_ops_come_in_by_the_same_door(installed: Extensions) -> None:
    assert installed.ops["add"] is pf.add
    assert installed.ops.origin("add") == "polyflow"
    assert {each.name for each in installed.passes} == {
        "algebra",
        "constant folding",
        "common subexpressions",
        "dead code",
        "sums of products",
        "product chains",
        "fusion",
        "fusion by rows",
        "loop rooms",
    }


def test_an_op_of_a_plugin_is_in_the_namespace_and_runs_and_is_differentiated(installed: Extensions) -> None:
    installed.register(
        plugin(ops=lambda: [triple], kernels=lambda: {"few": {"triple": lambda x: x * 3}}), "mine", "mine-dist"
    )
    assert installed.namespace.triple is triple
    assert installed.ops.origin("triple") == "mine-dist"
    x = pf.placeholder("float32", (2,))
    y = triple(x)
    session = pf.Session("few", extensions=installed)
    found = session.run([y, *pf.gradients(y, x)], {x: np.array([1, 2], "float32")})
    assert [each.tolist() for each in found] == [[3.0, 6.0], [3.0, 3.0]]


# -- name clashes


def test_two_ops_of_one_name_are_refused_with_both_distributions(installed: Extensions) -> None:
    installed.register(plugin(ops=lambda: [triple]), "a", "a-dist")
    installed.register(plugin(ops=lambda: [another_triple]), "b", "b-dist")
    with pytest.raises(PluginError, match=r"two ops are called 'triple'") as caught:
        installed.ops  # noqa: B018
    assert "a-dist" in str(caught.value)
    assert "b-dist" in str(caught.value)


def test_an_op_cannot_take_the_name_of_a_built_in_one(installed: Extensions) -> None:
    @define_op(name="add")
    def fake(x: TensorType, /) -> TensorType:
        return x

    installed.register(plugin(ops=lambda: [fake]), "a", "a-dist")
    with pytest.raises(PluginError, match="two ops are called 'add'"):
        pf.Session("few", extensions=installed).run(pf.constant(1))


@pytest.mark.parametrize(
    ("hook", "bring", "ask", "text"),
    [
        (
            "backends",
            lambda: [BackendEntry("few", FewBackend)],
            lambda e: e.backend("few"),
            "two backends are called 'few'",
        ),
        (
            "commands",
            lambda: [Command("plugins", "", lambda p: None, lambda a: 0)],
            lambda e: {each.name: each for each, _ in e.commands}["plugins"].run(argparse.Namespace()),
            "two commands are called 'plugins'",
        ),
    ],
    ids=["backends", "commands"],
)
def test_two_of_one_name_are_refused(installed: Extensions, hook: str, bring: Any, ask: Any, text: str) -> None:
    installed.register(plugin(**{hook: bring}), "second", "second-dist")
    with pytest.raises(PluginError, match=text) as caught:
        ask(installed)
    assert "one of second-dist" in str(caught.value)
    first = "few-dist" if hook == "backends" else "polyflow"
    remedy = f"try:     uninstall {first} or second-dist, or name its plugin in POLYFLOW_DISABLE_PLUGINS"
    assert remedy in str(caught.value)


def test_only_who_needs_a_name_that_two_bring_is_refused(installed: Extensions) -> None:
    installed.register(
        plugin(
            backends=lambda: [BackendEntry("few", FewBackend), BackendEntry("fine", lambda: FewBackend("fine"))],
            commands=lambda: [Command("plugins", "", lambda p: None, lambda a: 0)],
        ),
        "second",
        "second-dist",
    )
    x = pf.placeholder("float32", ())
    assert pf.Session("fine", extensions=installed).run(x + 1, {x: 1.0}) == 2.0
    assert len(installed.commands) == 4
    texts = [str(each).partition("\n")[0] for each in installed.ask_all()]
    assert texts == ["two backends are called 'few'", "two commands are called 'plugins'"]


def test_two_plugins_that_bring_one_kernel_are_refused(installed: Extensions) -> None:
    for name in ("a", "b"):
        installed.register(plugin(kernels=lambda: {"few": {"triple": lambda x: x}}), name, f"{name}-dist")
    x = pf.placeholder("float32", ())
    session = pf.Session("few", extensions=installed)
    assert session.run(x * 2, {x: 1.0}) == 2.0
    with pytest.raises(PluginError) as caught:
        session.run(triple(x), {x: 1.0})
    assert str(caught.value) == (
        "two kernels for few are called 'triple'\n"
        "  found:   one of a-dist, one of b-dist\n"
        "  needed:  one kernel a name\n"
        "  try:     uninstall a-dist or b-dist, or name its plugin in POLYFLOW_DISABLE_PLUGINS"
    )
    assert [str(each).partition("\n")[0] for each in installed.ask_all()] == ["two kernels for few are called 'triple'"]


def test_kernels_that_nobody_will_call_are_told(installed: Extensions) -> None:
    tables = {"few": {"tripel": lambda x: x, "sin": lambda x: x}, "fwe": lambda: fail(AssertionError("not asked"))}
    installed.register(plugin(ops=lambda: [triple], kernels=lambda: tables), "mine", "mine-dist")
    first = "plugin 'mine' (mine-dist) brings kernels for backend 'fwe', and none is called so"
    second = "plugin 'mine' (mine-dist) brings a kernel for 'tripel' on few, and no op is called so"
    assert installed.strays() == [
        f"{first}; did you mean 'few'?",
        f"{second}; did you mean 'triple' or 'tril' or 'triu'?",
    ]


def test_two_plugins_of_one_name_are_refused(installed: Extensions) -> None:
    with pytest.raises(ValueError, match="builtin"):
        installed.register(plugin(), "builtin", "other")


# -- broken plugins


@pytest.mark.parametrize("hook", ["ops", "backends", "kernels", "passes", "commands"])
@pytest.mark.parametrize("how", ["raises", "generator raises", "returns nonsense"])
def test_a_broken_hook_harms_nobody_else_and_is_recorded(installed: Extensions, hook: str, how: str) -> None:
    def generator() -> Iterator[Any]:
        raise ImportError("no such thing")
        yield

    broken = {
        "raises": lambda: fail(ImportError("no such thing")),
        "generator raises": generator,
        "returns nonsense": lambda: 7,
    }[how]
    installed.register(plugin(**{hook: broken}), "broken", "broken-dist")
    x = pf.placeholder("float32", ())
    assert pf.Session("few", extensions=installed).run(x + 1, {x: 1.0}) == 2.0
    assert len(installed.commands) == 4
    (record,) = [each for each in installed.records if each.name == "broken"]
    assert record.error is not None
    assert ("no such thing" in str(record.error)) == (how != "returns nonsense")
    assert [each.error for each in installed.records if each.name != "broken"] == [None, None]


def test_a_plugin_that_cannot_be_imported_is_recorded_and_the_others_work(points: list[Point]) -> None:
    installed = Extensions()
    assert {each.name: type(each.error).__name__ for each in installed.records} == {
        "bad": "ModuleNotFoundError",
        "good": "NoneType",
        "ugly": "PluginValidationError",
    }
    assert installed.backend("few").name == "few"


def test_a_plugin_that_ends_the_process_is_recorded_and_the_others_work(points: list[Point]) -> None:
    points.append(Point("rude", lambda: sys.exit(3)))
    end = BackendEntry("end", lambda: sys.exit("no"))
    points.append(Point("late", lambda: plugin(ops=lambda: sys.exit(), backends=lambda: [end])))
    installed = Extensions()
    assert installed.backend("few").name == "few"
    assert len(installed.ops) == 0
    told = {each.name: each.trouble for each in installed.records}
    assert told["rude"] == "plugin 'rude' (rude-dist) is broken: it calls sys.exit(3)"
    assert told["late"] == "plugin 'late' (late-dist) is broken: it calls sys.exit()"
    with pytest.raises(BackendError, match=r"backend 'end' of late-dist cannot be loaded\n  found:   SystemExit: no"):
        installed.backend("end")


def test_a_plugin_that_is_disabled_is_not_even_imported(points: list[Point], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DISABLED, "bad, good")
    loaded: list[str] = []
    for each in points:
        each.load = lambda name=each.name: loaded.append(name) or plugin()  # type: ignore[misc]
    installed = Extensions()
    assert loaded == ["ugly"]
    assert [each.name for each in installed.records if each.is_disabled] == ["bad", "good"]
    with pytest.raises(BackendError, match="no backend is called 'few'"):
        installed.backend("few")


def test_an_unknown_backend_is_told_of_the_plugins_that_are_broken(points: list[Point]) -> None:
    with pytest.raises(BackendError) as caught:
        Extensions().backend("torch")
    text = str(caught.value)
    assert text.startswith(
        "no backend is called 'torch'\n  found:   plugin 'bad' (bad-dist) is broken: No module named "
        "'torch'; plugin 'ugly'"
    )
    assert "needed:  known are: 'few'" in text
    assert (
        "try:     pip install polyflow-torch, or the package that announces it; `polyflow backends` lists all" in text
    )


# -- backends


def test_an_unknown_backend_gets_the_nearest_names(installed: Extensions) -> None:
    with pytest.raises(BackendError) as caught:
        pf.Session("fwe", extensions=installed)
    assert str(caught.value) == (
        "no backend is called 'fwe'\n"
        "  needed:  did you mean 'few'?\n"
        "  try:     pip install polyflow-fwe, or the package that announces it; `polyflow backends` lists all"
    )


def test_a_backend_is_made_once_and_only_when_it_is_named(installed: Extensions) -> None:
    made: list[Backend] = []

    def factory() -> Backend:
        made.append(FewBackend("lazy"))
        return made[-1]

    installed.register(plugin(backends=lambda: [BackendEntry("lazy", factory)]), "lazy", "lazy-dist")
    assert "lazy" in installed.backend_entries
    assert made == []
    assert installed.backend("lazy") is installed.backend("lazy")
    assert len(made) == 1


@pytest.mark.parametrize(
    ("install", "remedy"),
    [("pip install what-it-needs", "pip install what-it-needs"), ("", "install what x-dist needs")],
)
def test_a_backend_that_cannot_be_loaded_says_why_and_how_to_install_it(
    installed: Extensions, install: str, remedy: str
) -> None:
    entry = BackendEntry("x", lambda: fail(ImportError("libx.so: not found")), "", install)
    installed.register(plugin(backends=lambda: [entry]), "x", "x-dist")
    with pytest.raises(BackendError) as caught:
        installed.backend("x")
    assert str(caught.value) == (
        f"backend 'x' of x-dist cannot be loaded\n  found:   ImportError: libx.so: not found\n  try:     {remedy}"
    )
    assert isinstance(caught.value.__cause__, ImportError)
    assert installed.backend("few").name == "few"


def test_a_factory_that_makes_something_else_is_refused_with_the_distribution(installed: Extensions) -> None:
    installed.register(plugin(backends=lambda: [BackendEntry("notb", lambda: 3)]), "n", "n-dist")
    with pytest.raises(BackendError) as caught:
        pf.Session("notb", extensions=installed)
    assert str(caught.value) == (
        "backend 'notb' of n-dist is none\n"
        "  found:   3, which has no name, namespace, kernels, dtypes, devices, type_of, from_literal, to_literal, "
        "compile\n"
        "  needed:  from its factory an object that fulfils polyflow.extension.Backend\n"
        "  try:     a subclass of polyflow.extension.NamespaceBackend; tell the makers of n-dist"
    )
    assert installed.backend("few").name == "few"


def test_the_backends_that_come_with_polyflow_fulfil_the_protocol() -> None:
    from polyflow.extension.manager import extensions

    for name in ("numpy", "jax", "reference"):
        backend = extensions().backend(name)
        assert isinstance(backend, Backend)
        assert backend.name == name
        assert pf.float64 in backend.dtypes
        assert backend.devices()


# -- kernels


def test_a_plugin_brings_kernels_for_somebody_elses_backend(installed: Extensions) -> None:
    x = pf.placeholder("float32", ())
    with pytest.raises(KernelError, match="backend 'few' has no kernel for 1 operation:"):
        pf.Session("few", extensions=installed).run(triple(x), {x: 1.0})
    fresh = Extensions(load_entry_points=False)
    fresh.register(polyflow.plugin, "builtin", "polyflow")
    fresh.register(plugin(backends=lambda: [BackendEntry("few", FewBackend)]), "few", "few-dist")
    fresh.register(
        plugin(kernels=lambda: {"few": {"triple": lambda x: x * 3}, "absent": {"triple": None}}),
        "helper",
        "helper-dist",
    )
    assert pf.Session("few", extensions=fresh).run(triple(x), {x: 2.0}) == 6.0


def test_the_kernels_of_the_backend_itself_win_over_those_of_a_stranger(installed: Extensions) -> None:
    class Own(FewBackend):
        def __init__(self) -> None:
            super().__init__("own")
            self.kernels = {"triple": lambda x: x * 3}

    installed.register(plugin(backends=lambda: [BackendEntry("own", Own)]), "own", "own-dist")
    installed.register(
        plugin(kernels=lambda: {"own": {"triple": lambda x: x * 1000, "sin": lambda x: x * 7}}), "s", "s-dist"
    )
    x = pf.placeholder("float32", ())
    assert pf.Session("own", extensions=installed).run([triple(x), pf.sin(x)], {x: 2.0}) == [6.0, 14.0]


def test_kernels_brought_to_one_set_of_extensions_do_not_leak_into_another(installed: Extensions) -> None:
    from polyflow.extension.manager import extensions

    installed.register(plugin(kernels=lambda: {"few": {"sin": lambda x: x * 0 + 42}}), "s", "s-dist")
    x = pf.placeholder("float32", ())
    assert pf.Session("few", extensions=installed).run(pf.sin(x), {x: 0.0}) == 42.0
    assert pf.Session("numpy", extensions=extensions()).run(pf.sin(x), {x: 0.0}) == 0.0


# -- generic kernels that call what a namespace lacks


class LittleBackend(NamespaceBackend):
    """NumPy with a few functions left out."""

    def __init__(self, *without: str) -> None:
        names = {each: getattr(np, each) for each in dir(np) if not each.startswith("_") and each not in without}
        super().__init__("little", types.SimpleNamespace(**names))
        self.array_types = (np.ndarray, np.generic)


def test_a_generic_kernel_that_calls_what_the_namespace_lacks_is_none() -> None:
    x = pf.placeholder("float64", (3,))
    relu, softmax = pf.nn.relu(x), pf.nn.softmax(x)
    with pytest.raises(KernelError) as caught:
        pf.Session(LittleBackend("maximum", "max")).run([relu, softmax], {x: [1.0, 2.0, -3.0]})
    text = str(caught.value)
    assert text.startswith("backend 'little' has no kernel for 2 operations:\n    nn.relu, built at ")
    assert " (its generic kernel needs maximum)\n    nn.softmax, built at " in text
    assert " (its generic kernel needs max)\n  try: " in text
    assert caught.value.ops == ("nn.relu", "nn.softmax")


def test_what_a_generic_kernel_lacks_is_done_by_a_backend_behind() -> None:
    x = pf.placeholder("float64", (3,))
    session = pf.Session(LittleBackend("maximum"), fallback=["numpy"])
    assert session.run(pf.nn.relu(x), {x: [1.0, 2.0, -3.0]}).tolist() == [1.0, 2.0, 0.0]
    assert "numpy runs 1 operations" in session.explain(pf.nn.relu(x), {x: [1.0, 2.0, -3.0]})


def test_what_a_generic_kernel_may_do_without_is_not_asked_for() -> None:
    x = pf.placeholder("float64", (3,))
    little = LittleBackend("nonzero", "permute_dims", "take", "cumulative_sum")
    assert pf.Session(little).run(x[1:], {x: [1.0, 2.0, 3.0]}).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("name", ["numpy", "jax", "reference"])
def test_the_backends_that_come_with_polyflow_lack_nothing(name: str) -> None:
    from polyflow.extension.manager import extensions

    namespace = extensions().backend(name).namespace
    rules = {op.full_name: op.kernel_rule for op in extensions().ops.values() if op.kernel_rule is not None}
    assert len(rules) > 80
    assert {op: lacking(rule, namespace) for op, rule in rules.items() if lacking(rule, namespace)} == {}


# -- passes and commands


class SinToCos:
    """A pass of a stranger."""

    name = "sin to cos"
    stage = "optimise"

    def __call__(self, program: Program, context: PassContext) -> Program:
        def rule(rewriter: Any, operation: Any) -> Any:
            if operation.op is not pf.sin:
                return None
            made = type(operation)(
                pf.cos, operation.name, operation.inputs, {}, tuple(each.type for each in operation.outputs)
            )
            return rewriter.keep(made)

        return rewrite(program, rule)


def test_a_pass_of_a_plugin_runs(installed: Extensions) -> None:
    installed.register(plugin(passes=lambda: [SinToCos()]), "p", "p-dist")
    x = pf.placeholder("float32", ())
    session = pf.Session("few", extensions=installed, check=True)
    assert session.run(pf.sin(x), {x: 0.0}) == 1.0
    assert "sin to cos: 1 -> 1 operations" in session.explain(pf.sin(x), {x: 0.0})
    assert pf.Session("few", extensions=installed, optimise=False).run(pf.sin(x), {x: 0.0}) == 0.0


def test_a_pass_of_an_unknown_stage_is_refused_with_the_stages(installed: Extensions) -> None:
    stray = SinToCos()
    stray.stage = "polish"  # type: ignore[misc]
    installed.register(plugin(passes=lambda: [stray]), "p", "p-dist")
    with pytest.raises(
        PluginError, match=r"pass 'sin to cos' of p-dist names a stage that does not exist\n  found:   'polish'"
    ):
        pf.Session("few", extensions=installed).run(pf.constant(1))


def test_a_command_of_a_plugin_is_listed_with_its_origin(installed: Extensions) -> None:
    command = Command("greet", "say hello", lambda parser: parser.add_argument("name") and None, lambda arguments: 0)
    installed.register(plugin(commands=lambda: [command]), "g", "g-dist")
    assert (command, "g-dist") in installed.commands
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["you"])) == 0


# -- ops that are brought when they are asked for


def test_one_plugin_alone_brings_its_ops_as_they_are_asked_for_and_beside_another_all_at_once() -> None:
    drawn: list[str] = []

    def bring() -> Iterator[Any]:
        for each in (triple, pf.add):
            drawn.append(each.name)
            yield each

    alone = Extensions(load_entry_points=False)
    alone.register(plugin(ops=bring), "mine", "mine-dist")
    assert (alone.ops["triple"], drawn) == (triple, ["triple"])
    alone.ask_all()
    assert drawn == ["triple", "add"]
    both = Extensions(load_entry_points=False)
    both.register(plugin(ops=bring), "mine", "mine-dist")
    both.register(plugin(ops=lambda: [another_triple]), "other", "other-dist")
    with pytest.raises(PluginError, match="two ops are called 'triple'"):
        both.ops  # noqa: B018
    assert drawn == ["triple", "add"] * 2


def test_a_plugin_alone_that_fails_midway_is_blamed() -> None:
    def bring() -> Iterator[Any]:
        yield triple
        raise RuntimeError("the rest is lost")

    alone = Extensions(load_entry_points=False)
    alone.register(plugin(ops=bring), "mine", "mine-dist")
    assert list(alone.ops) == ["triple"]
    assert alone.troubles() == "plugin 'mine' (mine-dist) is broken: the rest is lost"


def test_what_one_plugin_alone_brings_is_looked_at() -> None:
    for brought in ([1], iter([1]), 1):
        alone = Extensions(load_entry_points=False)
        alone.register(plugin(ops=lambda brought=brought: brought), "mine", "mine-dist")
        assert list(alone.ops) == []
        assert "polyflow_ops brings something else" in str(alone.troubles())


HANGING = """
import sys
import polyflow
from polyflow.core import declaration

hung = set()


def seen(name, hang):
    def method(op, *rest, **options):
        module = sys._getframe(1).f_globals["__name__"]
        if module != op.__module__:
            hung.add((module, op.__module__))
        return hang(op, *rest, **options)

    return method


RULES = ("gradient", "zero_gradient", "no_gradient", "kernel", "expansion", "simplification", "stable", "batching")
for name in RULES:
    setattr(declaration.Op, name, seen(name, getattr(declaration.Op, name)))
ops = polyflow.Session("reference")._extensions.ops
for module, owner in hung:  # loaded by now
    print("loaded", module, owner)
ops["add"]
before = set(sys.modules)
list(ops)
for module, owner in hung:
    print("all", module, owner)
assert "polyflow.ops.linalg_solving" not in before
"""


def test_rules_for_ops_of_another_module_are_there_before_anybody_can_look() -> None:
    """Or they are hung by a module that the op's own module imports, as the random ops' are."""
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    loaded = {(module, owner) for when, module, owner in lines if when == "loaded"}
    later = {(module, owner) for when, module, owner in lines if when == "all"} - loaded
    for module, owner in later:
        text = inspect.getsource(importlib.import_module(owner))
        assert f"from {module} import" in text, f"{module} hangs rules on ops of {owner}: hang them there, by `later`"


def test_the_rules_of_loops_and_branches_are_loaded_when_somebody_asks() -> None:
    code = """
import sys, polyflow as pf
x = pf.placeholder("float32", ())
y = pf.cond(x > 0, lambda: x * x, lambda: -x)
session, module = pf.Session("reference"), "polyflow.control_flow.branch_gradient"
session.run(y, {x: 3.0})
before = module in sys.modules
session.run(pf.gradients(y, [x]), {x: 3.0})
print(before, module in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_a_gradient_through_a_branch_is_there_though_nobody_asked_for_its_module() -> None:
    code = """
import numpy as np, polyflow as pf
x = pf.placeholder("float32", ())
y = pf.cond(x > 0, lambda: x * x, lambda: -x)
print(pf.Session("numpy").run(pf.gradients(y, [x]), {x: np.float32(3)})[0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "6.0\n"
