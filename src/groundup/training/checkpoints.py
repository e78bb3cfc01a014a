"""Weights and training state on disk, never half written.

Files are whole or not there, see :func:`groundup.runs.write_atomically`. A checkpoint's name holds the number of steps
and the beginning of the SHA-256 of its content, ``step-00000640.3fa9c1d2e4b5a697.pt``: a file that was damaged later
no longer fits its name.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from groundup.console import progress
from groundup.errors import GroundupError
from groundup.runs import write_atomically
from groundup.training.sharding import whole

KEEP = 2  # the last checkpoint, and one to fall back to


def copy_of_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the state dict on the CPU; what shares memory (tied weights) is copied under each name.

    All processes must ask for it: each may have a share of the model.
    """
    return {name: whole(tensor.detach()).cpu().clone().contiguous() for name, tensor in model.state_dict().items()}


def save_weights(weights: nn.Module | dict[str, Tensor], path: Path) -> None:
    """Save a state dict as safetensors: numbers and names alone, nothing that could run as code."""
    state = copy_of_weights(weights) if isinstance(weights, nn.Module) else weights
    write_atomically(path, lambda temporary: save_file(state, temporary))


def load_weights(model: nn.Module, path: Path) -> None:
    """Copy the weights in ``path`` into ``model``; names and shapes must be the model's, all of them."""
    try:
        model.load_state_dict(load_file(path), strict=True)
    except FileNotFoundError:
        raise GroundupError(f"There is no weights file {path}.") from None
    except Exception as error:  # safetensors and torch each have their own kinds
        raise GroundupError(f"{path} does not hold weights for this model: {error}") from error


def save_checkpoint(state: dict[str, Any], folder: Path, step: int) -> Path:
    """Save what a run needs to go on after ``step`` steps (tensors and plain values alone); keep the last two."""
    folder.mkdir(exist_ok=True)
    unnamed = folder / "unnamed.pt"
    write_atomically(unnamed, lambda temporary: torch.save(state, temporary))
    path = unnamed.rename(folder / f"step-{step:08d}.{_digest(unnamed)}.pt")
    for old in _newest_first(folder)[KEEP:]:
        old.unlink()
    return path


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return what :func:`save_checkpoint` saved. Pickled code in the file is refused, not run.

    Raises
    ------
    GroundupError : the file's content does not fit its name, or is no checkpoint.
    """
    try:
        if _digest(path) != path.name.split(".")[1]:
            raise GroundupError(f"{path} is damaged: its content does not have the checksum in its name.")
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise GroundupError(f"There is no checkpoint {path}.") from None
    except GroundupError:
        raise
    except Exception as error:  # a zip error, a pickle error or torch's own: each means that it can't be trusted
        raise GroundupError(f"{path} is not a complete checkpoint: {error}") from error


def load_last_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Return the newest checkpoint that is whole; None if there is none. What is passed over is named and set aside.

    A damaged file is renamed to ``....broken``, so that it neither counts as one of the two to keep nor is met again.
    """
    for path in _newest_first(folder):
        try:
            return load_checkpoint(path)
        except GroundupError as error:
            progress.print(f"[bold]{error}[/] It is set aside as {path.name}.broken.", soft_wrap=True)
            path.rename(path.with_name(path.name + ".broken"))
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("step-*.pt") if re.match(r"step-\d+\.", path.name)), reverse=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
