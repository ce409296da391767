"""polyflow: write an array program once, choose the engine when the session opens, get the same answer everywhere.

The names are those of the Python array API standard, then those of TensorFlow 1. This module only gathers them; each is
loaded when it is first asked for. Where it lives stands in ``__init__.pyi``, which type checkers read as well.

>>> import polyflow as pf
>>> x = pf.placeholder("float32", (None, 2), name="x")
>>> y = pf.sum(x * x, axis=1)
>>> pf.Session("numpy").run(y, {x: [[3.0, 4.0]]}).tolist()
[25.0]
"""

import importlib as _importlib
import re as _re
import sys as _sys

from polyflow.core.operators import Operators as _Operators
from polyflow.core.operators import bind_operators as _bind_operators
from polyflow.core.operators import bind_selection as _bind_selection
from polyflow.core.operators import later as _later
from polyflow.core.tensor import Tensor as _Tensor

__version__ = "0.1.0.dev0"
__array_api_version__ = "2025.12"


def _read_homes() -> dict[str, tuple[str, str]]:
    """Module and name there, for each public name."""
    with open(f"{__file__.removesuffix('c')}i", encoding="utf-8") as stub:
        imports = _re.findall(r"^from (\S+) import (\([^)]*\)|[^\n(]+)", stub.read(), _re.MULTILINE)
    homes = {}
    for module, names in imports:
        for each in names.strip("()").split(","):
            name, _, public = each.strip().partition(" as ")
            if public:
                homes[public.strip()] = module, name
    return homes


_HOMES = _read_homes()
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'polyflow' has no attribute {name!r}")
    module, inner = _HOMES[name]
    if module == __name__:
        found: object = _importlib.import_module(f"polyflow.{inner}")
    else:
        found = getattr(_importlib.import_module(module), inner)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def __array_namespace_info__() -> object:
    """What the namespace of symbolic tensors says of itself: where they run is for a session to say."""
    inspection = _importlib.import_module("polyflow.session.inspection")
    dtypes = _importlib.import_module("polyflow.core.dtypes")
    return inspection.NamespaceInfo(("graph",), dtypes.DTYPES.values())


_bind_operators(_Operators, _sys.modules[__name__])
_bind_selection(_Tensor, "polyflow.ops.indexing", "polyflow.ops.index_assignment")
_Operators.__array_ufunc__ = _later("polyflow.compat.numpy_protocol", "array_ufunc")
_Operators.__array_function__ = _later("polyflow.compat.numpy_protocol", "array_function")
