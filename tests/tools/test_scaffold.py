"""``polyflow new``: what it writes, and what it refuses; tests/plugins builds and proves the packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyflow.errors import ValueRangeError
from polyflow.extension.contract import CONTRACT
from polyflow.tools.command_line import main
from polyflow.tools.scaffold import write_package


@pytest.mark.parametrize("kind", ["backend", "op-plugin"])
def test_no_mark_is_left_in_what_is_written(kind: str, tmp_path: Path) -> None:
    folder = write_package(kind, "two_words", tmp_path)
    assert folder.name == "polyflow-two-words"
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert folder / "src" / "polyflow_two_words" / "plugin.py" in files
    for each in files:
        assert "@name@" not in str(each)
        assert not {"@name@", "@package@", "@Class@", "@contract@", "@distribution@"} & set(
            each.read_text().replace("(", " ").split()
        )
    contract = ".".join(map(str, CONTRACT))
    assert f'polyflow_contract = "{contract}"' in (folder / "src/polyflow_two_words/plugin.py").read_text()


def test_the_command_writes_and_says_what_is_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "backend", "mine", "--into", str(tmp_path)]) == 0
    assert f"pip install -e {tmp_path / 'polyflow-mine'}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["my-ops", "class", "Mine", "2fast", "", "éa"])
def test_a_name_that_python_cannot_import_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueRangeError, match=r"polyflow new backend: a package cannot be called '") as caught:
        write_package("backend", name, tmp_path)
    assert "needed:  lower-case letters, digits and underscores" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("numpy", "a plugin called 'numpy'"),
        ("polyflow", "a plugin called 'polyflow'"),
        ("loopback", "a backend called 'loopback', of polyflow"),
        ("nn", "ops called 'nn'"),
        ("matmul", "ops called 'matmul'"),
    ],
)
def test_a_name_that_something_has_is_refused(name: str, found: str, tmp_path: Path) -> None:
    for kind in ("backend", "op-plugin"):
        with pytest.raises(ValueRangeError) as caught:
            write_package(kind, name, tmp_path)
        first = f"polyflow new {kind}: the name {name!r} is taken"
        assert str(caught.value) == f"{first}\n  found:   {found}\n  needed:  a name of your own"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    write_package("backend", "mine", tmp_path)
    with pytest.raises(ValueRangeError, match="is there already"):
        write_package("op-plugin", "mine", tmp_path)
