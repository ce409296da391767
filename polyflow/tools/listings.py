"""``polyflow backends`` and ``polyflow plugins``: what is installed, where it comes from, whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyflow.errors import BackendError, PluginError
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
    """A few lines for each backend: distribution, whether it loads and why not, devices, dtypes.

    Those that are made to test with come last, one line each.
    """
    lines: list[str] = []
    instruments: list[str] = []
    for name, (entry, distribution) in sorted(installed.backend_entries.items()):
        title = f"{name}  ({entry.summary})" if entry.summary else name
        if entry.is_instrument:
            instruments.append(f"  {title} from {distribution}")
            continue
        lines += [title, f"  from     {distribution}"]
        try:
            backend = installed.backend(name)
        except (BackendError, PluginError) as error:
            first, *rest = str(error).splitlines()
            told = [first, *rest] if isinstance(error, PluginError) else rest
            lines += ["  loads    no", *(f"           {each}" for each in told)]
            continue
        lines.append("  loads    yes")
        lines.append(f"  devices  {', '.join(backend.devices())}")
        lines.append(f"  dtypes   {', '.join(sorted(each.name for each in backend.dtypes))}")
    if instruments:
        lines += ["to test polyflow and the kit with, not to compute with:", *instruments]
    return lines


def run_plugins(arguments: argparse.Namespace) -> int:
    """Print every plugin."""
    print("\n".join(describe_plugins(extensions())))
    return 0


def describe_plugins(installed: Extensions) -> list[str]:
    """One line for each plugin: name, distribution, module, and the error if something of it fails; then the clashes,
    and the kernels that nobody will call.

    Every plugin is asked for all that it brings, tables of kernels too, so that one which fails only when it is asked
    shows here.
    """
    strays, clashes = installed.strays(), installed.ask_all()
    rows = []
    for record in installed.records:
        state = "disabled" if record.is_disabled else "ok"
        if record.error is not None:
            state = f"broken: {type(record.error).__name__}: {record.reason}"
        rows.append((record.name, record.distribution, record.module, state))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [" ".join([*map(str.ljust, row[:3], widths), row[3]]) for row in rows]
    lines += [line for clash in clashes for line in str(clash).splitlines()]
    return [*lines, *(f"warning: {each}" for each in strays)]
