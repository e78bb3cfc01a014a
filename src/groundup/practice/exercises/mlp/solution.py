"""The backward pass of a whole network, by the chain rule.

A network of two layers, and the mean squared error:

    a = x W1ᵀ + b1          x (N, I), W1 (H, I), b1 (H,)    a (N, H)
    h = max(a, 0)                                           h (N, H)
    y = h W2ᵀ + b2          W2 (O, H), b2 (O,)              y (N, O)
    loss = mean of (y - target)² over all N O numbers

Go through the lines in reverse. Each line receives the gradient of its result, and passes on the gradients of what it
was made from:

    dy  = 2 (y - target) / (N O)
    dh  = dy W2          dW2 = dyᵀ h       db2 = dy summed over N
    da  = dh where a > 0, else 0
                         dW1 = daᵀ x       db1 = da summed over N
"""

import numpy as np


def mlp_forward(x, w1, b1, w2, b2):
    """Return a (N, H), h (N, H) and y (N, O)."""
    # your code
    a = x @ w1.T + b1
    h = np.maximum(a, 0)
    y = h @ w2.T + b2
    return a, h, y
    # end of your code


def mlp_backward(x, w1, b1, w2, b2, target):
    """Return dw1 (H, I), db1 (H,), dw2 (O, H), db2 (O,), each as large as what it belongs to."""
    # your code
    a, h, y = mlp_forward(x, w1, b1, w2, b2)
    dy = 2 * (y - target) / y.size
    dh = dy @ w2
    da = dh * (a > 0)
    return da.T @ x, da.sum(axis=0), dy.T @ h, dy.sum(axis=0)
    # end of your code
