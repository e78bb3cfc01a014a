"""Small convolutional networks in the manner of LeNet."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.layer import Sequential
from groundup.scratch.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU


def lenet(*, classes: int = 10, rng: np.random.Generator, dtype: Any = np.float32) -> Sequential:
    """Return LeNet-5's shape with today's parts, for images (N, 1, 28, 28), padded to 32x32 as in the paper.

    Source: LeCun et al. 1998, figure 2. Deviations: ReLU for tanh, max pooling for trainable subsampling, every
    map of C3 sees all six of S2, a linear output instead of radial basis functions.
    """
    return Sequential(
        Conv2d(1, 6, 5, padding=2, rng=rng, dtype=dtype),  # (N, 6, 28, 28)
        ReLU(),
        MaxPool2d(2),  # (N, 6, 14, 14)
        Conv2d(6, 16, 5, rng=rng, dtype=dtype),  # (N, 16, 10, 10)
        ReLU(),
        MaxPool2d(2),  # (N, 16, 5, 5)
        Flatten(),
        Linear(400, 120, rng=rng, dtype=dtype),
        ReLU(),
        Linear(120, 84, rng=rng, dtype=dtype),
        ReLU(),
        Linear(84, classes, rng=rng, dtype=dtype),
    )


def small_cnn(*, classes: int = 10, rng: np.random.Generator, dtype: Any = np.float32) -> Sequential:
    """Return a convolutional network for the 8x8 images of ``digits``, (N, 1, 8, 8)."""
    return Sequential(
        Conv2d(1, 16, 3, padding=1, rng=rng, dtype=dtype),  # (N, 16, 8, 8)
        ReLU(),
        MaxPool2d(2),  # (N, 16, 4, 4)
        Conv2d(16, 32, 3, padding=1, rng=rng, dtype=dtype),  # (N, 32, 4, 4)
        ReLU(),
        MaxPool2d(2),  # (N, 32, 2, 2)
        Flatten(),
        Linear(128, 64, rng=rng, dtype=dtype),
        ReLU(),
        Linear(64, classes, rng=rng, dtype=dtype),
    )
