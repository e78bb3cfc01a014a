"""Optimizers."""

from torch import optim

from groundup import scratch as gu
from groundup.compare.case import OptimizerCase

CASES = [
    OptimizerCase(gu.SGD, lambda p: gu.SGD(p, lr=0.1), lambda p: optim.SGD(p, lr=0.1), {}),
    OptimizerCase(
        gu.SGD,
        lambda p: gu.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.1),
        lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.1),
        {"velocity": "momentum_buffer"},
        label="momentum, weight decay",
    ),
    OptimizerCase(
        gu.Adam,
        lambda p: gu.Adam(p, lr=0.01),
        lambda p: optim.Adam(p, lr=0.01),
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    OptimizerCase(
        gu.Adam,
        lambda p: gu.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
        lambda p: optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
        {"m": "exp_avg", "v": "exp_avg_sq"},
        label="betas, eps, weight decay",
    ),
]
