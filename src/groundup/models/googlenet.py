"""GoogLeNet: several sizes of convolution side by side, with few weights (Szegedy et al., 2015).

Paper
    "Going deeper with convolutions", CVPR 2015 (arXiv:1409.4842).
    Implemented: figure 2b (the Inception module), table 1 and figure 3 (the network), section 5 (the auxiliary
    classifiers and their weight of 0.3 in the loss).
Parameters
    13,004,888 in training, 6,624,904 without the auxiliary classifiers, as torchvision's. The rows of the paper's
    table 1 add up to 6.8 million.
Deviations
    - Batch normalization (Ioffe and Szegedy, 2015) after each convolution, and no bias before it, as in torchvision.
      The paper, which is older, has biases, and local response normalization in the stem.
    - What the paper calls 5 x 5 is a 3 x 3 convolution, as in torchvision, whose trained weights have this shape.
    - The auxiliary classifiers average their input down to 4 x 4 pixels whatever its size, as in torchvision.
    - First weights: N(0, 0.01 squared) for convolutions and fully connected layers, as in torchvision. The paper
      does not say.
    - Dropout before the last layer is 0.2, torchvision's; the paper has 0.4.
    - Images of less than 64 pixels (CIFAR-10, MNIST): the first convolution is 3 x 3 with stride 1 and no pooling
      follows it. Of a 32 x 32 image the paper's stem would leave 4 x 4 pixels to the first Inception module.
    - Training: whatever optimizer the trainer is given. The paper uses asynchronous SGD with momentum 0.9.
``googlenet_small`` is the same network for 32 x 32 pixels, a quarter as wide: 631,382 parameters. Its first
weights are from N(0, 0.1 squared).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.models.auxiliary import Classifiers
from groundup.models.images import has_small_images, require_images
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout

AUXILIARY_WEIGHT = 0.3  # section 5


@dataclass(frozen=True)
class GoogLeNetConfig:
    """The network of table 1."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side; below 64 the stem is another, see Deviations
    width: float = 1.0  # all numbers of channels in table 1 are multiplied by this
    dropout: float = 0.2  # share of the features that is set to zero before the last layer
    dropout_auxiliary: float = 0.7  # the same in the auxiliary classifiers
    first_std: float = 0.01  # standard deviation of the first weights


