"""Linear algebra, under the names of the array API standard's extension ``linalg``."""

from polyflow.ops.linalg_cholesky import cholesky
from polyflow.ops.linalg_decompositions import eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from polyflow.ops.linalg_norms import matrix_norm, vector_norm
from polyflow.ops.linalg_products import cross, diagonal, matrix_power, outer, trace
from polyflow.ops.linalg_solving import cofactors, det, inv, matrix_rank, pinv, slogdet, solve
from polyflow.ops.linear import matmul, tensordot, vecdot
from polyflow.ops.manipulation import matrix_transpose

__all__ = [
    "matmul",
    "tensordot",
    "vecdot",
    "matrix_transpose",
    "cross",
    "outer",
    "diagonal",
    "trace",
    "matrix_power",
    "inv",
    "solve",
    "det",
    "cofactors",
    "slogdet",
    "pinv",
    "matrix_rank",
    "cholesky",
    "qr",
    "svd",
    "svdvals",
    "eigh",
    "eigvalsh",
    "eig",
    "eigvals",
    "vector_norm",
    "matrix_norm",
]
