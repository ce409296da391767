"""Python in a process of its own, for tests of what is loaded, and of what is said where something is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def printed(code: str) -> str:
    """What ``code`` prints; it must end well and complain of nothing."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", f"it complains: {done.stderr}"
    return done.stdout


def loaded_by(code: str) -> set[str]:
    """The modules that are loaded when ``code`` has run."""
    return set(printed(f"{code}; import sys; print(*sys.modules)").split())
