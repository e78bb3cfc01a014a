"""ResNet: layers learn what to add to their input, and a hundred of them train (He, Zhang, Ren and Sun, 2016).

Paper
    "Deep residual learning for image recognition", CVPR 2016 (arXiv:1512.03385).
    Implemented: equations 1 and 2; figure 5, both blocks; table 1, the networks of 18, 34 and 50 layers for ImageNet;
    section 4.2, the networks of 6n + 2 layers for CIFAR-10 (ResNet-20 to ResNet-56).
Parameters
    ImageNet: 11,689,512 (18 layers), 21,797,672 (34), 25,557,032 (50), as torchvision's; the paper counts none.
    CIFAR-10: 0.27 M (20 layers), 0.46 M (32), 0.66 M (44), 0.85 M (56), table 6 of the paper.
Deviations
    - Where a bottleneck halves the image, the 3 x 3 convolution has the stride 2, as in torchvision; in the paper the
      1 x 1 convolution before it has, and skips three pixels in four.
    - Where a stage of the ImageNet networks begins, the shortcut is a projection (option B of section 4.1), in those
      for CIFAR-10 it pads with zeros (option A). The paper does the same in ResNet-50 and on CIFAR-10; on ImageNet
      its networks of 18 and 34 layers are compared with option A too.
    - resnet18, resnet34 and resnet50 take images of less than 64 pixels too (CIFAR-10, MNIST). Their stem is then
      that of section 4.2, a 3 x 3 convolution with stride 1 and no pooling. The paper's stem would leave the last
      stage of a 32 x 32 image with a single pixel.
    - Training: whatever optimizer the trainer is given. The paper uses SGD with momentum 0.9 and weight decay 0.0001.
Result
    A small ResNet of table 1's kind, one block a stage, the first 32 wide (1,228,970 parameters), CIFAR-10, 45,000
    training and 5,000 validation images, seeds 0, 1 and 2: 85.39%, 85.83% and 85.43% on the test split, mean 85.55%,
    standard deviation 0.24 (validation 85.98%, 86.20% and 85.50%). The images were a copy that had been saved as JPEG,
    so they differ slightly from the original. 8 min 55 s for seed 2 on two CPU cores (Intel Xeon with AMX, torch 2.13,
    16-bit numbers); the other two had a thread each and a busy machine. Nothing was tuned.

        groundup train resnet18 --data cifar10 --model-settings width=32 "blocks=(1,1,1,1)" --epochs 12 --batch-size 128
            --precision bf16 --optimizer.name sgd --optimizer.lr 0.2 --optimizer.nesterov
            --optimizer.weight-decay 0.0005 --optimizer.decay matrices --schedule.name one-cycle --schedule.warmup 0.2
            --label-smoothing 0.1 --images.normalize --images.crop 4 --images.flip --seed 0
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from groundup.models.images import has_small_images, require_images
from groundup.models.published import Published
from groundup.models.registry import register


@dataclass(frozen=True)
class ResNetConfig:
    """A network of table 1."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side; below 64 the stem is another, see Deviations
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)  # in the stages conv2_x to conv5_x
    width: int = 64  # channels of the first stage; each later stage doubles them


@dataclass(frozen=True)
class CifarResNetConfig:
    """A network of section 4.2: 6n + 2 layers."""

    classes: int = 10
    in_channels: int = 3
    image_size: int = 32
    blocks: int = 3  # the paper's n: blocks in each of the three stages
    width: int = 16  # channels of the first stage; each later stage doubles them


