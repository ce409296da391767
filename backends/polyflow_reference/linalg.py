"""The ``linalg`` extension of the array API standard. This module only gathers.

>>> "svd" in __all__
True
"""

from __future__ import annotations

from polyflow_reference.decompositions import cholesky, matrix_rank, pinv, qr, svd, svdvals
from polyflow_reference.eigenvalues import eig, eigh, eigvals, eigvalsh
from polyflow_reference.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from polyflow_reference.norms import matrix_norm, vector_norm
from polyflow_reference.products import cross, diagonal, outer, trace
from polyflow_reference.solving import det, inv, matrix_power, slogdet, solve

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals",
    "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip
