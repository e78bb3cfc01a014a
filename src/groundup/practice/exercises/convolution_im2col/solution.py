"""Convolution as one matrix product: im2col, and its reverse.

Loops over pixels are slow in Python, a matrix product is fast. So copy what lies under each place of the window into a
column, for all places at once ("im2col", image to columns). For an image (C, H, W) and a window of K x L pixels:

    columns (C K L, P)      one row for each pixel of the window, in the order c, i, j
                            one column for each of the P = Ho Wo places, row by row of the output

With the filters as a matrix, weight (O, C, K, L) reshaped to (O, C K L), the convolution of each example is

    y = weight · columns + bias        (O, P), reshaped to (O, Ho, Wo)

Going back, these are the lines of a linear layer. With dy as a matrix (O, P) for each example:

    dweight  = dy · columnsᵀ, summed over the examples
    dcolumns = weightᵀ · dy

A pixel was copied into every window that it lies under, so in the reverse ("col2im") the columns are added up where they
came from. ``padding`` zeros stand on each of the four sides; what arrives there is cut off.
"""

import numpy as np


def im2col(x, kernel, stride, padding):
    """Return columns (N, C K L, P) for x (N, C, H, W) and kernel = (K, L)."""
    # your code
    (N, C, H, W), (K, L) = x.shape, kernel
    Ho, Wo = (H + 2 * padding - K) // stride + 1, (W + 2 * padding - L) // stride + 1
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    columns = np.zeros((N, C, K, L, Ho, Wo), x.dtype)
    for i in range(K):
        for j in range(L):
            bottom, right = i + stride * Ho, j + stride * Wo
            columns[:, :, i, j] = padded[:, :, i:bottom:stride, j:right:stride]
    return columns.reshape(N, C * K * L, Ho * Wo)
    # end of your code


def col2im(columns, shape, kernel, stride, padding):
    """Return an image of this shape (N, C, H, W): the columns (N, C K L, P) added up where im2col took them from."""
    # your code
    (N, C, H, W), (K, L) = shape, kernel
    Ho, Wo = (H + 2 * padding - K) // stride + 1, (W + 2 * padding - L) // stride + 1
    columns = columns.reshape(N, C, K, L, Ho, Wo)
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), columns.dtype)
    for i in range(K):
        for j in range(L):
            bottom, right = i + stride * Ho, j + stride * Wo
            padded[:, :, i:bottom:stride, j:right:stride] += columns[:, :, i, j]
    return padded[:, :, padding : padding + H, padding : padding + W]
    # end of your code


def conv2d_product(x, weight, bias, stride, padding):
    """Return y (N, O, Ho, Wo) for x (N, C, H, W), weight (O, C, K, L), bias (O,), by im2col."""
    # your code
    (N, C, H, W), (O, C, K, L) = x.shape, weight.shape
    Ho, Wo = (H + 2 * padding - K) // stride + 1, (W + 2 * padding - L) // stride + 1
    columns = im2col(x, (K, L), stride, padding)
    y = weight.reshape(O, C * K * L) @ columns + bias[:, None]
    return y.reshape(N, O, Ho, Wo)
    # end of your code


def conv2d_product_backward(dy, x, weight, stride, padding):
    """Return dx (N, C, H, W), dweight (O, C, K, L), dbias (O,) for dy (N, O, Ho, Wo), by im2col and col2im."""
    # your code
    N, O, Ho, Wo = dy.shape
    kernel = weight.shape[2:]
    columns = im2col(x, kernel, stride, padding)
    dy = dy.reshape(N, O, Ho * Wo)
    dweight = (dy @ columns.transpose(0, 2, 1)).sum(axis=0).reshape(weight.shape)
    dcolumns = weight.reshape(O, -1).T @ dy
    dx = col2im(dcolumns, x.shape, kernel, stride, padding)
    dbias = dy.sum(axis=(0, 2))
    return dx, dweight, dbias
    # end of your code
