"""Weights and training state on disk, never half written.

Files are whole or not there, see :func:`groundup.runs.write_atomically`.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_file
from torch import nn

from groundup.errors import GroundupError
from groundup.runs import write_atomically


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
