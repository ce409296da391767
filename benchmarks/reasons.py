"""Why bars are missed, one short text for each: what was measured, and whose work the rest is.

A text is shown on the page only while its bar is missed. ``python -m benchmarks.floors`` measures what the texts say.
"""

from __future__ import annotations

PRODUCTS = (
    "Its eight products are 129 million multiplications and additions. They take 1290 of our 1470 us, at 100 of the "
    "105 GFLOP/s that OpenBLAS reaches on one core with any product at all (103 with PyTorch's library, 105 to 109 "
    "with XLA's; the core's limit is 117). In the best layout of each they would take 1255 us: with all else free "
    "{floor}. The machine's, not a layout's. `python -m benchmarks.floors products`"
)
MIDDLE_BY_HAND = PRODUCTS.format(floor="the ratio would be 0.84")
MIDDLE_PYTENSOR = PRODUCTS.format(floor="the ratio would be 0.82; a ratio of 0.6 needs 140 GFLOP/s")
TINY_PYTENSOR = (
    "Without `polyflow[numba]`: on NumPy a step is sixty calls on a few hundred numbers each, at 0.3 to 2 us a call; "
    "PyTensor makes one function "
    "of machine code of them. So does XLA, and needs 8 us a step inside of `run_many`, where the bar is met. But a "
    "prepared call of JAX takes 49 us, twice PyTensor's whole step: 4 for an empty call, 7 for eight variables in and "
    "out, 4 for two fed arrays, 8 to compute, 3 to read the loss, 15 to hand the work to a thread of XLA's and back "
    "(as long as `jax_cpu_enable_async_dispatch`, which belongs to the process, is left alone), 2 in polyflow. With "
    "the variables packed in one array 40 are left. `python -m benchmarks.floors calls`"
)
TWO_CORES = (
    "One of the two cores is idle: XLA gives the convolutions of the second layer, nearly all multiplications, "
    "to a library that computes these on one thread, and does not overlap the two that make its gradients though they "
    "do not wait for each other (not once in 140 steps that were traced). On one core we are ahead. XLA's. "
    "`python -m benchmarks.floors cores`"
)
START = (
    "The modules that build gradients, plan and run are loaded by the first run, and NumPy's functions are called for "
    "the first time. Ours."
)
LAYER_NORM = (
    "The form by hand repeats scale and offset eight times and sees eight rows as one, so that a ufunc meets runs of "
    "4096 numbers instead of 512; in a copy of our code by hand that took off 2 to 7 %. What we write keeps rows as "
    "rows. Ours."
)
LOOKUP = (
    "On both hands one call of `ndarray.take`, whose time is that of memory; ours has the 2 us of a prepared call "
    "around it, and what is more differs from run to run."
)
OPERATIONS = {"layer_norm": LAYER_NORM, "embedding_lookup": LOOKUP}
