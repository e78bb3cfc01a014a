"""Dropout: train with a random part of the network switched off.

In training each number is dropped (set to 0) with probability p, so that no unit can rely on another one. What is kept
is scaled up, so that the sums that the next layer sees keep their size on average:

    y = x · mask        mask[i] = 0             with probability p
                        mask[i] = 1 / (1 - p)   otherwise

Because of the scale nothing at all is to be done in evaluation: y = x ("inverted" dropout, as in every framework;
the paper scales the weights at test time instead). (Srivastava and others, 2014.)

The mask is a constant once it is drawn, so the gradient goes through the same mask:

    dx = dy · mask

Draw with rng.random(x.shape), once, and drop where the number is below p: then your numbers can be compared.
"""

import numpy as np


def dropout_forward(x, p, rng):
    """Return y and mask, both as large as x (of any shape) and of its dtype; 0 <= p < 1."""
    # your code
    mask = np.where(rng.random(x.shape) < p, 0, 1 / (1 - p)).astype(x.dtype)
    return x * mask, mask
    # end of your code


def dropout_backward(dy, mask):
    """Return dx, as large as dy."""
    # your code
    return dy * mask
    # end of your code


class Dropout:
    """The layer: it drops while ``training`` is True, and passes everything in evaluation."""

    def __init__(self, p, rng):
        self.p, self.rng = p, rng
        self.training = True

    def forward(self, x):
        """Return y: with a new mask in each call in training, x itself in evaluation."""
        # your code
        if not self.training:
            return x
        y, self.mask = dropout_forward(x, self.p, self.rng)
        return y
        # end of your code

    def backward(self, dy):
        """Return dx for the last forward in training."""
        # your code
        return dropout_backward(dy, self.mask)
        # end of your code
