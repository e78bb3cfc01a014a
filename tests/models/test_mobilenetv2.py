"""MobileNetV2 is torchvision's, and has the sizes of the paper's table 2."""

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, images, set_in_every
from torch import nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models import count_parameters
from groundup.models.mobilenetv2 import (
    TIMM,
    TORCHVISION,
    InvertedResidual,
    MobileNetV2,
    MobileNetV2Config,
    rounded,
)

torchvision = pytest.importorskip("torchvision")


def make(image_size=64, **options):
    return MobileNetV2(MobileNetV2Config(classes=7, image_size=image_size, **options))


def make_theirs(**options):
    return torchvision.models.mobilenet_v2(num_classes=7, **options)


@pytest.mark.parametrize("width", [1.0, 0.35])
def test_it_is_torchvisions_in_outputs_gradients_and_running_statistics(width):
    assert_same_model(make(width=width), make_theirs(width_mult=width), TORCHVISION, images(3, 3, 64, 64))


def test_in_float32_outputs_agree_within_1e_5():
    assert_same_model(make(), make_theirs(), TORCHVISION, images(3, 3, 64, 64), dtype=torch.float32, tolerance=1e-5)


def test_the_proof_has_teeth():
    def no_residual(model):
        model.blocks[2].residual = False

    def activate_the_bottleneck(model):
        model.blocks[5].norm.register_forward_hook(lambda norm, inputs, y: y.relu().clone())

    assert_the_proof_has_teeth(
        lambda: make(width=0.25), lambda: make_theirs(width_mult=0.25), TORCHVISION, images(3, 3, 64, 64),
        mutations={
            "eps": set_in_every(nn.BatchNorm2d, eps=1e-4),
            "ReLU in place of ReLU6": set_in_every(nn.ReLU6, max_val=100.0),
            "dropout": set_in_every(nn.Dropout, p=0.1),
            "residual": no_residual,
            "nonlinear bottleneck": activate_the_bottleneck,
        },
    )  # fmt: skip


def test_the_names_of_the_published_file():
    assert [TIMM.key(name) for name in make().state_dict() if "running" not in name][:22:3] == [
        "conv_stem.weight",
        "bn1.num_batches_tracked",
        "blocks.0.0.bn1.bias",
        "blocks.0.0.bn2.weight",
        "blocks.1.0.conv_pw.weight",
        "blocks.1.0.bn1.num_batches_tracked",
        "blocks.1.0.bn2.bias",
        "blocks.1.0.bn3.weight",
    ]
    stages = [TIMM.key(f"blocks.{i}.project.weight") for i in range(1, 17)]
    assert stages == [f"blocks.{s}.{i}.conv_pwl.weight" for s, n in enumerate([2, 3, 4, 3, 3, 1], 1) for i in range(n)]
    names = [TIMM.key(name) for name in make().state_dict()]
    assert len(set(names)) == len(names)
    assert {"conv_head.weight", "bn2.running_var", "classifier.bias"} <= set(names)


def test_it_has_the_sizes_of_table_2():
    with torch.device("meta"):
        model = MobileNetV2(MobileNetV2Config())
        assert count_parameters(model) == 3_504_872 == count_parameters(torchvision.models.mobilenet_v2())
        x = model.stem(torch.empty(2, 3, 224, 224))
        sizes = [tuple(x.shape[1:])]
        for block in model.blocks:
            x = block(x)
            if sizes[-1] != tuple(x.shape[1:]):
                sizes.append(tuple(x.shape[1:]))
        assert model.last(x).shape == (2, 1280, 7, 7)
    assert len(model.blocks) == 17
    assert sizes == [
        (32, 112, 112), (16, 112, 112), (24, 56, 56), (32, 28, 28), (64, 14, 14), (96, 14, 14), (160, 7, 7), (320, 7, 7)
    ]  # fmt: skip


def test_small_images_end_as_4_by_4():
    model = make(image_size=32, width=0.5).eval()
    assert model.last(model.blocks(model.stem(torch.randn(2, 3, 32, 32)))).shape == (2, 1280, 4, 4)


def test_a_block_without_weights_in_its_last_norm_passes_its_input_on():
    torch.manual_seed(0)
    x = torch.randn(2, 8, 5, 5)
    block = InvertedResidual(8, 8, 6, 1)
    nn.init.zeros_(block.norm.weight)
    assert torch.equal(block(x), x)
    assert not InvertedResidual(8, 8, 6, 2).residual
    assert not InvertedResidual(8, 9, 6, 1).residual


def test_channels_become_multiples_of_8_and_lose_at_most_a_tenth():
    for wanted in range(1, 2000):
        got = rounded(wanted)
        assert got % 8 == 0
        assert got >= max(8, 0.9 * wanted)
        assert got == 8 or got <= wanted + 8
    assert [rounded(c) for c in (16, 24, 32 * 0.75, 24 * 0.35)] == [16, 24, 24, 8]


def test_it_learns_one_batch_by_heart():
    torch.manual_seed(0)
    model = make(image_size=32, width=0.25, dropout=0.0)
    x, y = torch.randn(8, 3, 32, 32), torch.arange(8) % 7
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    first = F.cross_entropy(model(x), y).item()
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert F.cross_entropy(model(x), y).item() < 0.05 < first


def test_the_first_weights_are_he_normal_by_outputs():
    torch.manual_seed(0)
    model = make()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 2000:
            fan_out = layer.weight.shape[0] // layer.groups * layer.weight[0, 0].numel()
            fan_out *= layer.groups  # torch counts the outputs of all groups
            assert layer.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
    assert model.head.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert not model.head.bias.any()


def test_images_and_settings_that_do_not_fit_are_refused_in_words():
    with pytest.raises(UsageError, match="width is 0; expected a factor above 0"):
        make(width=0)
    with pytest.raises(UsageError, match="dropout is -1; expected from 0 to below 1"):
        make(dropout=-1)
    with pytest.raises(ValueError, match=r"got images of shape \(2, 3, 28, 28\), expected \(N, 3, 64, 64\)"):
        make(width=0.25)(torch.randn(2, 3, 28, 28))
