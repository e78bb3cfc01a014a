"""A linear layer, forward and backward.

A linear layer multiplies each example by a matrix and adds a bias:

    y = x Wᵀ + b            x (N, I), W (O, I), b (O,)  ->  y (N, O)

N is the number of examples in the batch, I and O the numbers of features in and out.

In the backward pass you get ``dy``, the gradient of the loss for y, and give back three gradients, each as large as
the thing that it belongs to. From y[n, o] = sum over i of x[n, i] W[o, i] + b[o]:

    dx = dy W               (N, I)
    dW = dyᵀ x              (O, I): the sum over all examples
    db = dy summed over N   (O,)

Nothing is divided by N here: the mean, if there is one, belongs to the loss and is in ``dy`` already.

Last, put both into a layer. A layer adds to its gradients instead of replacing them, so that a layer that is used
twice (a recurrent network uses one at every time step) collects both parts.
"""

import numpy as np


def linear_forward(x, weight, bias):
    """Return y (N, O) for x (N, I), weight (O, I), bias (O,)."""
    # your code
    return x @ weight.T + bias
    # end of your code


def linear_backward(dy, x, weight):
    """Return dx (N, I), dweight (O, I), dbias (O,) for the upstream gradient dy (N, O)."""
    # your code
    dx = dy @ weight
    dweight = dy.T @ x
    dbias = dy.sum(axis=0)
    return dx, dweight, dbias
    # end of your code


class Linear:
    """The layer: it keeps its parameters, and the gradients collected since they were last set to zero."""

    def __init__(self, weight, bias):
        self.weight = weight
        self.bias = bias
        self.dweight = np.zeros_like(weight)
        self.dbias = np.zeros_like(bias)

    def forward(self, x):
        """Return y, and remember what backward will need."""
        # your code
        self.x = x
        return linear_forward(x, self.weight, self.bias)
        # end of your code

    def backward(self, dy):
        """Return dx, and add to self.dweight and self.dbias."""
        # your code
        dx, dweight, dbias = linear_backward(dy, self.x, self.weight)
        self.dweight += dweight
        self.dbias += dbias
        return dx
        # end of your code
