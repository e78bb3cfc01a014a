"""Dropout has no twin whose masks are equal; so its proof is here: statistics, and gradients with the mask held."""

import numpy as np
import pytest

from groundup import scratch as gu
from groundup.scratch.layers import dropout as family


def make(p, seed=0):
    return gu.Dropout(p, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_keep_rate_and_expectation(p, seed):
    n = 200_000
    y = make(p, seed)(np.ones((n // 100, 100)))
    kept = np.count_nonzero(y)
    assert abs(kept - n * (1 - p)) < 4 * np.sqrt(n * p * (1 - p))  # four standard deviations of a binomial count
    np.testing.assert_allclose(y[y != 0], 1 / (1 - p))
    assert abs(y.mean() - 1) < 4 * np.sqrt(p / (1 - p) / n)


def test_elements_are_dropped_independently():
    kept = make(0.5)(np.ones((400, 500))) > 0
    for a, b in ((kept[:, 1:], kept[:, :-1]), (kept[1:], kept[:-1])):  # neighbours in a row, and in a column
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / np.sqrt(a.size)
    rates = kept.mean(axis=1)  # of each row: a mask shared by rows or columns would spread them more, or less
    assert 0.7 < rates.std() / np.sqrt(0.25 / kept.shape[1]) < 1.3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_goes_where_the_value_went(dtype):
    rng = np.random.default_rng(0)
    layer = make(0.4)
    x, dy = rng.standard_normal((2, 11, 7)).astype(dtype)
    y = layer(x)
    np.testing.assert_allclose(layer.backward(dy), dy * (y / x), rtol=1e-5)
    assert y.dtype == dtype


def test_masks_are_fresh_each_time_and_repeat_with_the_seed():
    x = np.ones((11, 7))
    first, second = make(0.5), make(0.5)
    a, b = first(x), first(x)
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(second(x), a)
    np.testing.assert_array_equal(second(x.astype(np.float32)), b)  # the mask does not depend on the dtype


def test_evaluation_passes_everything():
    x = np.random.default_rng(0).standard_normal((11, 7))
    rng = np.random.default_rng(0)
    layer = gu.Dropout(0.5, rng=rng).eval()
    before = rng.bit_generator.state
    np.testing.assert_array_equal(layer(x), x)
    assert rng.bit_generator.state == before


@pytest.mark.parametrize(("p", "expected"), [(0, 1.0), (0.0, 1.0), (1, 0.0), (1.0, 0.0)])
def test_the_ends_of_the_range(p, expected):
    layer = make(p)
    np.testing.assert_array_equal(layer(np.ones((5, 3))), np.full((5, 3), expected))
    np.testing.assert_array_equal(layer.backward(np.ones((5, 3))), np.full((5, 3), expected))


@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (2, 3, 5, 7)])
def test_any_shape(shape):
    layer = make(0.5)
    assert np.shape(layer(np.ones(shape))) == shape
    assert np.shape(layer.backward(np.ones(shape))) == shape


MISTAKES = {
    "mask forgotten": lambda dy, mask: dy,
    "not rescaled": lambda dy, mask: dy * (mask > 0),
    "rescaled twice": lambda dy, mask: dy * mask * mask.max(),
    "rescaled by p": lambda dy, mask: dy * (mask > 0) / 0.3,
    "the others passed": lambda dy, mask: dy * (mask.max() - mask),
    "another mask": lambda dy, mask: dy * mask[::-1],
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_caught_by_the_gradient_check(mistake, monkeypatch):
    x = np.random.default_rng(1).standard_normal((11, 7))
    assert gu.check_gradients(make(0.3), x).passed
    monkeypatch.setattr(family, "dropout_backward", mistake)
    assert not gu.check_gradients(make(0.3), x).passed


@pytest.mark.parametrize("p", [-0.1, 1.1, 50, float("nan")])
def test_probability_outside_is_refused(p):
    with pytest.raises(ValueError, match="from 0 to 1, got"):
        make(p)


def test_integers_are_refused():
    with pytest.raises(TypeError, match="float32"):
        make(0.5)(np.arange(6))
