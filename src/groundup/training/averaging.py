"""An exponential moving average of the weights: often better than the weights of any single step."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from groundup.training.sharding import share_of


class Average:
    """The average a of the weights w over the steps: a <- d a + (1 - d) w.

    The factor d is ``decay``, but at step t not more than (1 + t) / (10 + t): so the first, random weights are soon
    forgotten (the rule of TensorFlow's ``ExponentialMovingAverage`` with ``num_updates``). The running statistics of
    batch normalisation are averaged like weights.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.values = [value.detach().clone() for value in self._floats(module)]

    @staticmethod
    def _floats(module: nn.Module) -> list[Tensor]:
        """What is averaged: weights, each once (tied weights are one), and the statistics of batch normalisation."""
        statistics = [
            value
            for name, value in module.named_buffers()
            if name.rpartition(".")[2] in ("running_mean", "running_var")
        ]
        return [*module.parameters(), *statistics]

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for average, value in zip(self.values, self._floats(module)):
            average.lerp_(value, 1 - decay)

    @contextmanager
    def inside(self, module: nn.Module) -> Iterator[None]:
        """Let the module have the average as its weights for a while; then it gets its own back, bit for bit."""
        own = [value.detach().clone() for value in self._floats(module)]
        self._copy(self.values, self._floats(module))
        try:
            yield
        finally:
            self._copy(own, self._floats(module))

    @staticmethod
    @torch.no_grad()
    def _copy(source: Iterable[Tensor], target: Iterable[Tensor]) -> None:
        for from_, to in zip(source, target, strict=True):
            to.copy_(from_)

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "values": self.values}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]
        self._copy(map(share_of, state["values"], self.values), self.values)
