"""Pooling: one number for each window of the image.

The kernels visit the K·L places of the window one after the other, each time for all windows at once: a handful of
passes over views, in whatever order the images lie in memory. The definitions are in :mod:`groundup.scratch.naive`:
``max_pool2d``, ``avg_pool2d`` and ``adaptive_avg_pool2d``.
"""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers.windows import Pair, check_fits, output_size, pair, windows

Array = np.ndarray


def padded(x: Array, padding: Pair, value: float) -> Array:
    """Return x (N, C, H, W) with a border of ``value``; x itself if there is none."""
    (p, q) = padding
    return np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), constant_values=value) if p or q else x


def overlap(kernel: Pair, stride: Pair) -> bool:
    """Tell whether neighbouring windows share pixels."""
    return stride[0] < kernel[0] or stride[1] < kernel[1]


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
    The winner's place in the window is found with comparisons and maxima of small integers alone: they run over many
    numbers at once, which copies "where this is larger" do not. A NaN anywhere in a window makes its maximum NaN.
    """
    stride = stride or kernel
    size = (
        output_size(x.shape[2], kernel[0], stride[0], padding[0]),
        output_size(x.shape[3], kernel[1], stride[1], padding[1]),
    )
    x = padded(x, padding, -np.inf)
    y = winner = None
    for place, (_, _, view) in enumerate(windows(x, kernel, stride, size)):
        if y is None or winner is None:
            y = view.copy(order="K")  # "K": in the order in which the memory lies, so that nothing is transposed
            winner = np.zeros_like(y, dtype=np.uint8 if kernel[0] * kernel[1] <= 256 else np.int32)
            continue
        np.maximum(winner, np.multiply(view > y, place, dtype=winner.dtype), out=winner)  # later places are larger
        np.maximum(y, view, out=y)
    assert y is not None
    return y, (winner, x.shape, kernel, stride, padding)


def max_pool2d_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (N, C, H, W): each ``dy`` at its winner, added up where windows overlap."""
    winner, (N, C, H, W), kernel, stride, (p, q) = cache
    dx = np.zeros((C, H, W, N), dy.dtype).transpose(3, 0, 1, 2)  # (N, C, H, W), the batch innermost in memory
    for place, (_, _, view) in enumerate(windows(dx, kernel, stride, dy.shape[2:])):
        if overlap(kernel, stride):
            view += dy * (winner == place)
        else:  # each pixel belongs to one window at most: nothing to add up
            np.multiply(dy, winner == place, out=view)
    return dx[:, :, p : H - p, q : W - q]


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
        check_window(type(self).__name__, self.kernel, self.stride, self.padding)

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        check_shape("x", x, ("N", "C", "H", "W"), "images are (batch, channel, height, width)")
        check_fits(x, self.kernel, self.padding)
        y, cache = max_pool2d_forward(x, self.kernel, self.stride, self.padding)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return max_pool2d_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"MaxPool2d({self.kernel}, stride={self.stride}, padding={self.padding})"


def check_window(name: str, kernel: Pair, stride: Pair, padding: Pair) -> None:
    """Raise ValueError for sizes below 1, or padding in which a window could lie wholly."""
    if min(kernel) < 1 or min(stride) < 1 or min(padding) < 0:
        raise ValueError(
            f"{name}: kernel and stride must be at least 1 and padding at least 0, got {kernel}, {stride} and {padding}"
        )
    if any(2 * p > k for p, k in zip(padding, kernel)):
        raise ValueError(f"{name}: padding {padding} is more than half of the kernel {kernel}: some windows are empty")


def avg_pool2d_forward(
    x: Array, kernel: Pair, stride: Pair | None = None, padding: Pair = (0, 0), count_include_pad: bool = True
) -> tuple[Array, Any]:
    """Average each window: ``yₙ_cₕᵥ = Σᵢⱼ x̂ₙ_c(h·s+i)(v·s+j) / nₕᵥ``, x̂ padded with zeros.

    Gradient: each pixel of a window moves the average by 1/n, so each receives ``dy / n``.

    Parameters
    ----------
    x : (N, C, H, W)
    kernel, stride, padding : of height and width; the stride defaults to the kernel.
    count_include_pad : whether n counts the zeros of the padding too (n = K·L everywhere) or only pixels.

    Returns
    -------
    y : (N, C, Ho, Wo)
    cache : what :func:`avg_pool2d_backward` needs.
    """
    stride = stride or kernel
    size = (
        output_size(x.shape[2], kernel[0], stride[0], padding[0]),
        output_size(x.shape[3], kernel[1], stride[1], padding[1]),
    )
    counts = np.full(size, kernel[0] * kernel[1], x.dtype)  # (Ho, Wo)
    if not count_include_pad:
        pixels = padded(np.ones((1, 1, *x.shape[2:]), x.dtype), padding, 0)
        counts = np.sum([view[0, 0] for _, _, view in windows(pixels, kernel, stride, size)], axis=0, dtype=x.dtype)
    x = padded(x, padding, 0)
    places = [view for _, _, view in windows(x, kernel, stride, size)]
    y = places[0].copy(order="K")
    for view in places[1:]:
        y += view
    y /= counts
    return y, (x.shape, counts, kernel, stride, padding)


