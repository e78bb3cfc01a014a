"""Convolution, exactly as the formula reads: loops and all.

A filter looks at a small window of the image, all channels at once, and gives one number; then the window moves on.
O filters (weight (O, C, K, L), bias (O,)) give O numbers at each place. With x̂ the image x (N, C, H, W), to which
``padding`` rows or columns of zeros were added on each of its four sides, and steps of ``stride`` pixels:

    y[n, o, h, v] = bias[o] + sum over c, i, j of  weight[o, c, i, j] · x̂[n, c, h stride + i, v stride + j]

The window fits so often along an axis (⌊⌋ rounds down; pixels that are left over at the end are not used):

    size out = ⌊(size + 2 padding - kernel) / stride⌋ + 1

Despite its name this is a cross-correlation: the filter is not flipped.

Going back, every product weight · x̂ in a sum sends dy · weight to its pixel and dy · x̂ to its weight. A pixel lies under
several windows, and a weight meets every window: their shares add up. What arrives at the padding is cut off.
"""

import numpy as np


def output_size(size, kernel, stride, padding):
    """Return how often the window fits along one axis, an int."""
    # your code
    return (size + 2 * padding - kernel) // stride + 1
    # end of your code


def conv2d(x, weight, bias, stride, padding):
    """Return y (N, O, Ho, Wo) for x (N, C, H, W), weight (O, C, K, L), bias (O,)."""
    # your code
    (H, W), (K, L) = x.shape[2:], weight.shape[2:]
    Ho, Wo = output_size(H, K, stride, padding), output_size(W, L, stride, padding)
    y = np.zeros((len(x), len(weight), Ho, Wo), x.dtype)
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for n, o, h, v in np.ndindex(*y.shape):
        top, left = h * stride, v * stride
        window = padded[n, :, top : top + K, left : left + L]
        y[n, o, h, v] = (window * weight[o]).sum() + bias[o]
    return y
    # end of your code


def conv2d_backward(dy, x, weight, stride, padding):
    """Return dx (N, C, H, W), dweight (O, C, K, L), dbias (O,) for the upstream gradient dy (N, O, Ho, Wo)."""
    # your code
    (H, W), (K, L) = x.shape[2:], weight.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dpadded = np.zeros_like(padded)
    dweight = np.zeros_like(weight)
    for n, o, h, v in np.ndindex(*dy.shape):
        top, left = h * stride, v * stride
        dpadded[n, :, top : top + K, left : left + L] += dy[n, o, h, v] * weight[o]
        dweight[o] += dy[n, o, h, v] * padded[n, :, top : top + K, left : left + L]
    dx = dpadded[:, :, padding : padding + H, padding : padding + W]
    dbias = dy.sum(axis=(0, 2, 3))
    return dx, dweight, dbias
    # end of your code
