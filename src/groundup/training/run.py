"""One training run, from a configuration to a tested model: data, model, loop, and the test split once at the end."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from groundup import data, models
from groundup.errors import UsageError
from groundup.runs import new_folder, write_json
from groundup.training.checkpoints import load_weights
from groundup.training.config import TrainConfig
from groundup.training.evaluation import evaluate
from groundup.training.folder import environment
from groundup.training.loop import Examples, fit

if TYPE_CHECKING:
    from groundup.data import Dataset


@dataclass(frozen=True, eq=False)
class TrainResult:
    """What a run leaves: the best model of the run, and what it scored on the test split."""

    config: TrainConfig
    folder: Path
    model: nn.Module  # with the weights of the best epoch on validation, in evaluation mode, on the CPU
    parameters: int
    history: list[dict[str, Any]]  # a record an epoch, see loop.fit
    best_epoch: int
    test: dict[str, Any]  # loss (nats), accuracy, confusion (row: true class, column: predicted class)
    logits: np.ndarray  # (N, classes) on the test split, in its order
    classes: tuple[str, ...]
    seconds: float  # training, validation and test together

    @property
    def predictions(self) -> np.ndarray:
        """The most likely class of each test example, (N,)."""
        return self.logits.argmax(axis=1)

    def summary(self) -> dict[str, Any]:
        """Return what ``summary.json`` and ``--json`` hold."""
        return {
            "config": asdict(self.config),
            "folder": str(self.folder),
            "parameters": self.parameters,
            "best_epoch": self.best_epoch,
            "validation": {key: self.history[self.best_epoch - 1][f"validation_{key}"] for key in ("loss", "accuracy")},
            "test": self.test,
            "classes": list(self.classes),
            "seconds": self.seconds,
            "history": self.history,
        }


def train(
    config: TrainConfig,
    dataset: "Dataset | None" = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> TrainResult:
    """Train an image classifier, choose the best epoch on validation, and test it once.

    Torch's global random generator is seeded with ``config.seed``: the same configuration gives the same weights on
    the same machine with the same number of threads.

    Parameters
    ----------
    config : every choice of the run.
    dataset : the examples, if they are at hand; otherwise ``config.data`` is loaded by name.
    folder : where the files of the run go, by default ``runs/MODEL-DATA-seedSEED``; numbered if it exists.
    progress : show progress on standard error.

    Raises
    ------
    UsageError : no such model or data set, or one that the other can't work with.
    GroundupError : the loss is no longer a finite number.
    """
    card = models.describe(config.model)
    examples: Dataset = data.load(config.data) if dataset is None else dataset
    x = _images(examples, config)
    try:
        held_out, kept = data.split(x, examples.train.y, config.validation, np.random.default_rng(config.seed))
    except ValueError as error:
        raise UsageError(f"--validation {config.validation} does not work here: {error}.") from None

    torch.manual_seed(config.seed)
    model = models.create(card.name, classes=len(examples.classes), in_channels=x.shape[1], image_size=x.shape[2])
    parameters = models.count_parameters(model)
    fabric = Fabric(accelerator=config.device, devices=1)
    fabric.launch()
    training, validation, test = (_on_device(split, fabric.device) for split in (kept, held_out, examples.test))

    default = Path("runs") / f"{config.model}-{config.data}-seed{config.seed}"
    folder = new_folder(Path(folder) if folder is not None else default)
    write_json(folder / "config.json", asdict(config))
    write_json(folder / "environment.json", environment(str(fabric.device)))

    start = time.perf_counter()
    history = fit(fabric, model, training, validation, config, folder, progress)
    load_weights(model, folder / "model.safetensors")
    score = evaluate(model, test.x, test.y)
    result = TrainResult(
        config=config,
        folder=folder,
        model=model.cpu().eval(),
        parameters=parameters,
        history=history,
        best_epoch=max(history, key=lambda record: (record["validation_accuracy"], -record["validation_loss"]))[
            "epoch"
        ],
        test={"loss": score.loss, "accuracy": score.accuracy, "confusion": score.confusion},
        logits=score.logits.numpy(),
        classes=tuple(examples.classes),
        seconds=time.perf_counter() - start,
    )
    write_json(folder / "summary.json", result.summary())
    return result


def _images(dataset: Any, config: TrainConfig) -> np.ndarray:
    """Return the training images (N, C, H, W), or say why this data set has none."""
    x = getattr(getattr(dataset, "train", None), "x", None)
    if not isinstance(x, np.ndarray) or x.ndim != 4:
        what = f"arrays of shape {x.shape}" if isinstance(x, np.ndarray) else "a table"
        image_sets = [name for name, card in data.cards().items() if card.shape.startswith("image")]
        raise UsageError(
            f"{config.model} learns to classify images, (N, C, H, W), but the data set {config.data!r} holds {what}. "
            f"Sets of images: {', '.join(image_sets)}."
        )
    if x.shape[2] != x.shape[3]:
        raise UsageError(f"{config.model} reads square images, not {x.shape[2]} x {x.shape[3]} pixels.")
    return x


def _on_device(split: Any, device: torch.device) -> Examples:
    return Examples(torch.from_numpy(split.x).to(device), torch.from_numpy(split.y).to(device))
