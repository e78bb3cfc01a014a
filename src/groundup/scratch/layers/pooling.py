"""Pooling: one number for each window of the image."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers.convolution import Pair, output_size, pair, windows

Array = np.ndarray


def max_pool2d_forward(x: Array, kernel: Pair, stride: Pair | None = None, padding: Pair = (0, 0)) -> tuple[Array, Any]:
    """Keep the largest value of each window: ``yₙ_cₕᵥ = maxᵢⱼ x̂ₙ_c(h·s+i)(v·s+j)``; padding counts as -∞.

    Gradient: only the winner moves the maximum, so it receives all of ``dy``; among equals the first, reading
    row by row, as in PyTorch. (After a ReLU ties are common: many zeros.)

    Parameters
    ----------
    x : (N, C, H, W)
    kernel, stride, padding : of height and width; the stride defaults to the kernel.

    Returns
    -------
    y : (N, C, Ho, Wo)
    cache : what :func:`max_pool2d_backward` needs.

    Notes
    -----
    The definition is :func:`groundup.scratch.naive.max_pool2d`. Here each of the K·L places of the window is
    compared with the best so far, for all windows at once.
    """
    stride = stride or kernel
    (H, W), (p, q) = x.shape[2:], padding
    size = (output_size(H, kernel[0], stride[0], p), output_size(W, kernel[1], stride[1], q))
    if p or q:
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), constant_values=-np.inf)

    y = winner = None
    for i, j, view in windows(x, kernel, stride, size):
        if y is None or winner is None:
            y = view.copy(order="K")  # "K": in whatever order the memory lies, so that nothing is transposed
            winner = np.zeros_like(y, dtype=np.uint8 if kernel[0] * kernel[1] <= 256 else np.int32)
            continue
        better = (view > y) | np.isnan(view)
        np.copyto(y, view, where=better)
        np.copyto(winner, i * kernel[1] + j, where=better, casting="unsafe")
    assert y is not None
    return y, (winner, x.shape, kernel, stride, padding)


def max_pool2d_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (N, C, H, W): each ``dy`` at its winner, added up where windows overlap."""
    winner, (N, C, Hp, Wp), kernel, stride, (p, q) = cache
    dx = np.zeros((C, N, Hp, Wp), dy.dtype).transpose(1, 0, 2, 3)  # (N, C, Hp, Wp), channel outermost in memory
    for i, j, view in windows(dx, kernel, stride, dy.shape[2:]):
        view += dy * (winner == i * kernel[1] + j)
    return dx[:, :, p : Hp - p, q : Wp - q]


class MaxPool2d(Layer):
    """The largest value of each window; see :func:`max_pool2d_forward`.

    Parameters
    ----------
    kernel_size, stride, padding : an int, or (height, width); the stride defaults to the kernel, and the padding
        is at most half of it.
    """

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        self.kernel, self.padding = pair(kernel_size), pair(padding)
        self.stride = self.kernel if stride is None else pair(stride)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel)):
            raise ValueError(
                f"padding {self.padding} is more than half of the kernel {self.kernel}: some windows are empty"
            )

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        check_shape("x", x, ("N", "C", "H", "W"), "images are (batch, channel, height, width)")
        if any(n + 2 * p < k for n, p, k in zip(x.shape[2:], self.padding, self.kernel)):
            raise ValueError(f"x: the image {x.shape[2:]} is smaller than the window {self.kernel}: too many poolings?")
        y, cache = max_pool2d_forward(x, self.kernel, self.stride, self.padding)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return max_pool2d_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"MaxPool2d({self.kernel}, stride={self.stride}, padding={self.padding})"
