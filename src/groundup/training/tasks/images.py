"""Classify images: which of C classes does each show?"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup import data
from groundup.errors import UsageError
from groundup.training.config import TrainConfig
from groundup.training.evaluation import Evaluation, evaluate
from groundup.training.tasks.task import Split, Task

Batch = tuple[Tensor, Tensor]  # images (N, C, H, W), labels (N,)


class Images(Task):
    """Images x (N, C, H, W) with labels y (N,); the model returns logits (N, classes).

    The loss is the cross-entropy, mean over the images, in nats.
    """

    best = ("accuracy", "highest")
    unit = "images"

    def __init__(self, config: TrainConfig, dataset: Any, device: torch.device) -> None:
        x = _square_images(dataset, config)
        try:
            rng = np.random.default_rng(config.seed)
            held_out, kept = data.split(x, dataset.train.y, config.validation, rng)
        except ValueError as error:
            raise UsageError(f"--validation {config.validation} does not work here: {error}.") from None
        self.label_smoothing = config.label_smoothing
        self.classes = tuple(dataset.classes)
        self.settings = {"classes": len(self.classes), "in_channels": x.shape[1], "image_size": x.shape[2]}
        splits: dict[Split, Any] = {"training": kept, "validation": held_out, "test": dataset.test}
        self.splits = {
            name: (torch.from_numpy(part.x).to(device), torch.from_numpy(part.y).to(device))
            for name, part in splits.items()
        }
        self.sizes = {name: len(y) for name, (_, y) in self.splits.items()}

    def batch(self, split: Split, rows: Tensor, generator: torch.Generator | None = None) -> Batch:
        x, y = self.splits[split]
        rows = rows.to(x.device)
        return x[rows], y[rows]

    def items(self, batch: Batch) -> int:
        return len(batch[1])

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        x, y = batch
        return F.cross_entropy(model(x), y, label_smoothing=self.label_smoothing)

    def evaluate(self, model: nn.Module, split: Split) -> dict[str, Any]:
        score = self.score(model, split)
        return {"loss": score.loss, "accuracy": score.accuracy, "confusion": score.confusion}

    def score(self, model: nn.Module, split: Split) -> Evaluation:
        """Return the scores with the logits of every image, (N, classes), to look at single images."""
        return evaluate(model, *self.splits[split])

    def words(self, scores: dict[str, Any]) -> str:
        return f"accuracy {scores['accuracy']:.2%}, loss {scores['loss']:.4f} nats"


def make(config: TrainConfig, dataset: Any, device: torch.device) -> Images:
    """Return the task; see :func:`groundup.training.tasks.make_task`."""
    return Images(config, dataset, device)


def _square_images(dataset: Any, config: TrainConfig) -> np.ndarray:
    """Return the training images (N, C, H, W), or say why this data set has none."""
    x = getattr(getattr(dataset, "train", None), "x", None)
    if not isinstance(x, np.ndarray) or x.ndim != 4:
        what = f"arrays of shape {x.shape}" if isinstance(x, np.ndarray) else "no images"
        image_sets = [name for name, card in data.cards().items() if card.shape.startswith("image")]
        raise UsageError(
            f"{config.model} learns to classify images, (N, C, H, W), but the data set {config.data!r} holds {what}. "
            f"Sets of images: {', '.join(image_sets)}."
        )
    if x.shape[2] != x.shape[3]:
        raise UsageError(f"{config.model} reads square images, not {x.shape[2]} x {x.shape[3]} pixels.")
    return x
