"""The multilayer perceptron: linear layers with a nonlinearity between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from groundup.scratch.layer import Layer, Sequential
from groundup.scratch.layers import Flatten, Linear, ReLU


def mlp(sizes: Sequence[int], *, rng: np.random.Generator, dtype: Any = np.float32) -> Sequential:
    """Return Flatten, then Linear layers from each size to the next with ReLU between them.

    ``mlp([784, 256, 128, 10], rng=rng)`` classifies 28x28 images into ten classes with 235,146 weights.

    Parameters
    ----------
    sizes : input features, widths of the hidden layers, output classes.
    """
    layers: list[Layer] = [Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs, rng=rng, dtype=dtype), ReLU()]
    return Sequential(*layers[:-1])  # no ReLU on the logits
