"""The training loop: epochs of steps, each epoch measured on validation, the best weights kept.

It knows no model and no data set: a model is a module from inputs to logits, data are two tensors. Lightning Fabric
moves them to the device and runs the backward pass; everything else is written out here.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import GroundupError
from groundup.training.checkpoints import save_checkpoint, save_weights
from groundup.training.config import TrainConfig
from groundup.training.evaluation import evaluate
from groundup.training.folder import append_line
from groundup.training.optimizers import make_optimizer, make_schedule
from groundup.training.progress import TrainingProgress

LOOK_EVERY = 20  # steps between two looks at the loss: each look waits for the device


@dataclass(frozen=True)
class Examples:
    """Inputs (N, ...) and labels (N,) on the device that trains; batches are rows of them, made by indexing."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)


def fit(
    fabric: Fabric,
    module: nn.Module,
    training: Examples,
    validation: Examples,
    config: TrainConfig,
    folder: Path,
    show_progress: bool = True,
) -> list[dict[str, Any]]:
    """Train ``module`` in place and return the history, one record an epoch.

    Each epoch appends its record to ``metrics.jsonl``, saves ``checkpoint.pt``, and saves ``model.safetensors`` if
    no earlier epoch had a higher validation accuracy (at equal accuracy, the lower loss wins).

    Raises
    ------
    GroundupError : the loss is no longer a finite number; the files of the epochs before stay.
    """
    steps_per_epoch = -(-len(training) // config.batch_size)  # rounded up: the last batch may be smaller
    optimizer = make_optimizer(config.optimizer, module.parameters())
    schedule = make_schedule(config.optimizer, optimizer, config.epochs * steps_per_epoch)
    model, optimizer = fabric.setup(module, optimizer)
    order = torch.Generator().manual_seed(config.seed)  # of the examples, and of nothing else
    history: list[dict[str, Any]] = []
    best = (-1.0, 0.0)

    with TrainingProgress(config.epochs, steps_per_epoch, show_progress) as progress:
        for epoch in range(1, config.epochs + 1):
            start = time.perf_counter()
            first_step = (epoch - 1) * steps_per_epoch
            total = torch.zeros((), device=fabric.device)  # loss summed over the examples seen in this epoch
            seen = 0
            model.train()
            for step, rows in enumerate(torch.randperm(len(training), generator=order).split(config.batch_size), 1):
                rows = rows.to(fabric.device)
                loss = F.cross_entropy(model(training.x[rows]), training.y[rows])  # mean over the batch, in nats
                fabric.backward(loss)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                total += loss.detach() * len(rows)
                seen += len(rows)
                if step % LOOK_EVERY == 0 or step == steps_per_epoch:
                    mean = total.item() / seen
                    _require_finite(mean, epoch, first_step + step, config)
                    progress.step(epoch, first_step + step, mean, seen / (time.perf_counter() - start))
            seconds = time.perf_counter() - start

            score = evaluate(model, validation.x, validation.y)
            record = {
                "epoch": epoch,
                "step": epoch * steps_per_epoch,
                "train_loss": total.item() / seen,
                "validation_loss": score.loss,
                "validation_accuracy": score.accuracy,
                "examples_per_second": seen / seconds,  # of training alone
                "seconds": time.perf_counter() - start,  # of the epoch with its evaluation
            }
            history.append(record)
            is_best = (score.accuracy, -score.loss) > best
            if is_best:
                best = (score.accuracy, -score.loss)
                save_weights(module, folder / "model.safetensors")
            append_line(folder / "metrics.jsonl", record)
            save_checkpoint(
                {
                    "model": module.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "history": history,
                    "best": best,
                    "random": {"torch": torch.get_rng_state(), "order": order.get_state()},
                },
                folder / "checkpoint.pt",
            )
            progress.epoch(record, is_best)
    return history


def _require_finite(loss: float, epoch: int, step: int, config: TrainConfig) -> None:
    """Stop a run whose loss is infinite or not a number: no later step could repair the weights."""
    if not abs(loss) < float("inf"):
        raise GroundupError(
            f"The loss became {loss} in epoch {epoch}, by step {step}. Most often the learning rate is too high: "
            f"try --optimizer.lr {config.optimizer.lr / 10:g} (it is {config.optimizer.lr:g}). If that does not "
            "help, look for infinite or missing values in the data."
        )
