"""Settings of the process that a backend must leave alone, seen from a process of its own.

The process loads the libraries that the backend needs, but not the backend; takes down what is set; then loads the
backend, runs a program on it, and looks again. What is looked at, without knowing any library by name:

- Python's own: environment, warning filters, signal handlers, hooks, random state, recursion limit, and so on;
- of each public module of the libraries, which object every name stands for, and the numbers, texts and flags among
  them: a function that was replaced or a module-level switch that was thrown shows here;
- what the backend's ``BackendEntry.settings`` lists: expressions for whatever its library keeps elsewhere.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import importlib
import json
import locale
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import polyflow
from polyflow.errors import DTypeError, KernelError
from polyflow.extension.manager import DISABLED, extensions

Settings = dict[str, object]


MUTANT = "POLYFLOW_MUTANT"
"""Environment variable that names the fault of the backend ``mutant``, which a process of its own has to have too."""
_remembered: dict[str, str] = {}


def remember_environment(environment: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """The environment as it was when this was first called, or as it is handed in, before any backend was loaded."""
    if not _remembered:
        _remembered.update(os.environ if environment is None else environment)
    return dict(_remembered)


def changed_settings(name: str) -> list[str]:
    """What loading and running the backend of that name changes, found out in a fresh process."""
    planted = {name: os.environ[name] for name in (MUTANT,) if name in os.environ}
    others = {DISABLED: ",".join(_plugins_to_leave_out())}
    environment = {**remember_environment(), **planted, **others, "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-m", __name__, name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"the backend cannot be loaded in a process of its own:\n{done.stderr[-2000:]}")
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _plugins_to_leave_out() -> list[str]:
    """The plugins of distributions that announce no backend: what they load and change is not the backend's doing."""
    installed = extensions()
    stay = {"polyflow", *(distribution for _, distribution in installed.backend_entries.values())}
    return [each.name for each in installed.records if each.is_disabled or each.distribution not in stay]


def libraries_of(name: str) -> list[str]:
    """The libraries that are loaded with the backend, and were not before."""
    own = _own_package(name)
    code = (
        "import sys; from polyflow.extension.manager import extensions; known = set(sys.modules); "
        f"extensions().backend({name!r}); print(*{{each.split('.')[0] for each in set(sys.modules) - known}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    found = sorted(done.stdout.split())
    return [each for each in found if each not in (own, "polyflow") and each not in sys.stdlib_module_names]


def _own_package(name: str) -> str:
    entry, _ = extensions().backend_entries[name]
    return entry.factory.__module__.partition(".")[0]


def process_state() -> Settings:
    """What Python itself keeps for the whole process."""
    signals = {each.name: signal.getsignal(each) for each in signal.valid_signals() if isinstance(each, signal.Signals)}
    return {
        **{f"os.environ[{name!r}]": value for name, value in os.environ.items()},
        "working directory": os.getcwd(),
        "locale": locale.getlocale(),
        "warnings.filters": list(map(repr, warnings.filters)),
        "recursion limit": sys.getrecursionlimit(),
        "switch interval": sys.getswitchinterval(),
        "sys.excepthook": id(sys.excepthook),
        "sys.displayhook": id(sys.displayhook),
        "threading.excepthook": id(threading.excepthook),
        "sys.path": list(sys.path),
        "signal handlers": {name: repr(each) for name, each in signals.items()},
        "random state": hash(random.getstate()),
        "decimal context": repr(decimal.getcontext()),
        "root logger": (logging.root.level, list(map(repr, logging.root.handlers))),
        "garbage collector": (gc.isenabled(), gc.get_threshold()),
    }


def library_state(libraries: list[str], expressions: tuple[str, ...]) -> Settings:
    """What the public modules of the libraries hold, and the values of the expressions."""
    found: Settings = {}
    for module in _public_modules(libraries):
        for name, value in list(vars(module).items()):
            if not name.startswith("_"):
                is_plain = isinstance(value, bool | int | float | str | bytes | None)
                found[f"{module.__name__}.{name}"] = repr(value) if is_plain else id(value)
    scope = {each: sys.modules[each] for each in sys.modules if "." not in each}
    for expression in expressions:
        value = eval(expression, dict(scope))
        parts = value.items() if isinstance(value, Mapping) else [("", value)]
        found.update({f"{expression}[{key!r}]" if key else expression: repr(each) for key, each in parts})
    return found


def _public_modules(libraries: list[str]) -> Iterator[ModuleType]:
    for name, module in list(sys.modules.items()):
        parts = name.split(".")
        is_public = not any(each.startswith("_") for each in parts)
        if parts[0] in libraries and is_public and isinstance(module, ModuleType):
            yield module


def differences(before: Settings, after: Settings) -> list[str]:
    """What was there before and is another thing after, and what is new in the environment.

    >>> differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    ['b was 2 and is 3']
    """
    new = [name for name in after if name.startswith("os.environ") and name not in before]
    return [
        f"{name} was {before.get(name)!r:.80} and is {after.get(name)!r:.80}"
        for name in (*before, *new)
        if after.get(name) != before.get(name)
    ]


def use(backend: Any) -> None:
    """Run a program of several dtypes on the backend, as far as it can."""
    with polyflow.Graph().as_default(), polyflow.Session(backend) as session:
        w = polyflow.Variable([1.0, 2.0])
        wide = polyflow.constant([1.0, 0.0], dtype="float64") if polyflow.float64 in session.backend.dtypes else w
        for fetches in ([w.assign(w * 2.0), 1.0 / wide, polyflow.sum(w)], polyflow.random.uniform((3,), name="draw")):
            with contextlib.suppress(DTypeError, KernelError):  # what it cannot do, other probes ask after
                session.run(fetches)


def main(name: str) -> None:
    """Print, as JSON, what the backend changes in this process."""
    expressions = extensions().backend_entries[name][0].settings
    libraries = libraries_of(name)
    for each in [*libraries, *(expression.partition(".")[0] for expression in expressions)]:
        with contextlib.suppress(ImportError):  # names that extension modules make up
            importlib.import_module(each)
    before = {**process_state(), **library_state(libraries, expressions)}
    use(name)
    after = {**process_state(), **library_state(libraries, expressions)}
    print(json.dumps(differences(before, after)))


if __name__ == "__main__":
    main(sys.argv[1])
