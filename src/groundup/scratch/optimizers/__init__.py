"""Optimizers: from gradients to better weights. One idea a file; ``optimizer.py`` has what all share."""

from groundup.scratch.optimizers.adam import Adam, AdamW, NAdam, RAdam
from groundup.scratch.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from groundup.scratch.optimizers.averaging import WeightAverage
from groundup.scratch.optimizers.clipping import InfiniteGradient, clip_grad_norm, clip_grad_value
from groundup.scratch.optimizers.combined import Combined
from groundup.scratch.optimizers.lion import Lion
from groundup.scratch.optimizers.muon import Muon, newton_schulz
from groundup.scratch.optimizers.optimizer import Optimizer
from groundup.scratch.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Combined",
    "InfiniteGradient",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "WeightAverage",
    "clip_grad_norm",
    "clip_grad_value",
    "newton_schulz",
]
