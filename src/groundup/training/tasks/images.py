"""Classify images: which of C classes does each show?"""

from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup import data
from groundup.errors import UsageError
from groundup.models.auxiliary import total_loss
from groundup.training import augmentation
from groundup.training.augmentation import channel_statistics
from groundup.training.config import TrainConfig
from groundup.training.evaluation import predict, score
from groundup.training.tasks.task import Split, Task

Batch = tuple[Tensor, Tensor]  # images (N, C, H, W); labels (N,), or probabilities (N, classes)


class Images(Task):
    """Images x (N, C, H, W) with labels y (N,); the model returns logits (N, classes).

    The loss is the cross-entropy, mean over the images, in nats. Labels of images that are blended from two are
    probabilities (N, classes), and the loss is their cross-entropy.
    """

    best = ("accuracy", "highest")
    unit = "images"
    needs_predictions = True

    def __init__(self, config: TrainConfig, dataset: Any, device: torch.device) -> None:
        pixels = _square_images(dataset, config)
        try:
            rng = np.random.default_rng(config.seed)
            held_out, kept = data.split(pixels, dataset.train.y, config.validation, rng)
        except ValueError as error:
            raise UsageError(f"--validation {config.validation} does not work here: {error}.") from None
        self.choices = config.images
        self.label_smoothing = config.label_smoothing
        self.data = str(config.data)
        self.classes = tuple(dataset.classes)
        self.settings = {"classes": len(self.classes), "in_channels": pixels.shape[1], "image_size": pixels.shape[2]}
        splits: dict[Split, Any] = {
            "training": (kept.x, kept.y),
            "validation": (held_out.x, held_out.y),
            "test": (_pixels(dataset.test), dataset.test.y),
        }
        self.white = getattr(dataset.train, "white", 1)  # bytes stay bytes until they are in a batch
        self.statistics = channel_statistics(kept.x, self.white) if self.choices.normalize else None
        self.splits = {
            name: (torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)) for name, (x, y) in splits.items()
        }
        self.sizes = {name: len(y) for name, (_, y) in self.splits.items()}

    def facts(self) -> dict[str, Any]:
        mean, std = self.statistics or (None, None)
        return {"data": self.data, "classes": self.classes, "mean": mean, "std": std}

    def batch(self, split: Split, rows: Tensor, generator: torch.Generator | None = None) -> Batch:
        all_pixels, labels = self.splits[split]
        rows = rows.to(labels.device)
        pixels, y = all_pixels[rows], labels[rows]
        if generator:
            pixels = self.move(pixels, generator)
        x = pixels.float() / self.white
        if self.statistics:
            x = augmentation.normalize(x, *self.statistics)
        return self.alter(x, y, generator) if generator else (x, y)

    def move(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Crop and flip at random, as the configuration says; on bytes, which are quicker to move."""
        if self.choices.crop:
            x = augmentation.random_crop(x, generator, self.choices.crop)
        if self.choices.flip:
            x = augmentation.horizontal_flip(x, generator)
        return x

    def alter(self, x: Tensor, y: Tensor, generator: torch.Generator) -> Batch:
        """Cover parts of images and blend images at random, as the configuration says.

        What covers is 0: the mean of all images if they are normalised, otherwise black.
        """
        choices, classes = self.choices, len(self.classes)
        if choices.cutout:
            x = augmentation.cutout(x, generator, choices.cutout)
        if choices.erasing:
            x = augmentation.random_erasing(x, generator, choices.erasing)
        blends = [
            (blend, alpha)
            for blend, alpha in ((augmentation.mixup, choices.mixup), (augmentation.cutmix, choices.cutmix))
            if alpha
        ]
        if not blends:
            return x, y
        blend, alpha = blends[int(torch.randint(len(blends), (), generator=generator))]
        return blend(x, y, generator, classes, alpha)

    def items(self, batch: Batch) -> int:
        return len(batch[1])

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        x, y = batch
        return total_loss(model(x), lambda logits: F.cross_entropy(logits, y, label_smoothing=self.label_smoothing))

    def evaluate(self, model: nn.Module, split: Split) -> dict[str, Any]:
        return self.measure(model, split)[0]

    def measure(self, model: nn.Module, split: Split) -> tuple[dict[str, Any], dict[str, Tensor]]:
        logits, labels = predict(model, partial(self.batch, split), torch.arange(self.sizes[split]).split(512))
        scores = score(logits, labels)
        kept = {"logits": logits, "labels": labels}
        return {"loss": scores.loss, "accuracy": scores.accuracy, "confusion": scores.confusion}, kept

    def examine(self, predictions: dict[str, Tensor]) -> dict[str, Any]:
        from groundup.training import exhibits, metrics

        logits, labels = predictions["logits"], predictions["labels"]
        found = exhibits.worst_mistakes(logits, labels, self.classes)
        return metrics.classification(logits, labels, self.classes) | {"mistakes": [asdict(m) for m in found]}

    def show(self, page: Any, model: nn.Module, split: Split, predictions: dict[str, Tensor]) -> None:
        from groundup.training import image_page

        image_page.add_to(page, self, model, split, predictions)

    def images(self, split: Split, rows: Tensor) -> Tensor:
        """Return images as they are in the file, (N, C, H, W) in [0, 1], on the CPU: to look at."""
        x, _ = self.splits[split]
        return x[rows.to(x.device)].cpu().float() / self.white

    def words(self, scores: dict[str, Any]) -> str:
        return f"accuracy {scores['accuracy']:.2%}, loss {scores['loss']:.4f} nats"


def make(config: TrainConfig, dataset: Any, device: torch.device) -> Images:
    """Return the task; see :func:`groundup.training.tasks.make_task`."""
    return Images(config, dataset, device)


def _pixels(part: Any) -> Any:
    """The images of a part of a data set: bytes where it has them, otherwise floats."""
    return part.pixels if hasattr(part, "pixels") else getattr(part, "x", None)


def _square_images(dataset: Any, config: TrainConfig) -> np.ndarray:
    """Return the training images (N, C, H, W), or say why this data set has none."""
    x = _pixels(getattr(dataset, "train", None))
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
