"""``polyflow diff``: it finds the operation that is to blame, and nothing where backends agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from polyflow_numpy.backend import NumpyBackend

import polyflow.plugin
from polyflow.core.literal import literal
from polyflow.errors import ArgumentError
from polyflow.extension import BackendEntry, hookimpl
from polyflow.extension.manager import Extensions, extensions
from polyflow.tools import command_line, diff, diff_eager, diff_script
from polyflow.tools.command_line import main
from polyflow.tools.distance import distance


class Wrong(NumpyBackend):
    """NumPy with a slightly wrong tanh, a wrong sum and a wrong maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "wrong"
        self.in_place = frozenset()
        self.kernels = {
            **self.kernels,
            "tanh": lambda x: np.where(x > 1.5, np.tanh(x) * np.asarray(1 + 1e-4, x.dtype), np.tanh(x)),
            "argmax": lambda x, *, axis=None, keepdims=False: np.asarray(0, "int64"),
        }


class Plugin:
    @hookimpl
    def polyflow_backends(self) -> list[BackendEntry]:
        return [BackendEntry("wrong", Wrong), BackendEntry("numpy", NumpyBackend)]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Extensions:
    found = Extensions(load_entry_points=False)
    found.register(polyflow.plugin, "builtin", "polyflow")
    found.register(Plugin(), "wrong", "wrong-dist")
    for name in ("reference", "jax"):
        entry = extensions().backend_entries[name][0]
        found.backend_entries[name] = entry, "polyflow"
    for module in (diff, diff_eager, diff_script, command_line):
        monkeypatch.setattr(module, "extensions", lambda: found)
    monkeypatch.setattr("polyflow.session.session.installed_extensions", lambda: found)
    monkeypatch.chdir(tmp_path)
    return found


def compare(script: str, *options: str) -> int:
    Path("script.py").write_text(script)
    return main(["diff", "--backends", "numpy", "wrong", *options, "script.py"])


LOOP = """
import polyflow as pf
x = pf.placeholder("float32", (2,), name="x")
y = pf.while_loop(lambda i, a: i < 5, lambda i, a: (i + 1, pf.tanh(a) + 0.5), [0, x])[1]
with pf.Session("numpy") as session:
    session.run(pf.exp(y), {x: [0.1, 0.2]})
"""


def test_programs_that_agree_give_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(LOOP) == 0
    assert "run 1, script.py:6: " in capsys.readouterr().out.replace(str(Path.cwd()) + "/", "")


def test_the_operation_its_line_and_its_iteration_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(LOOP.replace("+ 0.5", "+ 0.9")) == 1
    text = capsys.readouterr().out
    assert "tanh is the first operation whose results part" in text
    assert "it was in iteration 2 of while, built at script.py:4" in text
    assert "built at: script.py:4" in text
    assert "  wrong:" in text
    assert "units of the last place" in text


def test_the_reproduction_runs_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(LOOP.replace("+ 0.5", "+ 0.9"), "--write", "alone.py") == 1
    text = Path("alone.py").read_text()
    assert len(text.splitlines()) <= 20
    text = text.replace("('numpy', 'wrong')", "('numpy', 'reference')")
    Path("alone.py").write_text(text)
    found = subprocess.run([sys.executable, "alone.py"], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("numpy [0.9")
    assert "\nreference " in found.stdout


def test_a_script_may_leave_fetches_and_feeds() -> None:
    script = """
import polyflow as pf
x = pf.placeholder("float32", (3,))
fetches, feeds = [pf.argmax(x)], {x: [1.0, 3.0, 2.0]}
"""
    assert compare(script) == 1
    assert compare(script.replace("3.0, 2.0", "0.0, 0.5")) == 0


def test_variables_have_the_values_that_they_had_in_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    script = """
import polyflow as pf
v = pf.Variable([1.0])
session = pf.Session("numpy")
step, y = v.assign_add([1.0]), pf.tanh(v)
run = session.prepare(y)
run()
session.run(step)
run()
"""
    assert compare(script) == 1
    text = capsys.readouterr().out
    assert "run 1, script.py:7: " in text
    assert "run 3, script.py:9:\ntanh is the first" in text


def test_an_operation_of_a_gradient_names_the_operation_that_it_belongs_to(capsys: pytest.CaptureFixture[str]) -> None:
    script = """
import polyflow as pf
x = pf.constant([2.0])
session = pf.Session("numpy")
session.run(pf.gradients(pf.log(pf.cosh(x)), x))
"""
    assert compare(script, "--ulps", "0") == 0
    assert compare(script.replace("pf.log(pf.cosh(x))", "pf.tanh(x)")) == 1


def test_a_script_that_runs_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare("import polyflow as pf") == 1
    assert (
        "script.py runs nothing\n  needed:  a call of session.run, an eager one, or a variable `fetches`"
        in capsys.readouterr().err
    )


def test_a_script_that_is_not_there_is_refused() -> None:
    with pytest.raises(ArgumentError, match="the script is not there"):
        diff.run(diff_arguments("nowhere.py"))


def diff_arguments(script: str) -> Any:
    import argparse

    parser = argparse.ArgumentParser()
    diff.add_arguments(parser)
    return parser.parse_args(["--backends", "numpy", "wrong", script])


def test_jax_and_numpy_agree_on_a_network() -> None:
    script = """
import polyflow as pf
x = pf.random.normal((4, 3))
w = pf.Variable(pf.random.normal((3, 2)))
loss = pf.mean(pf.nn.softmax(x @ w) ** 2)
pf.Session("numpy").run([loss, *pf.gradients(loss, w)])
"""
    Path("script.py").write_text(script)
    assert main(["diff", "--backends", "numpy", "jax", "script.py"]) == 0


@pytest.mark.parametrize(
    ("first", "second", "is_elementwise", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], True, (0.0, 0)),
        ([1e-3, 1024.0], [1e-3, 1024.0 + 2**-12], True, (2.0, 1)),
        ([0.0, 1024.0], [2.0**-13, 1024.0], False, (1.0, 0)),
        ([0.0, 1024.0], [2.0**-13, 1024.0], True, (float("inf"), 0)),
        ([1, 2], [1, 3], True, (float("inf"), 1)),
        ([float("nan")], [float("nan")], True, (0.0, 0)),
        ([float("inf")], [1.0], True, (float("inf"), 0)),
        ([1.0], [1], True, (float("inf"), 0)),
    ],
    ids=["equal", "by element", "by the largest", "near zero", "integers", "nan", "infinity", "types"],
)
def test_distances_are_in_units_of_the_last_place(
    first: Any, second: Any, is_elementwise: bool, expected: tuple[float, int]
) -> None:
    assert distance(literal(first), literal(second), is_elementwise) == expected


