"""The kinds of problem that models solve: what a batch is, what the loss is, how good is good.

A new kind is one file beside this one and one line in the table below; a model names its kind when it is registered.
"""

from importlib import import_module
from typing import Any

import torch

from groundup import data, models
from groundup.training.config import TrainConfig
from groundup.training.tasks.task import Task, cut

__all__ = ["DEFAULT_DATA", "Task", "cut", "make_task"]

# The task on a model's card, which is the module here that has its make(config, dataset, device) -> its usual data.
DEFAULT_DATA = {
    "images": "mnist",
    "text": "tinyshakespeare",
    "masked_text": "tinyshakespeare",
    "translation": "multi30k",
}


def make_task(config: TrainConfig, device: torch.device, dataset: Any = None) -> Task:
    """Return the problem that ``config.model`` is to solve, with its data on ``device``.

    Parameters
    ----------
    config : the model, whose card names the kind of task; the data set, the seed and the task's own choices.
    device : where batches are made.
    dataset : the data, if they are at hand; otherwise ``config.data`` is loaded by name.

    Raises
    ------
    UsageError : no such model or data set, or data that are not of the kind the model learns from.
    """
    kind = models.describe(config.model).task
    if dataset is None:
        dataset = data.load(config.data or DEFAULT_DATA[kind])
    module = import_module(f"groundup.training.tasks.{kind}")
    return module.make(config, dataset, device)