class BasicBlock(nn.Module):
    """Figure 5, left: two 3 x 3 convolutions learn F(x), and ``y = relu(F(x) + x)`` (equation 1).

    Where the block halves the image or changes the number of channels, x cannot be added as it is. A 1 x 1
    convolution brings it to the shape of F(x): ``y = relu(F(x) + W x)`` (equation 2, option B).
    """

    expansion = 1  # a block of width D returns D channels

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_channels, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = self.shortcut(in_channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, D, H/stride, W/stride)
        # relu_ and += write over their input. Nobody needs it any more: the backward pass of a norm looks at what went
        # into the norm, that of ReLU at what came out of ReLU.
        y = self.bn1(self.conv1(x)).relu_()  # (N, D, H/stride, W/stride)
        y = self.bn2(self.conv2(y))  # (N, D, H/stride, W/stride)
        y += x if self.downsample is None else self.downsample(x)
        return y.relu_()

    def shortcut(self, in_channels: int, width: int, stride: int) -> nn.Module | None:
        """Return what brings x to the shape of F(x), or None where it has that shape already."""
        return projection(in_channels, width, stride)


class Bottleneck(nn.Module):
    """Figure 5, right: 1 x 1 convolutions make the image thin for the 3 x 3 convolution, and thick again after it.

    A basic block of 256 channels has 1,179,648 weights in its convolutions, a bottleneck from 256 channels to 64 and
    back has 69,632: it is how 50 layers cost little more than 34.
    """

    expansion = 4  # a block of width D returns 4 D channels

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = projection(in_channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, 4 D, H/stride, W/stride)
        y = self.bn1(self.conv1(x)).relu_()  # (N, D, H, W)
        y = self.bn2(self.conv2(y)).relu_()  # (N, D, H/stride, W/stride)
        y = self.bn3(self.conv3(y))  # (N, 4 D, H/stride, W/stride)
        y += x if self.downsample is None else self.downsample(x)
        return y.relu_()


class ResNet(nn.Module):
    """Table 1: a stem, four stages of residual blocks, the average over the image, a linear layer.

    The attributes have torchvision's names, so weights need no renaming.
    """

    def __init__(self, config: ResNetConfig, block: type[BasicBlock] | type[Bottleneck]) -> None:
        super().__init__()
        self.config = config
        width = config.width
        small = has_small_images(config)
        # conv1: halves the image; the pooling that follows halves it again.
        self.conv1 = (
            conv3x3(config.in_channels, width)
            if small
            else nn.Conv2d(config.in_channels, width, 7, stride=2, padding=3, bias=False)
        )
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        last = block.expansion
        self.layer1 = stage(block, width, width, config.blocks[0], stride=1)  # conv2_x
        self.layer2 = stage(block, last * width, 2 * width, config.blocks[1])  # conv3_x
        self.layer3 = stage(block, last * 2 * width, 4 * width, config.blocks[2])  # conv4_x
        self.layer4 = stage(block, last * 4 * width, 8 * width, config.blocks[3])  # conv5_x
        self.fc = nn.Linear(last * 8 * width, config.classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W). Bottlenecks give four times the channels below."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        x = self.bn1(self.conv1(x)).relu_()  # (N, 64, 112, 112)
        x = self.pool(x)  # (N, 64, 56, 56)
        x = self.layer1(x)  # (N, 64, 56, 56)
        x = self.layer2(x)  # (N, 128, 28, 28)
        x = self.layer3(x)  # (N, 256, 14, 14)
        x = self.layer4(x)  # (N, 512, 7, 7)
        x = x.mean((2, 3))  # (N, 512)
        return self.fc(x)  # (N, classes)


