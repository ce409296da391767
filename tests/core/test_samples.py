"""Samples: the same numbers each time, in every dtype."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyflow.core.dtypes import DTYPES, bool_, float64, int8, int64
from polyflow.core.samples import (
    ErrorSample,
    Sample,
    booleans,
    integers,
    map_specs,
    normal,
    positive,
    uniform,
    values,
)


def numbers(spec: object, dtype: object = float64) -> np.ndarray:
    return np.array(spec.literal(dtype).tolist())  # type: ignore[attr-defined]


def test_the_numbers_are_the_same_each_time_and_others_for_another_seed() -> None:
    assert normal(5).literal(float64) == normal(5).literal(float64)
    assert normal(5).literal(float64) != normal(5, seed=1).literal(float64)


def test_the_numbers_do_not_depend_on_the_machine() -> None:
    assert integers(6, low=0, high=10).literal(int64).tolist() == integers(6, low=0, high=10).literal(int8).tolist()
    assert numbers(uniform(2))[0] == pytest.approx(numbers(uniform(3))[0])


def test_normal_numbers_are_normal() -> None:
    found = numbers(normal(4000))
    assert abs(found.mean()) < 0.06
    assert abs(found.std() - 1) < 0.04
    assert abs((np.abs(found) < 1).mean() - 0.6827) < 0.03


def test_uniform_numbers_fill_their_interval() -> None:
    found = numbers(uniform(4000, low=-2.0, high=3.0))
    assert (found >= -2).all()
    assert (found < 3).all()
    assert abs(found.mean() - 0.5) < 0.08


def test_integers_reach_every_value_of_their_range() -> None:
    assert set(numbers(integers(200, low=-1, high=3)).tolist()) == {-1, 0, 1, 2}


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("spec", [normal(2, 3), positive(3), uniform(2), values([0, 1])], ids=lambda spec: spec.kind)
def test_a_description_can_be_made_in_every_dtype(name: str, spec: object) -> None:
    found = spec.literal(DTYPES[name])  # type: ignore[attr-defined]
    assert (found.dtype.name, found.shape) == (name, spec.shape)  # type: ignore[attr-defined]


def test_complex_numbers_have_independent_parts() -> None:
    found = numbers(normal(2000), DTYPES["complex128"])
    assert abs(np.corrcoef(found.real, found.imag)[0, 1]) < 0.07


def test_a_fixed_dtype_wins_over_that_of_the_test() -> None:
    assert booleans(3).literal(float64).dtype is bool_
    assert normal(3).of("int8").literal(float64).dtype is int8
    assert integers(3, low=0, high=2, dtype=None).literal(float64).dtype is float64


def test_positive_numbers_are_where_logarithms_are_smooth() -> None:
    assert (numbers(positive(500)) >= 0.5).all()
    assert (numbers(positive(500)) < 3).all()


def test_a_sample_shows_how_it_was_made() -> None:
    sample = Sample(normal(2, 3), [positive(1).of("int8"), 2], axis=1)
    assert repr(sample) == "Sample(normal[2, 3], [uniform[1]:int8, 2], axis=1)"


def test_an_error_sample_keeps_what_must_be_raised() -> None:
    sample = ErrorSample(normal(2), axis=3).raises(IndexError, "axis 3")
    assert (sample.error, sample.text, sample.attributes) == (IndexError, "axis 3", {"axis": 3})


def test_descriptions_are_found_in_nested_operands() -> None:
    assert map_specs(lambda spec: spec.kind, [normal(1), (uniform(1), 3)]) == ["normal", ["uniform", 3]]


def test_an_empty_description_has_no_numbers() -> None:
    assert normal(0, 3).literal(float64).size == 0
    assert not math.prod(normal(2, 0).shape)
