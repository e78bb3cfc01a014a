"""DenseNet: every layer sees the outputs of all layers before it (Huang, Liu, van der Maaten and Weinberger, 2017).

Paper
    "Densely connected convolutional networks", CVPR 2017, the variant DenseNet-BC.
    Implemented: section 3 with equation 2, figures 1 and 2; DenseNet-121 of table 1; for images below 64 pixels the
    first layer of section 3, "Implementation details", a 3 x 3 convolution that keeps the size, and as an example of
    such a network the one of L = 40 layers with growth rate k = 12.
Parameters
    DenseNet-121 for 1,000 classes: 7,978,856, as torchvision's. DenseNet-BC (L = 40, k = 12) for 10 classes: 176,122.
Deviations
    - Transition: the average of 2 x 2 pixels is taken before the 1 x 1 convolution, not after it. Both are linear and
      the one mixes pixels, the other channels, so the order changes nothing but the work: a quarter of it.
    - Dropout is off unless asked for. The paper uses 0.2 where it trains without augmentation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.images import has_small_images, require_images
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout


@dataclass(frozen=True)
class DenseNetConfig:
    """What can be chosen; the default is DenseNet-121."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side; below 64 the first convolution is another, see the header
    growth: int = 32  # k: channels that each layer adds
    layers: tuple[int, ...] = (6, 12, 24, 16)  # in each dense block
    dropout: float = 0.0  # probability with which a number that a layer adds is set to zero, in training


class DenseLayer(nn.Module):
    """H(x) appended to x: norm, ReLU, 1 x 1 convolution to 4k channels, norm, ReLU, 3 x 3 convolution to k channels.

    The first of the two is the bottleneck, the B of DenseNet-BC: without it the 3 x 3 convolution would read all the
    channels of all the layers before, up to 992 in the last layers of DenseNet-121's blocks 3 and 4.
    """

    def __init__(self, channels: int, growth: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C + k, H, W)
        new = self.conv1(F.relu_(self.norm1(x)))  # (N, 4k, H, W); relu_ overwrites what nobody needs again
        new = self.conv2(F.relu_(self.norm2(new)))  # (N, k, H, W)
        return torch.cat([x, F.dropout(new, self.dropout, self.training)], dim=1)


class Transition(nn.Module):
    """Between two blocks: half the height and width, and half the channels (θ = 0.5, compression, the C of -BC)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C/2, H/2, W/2)
        return self.conv(F.avg_pool2d(F.relu_(self.norm(x)), 2))


class DenseNet(nn.Module):
    """A DenseNet-BC; comments give the sizes in DenseNet-121."""

    def __init__(self, config: DenseNetConfig) -> None:
        super().__init__()
        small = has_small_images(config)
        halvings = len(config.layers) - 1 + 2 * (not small)
        if config.image_size < 2**halvings:
            raise UsageError(
                f"This DenseNet halves the image {halvings} times, and {config.image_size} x {config.image_size} "
                f"pixels are too few for that: give at least {2**halvings} x {2**halvings}."
            )
        require_dropout(config.dropout)
        self.config = config
        k = config.growth
        channels = 2 * k
        if small:
            self.stem = nn.Sequential(nn.Conv2d(config.in_channels, channels, 3, padding=1, bias=False))
        else:
            self.stem = nn.Sequential(
                nn.Conv2d(config.in_channels, channels, 7, stride=2, padding=3, bias=False),  # (N, 64, 112, 112)
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(3, stride=2, padding=1),  # (N, 64, 56, 56)
            )
        self.blocks = nn.ModuleList()
        self.transitions = nn.ModuleList()
        for i, layers in enumerate(config.layers):
            if i > 0:
                self.transitions.append(Transition(channels))
                channels //= 2
            self.blocks.append(nn.Sequential(*(DenseLayer(channels + j * k, k, config.dropout) for j in range(layers))))
            channels += layers * k
        self.norm = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, config.classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)  # He et al., 2015, as section 4.2 says
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W)."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        x = self.stem(x)  # (N, 64, 56, 56)
        x = self.blocks[0](x)  # (N, 256, 56, 56)
        for transition, block in zip(self.transitions, self.blocks[1:]):
            x = block(transition(x))  # (N, 512, 28, 28), (N, 1024, 14, 14), (N, 1024, 7, 7)
        x = F.relu_(self.norm(x)).mean((2, 3))  # (N, 1024)
        return self.head(x)  # (N, classes)


TORCHVISION = Published(
    rename={
        r"^stem\.0\.": "features.conv0.",
        r"^stem\.1\.": "features.norm0.",
        **{  # they count from one
            rf"^blocks\.{b}\.{i}\.": f"features.denseblock{b + 1}.denselayer{i + 1}."
            for b, layers in enumerate(DenseNetConfig().layers)
            for i in range(layers)
        },
        **{rf"^transitions\.{b}\.": f"features.transition{b + 1}." for b in range(3)},
        r"^norm\.": "features.norm5.",
        r"^head\.": "classifier.",
    },
    url="https://huggingface.co/timm/densenet121.tv_in1k/resolve/main/model.safetensors",  # torchvision's weights
)

PAPER = "Huang, Liu, van der Maaten, Weinberger: Densely connected convolutional networks"


@register("densenet121", title="DenseNet-121", paper=PAPER, year=2017, config=DenseNetConfig(), published=TORCHVISION)
# L = 40: the first convolution, 3 blocks of 6 layers with 2 convolutions each, 2 transitions, and the linear layer.
@register(
    "densenet40",
    title="DenseNet-BC (L = 40, k = 12)",
    paper=PAPER,
    year=2017,
    config=DenseNetConfig(classes=10, image_size=32, growth=12, layers=(6, 6, 6)),
)
def densenet(config: DenseNetConfig) -> DenseNet:
    return DenseNet(config)
