"""Upsampling against its definition, and clear errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.scratch import Upsample, naive


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    st.integers(1, 4),
    st.sampled_from(["nearest", "bilinear"]),
    st.integers(0, 99),
)
def test_upsampling_is_its_definition(shape, scale, mode, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    layer = Upsample(scale, mode)
    y = layer(x)
    np.testing.assert_allclose(y, naive.upsample(x, scale, mode), rtol=0, atol=1e-13)
    dy = rng.standard_normal(y.shape)
    assert (layer.backward(dy) * x).sum() == pytest.approx((dy * y).sum(), abs=1e-9)  # y is linear in x


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_a_constant_image_stays_constant(mode):
    y = Upsample(3, mode)(np.full((2, 1, 4, 5), 7, np.float32))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, 7, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Upsample(2, "bicubic"), ValueError, "mode must be one of nearest, bilinear, got 'bicubic'"),
        (lambda: Upsample(0), ValueError, "at least 1, got 0"),
        (lambda: Upsample(2)(np.zeros((3, 4), np.float32)), ValueError, r"got shape \(3, 4\)"),
        (lambda: Upsample(2)(np.zeros((1, 1, 3, 4), int)), TypeError, "must hold floats"),
    ],
)
def test_errors_teach(make, error, message):
    with pytest.raises(error, match=message):
        make()
