"""The autoencoder: squeeze an image through a few numbers, and draw it again from them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from groundup.scratch.layer import Layer, Sequential
from groundup.scratch.layers import Flatten, Linear, ReLU

Array = np.ndarray


class Autoencoder(Layer):
    """Return for each image the logits (N, F) of its pixels, seen through a code of few numbers.

    The encoder maps F pixels to the code, the decoder, its mirror image, maps the code back. The target is the image
    itself, so no labels are needed; what the code leaves out is lost.

    Parameters
    ----------
    sizes : F, widths of the hidden layers, numbers in the code; the decoder has them in reverse.
    rng : source of the initial weights.
    dtype : of the parameters.

    Raises
    ------
    ValueError : fewer than two sizes.

    Notes
    -----
    Source: Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks". Deviations:
    ReLU for their sigmoids, and no layer-wise pretraining: with today's initial weights it trains from the start.
    """

    def __init__(self, sizes: Sequence[int], *, rng: np.random.Generator, dtype: Any = np.float32) -> None:
        if len(sizes) < 2:
            raise ValueError(f"sizes must name at least the pixels and the code, got {tuple(sizes)}")
        self.encoder = Sequential(Flatten(), *dense(sizes, rng, dtype))
        self.decoder = Sequential(*dense(sizes[::-1], rng, dtype))

    def encode(self, x: Array) -> Array:
        """Return the codes (N, Z) of images."""
        return self.encoder(x)

    def decode(self, code: Array) -> Array:
        """Return the logits (N, F) of the pixels; their sigmoid is the image."""
        return self.decoder(code)

    def forward(self, x: Array) -> Array:
        return self.decode(self.encode(x))

    def backward(self, dlogits: Array) -> Array | None:
        return self.encoder.backward(self.decoder.backward(dlogits))

    def skip_input_gradient(self) -> None:
        self.encoder.skip_input_gradient()


def dense(sizes: Sequence[int], rng: np.random.Generator, dtype: Any = np.float32) -> list[Layer]:
    """Return Linear layers from each size to the next, with ReLU between them."""
    layers: list[Layer] = []
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(inputs, outputs, rng=rng, dtype=dtype), ReLU()]
    return layers[:-1]
