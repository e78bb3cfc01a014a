"""A small residual network, in the manner of the ResNets for CIFAR-10."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup.scratch.layer import Layer, Sequential
from groundup.scratch.layers import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, ReLU

Array = np.ndarray


class BasicBlock(Layer):
    """Two 3x3 convolutions and a way around them: ``y = relu(f(x) + s(x))``.

    ``f`` is convolution, norm, ReLU, convolution, norm. ``s`` hands x on as it is; where the block halves the image
    or changes the number of channels, a 1x1 convolution with the same stride, and a norm, bring x to the same shape.

    Gradient: with d the gradient after the last ReLU's, ``dx = f.backward(d) + s.backward(d)``: a sum passes its
    gradient to both summands. Along s it reaches x unweakened, however many blocks there are.

    Parameters
    ----------
    in_channels, out_channels : of the image before and after.
    stride : of the first convolution; 2 halves height and width.
    rng : source of the initial weights.
    dtype : of the parameters.

    Notes
    -----
    Source: He et al. 2016, "Deep residual learning for image recognition", section 3 and figure 2; the projection is
    their equation (2). State names are those of torchvision's block of the same name.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        self.conv1 = conv3x3(in_channels, out_channels, stride, rng, dtype)
        self.bn1 = BatchNorm2d(out_channels, dtype=dtype)
        self.relu1 = ReLU()
        self.conv2 = conv3x3(out_channels, out_channels, 1, rng, dtype)
        self.bn2 = BatchNorm2d(out_channels, dtype=dtype)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = Sequential(
                Conv2d(in_channels, out_channels, 1, stride, bias=False, rng=rng, dtype=dtype),
                BatchNorm2d(out_channels, dtype=dtype),
            )
        self.relu2 = ReLU()

    def forward(self, x: Array) -> Array:
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(y + (self.downsample(x) if self.downsample else x))

    def backward(self, dy: Array) -> Array:
        d = self.relu2.backward(dy)
        dx = self.conv1.backward(self.bn1.backward(self.relu1.backward(self.conv2.backward(self.bn2.backward(d)))))
        return dx + (self.downsample.backward(d) if self.downsample else d)


class ResNet(Layer):
    """Return the logits (N, classes) of images (N, C, H, W).

    A 3x3 convolution, norm and ReLU; stages of basic blocks, each after the first halving the image; the average over
    the image; a linear layer. With a block in each of three stages, 3 input channels and 10 classes: 78,042 weights.

    Parameters
    ----------
    in_channels : C.
    classes : number of outputs.
    widths : channels of each stage.
    blocks : basic blocks in each stage; 3, 5, 7, 9 give the paper's ResNet-20, 32, 44, 56 (but see Notes).
    rng : source of the initial weights.
    dtype : of the parameters.

    Raises
    ------
    ValueError : no stages, or stages without a block.

    Notes
    -----
    Source: He et al. 2016, "Deep residual learning for image recognition", section 4.2. Deviation: where a stage
    begins, the shortcut is a projection (their option B); for CIFAR-10 they pad with zero channels (option A). The
    initial weights of the convolutions are PyTorch's.
    """

    def __init__(
        self,
        in_channels: int = 3,
        classes: int = 10,
        widths: Sequence[int] = (16, 32, 64),
        blocks: int = 1,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        if not widths or blocks < 1:
            raise ValueError(f"a ResNet needs stages of at least one block, got widths {tuple(widths)}, {blocks=}")
        self.stem = Sequential(
            conv3x3(in_channels, widths[0], 1, rng, dtype),
            BatchNorm2d(widths[0], dtype=dtype),
            ReLU(),
        )
        self.stages = Sequential()
        before = widths[0]
        for number, width in enumerate(widths):
            first = BasicBlock(before, width, stride=1 if number == 0 else 2, rng=rng, dtype=dtype)
            rest = [BasicBlock(width, width, rng=rng, dtype=dtype) for _ in range(blocks - 1)]
            self.stages.layers.append(Sequential(first, *rest))
            before = width
        self.head = Sequential(AdaptiveAvgPool2d(1), Flatten(), Linear(before, classes, rng=rng, dtype=dtype))

    def forward(self, x: Array) -> Array:
        return self.head(self.stages(self.stem(x)))

    def backward(self, dlogits: Array) -> Array | None:
        return self.stem.backward(self.stages.backward(self.head.backward(dlogits)))

    def skip_input_gradient(self) -> None:
        self.stem.skip_input_gradient()


def conv3x3(in_channels: int, out_channels: int, stride: int, rng: np.random.Generator, dtype: Any) -> Layer:
    """Return a 3x3 convolution that keeps the image's size (at stride 1); the norm after it needs no bias."""
    return Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False, rng=rng, dtype=dtype)