class ZeroPadding(nn.Module):
    """The shortcut without weights (option A): every stride-th pixel of every stride-th row, and channels of zeros."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels, self.stride = new_channels, stride

    def forward(self, x: Tensor) -> Tensor:  # (N, C, H, W) -> (N, D, H/stride, W/stride)
        x = x[:, :, :: self.stride, :: self.stride]  # (N, C, H/stride, W/stride)
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels))  # pairs (before, after): width, height, channels


class CifarBlock(BasicBlock):
    """The basic block of section 4.2: its shortcuts have no weights at all."""

    def shortcut(self, in_channels: int, width: int, stride: int) -> nn.Module | None:
        if stride == 1 and in_channels == width:
            return None
        return ZeroPadding(width - in_channels, stride)


class CifarResNet(nn.Module):
    """Section 4.2: a 3 x 3 convolution, three stages of n blocks, the average over the image, a linear layer."""

    def __init__(self, config: CifarResNetConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.conv1 = conv3x3(config.in_channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = stage(CifarBlock, width, width, config.blocks, stride=1)
        self.layer2 = stage(CifarBlock, width, 2 * width, config.blocks)
        self.layer3 = stage(CifarBlock, 2 * width, 4 * width, config.blocks)
        self.fc = nn.Linear(4 * width, config.classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W)."""
        require_images(x, self.config)  # (N, 3, 32, 32)
        x = self.bn1(self.conv1(x)).relu_()  # (N, 16, 32, 32)
        x = self.layer1(x)  # (N, 16, 32, 32)
        x = self.layer2(x)  # (N, 32, 16, 16)
        x = self.layer3(x)  # (N, 64, 8, 8)
        x = x.mean((2, 3))  # (N, 64)
        return self.fc(x)  # (N, classes)


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 3 x 3 convolution that keeps the image's size (at stride 1); the norm after it makes a bias useless."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """Return the shortcut W of equation 2, or None where x has the right shape already."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def stage(
    block: type[BasicBlock] | type[Bottleneck], in_channels: int, width: int, blocks: int, stride: int = 2
) -> nn.Sequential:
    """Return blocks of one width; the first of them has the stride and takes another number of channels."""
    out_channels = block.expansion * width
    return nn.Sequential(
        block(in_channels, width, stride),
        *(block(out_channels, width, 1) for _ in range(blocks - 1)),
    )


def start(model: nn.Module) -> None:
    """Draw the convolutions' first weights from N(0, 2 / F), with F the output channels times the kernel's area.

    Half of what ReLU is given it sets to zero. The 2 makes up for it, so the gradient neither grows nor fades from
    layer to layer (He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015, equation 14). Norms start at gain 1,
    bias 0; the linear layer as PyTorch's do.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


PAPER = "He, Zhang, Ren, Sun: Deep residual learning for image recognition"
# torchvision's weights and names, as the makers of timm publish them in files that are not pickles.
HOME = "https://huggingface.co/timm/{}.tv_in1k/resolve/main/model.safetensors"


@register(
    "resnet18",
    title="ResNet-18",
    paper=PAPER,
    year=2016,
    config=ResNetConfig(blocks=(2, 2, 2, 2)),
    published=Published(
        url=HOME.format("resnet18"),
        sha256="694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
    ),
)
@register(
    "resnet34",
    title="ResNet-34",
    paper=PAPER,
    year=2016,
    config=ResNetConfig(blocks=(3, 4, 6, 3)),
    published=Published(url=HOME.format("resnet34")),
)
def resnet_of_basic_blocks(config: ResNetConfig) -> ResNet:
    return ResNet(config, BasicBlock)


@register(
    "resnet50",
    title="ResNet-50",
    paper=PAPER,
    year=2016,
    config=ResNetConfig(blocks=(3, 4, 6, 3)),
    published=Published(
        url=HOME.format("resnet50"),
        sha256="5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
    ),
)
def resnet_of_bottlenecks(config: ResNetConfig) -> ResNet:
    return ResNet(config, Bottleneck)


@register("resnet20", title="ResNet-20 for CIFAR", paper=PAPER, year=2016, config=CifarResNetConfig(blocks=3))
@register("resnet32", title="ResNet-32 for CIFAR", paper=PAPER, year=2016, config=CifarResNetConfig(blocks=5))
@register("resnet44", title="ResNet-44 for CIFAR", paper=PAPER, year=2016, config=CifarResNetConfig(blocks=7))
@register("resnet56", title="ResNet-56 for CIFAR", paper=PAPER, year=2016, config=CifarResNetConfig(blocks=9))
def cifar_resnet(config: CifarResNetConfig) -> CifarResNet:
    return CifarResNet(config)
