"""The training loop: epochs of steps, each epoch measured on validation, the best weights kept.

It knows no model and no data set: a task makes the batches and the loss. Lightning Fabric moves the model to the device
and runs the backward pass; everything else is written out here.
"""

import time
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from groundup.errors import GroundupError
from groundup.training.checkpoints import save_checkpoint, save_weights
from groundup.training.config import TrainConfig
from groundup.training.folder import append_line
from groundup.training.optimizers import make_optimizer, make_schedule
from groundup.training.progress import TrainingProgress
from groundup.training.randomness import BATCH, ORDER, generator, random_states
from groundup.training.tasks import Task

LOOK_EVERY = 20  # steps between two looks at the loss: each look waits for the device


def fit(
    fabric: Fabric,
    module: nn.Module,
    task: Task,
    config: TrainConfig,
    folder: Path,
    show_progress: bool = True,
) -> list[dict[str, Any]]:
    """Train ``module`` in place and return the history, one record an epoch.

    Each epoch appends its record to ``metrics.jsonl``, saves ``checkpoint.pt``, and saves ``model.safetensors`` if
    no earlier epoch was better on validation (at equal accuracy, the lower loss wins).

    Raises
    ------
    GroundupError : the loss is no longer a finite number; the files of the epochs before stay.
    """
    rows = task.sizes["training"]
    steps_per_epoch = -(-rows // config.batch_size)  # rounded up: the last batch may be smaller
    optimizer = make_optimizer(config.optimizer, module.parameters())
    schedule = make_schedule(config.optimizer, optimizer, config.epochs * steps_per_epoch)
    model, optimizer = fabric.setup(module, optimizer)
    history: list[dict[str, Any]] = []
    best = None

    with TrainingProgress(task, config.epochs, steps_per_epoch, show_progress) as progress:
        for epoch in range(1, config.epochs + 1):
            start = time.perf_counter()
            first_step = (epoch - 1) * steps_per_epoch
            total = torch.zeros((), device=fabric.device)  # loss summed over the items seen in this epoch
            seen = 0
            drawn = generator(config.seed, ORDER, epoch)
            task.start_epoch(drawn)
            order = torch.randperm(rows, generator=drawn)
            model.train()
            for step, chosen in enumerate(order.split(config.batch_size), 1):
                batch = task.batch("training", chosen, generator(config.seed, BATCH, first_step + step))
                loss = task.loss(model, batch)
                fabric.backward(loss)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                total += loss.detach() * task.items(batch)
                seen += task.items(batch)
                if step % LOOK_EVERY == 0 or step == steps_per_epoch:
                    mean = total.item() / seen
                    _require_finite(mean, epoch, first_step + step, config)
                    progress.step(epoch, first_step + step, mean, seen / (time.perf_counter() - start))
            seconds = time.perf_counter() - start

            scores = task.evaluate(model, "validation")
            record = {
                "epoch": epoch,
                "step": epoch * steps_per_epoch,
                "train_loss": total.item() / seen,
                **{f"validation_{name}": value for name, value in scores.items() if isinstance(value, (int, float))},
                "items_per_second": seen / seconds,  # of training alone
                "seconds": time.perf_counter() - start,  # of the epoch with its evaluation
            }
            history.append(record)
            goodness = merit(task, scores)
            is_best = best is None or goodness > best
            if is_best:
                best = goodness
                save_weights(module, folder / "model.safetensors")
            append_line(folder / "metrics.jsonl", record)
            save_checkpoint(
                {
                    "model": module.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "history": history,
                    "best": best,
                    "random": random_states(),
                },
                folder / "checkpoint.pt",
            )
            progress.epoch(record, scores, is_best)
    return history


def merit(task: Task, scores: dict[str, Any], prefix: str = "") -> tuple[float, float]:
    """Return how good scores are, as numbers to compare: the task's metric first, then the loss, lower is better."""
    name, good = task.best
    value = scores[prefix + name]
    return (value if good == "highest" else -value, -scores[f"{prefix}loss"])


def _require_finite(loss: float, epoch: int, step: int, config: TrainConfig) -> None:
    """Stop a run whose loss is infinite or not a number: no later step could repair the weights."""
    if not abs(loss) < float("inf"):
        raise GroundupError(
            f"The loss became {loss} in epoch {epoch}, by step {step}. Most often the learning rate is too high: "
            f"try --optimizer.lr {config.optimizer.lr / 10:g} (it is {config.optimizer.lr:g}). If that does not "
            "help, look for infinite or missing values in the data."
        )
