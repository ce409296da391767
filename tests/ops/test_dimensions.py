"""Shapes as tensors: constants where they are known, asked of the array where they depend on data."""

from __future__ import annotations

import numpy as np
import pytest
from symbolic import BACKENDS, run

import polyflow as pf
from polyflow.errors import ShapeError
from polyflow.ops.shaped import reshape_to


@pytest.mark.parametrize("backend", BACKENDS)
def test_shape_rank_and_size_are_those_of_what_is_fed(backend: str) -> None:
    found = run(lambda x: [pf.shape(x), pf.rank(x), pf.size(x, dtype="int32")], np.ones((2, 0, 3)), backend=backend)
    assert [each.tolist() for each in found] == [[2, 0, 3], 3, 0]
    assert [str(each.dtype) for each in found] == ["int64", "int64", "int32"]


def test_a_known_shape_is_a_constant_of_the_program() -> None:
    x = pf.placeholder("float32")
    text = pf.Session().explain(pf.shape(x), {x: np.ones((2, 3), "float32")})
    assert "shape(" not in text


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_shape_of_what_depends_on_data_is_found_when_it_runs(backend: str) -> None:
    found = run(lambda x: [pf.shape(x[x > 1]), pf.size(x[x > 1])], np.arange(4.0), backend=backend)
    assert [each.tolist() for each in found] == [[2], 2]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_shape_computed_from_shapes_reshapes_and_fills(backend: str) -> None:
    def program(x: pf.Tensor) -> list[pf.Tensor]:
        sizes = pf.shape(x)
        rows = sizes[0] * sizes[1] // 2
        return [
            reshape_to(x, [rows, -1]),
            pf.fill(pf.concat([sizes[1:], [2]]), 7),
            reshape_to(x, pf.stack([pf.prod(sizes)])),
        ]

    x = np.arange(12.0).reshape(2, 3, 2)
    found = run(program, x, backend=backend)
    assert np.array_equal(found[0], x.reshape(3, 4))
    assert np.array_equal(found[1], np.full((3, 2, 2), 7))
    assert np.array_equal(found[2], x.reshape(12))


def test_a_shape_that_depends_on_data_is_refused_with_a_remedy() -> None:
    x = pf.placeholder()
    with pytest.raises(ShapeError, match="depends on what is known only at run time"):
        pf.Session().run(reshape_to(x, pf.astype(x, pf.int64)), {x: np.asarray([1.0])})


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_placeholder_with_a_default_needs_no_feed_and_takes_one(backend: str) -> None:
    x = pf.placeholder_with_default(np.asarray([1.0, 2.0]), shape=(None,))
    session = pf.Session(backend)
    assert session.run(pf.sum(x)).tolist() == 3.0
    assert session.run(pf.sum(x), {x: [1.0, 2.0, 4.0]}).tolist() == 7.0


def test_bands_and_diagonals_equal_numpys() -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    assert np.array_equal(run(lambda x: pf.matrix_band_part(x, 1, 0), x), np.triu(np.tril(x), -1))
    assert np.array_equal(run(lambda x: pf.matrix_band_part(x, -1, 1), x), np.tril(x, 1))
    assert np.array_equal(run(pf.matrix_diag_part, x), np.diagonal(x, axis1=1, axis2=2))
    vectors = x[:, 0]
    assert np.array_equal(run(pf.matrix_diag, vectors), np.asarray([np.diag(each) for each in vectors]))
    assert np.array_equal(run(pf.diag, vectors), np.diag(vectors.reshape(-1)).reshape(2, 3, 2, 3))
    assert np.array_equal(run(lambda x: pf.diag_part(pf.diag(x)), vectors), vectors)
    lengths = np.asarray([[0, 2], [5, 1]])
    assert np.array_equal(run(lambda n: pf.sequence_mask(n, 3), lengths), np.arange(3) < lengths[..., None])
