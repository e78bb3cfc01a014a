"""Activations: the nonlinear functions, applied to each element, that make depth worth having."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.layer import Layer

Array = np.ndarray


class Activation(Layer):
    """A layer without parameters around a kernel pair; a subclass names the two functions."""

    _forward: Any
    _backward: Any

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        y, cache = type(self)._forward(x)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return type(self)._backward(dy, self.recall())


def relu_forward(x: Array) -> tuple[Array, Any]:
    """Pass what is positive: ``y = max(x, 0)``.

    Gradient: the slope is 1 where x > 0 and 0 where x < 0; at the kink we take 0, as PyTorch does.
    Source: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".
    """
    y = np.maximum(x, 0)
    return y, y


def relu_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · [y > 0]``, of the input's shape (y > 0 exactly where x > 0)."""
    y = cache
    return dy * (y > 0)


class ReLU(Activation):
    """``y = max(x, 0)``; see :func:`relu_forward`."""

    _forward = staticmethod(relu_forward)
    _backward = staticmethod(relu_backward)


def tanh_forward(x: Array) -> tuple[Array, Any]:
    """Squash to (-1, 1): ``y = tanh(x)``.

    Gradient: ``tanh'(x) = 1 - tanh(x)²``, which needs only the output.
    """
    y = np.tanh(x)
    return y, y


def tanh_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (1 - y²)``."""
    y = cache
    return dy * (1 - y * y)


class Tanh(Activation):
    """``y = tanh(x)``; see :func:`tanh_forward`."""

    _forward = staticmethod(tanh_forward)
    _backward = staticmethod(tanh_backward)


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + e⁻ˣ)``, accurate in both tails.

    For x below -88 (float32) ``e⁻ˣ`` overflows to infinity, and 1/∞ = 0 is the right answer; so the overflow is
    let happen, without a warning. (The often seen ``(1 + tanh(x/2)) / 2`` loses every digit of the left tail.)
    """
    with np.errstate(over="ignore"):
        y = np.exp(-x)
    y += 1
    return np.divide(1, y, out=y)


def sigmoid_forward(x: Array) -> tuple[Array, Any]:
    """Squash to (0, 1): ``y = σ(x) = 1 / (1 + e⁻ˣ)``.

    Gradient: ``σ'(x) = e⁻ˣ / (1 + e⁻ˣ)² = σ(x) (1 - σ(x))``, which needs only the output.
    """
    y = sigmoid(x)
    return y, y


def sigmoid_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · y (1 - y)``."""
    y = cache
    return dy * y * (1 - y)


class Sigmoid(Activation):
    """``y = 1 / (1 + e⁻ˣ)``; see :func:`sigmoid_forward`."""

    _forward = staticmethod(sigmoid_forward)
    _backward = staticmethod(sigmoid_backward)
