"""Normalisation beyond its lines in compare/cases: evaluation, running statistics, stability, shapes, errors."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from groundup import scratch as gu
from groundup.scratch.layers import batch_norm, group_norm, normalization
from groundup.scratch.layers.batch_norm import channel_first, channel_images, channel_rows
from groundup.scratch.layers.normalization import standardize_forward


def build(name, **options):
    """Return a layer for inputs (N, 6, 5, 7), or (N, 6) for BatchNorm1d."""
    layers = {
        "BatchNorm1d": lambda: gu.BatchNorm1d(6, **options),
        "BatchNorm2d": lambda: gu.BatchNorm2d(6, **options),
        "LayerNorm": lambda: gu.LayerNorm(7, **options),
        "RMSNorm": lambda: gu.RMSNorm(7, **options),
        "GroupNorm": lambda: gu.GroupNorm(3, 6, **options),
        "InstanceNorm2d": lambda: gu.InstanceNorm2d(6, **options),
    }
    return layers[name]()


ON_IMAGES = ["BatchNorm2d", "LayerNorm", "GroupNorm", "InstanceNorm2d"]
every = pytest.mark.parametrize("name", [*ON_IMAGES, "RMSNorm"])


def images(seed: int = 0, dtype: Any = np.float64):
    return (2 + 3 * np.random.default_rng(seed).standard_normal((4, 6, 5, 7))).astype(dtype)


# -- running statistics and evaluation -----------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"momentum": 0.7, "eps": 0.1}, {"momentum": None}, {"affine": False}])
@pytest.mark.parametrize("kind", ["BatchNorm1d", "BatchNorm1d, positions", "BatchNorm2d"])
def test_training_then_evaluation_is_pytorchs(kind, options):
    rng = np.random.default_rng(0)
    shape = {"BatchNorm1d": (11, 5), "BatchNorm1d, positions": (3, 5, 7), "BatchNorm2d": (2, 5, 3, 7)}[kind]
    name = kind.split(",")[0]
    mine, theirs = getattr(gu, name)(5, **options).astype(np.float64), getattr(nn, name)(5, **options).double()
    for p, q in zip(mine.parameters(), theirs.parameters()):
        p.data[...] = rng.standard_normal(5)
        q.data[...] = torch.from_numpy(p.data)

    for _ in range(5):
        x = rng.normal(2, 3, shape)
        np.testing.assert_allclose(mine(x), theirs(torch.from_numpy(x)).detach(), rtol=1e-10, atol=1e-12)
    right = theirs.state_dict()
    assert mine.state_dict().keys() == right.keys()
    for key, value in mine.state_dict().items():
        np.testing.assert_allclose(value, right[key], rtol=1e-10)
    assert mine.num_batches_tracked == 5

    x = rng.normal(2, 3, shape)
    y = mine.eval()(x)
    np.testing.assert_allclose(y, theirs.eval()(torch.from_numpy(x)).detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(mine(x[:1]), y[:1], rtol=1e-12)  # an example's output no longer depends on the others
    assert mine.num_batches_tracked == 5  # and nothing was learned from it


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm2d"])
def test_without_running_statistics_evaluation_is_training(name):
    layer, x = build(name), images()
    y = layer(x)
    np.testing.assert_array_equal(layer.eval()(x), y)


def test_running_statistics_approach_those_of_the_data():
    rng, layer = np.random.default_rng(0), gu.BatchNorm1d(3, momentum=None, dtype=np.float64)
    data = rng.normal([1, -2, 5], [0.5, 1, 3], (10_000, 3))
    for batch in data.reshape(100, 100, 3):
        layer(batch)
    np.testing.assert_allclose(layer.running_mean, data.mean(axis=0), rtol=1e-10)
    # unbiased within each batch; what is between the batches' means is a hundredth of the variance
    np.testing.assert_allclose(layer.running_var, data.var(axis=0), rtol=0.03)


# -- one formula, different rows -----------------------------------------------------------------------------


@given(hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=9), st.floats(-50, 50), st.floats(0.1, 10))
def test_rows_have_mean_0_and_variance_1_whatever_shift_and_scale(shape, shift, scale):
    x = np.random.default_rng(0).standard_normal(shape)
    y, _ = standardize_forward(x, 0.0)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-10)
    np.testing.assert_allclose(y.var(axis=1), 1, rtol=1e-10)
    np.testing.assert_allclose(standardize_forward(shift + scale * x, 0.0)[0], y, atol=1e-8)


@given(st.integers(0, 3), st.sampled_from([1, 2, 3, 6]), st.lists(st.integers(1, 4), max_size=2))
def test_the_definition_of_group_norm(N, groups, positions):
    x = np.random.default_rng(0).standard_normal((N, 6, *positions))
    y = gu.GroupNorm(groups, 6)(x)
    for n in range(N):
        for channels in np.split(np.arange(6), groups):
            part = x[n, channels]
            expected = (part - part.mean()) / np.sqrt(((part - part.mean()) ** 2).mean() + 1e-5)
            np.testing.assert_allclose(y[n, channels], expected, atol=1e-10)


def test_kinship():
    x = images()
    one_group = gu.GroupNorm(1, 6)(x)
    np.testing.assert_allclose(gu.LayerNorm((6, 5, 7))(x), one_group, atol=1e-12)
    np.testing.assert_allclose(gu.GroupNorm(6, 6)(x), gu.InstanceNorm2d(6)(x), atol=1e-12)
    np.testing.assert_allclose(gu.BatchNorm2d(6)(x[:1]), gu.InstanceNorm2d(6)(x[:1]), atol=1e-12)
    centred = x - x.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(gu.RMSNorm(7, eps=1e-5)(centred), gu.LayerNorm(7)(x), atol=1e-12)


# -- stability -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ON_IMAGES)
def test_variance_at_a_mean_of_1e4_in_float32(name):
    x = (1e4 + np.random.default_rng(0).standard_normal((4, 6, 5, 7))).astype(np.float32)
    single, double = build(name), build(name).astype(np.float64)
    right = double(x.astype(np.float64))
    # The sum and the mean are rounded to float32, and near 1e4 these are 2⁻¹⁰ apart. Divided by the smallest σ:
    smallest = x.astype(np.float64).std(axis=-1).min() if name == "LayerNorm" else 0.9
    tolerance = 2 * 2**-10 / smallest
    np.testing.assert_allclose(single(x), right, rtol=0, atol=tolerance)
    dy = np.random.default_rng(1).standard_normal(x.shape)
    dx = double.backward(dy)
    np.testing.assert_allclose(single.backward(dy.astype(np.float32)), dx, rtol=0, atol=tolerance * np.abs(dx).max())


def test_the_one_pass_variance_would_fail_there():
    x = (1e4 + np.random.default_rng(0).standard_normal((1, 1000))).astype(np.float32)
    _, (*_, variance) = standardize_forward(x, 0.0)
    right = x.astype(np.float64).var()
    one_pass = float((x * x).mean(dtype=np.float32) - x.mean(dtype=np.float32) ** 2)
    assert abs(float(variance[0]) - right) < 1e-3 * right
    assert abs(one_pass - right) > 0.5 * right


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 3.0, -1e4])
@pytest.mark.parametrize("name", ON_IMAGES)
def test_zero_variance(name, value, dtype):
    layer = build(name).astype(dtype)
    for p in layer.parameters():
        p.data += 0.5  # γ = 1.5, β = 0.5
    x = np.full((4, 6, 5, 7), value, dtype)
    y = layer(x)
    np.testing.assert_array_equal(y, 0 if name == "InstanceNorm2d" else 0.5)
    assert np.isfinite(layer.backward(images(dtype=dtype))).all()


def test_rms_norm_of_zeros():
    layer = gu.RMSNorm(7)
    np.testing.assert_array_equal(layer(np.zeros((3, 7))), 0)
    assert np.isfinite(layer.backward(np.ones((3, 7)))).all()


# -- shapes and layouts --------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_layout(name, dtype):
    x, dy = images(0, dtype), images(1, dtype)
    layer = build(name).astype(dtype)
    y, dx = layer(x), layer.backward(dy)
    tolerance = 1e-5 if dtype == np.float32 else 1e-11

    def channel_outermost(a):
        return np.ascontiguousarray(a.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3)

    def batch_innermost(a):
        return np.ascontiguousarray(a.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2)

    for arrange in (channel_outermost, batch_innermost, np.asfortranarray, lambda a: np.repeat(a, 2, axis=3)[..., ::2]):
        np.testing.assert_allclose(layer(arrange(x)), y, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(layer.backward(arrange(dy)), dx, rtol=tolerance, atol=tolerance)


def assert_not_copied(x):
    axes = channel_first(x)
    rows = channel_rows(x, axes)
    assert np.shares_memory(rows, x)
    assert rows.flags.c_contiguous
    back = channel_images(rows, x.shape, axes)
    np.testing.assert_array_equal(back, x)
    assert back.strides == x.strides
    assert gu.BatchNorm2d(x.shape[1])(x).strides == x.strides


def test_what_a_convolution_returns_is_not_copied():
    assert_not_copied(gu.Conv2d(3, 5, 3, rng=np.random.default_rng(0))(images(dtype=np.float32)[:2, :3]))


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (1, 2, 3, 0), (1, 3, 0, 2)])
def test_nothing_is_copied_where_the_channel_is_outermost(order):
    assert_not_copied(np.ascontiguousarray(images().transpose(order)).transpose(np.argsort(order)))


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm2d"])
def test_empty_batches(name):
    layer = build(name)
    x = np.zeros((0, 6, 5, 7), np.float32)
    assert layer(x).shape == x.shape
    assert layer.backward(x).shape == x.shape


def test_options_are_taken():
    assert not gu.LayerNorm(7, elementwise_affine=False).parameters()
    assert gu.LayerNorm(7, bias=False).state_dict().keys() == {"weight"}
    assert not gu.InstanceNorm2d(7).parameters()
    assert [str(gu.BatchNorm2d(3)), str(gu.GroupNorm(2, 6)), str(gu.InstanceNorm1d(3))] == [
        "BatchNorm2d(3, eps=1e-05, momentum=0.1)",
        "GroupNorm(2, 6, eps=1e-05)",
        "InstanceNorm1d(3, eps=1e-05)",
    ]


# -- the mistakes of norms -----------------------------------------------------------------------------------


def constant_statistics(dnormalized, cache):
    return dnormalized * cache[1]  # 1/σ, as if μ and σ did not depend on x


def constant_mean(dnormalized, cache):
    normalized, inverse_std, *_ = cache
    return (dnormalized - normalized * (dnormalized * normalized).mean(axis=1, keepdims=True)) * inverse_std


def constant_std(dnormalized, cache):
    return (dnormalized - dnormalized.mean(axis=1, keepdims=True)) * cache[1]


@pytest.mark.parametrize("mistake", [constant_statistics, constant_mean, constant_std])
@pytest.mark.parametrize("name", ["LayerNorm", "GroupNorm", "InstanceNorm2d"])
def test_statistics_taken_for_constants_are_caught(name, mistake, monkeypatch):
    x = images()[:2]
    assert gu.check_gradients(build(name), x).passed
    monkeypatch.setattr(normalization, "standardize_backward", mistake)
    monkeypatch.setattr(group_norm, "standardize_backward", mistake)
    assert not gu.check_gradients(build(name), x).passed


def test_batch_statistics_taken_for_constants_are_caught(monkeypatch):
    def mistake(dy, cache):
        _, normalized, inverse_std, weight, axes, _ = cache
        rows = channel_rows(dy, axes)
        dx = rows * inverse_std * weight[:, None]
        return channel_images(dx, dy.shape, axes), (rows * normalized).sum(axis=1), rows.sum(axis=1)

    x = images()[:2]
    assert gu.check_gradients(gu.BatchNorm2d(6), x).passed
    monkeypatch.setattr(batch_norm, "batch_norm_backward", mistake)
    report = gu.check_gradients(gu.BatchNorm2d(6), x)
    assert not report.passed
    assert report.errors["weight"] < 1e-6  # the mistake is in dx alone


# -- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (gu.BatchNorm1d(5), (1, 5)),
        (gu.BatchNorm1d(5), (0, 5)),
        (gu.BatchNorm1d(5), (1, 5, 1)),
        (gu.BatchNorm2d(5), (1, 5, 1, 1)),
    ],
)
def test_batch_norm_needs_a_batch(layer, shape):
    with pytest.raises(ValueError, match=r"more than one value for each channel .* eval\(\) forgotten"):
        layer(np.zeros(shape))
    assert layer.num_batches_tracked == 0
    assert layer.eval()(np.zeros(shape)).shape == shape  # its running statistics need no batch


def test_instance_norm_needs_positions():
    with pytest.raises(ValueError, match="one position a channel has no variance"):
        gu.InstanceNorm2d(5)(np.zeros((3, 5, 1, 1)))
    assert gu.InstanceNorm2d(5).eval()(np.zeros((3, 5, 1, 1))).shape == (3, 5, 1, 1)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: gu.BatchNorm2d(5)(np.zeros((2, 3, 7, 7))), r"got shape \(2, 3, 7, 7\), expected \(N, 5, H, W\)"),
        (lambda: gu.BatchNorm1d(5)(np.zeros((2, 5, 7, 7))), r"expected \(N, 5\) or \(N, 5, L\)"),
        (lambda: gu.LayerNorm(7)(np.zeros((2, 5))), r"got shape \(2, 5\), expected \(..., 7\)"),
        (lambda: gu.LayerNorm((5, 7))(np.zeros((5, 6, 7))), r"expected \(..., 5, 7\)"),
        (lambda: gu.RMSNorm(7)(np.zeros((2, 5))), r"got shape \(2, 5\), expected \(..., 7\)"),
        (lambda: gu.GroupNorm(2, 6)(np.zeros((2, 5, 7))), r"expected \(N, 6, ...\)"),
        (lambda: gu.GroupNorm(2, 6)(np.zeros(6)), r"expected \(N, 6, ...\)"),
        (lambda: gu.InstanceNorm2d(6)(np.zeros((2, 6, 7))), r"expected \(N, 6, H, W\)"),
        (lambda: gu.InstanceNorm1d(6)(np.zeros((2, 6))), r"expected \(N, 6, L\)"),
        (lambda: gu.GroupNorm(4, 6), "6 channels cannot be split into 4 equal groups"),
        (lambda: gu.GroupNorm(0, 6), "6 channels cannot be split into 0 equal groups"),
        (lambda: gu.BatchNorm2d(0), "num_features must be at least 1, got 0"),
        (lambda: gu.LayerNorm(0), "positive sizes, got 0"),
        (lambda: gu.RMSNorm(()), r"positive sizes, got \(\)"),
    ],
)
def test_errors_say_what_came_and_what_was_expected(act, message):
    with pytest.raises(ValueError, match=message):
        act()


@every
def test_integers_are_refused(name):
    with pytest.raises(TypeError, match="float32"):
        build(name)(np.zeros((4, 6, 5, 7), int))
