"""What every command needs that goes on from a trained model: the folder of its run, read and checked."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from groundup import models
from groundup.errors import GroundupError, UsageError
from groundup.training.checkpoints import load_weights
from groundup.training.config import TrainConfig
from groundup.training.devices import make_fabric
from groundup.training.run import build_model
from groundup.training.settings import read_config


def run_config(folder: Path, task: str = "", does: str = "") -> TrainConfig:
    """Return the configuration of a run that has weights, or say what is missing.

    Parameters
    ----------
    task : of the model, such as "text"; any, if it is left out.
    does : what models of the task do, for the message, such as "write".
    """
    if not (folder / "config.json").is_file():
        raise GroundupError(f"{folder} holds no run: there is no config.json in it. `groundup runs` lists runs.")
    if not (folder / "model.safetensors").is_file():
        raise GroundupError(f"The run in {folder} has no weights so far: its first epoch has not come to its end.")
    config = read_config(TrainConfig, folder)
    if task and models.describe(config.model).task != task:
        able = [name for name in models.names() if models.describe(name).task == task]
        raise UsageError(f"{config.model}, the model in {folder}, does not {does}. Models that do: {', '.join(able)}.")
    return config


def read_vocabulary(folder: Path, what: str) -> str:
    """Return the vocabulary in ``data.json``, as the task's ``facts`` put it there; ``what`` it is, for the message."""
    path = folder / "data.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["vocabulary"]
    except (OSError, ValueError, KeyError, TypeError) as error:  # TypeError: JSON, but no keys with values
        raise GroundupError(f"{path} should hold {what}, but does not: {error!r}") from None


def find_device(config: TrainConfig) -> torch.device:
    """Return where to compute here, in 32 bits: the run may come from a machine with another device."""
    return make_fabric(replace(config, device="auto", precision="32")).device


def load_model(folder: Path, config: TrainConfig, decided: Mapping[str, Any], device: torch.device) -> nn.Module:
    """Return the best model of a run in evaluation mode; ``decided`` is what the data decide of it."""
    model = build_model(config, decided)
    load_weights(model, folder / "model.safetensors")
    return model.to(device).eval()
