"""Files that commands are to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyflow.errors import ValueRangeError
from polyflow.tools.command_line import main
from polyflow.tools.writing import check_writable


def test_a_file_that_can_be_written_is_not_touched(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("kept")
    for each in (None, old, tmp_path / "new"):
        check_writable(each)
    assert old.read_text() == "kept"
    assert not (tmp_path / "new").exists()


def test_a_folder_and_a_folder_that_is_missing_are_refused(tmp_path: Path) -> None:
    for path, found in ((tmp_path, "it is a folder"), (tmp_path / "a" / "b", f"there is no folder {tmp_path / 'a'}")):
        with pytest.raises(ValueRangeError) as caught:
            check_writable(path)
        needed = "a file in a folder that is there"
        assert str(caught.value) == f"{path} cannot be written\n  found:   {found}\n  needed:  {needed}"


def test_diff_asks_before_it_runs_the_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit('it ran')")
    arguments = ["diff", "--backends", "numpy", "reference", str(script), "--write", str(tmp_path / "no" / "file.py")]
    assert main(arguments) == 1
    assert "file.py cannot be written\n  found:   there is no folder" in capsys.readouterr().err
