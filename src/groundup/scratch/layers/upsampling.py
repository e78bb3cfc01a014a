"""Upsampling: a larger image from a smaller one, without anything learned."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer

Array = np.ndarray


def nearest_matrix(size: int, scale: int, dtype: Any) -> Array:
    """Return A (scale·size, size), which repeats each pixel of a line ``scale`` times."""
    return np.repeat(np.eye(size, dtype=dtype), scale, axis=0)


def bilinear_matrix(size: int, scale: int, dtype: Any) -> Array:
    """Return A (scale·size, size), which draws straight lines between the centres of a line's pixels.

    The centre of output pixel o lies at ``(o + ½) / scale - ½`` in the input, between pixels ⌊.⌋ and ⌊.⌋ + 1; the
    nearer one gets the larger weight. Outside the first and last centre the border pixel goes on.
    """
    at = np.clip((np.arange(scale * size) + 0.5) / scale - 0.5, 0, size - 1)
    distance = np.abs(at[:, None] - np.arange(size))  # (scale·size, size)
    return np.maximum(1 - distance, 0).astype(dtype)


MATRICES = {"nearest": nearest_matrix, "bilinear": bilinear_matrix}


def upsample_forward(x: Array, scale: int, mode: str = "nearest") -> tuple[Array, Any]:
    """Enlarge an image: ``y = A x Bᵀ`` for each channel.

    A row of A holds the weights with which one output row mixes the rows of x, and B those of the columns
    (:func:`nearest_matrix`, :func:`bilinear_matrix`). Gradient: linear in x, hence ``dx = Aᵀ dy B``.

    Parameters
    ----------
    x : (N, C, H, W)
    scale : how many times as high and as wide the result is.
    mode : "nearest" or "bilinear" (corners not aligned: pixels are areas, not points).

    Returns
    -------
    y : (N, C, scale·H, scale·W)
    cache : what :func:`upsample_backward` needs.

    Notes
    -----
    The definition: :func:`groundup.scratch.naive.upsample`.
    """
    A, B = (MATRICES[mode](n, scale, x.dtype) for n in x.shape[2:])
    return A @ x @ B.T, (A, B)


def upsample_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (N, C, H, W); see :func:`upsample_forward`."""
    A, B = cache
    return A.T @ dy @ B


class Upsample(Layer):
    """Enlarge images ``scale_factor`` times, by "nearest" or "bilinear"; see :func:`upsample_forward`."""

    def __init__(self, scale_factor: int, mode: str = "nearest") -> None:
        if mode not in MATRICES:
            raise ValueError(f"Upsample: mode must be one of {', '.join(MATRICES)}, got {mode!r}")
        if not isinstance(scale_factor, int) or scale_factor < 1:
            raise ValueError(f"Upsample: scale_factor must be a whole number of at least 1, got {scale_factor!r}")
        self.scale, self.mode = scale_factor, mode

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        check_shape("x", x, ("N", "C", "H", "W"), "images are (batch, channel, height, width)")
        y, cache = upsample_forward(x, self.scale, self.mode)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return upsample_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"Upsample(scale_factor={self.scale}, mode={self.mode!r})"
