"""``tf.linalg``: those functions of linear algebra that TensorFlow 1 and the array API standard call alike."""

from polyflow.compat.v1.arrays import eye
from polyflow.compat.v1.mathematics import matmul, tensordot
from polyflow.compat.v1.missing import getter
from polyflow.nn.norms import norm
from polyflow.ops.bands import matrix_band_part as band_part
from polyflow.ops.bands import matrix_diag as diag
from polyflow.ops.bands import matrix_diag_part as diag_part
from polyflow.ops.linalg_cholesky import cholesky
from polyflow.ops.linalg_decompositions import eigh, eigvalsh, qr
from polyflow.ops.linalg_products import cross, trace
from polyflow.ops.linalg_solving import det, inv, slogdet, solve
from polyflow.ops.manipulation import matrix_transpose

__all__ = [
    "band_part", "cholesky", "cross", "det", "diag", "diag_part", "eigh", "eigvalsh", "eye", "inv", "matmul",
    "matrix_transpose", "norm", "qr", "slogdet", "solve", "tensordot", "trace",
]  # fmt: skip
__getattr__ = getter(__name__, "linalg")
