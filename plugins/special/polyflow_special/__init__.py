"""Special functions as ops of polyflow, in SciPy's names and definitions; all are in the namespace ``special``."""

from polyflow_special.bessel import i0, i0e, i1, i1e
from polyflow_special.entropy import entr, kl_div, rel_entr, xlog1py, xlogy
from polyflow_special.gamma import beta, betaln, digamma, gammaln, polygamma, zeta
from polyflow_special.incomplete import betainc, gammainc, gammaincc
from polyflow_special.logistic import expit, logit, logsumexp, sinc
from polyflow_special.normal import log_ndtr, ndtr, ndtri

__all__ = [
    "gammaln", "digamma", "polygamma", "zeta", "beta", "betaln",
    "gammainc", "gammaincc", "betainc",
    "i0", "i0e", "i1", "i1e",
    "ndtr", "ndtri", "log_ndtr",
    "xlogy", "xlog1py", "entr", "rel_entr", "kl_div",
    "expit", "logit", "sinc", "logsumexp",
]  # fmt: skip
