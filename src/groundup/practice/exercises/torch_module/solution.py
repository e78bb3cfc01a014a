"""A module in PyTorch: what is learnt, what is kept, and what changes between training and evaluation.

An nn.Module knows what belongs to it by what you give it in __init__, after super().__init__():

    an nn.Parameter           is learnt: parameters() yields it, and so the optimizer finds it
    another nn.Module         brings its parameters along. A plain list of modules is not seen; an nn.ModuleList is
    self.register_buffer(...) a tensor that is kept (state_dict) and moved (.to) with the module, but not learnt

forward(x) computes, model(x) calls it, and backward comes for free, as long as every step stays in the graph: no .data,
.detach(), .numpy() or torch.tensor(...) on the way.

model.train() and model.eval() set self.training, in the module and in all modules that it knows. Dropout in training sets
a share ``rate`` of the numbers to zero and divides the others by 1 - rate; in evaluation it does nothing.

Write three modules:

    Standardise(mean, std)   y = (x - mean) / std          mean, std (I,), called so, are kept but not learnt
    Linear(I, O)             y = x Wᵀ + b                  W (O, I), b (O,), both uniform from -1/sqrt(I) to 1/sqrt(I)
    Network(sizes, rate)     Linear layers from size to size, for (7, 5, 3) one from 7 to 5 and one from 5 to 3; after
                             each but the last ReLU, then dropout
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F


class Standardise(nn.Module):
    """Inputs to mean 0 and deviation 1, by numbers that were found in the training data."""

    def __init__(self, mean, std):
        # your code
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        # end of your code

    def forward(self, x):
        """Return y (N, I) for x (N, I)."""
        # your code
        return (x - self.mean) / self.std
        # end of your code


class Linear(nn.Module):
    """A linear layer; don't use nn.Linear here."""

    def __init__(self, features_in, features_out):
        # your code
        super().__init__()
        limit = features_in**-0.5
        self.weight = nn.Parameter(torch.empty(features_out, features_in).uniform_(-limit, limit))
        self.bias = nn.Parameter(torch.empty(features_out).uniform_(-limit, limit))
        # end of your code

    def forward(self, x):
        """Return y (N, O) for x (N, I)."""
        # your code
        return x @ self.weight.T + self.bias
        # end of your code


class Network(nn.Module):
    """A network of Linear layers, with ReLU and dropout between them."""

    def __init__(self, sizes, rate):
        # your code
        super().__init__()
        self.rate = rate
        self.layers = nn.ModuleList(Linear(i, o) for i, o in pairwise(sizes))
        # end of your code

    def forward(self, x):
        """Return y (N, last size) for x (N, first size)."""
        # your code
        for layer in self.layers[:-1]:
            x = F.dropout(F.relu(layer(x)), self.rate, self.training)
        return self.layers[-1](x)
        # end of your code
