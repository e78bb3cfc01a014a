"""From configuration to torch's optimizers and schedules."""

import math
from collections.abc import Iterable

from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR

from groundup.training.config import OptimizerConfig


def make_optimizer(config: OptimizerConfig, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
    """Return the optimizer that ``config`` names."""
    if config.name == "sgd":
        return optim.SGD(parameters, lr=config.lr, momentum=config.momentum, weight_decay=config.weight_decay)
    kind = {"adam": optim.Adam, "adamw": optim.AdamW}[config.name]
    return kind(parameters, lr=config.lr, weight_decay=config.weight_decay)


def make_schedule(config: OptimizerConfig, optimizer: optim.Optimizer, steps: int) -> LambdaLR:
    """Return the schedule: step t of T takes ``lr`` times 1, or times (1 + cos(pi t / T)) / 2."""
    if config.schedule == "constant":
        return LambdaLR(optimizer, lambda step: 1.0)
    return LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * min(step / steps, 1))) / 2)
