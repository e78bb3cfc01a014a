"""Weights and training state on disk, never half written.

Every file is written under another name beside its own, flushed to the disk, then renamed. A rename is one act of
the file system: whoever opens the good name finds the old content or the new, whenever the process was killed.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_file
from torch import nn

from groundup.errors import GroundupError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write(temporary path)``, then give the result the name ``path``; if it fails, ``path`` is untouched."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # on the disk before it gets the name
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_weights(model: nn.Module, path: Path) -> None:
    """Save the state dict as safetensors: numbers and names alone, nothing that could run as code."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_atomically(path, lambda temporary: save_file(state, temporary))


def load_weights(model: nn.Module, path: Path) -> None:
    """Copy the weights in ``path`` into ``model``; names and shapes must be the model's, all of them."""
    try:
        load_model(model, path, strict=True)
    except FileNotFoundError:
        raise GroundupError(f"There is no weights file {path}.") from None
    except Exception as error:  # safetensors and torch each have their own kinds
        raise GroundupError(f"{path} does not hold weights for this model: {error}") from error


def save_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Save what a run needs to go on: state dicts, counters, random states (tensors and plain values alone)."""
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Return what :func:`save_checkpoint` saved. Pickled code in the file is refused, not run."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise GroundupError(f"There is no checkpoint {path}.") from None
    except Exception as error:  # a zip error, a pickle error or torch's own: each means that it can't be trusted
        raise GroundupError(f"{path} is not a complete checkpoint: {error}") from error
