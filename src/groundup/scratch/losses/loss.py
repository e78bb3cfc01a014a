"""What all losses share: the three reductions, and a backward that starts from 1."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer

Array = np.ndarray


def reduce(losses: Array, reduction: str, count: Any = None) -> Any:
    """Return the mean, the sum, or the losses themselves.

    The mean divides by ``count``: by default the number of losses; with class weights, the sum of the weights.
    The mean of nothing (an empty batch, every label ignored) is NaN, as in PyTorch.
    """
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    count = losses.size if count is None else count
    return total / count if count else total * np.nan


def spread(dloss: Any, shape: tuple[int, ...], reduction: str, dtype: Any, count: Any = None) -> Array:
    """Return the gradient with respect to each single loss: the backward of :func:`reduce`.

    The derivative of a sum with respect to each summand is 1, that of a mean 1/count. The result is a read-only
    array of ``shape``, without a copy of the one number in it.
    """
    dloss = np.asarray(dloss, dtype)
    if reduction == "mean":
        count = np.prod(shape) if count is None else count
        dloss = dloss / np.asarray(count or 1, dtype)  # the mean of nothing depends on nothing: zeros, not 0/0
    return np.broadcast_to(dloss, shape)


class Loss(Layer):
    """The choice of reduction, and a backward that starts from ``dloss = 1``.

    Parameters
    ----------
    reduction : "mean", "sum" or "none".
    weights : arrays that belong to the state, under PyTorch's names (``weight``, ``pos_weight``); None for no weight.
    """

    reductions: tuple[str, ...] = ("mean", "sum", "none")

    def __init__(self, reduction: str = "mean", **weights: Any) -> None:
        if reduction not in self.reductions:
            *others, last = map(repr, self.reductions)
            raise ValueError(f"reduction must be {', '.join(others)} or {last}, got {reduction!r}")
        self.reduction = reduction
        for name, value in weights.items():
            if value is not None:
                value = np.array(value)
                value = value if np.issubdtype(value.dtype, np.floating) else value.astype(np.float32)
                self.buffers = (*self.buffers, name)
            setattr(self, name, value)

    def backward(self, dloss: Any = 1.0) -> Any:
        raise NotImplementedError

    def amount(self, *targets: Any) -> float:
        """Return how much these targets count in a mean: what it divides by, up to a factor. By default their number.

        The mean over two batches is the mean of their means, each times its amount, over the sum of the amounts.
        """
        return len(targets[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.reduction == 'mean' else f'reduction={self.reduction!r}'})"


def check_pair(prediction: Array, target: Any, name: str = "prediction") -> Array:
    """Return the target in the dtype of the prediction; raise unless these are floats and the shapes are equal."""
    check_float(name, prediction)
    target = np.asarray(target)
    # Broadcasting (N, 1) against (N,) would silently compare every prediction with every target.
    check_shape("target", target, prediction.shape, "shapes must be equal: add or drop an axis of 1?")
    return target.astype(prediction.dtype, copy=False)


def check_signs(target: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return the target as floats; raise unless it has this shape and holds only -1 and +1."""
    target = np.asarray(target)
    check_shape("target", target, shape, "one -1 or +1 for each example")
    wrong = target[(target != 1) & (target != -1)]
    if wrong.size:
        hint = "turn 0 and 1 into -1 and +1 with 2 * target - 1" if wrong[0] == 0 else "the target is a sign"
        raise ValueError(f"target: found {wrong[0]}, expected -1 or +1: {hint}")
    return target.astype(dtype)


def check_positive(name: str, value: float, zero: bool = False) -> None:
    """Raise ValueError unless a constructor's number is above zero (or, with ``zero``, not below it)."""
    if not (value > 0 or (zero and value == 0)):
        raise ValueError(f"{name} must be {'at least' if zero else 'above'} 0, got {value}")
