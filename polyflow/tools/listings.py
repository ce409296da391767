"""``polyflow backends`` and ``polyflow plugins``: what is installed, where it comes from, whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyflow.errors import BackendError
from polyflow.extension.manager import Extensions, extensions

if TYPE_CHECKING:
    import argparse


def add_no_arguments(parser: argparse.ArgumentParser) -> None:
    """The listings take no arguments."""


def run_backends(arguments: argparse.Namespace) -> int:
    """Print every backend."""
    print("\n".join(describe_backends(extensions())))
    return 0


def describe_backends(installed: Extensions) -> list[str]:
    """A few lines for each backend: distribution, whether it loads and why not, devices, dtypes."""
    lines: list[str] = []
    for name, (entry, distribution) in sorted(installed.backend_entries.items()):
        lines.append(f"{name}  ({entry.summary})" if entry.summary else name)
        lines.append(f"  from     {distribution}")
        if entry.is_instrument:
            lines.append("  for      tests of polyflow and of the kit, not for computing")
        try:
            backend = installed.backend(name)
        except BackendError as error:
            lines.append("  loads    no")
            lines += [f"           {each}" for each in str(error).splitlines()[1:]]
            continue
        lines.append("  loads    yes")
        lines.append(f"  devices  {', '.join(backend.devices())}")
        lines.append(f"  dtypes   {', '.join(sorted(each.name for each in backend.dtypes))}")
    return lines


def run_plugins(arguments: argparse.Namespace) -> int:
    """Print every plugin."""
    print("\n".join(describe_plugins(extensions())))
    return 0


def describe_plugins(installed: Extensions) -> list[str]:
    """One line for each plugin: name, distribution, module, and the error if something of it fails; then the clashes.

    Every plugin is asked for all that it brings, so that one which fails only when it is asked shows here.
    """
    clashes = installed.ask_all()
    lines = []
    for record in installed.records:
        state = "disabled" if record.is_disabled else "ok"
        if record.error is not None:
            state = f"broken: {type(record.error).__name__}: {' '.join(str(record.error).split())}"
        lines.append(f"{record.name:<14} {record.distribution:<14} {record.module:<30} {state}")
    return [*lines, *(line for clash in clashes for line in str(clash).splitlines())]
