"""Pooling: one number for each window of the image.

A window of ``kernel`` x ``kernel`` pixels moves over each channel of x (N, C, H, W) in steps of ``stride`` pixels, as in a
convolution, with ``padding`` rows or columns added on each of the four sides. Along each axis it fits

    ⌊(size + 2 padding - kernel) / stride⌋ + 1      times.

Max pooling keeps the largest number of each window. The padding must never win, so it counts as -infinity (zeros would
win over negative numbers). Average pooling takes the mean over all kernel² places; here the padding is zeros, and they
count, as in PyTorch.

Going back:

    maximum   only the winner moved the result, so it gets all of dy; among equals the first, read row by row
    average   each of the kernel² places gets dy / kernel²

Where windows overlap (stride < kernel) a pixel is in several of them, and their shares add up. What arrives at the
padding is cut off.
"""

import numpy as np


def max_pool2d(x, kernel, stride, padding):
    """Return y (N, C, Ho, Wo) for x (N, C, H, W)."""
    # your code
    N, C, H, W = x.shape
    Ho, Wo = (H + 2 * padding - kernel) // stride + 1, (W + 2 * padding - kernel) // stride + 1
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = np.pad(x, border, constant_values=-np.inf)
    y = np.zeros((N, C, Ho, Wo), x.dtype)
    for h in range(Ho):
        for v in range(Wo):
            top, left = h * stride, v * stride
            y[:, :, h, v] = padded[:, :, top : top + kernel, left : left + kernel].max(axis=(2, 3))
    return y
    # end of your code


def max_pool2d_backward(dy, x, kernel, stride, padding):
    """Return dx (N, C, H, W) for the upstream gradient dy (N, C, Ho, Wo)."""
    # your code
    H, W = x.shape[2:]
    border = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = np.pad(x, border, constant_values=-np.inf)
    dpadded = np.zeros_like(padded)
    for n, c, h, v in np.ndindex(*dy.shape):
        top, left = h * stride, v * stride
        window = padded[n, c, top : top + kernel, left : left + kernel]
        i, j = np.unravel_index(window.argmax(), window.shape)
        dpadded[n, c, top + i, left + j] += dy[n, c, h, v]
    return dpadded[:, :, padding : padding + H, padding : padding + W]
    # end of your code


def avg_pool2d(x, kernel, stride, padding):
    """Return y (N, C, Ho, Wo) for x (N, C, H, W)."""
    # your code
    N, C, H, W = x.shape
    Ho, Wo = (H + 2 * padding - kernel) // stride + 1, (W + 2 * padding - kernel) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.zeros((N, C, Ho, Wo), x.dtype)
    for h in range(Ho):
        for v in range(Wo):
            top, left = h * stride, v * stride
            y[:, :, h, v] = padded[:, :, top : top + kernel, left : left + kernel].mean(axis=(2, 3))
    return y
    # end of your code


def avg_pool2d_backward(dy, shape, kernel, stride, padding):
    """Return dx of this shape (N, C, H, W) for the upstream gradient dy (N, C, Ho, Wo)."""
    # your code
    N, C, H, W = shape
    Ho, Wo = dy.shape[2:]
    dpadded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dy.dtype)
    for h in range(Ho):
        for v in range(Wo):
            top, left = h * stride, v * stride
            share = dy[:, :, h, v] / kernel**2
            dpadded[:, :, top : top + kernel, left : left + kernel] += share[:, :, None, None]
    return dpadded[:, :, padding : padding + H, padding : padding + W]
    # end of your code
