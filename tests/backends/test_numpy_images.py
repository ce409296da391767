"""NumPy's convolutions and pooling go another way where it costs less, and come to the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polyflow_numpy import convolution, pooling

GENERATOR = np.random.default_rng(0)
FORMS: list[Any] = [
    pytest.param((5, 17, 18, 3), (3, 3), 8, {}, id="plain"),
    pytest.param((2, 17, 18, 3), (3, 2), 8, {"padding": "VALID"}, id="without padding"),
    pytest.param((2, 18, 33, 3), (3, 3), 8, {"strides": 2}, id="every second window"),
    pytest.param((2, 18, 20, 3), (2, 3), 8, {"strides": (1, 2), "dilations": (3, 2)}, id="with gaps"),
    pytest.param((2, 6, 20, 3), (3, 3), 8, {"padding": ((4, 0), (0, 5))}, id="padded unevenly"),
    pytest.param((2, 3, 17, 18), (3, 3), 8, {"data_format": "NCHW"}, id="channels first"),
    pytest.param((0, 17, 18, 3), (3, 3), 8, {}, id="no image"),
]


@pytest.mark.parametrize("room", [1, 1 << 14, 1 << 20], ids=["one image", "a few images", "all images"])
@pytest.mark.parametrize(("shape", "sizes", "outputs", "form"), FORMS)
def test_products_by_rows_of_windows_are_those_of_whole_windows(
    shape: tuple[int, ...],
    sizes: tuple[int, int],
    outputs: int,
    form: dict[str, Any],
    room: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_last = form.get("data_format", "NHWC") == "NHWC"
    x = GENERATOR.normal(size=shape)
    filters = GENERATOR.normal(size=(*sizes, shape[3 if is_last else 1], outputs))
    taken = []
    found = convolution._window_rows
    monkeypatch.setattr(convolution, "_window_rows", lambda *operands: taken.append(operands) or found(*operands))
    monkeypatch.setattr(convolution, "_ROWS", room)

    def all_three() -> list[Any]:
        y = convolution.conv2d(x, filters, **form)
        size = shape[1:3] if is_last else shape[2:]
        return [
            y,
            convolution.conv2d_input_gradient(filters, y, size=size, **form),
            convolution.conv2d_filter_gradient(x, y, size=sizes, **form),
        ]

    by_rows = all_three()
    assert taken
    monkeypatch.setattr(convolution, "_are_rows_cheap", lambda *operands: False)
    for each, expected in zip(by_rows, all_three(), strict=True):
        np.testing.assert_allclose(each, expected, rtol=1e-12, atol=1e-12)


def test_rows_of_windows_are_joined_up_to_what_blas_takes_as_it_lies() -> None:
    over = convolution._geometry((32, 28, 28, 16), (3, 3), 1, "SAME", "NHWC", 1)
    assert convolution._joined(over, 48 * 32) == 14
    assert convolution._joined(over, 9 * 16) == 28
    assert convolution._joined(over, 10**6) == 1
    apart = convolution._geometry((32, 28, 28, 16), (3, 3), 2, "SAME", "NHWC", 1)
    assert convolution._joined(apart, 48) == 1


def test_an_image_without_rows_is_convolved_to_none() -> None:
    y = convolution.conv2d(np.ones((2, 0, 20, 3)), np.ones((3, 3, 3, 8)))
    assert y.shape == (2, 0, 20, 8)


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize(("ksize", "strides"), [(2, 2), (3, 2), ((2, 3), 1), (3, 4)])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_pooling_a_few_images_at_a_time_is_pooling_all(
    ksize: Any, strides: int, padding: str, data_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = GENERATOR.normal(size=(5, 9, 11, 40))
    x[1, 2, 3, 4] = np.nan
    form = {"ksize": ksize, "strides": strides, "padding": padding, "data_format": data_format}
    step = pooling._images_at_once

    def both() -> list[Any]:
        return [pooling.max_pool(x, **form), pooling.avg_pool(x, **form)]

    monkeypatch.setattr(pooling, "_images_at_once", lambda x, over: 2)
    greatest, mean = both()
    monkeypatch.setattr(pooling, "_images_at_once", lambda x, over: len(x))
    expected = both()
    np.testing.assert_array_equal(greatest, expected[0])
    np.testing.assert_allclose(mean, expected[1], rtol=1e-12, atol=1e-12)
    monkeypatch.setattr(pooling, "_images_at_once", step)
    np.testing.assert_array_equal(both()[0], greatest)


@pytest.mark.parametrize(
    ("shape", "ksize", "count"),
    [((64, 32, 32, 32), 2, 8), ((3, 8, 8, 4), 2, 3), ((64, 32, 32, 32), (1, 2), 64), ((4, 512, 512, 32), 2, 4)],
    ids=["a few", "small ones together", "windows along one axis", "too large to stay in the cache"],
)
def test_so_many_images_are_pooled_at_a_time_as_fit_the_cache(shape: tuple[int, ...], ksize: Any, count: int) -> None:
    x = np.broadcast_to(np.float32(0), shape)
    over = pooling.windows(ksize, ksize, "SAME", "NHWC")
    assert min(pooling._images_at_once(x, over), len(x)) == count
