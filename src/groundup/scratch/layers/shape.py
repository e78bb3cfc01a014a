"""Layers that only rearrange."""

import numpy as np

from groundup.scratch.layer import Layer

Array = np.ndarray


class Flatten(Layer):
    """Turn each example into one row: (N, C, H, W) becomes (N, C·H·W). The gradient is reshaped back."""

    only_rearranges = True

    def forward(self, x: Array) -> Array:
        self.remember(x.shape)
        return x.reshape(len(x), int(np.prod(x.shape[1:])))

    def backward(self, dy: Array | None) -> Array | None:
        shape = self.recall()
        return None if dy is None else dy.reshape(shape)
