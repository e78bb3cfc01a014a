"""One run of an experiment: begun, or gone on with where an earlier process was killed; its test split stays unseen."""

import shutil
from pathlib import Path
from typing import Any

from groundup.training.config import TrainConfig
from groundup.training.run import OnEpoch, TrainResult, resume, train


def train_or_go_on(
    config: TrainConfig, folder: Path, dataset: Any = None, on_epoch: OnEpoch | None = None
) -> TrainResult:
    """Train in ``folder``, from the last checkpoint if there is one. For the one process that holds the run's lock."""
    if (folder / "config.json").exists():
        return resume(folder, dataset, progress=False, page=False, on_epoch=on_epoch, test=False)
    if folder.exists():  # killed before it had anything to go on with
        shutil.rmtree(folder)
    return train(config, dataset, folder, progress=False, page=False, on_epoch=on_epoch, test=False)


def forget_checkpoints(folder: Path) -> None:
    """Give back the disk space of a run that is over. What it learnt stays, in ``model.safetensors``."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "last.safetensors").unlink(missing_ok=True)
