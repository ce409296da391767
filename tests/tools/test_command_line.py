"""The command ``polyflow``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import polyflow.plugin
from polyflow.errors import BackendError, message
from polyflow.extension import BackendEntry, Command, hookimpl
from polyflow.extension.manager import Extensions, extensions
from polyflow.tools import command_line
from polyflow.tools.command_line import main
from polyflow.tools.listings import describe_backends, describe_plugins
from tests.extension.plugins import FewBackend


class Plugin:
    """A plugin with a working backend, a broken one, and two commands."""

    @hookimpl
    def polyflow_backends(self) -> list[BackendEntry]:
        def broken() -> Any:
            raise ImportError("no driver")

        return [BackendEntry("broken", broken, "does not load", "pip install driver")]

    @hookimpl
    def polyflow_commands(self) -> list[Command]:
        def refuse(arguments: Any) -> int:
            raise BackendError(message("it does not work", remedy="something else"))

        return [
            Command("seven", "exits with seven", lambda parser: None, lambda arguments: 7),
            Command("refuse", "raises", lambda parser: None, refuse),
        ]


@pytest.fixture
def only_mine(monkeypatch: pytest.MonkeyPatch) -> Extensions:
    found = Extensions(load_entry_points=False)
    found.register(Plugin(), "mine", "mine-dist")
    monkeypatch.setattr(command_line, "extensions", lambda: found)
    return found


def test_backends_are_listed_with_origin_state_devices_and_dtypes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backends"]) == 0
    text = capsys.readouterr().out
    for name in ("numpy", "jax", "reference"):
        assert f"\n{name}  (" in f"\n{text}"
    assert text.count("  from     polyflow\n") >= 3
    assert text.count("  loads    yes\n") >= 3
    assert "  devices  cpu\n" in text
    assert "float64" in text


def test_a_backend_that_does_not_load_is_listed_with_the_reason(only_mine: Extensions) -> None:
    assert describe_backends(only_mine) == [
        "broken  (does not load)",
        "  from     mine-dist",
        "  loads    no",
        "             found:   ImportError: no driver",
        "             try:     pip install driver",
    ]


def test_plugins_are_listed_with_what_became_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins"]) == 0
    lines = capsys.readouterr().out.splitlines()
    states = {line.split()[0]: line.split()[-1] for line in lines}
    assert {name: states[name] for name in ("builtin", "numpy", "jax", "reference", "conformance")} == dict.fromkeys(
        ("builtin", "numpy", "jax", "reference", "conformance"), "ok"
    )
    assert any("polyflow.plugin" in line for line in lines)


def test_a_broken_plugin_is_listed_with_its_error() -> None:
    class Broken:
        @hookimpl
        def polyflow_backends(self) -> list[BackendEntry]:
            raise ValueError("torn")

    found = Extensions(load_entry_points=False)
    found.register(Broken(), "torn", "torn-dist")
    assert describe_plugins(found)[0].split()[-3:] == ["broken:", "ValueError:", "torn"]


def test_plugins_that_clash_are_listed_with_the_clash() -> None:
    found = Extensions(load_entry_points=False)
    found.register(Plugin(), "first", "first-dist")
    found.register(Plugin(), "second", "second-dist")
    lines = describe_plugins(found)
    assert [line.split()[-1] for line in lines[:2]] == ["ok", "ok"]
    assert "two backends are called 'broken'" in lines
    assert "two commands are called 'seven'" in lines
    assert "two commands are called 'refuse'" in lines
    assert lines.count("  found:   one of first-dist, one of second-dist") == 3


def test_a_command_that_two_plugins_bring_says_so_and_the_others_run(
    only_mine: Extensions, capsys: pytest.CaptureFixture[str]
) -> None:
    class Second:
        @hookimpl
        def polyflow_commands(self) -> list[Command]:
            return [Command("seven", "", lambda parser: None, lambda arguments: 8)]

    only_mine.register(Second(), "second", "second-dist")
    assert main(["seven"]) == 1
    assert "polyflow: two commands are called 'seven'\n" in capsys.readouterr().err
    assert main(["refuse"]) == 1
    assert "it does not work" in capsys.readouterr().err


def test_clashing_kernels_and_kernels_that_nobody_calls_are_listed() -> None:
    class Brings(Plugin):
        @hookimpl
        def polyflow_commands(self) -> list[Command]:
            return []

        @hookimpl
        def polyflow_backends(self) -> list[BackendEntry]:
            return [BackendEntry("few", FewBackend)]

        @hookimpl
        def polyflow_kernels(self) -> dict[str, Any]:
            return {"few": lambda: {"sinn": abs, "cos": abs}}

    class Clashes:
        @hookimpl
        def polyflow_kernels(self) -> dict[str, Any]:
            return {"few": {"cos": abs}, "nobackend": {}}

    class Torn:
        @hookimpl
        def polyflow_kernels(self) -> dict[str, Any]:
            return {"few": lambda: 1 // 0}

    found = Extensions(load_entry_points=False)
    found.register(polyflow.plugin, "builtin", "polyflow")
    for name, each in {"brings": Brings(), "clashes": Clashes(), "a-long-name-of-a-plugin": Torn()}.items():
        found.register(each, name, f"{name}-dist")
    lines = describe_plugins(found)
    assert lines[1].split()[-1] == "ok"
    assert lines[3].endswith(" broken: ZeroDivisionError: integer division or modulo by zero")
    assert (
        lines[0].index(" polyflow ") == lines[1].index(" brings-dist ") == lines[3].index(" a-long-name-of-a-plugin-")
    )
    assert "two kernels for few are called 'cos'" in lines
    assert "  found:   one of brings-dist, one of clashes-dist" in lines
    first = "warning: plugin 'clashes' (clashes-dist) brings kernels for backend 'nobackend', and none is called so"
    second = "warning: plugin 'brings' (brings-dist) brings a kernel for 'sinn' on few, and no op is called so"
    assert lines[-2:] == [f"{first}; known are: 'few'", f"{second}; did you mean 'sin' or 'sinh' or 'sign'?"]


def test_instruments_are_listed_apart_and_last() -> None:
    lines = describe_backends(extensions())
    place = lines.index("to test polyflow and the kit with, not to compute with:")
    names = [line.split()[0] for line in lines[place + 1 :]]
    assert names == sorted(entry.name for entry, _ in extensions().backend_entries.values() if entry.is_instrument)
    assert not set(names) & {line.split()[0] for line in lines[:place] if not line.startswith(" ")}


def test_nobody_reading_any_more_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "polyflow", "plugins"]
    found = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(writing)
    assert (found.returncode, found.stderr) == (141, "")


def test_a_command_that_is_missing_is_refused_with_the_plugins_that_are_broken(
    only_mine: Extensions, capsys: pytest.CaptureFixture[str]
) -> None:
    class Torn:
        @hookimpl
        def polyflow_commands(self) -> list[Command]:
            raise ImportError("no such thing")

    only_mine.register(Torn(), "torn", "torn-dist")
    with pytest.raises(SystemExit):
        main(["conform"])
    assert "plugin 'torn' (torn-dist) is broken: no such thing" in capsys.readouterr().err


def test_the_exit_status_of_a_command_is_its_own(only_mine: Extensions) -> None:
    assert main(["seven"]) == 7


def test_an_error_of_polyflow_is_printed_without_a_traceback(
    only_mine: Extensions, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refuse"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "polyflow refuse: it does not work\n  try:     something else\n"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["seven", "--what"]])
def test_bad_arguments_exit_with_two(
    only_mine: Extensions, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: polyflow" in capsys.readouterr().err


def test_help_lists_the_commands_of_plugins(only_mine: Extensions, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    assert "exits with seven" in capsys.readouterr().out


def test_python_dash_m_polyflow_is_the_command() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "polyflow", "plugins"], capture_output=True, text=True, timeout=60, check=False
    )
    assert found.returncode == 0, found.stderr
    assert "numpy" in found.stdout
    assert found.stderr == ""


def test_help_loads_nothing_of_what_commands_need() -> None:
    code = "import sys, polyflow.tools.command_line as c\ntry: c.main(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "conform" in loaded
    assert "polyflow_conformance.plugin" in loaded
    assert loaded.isdisjoint({"numpy", "polyflow_conformance.command", "polyflow.tools.scaffold"})


def test_a_command_brings_its_arguments_when_it_is_chosen_and_only_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    class Brings:
        @hookimpl
        def polyflow_commands(self) -> list[Command]:
            def add(parser: Any) -> None:
                asked.append(parser.prog)
                parser.add_argument("number", type=int)

            return [Command(name, f"does {name}", add, lambda chosen: int(chosen.number)) for name in ("one", "two")]

    found = Extensions(load_entry_points=False)
    found.register(Brings(), "mine", "mine-dist")
    monkeypatch.setattr(command_line, "extensions", lambda: found)
    assert main(["two", "5"]) == 5
    assert asked == ["polyflow two"]
    with pytest.raises(SystemExit):
        main(["one", "--help"])
    text = capsys.readouterr().out
    assert "usage: polyflow one [-h] number" in text
    assert "does one" in text
    with pytest.raises(SystemExit):
        main(["one", "many"])
    assert "argument number: invalid int value: 'many'" in capsys.readouterr().err
