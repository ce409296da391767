"""``tf.ConfigProto``: what a program may ask of a session, as far as polyflow has it."""

from __future__ import annotations

from typing import Any, NoReturn

from polyflow.core.location import user_location
from polyflow.errors import ArgumentError, message

_ACCEPTED = {
    "ConfigProto": (
        "allow_soft_placement", "gpu_options", "inter_op_parallelism_threads", "log_device_placement",
        "operation_timeout_in_ms",
    ),
    "GPUOptions": ("allow_growth",),
}  # fmt: skip
_REMEDIES = {
    "device_count": "the backend is the session's target, as in Session('jax'), and its device Session(device=...)",
    "graph_options": "polyflow.Session(optimise=False) leaves out the passes",
    "intra_op_parallelism_threads": "the environment variable OMP_NUM_THREADS, set before Python starts",
    "per_process_gpu_memory_fraction": "the environment variable XLA_PYTHON_CLIENT_MEM_FRACTION, for JAX",
    "visible_device_list": "the environment variable CUDA_VISIBLE_DEVICES, set before Python starts",
}


class _Options:
    """Options by name: those that polyflow has no place for are refused when they are set."""

    def __init__(self, **options: Any) -> None:
        for name, value in options.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _ACCEPTED[type(self).__name__]:
            self._refuse(name, value)
        super().__setattr__(name, value)

    def _refuse(self, name: str, value: Any) -> NoReturn:
        kind = type(self).__name__
        raise ArgumentError(
            message(
                f"{kind}: polyflow has no option {name!r}",
                found=f"{name}={value!r}",
                needed=", ".join(_ACCEPTED[kind]),
                where=user_location(),
                remedy=_REMEDIES.get(name, "leave it out"),
            )
        )


class GPUOptions(_Options):
    """Options of devices: ``allow_growth``, which changes nothing.

    >>> import polyflow.compat.v1 as tf
    >>> tf.GPUOptions(allow_growth=True).allow_growth
    True

    Raises ``ArgumentError`` for others, with polyflow's way to it.
    """

    allow_growth = False


class ConfigProto(_Options):
    """Options of a session.

    >>> import polyflow.compat.v1 as tf
    >>> config = tf.ConfigProto(allow_soft_placement=True, inter_op_parallelism_threads=2)
    >>> config.gpu_options.allow_growth = True
    >>> with tf.Session(config=config) as session:
    ...     session.run(tf.add(1, 2)).tolist()
    3

    ``inter_op_parallelism_threads`` is the number of threads that run operations that wait, 0 for polyflow's choice;
    ``operation_timeout_in_ms`` the time limit of each run. ``allow_soft_placement`` and ``log_device_placement`` change
    nothing: polyflow places by wish, and ``session.explain`` tells where. Raises ``ArgumentError`` for others.
    """

    allow_soft_placement = False
    inter_op_parallelism_threads = 0
    log_device_placement = False
    operation_timeout_in_ms = 0

    def __init__(self, **options: Any) -> None:
        self.gpu_options = GPUOptions()
        super().__init__(**options)
