"""The judge must be fair: right gradients pass, wrong ones do not, nothing is left behind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.scratch import Layer, Linear, Sequential, Tanh, check_gradients, numerical_gradient, relative_error


def test_numerical_gradient_of_a_known_function():
    x = np.array([0.3, -1.7, 2.0])
    gradient = numerical_gradient(lambda: float((x**3).sum()), x)
    np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-8)


def test_the_point_is_restored():
    x = np.random.default_rng(0).standard_normal((3, 5))
    before = x.copy()
    numerical_gradient(lambda: float(x.sum()), x)
    np.testing.assert_array_equal(x, before)


def test_float32_is_refused():
    with pytest.raises(TypeError, match="float64, got float32"):
        numerical_gradient(lambda: 0.0, np.ones(3, np.float32))


class WrongByAPercent(Tanh):
    def backward(self, dy):
        return 1.01 * super().backward(dy)


class Zeros(Tanh):
    def backward(self, dy):
        return 0 * super().backward(dy)


@pytest.mark.parametrize("layer", [WrongByAPercent(), Zeros()])
def test_wrong_gradients_fail(layer):
    report = check_gradients(layer, np.random.default_rng(0).standard_normal((3, 5)))
    assert not report.passed
    assert "WRONG" in str(report)


def test_a_network_passes_and_the_report_names_every_gradient():
    rng = np.random.default_rng(0)
    model = Sequential(Linear(5, 3, rng=rng), Tanh(), Linear(3, 2, rng=rng))
    report = check_gradients(model, rng.standard_normal((7, 5)))
    assert report.passed
    assert set(report.errors) == {"dx", "0.weight", "0.bias", "2.weight", "2.bias"}


def test_layers_that_draw_random_numbers_can_be_checked():
    class Noise(Layer):
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def forward(self, x):
            noise = self.rng.standard_normal(x.shape)
            self.remember(noise)
            return x * noise

        def backward(self, dy):
            return dy * self.recall()

    assert check_gradients(Noise(), np.random.default_rng(1).standard_normal((3, 5))).passed


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e3))
def test_relative_error_is_in_units_of_the_largest_right_value(value, deviation):
    right = np.array([value, 1e3])
    assert relative_error(right + np.array([deviation, 0]), right) == pytest.approx(deviation / 1e3, rel=1e-4)


def test_relative_error_of_special_cases():
    assert relative_error(np.zeros(3), np.zeros(3)) == 0
    assert relative_error(np.ones(3), np.zeros(3)) == np.inf
    assert relative_error(np.ones(3), np.ones((3, 1))) == np.inf
    assert relative_error(np.array([np.nan]), np.ones(1)) == np.inf
    assert relative_error(np.ones(0), np.ones(0)) == 0