def test_calls_of_functions_and_their_gradients_are_compared_too(capsys: pytest.CaptureFixture[str]) -> None:
    script = """
import numpy as np, polyflow as pf
f = pf.function(lambda x: pf.sum(pf.tanh(x) * x))
pf.grad(f)(np.asarray([1.0, 0.5]))
f(np.asarray([1.0, 2.0]))
"""
    assert compare(script) == 1
    text = capsys.readouterr().out
    assert "run 1, script.py:4: " in text
    assert "run 2, script.py:5:\ntanh is the first" in text


EAGER = """
import polyflow as pf
xp = pf.eager("reference")
x = xp.asarray([0.1, 0.2])
for _ in range(4):
    x = xp.tanh(x) + 0.5
y = xp.nn.softmax(x) @ xp.asarray([1.0, 2.0])
"""


def test_eager_calls_are_compared_one_by_one_and_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(EAGER + "pf.Session('numpy').run(pf.exp(pf.constant(1.0)))\nz = y * 2") == 0
    lines = capsys.readouterr().out.replace(str(Path.cwd()) + "/", "").splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("runs 1 to 10, script.py:6 to script.py:7: 10 operations agree; the furthest are ")
    assert lines[1].startswith("run 11, script.py:8: 1 operations agree; ")
    assert lines[2].startswith("run 12, script.py:9: 1 operations agree; ")


def test_the_first_eager_call_that_parts_is_named_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(EAGER.replace("+ 0.5", "+ 0.9")) == 1
    text = capsys.readouterr().out.replace(str(Path.cwd()) + "/", "")
    assert text.startswith("runs 1 to 4, script.py:6 to script.py:6: 4 operations agree; ")
    assert "run 5, script.py:6:\ntanh is the first operation whose results part" in text
    assert "built at: script.py:6" in text


def test_the_reproduction_of_an_eager_call_holds_what_it_was_called_with(capsys: pytest.CaptureFixture[str]) -> None:
    script = "import polyflow as pf\nxp = pf.eager('jax')\nxp.argmax(xp.asarray([[1.0, 3.0]]), axis=1)"
    assert compare(script, "--write", "alone.py") == 1
    text = Path("alone.py").read_text().replace("('numpy', 'wrong')", "('numpy', 'reference')")
    assert "['argmax'](x[0], axis=1, keepdims=False)" in text
    Path("alone.py").write_text(text)
    found = subprocess.run([sys.executable, "alone.py"], capture_output=True, text=True, timeout=60, check=False)
    assert found.stdout.splitlines() == ["numpy [1]", "reference Array([1], int64)"], found.stderr


def test_numbers_draws_and_assignments_of_eager_namespaces_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    script = """
import polyflow as pf
xp = pf.eager("numpy", seed=3)
x = xp.random.normal((3,))
x[0] = 2
y = 1 - x
z = xp.where(xp.asarray([True, False, True]), x, 0.5)
"""
    Path("script.py").write_text(script)
    assert main(["diff", "--backends", "numpy", "reference", "script.py"]) == 0
    assert capsys.readouterr().out.count("4 operations agree") == 1


def test_what_acts_on_the_world_runs_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare("import polyflow as pf\nxp = pf.eager()\nxp.Print(xp.asarray([7.0]) + 1, [], 'found')") == 0
    captured = capsys.readouterr()
    assert (captured.out + captured.err).count("found") == 1


def test_namespaces_are_as_they_were_after_a_comparison() -> None:
    import polyflow as pf

    before = pf.eager, pf.eager("numpy")
    compare(EAGER)
    assert (pf.eager, pf.eager("numpy")) == before
