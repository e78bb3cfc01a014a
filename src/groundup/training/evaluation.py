"""How good is a classifier? Loss, accuracy and confusion matrix on examples that it did not learn from."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.training import metrics, processes

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model scored on one split of N examples of C classes."""

    loss: float  # cross-entropy, mean over N, in nats
    accuracy: float  # share of the N examples whose most likely class is the true one
    confusion: list[list[int]]  # (C, C): row true class, column predicted class
    logits: Tensor  # (N, C), on the CPU
    labels: Tensor  # (N,), on the CPU


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode for a while; then it goes back to its own, also if something failed."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def evaluate(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 512) -> Evaluation:
    """Measure ``model`` in evaluation mode on inputs ``x`` (N, ...) with labels ``y`` (N,); its mode is kept."""
    return score(*predict(model, lambda rows: (x[rows], y[rows]), torch.arange(len(x)).split(batch_size)))


@torch.inference_mode()
def each(model: nn.Module, compute: Callable[[T], R], batches: Sequence[T]) -> list[R]:
    """Return ``compute(batch)`` for each batch, with ``model`` in evaluation mode; its mode is kept.

    The processes of a run share the batches out, and each gets the whole list in order: whatever is summed up from it
    is what one process alone would have found, each example counted once. All processes must call this.
    """
    with evaluation_mode(model):
        own = [compute(batch) for batch in batches[processes.rank() :: processes.count()]]
    found = processes.gather(own)
    return [found[number % len(found)][number // len(found)] for number in range(len(batches))]


def predict(
    model: nn.Module, make: Callable[[Tensor], tuple[Tensor, Tensor]], rows: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the logits (N, C) of ``model`` in evaluation mode and the labels (N,), on the CPU; its mode is kept.

    The memory needed does not grow with N but for the logits: the model sees one batch (x, y) = ``make(rows[i])`` at a
    time.
    """

    def answer(some: Tensor) -> tuple[Tensor, Tensor]:
        x, y = make(some)
        return model(x).float().cpu(), y.cpu()

    logits, labels = zip(*each(model, answer, rows))
    return torch.cat(logits), torch.cat(labels)


def score(logits: Tensor, labels: Tensor) -> Evaluation:
    """Measure predictions: logits (N, C) and labels (N,)."""
    return Evaluation(
        loss=F.cross_entropy(logits, labels).item(),
        accuracy=metrics.accuracy(logits, labels),
        confusion=metrics.confusion(logits, labels).tolist(),
        logits=logits,
        labels=labels,
    )
