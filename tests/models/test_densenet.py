"""DenseNet is torchvision's DenseNet-121, and the paper's DenseNet-BC for small images."""

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, images, set_in_every
from torch import nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models import count_parameters
from groundup.models.densenet import TORCHVISION, DenseLayer, DenseNet, DenseNetConfig, Transition

torchvision = pytest.importorskip("torchvision")

SMALL = DenseNetConfig(classes=10, image_size=32, growth=12, layers=(6, 6, 6))


def pair(**options):
    """The whole DenseNet-121 for small pictures, and torchvision's."""
    config = DenseNetConfig(classes=7, image_size=64, **options)
    return DenseNet(config), torchvision.models.densenet121(num_classes=7, drop_rate=config.dropout)


def test_densenet121_is_torchvisions_in_outputs_gradients_and_running_statistics():
    assert_same_model(*pair(dropout=0.2), TORCHVISION, images(3, 3, 64, 64))


def test_in_float32_outputs_agree_within_1e_5():
    assert_same_model(
        *pair(), TORCHVISION, images(3, 3, 64, 64), modes=["evaluation"], dtype=torch.float32, tolerance=1e-5
    )


def test_the_proof_has_teeth():
    layers = (2, 1, 1, 1)

    def ours():
        return DenseNet(DenseNetConfig(classes=7, image_size=64, growth=8, layers=layers))

    def theirs():
        return torchvision.models.DenseNet(8, layers, 16, num_classes=7)

    def pool_first(model):
        model.stem[3] = nn.AvgPool2d(3, 2, 1)

    assert_the_proof_has_teeth(
        ours, theirs, TORCHVISION, images(3, 3, 64, 64),
        mutations={
            "eps": set_in_every(nn.BatchNorm2d, eps=1e-4),
            "momentum": set_in_every(nn.BatchNorm2d, momentum=0.11),
            "pooling": pool_first,
        },
    )  # fmt: skip


def test_it_has_the_papers_sizes():
    with torch.device("meta"):
        model = DenseNet(DenseNetConfig())
        assert count_parameters(model) == 7_978_856 == count_parameters(torchvision.models.densenet121())
        x = model.stem(torch.empty(2, 3, 224, 224))
        sizes = [tuple(x.shape[1:])]
        for i, block in enumerate(model.blocks):
            x = block(model.transitions[i - 1](x) if i else x)
            sizes.append(tuple(x.shape[1:]))
    assert sizes == [(64, 56, 56), (256, 56, 56), (512, 28, 28), (1024, 14, 14), (1024, 7, 7)]  # table 1
    small = DenseNet(SMALL)
    assert count_parameters(small) == 176_122
    convolutions = [m for m in small.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) + 1 == 40  # and one linear layer


def test_a_layer_keeps_what_came_before_and_appends_k_channels():
    torch.manual_seed(0)
    layer = DenseLayer(5, 3, dropout=0.0)
    x = torch.randn(2, 5, 7, 7)
    before = x.clone()
    y = layer(x)
    assert y.shape == (2, 8, 7, 7)
    assert torch.equal(y[:, :5], before)
    assert torch.equal(x, before)  # relu_ works in place, on the norm's output


def test_averaging_before_the_convolution_is_averaging_after_it():
    torch.manual_seed(0)
    layer = Transition(6).double()
    x = torch.randn(2, 6, 8, 8, dtype=torch.float64)
    after = F.avg_pool2d(layer.conv(F.relu(layer.norm(x))), 2)
    torch.testing.assert_close(layer(x), after)


def test_it_learns_one_batch_by_heart():
    torch.manual_seed(0)
    model = DenseNet(DenseNetConfig(classes=4, image_size=16, growth=6, layers=(2, 2)))
    x, y = torch.randn(8, 3, 16, 16), torch.arange(8) % 4
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    first = F.cross_entropy(model(x), y).item()
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert F.cross_entropy(model(x), y).item() < 0.05 < first


def test_the_first_weights_are_he_normal_and_the_signal_keeps_its_size():
    torch.manual_seed(0)
    model = DenseNet(DenseNetConfig(image_size=64, layers=(3, 3)))
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            fan_in = layer.weight[0].numel()
            assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.1)
    assert not model.head.bias.any()
    assert 0.1 < model(torch.randn(8, 3, 64, 64)).std() < 3


def test_images_and_settings_that_do_not_fit_are_refused_in_words():
    with pytest.raises(UsageError, match="halves the image 3 times, and 7 x 7 pixels are too few"):
        DenseNet(DenseNetConfig(image_size=7))
    with pytest.raises(UsageError, match="dropout is 1; expected from 0 to below 1"):
        DenseNet(DenseNetConfig(dropout=1))
    with pytest.raises(ValueError, match=r"got images of shape \(2, 1, 32, 32\), expected \(N, 3, 32, 32\)"):
        DenseNet(SMALL)(torch.randn(2, 1, 32, 32))
