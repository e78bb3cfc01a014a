"""ReLU and GELU: two activations and their gradients.

ReLU keeps what is positive:       y = max(x, 0)
Its slope is 1 where x > 0 and 0 elsewhere, so      dx = dy where x > 0, else 0.

GELU weights x by the chance that a normal number is below it. In the tanh form (Hendrycks and Gimpel, 2016):

    u = sqrt(2/pi) (x + 0.044715 x³)
    y = x/2 (1 + tanh u)

Its derivative follows from the product rule and tanh' = 1 - tanh²:

    dy/dx = 1/2 (1 + tanh u) + x/2 (1 - tanh² u) sqrt(2/pi) (1 + 3 * 0.044715 x²)

Both backward functions get the upstream gradient dy and the input x, not the output.
"""

import numpy as np


def relu_forward(x):
    """Return y, as large as x."""
    # your code
    return np.maximum(x, 0)
    # end of your code


def relu_backward(dy, x):
    """Return dx."""
    # your code
    return dy * (x > 0)
    # end of your code


def gelu_forward(x):
    """Return y, as large as x."""
    # your code
    u = np.sqrt(2 / np.pi).astype(x.dtype) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + np.tanh(u))
    # end of your code


def gelu_backward(dy, x):
    """Return dx."""
    # your code
    c = np.sqrt(2 / np.pi).astype(x.dtype)
    t = np.tanh(c * (x + 0.044715 * x**3))
    slope = 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2)
    return dy * slope
    # end of your code
