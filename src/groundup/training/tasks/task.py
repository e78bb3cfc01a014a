"""What the training loop, which knows no model, asks of a problem."""

from abc import ABC, abstractmethod
from typing import Any, Literal

import torch
from torch import Tensor, nn

Split = Literal["training", "validation", "test"]


def cut(batch: Any, parts: int) -> list[Any]:
    """Cut a batch, a tuple of tensors (N, ...), into ``parts`` of nearly the same size, in order."""
    columns = [column.tensor_split(parts) for column in batch]
    make = getattr(batch, "_make", tuple)  # a named tuple, or a plain one
    return [make(part) for part in zip(*columns)]


class Task(ABC):
    """A problem with its data, cut into three splits.

    The loop draws row numbers, and the task makes a batch of them: arrays in memory, indexed and moved as one. All
    randomness comes from the generators that are passed in, so a run that is resumed draws what it would have drawn.

    Attributes
    ----------
    settings : what the data decide of the model, such as ``{"classes": 10, "in_channels": 3, "image_size": 32}`` or
        ``{"vocabulary": 65}``: fields of its configuration; those that it does not have are left out.
    sizes : the number of rows in each split; a row is an image, a window of text, a pair of sentences.
    best : the validation metric that chooses the best epoch, and which end of it is good.
    needs_predictions : whether :meth:`examine` and :meth:`show` need what :meth:`measure` keeps.
    unit : what a loss is the mean over, for the speed on the screen: "images", "characters", "tokens".
    """

    settings: dict[str, Any]
    sizes: dict[str, int]
    best: tuple[str, Literal["highest", "lowest"]] = ("loss", "lowest")
    unit: str = "examples"
    needs_predictions: bool = False

    def start_epoch(self, generator: torch.Generator) -> None:
        """Draw what stays the same for an epoch and differs in the next. Most tasks have nothing to draw."""
        return

    def order(self, generator: torch.Generator, batch_size: int) -> Tensor:
        """Return the training rows of an epoch, int64, each once, in the order in which batches are cut from them."""
        return torch.randperm(self.sizes["training"], generator=generator)

    @abstractmethod
    def batch(self, split: Split, rows: Tensor, generator: torch.Generator | None = None) -> Any:
        """Return the batch of these rows: a tuple (named or plain) of tensors (N, ...), which :func:`cut` can cut.

        Parameters
        ----------
        split : which split.
        rows : row numbers, int64 (N,), on the CPU.
        generator : given, the batch is one to learn from, and may be altered at random (augmentation, masking);
            without one it is the data as they are.
        """

    @abstractmethod
    def items(self, batch: Any) -> int:
        """Return how many items the mean loss of ``batch`` is over: images, or the tokens that count."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        """Return the loss to learn from: the mean over the batch's items, a tensor of shape ()."""

    @abstractmethod
    def evaluate(self, model: nn.Module, split: Split) -> dict[str, Any]:
        """Return the metrics of ``model`` in evaluation mode on a whole split: ``"loss"`` and whatever tells more.

        Plain numbers make curves; lists (such as a confusion matrix) appear in the summary alone. The model's mode
        is kept.
        """

    def measure(self, model: nn.Module, split: Split) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Return the metrics of :meth:`evaluate`, and what the model said of each row, to look into it later.

        The latter is stored beside the run, so that the test split need not be looked at a second time. Here: nothing.
        """
        return self.evaluate(model, split), {}

    def sample(self, model: nn.Module) -> str:
        """Return what ``model`` makes, as text, for the end of a run: always from the same draws. Here: nothing."""
        return ""

    def facts(self) -> dict[str, Any]:
        """Return what the weights take for granted, for ``data.json``: names of the classes, a vocabulary, ..."""
        return {}

    def examine(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        """Return what else can be said of predictions that :meth:`measure` kept, beyond the metrics. Here: nothing."""
        return {}

    def show(self, page: Any, model: nn.Module, split: Split, predictions: dict[str, Tensor]) -> None:
        """Add to a page (a :class:`groundup.report.Page`) what is worth a look on a split.

        Parameters
        ----------
        model : trained, in evaluation mode, on the device.
        predictions : what :meth:`measure` kept for this split.
        """
        return

    def words(self, scores: dict[str, Any]) -> str:
        """Return the scores (of :meth:`evaluate`) in a few words, for the screen."""
        return f"loss {scores['loss']:.4f}"
