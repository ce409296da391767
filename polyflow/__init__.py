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
import sys as _sys

from polyflow.core.gathering import gathered as _gathered
from polyflow.core.operators import Operators as _Operators
from polyflow.core.operators import bind_operators as _bind_operators
from polyflow.core.operators import bind_selection as _bind_selection
from polyflow.core.operators import later as _later
from polyflow.core.tensor import Tensor as _Tensor

__version__ = "0.1.0.dev0"
__array_api_version__ = "2025.12"


__all__, __getattr__, __dir__ = _gathered(__name__)


def __array_namespace_info__() -> object:
    """What the namespace of symbolic tensors says of itself: where they run is for a session to say."""
    inspection = _importlib.import_module("polyflow.session.inspection")
    dtypes = _importlib.import_module("polyflow.core.dtypes")
    return inspection.NamespaceInfo(("graph",), dtypes.DTYPES.values())


_bind_operators(_Operators, _sys.modules[__name__])
_bind_selection(_Tensor, "polyflow.ops.indexing", "polyflow.ops.index_assignment")
_Operators.__array_ufunc__ = _later("polyflow.compat.numpy_protocol", "array_ufunc")
_Operators.__array_function__ = _later("polyflow.compat.numpy_protocol", "array_function")
