"""What was installed when a backend was proved: Python, polyflow, and the libraries that the backend stands on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from polyflow.extension import Backend


def versions_of(backend: Backend) -> dict[str, str]:
    """The version of each distribution that holds the backend's namespace or its arrays, then polyflow's and Python's.

    >>> import polyflow as pf
    >>> list(versions_of(pf.Session("reference").backend))
    ['polyflow', 'Python']
    """
    owners = packages_distributions()
    modules = [getattr(each, "__module__", "") for each in getattr(backend, "array_types", ())]
    modules += [getattr(backend.namespace, "__name__", "")]
    packages = sorted({each.partition(".")[0] for each in modules})
    names = [name for each in packages for name in owners.get(each, ())]
    return {
        **{name: _version(name) for name in dict.fromkeys([*names, "polyflow"])},
        "Python": platform.python_version(),
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
