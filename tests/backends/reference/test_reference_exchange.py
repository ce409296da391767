"""DLPack between the reference backend, NumPy and JAX: values, layouts, and who frees the memory when."""

from __future__ import annotations

import gc
import subprocess
import sys

import numpy as np
import pytest
from polyflow_reference import dlpack
from polyflow_reference import namespace as xp
from reference_oracle import ALL, assert_same, samples, to_reference


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
def test_arrays_of_numpy_come_in_and_go_out(dtype: str, shape: tuple[int, ...]) -> None:
    x = samples(dtype, *shape)
    assert_same(xp.from_dlpack(x), x)
    back = np.from_dlpack(to_reference(x))
    assert (back.dtype, back.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize(
    "view", [lambda x: x.T, lambda x: x[::-1], lambda x: x[:, ::2], lambda x: np.broadcast_to(x[0, 0], (2, 4))]
)
def test_any_layout_of_the_exporter_is_read(view: object) -> None:
    x = view(np.arange(24.0).reshape(2, 3, 4))  # type: ignore[operator]
    assert_same(xp.from_dlpack(x), x)


def test_memory_lives_as_long_as_the_consumer_holds_it() -> None:
    gc.collect()
    before = len(dlpack._exported)
    consumer = np.from_dlpack(xp.asarray([1.0, 2.0]))
    gc.collect()
    assert consumer.tolist() == [1.0, 2.0]
    assert len(dlpack._exported) == before + 1
    del consumer
    gc.collect()
    assert len(dlpack._exported) == before


@pytest.mark.parametrize("max_version", [None, (0, 8), (1, 0), (2, 3)])
def test_a_capsule_that_nobody_takes_frees_its_memory(max_version: tuple[int, int] | None) -> None:
    before = len(dlpack._exported)
    capsule = xp.asarray([1.0]).__dlpack__(max_version=max_version)
    is_versioned = max_version is not None and max_version >= (1, 0)
    assert ("dltensor_versioned" in repr(capsule)) is is_versioned
    assert len(dlpack._exported) == before + 1
    del capsule
    assert len(dlpack._exported) == before


def test_what_cannot_be_exchanged_is_refused() -> None:
    x = xp.asarray([1.0])
    with pytest.raises(BufferError, match="streams"):
        x.__dlpack__(stream=1)
    with pytest.raises(BufferError, match="cpu only"):
        x.__dlpack__(dl_device=(2, 0))
    with pytest.raises(ValueError, match="lists"):
        xp.from_dlpack(np.ones(2), copy=False)
    with pytest.raises(TypeError, match="__dlpack__"):
        xp.from_dlpack([1.0])


def test_a_capsule_is_taken_once() -> None:
    class Exporter:
        capsule = np.ones(2).__dlpack__()

        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

        def __dlpack__(self) -> object:
            return self.capsule

    exporter = Exporter()
    assert xp.from_dlpack(exporter).tolist() == [1.0, 1.0]
    with pytest.raises(BufferError, match="unused"):
        xp.from_dlpack(exporter)


def test_consumers_that_outlive_the_interpreter_do_no_harm() -> None:
    program = """
import numpy as np
from polyflow_reference import namespace as xp
kept, capsule = np.from_dlpack(xp.asarray([1.0, 2.0])), xp.asarray([1.0]).__dlpack__()
import builtins
builtins.kept, builtins.capsule = kept, capsule
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_jax_takes_and_gives_arrays() -> None:
    jax = pytest.importorskip("jax")
    taken = jax.dlpack.from_dlpack(xp.asarray([1.0, 2.0]))
    assert taken.tolist() == [1.0, 2.0]
    assert xp.from_dlpack(taken * 2).tolist() == [2.0, 4.0]
    narrow = jax.numpy.asarray([1.5, -2.0], dtype=jax.numpy.bfloat16)
    assert xp.from_dlpack(narrow).dtype is xp.bfloat16
    assert xp.from_dlpack(narrow).tolist() == [1.5, -2.0]
