"""Activations beyond what their lines in compare/cases give: tails, kinks, infinities, layouts, errors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from groundup import scratch as gu
from groundup.scratch.special import normal_cdf

ELEMENTWISE = {
    "ReLU": (gu.ReLU, nn.ReLU),
    "LeakyReLU": (gu.LeakyReLU, nn.LeakyReLU),
    "PReLU": (gu.PReLU, nn.PReLU),
    "ELU": (gu.ELU, nn.ELU),
    "SELU": (gu.SELU, nn.SELU),
    "GELU": (gu.GELU, nn.GELU),
    "GELU, tanh": (lambda: gu.GELU("tanh"), lambda: nn.GELU(approximate="tanh")),
    "SiLU": (gu.SiLU, nn.SiLU),
    "Mish": (gu.Mish, nn.Mish),
    "Softplus": (gu.Softplus, nn.Softplus),
    "Sigmoid": (gu.Sigmoid, nn.Sigmoid),
    "Tanh": (gu.Tanh, nn.Tanh),
    "Hardswish": (gu.Hardswish, nn.Hardswish),
}
pairs = pytest.mark.parametrize(("mine", "theirs"), ELEMENTWISE.values(), ids=ELEMENTWISE.keys())


def both(layer, x):
    """Return the output and the gradient for an upstream gradient of ones."""
    y = layer(x)
    return y, layer.backward(np.ones_like(y))


# -- the normal distribution ---------------------------------------------------------------------------------


def test_normal_cdf_is_exact_to_the_last_digits():
    rng = np.random.default_rng(0)
    x = np.concatenate([np.linspace(-37, 37, 20_001), rng.standard_normal(20_000), 1e-3 * rng.standard_normal(5_000)])
    right = np.array([math.erfc(-value / math.sqrt(2)) / 2 for value in x])
    error = np.abs(normal_cdf(x) - right)
    assert error.max() < 1e-15
    # Relative to Φ, also where Φ is 1e-300: what remains grows with the rounding of x²/2 in the exponential.
    assert (error / right / (1 + x * x)).max() < 2e-15


def test_normal_cdf_gives_erf():
    x = np.linspace(-6, 6, 10_001)
    erf = 2 * normal_cdf(x * math.sqrt(2)) - 1
    np.testing.assert_allclose(erf, [math.erf(value) for value in x], rtol=0, atol=2e-15)


def test_normal_cdf_in_float32():
    x = np.linspace(-9, 9, 100_001).astype(np.float32)
    y = normal_cdf(x)
    assert y.dtype == np.float32
    right = [math.erfc(-float(value) / math.sqrt(2)) / 2 for value in x]
    np.testing.assert_allclose(y, right, rtol=0, atol=3e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_cdf_at_the_ends(dtype):
    x = np.array([-np.inf, -1e30, -0.0, 0.0, 1e30, np.inf, np.nan], dtype)
    np.testing.assert_allclose(normal_cdf(x), [0, 0, 0.5, 0.5, 1, 1, np.nan], rtol=1e-6)


def test_gelu_tanh_is_within_what_its_docstring_says():
    x = np.linspace(-10, 10, 100_001)
    assert np.abs(gu.GELU()(x) - gu.GELU("tanh")(x)).max() < 0.0005


# -- tails, kinks, huge values -------------------------------------------------------------------------------


@pairs
def test_tails_and_kinks_are_pytorchs(mine, theirs):
    x = np.array([-1e4, -750.0, -100, -30, -6, -3, -1, -0.0, 0.0, 1, 3, 6, 19, 20, 21, 30, 100, 750, 1e4])
    t = torch.tensor(x, requires_grad=True)
    twin = theirs().double()
    expected = twin(t)
    expected.sum().backward()
    assert t.grad is not None
    y, dx = both(mine().astype(np.float64), x)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(dx, t.grad.numpy(), rtol=1e-10, atol=1e-14)


@pairs
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_values_stay_finite_without_a_warning(mine, theirs, dtype):
    x = np.array([-1e30, -1e10, -1e4, -100, 100, 1e4, 1e10, 1e30], dtype)
    y, dx = both(mine().astype(dtype), x)
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()
    assert (y[4:] > 0).all()  # and not a 0 from an overflow


@pairs
def test_nan_stays_nan(mine, theirs):
    assert np.isnan(mine()(np.array([np.nan, 1.0]))).tolist() == [True, False]


@pytest.mark.parametrize(
    ("layer", "right"),
    [
        (gu.Sigmoid, lambda x: math.exp(x) / (1 + math.exp(x))),
        (gu.Softplus, lambda x: math.log1p(math.exp(x))),
        (gu.SiLU, lambda x: x * math.exp(x) / (1 + math.exp(x))),
        (gu.GELU, lambda x: x * math.erfc(-x / math.sqrt(2)) / 2),
        (gu.Mish, lambda x: x * math.tanh(math.log1p(math.exp(x)))),
    ],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_the_left_tail_keeps_its_digits(layer, right, dtype, tolerance):
    x = np.array([-12, -9, -6, -3], dtype)
    np.testing.assert_allclose(layer()(x), [right(value) for value in x.tolist()], rtol=tolerance)


# -- softmax -------------------------------------------------------------------------------------------------

finite_rows = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=3, max_side=5), elements=st.floats(-1e4, 1e4)
)


@given(finite_rows, st.floats(-1e4, 1e4))
def test_softmax_sums_to_one_and_ignores_a_constant(x, constant):
    y = gu.Softmax()(x)
    np.testing.assert_allclose(y.sum(axis=-1), 1)
    np.testing.assert_allclose(gu.Softmax()(x + constant), y, atol=1e-11)
    np.testing.assert_allclose(np.exp(gu.LogSoftmax()(x)), y, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_of_huge_logits(dtype):
    x = np.array([[1e4, 1e4 - 1, -1e4], [-1e4, -1e4, -1e4]], dtype)
    p = 1 / (1 + math.exp(-1))
    np.testing.assert_allclose(gu.Softmax()(x), [[p, 1 - p, 0], [1 / 3] * 3], rtol=1e-6)
    expected = [[math.log(p), math.log(p) - 1, math.log(p) - 2e4], [-math.log(3)] * 3]
    np.testing.assert_allclose(gu.LogSoftmax()(x), expected, rtol=1e-6)


def test_softmax_of_forbidden_places():
    x = np.array([[0.0, -np.inf, 0.0], [-np.inf, -np.inf, -np.inf]])
    soft, log = gu.Softmax(), gu.LogSoftmax()
    np.testing.assert_array_equal(soft(x), [[0.5, 0, 0.5], [0, 0, 0]])
    np.testing.assert_allclose(log(x), [[-math.log(2), -np.inf, -math.log(2)], [-np.inf] * 3])
    dy = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(soft.backward(dy), [[-0.5, 0, 0.5], [0, 0, 0]])
    assert np.isfinite(log.backward(dy)).all()


# -- shapes, dtypes, layouts ---------------------------------------------------------------------------------

every = pytest.mark.parametrize(
    "build", [*(mine for mine, _ in ELEMENTWISE.values()), gu.Softmax, gu.LogSoftmax, gu.SwiGLU]
)
shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)


@every
@given(shapes, st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
def test_any_shape_any_layout(build, shape, dtype, seed):
    rng = np.random.default_rng(seed)
    shape = (*shape[:-1], 2 * shape[-1])  # even, for SwiGLU
    x = rng.standard_normal(shape).astype(dtype)
    layer = build().astype(dtype)
    y = layer(x)
    dy = rng.standard_normal(y.shape).astype(dtype)
    dx = layer.backward(dy)
    assert (dx.shape, y.dtype, dx.dtype) == (shape, dtype, dtype)

    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    for arrange in (np.asfortranarray, lambda a: np.repeat(a, 2, axis=0)[::2], lambda a: a[::-1].copy()[::-1]):
        np.testing.assert_allclose(layer(arrange(x)), y, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(layer.backward(arrange(dy)), dx, rtol=tolerance, atol=tolerance)


@pairs
def test_the_layout_of_a_convolution_is_kept(mine, theirs):
    x = np.random.default_rng(0).standard_normal((3, 2, 5, 7)).transpose(1, 0, 2, 3)  # the channel outermost
    y, dx = both(mine(), x)
    assert y.strides == x.strides
    assert dx.strides == x.strides


# -- errors --------------------------------------------------------------------------------------------------


@every
def test_integers_are_refused(build):
    with pytest.raises(TypeError, match="float32"):
        build()(np.arange(6).reshape(3, 2))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: gu.GELU("sigmoid"), "'none' or 'tanh', got 'sigmoid'"),
        (lambda: gu.ELU(-1.0), "alpha must be positive, got -1.0"),
        (lambda: gu.Softplus(beta=0.0), "beta must be positive, got 0.0"),
        (lambda: gu.PReLU(0), "num_parameters must be 1 or"),
        (lambda: gu.PReLU(3)(np.zeros((2, 5))), r"got shape \(2, 5\), expected \(N, 3, ...\)"),
        (lambda: gu.PReLU(3)(np.zeros(3)), r"got shape \(3,\), expected \(N, 3, ...\)"),
        (lambda: gu.SwiGLU()(np.zeros((2, 5))), "twice as many outputs"),
        (lambda: gu.Softmax(2)(np.zeros((2, 5))), "no axis 2"),
        (lambda: gu.LogSoftmax(-3)(np.zeros((2, 5))), r"no axis -3: LogSoftmax\(dim=-1\)"),
    ],
)
def test_errors_say_what_came_and_what_was_expected(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_layers_print_their_options():
    layers = gu.Sequential(gu.LeakyReLU(0.2), gu.GELU("tanh"), gu.SELU(), gu.Softmax(1), gu.PReLU(3))
    for text in ("LeakyReLU(0.2)", "GELU(approximate='tanh')", "SELU()", "Softmax(1)", "PReLU(3)"):
        assert text in repr(layers)
