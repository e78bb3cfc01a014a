"""Losses for predicted numbers: how much a large error counts is the difference between them."""

from typing import Any

import numpy as np

from groundup.scratch.losses.loss import Loss, check_pair, check_positive, reduce, spread

Array = np.ndarray


def mse_forward(prediction: Array, target: Array, reduction: str = "mean") -> tuple[Any, Any]:
    """Measure the squared distance: ``ℓ = (prediction - target)²``, in the square of their unit.

    Gradient: ``∂ℓ/∂prediction = 2 (prediction - target)``; the mean is over *all* elements, as PyTorch's.

    Parameters
    ----------
    prediction, target : arrays of the same shape.
    reduction : "mean" over every element, "sum" or "none".

    Returns
    -------
    loss : scalar, or of the prediction's shape for "none".
    cache : what :func:`mse_backward` needs.
    """
    difference = prediction - target
    return reduce(difference * difference, reduction), (difference, reduction)


def mse_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dprediction``, of its shape."""
    difference, reduction = cache
    dprediction = 2 * difference
    dprediction *= spread(dloss, difference.shape, reduction, difference.dtype)
    return dprediction


class MSE(Loss):
    """Mean squared error; see :func:`mse_forward`. Its best constant prediction is the mean of the targets.

    Raises
    ------
    TypeError : the prediction is not an array of floats.
    ValueError : prediction and target differ in shape.
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        loss, cache = mse_forward(prediction, check_pair(prediction, target), self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return mse_backward(dloss, self.recall())


def l1_forward(prediction: Array, target: Array, reduction: str = "mean") -> tuple[Any, Any]:
    """Measure the distance: ``ℓ = |prediction - target|``, in their unit.

    Gradient: ``∂ℓ/∂prediction = sign(prediction - target)``, however large the error: an outlier pulls no harder
    than any other example. At the kink, where both are equal, we take 0, as PyTorch does.

    Parameters and results are those of :func:`mse_forward`.
    """
    difference = prediction - target
    return reduce(np.abs(difference), reduction), (difference, reduction)


def l1_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dprediction``, of its shape."""
    difference, reduction = cache
    return np.sign(difference) * spread(dloss, difference.shape, reduction, difference.dtype)


class L1(Loss):
    """Mean absolute error; see :func:`l1_forward`. Its best constant prediction is the median of the targets.

    Raises
    ------
    TypeError : the prediction is not an array of floats.
    ValueError : prediction and target differ in shape.
    """

    def forward(self, prediction: Array, target: Array) -> Any:
        loss, cache = l1_forward(prediction, check_pair(prediction, target), self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return l1_backward(dloss, self.recall())


def huber_forward(prediction: Array, target: Array, delta: float = 1.0, reduction: str = "mean") -> tuple[Any, Any]:
    """Measure small errors as MSE does and large ones as L1 does.

    With ``d = prediction - target``: ``ℓ = d²/2`` where ``|d| ≤ δ``, and ``δ (|d| - δ/2)`` beyond. Let c be d
    clipped to ±δ; then both pieces are ``c (d - c/2)``.

    Gradient: d inside and ``δ sign(d)`` outside, which is c.

    Parameters
    ----------
    prediction, target : arrays of the same shape.
    delta : δ > 0, where the parabola turns into a line; in the unit of the target.
    reduction : "mean" over every element, "sum" or "none".

    Source: Huber 1964, "Robust estimation of a location parameter".
    """
    difference = prediction - target
    clipped = np.clip(difference, -delta, delta)
    return reduce(clipped * (difference - clipped / 2), reduction), (clipped, reduction)


def huber_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dprediction``, of its shape."""
    clipped, reduction = cache
    return clipped * spread(dloss, clipped.shape, reduction, clipped.dtype)


class Huber(Loss):
    """Squared for small errors, absolute for large ones; see :func:`huber_forward`.

    Raises
    ------
    TypeError : the prediction is not an array of floats.
    ValueError : prediction and target differ in shape; ``delta`` is not above 0.
    """

    def __init__(self, reduction: str = "mean", *, delta: float = 1.0) -> None:
        super().__init__(reduction)
        check_positive("delta", delta)
        self.delta = delta

    def forward(self, prediction: Array, target: Array) -> Any:
        loss, cache = huber_forward(prediction, check_pair(prediction, target), self.delta, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return huber_backward(dloss, self.recall())
