"""Saving and loading weights: an npz file whose keys are PyTorch's names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from groundup.scratch.layer import Layer

if TYPE_CHECKING:
    from pathlib import Path


def save(model: Layer, path: str | Path) -> Path:
    """Write the model's ``state_dict`` to ``path`` (npz), whole or not at all.

    The file is written beside its place and then moved there in one step, so that an interruption never leaves
    half a file under the good name.
    """
    from pathlib import Path  # here, not above: importing groundup.scratch should cost little more than NumPy

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            np.savez(file, **model.state_dict())  # pyright: ignore[reportArgumentType]
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load(model: Layer, path: str | Path) -> None:
    """Read weights written by :func:`save` into the model.

    Raises
    ------
    FileNotFoundError, ValueError : no such file, or not a whole npz file.
    KeyError, ValueError : the weights are those of another model; nothing has been changed.
    """
    import zipfile

    try:
        # Never pickle: loading a pickle runs whatever code it holds.
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            state = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is not a whole npz file of weights: is it truncated, or of another kind?") from error
    model.load_state_dict(state)