class Convolution(nn.Module):
    """A convolution, batch normalization and ReLU: every convolution of the network is followed by both."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu_()  # in place: the norm's backward pass needs its input, not its output


class Inception(nn.Module):
    """Figure 2b: four ways to look at the image, and the channels that each one finds, one after the other.

    The 1 x 1 convolutions before the larger ones make the image thin first: that is where weights and time are saved.

    Parameters
    ----------
    in_channels : C.
    one, reduce3, three, reduce5, five, pool : a row of table 1, the channels of each convolution.
    """

    def __init__(
        self, in_channels: int, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int
    ) -> None:
        super().__init__()
        self.one = Convolution(in_channels, one, 1)
        self.reduce3 = Convolution(in_channels, reduce3, 1)
        self.three = Convolution(reduce3, three, 3, padding=1)
        self.reduce5 = Convolution(in_channels, reduce5, 1)
        self.five = Convolution(reduce5, five, 3, padding=1)  # see Deviations
        self.pool = Convolution(in_channels, pool, 1)
        self.out_channels = one + three + five + pool

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, one + three + five + pool, H, W)
        pixels = self.one(x)  # (N, one, H, W)
        small = self.three(self.reduce3(x))  # (N, three, H, W)
        large = self.five(self.reduce5(x))  # (N, five, H, W)
        strongest = self.pool(F.max_pool2d(x, 3, stride=1, padding=1))  # (N, pool, H, W)
        return torch.cat([pixels, small, large, strongest], dim=1)


class AuxiliaryClassifier(nn.Module):
    """Section 5: guess the class from features halfway. ``widths`` are those of its two hidden layers."""

    def __init__(self, in_channels: int, widths: tuple[int, int], config: GoogLeNetConfig) -> None:
        super().__init__()
        self.conv = Convolution(in_channels, widths[0], 1)
        self.fc1 = nn.Linear(16 * widths[0], widths[1])
        self.fc2 = nn.Linear(widths[1], config.classes)
        self.dropout = config.dropout_auxiliary

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, classes)
        x = self.conv(F.adaptive_avg_pool2d(x, 4)).flatten(1)  # (N, 128, 4, 4) -> (N, 2048)
        x = self.fc1(x).relu_()  # (N, 1024)
        return self.fc2(F.dropout(x, self.dropout, self.training))  # (N, classes)


class GoogLeNet(nn.Module):
    """Table 1, row by row; in training mode with the two auxiliary classifiers."""

    def __init__(self, config: GoogLeNetConfig) -> None:
        super().__init__()
        require_dropout(config.dropout)
        require_dropout(config.dropout_auxiliary, "dropout_auxiliary")
        self.config = config
        self.small = has_small_images(config)

        def w(*channels: int) -> list[int]:
            return [round(config.width * c) for c in channels]

        c64, c192, c128, c1024 = w(64, 192, 128, 1024)
        if self.small:
            self.conv1 = Convolution(config.in_channels, c64, 3, padding=1)
        else:
            self.conv1 = Convolution(config.in_channels, c64, 7, stride=2, padding=3)
        self.conv2 = Convolution(c64, c64, 1)
        self.conv3 = Convolution(c64, c192, 3, padding=1)
        # table 1:  in, 1x1, reduce3, 3x3, reduce5, 5x5, pool
        self.inception3a = Inception(*w(192, 64, 96, 128, 16, 32, 32))
        self.inception3b = Inception(*w(256, 128, 128, 192, 32, 96, 64))
        self.inception4a = Inception(*w(480, 192, 96, 208, 16, 48, 64))
        self.inception4b = Inception(*w(512, 160, 112, 224, 24, 64, 64))
        self.inception4c = Inception(*w(512, 128, 128, 256, 24, 64, 64))
        self.inception4d = Inception(*w(512, 112, 144, 288, 32, 64, 64))
        self.inception4e = Inception(*w(528, 256, 160, 320, 32, 128, 128))
        self.inception5a = Inception(*w(832, 256, 160, 320, 32, 128, 128))
        self.inception5b = Inception(*w(832, 384, 192, 384, 48, 128, 128))
        self.aux1 = AuxiliaryClassifier(self.inception4a.out_channels, (c128, c1024), config)
        self.aux2 = AuxiliaryClassifier(self.inception4d.out_channels, (c128, c1024), config)
        self.fc = nn.Linear(c1024, config.classes)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=config.first_std)

    def forward(self, x: Tensor) -> Tensor | Classifiers:
        """Return logits (N, classes) for images x (N, C, H, W); in training mode those of all three classifiers."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        x = self.conv1(x)  # (N, 64, 112, 112)
        if not self.small:
            x = self.pool(x)  # (N, 64, 56, 56)
        x = self.conv3(self.conv2(x))  # (N, 192, 56, 56)
        x = self.inception3a(self.pool(x))  # (N, 256, 28, 28)
        x = self.inception3b(x)  # (N, 480, 28, 28)
        x = self.inception4a(self.pool(x))  # (N, 512, 14, 14)
        first = self.aux1(x) if self.training else None
        x = self.inception4b(x)  # (N, 512, 14, 14)
        x = self.inception4c(x)  # (N, 512, 14, 14)
        x = self.inception4d(x)  # (N, 528, 14, 14)
        second = self.aux2(x) if self.training else None
        x = self.inception4e(x)  # (N, 832, 14, 14)
        x = self.inception5a(self.pool(x, 2))  # (N, 832, 7, 7)
        x = self.inception5b(x)  # (N, 1024, 7, 7)
        x = F.dropout(x.mean((2, 3)), self.config.dropout, self.training)  # (N, 1024)
        x = self.fc(x)  # (N, classes)
        if first is None or second is None:
            return x
        return Classifiers(x, (first, second), AUXILIARY_WEIGHT)

    def pool(self, x: Tensor, size: int = 3) -> Tensor:
        """Take the largest of every size x size pixels, at every second pixel; windows may reach over the edge."""
        return F.max_pool2d(x, size, stride=2, ceil_mode=True)


# torchvision numbers the ways through an Inception module.
TORCHVISION = Published(
    rename={
        r"^(inception..)\.one\b": r"\1.branch1",
        r"^(inception..)\.reduce3\b": r"\1.branch2.0",
        r"^(inception..)\.three\b": r"\1.branch2.1",
        r"^(inception..)\.reduce5\b": r"\1.branch3.0",
        r"^(inception..)\.five\b": r"\1.branch3.1",
        r"^(inception..)\.pool\b": r"\1.branch4.1",
    }
)

PAPER = "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going deeper with convolutions"


@register("googlenet", title="GoogLeNet", paper=PAPER, year=2015, config=GoogLeNetConfig(), published=TORCHVISION)
@register(
    "googlenet_small",
    title="GoogLeNet for 32 x 32 pixels",
    paper=PAPER,
    year=2015,
    # A quarter of the inputs to each unit: with weights of 0.01 the signal would fade on its way.
    config=GoogLeNetConfig(classes=10, image_size=32, width=0.25, first_std=0.1),
)
def googlenet(config: GoogLeNetConfig) -> GoogLeNet:
    return GoogLeNet(config)
