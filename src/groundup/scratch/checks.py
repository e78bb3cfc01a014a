"""Errors that teach: what came, what was expected, and the likely cause."""

import numpy as np


def check_float(name: str, x: np.ndarray) -> None:
    """Raise TypeError unless ``x`` is an array of floats."""
    if not isinstance(x, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(x).__name__}: wrap it in np.asarray(..., np.float32)")
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(f"{name} must hold floats, got {x.dtype}: convert with {name}.astype(np.float32)")


def check_shape(name: str, x: np.ndarray, expected: tuple[int | str, ...], hint: str = "") -> None:
    """Raise ValueError unless the shape fits; a string in ``expected`` stands for any size, ``"..."`` for any axes."""
    sizes = expected[1:] if expected and expected[0] == "..." else expected
    tail = x.shape[max(x.ndim - len(sizes), 0) :]
    free = len(sizes) < len(expected)
    fits = (x.ndim >= len(sizes)) if free else (x.ndim == len(sizes))
    if not fits or any(isinstance(e, int) and e != n for e, n in zip(sizes, tail)):
        wanted = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise ValueError(f"{name}: got shape {x.shape}, expected ({wanted})" + (f": {hint}" if hint else ""))


def check_labels(name: str, labels: np.ndarray, classes: int) -> None:
    """Raise TypeError or ValueError unless ``labels`` are whole numbers from 0 to ``classes - 1``."""
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"{name} must hold whole numbers (class indices), got {labels.dtype}")
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        hint = "do the labels start at 1?" if labels.min() >= 1 else "does the last layer have one output per class?"
        raise ValueError(f"{name}: found {wrong}, expected 0 to {classes - 1}: {hint}")


def check_count(name: str, value: int) -> None:
    """Raise ValueError unless a number of steps is whole and at least 1."""
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def check_mode(mode: str) -> None:
    """Raise ValueError unless the mode is ``"min"`` or ``"max"``."""
    if mode not in ("min", "max"):
        raise ValueError(f'mode must be "min" (of losses) or "max" (of accuracies), got {mode!r}')
