"""One training run, from a configuration to a tested model: data, model, loop, and the test split once at the end."""

import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from torch import nn

from groundup import models
from groundup.runs import new_folder, write_json
from groundup.training.checkpoints import load_weights
from groundup.training.config import TrainConfig
from groundup.training.folder import environment
from groundup.training.loop import fit, merit
from groundup.training.predictions import save_predictions
from groundup.training.randomness import seed_everything
from groundup.training.tasks import DEFAULT_DATA, Task, make_task


@dataclass(frozen=True, eq=False)
class TrainResult:
    """What a run leaves: the best model of the run, and what it scored on the test split."""

    config: TrainConfig  # resolved: the data set has a name
    folder: Path
    task: Task  # the problem, with its data
    model: nn.Module  # with the weights of the best epoch on validation, in evaluation mode
    parameters: int
    history: list[dict[str, Any]]  # a record an epoch, see loop.fit
    best_epoch: int
    test: dict[str, Any]  # the task's metrics on the test split
    seconds: float  # training, validation and test together

    def summary(self) -> dict[str, Any]:
        """Return what ``summary.json`` and ``--json`` hold."""
        best = self.history[self.best_epoch - 1]
        return {
            "config": asdict(self.config),
            "folder": str(self.folder),
            "parameters": self.parameters,
            "best_epoch": self.best_epoch,
            "validation": {
                key.removeprefix("validation_"): value for key, value in best.items() if key.startswith("validation_")
            },
            "test": self.test,
            "seconds": self.seconds,
            "history": self.history,
        }


def train(
    config: TrainConfig,
    dataset: Any = None,
    folder: Path | str | None = None,
    progress: bool = True,
) -> TrainResult:
    """Train a model, choose the best epoch on validation, and test it once.

    Torch's global random generator is seeded with ``config.seed``: the same configuration gives the same weights on
    the same machine with the same number of threads.

    Parameters
    ----------
    config : every choice of the run.
    dataset : the data, if they are at hand; otherwise ``config.data`` is loaded by name.
    folder : where the files of the run go, by default ``runs/MODEL-DATA-seedSEED``; numbered if it exists.
    progress : show progress on standard error.

    Raises
    ------
    UsageError : no such model or data set, or one that the other can't work with.
    GroundupError : the loss is no longer a finite number.
    """
    card = models.describe(config.model)
    config = replace(config, data=config.data or DEFAULT_DATA[card.task])
    fabric = Fabric(accelerator=config.device, devices=1)
    fabric.launch()
    task = make_task(config, fabric.device, dataset)

    seed_everything(config.seed)
    known = {field.name for field in fields(card.config)}
    settings = {name: value for name, value in task.settings.items() if name in known} | config.model_settings
    model = models.create(card.name, **settings)
    parameters = models.count_parameters(model)

    default = Path("runs") / f"{config.model}-{config.data}-seed{config.seed}"
    folder = new_folder(Path(folder) if folder is not None else default)
    write_json(folder / "config.json", asdict(config))
    write_json(folder / "environment.json", environment(str(fabric.device)))

    start = time.perf_counter()
    history = fit(fabric, model, task, config, folder, progress)
    load_weights(model, folder / "model.safetensors")
    test, predictions = task.measure(model.eval(), "test")
    save_predictions(predictions, folder, "test")
    result = TrainResult(
        config=config,
        folder=folder,
        task=task,
        model=model,
        parameters=parameters,
        history=history,
        best_epoch=max(history, key=lambda record: merit(task, record, "validation_"))["epoch"],
        test=test,
        seconds=time.perf_counter() - start,
    )
    write_json(folder / "summary.json", result.summary())
    return result
