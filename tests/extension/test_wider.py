"""Dtypes that a backend only stores: kernels get wider ones, and what they return is cut to width again."""

from __future__ import annotations

import numpy as np
import pytest

import polyflow as pf
from polyflow.core.dtypes import int32, int64, uint16, uint32
from polyflow.extension.half_precision import wider_of
from polyflow.extension.manager import extensions

SEEN: list[str] = []


def noting(function):
    """``function``, which takes down the dtypes that it is called with and refuses unsigned integers."""

    def kernel(*operands, out=None):
        SEEN.extend(str(each.dtype) for each in operands)
        assert not any(each.dtype.kind == "u" for each in operands), "it only stores them"
        return function(*operands)

    return kernel


@pytest.fixture
def backend():
    """NumPy's backend as if NumPy neither added nor compared unsigned integers."""
    numpy = type(extensions().backend("numpy"))

    class Storing(numpy):
        wider = {uint16: int32, uint32: int64}

    SEEN.clear()
    made = Storing()
    made.kernels = {**made.kernels, **{name: noting(getattr(np, name)) for name in ("add", "less", "sin")}}
    made.in_place = made.fresh = frozenset()
    made.updating, made.operators = {}, {}
    return made


def fetched(backend, dtype, make, values):
    with pf.Graph().as_default():
        x = pf.placeholder(dtype, (2,))
        return pf.Session(backend).run(make(x), {x: np.asarray(values, dtype)})


@pytest.mark.parametrize(("dtype", "wide"), [("uint16", "int32"), ("uint32", "int64")])
def test_a_kernel_gets_the_wider_dtype_and_its_result_wraps_around(backend, dtype, wide):
    largest = int(np.iinfo(dtype).max)
    found = fetched(backend, dtype, lambda x: pf.add(x, x), [largest, 3])
    assert (found.dtype.name, found.tolist(), set(SEEN)) == (dtype, [largest - 1, 6], {wide})


def test_a_result_of_another_dtype_stays_as_it_is(backend):
    found = fetched(backend, "uint16", lambda x: pf.less(x, x + 1), [1, 65535])
    assert (found.dtype.name, found.tolist()) == ("bool", [True, False])


def test_other_dtypes_are_left_alone(backend):
    assert fetched(backend, "float64", pf.sin, [0.0, 1.0]).dtype.name == "float64"
    assert set(SEEN) == {"float64"}


def test_eager_calls_are_widened_too(backend):
    xp = pf.eager(backend)
    found = xp.add(xp.asarray([65535], dtype=xp.uint16), xp.asarray([2], dtype=xp.uint16))
    assert [found.dtype, int(found[0])] == [uint16, 1]


def test_a_backend_that_says_nothing_computes_in_what_it_gets():
    assert wider_of(object()) == {}
    assert wider_of(extensions().backend("numpy")) == {}
