"""ResNet is torchvision's, and the network for CIFAR-10 is the paper's."""

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, images, set_in_every
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet as torchvision

from groundup import models
from groundup.models.published import Published

MODELS = {
    "resnet18": (torchvision.resnet18, 11_689_512),
    "resnet34": (torchvision.resnet34, 21_797_672),
    "resnet50": (torchvision.resnet50, 25_557_032),
}


def published(name: str) -> Published:
    mapping = models.describe(name).published
    assert mapping is not None
    return mapping


@pytest.mark.parametrize("name", MODELS)
def test_it_is_torchvisions(name):
    reference, parameters = MODELS[name]
    assert models.describe(name).parameters == parameters
    assert_same_model(models.create(name, image_size=64), reference(), published(name), images(2, 3, 64, 64))


def small_resnet50() -> nn.Module:
    """Bottlenecks, thin and few: enough for the mistakes below."""
    return models.create("resnet50", classes=7, image_size=64, blocks=(1, 2, 1, 1))


def small_reference() -> nn.Module:
    return torchvision.ResNet(torchvision.Bottleneck, [1, 2, 1, 1], num_classes=7)


def stride_in_the_first_convolution(model):
    """As the paper has it; the shapes are the same."""
    block = model.layer2[0]
    block.conv1.stride, block.conv2.stride = (2, 2), (1, 1)


def test_the_proof_has_teeth():
    assert_the_proof_has_teeth(
        small_resnet50,
        small_reference,
        published("resnet50"),
        images(3, 3, 64, 64),
        modes=["training"],  # each of these shows there
        mutations={
            "eps": set_in_every(nn.BatchNorm2d, eps=1.01e-5),
            "momentum": set_in_every(nn.BatchNorm2d, momentum=0.101),
            "stride": stride_in_the_first_convolution,
            "pooling": set_in_every(nn.MaxPool2d, kernel_size=2, padding=0),
        },
    )


def test_small_images_get_the_stem_of_section_42():
    reference = torchvision.resnet18(num_classes=10)
    reference.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    setattr(reference, "maxpool", nn.Identity())  # noqa: B010
    ours = models.create("resnet18", classes=10, image_size=32)
    assert_same_model(ours, reference, published("resnet18"), images(2, 3, 32, 32))


class OptionA(nn.Module):
    """The shortcut of the CIFAR networks, in other words: pick every second pixel, and put zeros behind them."""

    def forward(self, x: Tensor) -> Tensor:
        picked = F.max_pool2d(x, 1, stride=2)
        return torch.cat([picked, torch.zeros_like(picked)], dim=1)


class Reference(nn.Module):
    """Section 4.2, composed of torchvision's blocks."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*(torchvision.BasicBlock(16, 16) for _ in range(n)))
        self.layer2, self.layer3 = (
            nn.Sequential(
                torchvision.BasicBlock(width // 2, width, 2, OptionA()),
                *(torchvision.BasicBlock(width, width) for _ in range(n - 1)),
            )
            for width in (32, 64)
        )
        self.fc = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


# Table 6 of the paper, in millions.
@pytest.mark.parametrize(
    ("name", "n", "millions"),
    [("resnet20", 3, 0.27), ("resnet32", 5, 0.46), ("resnet44", 7, 0.66), ("resnet56", 9, 0.85)],
)
def test_the_cifar_networks_have_the_papers_parameters_and_layers(name, n, millions):
    assert round(models.describe(name).parameters / 1e6, 2) == millions
    model = models.create(name)
    layers = [module for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 6 * n + 2 == int(name.removeprefix("resnet"))


def test_resnet20_is_the_papers_network():
    assert_same_model(models.create("resnet20", image_size=16), Reference(3), Published(), images(3, 3, 16, 16))


def test_weights_start_with_variance_2_over_fan_out():
    torch.manual_seed(0)
    model = models.create("resnet18")
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05), name
            assert abs(module.weight.mean().item()) < 0.05 * (2 / fan_out) ** 0.5
        if isinstance(module, nn.BatchNorm2d):
            assert torch.all(module.weight == 1)
            assert not module.bias.any()


def test_a_bottleneck_has_the_weights_that_its_text_states():
    from groundup.models.resnet import BasicBlock, Bottleneck

    def convolutions(block: nn.Module) -> int:
        return sum(m.weight.numel() for m in block.modules() if isinstance(m, nn.Conv2d))

    assert convolutions(BasicBlock(256, 256, 1)) == 1_179_648
    assert convolutions(Bottleneck(256, 64, 1)) == 69_632
