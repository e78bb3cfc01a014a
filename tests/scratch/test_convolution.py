"""Convolutions against their definitions, over many settings; layouts, dtypes, empty batches and clear errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.scratch import Conv1d, Conv2d, ConvTranspose2d, naive
from groundup.scratch.layers.convolution import conv2d_backward, conv2d_forward
from groundup.scratch.layers.transposed_convolution import conv_transpose2d_backward, conv_transpose2d_forward
from groundup.scratch.layers.windows import Window, fold, unfold

small = st.integers(1, 3)
pairs = st.tuples(small, small)
paddings = st.tuples(st.integers(0, 3), st.integers(0, 3))


@st.composite
def settings_of_a_convolution(draw):
    """Draw N, G, C/G, O/G, the image, the kernel, stride, padding and dilation."""
    kernel, dilation, padding = draw(pairs), draw(pairs), draw(paddings)
    needed = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding)]
    image = tuple(n + draw(st.integers(0, 3)) for n in needed)
    N, G, C, O = draw(st.integers(0, 3)), draw(small), draw(small), draw(st.integers(1, 7))
    return N, G, C, O, image, kernel, draw(pairs), padding, dilation


@settings(max_examples=120, deadline=None)
@given(settings_of_a_convolution(), st.integers(0, 2**32 - 1))
def test_conv2d_is_its_definition(drawn, seed):
    N, G, C, O, image, kernel, stride, padding, dilation = drawn
    rng = np.random.default_rng(seed)
    x, weight = rng.standard_normal((N, G * C, *image)), rng.standard_normal((G * O, C, *kernel))
    bias = rng.standard_normal(G * O)

    y, cache = conv2d_forward(x, weight, bias, stride, padding, dilation, G)
    np.testing.assert_allclose(y, naive.conv2d(x, weight, bias, stride, padding, dilation, G), rtol=0, atol=1e-12)
    dy = rng.standard_normal(y.shape)
    gradients = conv2d_backward(dy, cache)
    for mine, right in zip(gradients, naive.conv2d_backward(dy, x, weight, stride, padding, dilation, G), strict=True):
        assert mine is not None
        np.testing.assert_allclose(mine, right, rtol=0, atol=1e-11)
    without, dweight, _ = conv2d_backward(dy, cache, input_gradient=False)
    assert without is None
    np.testing.assert_array_equal(dweight, gradients[1])


@settings(max_examples=80, deadline=None)
@given(settings_of_a_convolution(), st.data(), st.integers(0, 2**32 - 1))
def test_transposed_convolution_is_its_definition_and_the_adjoint_of_the_convolution(drawn, data, seed):
    N, G, C, O, image, kernel, stride, padding, dilation = drawn
    rng = np.random.default_rng(seed)
    x, weight = rng.standard_normal((N, G * O, *image)), rng.standard_normal((G * O, C, *kernel))
    extra = tuple(data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    size = [
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(image, stride, padding, dilation, kernel, extra)
    ]
    if min(size) < 1:
        return
    y, cache = conv_transpose2d_forward(x, weight, None, stride, padding, extra, G, dilation)
    right = naive.conv_transpose2d(x, weight, None, stride, padding, extra, G, dilation)
    assert y.shape == (N, G * C, *size)
    np.testing.assert_allclose(y, right, rtol=0, atol=1e-12)

    # <dy, A x> = <Aᵀ dy, x> for every dy: the gradient; and the same for the weight, in which y is linear too.
    dy = rng.standard_normal(y.shape)
    dx, dweight, dbias = conv_transpose2d_backward(dy, cache)
    assert dbias is None
    assert (dx * x).sum() == pytest.approx((dy * y).sum(), abs=1e-9)
    assert (dweight * weight).sum() == pytest.approx((dy * y).sum(), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(settings_of_a_convolution(), st.integers(0, 2**32 - 1))
def test_conv1d_is_its_definition(drawn, seed):
    N, G, C, O, (T, _), (L, _), (stride, _), (padding, _), (dilation, _) = drawn
    rng = np.random.default_rng(seed)
    layer = Conv1d(G * C, G * O, L, stride, padding, dilation, G, rng=rng, dtype=np.float64)
    x = rng.standard_normal((N, G * C, T))
    assert layer.bias is not None
    right = naive.conv1d(x, layer.weight.data, layer.bias.data, stride, padding, dilation, G)
    np.testing.assert_allclose(layer(x), right, rtol=0, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(small, small, st.integers(0, 3), small, st.integers(1, 9), st.sampled_from([1, 2]), st.integers(0, 99))
def test_fold_is_the_gradient_of_unfold(kernel, stride, padding, dilation, size, axis, seed):
    window = Window(kernel, stride, padding, dilation)
    positions = window.positions(size)
    if positions < 1:
        return
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, size, 3, 4) if axis == 1 else (2, 3, size, 4))
    z = unfold(x, axis, window, positions)
    dz = rng.standard_normal(z.shape)
    assert (z * dz).sum() == pytest.approx((x * fold(dz, axis, window, size)).sum(), abs=1e-9)


@pytest.mark.parametrize("channels", [1, 4])  # few channels: whole patches are unfolded; many: columns
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_memory_layout_gives_the_same(channels, dtype):
    rng = np.random.default_rng(0)
    layer = Conv2d(channels, 5, 3, padding=1, rng=rng, dtype=dtype)
    x = rng.standard_normal((3, channels, 7, 5)).astype(dtype)
    y = layer(x)
    assert y.dtype == dtype
    for axes in [(1, 2, 3, 0), (1, 0, 2, 3), (0, 2, 3, 1)]:
        other = np.ascontiguousarray(x.transpose(axes)).transpose(np.argsort(axes))
        np.testing.assert_allclose(layer(other), y, rtol=0, atol=1e-6 if dtype == np.float32 else 1e-12)
    np.testing.assert_allclose(layer(x[:, :, ::-1, ::-1][:, :, ::-1, ::-1]), y)


def test_the_output_keeps_the_batch_innermost_so_that_the_next_layer_copies_nothing():
    rng = np.random.default_rng(0)
    y = Conv2d(2, 3, 3, rng=rng)(rng.standard_normal((4, 2, 5, 6), dtype=np.float32))
    assert y.transpose(1, 2, 3, 0).flags.c_contiguous


@pytest.mark.parametrize(
    "make", [lambda rng: Conv2d(2, 3, 3, padding=1, rng=rng), lambda rng: ConvTranspose2d(2, 3, 3, 2, rng=rng)]
)
def test_an_empty_batch_has_no_gradient(make):
    layer = make(np.random.default_rng(0))
    y = layer(np.zeros((0, 2, 5, 7), np.float32))
    assert y.shape[:2] == (0, 3)
    assert layer.backward(np.zeros_like(y)).shape == (0, 2, 5, 7)
    assert not layer.weight.grad.any()


def test_same_padding_keeps_the_size():
    rng = np.random.default_rng(0)
    layer = Conv2d(1, 2, (3, 5), padding="same", dilation=(2, 1), rng=rng)
    assert layer.padding == (2, 2)
    assert layer(np.zeros((1, 1, 7, 9), np.float32)).shape == (1, 2, 7, 9)


def test_depthwise_channels_do_not_see_each_other():
    rng = np.random.default_rng(0)
    layer = Conv2d(4, 4, 3, padding=1, groups=4, rng=rng, dtype=np.float64)
    x = rng.standard_normal((2, 4, 5, 5))
    changed = x.copy()
    changed[:, 2] += 1
    same = [np.array_equal(a, b) for a, b in zip(layer(x).transpose(1, 0, 2, 3), layer(changed).transpose(1, 0, 2, 3))]
    assert same == [True, True, False, True]


def test_skipping_the_input_gradient():
    layer = Conv2d(2, 3, 3, rng=np.random.default_rng(0))
    layer.skip_input_gradient()
    y = layer(np.ones((1, 2, 5, 5), np.float32))
    assert layer.backward(y) is None
    assert layer.weight.grad.any()


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv2d(2, 3, 0, rng=RNG), ValueError, "kernel_size must be at least 1"),
        (lambda: Conv2d(2, 0, 3, rng=RNG), ValueError, "channels must be at least 1"),
        (lambda: Conv2d(2, 3, 3, padding=-1, rng=RNG), ValueError, "padding must be at least 0"),
        (lambda: Conv2d(4, 3, 3, groups=2, rng=RNG), ValueError, "2 groups do not divide the channels 4 and 3"),
        (lambda: Conv2d(2, 3, 2, padding="same", rng=RNG), ValueError, "an even kernel has no middle"),
        (lambda: Conv2d(2, 3, 3, 2, padding="same", rng=RNG), ValueError, "needs stride 1"),
        (lambda: Conv2d(2, 3, 3, padding="full", rng=RNG), ValueError, "'full'"),
        (lambda: ConvTranspose2d(2, 3, 3, 2, output_padding=2, rng=RNG), ValueError, "smaller than the stride"),
        (lambda: Conv2d(2, 3, 3, rng=RNG)(np.zeros((5, 5), np.float32)), ValueError, r"got shape \(5, 5\)"),
        (lambda: Conv2d(2, 3, 3, rng=RNG)(np.zeros((1, 3, 5, 5), np.float32)), ValueError, r"expected \(N, 2, H, W\)"),
        (lambda: Conv2d(2, 3, 3, rng=RNG)(np.zeros((1, 2, 5, 2), np.float32)), ValueError, "5x2.*smaller.*3x3"),
        (lambda: Conv2d(2, 3, 3, rng=RNG)(np.zeros((1, 2, 5, 5), int)), TypeError, "must hold floats, got int64"),
        (lambda: Conv1d(2, 3, 3, rng=RNG)(np.zeros((1, 2, 5, 5), np.float32)), ValueError, r"expected \(N, 2, T\)"),
        (lambda: Conv1d(2, 3, 3, rng=RNG)(np.zeros((1, 2, 2), np.float32)), ValueError, "smaller than the window"),
        (
            lambda: ConvTranspose2d(2, 3, 1, padding=1, rng=RNG)(np.zeros((1, 2, 2, 5), np.float32)),
            ValueError,
            "nothing is left",
        ),
    ],
)
def test_errors_teach(make, error, message):
    with pytest.raises(error, match=message):
        make()
