"""Batch normalisation: give every feature mean 0 and variance 1 over the batch.

For each of the C features of x (N, C), over the N examples:

    μ = mean of x                        (C,)
    v = mean of (x - μ)²                 (C,), divided by N
    x̂ = (x - μ) / σ,  σ = sqrt(v + eps)  (N, C)
    y = γ x̂ + β                          γ ("weight") and β ("bias") are learnt, (C,)

In the backward pass μ and σ are no constants: they depend on every x of their column. Worked out by the chain rule:

    dγ = sum of dy x̂ over N              dβ = sum of dy over N
    dx̂ = γ dy
    dx = (dx̂ - mean of dx̂ - x̂ · mean of (dx̂ x̂)) / σ        both means over N

The layer keeps running statistics for evaluation, where an example must not depend on its neighbours. In training, with
``momentum`` m the share of the new (PyTorch's meaning) and u the unbiased variance, divided by N - 1:

    running_mean = (1 - m) running_mean + m μ
    running_var  = (1 - m) running_var  + m u

In evaluation they take the place of μ and v, and stay as they are. (Ioffe and Szegedy, 2015.)
"""

import numpy as np


def batch_norm_forward(x, weight, bias, eps):
    """Return y (N, C) for x (N, C), weight (C,), bias (C,)."""
    # your code
    centred = x - x.mean(axis=0)
    sigma = np.sqrt((centred**2).mean(axis=0) + eps)
    return weight * (centred / sigma) + bias
    # end of your code


def batch_norm_backward(dy, x, weight, eps):
    """Return dx (N, C), dweight (C,), dbias (C,) for the upstream gradient dy (N, C)."""
    # your code
    centred = x - x.mean(axis=0)
    sigma = np.sqrt((centred**2).mean(axis=0) + eps)
    normalized = centred / sigma
    dweight = (dy * normalized).sum(axis=0)
    dbias = dy.sum(axis=0)
    dnormalized = dy * weight
    through_mean = dnormalized.mean(axis=0)
    through_variance = normalized * (dnormalized * normalized).mean(axis=0)
    dx = (dnormalized - through_mean - through_variance) / sigma
    return dx, dweight, dbias
    # end of your code


class BatchNorm:
    """The layer: parameters, gradients collected since they were last set to zero, and running statistics."""

    def __init__(self, weight, bias, eps, momentum):
        self.weight, self.bias, self.eps, self.momentum = weight, bias, eps, momentum
        self.dweight = np.zeros_like(weight)
        self.dbias = np.zeros_like(bias)
        self.running_mean = np.zeros_like(weight)
        self.running_var = np.ones_like(weight)
        self.training = True

    def forward(self, x):
        """Return y; in training also move the running statistics, and remember what backward will need."""
        # your code
        if not self.training:
            normalized = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
            return self.weight * normalized + self.bias
        self.x = x
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * x.mean(axis=0)
        self.running_var = (1 - self.momentum) * self.running_var + self.momentum * x.var(axis=0, ddof=1)
        return batch_norm_forward(x, self.weight, self.bias, self.eps)
        # end of your code

    def backward(self, dy):
        """Return dx for the last forward in training, and add to self.dweight and self.dbias."""
        # your code
        dx, dweight, dbias = batch_norm_backward(dy, self.x, self.weight, self.eps)
        self.dweight += dweight
        self.dbias += dbias
        return dx
        # end of your code