def avg_pool2d_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (N, C, H, W): each pixel's share of the averages it entered."""
    (N, C, H, W), counts, kernel, stride, (p, q) = cache
    dx = np.zeros((C, H, W, N), dy.dtype).transpose(3, 0, 1, 2)  # (N, C, H, W), the batch innermost in memory
    share = dy / counts
    for _, _, view in windows(dx, kernel, stride, dy.shape[2:]):
        view += share
    return dx[:, :, p : H - p, q : W - q]


class AvgPool2d(Layer):
    """The average of each window; see :func:`avg_pool2d_forward`. Arguments as of :class:`MaxPool2d`."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel, self.padding, self.count_include_pad = pair(kernel_size), pair(padding), count_include_pad
        self.stride = self.kernel if stride is None else pair(stride)
        check_window(type(self).__name__, self.kernel, self.stride, self.padding)

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        check_shape("x", x, ("N", "C", "H", "W"), "images are (batch, channel, height, width)")
        check_fits(x, self.kernel, self.padding)
        y, cache = avg_pool2d_forward(x, self.kernel, self.stride, self.padding, self.count_include_pad)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return avg_pool2d_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"AvgPool2d({self.kernel}, stride={self.stride}, padding={self.padding})"


def averaging_matrix(size: int, cells: int, dtype: Any) -> Array:
    """Return A (cells, size) such that ``A @ line`` averages a line of pixels cell by cell.

    Cell o reaches from pixel ``⌊o · size / cells⌋`` up to, but without, ``⌈(o+1) · size / cells⌉``: neighbouring cells
    share a pixel where the sizes do not divide.
    """
    o, pixel = np.arange(cells)[:, None], np.arange(size)
    inside = (pixel >= o * size // cells) & (pixel < -(-(o + 1) * size // cells))
    return (inside / inside.sum(axis=1, keepdims=True)).astype(dtype)


def adaptive_avg_pool2d_forward(x: Array, size: Pair) -> tuple[Array, Any]:
    """Average over as many cells as wanted, whatever the size of the image: ``y = A x Bᵀ`` for each channel.

    A row of A holds ``1/n`` for the n pixels of its cell (:func:`averaging_matrix`), and so does B for the columns.
    Gradient: the product is linear in x, hence ``dx = Aᵀ dy B``.

    Parameters
    ----------
    x : (N, C, H, W)
    size : (Ho, Wo); (1, 1) is the average over the whole image ("global average pooling", Lin et al. 2014,
        "Network in network", section 3.2).

    Returns
    -------
    y : (N, C, Ho, Wo)
    cache : what :func:`adaptive_avg_pool2d_backward` needs.
    """
    A, B = averaging_matrix(x.shape[2], size[0], x.dtype), averaging_matrix(x.shape[3], size[1], x.dtype)
    return A @ x @ B.T, (A, B)


def adaptive_avg_pool2d_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (N, C, H, W); see :func:`adaptive_avg_pool2d_forward`."""
    A, B = cache
    return A.T @ dy @ B


class AdaptiveAvgPool2d(Layer):
    """Averages over ``output_size`` cells, an int or (height, width); see :func:`adaptive_avg_pool2d_forward`."""

    def __init__(self, output_size: int | Pair) -> None:
        self.size = pair(output_size)
        if min(self.size) < 1:
            raise ValueError(f"AdaptiveAvgPool2d: output_size must be at least 1, got {self.size}")

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        check_shape("x", x, ("N", "C", "H", "W"), "images are (batch, channel, height, width)")
        if 0 in x.shape[2:]:
            raise ValueError(f"x: an image of {x.shape[2]}x{x.shape[3]} has no pixels to average")
        y, cache = adaptive_avg_pool2d_forward(x, self.size)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return adaptive_avg_pool2d_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"AdaptiveAvgPool2d({self.size})"
