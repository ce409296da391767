"""What XLA compiled in one process the next one takes from disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
import polyflow_jax
assert polyflow_jax.keep_compiled(sys.argv[1]).is_dir()
import polyflow as pf
x = pf.placeholder("float32", (3,), name="x")
print(pf.Session("jax").run(pf.sum(pf.exp(x) * pf.sin(x)), {x: [1.0, 2.0, 3.0]}).tolist())
"""


def run(place: Path) -> tuple[str, set[str]]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(place)], capture_output=True, text=True, check=True)
    return done.stdout, {each.name for each in place.iterdir() if not each.name.endswith("-atime")}


def test_the_second_process_compiles_nothing_new(tmp_path: Path) -> None:
    first, made = run(tmp_path / "deep" / "compiled")
    second, still = run(tmp_path / "deep" / "compiled")
    assert made
    assert still == made
    assert first == second
