"""Pooling against its definitions; ties, NaN, layouts and clear errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.scratch import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d, naive

small = st.integers(1, 4)


@st.composite
def settings_of_a_pooling(draw):
    """Draw the shape of the images, the kernel, the stride and the padding."""
    kernel = draw(st.tuples(small, small))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    image = tuple(max(1, k - 2 * p) + draw(st.integers(0, 5)) for k, p in zip(kernel, padding))
    return (draw(st.integers(0, 3)), draw(small), *image), kernel, draw(st.tuples(small, small)), padding


@settings(max_examples=100, deadline=None)
@given(settings_of_a_pooling(), st.booleans(), st.integers(0, 2**32 - 1))
def test_max_pooling_is_its_definition_also_with_ties(drawn, ties, seed):
    shape, kernel, stride, padding = drawn
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 2, shape).astype(np.float64) if ties else rng.standard_normal(shape)
    layer = MaxPool2d(kernel, stride, padding)
    y = layer(x)
    np.testing.assert_array_equal(y, naive.max_pool2d(x, kernel, stride, padding))
    dy = rng.standard_normal(y.shape)
    right = naive.max_pool2d_backward(dy, x, kernel, stride, padding)
    np.testing.assert_allclose(layer.backward(dy), right, rtol=0, atol=1e-13)


@settings(max_examples=100, deadline=None)
@given(settings_of_a_pooling(), st.booleans(), st.integers(0, 2**32 - 1))
def test_average_pooling_is_its_definition(drawn, count, seed):
    shape, kernel, stride, padding = drawn
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    layer = AvgPool2d(kernel, stride, padding, count_include_pad=count)
    y = layer(x)
    np.testing.assert_allclose(y, naive.avg_pool2d(x, kernel, stride, padding, count), rtol=0, atol=1e-13)
    dy = rng.standard_normal(y.shape)
    assert (layer.backward(dy) * x).sum() == pytest.approx((dy * y).sum(), abs=1e-9)  # y is linear in x


@settings(max_examples=100, deadline=None)
@given(st.tuples(st.integers(0, 2), small, st.integers(1, 9), st.integers(1, 9)), small, small, st.integers(0, 99))
def test_adaptive_average_pooling_is_its_definition(shape, rows, columns, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    layer = AdaptiveAvgPool2d((rows, columns))
    y = layer(x)
    np.testing.assert_allclose(y, naive.adaptive_avg_pool2d(x, (rows, columns)), rtol=0, atol=1e-13)
    dy = rng.standard_normal(y.shape)
    assert (layer.backward(dy) * x).sum() == pytest.approx((dy * y).sum(), abs=1e-9)


def test_a_window_of_more_than_256_places_still_finds_its_winner():
    x = np.random.default_rng(0).standard_normal((2, 1, 18, 19))
    layer = MaxPool2d((17, 18), 1)
    y = layer(x)
    np.testing.assert_array_equal(y, naive.max_pool2d(x, (17, 18), (1, 1)))
    np.testing.assert_array_equal(
        layer.backward(np.ones_like(y)), naive.max_pool2d_backward(np.ones_like(y), x, (17, 18), (1, 1))
    )


def test_a_nan_is_not_hidden():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, 1, 2] = np.nan
    np.testing.assert_array_equal(MaxPool2d(2)(x), [[[[0, np.nan]]]])


@pytest.mark.parametrize("layer", [MaxPool2d(2), AvgPool2d(2), AdaptiveAvgPool2d(2)])
@pytest.mark.parametrize("axes", [(1, 2, 3, 0), (1, 0, 2, 3), (0, 2, 3, 1)])
def test_any_memory_layout_gives_the_same(layer, axes):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 2, 7, 5)).astype(np.float32)
    other = np.ascontiguousarray(x.transpose(axes)).transpose(np.argsort(axes))
    y = layer(x)
    dx = layer.backward(y)
    np.testing.assert_allclose(layer(other), y, rtol=1e-6)
    np.testing.assert_allclose(layer.backward(y), dx, rtol=1e-6)
    assert y.dtype == dx.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MaxPool2d(2, padding=2), ValueError, "more than half of the kernel"),
        (lambda: AvgPool2d(2, padding=2), ValueError, "more than half of the kernel"),
        (lambda: MaxPool2d(0), ValueError, "at least 1"),
        (lambda: MaxPool2d(2, stride=0), ValueError, "at least 1"),
        (lambda: AdaptiveAvgPool2d(0), ValueError, "at least 1"),
        (lambda: MaxPool2d(3)(np.zeros((1, 1, 2, 5), np.float32)), ValueError, "2x5.*smaller.*3x3"),
        (lambda: AvgPool2d(3)(np.zeros((1, 2, 5), np.float32)), ValueError, r"got shape \(1, 2, 5\)"),
        (lambda: AvgPool2d(3)(np.zeros((1, 1, 5, 5), int)), TypeError, "must hold floats"),
        (lambda: AdaptiveAvgPool2d(1)(np.zeros((1, 1, 0, 5), np.float32)), ValueError, "no pixels"),
    ],
)
def test_errors_teach(make, error, message):
    with pytest.raises(error, match=message):
        make()
