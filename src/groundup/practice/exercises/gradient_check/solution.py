"""Checking a gradient, when nobody tells you the right one.

The derivative is the limit of a difference quotient. Move one number of x a little up, and a little down:

    dx[i] is about  (f(x + eps at i) - f(x - eps at i)) / (2 eps)

Two-sided, its error shrinks with eps²; one-sided only with eps. eps = 1e-5 in float64 is a good choice: much smaller,
and the difference drowns in rounding.

f takes an array and returns one number. Do it for every entry of x, and leave x as it was.

A function with many outputs is checked with a random upstream gradient dy: f is then the sum of y dy. Not the plain
sum of y: there are wrong gradients that it can't see (softmax: the sum of its outputs is always 1).

To compare two gradients, divide by their size. An error of 0.001 is small for entries of 100 and huge for 0.0001:

    relative error = largest |a - b| / (largest |a| or |b|, whichever is larger)
"""

import numpy as np


def numerical_gradient(f, x, eps=1e-5):
    """Return the gradient of f at x, as large as x (of any shape); f(array) is a number."""
    # your code
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[index] += eps
        down[index] -= eps
        gradient[index] = (f(up) - f(down)) / (2 * eps)
    return gradient
    # end of your code


def relative_error(a, b):
    """Return the relative error, a number: 0 for equal arrays, also if both are zero everywhere."""
    # your code
    size = max(np.abs(a).max(), np.abs(b).max())
    if size == 0:
        return 0.0
    return np.abs(a - b).max() / size
    # end of your code
