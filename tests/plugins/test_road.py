"""The plugin road from end to end: scaffolds and `plugins/special`, as wheels, found and proved by the kit.

`make plugin-road` walks all of it, in a fresh environment with polyflow's own wheel; `make test` a stretch.
"""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from polyflow.tools.scaffold import write_package
from tests.plugins.packages import ROOT, build, install, run, tutorial

IS_WHOLE = bool(os.environ.get("POLYFLOW_PLUGIN_ROAD"))
whole_road = pytest.mark.skipif(not IS_WHOLE, reason="takes minutes: make plugin-road")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheels of both scaffolds and of `plugins/special` install."""
    folder = tmp_path_factory.mktemp("road")
    packages = [write_package(kind, name, folder) for kind, name in (("backend", "mine"), ("op-plugin", "my_ops"))]
    wheels = [build(each, folder / "wheels") for each in packages]
    special = folder / "special"
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(special)], ROOT / "plugins" / "special")
    return install([*wheels, *special.glob("*.whl")], folder / "installed")


def conform(installed: Path, folder: Path, *arguments: str) -> str:
    return run([sys.executable, "-m", "polyflow", "conform", *arguments], folder, installed)


def test_a_scaffold_passes_its_linter(tmp_path: Path) -> None:
    for kind, name in (("backend", "mine"), ("op-plugin", "my_ops")):
        package = write_package(kind, name, tmp_path)
        run([sys.executable, "-m", "ruff", "check", "--no-cache", "."], package)
        run([sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."], package)


def test_the_ops_of_a_scaffold_conform(installed: Path, tmp_path: Path) -> None:
    assert " 0 failed" in conform(installed, tmp_path, "--backend", "numpy", "-k", "my_ops.")


def test_the_backend_of_a_scaffold_conforms_and_its_distribution_is_named(installed: Path, tmp_path: Path) -> None:
    chosen = ["--level", "core"] if IS_WHOLE else ["--level", "core", "-k", "add"]
    found = conform(installed, tmp_path, "--backend", "mine", *chosen)
    assert "mine (polyflow-mine): " in found
    assert " 0 failed" in found


def test_the_special_functions_conform(installed: Path, tmp_path: Path) -> None:
    for backend in ("reference", "numpy", "jax") if IS_WHOLE else ("numpy",):
        assert " 0 failed" in conform(installed, tmp_path, "--backend", backend, "-k", "special.")


def test_special_functions_load_no_library_before_its_backend(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, polyflow as pf, polyflow_special as ps; x = pf.constant(3.0); "
        "pf.Session('reference').run(ps.gammaln(x)); print(*sys.modules)"
    )
    loaded = {each.split(".")[0] for each in run([sys.executable, "-c", code], tmp_path, installed).split()}
    assert loaded.isdisjoint({"numpy", "scipy", "jax"})


def test_an_operand_without_a_known_gradient_is_named_with_the_reason(installed: Path, tmp_path: Path) -> None:
    code = (
        "import polyflow as pf, polyflow_special as ps\n"
        "a, x = pf.constant(2.0, name='a'), pf.constant(1.0)\n"
        "y = ps.gammainc(a, x)\n"
        "pf.Session().run(pf.gradients(y, x))\n"
        "try:\n    pf.Session().run(pf.gradients(y, a))\n"
        "except pf.errors.GradientError as error:\n    print(error)\n"
    )
    text = run([sys.executable, "-c", code], tmp_path, installed)
    assert text.startswith("special.gammainc has no gradient with respect to 'a:0'\n")
    assert "found:   no closed form is known for the derivative by a parameter of the integrand" in text
    assert "try:     polyflow.stop_gradient(...) around that operand" in text


@whole_road
def test_strangers_are_found_and_conform_in_a_fresh_environment(installed: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=False)
    python = fresh / "bin" / "python"
    (packages,) = (fresh / "lib").glob("python*/site-packages")
    page = tutorial("your-own-op.md").write(tmp_path / "polyflow-angles")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "own")], ROOT)
    wheels = [*(tmp_path / "own").glob("*.whl"), build(page, tmp_path / "wheels")]
    run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(packages),
         *map(str, wheels)], tmp_path)  # fmt: skip
    needed = [Path(__import__(name).__file__ or "").parent for name in ("pluggy", "numpy", "array_api_compat")]
    for each in (*needed, *needed[1].parent.glob("numpy.libs")):
        (packages / each.name).symlink_to(each)
    code = "import polyflow; print(polyflow.__file__)"
    assert str(packages) in run([str(python), "-c", code], tmp_path)
    found = run([str(python), "-m", "polyflow", "conform", "--backend", "numpy", "-k", "angles."], tmp_path)
    assert " 0 failed" in found
    assert "polyflow-angles" in run([str(python), "-m", "polyflow", "plugins"], tmp_path)
