"""The table of tolerances: for each group of ops, how many units in the last place a result may be off.

The numbers are measured: the largest error of any sample on NumPy and JAX against the reference backend, which computes
in double precision and rounds once, then the next power of two that leaves room for other versions and processors.
Integers and bools are always exact. Floats of 16 bits are computed in float32 and rounded once, so that their error is
half a unit, or a whole one where float32 came out on the other side of a tie.
"""

from __future__ import annotations

from dataclasses import dataclass

from polyflow.core.declaration import Op
from polyflow.core.dtypes import HALVES, DType
from polyflow.extension.exact_ops import ROUNDS_NOTHING


@dataclass(frozen=True)
class Group:
    """Ops with one tolerance."""

    name: str
    half: int
    real: int
    complex: int
    is_elementwise: bool
    """Whether each element is measured by itself; otherwise by the largest, since elements may cancel."""
    families: tuple[str, ...] = ()
    """Modules in which ops are declared, as far as no group names an op of theirs."""
    ops: tuple[str, ...] = ()

    def ulps(self, dtype: DType, *, is_complex: bool = False) -> int:
        """The tolerance for results of ``dtype``, made of operands of which some may be complex."""
        if dtype in HALVES:
            return self.half
        return self.complex if is_complex or dtype.is_complex else self.real


GROUPS = (
    Group(
        "exact: they move, choose, compare and count", 0, 0, 0, True,
        families=(
            "primitives", "magnitudes", "rounding", "comparison", "logical", "bitwise", "complex_numbers", "creation",
            "triangles", "counting", "manipulation", "rearranging", "joining", "searching", "indexing",
            "index_assignment", "sorting", "sets", "encoding", "padding", "slicing", "gathering", "ranking", "bands",
            "dimensions", "shaped", "patches", "ordering", "state", "random_bits", "random_discrete",
        ),
        ops=(
            "nn.max_pool1d", "nn.max_pool3d", "tensor_scatter_nd_update", "tensor_scatter_nd_max",
            "tensor_scatter_nd_min", "random.standard_uniform", "random.uniform",
            *sorted(ROUNDS_NOTHING - {"abs", "sign"}),
        ),
    ),
    Group("magnitudes and directions of complex numbers", 0, 0, 2, True, ops=("abs", "sign")),
    Group(
        "one operation of IEEE 754", 0, 0, 2, True,
        ops=(
            "add", "subtract", "multiply", "square", "sqrt", "floor_divide", "remainder", "diff", "nn.bias_add",
            "nn.leaky_relu", "reciprocal",
        ),
    ),
    Group("a quotient, which XLA makes a product where the divisor is known", 1, 1, 2, True, ops=("divide",)),
    Group(
        "elementary functions", 1, 4, 4, True,
        families=("arithmetic", "exponential", "trigonometric", "hyperbolic", "error_function", "grids", "rectifiers"),
        ops=("hypot", "nn.sigmoid", "nn.silu", "nn.softsign"),
    ),
    Group(
        "sums, products and what is made of them", 2, 4, 4, False,
        families=(
            "reductions", "cumulative", "running", "linear", "convolution", "convolution_kinds", "convolution3d",
            "pooling", "pooling_kinds", "segments", "scattering", "einstein", "channels", "activations", "losses",
            "attending", "linalg_norms", "frequencies",
        ),
        ops=("index_add", "logaddexp", "linalg.cross", "linalg.outer", "linalg.trace"),
    ),
    Group("Fourier transforms", 2, 8, 8, False, families=("fourier", "fourier_grids")),
    Group(
        "draws by the inverse of a distribution function", 4, 16, 16, False,
        families=("random_standard", "random_uniform", "random_normal", "random_gamma", "error_inverse"),
    ),
    Group(
        "solutions and decompositions", 4, 16, 16, False,
        families=("linalg_products", "linalg_solving", "linalg_cholesky", "linalg_decompositions"),
    ),
    Group("eigenvalues", 4, 32, 32, False, ops=("linalg.eig", "linalg.eigvals", "linalg.eigh", "linalg.eigvalsh")),
    Group("determinants", 4, 64, 64, False, ops=("linalg.det", "linalg.cofactors")),
)  # fmt: skip
OTHERS = Group("all others", 4, 16, 16, False)


def family_of(op: Op) -> str:
    """The family of an op: the last part of its module's name."""
    return op.__module__.rpartition(".")[2]


def group_of(op: Op) -> Group:
    """The group that an op belongs to: the one that names it, or else its family."""
    named = next((each for each in GROUPS if op.full_name in each.ops), None)
    if named is not None:
        return named
    is_own = op.__module__.startswith("polyflow.ops.") or op.__module__.startswith("polyflow.core.")
    return next((each for each in GROUPS if is_own and family_of(op) in each.families), OTHERS)
