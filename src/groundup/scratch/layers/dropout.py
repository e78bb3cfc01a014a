"""Dropout: train with a random part of the network switched off."""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.layer import Layer

Array = np.ndarray


def dropout_forward(x: Array, p: float, rng: np.random.Generator) -> tuple[Array, Any]:
    """Set each element to 0 with probability p, and scale up the others: ``y = x · m / (1 - p)``, m 0 or 1.

    The factor ``1/(1-p)`` keeps the expected value: ``E[y] = (1-p) · x/(1-p) + p · 0 = x``. So nothing is to be done
    in evaluation ("inverted" dropout; the paper scales the weights at test time instead).

    Gradient: for a mask once drawn, y is x times a constant; ``dx = dy · m / (1 - p)`` with *the same* mask.

    Parameters
    ----------
    x : any shape.
    p : probability of being dropped, from 0 to 1.
    rng : source of the mask.

    Returns
    -------
    y : of the same shape.
    cache : the scaled mask, for :func:`dropout_backward`.

    Notes
    -----
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", sections 4
    and 10 (the scaling).
    """
    keep = rng.random(x.shape, dtype=np.float32) >= p  # random is in [0, 1): p = 0 keeps all, p = 1 none
    mask = keep.astype(x.dtype)
    if p < 1:
        mask *= 1 / (1 - p)
    return x * mask, mask


def dropout_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · m / (1 - p)``."""
    mask = cache
    return dy * mask


class Dropout(Layer):
    """Drop elements at random while training; in evaluation pass everything. See :func:`dropout_forward`.

    Parameters
    ----------
    p : probability of being dropped, from 0 to 1.
    rng : source of the masks.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p is the probability of being dropped, from 0 to 1, got {p}: a percentage?")
        self.p, self.rng = p, rng

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        if not self.training:
            return x
        y, mask = dropout_forward(x, self.p, self.rng)
        self.remember(mask)
        return y

    def backward(self, dy: Array) -> Array:
        return dropout_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"Dropout({self.p})"
