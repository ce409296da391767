"""Packages that gather names load what is asked for, and nothing else."""

from __future__ import annotations

import pytest

import polyflow as pf
from tests.processes import loaded_by, printed


def test_a_function_is_loaded_without_its_neighbours() -> None:
    found = loaded_by("import polyflow as pf; pf.nn.relu, pf.train.AdamOptimizer")
    assert {"polyflow.ops.rectifiers", "polyflow.training.optimizers"} <= found
    assert not {"polyflow.ops.convolution", "polyflow.ops.pooling", "polyflow.training.queue_runner"} & found


@pytest.mark.parametrize("package", [pf, pf.nn, pf.train], ids=lambda each: each.__name__)
def test_every_name_is_found_and_listed(package: object) -> None:
    names = package.__all__  # type: ignore[attr-defined]
    assert set(names) <= {*dir(package)}
    assert all(hasattr(package, each) for each in names)


def test_names_of_modules_do_not_hide_functions() -> None:
    code = (
        "import polyflow.nn.dropping, polyflow.training.batching, polyflow as pf; print(pf.nn.dropout, pf.train.batch)"
    )
    assert printed(code).count("<function") == 2


@pytest.mark.parametrize("package", [pf, pf.nn, pf.train], ids=lambda each: each.__name__)
def test_a_name_that_is_not_there_is_no_attribute(package: object) -> None:
    with pytest.raises(AttributeError, match=r"module 'polyflow[a-z.]*' has no attribute 'relus'"):
        package.relus  # type: ignore[attr-defined]  # noqa: B018
