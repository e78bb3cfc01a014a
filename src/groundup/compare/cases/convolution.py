"""Convolution, pooling and upsampling."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import layer, normal

CONV1D = {
    "": ({"in_channels": 3, "out_channels": 5, "kernel_size": 2}, (2, 3, 7)),
    "stride, padding, dilation, groups": (
        {
            "in_channels": 6,
            "out_channels": 4,
            "kernel_size": 3,
            "stride": 2,
            "padding": 3,
            "dilation": 2,
            "groups": 2,
            "bias": False,
        },
        (3, 6, 11),
    ),
}

# Where the kernels choose their way: columns are unfolded alone, or, where channels are few or rows have a stride,
# whole patches.
CONV2D = {
    "": ({"in_channels": 3, "out_channels": 5, "kernel_size": 2}, (2, 3, 5, 7)),
    "few channels": ({"in_channels": 1, "out_channels": 5, "kernel_size": (3, 2), "padding": (1, 0)}, (2, 1, 5, 7)),
    "stride, padding, no bias": (
        {
            "in_channels": 3,
            "out_channels": 5,
            "kernel_size": (3, 2),
            "stride": (2, 3),
            "padding": (2, 3),
            "bias": False,
        },
        (2, 3, 7, 11),
    ),
    "dilation, groups": (
        {
            "in_channels": 6,
            "out_channels": 4,
            "kernel_size": (2, 3),
            "padding": (1, 2),
            "dilation": (3, 2),
            "groups": 2,
        },
        (2, 6, 5, 7),
    ),
    "depthwise": ({"in_channels": 3, "out_channels": 3, "kernel_size": 3, "padding": 1, "groups": 3}, (2, 3, 5, 7)),
    "1x1": ({"in_channels": 3, "out_channels": 5, "kernel_size": 1}, (2, 3, 5, 7)),
    "same": ({"in_channels": 2, "out_channels": 3, "kernel_size": (3, 5), "padding": "same"}, (2, 2, 5, 7)),
}

TRANSPOSE = {
    "": ({"in_channels": 3, "out_channels": 5, "kernel_size": 2}, (2, 3, 5, 7)),
    "few channels": ({"in_channels": 5, "out_channels": 1, "kernel_size": (3, 2)}, (2, 5, 3, 5)),
    "stride, padding, output padding, groups, dilation": (
        {
            "in_channels": 6, "out_channels": 4, "kernel_size": (3, 2), "stride": (2, 3), "padding": (2, 1),
            "output_padding": (1, 2), "groups": 2, "dilation": (1, 2), "bias": False,
        },
        (2, 6, 5, 3),
    ),
}  # fmt: skip

POOLING = {
    (gu.MaxPool2d, nn.MaxPool2d): {
        "": {"kernel_size": 2},
        "overlapping, padding": {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)},
    },
    (gu.AvgPool2d, nn.AvgPool2d): {
        "": {"kernel_size": 2},
        "overlapping, padding": {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)},
        "padding not counted": {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1), "count_include_pad": False},
    },
    (gu.AdaptiveAvgPool2d, nn.AdaptiveAvgPool2d): {"": {"output_size": (3, 2)}, "whole image": {"output_size": 1}},
    (gu.Upsample, nn.Upsample): {
        "nearest": {"scale_factor": 3, "mode": "nearest"},
        "bilinear": {"scale_factor": 3, "mode": "bilinear"},
    },
}

CASES = [
    *[
        layer(
            mine,
            lambda rng, mine=mine, options=options: mine(**options, rng=rng),
            normal(*shape),
            twin=lambda twin=twin, options=options: twin(**options),
            label=label,
        )
        for mine, twin, configurations in [
            (gu.Conv1d, nn.Conv1d, CONV1D),
            (gu.Conv2d, nn.Conv2d, CONV2D),
            (gu.ConvTranspose2d, nn.ConvTranspose2d, TRANSPOSE),
        ]
        for label, (options, shape) in configurations.items()
    ],
    *[
        layer(
            mine,
            lambda rng, mine=mine, options=options: mine(**options),
            normal(2, 3, 7, 5),
            twin=lambda twin=twin, options=options: twin(**options),
            label=label,
        )
        for (mine, twin), configurations in POOLING.items()
        for label, options in configurations.items()
    ],
]
