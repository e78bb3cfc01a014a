"""MobileNetV2: inverted residuals with linear bottlenecks (Sandler, Howard, Zhu, Zhmoginov and Chen, 2018).

Paper
    "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018.
    Implemented: sections 3 and 4 with tables 1 and 2 and figures 3(b) and 4(d); the width multiplier of section 4.
Parameters
    3,504,872 for 1,000 classes, as torchvision's; table 4 says 3.4 million.
Deviations
    - Channels are rounded to multiples of 8, never down by more than a tenth, as in the authors' published code. The
      paper doesn't speak of rounding; at width 1 there is nothing to round.
    - Dropout 0.2 before the last layer and the first weights (He et al., 2015, by outputs) are those of torchvision;
      the paper gives neither.
    - For images below 64 pixels (CIFAR-10, MNIST) the first convolution and the stage of 24 channels keep the size, so
      that 32 x 32 pixels end as 4 x 4 rather than as one.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.images import has_small_images, require_images
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout

# Table 2: each line is a stage of n blocks with c channels at the end of each; inside a block they are t times as many.
# The first block of a stage has stride s.
TABLE_2 = (
    # t, c, n, s
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


@dataclass(frozen=True)
class MobileNetV2Config:
    """What can be chosen; the default is the paper's network."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side; below 64 two layers keep the size, see Deviations
    width: float = 1.0  # the width multiplier: a factor on the channels; the last convolution only widens
    dropout: float = 0.2  # before the last layer


def rounded(channels: float) -> int:
    """Return the multiple of 8 nearest to ``channels``, or the next one if that took away more than a tenth."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


class Convolution(nn.Sequential):
    """A convolution, batch norm, and ReLU6 = min(max(x, 0), 6), which keeps its precision in small number formats.

    With ``groups`` equal to the channels it is depthwise: each channel is filtered alone.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    """Table 1: widen by the factor t, filter each channel alone, narrow again without an activation.

    A residual block is wide, narrow, wide; this one is narrow, wide, narrow, hence inverted. A 3 x 3 convolution of all
    channels with all costs 9 C², the depthwise one 9 C. The narrow end is linear: of so few channels ReLU, which sets
    all that is negative to zero, would throw too much away (section 3.2).
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = Convolution(inputs, wide, 1) if expansion > 1 else nn.Identity()
        self.depthwise = Convolution(wide, wide, 3, stride, groups=wide)
        self.project = nn.Conv2d(wide, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, C', H/s, W/s)
        y = self.expand(x)  # (N, tC, H, W)
        y = self.depthwise(y)  # (N, tC, H/s, W/s)
        y = self.norm(self.project(y))  # (N, C', H/s, W/s)
        if self.residual:
            y += x  # in place: the norm's backward pass needs its input, not its output
        return y


class MobileNetV2(nn.Module):
    """Table 2; comments give the sizes in the default configuration."""

    def __init__(self, config: MobileNetV2Config) -> None:
        super().__init__()
        if not config.width > 0:
            raise UsageError(f"width is {config.width}; expected a factor above 0, such as 0.5.")
        require_dropout(config.dropout)
        self.config = config
        small = has_small_images(config)
        channels = rounded(32 * config.width)
        self.stem = Convolution(config.in_channels, channels, 3, stride=1 if small else 2)
        blocks = []
        for expansion, outputs, repeats, stride in TABLE_2:
            if small and outputs == 24:
                stride = 1
            for i in range(repeats):
                wanted = rounded(outputs * config.width)
                blocks.append(InvertedResidual(channels, wanted, expansion, stride if i == 0 else 1))
                channels = wanted
        self.blocks = nn.Sequential(*blocks)
        last = rounded(1280 * max(1.0, config.width))  # the last convolution never gets narrower (section 4)
        self.last = Convolution(channels, last, 1)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(last, config.classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W)."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        x = self.stem(x)  # (N, 32, 112, 112)
        x = self.blocks(x)  # (N, 320, 7, 7)
        x = self.last(x)  # (N, 1280, 7, 7)
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)  # (N, 1280)
        return self.head(self.dropout(x))  # (N, classes)


# In timm's names the seven stages of table 2 stand apart, and each convolution has its norm beside it.
_starts = [sum(n for _, _, n, _ in TABLE_2[:stage]) for stage in range(len(TABLE_2))]
TIMM = Published(
    rename={
        r"^stem\.0\.": "conv_stem.",
        r"^stem\.1\.": "bn1.",
        r"^last\.0\.": "conv_head.",
        r"^last\.1\.": "bn2.",
        r"^head\.": "classifier.",
        # The first block doesn't widen; its parts count from one all the same.
        r"^blocks\.0\.depthwise\.0\.": "stages.0.0.conv_dw.",
        r"^blocks\.0\.depthwise\.1\.": "stages.0.0.bn1.",
        r"^blocks\.0\.project\.": "stages.0.0.conv_pw.",
        r"^blocks\.0\.norm\.": "stages.0.0.bn2.",
        **{
            rf"^blocks\.{start + i}\.": f"stages.{stage}.{i}."
            for stage, (start, (_, _, n, _)) in enumerate(zip(_starts, TABLE_2))
            for i in range(n)
        },
        r"\.expand\.0\.": ".conv_pw.",
        r"\.expand\.1\.": ".bn1.",
        r"\.depthwise\.0\.": ".conv_dw.",
        r"\.depthwise\.1\.": ".bn2.",
        r"\.project\.": ".conv_pwl.",
        r"\.norm\.": ".bn3.",
        r"^stages\.": "blocks.",
    },
    url="https://huggingface.co/timm/mobilenetv2_100.ra_in1k/resolve/main/model.safetensors",
)

TORCHVISION = Published(
    rename={
        r"^stem\.": "features.0.",
        **{rf"^blocks\.{i}\.": f"features.{i + 1}." for i in range(17)},
        r"^last\.": "features.18.",
        r"^head\.": "classifier.1.",
        # The first block doesn't widen, so its parts stand one place earlier.
        r"(features\.1)\.depthwise\.": r"\1.conv.0.",
        r"(features\.1)\.project\.": r"\1.conv.1.",
        r"(features\.1)\.norm\.": r"\1.conv.2.",
        r"\.expand\.": ".conv.0.",
        r"\.depthwise\.": ".conv.1.",
        r"\.project\.": ".conv.2.",
        r"\.norm\.": ".conv.3.",
    },
    also=(TIMM,),
)

PAPER = "Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: Inverted residuals and linear bottlenecks"


@register("mobilenetv2", title="MobileNetV2", paper=PAPER, year=2018, config=MobileNetV2Config(), published=TORCHVISION)
def mobilenetv2(config: MobileNetV2Config) -> MobileNetV2:
    return MobileNetV2(config)
