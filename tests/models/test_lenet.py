"""LeNet-5 is the paper's network: its sizes, its connections, its formulas."""

import math

import pytest
import torch
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models import count_parameters, create
from groundup.models.lenet import TABLE_I, LeNet, LeNetConfig, SparseConvolution, Subsampling, squash


def test_every_layer_has_the_number_of_parameters_that_section_2b_states():
    counts = {name: count_parameters(layer) for name, layer in create("lenet").named_children()}
    assert counts == {
        "c1": 156,
        "s2": 12,
        "c3": 1516,
        "s4": 32,
        "c5": 48120,
        "f6": 10164,
        "output": 850,  # ours: the paper's output layer has fixed codes
    }
    assert sum(counts.values()) - counts["output"] == 60_000


def test_table_1_is_the_papers():
    # As printed: a row for each map of S2, a column for each map of C3.
    printed = """
        X . . . X X X . . X X X X . X X
        X X . . . X X X . . X X X X . X
        X X X . . . X X X . . X . X X X
        . X X X . . X X X X . . X . X X
        . . X X X . . X X X X . X X . X
        . . . X X X . . X X X X . X X X
    """
    rows = [line.split() for line in printed.strip().splitlines()]
    assert tuple(tuple(s for s in range(6) if rows[s][c] == "X") for c in range(16)) == TABLE_I
    assert len(set(TABLE_I)) == 16


def test_c3_is_a_convolution_that_sees_only_the_connected_maps():
    torch.manual_seed(0)
    layer = SparseConvolution(TABLE_I).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 6, 14, 14, dtype=torch.float64)
    y = layer(x)
    kernels = iter(layer.kernels)
    for o, inputs in enumerate(TABLE_I):
        expected = layer.bias[o] + sum(F.conv2d(x[:, i : i + 1], next(kernels)[None, None])[:, 0] for i in inputs)
        torch.testing.assert_close(y[:, o], expected)


def test_subsampling_is_the_sum_of_a_square_times_a_coefficient_plus_a_bias():
    torch.manual_seed(0)
    layer = Subsampling(3)
    torch.nn.init.normal_(layer.coefficient)
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 4, 6)
    y = layer(x)
    assert y.shape == (2, 3, 2, 3)
    for c in range(3):
        for i in range(2):
            for j in range(3):
                square = x[:, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].sum((1, 2))
                torch.testing.assert_close(y[:, c, i, j], square * layer.coefficient[c, 0, 0] + layer.bias[c, 0, 0])


def test_squash_is_equation_6():
    a = torch.tensor([-1.0, 0.0, 1.0, 2.0, 100.0])
    expected = torch.tensor([1.7159 * math.tanh(2 * value / 3) for value in a.tolist()])
    torch.testing.assert_close(squash(a), expected)
    torch.testing.assert_close(squash(a[:3]), a[:3], atol=1e-4, rtol=0)  # f(1) = 1, f(0) = 0, f(-1) = -1


@pytest.mark.parametrize("size", [8, 11, 16, 28, 31, 32])
def test_images_of_any_size_up_to_32_are_brought_to_32_with_background_around(size):
    model = LeNet(LeNetConfig(image_size=size))
    fitted = model.fit(torch.ones(2, 1, size, size))
    assert fitted.shape == (2, 1, 32, 32)
    inside = size * (32 // size)
    ink = torch.isclose(fitted, torch.tensor(1.175))
    assert ink.sum() == 2 * inside**2
    assert torch.allclose(fitted[~ink], torch.tensor(-0.1))
    assert model(torch.rand(2, 1, size, size)).shape == (2, 10)


def test_mnist_is_padded_by_two_pixels_on_each_side():
    x = torch.rand(3, 1, 28, 28)
    fitted = LeNet(LeNetConfig()).fit(x)
    torch.testing.assert_close(fitted[:, :, 2:-2, 2:-2], x * 1.275 - 0.1)


def test_the_first_weights_have_mean_0_and_variance_one_over_fan_in():
    torch.manual_seed(0)
    model = LeNet(LeNetConfig())
    c3 = model.c3.kernels
    weights = [(model.c1.weight, 25), (c3[:6], 75), (c3[18:54], 100), (c3[54:], 150), (model.c5.weight, 400)]
    for weight, fan_in in [*weights, (model.f6.weight, 120), (model.output.weight, 84)]:
        assert weight.std().item() == pytest.approx(fan_in**-0.5, rel=0.12)
        assert abs(weight.mean().item()) < 0.2 * fan_in**-0.5


def test_colour_images_work():
    assert create("lenet", in_channels=3, image_size=32)(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_images_that_do_not_fit_are_refused_in_words():
    with pytest.raises(UsageError, match="at most 32 x 32 pixels, not 64 x 64"):
        create("lenet", image_size=64)
    with pytest.raises(ValueError, match=r"got images of shape \(2, 3, 28, 28\), expected \(N, 1, 28, 28\)"):
        create("lenet")(torch.rand(2, 3, 28, 28))
