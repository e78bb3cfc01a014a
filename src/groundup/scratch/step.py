"""One step of training."""

from __future__ import annotations

import math
from typing import Any

from groundup.scratch.gradcheck import as_tuple
from groundup.scratch.layer import Layer
from groundup.scratch.optimizers import Optimizer, clip_grad_norm

__all__ = ["train_step"]


def train_step(
    model: Layer, loss: Any, optimizer: Optimizer, inputs: Any, targets: Any, max_norm: float | None = None
) -> float:
    """Forward, loss, backward, update; return the loss.

    A loss that is NaN or infinite changes no weight.

    Parameters
    ----------
    model, loss, optimizer : the optimizer holds ``model.parameters()``.
    inputs, targets : an array with one example a row, or a tuple of several; an empty tuple if there are no targets.
    max_norm : the gradients are clipped to this norm, see :func:`clip_grad_norm`; None: they are not.

    Raises
    ------
    InfiniteGradient : the loss is a number, but the gradients' norm is not. No weight has changed.
    """
    value = float(loss(*as_tuple(model(*as_tuple(inputs))), *as_tuple(targets)))
    if not math.isfinite(value):
        return value
    optimizer.zero_grad()
    model.backward(*as_tuple(loss.backward()))
    if max_norm is not None:
        clip_grad_norm(optimizer.parameters, max_norm)
    optimizer.step()
    return value
