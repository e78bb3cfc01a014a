"""Gradient descent, with momentum and weight decay.

The plain step goes against the gradient g, by the learning rate lr:

    p = p - lr g

Weight decay pulls every weight towards zero, as if the loss had a term decay/2 p²: add its gradient, decay p, to g.

Momentum keeps a running sum of gradients, the velocity: where they agree the steps grow, where they alternate they
cancel. In PyTorch's form, with the velocity zero before the first step:

    g = gradient + decay p
    v = momentum v + g
    p = p - lr v

``step`` changes the parameter in place (the network holds the same array), and leaves the gradient as it is.
"""

import numpy as np


class SGD:
    """Stochastic gradient descent for one parameter array."""

    def __init__(self, parameter, lr, momentum=0.0, decay=0.0):
        self.parameter = parameter
        self.lr, self.momentum, self.decay = lr, momentum, decay
        self.velocity = np.zeros_like(parameter)

    def step(self, gradient):
        """Take one step: change self.parameter in place."""
        # your code
        g = gradient + self.decay * self.parameter
        self.velocity = self.momentum * self.velocity + g
        self.parameter -= self.lr * self.velocity
        # end of your code
