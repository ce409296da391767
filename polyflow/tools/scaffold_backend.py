"""The files of a new backend; marks such as ``@name@`` stand for what the user chose."""

FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "@distribution@"
version = "0.1.0"
description = "The backend @name@ for polyflow."
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

The backend `@name@` for polyflow: `polyflow.Session("@name@")`.

```
pip install -e .        # beside polyflow and what its extra `conformance` needs, from its wheel or a checkout
polyflow conform --backend @name@
```

As it stands it runs on the slow arrays of polyflow's own reference backend. Put your array library in their place in
`src/@package@/backend.py`: its namespace, the classes of its arrays, and the dtypes that it really has. What the
standard leaves out goes into `KERNELS`.
""",
    "src/@package@/__init__.py": '''\
"""The backend @name@ for polyflow."""
''',
    "src/@package@/plugin.py": '''\
"""The door: the backend is announced here, and loaded when a session names it."""

from __future__ import annotations

from polyflow.extension import Backend, BackendEntry, hookimpl

polyflow_contract = "@contract@"


def _make() -> Backend:
    from @package@.backend import @Class@Backend  # the array library is loaded here and nowhere earlier

    return @Class@Backend()


@hookimpl
def polyflow_backends() -> list[BackendEntry]:
    """The backend ``@name@``."""
    return [BackendEntry("@name@", _make, "what it is, in a few words", "pip install @distribution@")]
''',
    "src/@package@/backend.py": """\
\"""What @name@ does in its own way.\"""

from __future__ import annotations

from polyflow.core.dtypes import as_dtype
from polyflow.extension import KernelTable, NamespaceBackend
from polyflow_reference import namespace as library  # your array library, in place of polyflow's slow one
from polyflow_reference.array import Array
from polyflow_reference.backend import astype

DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "complex64", "complex128",
)  # fmt: skip
\"""The dtypes that the library has. The kit holds you to each, so claim no more than is true.\"""

KERNELS: KernelTable = {"astype": astype}
\"""By op, what the library has under another name, or does otherwise than the standard says.\"""


class @Class@Backend(NamespaceBackend):
    \"""Arrays of the library, on one device.\"""

    def __init__(self) -> None:
        super().__init__("@name@", library, KERNELS)
        self.array_types = (Array,)
        self._native = {as_dtype(name): getattr(library, name) for name in DTYPES}
        self.dtypes = frozenset(self._native)
""",
    "tests/test_conformance.py": '''\
"""The package's own run of the conformance kit."""

from __future__ import annotations

import pytest
from polyflow.tools.command_line import main


@pytest.mark.parametrize("level", ["core"])
def test_the_backend_conforms(level: str) -> None:
    """More levels: linalg, fft, autodiff, control, state, random, errors, devices, all."""
    assert main(["conform", "--backend", "@name@", "--level", level]) == 0
''',
}
