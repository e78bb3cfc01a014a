"""AlexNet: the network that won ImageNet by a wide margin (Krizhevsky, Sutskever and Hinton, 2012).

Paper
    "ImageNet classification with deep convolutional neural networks", NeurIPS 2012.
    Implemented: sections 3.1 (ReLU), 3.4 (overlapping pooling), 3.5 and figure 2 (five convolutional and three fully
    connected layers), 4.2 (dropout); in one tower instead of two, see Deviations.
Parameters
    61,100,840, as torchvision's. The paper has 60 million.
Deviations
    - One tower: the paper splits the channels of each layer over two GPUs; of the later convolutions only the third
      sees both halves. The widths are torchvision's, 64, 192, 384, 256, 256 for the paper's 96, 256, 384, 384, 256.
      They are from the code of Krizhevsky's later "One weird trick for parallelizing convolutional neural networks"
      (2014), whose text has 384 in the fourth place too.
    - No local response normalization (section 3.3), as in torchvision.
    - Images of 224 x 224 pixels get a border of 2 pixels. In the paper the first layer's numbers fit 227 x 227 only.
    - First weights: PyTorch's, uniform with variance 1 / (3 F) for F inputs to a unit, biases too. Section 5 draws from
      N(0, 0.01 squared), and starts five layers with biases of 1.
    - Images of less than 64 pixels (CIFAR-10, MNIST): the first convolution is 5 x 5 with stride 1. Of a 32 x 32
      image the paper's 11 x 11 with stride 4 would leave 7 x 7 pixels, too few for three poolings.
    - Training: whatever optimizer the trainer is given. The paper uses SGD with momentum 0.9 and weight decay 0.0005.
``alexnet_small`` is the same network, thinner, for 32 x 32 pixels: 574,634 parameters.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.images import has_small_images, require_images
from groundup.models.published import Published
from groundup.models.registry import register
from groundup.models.settings import require_dropout


@dataclass(frozen=True)
class AlexNetConfig:
    """The numbers in figure 2."""

    classes: int = 1000
    in_channels: int = 3
    image_size: int = 224  # pixels along each side; below 64 the first convolution is another, see Deviations
    channels: tuple[int, int, int, int, int] = (64, 192, 384, 256, 256)  # after each convolution
    map_size: int = 6  # pixels along each side of the last maps, brought to this size by averaging
    hidden: int = 4096  # units in each of the two hidden fully connected layers
    dropout: float = 0.5  # share of their inputs that is set to zero


class AlexNet(nn.Module):
    """AlexNet in one tower; conv1 to fc8 are the paper's eight layers."""

    def __init__(self, config: AlexNetConfig) -> None:
        super().__init__()
        if config.image_size < 15:
            raise UsageError(
                f"AlexNet's three poolings leave nothing of {config.image_size} x {config.image_size} pixels: "
                "it reads images of at least 15 x 15."
            )
        require_dropout(config.dropout)
        self.config = config
        c1, c2, c3, c4, c5 = config.channels
        kernel, stride = (5, 1) if has_small_images(config) else (11, 4)
        self.conv1 = nn.Conv2d(config.in_channels, c1, kernel, stride, padding=2)
        self.conv2 = nn.Conv2d(c1, c2, 5, padding=2)
        self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        self.conv4 = nn.Conv2d(c3, c4, 3, padding=1)
        self.conv5 = nn.Conv2d(c4, c5, 3, padding=1)
        self.fc6 = nn.Linear(c5 * config.map_size**2, config.hidden)
        self.fc7 = nn.Linear(config.hidden, config.hidden)
        self.fc8 = nn.Linear(config.hidden, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, classes) for images x (N, C, H, W)."""
        require_images(x, self.config)  # (N, 3, 224, 224)
        # relu_ writes over its input: what the convolution gave is needed no more, and memory is what limits the batch.
        x = self.pool(self.conv1(x).relu_())  # (N, 64, 55, 55) -> (N, 64, 27, 27)
        x = self.pool(self.conv2(x).relu_())  # (N, 192, 27, 27) -> (N, 192, 13, 13)
        x = self.conv3(x).relu_()  # (N, 384, 13, 13)
        x = self.conv4(x).relu_()  # (N, 256, 13, 13)
        x = self.pool(self.conv5(x).relu_())  # (N, 256, 13, 13) -> (N, 256, 6, 6)
        x = F.adaptive_avg_pool2d(x, self.config.map_size).flatten(1)  # (N, 9216)
        x = self.fc6(self.drop(x)).relu_()  # (N, 4096)
        x = self.fc7(self.drop(x)).relu_()  # (N, 4096)
        return self.fc8(x)  # (N, classes)

    def pool(self, x: Tensor) -> Tensor:
        """Take the largest of every 3 x 3 pixels, at every second pixel: the windows overlap (section 3.4)."""
        return F.max_pool2d(x, 3, stride=2)

    def drop(self, x: Tensor) -> Tensor:
        """In training, set each number to zero with probability p and divide the others by 1 - p (section 4.2).

        The paper divides nothing in training and halves the units' outputs in tests: the same in the mean.
        """
        return F.dropout(x, self.config.dropout, self.training)


# Our layers -> their places in torchvision's two Sequentials, which number ReLU, pooling and dropout too.
TORCHVISION = Published(
    rename={
        r"^conv1\b": "features.0",
        r"^conv2\b": "features.3",
        r"^conv3\b": "features.6",
        r"^conv4\b": "features.8",
        r"^conv5\b": "features.10",
        r"^fc6\b": "classifier.1",
        r"^fc7\b": "classifier.4",
        r"^fc8\b": "classifier.6",
    }
)

PAPER = "Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks"


@register("alexnet", title="AlexNet", paper=PAPER, year=2012, config=AlexNetConfig(), published=TORCHVISION)
@register(
    "alexnet_small",
    title="AlexNet for 32 x 32 pixels",
    paper=PAPER,
    year=2012,
    config=AlexNetConfig(classes=10, image_size=32, channels=(32, 64, 96, 64, 64), map_size=3, hidden=384),
)
def alexnet(config: AlexNetConfig) -> AlexNet:
    return AlexNet(config)
