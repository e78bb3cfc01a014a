"""Losses: one number that says how wrong the predictions are.

Each takes predictions and targets and, with ``reduction="mean"`` (the default), ``"sum"`` or ``"none"``, returns
the mean, the sum or one loss for each example. ``backward(dloss)`` returns the gradient with respect to the
predictions; the gradient is always that of the number that was returned.
"""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_labels, check_shape
from groundup.scratch.layer import Layer

__all__ = ["MSE", "CrossEntropy", "Loss"]

Array = np.ndarray


def reduce(losses: Array, reduction: str) -> Any:
    """Return the mean, the sum, or the losses themselves."""
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def spread(dloss: Any, losses_shape: tuple[int, ...], reduction: str, dtype: Any) -> Array:
    """Return the gradient with respect to each single loss: the backward of :func:`reduce`."""
    count = np.prod(losses_shape) if reduction == "mean" else 1
    return np.broadcast_to(np.asarray(dloss, dtype) / np.asarray(count, dtype), losses_shape)


class Loss(Layer):
    """What all losses share: the choice of reduction, and a backward that starts from ``dloss = 1``."""

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
        self.reduction = reduction

    def backward(self, dloss: Any = 1.0) -> Array:
        raise NotImplementedError


def log_softmax(logits: Array) -> Array:
    """Return ``log(e^{zᵢ} / Σⱼ e^{zⱼ})`` over the last axis, without overflow.

    Subtracting the largest logit changes nothing (it cancels in the fraction), but then no exponent exceeds 0.
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def cross_entropy_forward(logits: Array, labels: Array, reduction: str = "mean") -> tuple[Any, Any]:
    """Measure the surprise at the right class: ``ℓₙ = -log softmax(zₙ)[labelₙ]``, in nats.

    Derivation: ``ℓ = -z_y + log Σⱼ e^{zⱼ}``, so ``∂ℓ/∂zᵢ = e^{zᵢ} / Σⱼ e^{zⱼ} - [i = y] = softmax(z)ᵢ - [i = y]``.

    Parameters
    ----------
    logits : (N, C), unnormalised log-probabilities: no softmax before this loss.
    labels : (N,) ints in 0..C-1.
    reduction : "mean" over N, "sum" or "none".

    Returns
    -------
    loss : scalar, or (N,) for "none".
    cache : what :func:`cross_entropy_backward` needs.
    """
    log_p = log_softmax(logits)  # (N, C)
    losses = -log_p[np.arange(len(labels)), labels]  # (N,)
    return reduce(losses, reduction), (log_p, labels, reduction)


def cross_entropy_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlogits`` (N, C): softmax minus one-hot, times the gradient of each example's loss."""
    log_p, labels, reduction = cache
    dlogits = np.exp(log_p)  # softmax
    dlogits[np.arange(len(labels)), labels] -= 1
    dlogits *= spread(dloss, labels.shape, reduction, log_p.dtype)[:, None]
    return dlogits


class CrossEntropy(Loss):
    """Softmax and negative log-likelihood in one, in nats; see :func:`cross_entropy_forward`."""

    def forward(self, logits: Array, labels: Array) -> Any:
        check_float("logits", logits)
        check_shape("logits", logits, ("N", "C"), "one row of class scores for each example")
        check_shape("labels", np.asarray(labels), (len(logits),), "one class index for each row of logits")
        check_labels("labels", labels, logits.shape[1])
        loss, cache = cross_entropy_forward(logits, np.asarray(labels), self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return cross_entropy_backward(dloss, self.recall())


def mse_forward(prediction: Array, target: Array, reduction: str = "mean") -> tuple[Any, Any]:
    """Measure the squared distance: ``ℓ = (prediction - target)²``, in the square of their unit.

    Gradient: ``∂ℓ/∂prediction = 2 (prediction - target)``; the mean is over *all* elements, as PyTorch's.

    Parameters
    ----------
    prediction, target : arrays of the same shape.
    reduction : "mean" over every element, "sum" or "none".
    """
    difference = prediction - target
    return reduce(difference * difference, reduction), (difference, reduction)


def mse_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dprediction``, of its shape."""
    difference, reduction = cache
    return 2 * difference * spread(dloss, difference.shape, reduction, difference.dtype)


class MSE(Loss):
    """Mean squared error; see :func:`mse_forward`."""

    def forward(self, prediction: Array, target: Array) -> Any:
        check_float("prediction", prediction)
        # Broadcasting (N, 1) against (N,) would silently compare every prediction with every target.
        check_shape("target", np.asarray(target), prediction.shape, "shapes must be equal: add or drop an axis of 1?")
        loss, cache = mse_forward(prediction, np.asarray(target), self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return mse_backward(dloss, self.recall())
