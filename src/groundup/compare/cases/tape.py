"""The tape: layers of which only the formula is written down, against PyTorch's modules."""

import numpy as np
from torch import nn

from groundup.compare.case import labels, layer, normal
from groundup.scratch import tape
from groundup.scratch.tape import composed


def linear(x, weight, bias):
    return x @ weight.T + bias


CASES = [
    layer(
        tape.Formula,
        lambda rng: tape.Formula(linear, weight=rng.standard_normal((5, 7)), bias=rng.standard_normal(5)),
        normal(2, 3, 7),
        twin=lambda: nn.Linear(7, 5),
        label="x Wᵀ + b",
    ),
    layer(
        tape.Formula,
        lambda rng: tape.Formula(composed.layer_norm, weight=np.ones(7), bias=rng.standard_normal(7)),
        normal(2, 3, 7),
        twin=lambda: nn.LayerNorm(7),
        label="layer norm",
    ),
    layer(
        tape.Formula,
        lambda rng: tape.Formula(composed.gelu),
        normal(11, 7),
        twin=lambda: nn.GELU("tanh"),
        label="GELU, tanh form",
    ),
    layer(
        tape.Formula,
        lambda rng: tape.Formula(composed.softmax),
        normal(11, 7),
        twin=lambda: nn.Softmax(-1),
        label="softmax",
    ),
    layer(
        tape.Formula,
        lambda rng: tape.Formula(composed.cross_entropy),
        normal(11, 7),
        labels(11, classes=7),
        twin=nn.CrossEntropyLoss,
        label="cross-entropy",
    ),
]
