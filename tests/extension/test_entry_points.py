"""Entry points: what is installed is found without ``importlib.metadata``, and exactly what that would find."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from polyflow.errors import PluginError
from polyflow.extension.entry_points import FoundEntryPoint, entry_points


def by_library(group: str) -> list[tuple[str, str, str]]:
    found = importlib.metadata.entry_points(group=group)
    return sorted((each.name, each.value, each.dist.name if each.dist else "") for each in found)


def found(group: str) -> list[tuple[str, str, str]]:
    return [(point.name, point.value, distribution) for point, distribution in entry_points(group)]


def install(
    folder: Path, information: str, text: str, fields: str = "Name: Some.Thing\nVersion: 1\n\nName: no"
) -> None:
    (folder / information).mkdir(parents=True)
    (folder / information / "METADATA").write_text(f"Metadata-Version: 2.1\n{fields}")
    (folder / information / "entry_points.txt").write_text(text)


@pytest.mark.parametrize("group", ["polyflow", "console_scripts", "pytest11", "nobody"])
def test_it_finds_what_importlib_metadata_finds(group: str) -> None:
    assert sorted(found(group)) == by_library(group)


def test_comments_blanks_other_groups_and_extras_are_read_as_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[other]\na = b\n[mine]\n# no\n\n tau=math : tau [extra]\nz = json.decoder:JSONDecoder.decode\n[last]\n"
    install(tmp_path, "Some_Thing-1.dist-info", text)
    monkeypatch.syspath_prepend(tmp_path)
    assert found("mine") == by_library("mine")
    assert found("mine")[0] == ("tau", "math : tau [extra]", "Some.Thing")
    assert entry_points("mine")[0][0].load() == 6.283185307179586
    assert entry_points("mine")[1][0].load().__name__ == "decode"


def test_of_two_distributions_of_one_name_the_first_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "second", "some_thing-1.dist-info", "[mine]\nx = second\n")
    install(tmp_path / "first", "Some.Thing-2.dist-info", "[mine]\nx = first\n")
    for each in ("second", "first"):
        monkeypatch.syspath_prepend(tmp_path / each)
    assert found("mine") == by_library("mine") == [("x", "first", "Some.Thing")]


def test_distributions_in_zip_files_are_found_by_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("zipped-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1\n")
        archive.writestr("zipped-1.dist-info/entry_points.txt", "[mine]\nx = math:pi\n")
    monkeypatch.syspath_prepend(str(tmp_path / "all.zip"))
    assert found("mine") == [("x", "math:pi", "zipped")]


def test_finders_with_distributions_of_their_own_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Distribution(importlib.metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            return {"METADATA": "Name: elsewhere\n", "entry_points.txt": "[mine]\nx = math:pi\n"}.get(filename)

        def locate_file(self, path: object) -> Path:
            return Path()

    class Finder(importlib.metadata.DistributionFinder):
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, context: object = None) -> list[importlib.metadata.Distribution]:
            return [Distribution()]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert found("mine") == [("x", "math:pi", "elsewhere")]


def test_an_entry_point_that_is_no_module_says_so() -> None:
    text = r"entry point 'x' of mine names no module\n  found:   a-b\n  needed:  module, or module:attribute"
    with pytest.raises(PluginError, match=text):
        FoundEntryPoint("x", "a-b", "mine").load()


def test_a_session_does_not_load_what_reads_metadata() -> None:
    code = "import sys, polyflow as pf; pf.Session('numpy').run(pf.constant(1.0) + 1); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "polyflow_numpy.backend" in loaded
    assert loaded.isdisjoint({"importlib.metadata", "email.message", "array_api_compat", "numpy.f2py", "numpy.testing"})
