"""Layer normalisation: standardise the features of each place by themselves.

Transformers normalise every token alone, over its D features, so that neither the other examples nor the length of the
sequence matter, and training and evaluation are the same. For x (N, T, D), at each of the N T places:

    μ = mean of x over D                 (N, T, 1)
    v = mean of (x - μ)² over D          (N, T, 1), divided by D
    x̂ = (x - μ) / σ,  σ = sqrt(v + eps)  (N, T, D)
    y = γ x̂ + β                          γ ("weight") and β ("bias") are learnt, (D,)

Going back, γ and β met every place, so their gradients are sums over all places. μ and σ depend on every x of their
place; γ is different for each feature, so it is inside the two means:

    dγ = sum of dy x̂ over N and T        dβ = sum of dy over N and T
    dx̂ = γ dy
    dx = (dx̂ - mean of dx̂ - x̂ · mean of (dx̂ x̂)) / σ        both means over D

(Ba, Kiros and Hinton, 2016.)
"""

import numpy as np


def layer_norm_forward(x, weight, bias, eps):
    """Return y (N, T, D) for x (N, T, D), weight (D,), bias (D,)."""
    # your code
    centred = x - x.mean(axis=-1, keepdims=True)
    sigma = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    return weight * (centred / sigma) + bias
    # end of your code


def layer_norm_backward(dy, x, weight, eps):
    """Return dx (N, T, D), dweight (D,), dbias (D,) for the upstream gradient dy (N, T, D)."""
    # your code
    centred = x - x.mean(axis=-1, keepdims=True)
    sigma = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    normalized = centred / sigma
    dweight = (dy * normalized).sum(axis=(0, 1))
    dbias = dy.sum(axis=(0, 1))
    dnormalized = dy * weight
    through_mean = dnormalized.mean(axis=-1, keepdims=True)
    through_variance = normalized * (dnormalized * normalized).mean(axis=-1, keepdims=True)
    dx = (dnormalized - through_mean - through_variance) / sigma
    return dx, dweight, dbias
    # end of your code


class LayerNorm:
    """The layer: its parameters, and the gradients collected since they were last set to zero."""

    def __init__(self, weight, bias, eps):
        self.weight, self.bias, self.eps = weight, bias, eps
        self.dweight = np.zeros_like(weight)
        self.dbias = np.zeros_like(bias)

    def forward(self, x):
        """Return y, and remember what backward will need."""
        # your code
        self.x = x
        return layer_norm_forward(x, self.weight, self.bias, self.eps)
        # end of your code

    def backward(self, dy):
        """Return dx, and add to self.dweight and self.dbias."""
        # your code
        dx, dweight, dbias = layer_norm_backward(dy, self.x, self.weight, self.eps)
        self.dweight += dweight
        self.dbias += dbias
        return dx
        # end of your code
