"""The short loop: forward, loss, backward, step, again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TextIO

import numpy as np

from groundup.scratch.batching import batches
from groundup.scratch.data_parallel import DataParallel
from groundup.scratch.gradcheck import as_tuple
from groundup.scratch.layer import Layer
from groundup.scratch.losses import Loss
from groundup.scratch.memory import keep_freed_memory
from groundup.scratch.optimizers import Optimizer
from groundup.scratch.schedules import Schedule

__all__ = ["Diverged", "Epoch", "accuracy", "fit", "history_dict", "predict"]

Array = np.ndarray


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training data came to; losses are means over examples, in the loss's unit.

    Without labels there is no accuracy: it is None.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float | None
    seconds: float


class Diverged(RuntimeError):
    """The loss became NaN or infinite; the model has the weights of the last good epoch."""


def predict(model: Layer, x: Array, batch_size: int = 512) -> Any:
    """Return the model's output (N, ...) in evaluation mode, batch by batch; then restore the mode.

    A model with several outputs gives a tuple of arrays.
    """
    was_training = model.training
    model.eval()
    parts = [as_tuple(model(x[start : start + batch_size])) for start in range(0, len(x), batch_size)]
    model.train(was_training)
    outputs = [np.concatenate(output) for output in zip(*parts, strict=True)]
    return tuple(outputs) if len(outputs) > 1 else outputs[0]


def accuracy(model: Layer, x: Array, labels: Array) -> float:
    """Return the share of examples whose largest output is at the right class, 0 to 1."""
    return float((predict(model, x).argmax(axis=1) == labels).mean())


def fit(
    model: Layer,
    loss: Loss,
    optimizer: Optimizer,
    train: tuple[Array, Array],
    validation: tuple[Array, Array],
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    schedule: Schedule | None = None,
    augment: Callable[[Array, np.random.Generator], Array] | None = None,
    labels: bool = True,
    workers: int = 1,
    progress: TextIO | None = sys.stderr,
) -> list[Epoch]:
    """Train a model and return its history, one :class:`Epoch` for each pass over the data.

    Parameters
    ----------
    model, loss, optimizer : the optimizer holds ``model.parameters()``.
    train, validation : pairs (x, targets); the validation pair is only measured on, never trained on. An
        autoencoder's targets are its inputs.
    epochs, batch_size : passes over the data, and examples in a step.
    rng : source of the order of the examples.
    schedule : moves on after every step.
    augment : changes the inputs of each training batch at random, in a way that leaves the targets true.
    labels : whether the targets are class indices, so that there is an accuracy to measure.
    workers : how many processes share each batch; see :class:`DataParallel`. Measuring is left to this one.
    progress : where the live line is written; None for silence.

    Raises
    ------
    Diverged : the loss is no longer a number; the weights of the last good epoch are put back first.
    WorkerDied : one of several processes has ended, for example because there was no memory left.
    """
    keep_freed_memory()
    model.train()
    model.skip_input_gradient()  # nobody needs the gradient of the images
    history: list[Epoch] = []
    started = time.perf_counter()
    steps = -(-len(train[0]) // batch_size)
    with DataParallel(model, loss, optimizer, workers) as parallel:  # one worker: just train_step, in this process
        for epoch in range(1, epochs + 1):
            good, total = model.state_dict(), 0.0
            for step, (x, targets) in enumerate(batches(*train, batch_size, rng), 1):
                if augment:
                    x = augment(x, rng)
                value = parallel.step(x, targets)
                if not np.isfinite(value):
                    model.load_state_dict(good)
                    raise Diverged(explain_divergence(value, epoch, step, x, optimizer.lr))
                if schedule:
                    schedule.step()
                total += value * len(x)
                if progress and progress.isatty() and (step % 10 == 0 or step == steps):
                    progress.write(f"\repoch {epoch}/{epochs}  step {step}/{steps}  loss {value:.4f} ")
                    progress.flush()
            outputs = as_tuple(predict(model, validation[0]))
            record = Epoch(
                epoch=epoch,
                train_loss=total / len(train[0]),
                validation_loss=float(loss.eval()(*outputs, validation[1])),
                validation_accuracy=float((outputs[0].argmax(axis=1) == validation[1]).mean()) if labels else None,
                seconds=time.perf_counter() - started,
            )
            loss.train()
            history.append(record)
            if progress:
                start_of_line = "\r" if progress.isatty() else ""
                right = f"  accuracy {record.validation_accuracy:.2%}" if labels else ""
                progress.write(
                    f"{start_of_line}epoch {epoch}/{epochs}  training loss {record.train_loss:.4f}"
                    f"  validation loss {record.validation_loss:.4f}{right}  {record.seconds:.1f} s\n"
                )
    return history


def explain_divergence(value: float, epoch: int, step: int, x: Array, lr: float) -> str:
    """Say where training broke down, the likely cause, and what to try."""
    where = f"the loss became {value} in epoch {epoch}, step {step}"
    if not np.isfinite(x).all():
        bad = int(np.sum(~np.isfinite(x)))
        return f"{where}: the input of that batch holds {bad} NaN or infinite values; clean the data first"
    return f"{where}: training has diverged. Try a smaller learning rate (it is {lr:g}), or scale the inputs"


def history_dict(history: list[Epoch]) -> dict[str, list[float]]:
    """Turn the history into one list for each quantity that was measured, ready to plot or to store as JSON."""
    rows = [asdict(record) for record in history]
    return {key: [row[key] for row in rows] for key, first in (rows[0].items() if rows else ()) if first is not None}
