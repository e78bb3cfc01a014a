"""The folder of a run: what was asked for, what happened, what came out.

runs/lenet-mnist-seed0/
    config.json         every choice, defaults included
    environment.json    versions and device
    metrics.jsonl       one line an epoch
    model.safetensors   the weights of the best epoch on validation
    checkpoint.pt       the state after the last complete epoch: weights, optimizer, schedule, random states
    summary.json        the result on the test split
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import groundup


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append one record to a JSONL file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, allow_nan=False) + "\n")


def environment(device: str) -> dict[str, Any]:
    """Return what besides the configuration decides a result to the last bit."""
    import torch

    packages = ("torch", "lightning-fabric", "torchmetrics", "safetensors", "numpy")
    return {
        "groundup": groundup.__version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "platform": platform.platform(),
        "device": device,
        "threads": torch.get_num_threads(),
    }
