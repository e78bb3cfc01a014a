"""Where a sliding window stands: the arithmetic that convolution and pooling share.

:func:`unfold` copies what lies under each place of a window; :func:`fold` adds everything back to where it came from.
Each is the other's gradient. Both work along one axis; for two axes, apply them twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Pair = tuple[int, int]


def pair(value: int | Pair) -> Pair:
    """Return (value, value) for an int, so that one number serves height and width."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


@dataclass(frozen=True)
class Window:
    """A window that slides along one axis: place ``i`` of it, at output position ``o``, is over ``o·s + i·d - p``."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    @property
    def extent(self) -> int:
        """How many pixels the window spans, from its first place to its last."""
        return self.dilation * (self.kernel - 1) + 1

    def trivial(self, size: int, positions: int) -> bool:
        """Tell whether output positions and pixels are the same thing."""
        return (self.kernel, self.stride, self.padding) == (1, 1, 0) and size == positions

    def positions(self, size: int) -> int:
        """Return how often the window fits: ``⌊(size + 2p - d(k - 1) - 1) / s⌋ + 1``."""
        return (size + 2 * self.padding - self.extent) // self.stride + 1

    def overlaps(self, size: int, positions: int) -> Iterator[tuple[int, slice, slice]]:
        """Yield each place of the window, the output positions at which it is over a pixel, and those pixels."""
        for i in range(self.kernel):
            shift = i * self.dilation - self.padding
            first = min(max(0, -(shift // self.stride)), positions)  # the first o with o·s + shift ≥ 0
            last = max(first, min(positions, (size - 1 - shift) // self.stride + 1))
            start = first * self.stride + shift
            stop = start + self.stride * (last - first - 1) + 1 if last > first else start
            yield i, slice(first, last), slice(start, stop, self.stride)


def unfold(x: Array, axis: int, window: Window, positions: int) -> Array:
    """Copy (A, H, W, N) once for each place of the window: (A, k, Ho, W, N) along axis 1, (A, k, H, Wo, N) along 2.

    Pixels that lie outside the image, in the padding, are zero.
    """
    if window.trivial(x.shape[axis], positions):
        return x[:, None]
    shape = list(x.shape)
    shape[axis] = positions
    out = np.empty((len(x), window.kernel, *shape[1:]), x.dtype)
    before = (slice(None),) * axis
    for i, at, pixels in window.overlaps(x.shape[axis], positions):
        place = out[:, i]
        place[(*before, slice(0, at.start))] = 0
        place[(*before, at)] = x[(*before, pixels)]
        place[(*before, slice(at.stop, None))] = 0
    return out


def fold(z: Array, axis: int, window: Window, size: int) -> Array:
    """Add up (A, k, Ho, W, N) or (A, k, H, Wo, N), everything where :func:`unfold` copied it from: (A, H, W, N)."""
    if window.trivial(size, z.shape[1 + axis]):
        return z[:, 0]
    before = (slice(None),) * axis
    overlaps = list(window.overlaps(size, z.shape[1 + axis]))
    # A place of the window that meets every pixel (the middle one, if padding keeps the size) saves a fill with zeros.
    start = next((i for i, _, pixels in overlaps if pixels == slice(0, size, 1)), None)
    if start is None:
        shape = list(z[:, 0].shape)
        shape[axis] = size
        out = np.zeros(shape, z.dtype)
    else:
        out = z[:, start][(*before, overlaps[start][1])].copy()
    for i, at, pixels in overlaps:
        if i != start:
            out[(*before, pixels)] += z[:, i][(*before, at)]
    return out


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Return the number of places for a window: ``⌊(size + 2·padding - kernel) / stride⌋ + 1``."""
    return Window(kernel, stride, padding).positions(size)


def windows(x: Array, kernel: Pair, stride: Pair, size: Pair) -> Iterator[tuple[int, int, Array]]:
    """Yield, for each place (i, j) in the kernel, the view of what lies under it at every output position.

    Parameters
    ----------
    x : (..., H, W), already padded.
    kernel, stride : of height and width.
    size : (Ho, Wo), the output positions.

    Yields
    ------
    i, j, view : place in the kernel, and a view (..., Ho, Wo) into x.
    """
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            rows = slice(i, i + stride[0] * (size[0] - 1) + 1, stride[0])
            columns = slice(j, j + stride[1] * (size[1] - 1) + 1, stride[1])
            yield i, j, x[..., rows, columns]


def check_fits(x: Array, kernel: Pair, padding: Pair, dilation: Pair = (1, 1)) -> None:
    """Raise ValueError if the window is larger than the padded image."""
    extent = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    if any(n + 2 * p < e for n, p, e in zip(x.shape[2:], padding, extent)):
        raise ValueError(
            f"x: the image {x.shape[2]}x{x.shape[3]} with padding {padding[0]}, {padding[1]} is smaller than the "
            f"window {extent[0]}x{extent[1]}: too many strides or poolings before this layer?"
        )
