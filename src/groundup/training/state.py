"""All that changes while a model learns. What stands here is what a checkpoint holds."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from lightning_fabric.plugins.precision import Precision
from torch import Tensor, nn, optim

from groundup.training import processes
from groundup.training.averaging import Average
from groundup.training.randomness import random_states, restore_random_states
from groundup.training.sharding import load_module, load_optimizer, whole


class TrainingState:
    """The model with everything around it, and where in the run it stands.

    Attributes
    ----------
    module : the model as it was built; its weights are those that learn.
    optimizer : with its own memory, such as momentum.
    precision : with the scale of the loss, where numbers have 16 bits.
    average : of the weights, or None.
    epoch : complete epochs.
    step : steps since the beginning of the run.
    step_in_epoch : steps since the beginning of the epoch that is under way: the position in its order of examples.
    loss_sum, items : of the epoch under way: the losses of all items, and how many those are.
    epoch_seconds, seconds : spent in training in the epoch under way, and in everything since the run began.
    history : a record for each complete epoch.
    best_epoch, best_weights : the best epoch on validation and its weights; 0 and none at first.
    stopped : why the run is over, or "" while it is not.
    """

    def __init__(
        self, module: nn.Module, optimizer: optim.Optimizer, precision: Precision, average: Average | None
    ) -> None:
        self.module, self.optimizer, self.precision, self.average = module, optimizer, precision, average
        self.epoch = self.step = self.step_in_epoch = 0
        self.loss_sum = torch.zeros((), device=next(module.parameters()).device)
        self.items = 0
        self.epoch_seconds = self.seconds = 0.0
        self.history: list[dict[str, Any]] = []
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] = {}
        self.stopped = ""

    PLAIN = (
        "epoch", "step", "step_in_epoch", "items", "epoch_seconds", "seconds", "history", "best_epoch", "best_weights",
        "stopped",
    )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return everything, with the states of all random generators: tensors and plain values.

        All processes must ask for it. They have the same state, or shares of it, but for the random generators.
        """
        return {
            **{name: getattr(self, name) for name in self.PLAIN},
            "loss_sum": self.loss_sum,
            "module": whole(self.module.state_dict()),
            "optimizer": whole(self.optimizer.state_dict()),
            "precision": self.precision.state_dict(),
            "average": whole(self.average.state_dict()) if self.average else None,
            "random": processes.gather(random_states()),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where :meth:`state_dict` was called."""
        for name in self.PLAIN:
            setattr(self, name, state[name])
        self.loss_sum.copy_(state["loss_sum"])
        load_module(self.module, state["module"])
        load_optimizer(self.optimizer, state["optimizer"])
        self.precision.load_state_dict(state["precision"])
        if self.average:
            self.average.load_state_dict(state["average"])
        if processes.rank() < len(state["random"]):  # otherwise this process is new to the run
            restore_random_states(state["random"][processes.rank()])

    @property
    def best(self) -> dict[str, Any]:
        """The record of the best epoch."""
        return self.history[self.best_epoch - 1]

    def spend(self, seconds: float) -> None:
        """Count the time of a step."""
        self.epoch_seconds += seconds
        self.seconds += seconds

    def end_epoch(self, record: dict[str, Any], seconds: float) -> None:
        """Keep the record of an epoch, whose evaluation took ``seconds``, and stand at the beginning of the next."""
        self.history.append(record)
        self.seconds += seconds
        self.step_in_epoch = self.items = 0
        self.epoch_seconds = 0.0
        self.loss_sum.zero_()

    def averaged(self) -> AbstractContextManager[None]:
        """Put the averaged weights into the module for a while, if there are any."""
        return self.average.inside(self.module) if self.average else nullcontext()
