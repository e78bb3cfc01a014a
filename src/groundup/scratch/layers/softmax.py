"""Softmax: scores into probabilities, which sum to 1."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.layers.activations import Activation

Array = np.ndarray


def shift(x: Array, dim: int) -> Array:
    """Return x minus its largest value along an axis, so that no exponential overflows; a row of -∞ stays as it is.

    Softmax does not change when a constant is subtracted from all scores: ``e^{-c}`` cancels in the fraction.
    """
    largest = x.max(axis=dim, keepdims=True, initial=-np.inf)
    largest[largest == -np.inf] = 0  # -∞ - (-∞) would be NaN
    return x - largest


def softmax_forward(x: Array, dim: int = -1) -> tuple[Array, Any]:
    """Turn scores into probabilities: ``yᵢ = e^{xᵢ} / Σⱼ e^{xⱼ}``.

    Derivation of the gradient: ``∂yⱼ/∂xᵢ = yⱼ ([i = j] - yᵢ)``, hence
    ``dxᵢ = Σⱼ dyⱼ ∂yⱼ/∂xᵢ = yᵢ (dyᵢ - Σⱼ dyⱼ yⱼ)``.

    Parameters
    ----------
    x : any shape.
    dim : the axis along which the probabilities sum to 1.

    Returns
    -------
    y : of the same shape. Where every score is -∞, there is nothing to choose from and all are 0 (PyTorch gives NaN).
    cache : what :func:`softmax_backward` needs.

    Notes
    -----
    Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".
    """
    y = shift(x, dim)
    np.exp(y, out=y)
    total = y.sum(axis=dim, keepdims=True)
    total[total == 0] = 1
    y /= total
    return y, (y, dim)


def softmax_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = y · (dy - Σ dy · y)``, the sum along the axis of the probabilities."""
    y, dim = cache
    return y * (dy - (dy * y).sum(axis=dim, keepdims=True))


class Softmax(Activation):
    """``yᵢ = e^{xᵢ} / Σⱼ e^{xⱼ}``; see :func:`softmax_forward`. Not before CrossEntropy, which contains it.

    Parameters
    ----------
    dim : the axis along which the probabilities sum to 1.

    Raises
    ------
    ValueError : the input has no such axis.
    """

    _forward = staticmethod(softmax_forward)
    _backward = staticmethod(softmax_backward)

    def __init__(self, dim: int = -1) -> None:
        self.options = (dim,)

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        (dim,) = self.options
        if not -x.ndim <= dim < x.ndim:
            raise ValueError(f"x: got shape {x.shape}, which has no axis {dim}: {type(self).__name__}(dim=-1)?")
        return super().forward(x)


def log_softmax_forward(x: Array, dim: int = -1) -> tuple[Array, Any]:
    """Return the logarithm of softmax: ``yᵢ = xᵢ - log Σⱼ e^{xⱼ}``, in nats.

    Taking the logarithm of a softmax would give -∞ as soon as a probability is rounded to 0; this does not.
    Derivation of the gradient: ``∂yⱼ/∂xᵢ = [i = j] - softmax(x)ᵢ``, hence ``dxᵢ = dyᵢ - softmax(x)ᵢ Σⱼ dyⱼ``.

    Parameters
    ----------
    x : any shape.
    dim : the axis along which the probabilities sum to 1.

    Returns
    -------
    y : of the same shape. Where every score is -∞, so is y (PyTorch gives NaN).
    cache : what :func:`log_softmax_backward` needs.
    """
    y = shift(x, dim)
    total = np.exp(y).sum(axis=dim, keepdims=True)
    total[total == 0] = 1
    y -= np.log(total)
    return y, (y, dim)


def log_softmax_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy - e^y · Σ dy``, the sum along the axis of the probabilities."""
    y, dim = cache
    return dy - np.exp(y) * dy.sum(axis=dim, keepdims=True)


class LogSoftmax(Softmax):
    """``yᵢ = xᵢ - log Σⱼ e^{xⱼ}``; see :func:`log_softmax_forward`.

    Parameters
    ----------
    dim : the axis along which the probabilities sum to 1.
    """

    _forward = staticmethod(log_softmax_forward)
    _backward = staticmethod(log_softmax_backward)
