"""The training loop: epochs of steps, each epoch measured on validation, the best weights kept.

It knows no model and no data set: a task makes the batches and the loss. Lightning Fabric moves the model to the
device, runs the backward pass in the precision that was asked for and averages gradients over processes; everything
else is written out here. All processes of a run go through this loop in step, see ``processes``.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from torch import Tensor

from groundup.errors import Diverged
from groundup.training import processes
from groundup.training.checkpoints import copy_of_weights
from groundup.training.config import TrainConfig
from groundup.training.folder import RunFolder
from groundup.training.interrupt import Interrupt
from groundup.training.progress import TrainingProgress
from groundup.training.randomness import BATCH, ORDER, generator
from groundup.training.schedules import learning_rate_factor
from groundup.training.sharding import gathered
from groundup.training.state import TrainingState
from groundup.training.tasks import Task, cut

LOOK_EVERY = 20  # steps between two looks at the loss: each look waits for the device
CHECKPOINT_SECONDS = 300  # between two checkpoints within an epoch, unless --checkpoint-every says otherwise
NO_CURVE = ("epoch", "step", "lr", "best_epoch")  # of an epoch's record


@dataclass
class Loop:
    """Everything that a step needs, in one place.

    Parameters
    ----------
    fabric, model, optimizer : the model and its optimizer as ``fabric.setup`` returned them.
    state : the same two with all else that a checkpoint holds: where in the run we are.
    on_epoch : called with the record of each finished epoch, once its files are written.
    """

    fabric: Fabric
    model: _FabricModule
    optimizer: _FabricOptimizer
    state: TrainingState
    task: Task
    config: TrainConfig
    folder: RunFolder
    progress: TrainingProgress
    on_epoch: Callable[[dict[str, Any]], object] | None = None

    def fit(self) -> None:
        """Train from where ``state`` stands to the end of the run.

        Raises
        ------
        Diverged : the loss is no longer a finite number; the last checkpoints stay.
        KeyboardInterrupt, SystemExit : a signal asked to stop; there is a checkpoint from which the run can go on.
        """
        with Interrupt() as interrupt:
            while not self.state.stopped:
                self.train_epoch(interrupt)
                record = self.validate()
                self.folder.save(self.state)
                if self.on_epoch:
                    self.on_epoch(record)
                interrupt.act(*processes.largest(interrupt.asked))

    def train_epoch(self, interrupt: Interrupt) -> None:
        """Train one epoch, or what is left of it: each example once, in an order that seed and epoch decide."""
        state, config = self.state, self.config
        drawn = generator(config.seed, ORDER, state.epoch)
        self.task.start_epoch(drawn)
        batches = self.task.order(drawn, config.batch_size).split(config.batch_size)
        steps = config.epochs * len(batches)
        saved = before = time.perf_counter()
        self.model.train()
        for rows in batches[state.step_in_epoch :]:
            for group in self.optimizer.param_groups:
                group["lr"] = config.optimizer.lr * learning_rate_factor(config.schedule, state.step, steps)
            loss, items = self.train_step(rows, generator(config.seed, BATCH, state.step))
            state.loss_sum += loss * items
            state.items += items
            state.step += 1
            state.step_in_epoch += 1
            now = time.perf_counter()
            state.spend(now - before)
            before = now

            over = bool(config.time_limit) and state.seconds >= config.time_limit * 60
            due = (
                state.step % config.checkpoint_every == 0
                if config.checkpoint_every
                else now - saved >= CHECKPOINT_SECONDS
            )
            asked, over, due = processes.largest(interrupt.asked, over, due)  # clocks differ; what one does, all do
            if over:
                state.stopped = "time limit"
            last = state.step_in_epoch == len(batches) or bool(state.stopped)
            if state.step % LOOK_EVERY == 0 or due or last:
                self.look()
            if last:
                return
            if due or asked:
                self.folder.save(state)
                interrupt.act(asked)
                saved = before = time.perf_counter()

    def train_step(self, rows: Tensor, drawn: torch.Generator) -> tuple[Tensor, int]:
        """Make one step with these rows; return their mean loss, and over how many items it is a mean.

        The batch is shared out among the processes, and with ``accumulate`` above 1 a share is computed in parts. Each
        part's loss is a mean over its own items; weighted with its share of all items, the parts add up to the mean
        over the batch, and so do their gradients. Over processes they are not added but averaged: hence the factor.
        """
        batch = self.task.batch("training", rows, drawn)  # the same in every process
        items, among = self.task.items(batch), processes.count()
        if len(rows) < among:  # too few to share: every process computes them all, and the average is of equals
            among = 1  # (only the running variance of batch normalisation takes them for more rows than they are)
        share = cut(batch, among)[processes.rank() % among]
        parts = cut(share, min(self.config.accumulate, len(rows) // among))  # as many in each process, none empty
        total = torch.zeros((), device=self.fabric.device)
        for number, part in enumerate(parts, 1):
            with self.fabric.no_backward_sync(self.model, enabled=number < len(parts)):
                loss = self.task.loss(self.model, part) * (among * self.task.items(part) / items)
                self.fabric.backward(loss)
            total += loss.detach()
        total = processes.mean(total)
        if self.config.clip:
            self.fabric.clip_gradients(self.model, self.optimizer, max_norm=self.config.clip, error_if_nonfinite=False)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.state.average:
            self.state.average.update(self.state.module)
        return total, items

    def look(self) -> None:
        """Show the mean loss of the epoch so far, and stop if it is infinite or not a number: nothing repairs that."""
        state, lr = self.state, self.config.optimizer.lr
        mean = state.loss_sum.item() / state.items
        if not abs(mean) < float("inf"):
            raise Diverged(
                f"The loss became {mean} in epoch {state.epoch + 1}, by step {state.step}. Most often the learning "
                f"rate is too high: try --optimizer.lr {lr / 10:g} (it is {lr:g}). If that does not help, look for "
                "infinite or missing values in the data."
            )
        self.progress.step(state, mean)
        self.folder.curve(state.step, {"loss": mean, "lr": self.optimizer.param_groups[0]["lr"]})

    def validate(self) -> dict[str, Any]:
        """End the epoch: measure it on validation, keep its weights if it is the best, return its record."""
        state, start = self.state, time.perf_counter()
        with state.averaged(), gathered(state.module):
            scores = processes.agree(self.task.evaluate(self.model, "validation"))
            state.epoch += 1
            best = not state.best_epoch or merit(self.task, scores) > merit(self.task, state.best, "validation_")
            if best:
                state.best_epoch, state.best_weights = state.epoch, copy_of_weights(state.module)
        seconds = time.perf_counter() - start
        record = {
            "epoch": state.epoch,
            "step": state.step,
            "lr": self.optimizer.param_groups[0]["lr"],  # of the last step
            "best_epoch": state.best_epoch,  # so far
            "train_loss": state.loss_sum.item() / state.items,
            **{f"validation_{name}": value for name, value in scores.items() if isinstance(value, (int, float))},
            "items_per_second": state.items / state.epoch_seconds,  # of training alone
            "seconds": state.epoch_seconds + seconds,  # of the epoch with its evaluation
        }
        state.end_epoch(record, seconds)
        if state.epoch == self.config.epochs:
            state.stopped = "all epochs done"
        elif self.config.patience and state.epoch - state.best_epoch >= self.config.patience and not state.stopped:
            state.stopped = f"{self.config.patience} epochs without a new best"
        self.folder.curve(state.step, {name: record[name] for name in record if name not in NO_CURVE})
        self.progress.epoch(record, scores, best)
        return record


def merit(task: Task, scores: dict[str, Any], prefix: str = "") -> tuple[float, float]:
    """Return how good scores are, as numbers to compare: the task's metric first, then the loss, lower is better."""
    name, good = task.best
    value = scores[prefix + name]
    return (value if good == "highest" else -value, -scores[f"{prefix}loss"])
