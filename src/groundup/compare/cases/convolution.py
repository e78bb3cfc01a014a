"""Convolution and pooling."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import layer, normal

CASES = [
    layer(gu.Conv2d, lambda rng: gu.Conv2d(3, 5, 2, rng=rng), normal(2, 3, 5, 7), twin=lambda: nn.Conv2d(3, 5, 2)),
    layer(
        gu.Conv2d,
        lambda rng: gu.Conv2d(3, 5, (3, 2), stride=(2, 3), padding=(2, 3), bias=False, rng=rng),
        normal(2, 3, 7, 11),
        twin=lambda: nn.Conv2d(3, 5, (3, 2), stride=(2, 3), padding=(2, 3), bias=False),
        label="stride, padding, no bias",
    ),
    layer(gu.MaxPool2d, lambda rng: gu.MaxPool2d(2), normal(2, 3, 5, 7), twin=lambda: nn.MaxPool2d(2)),
    layer(
        gu.MaxPool2d,
        lambda rng: gu.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 1)),
        normal(2, 3, 7, 5),
        twin=lambda: nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 1)),
        label="overlapping, padding",
    ),
]
