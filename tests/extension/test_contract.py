"""The contract with plugins: its version, what hooks may bring, and who is told of a plugin that is broken."""

from __future__ import annotations

import types
from typing import Any

import pytest

import polyflow as pf
from polyflow.errors import BackendError, KernelError, PluginError, UnknownNameError
from polyflow.extension import BackendEntry
from polyflow.extension.contract import CONTRACT
from polyflow.extension.manager import DISABLED, Extensions
from tests.extension.plugins import FewBackend, Point, fail, installed, plugin, points, triple

__all__ = ["installed", "points"]  # fixtures


TORN = "plugin 'torn' (torn-dist) is broken: no libfew"


def test_who_misses_a_kernel_is_told_of_the_plugin_whose_hook_is_broken(installed: Extensions) -> None:
    installed.register(plugin(kernels=lambda: fail(ImportError("no libfew"))), "torn", "torn-dist")
    x = pf.placeholder("float32", ())
    with pytest.raises(KernelError, match=r"backend 'few' has no kernel for 1 operation:") as caught:
        pf.Session("few", extensions=installed).run(triple(x), {x: 1.0})
    assert f"found:   {TORN}" in str(caught.value)
    with pytest.raises(KernelError) as caught:
        triple(pf.eager("few", extensions=installed).ones((2,)))
    assert f"found:   {TORN}" in str(caught.value)


def test_who_misses_an_op_is_told_of_the_plugin_whose_hook_is_broken(installed: Extensions) -> None:
    installed.register(plugin(ops=lambda: fail(ImportError("no libfew"))), "torn", "torn-dist")
    with pytest.raises(UnknownNameError) as caught:
        installed.ops["special.gammaln"]
    assert str(caught.value).startswith(f"no op is called 'special.gammaln'\n  found:   {TORN}")
    with pytest.raises(AttributeError, match="has no op 'special'") as missing:
        installed.namespace.special  # noqa: B018
    assert TORN in str(missing.value)


def test_kernels_may_be_made_when_their_backend_is_loaded(installed: Extensions) -> None:
    made: list[str] = []

    def table() -> dict[str, Any]:
        made.append("few")
        return {"triple": lambda x: x * 3}

    installed.register(plugin(kernels=lambda: {"few": table}), "late", "late-dist")
    installed.ask_all()
    assert made == []
    x = pf.placeholder("float32", ())
    assert pf.Session("few", extensions=installed).run(triple(x), {x: 2.0}) == 6.0
    assert made == ["few"]


def test_a_table_of_kernels_that_cannot_be_made_harms_nobody_and_is_recorded(installed: Extensions) -> None:
    installed.register(plugin(kernels=lambda: {"few": lambda: fail(ImportError("no libfew"))}), "torn", "torn-dist")
    assert installed.backend("few").name == "few"
    assert installed.troubles() == TORN


@pytest.mark.parametrize(
    ("hook", "brought", "needed"),
    [
        ("ops", [len], "ops made by define_op"),
        ("backends", ["few"], "BackendEntry objects"),
        ("kernels", {"few": 7}, "by backend a table of kernels, or a function that makes it"),
        ("passes", [lambda program, context: program], "callables with a name and a stage"),
        ("commands", [print], "Command objects"),
    ],
)
def test_a_hook_that_brings_something_else_is_recorded(
    installed: Extensions, hook: str, brought: Any, needed: str
) -> None:
    installed.register(plugin(**{hook: lambda: brought}), "odd", "odd-dist")
    assert installed.ask_all() == []
    (record,) = [each for each in installed.records if each.error is not None]
    assert str(record.error).startswith(f"polyflow_{hook} brings something else\n  found:   ")
    assert f"needed:  {needed}" in str(record.error)


# -- the version


def written_for(contract: object) -> types.SimpleNamespace:
    made = plugin(backends=lambda: [BackendEntry("versioned", FewBackend)])
    made.polyflow_contract = contract
    return made


def test_a_plugin_written_for_this_contract_is_taken(installed: Extensions) -> None:
    installed.register(written_for(".".join(map(str, CONTRACT))), "v", "v-dist")
    assert "versioned" in installed.backend_entries


@pytest.mark.parametrize(
    ("contract", "remedy"),
    [
        ("2.0", "a newer polyflow, or a v-dist for this one"),
        ("1.99", "a newer polyflow, or a v-dist for this one"),
        ("0.9", "a newer v-dist"),
    ],
)
def test_a_plugin_written_for_another_contract_is_refused(installed: Extensions, contract: str, remedy: str) -> None:
    with pytest.raises(PluginError) as caught:
        installed.register(written_for(contract), "v", "v-dist")
    assert str(caught.value) == (
        "plugin 'v' of v-dist was written for another contract\n"
        f"  found:   {contract}\n  needed:  1.0\n  try:     {remedy}"
    )


@pytest.mark.parametrize("contract", [7, "new", "1", (1, 0)])
def test_a_contract_that_is_no_version_is_refused(installed: Extensions, contract: object) -> None:
    with pytest.raises(PluginError, match=r"plugin 'v' of v-dist declares a contract that is no version"):
        installed.register(written_for(contract), "v", "v-dist")


def test_an_installed_plugin_for_a_newer_contract_is_recorded_and_named_where_it_is_missed(points: list[Point]) -> None:
    points[0].load = lambda: written_for("2.0")
    with pytest.raises(BackendError) as caught:
        Extensions().backend("versioned")
    assert "plugin 'good' (good-dist) is broken: plugin 'good' of good-dist was written for another contract" in str(
        caught.value
    )


def test_a_disabled_plugin_is_named_where_it_is_missed(points: list[Point], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DISABLED, "good")
    with pytest.raises(BackendError, match=r"plugin 'good' \(good-dist\) is disabled by POLYFLOW_DISABLE_PLUGINS"):
        Extensions().backend("few")
