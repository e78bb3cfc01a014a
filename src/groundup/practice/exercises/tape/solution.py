"""An autograd tape: values that remember where they came from, so that gradients are found without deriving anything.

Until now you wrote the backward of every network by hand. But a network is made of few operations, and each needs to
know only its own gradient. So let every result keep two things:

    parents    the values it was made from
    pull       a function: the gradient dy of the result goes in, the gradients of the parents come out

``backward`` then starts at the result, whose gradient is 1 (an array of ones, as large as it), and goes through all
values from the last to the first. Each pulls its gradient back to its parents, where the contributions of all uses
**add up**.

The order matters: a value may pull only when it has its whole gradient, that is after all values that were made from
it. Such an order is called topological. To find it, visit the values from the result on, each once, and write a value
down after all its parents are written down: then every value stands behind those it was made from.

``+`` is written for you. Its operands may be of different shapes, as NumPy broadcasts them; ``unbroadcast`` sums a
gradient back to the smaller shape. The others are

    *        da = dy b,  db = dy a       element by element, broadcast as +
    @        da = dy bᵀ, db = aᵀ dy      (N, I) @ (I, O)
    sum      over one axis, or over all (axis=None); the axis stays, with length 1. Each summand has the gradient dy
    relu     da = dy where a > 0, else 0
    tanh     da = dy (1 - tanh²(a))

Reverse mode: Linnainmaa 1970; for neural networks Rumelhart, Hinton and Williams 1986.
"""

import numpy as np


def unbroadcast(gradient, shape):
    """Return the gradient summed over all axes along which an array of this shape was broadcast."""
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return gradient.sum(axis=stretched, keepdims=True)


class Value:
    """An array, and its gradient. All operations make a new Value."""

    def __init__(self, data, parents=(), pull=None):
        self.data = data
        self.parents = parents
        self.pull = pull
        self.grad = np.zeros_like(data)

    def __add__(self, other):
        y = self.data + other.data

        def pull(dy):
            return unbroadcast(dy, self.data.shape), unbroadcast(dy, other.data.shape)

        return Value(y, (self, other), pull)

    def __mul__(self, other):
        """Return self * other, element by element."""
        # your code
        y = self.data * other.data

        def pull(dy):
            return unbroadcast(dy * other.data, self.data.shape), unbroadcast(dy * self.data, other.data.shape)

        return Value(y, (self, other), pull)
        # end of your code

    def __matmul__(self, other):
        """Return self @ other, for two matrices."""
        # your code
        y = self.data @ other.data

        def pull(dy):
            return dy @ other.data.T, self.data.T @ dy

        return Value(y, (self, other), pull)
        # end of your code

    def sum(self, axis=None):
        """Return the sum over an axis, or over all; pull returns one gradient in a tuple: (da,)."""
        # your code
        y = self.data.sum(axis=axis, keepdims=True)

        def pull(dy):
            return (dy * np.ones_like(self.data),)

        return Value(y, (self,), pull)
        # end of your code

    def relu(self):
        """Return max(self, 0)."""
        # your code
        y = np.maximum(self.data, 0)

        def pull(dy):
            return (dy * (self.data > 0),)

        return Value(y, (self,), pull)
        # end of your code

    def tanh(self):
        """Return tanh(self)."""
        # your code
        y = np.tanh(self.data)

        def pull(dy):
            return (dy * (1 - y**2),)

        return Value(y, (self,), pull)
        # end of your code

    def backward(self):
        """Add the gradient of self to the ``grad`` of every value that self was made from; its own is all ones."""
        # your code
        order, seen = [], set()

        def visit(value):
            if value in seen:
                return
            seen.add(value)
            for parent in value.parents:
                visit(parent)
            order.append(value)

        visit(self)
        self.grad = np.ones_like(self.data)
        for value in reversed(order):
            if value.parents:
                for parent, gradient in zip(value.parents, value.pull(value.grad)):
                    parent.grad += gradient
        # end of your code
