"""VGG: depth out of nothing but 3 x 3 convolutions (Simonyan and Zisserman, 2015).

Paper
    "Very deep convolutional networks for large-scale image recognition", ICLR 2015 (arXiv:1409.1556).
    Implemented: section 2.1 and table 1, configurations A (11 layers with weights) and D (16 layers), the latter with
    batch normalization (Ioffe and Szegedy, 2015, arXiv:1502.03167) after each convolution.
Parameters
    A: 132,863,336; D: 138,365,992 with the norms' gains and biases, as torchvision's. Table 2 of the paper: 133 and
    138 million. Most of them are in the first two fully connected layers.
Deviations
    - Batch normalization, in vgg16_bn and vgg11_small, is younger than the paper, whose deeper networks started from
      the trained layers of configuration A. With it they start from random weights.
    - First weights: convolutions from N(0, 2 / F), F output channels times the kernel's area (He, Zhang, Ren and Sun,
      2015), as in torchvision; section 3.1 of the paper: N(0, 0.01). Fully connected layers from N(0, 0.01 squared).
    - The last maps are brought to 7 x 7 pixels by averaging, so that images of other sizes fit the fully connected
      layers; of 224 x 224 pixels they have this size already.
    - Training: whatever optimizer the trainer is given. The paper uses SGD with momentum 0.9 and weight decay 0.0005.
``vgg11_small`` is configuration A with batch normalization for 32 x 32 pixels, a quarter as wide: 612,810 parameters.
Its fully connected layers start from N(0, 0.125 squared).
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from groundup.errors import UsageError
from groundup.models.images import require_images
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout

# Table 1: the channels of each convolution, a tuple for each stage; a pooling that halves the image ends each stage.
A = ((64,), (128,), (256, 256), (512, 512), (512, 512))
D = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


@dataclass(frozen=True)
class VGGConfig:
    """A column of table 1."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side, at least 32
    stages: tuple[tuple[int, ...], ...] = A
    map_size: int = 7  # pixels along each side of the last maps, brought to this size by averaging
    hidden: int = 4096  # units in each of the two hidden fully connected layers
    dropout: float = 0.5  # share of these units that is set to zero
    first_std: float = 0.01  # standard deviation of the fully connected layers' first weights


def convolution(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Return a layer of the paper: a 3 x 3 convolution that keeps the image's size, and ReLU.

    Two of them see 5 x 5 pixels of what came before, three see 7 x 7, with fewer weights than one layer of that size
    and two ReLU more (section 2.3). ``inplace``: what the convolution gave is needed no more.
    """
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(inplace=True)]


def convolution_and_norm(in_channels: int, out_channels: int) -> list[nn.Module]:
    """Return the same with batch normalization before ReLU. The norm takes away the convolution's bias at once."""
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)]


class VGG(nn.Module):
    """Stages of convolutions, each ended by a pooling, then three fully connected layers.

    The attributes have torchvision's names, so weights need no renaming.
    """

    def __init__(self, config: VGGConfig, layer: Callable[[int, int], list[nn.Module]]) -> None:
        super().__init__()
        if config.image_size >> len(config.stages) == 0:
            raise UsageError(
                f"VGG halves images {len(config.stages)} times, which leaves nothing of {config.image_size} x "
                f"{config.image_size} pixels: it reads images of at least {2 ** len(config.stages)} pixels a side."
            )
        require_dropout(config.dropout)
        self.config = config
        self.features = nn.Sequential()
        channels = config.in_channels
        for stage in config.stages:
            for width in stage:
                self.features.extend(layer(channels, width))
                channels = width
            self.features.append(nn.MaxPool2d(2))
        self.pool = nn.AdaptiveAvgPool2d(config.map_size)
        self.classifier = nn.Sequential(
            nn.Linear(channels * config.map_size**2, config.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, config.classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=config.first_std)
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W)."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        x = self.features(x)  # stages: (N, 64, 112, 112), (N, 128, 56, 56), ..., (N, 512, 7, 7)
        x = self.pool(x).flatten(1)  # (N, 25088)
        return self.classifier(x)  # (N, 4096), (N, 4096), (N, classes)


# timm keeps the fully connected layers as convolutions of 7 x 7 and 1 x 1 pixels: the same numbers in the same order.
TIMM_NAMES = {
    r"^classifier\.0\b": "pre_logits.fc1",
    r"^classifier\.3\b": "pre_logits.fc2",
    r"^classifier\.6\b": "head.fc",
}
HOME = "https://huggingface.co/timm/{}.tv_in1k/resolve/main/model.safetensors"  # torchvision's weights


def published(name: str, sha256: str) -> Published:
    timm = Published(TIMM_NAMES, reshaped=(r"^classifier\.[03]\.weight$",), url=HOME.format(name), sha256=sha256)
    return Published(also=(timm,))


PAPER = "Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition"


@register(
    "vgg11",
    title="VGG-11",
    paper=PAPER,
    year=2015,
    config=VGGConfig(stages=A),
    published=published("vgg11", "682c023808812148d4e60c76d80ad83dbeaf5d50eb1a952a0b836895003151e5"),
)
def vgg(config: VGGConfig) -> VGG:
    return VGG(config, convolution)


@register(
    "vgg16_bn",
    title="VGG-16 with batch normalization",
    paper=PAPER,
    year=2015,
    config=VGGConfig(stages=D),
    published=published("vgg16_bn", "88bbedbc8e780413736db38ac4efd41b06fc0e93fd5b8879b584bba63a950129"),
)
@register(
    "vgg11_small",
    title="VGG-11 with batch normalization for 32 x 32 pixels",
    paper=PAPER,
    year=2015,
    config=VGGConfig(
        classes=10,
        image_size=32,
        stages=tuple(tuple(width // 4 for width in stage) for stage in A),
        map_size=1,
        hidden=128,
        first_std=0.125,  # √(2 / 128): with 128 inputs in place of thousands, 0.01 would let the signal fade
    ),
)
def vgg_with_norms(config: VGGConfig) -> VGG:
    return VGG(config, convolution_and_norm)
