"""The files of a new op package; marks such as ``@name@`` stand for what the user chose."""

FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "@distribution@"
version = "0.1.0"
description = "Ops of @name@ for polyflow."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["polyflow"]

[project.optional-dependencies]
test = ["polyflow[conformance]"]

[project.entry-points.polyflow]
@name@ = "@package@.plugin"

[tool.hatch.build.targets.wheel]
packages = ["src/@package@"]

[tool.ruff]
line-length = 120

[tool.ruff.lint]
select = ["E", "F", "W", "I", "B", "UP", "SIM", "RUF"]
ignore = ["RUF012"]
""",
    "README.md": """\
# @distribution@

Ops for polyflow, on every backend, with gradients:

```python
import polyflow as pf
from @package@ import softcap

pf.Session("jax").run(softcap([1.0, 100.0], limit=30.0))
```

```
pip install -e .        # beside polyflow and what its extra `conformance` needs, from its wheel or a checkout
polyflow conform --backend numpy -k @name@.
```

An op is declared in one place, `src/@package@/ops.py`: what it is, its kernel, its gradient, and the samples with which
the kit tests all three on every backend. `src/@package@/plugin.py` hands it over, and may bring faster kernels.
""",
    "src/@package@/__init__.py": '''\
"""Ops of @name@ for polyflow."""

from @package@.ops import softcap

__all__ = ["softcap"]
''',
    "src/@package@/plugin.py": '''\
"""The door: the ops, and kernels for backends that can do better than the generic ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from polyflow.core.declaration import Op, ops_in
from polyflow.extension import KernelTable, hookimpl

polyflow_contract = "@contract@"


@hookimpl
def polyflow_ops() -> list[Op]:
    """What ``ops.py`` declares."""
    from @package@ import ops

    return ops_in(ops)


@hookimpl
def polyflow_kernels() -> Mapping[str, Callable[[], KernelTable]]:
    """By backend, what makes a table of kernels when that backend is loaded."""
    return {"numpy": _numpy_kernels}


def _numpy_kernels() -> KernelTable:
    import numpy as np  # loaded already, by the backend

    return {"@name@.softcap": lambda x, *, limit: limit * np.tanh(x / limit)}
''',
    "src/@package@/ops.py": '''\
"""The ops: each declared once, with its manual, kernel, gradient and samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyflow.core.declaration import Trait, define_op
from polyflow.core.samples import ErrorSample, Sample, normal
from polyflow.core.types import TensorType
from polyflow.errors import ValueRangeError, message


@define_op(namespace="@name@", traits=Trait.ELEMENTWISE, dtypes="real floating", to_float=True)
def softcap(x: TensorType, /, *, limit: float = 30.0) -> TensorType:
    """``limit * tanh(x / limit)``: ``x`` while it is small, and never more than ``limit``.

    >>> import polyflow as pf
    >>> pf.Session().run(softcap([0.0, 1e9], limit=2.0)).tolist()
    [0.0, 2.0]
    """
    if limit <= 0:
        raise ValueRangeError(message("softcap: the limit", found=limit, needed="a positive number"))
    return x


@softcap.kernel
def softcap_kernel(xp: Any, x: Any, *, limit: float) -> Any:
    return limit * xp.tanh(x / limit)


@softcap.gradient
def softcap_gradient(xp: Any, operation: Any, g: Any) -> Any:
    return g * (1 - xp.square(operation.output / operation.attributes["limit"]))


@softcap.samples
def softcap_samples() -> Iterator[Sample]:
    yield Sample(normal(3, 4))
    yield Sample(normal(5), limit=0.5)
    yield ErrorSample(normal(2), limit=-1.0).raises(ValueRangeError, "softcap: the limit")
''',
    "tests/test_conformance.py": '''\
"""The package's own run of the conformance kit."""

from __future__ import annotations

import pytest
from polyflow.tools.command_line import main


@pytest.mark.parametrize("backend", ["numpy", "reference"])
def test_the_ops_conform(backend: str) -> None:
    """Values, dtypes, gradients and errors, on every sample in every dtype."""
    assert main(["conform", "--backend", backend, "-k", "@name@."]) == 0
''',
}
