"""Activations."""

from torch import nn

from groundup import scratch as gu
from groundup.compare.case import layer, normal

CASES = [
    layer(gu.ReLU, lambda rng: gu.ReLU(), normal(11, 7), twin=nn.ReLU),
    layer(gu.Tanh, lambda rng: gu.Tanh(), normal(11, 7), twin=nn.Tanh),
    layer(gu.Sigmoid, lambda rng: gu.Sigmoid(), normal(11, 7), twin=nn.Sigmoid),
]
