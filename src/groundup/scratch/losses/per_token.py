"""A loss of single predictions, applied to every place of a sequence."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_shape
from groundup.scratch.losses.loss import Loss

Array = np.ndarray


class PerToken(Loss):
    """Apply a loss of rows (M, V) and labels (M,) to logits (N, T, V) and labels (N, T), place by place.

    Sequences are laid one after the other, M = N · T; the gradient comes back in the shape of the logits. What a model
    returns between logits and labels, as a recurrent network its state, is left aside: no loss depends on it.

    Parameters
    ----------
    loss : such as ``CrossEntropy()``; its mean is then over all places that it does not ignore.

    Raises
    ------
    ValueError : there is not one label for each place.
    """

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss.reduction)
        self.loss = loss

    def forward(self, logits: Array, *others: Array) -> Any:
        *_, labels = others
        check_shape("labels", labels, logits.shape[:-1], "one for each place, the axes in the same order?")
        self.remember(logits.shape)
        return self.loss(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))  # (N·T, V), (N·T,)

    def backward(self, dloss: Any = 1.0) -> Array:
        return self.loss.backward(dloss).reshape(self.recall())

    def amount(self, labels: Array) -> float:
        return self.loss.amount(labels.reshape(-1))
