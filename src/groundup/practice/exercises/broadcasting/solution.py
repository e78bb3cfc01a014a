"""Broadcasting, and its reverse.

NumPy lets arrays of different shapes work together: it lines the shapes up from the right, and stretches every axis of
length 1 (or an axis that is not there at all). A vector (C,) meets a matrix (N, C) as if it were repeated N times.

A vector (N,) does not: from the right, N would meet C. Give it an axis of length 1 first: v[:, None] is (N, 1).

Going back, what was repeated gets a gradient from every copy, and gradients of copies add up. So the reverse of
stretching is a sum over the stretched axes:

    x (C,) stretched to (N, C)      dx = dy summed over axis 0
    x (N, 1) stretched to (N, C)    dx = dy summed over axis 1, and the axis kept

Every bias, every mean that is subtracted, every scale needs this.
"""


def standardise(x, mean, scale):
    """Return (x[n, c] - mean[c]) / scale[n] for x (N, C), mean (C,), scale (N,)."""
    # your code
    return (x - mean) / scale[:, None]
    # end of your code


def unbroadcast(dy, shape):
    """Sum dy down to ``shape``, the shape that was broadcast to dy's: the gradient of what was stretched."""
    # your code
    while dy.ndim > len(shape):
        dy = dy.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            dy = dy.sum(axis=axis, keepdims=True)
    return dy
    # end of your code
