"""Activations: the nonlinear functions, applied to each element, that make depth worth having.

The gated ones (GELU, SiLU, Mish, Hardswish, SwiGLU) are in ``gated_activations.py``, softmax in ``softmax.py``.
"""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter

Array = np.ndarray


class Activation(Layer):
    """A layer without parameters around a kernel pair; a subclass names the two functions and sets the options.

    Attributes
    ----------
    options : what the forward kernel takes after x.
    """

    _forward: Any
    _backward: Any
    options: tuple = ()

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        y, cache = type(self)._forward(x, *self.options)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        return type(self)._backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.options))})"


def relu_forward(x: Array) -> tuple[Array, Any]:
    """Pass what is positive: ``y = max(x, 0)``.

    Gradient: the slope is 1 where x > 0 and 0 where x < 0; at the kink we take 0, as PyTorch does.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`relu_backward` needs.

    Notes
    -----
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


def leaky_relu_forward(x: Array, negative_slope: float = 0.01) -> tuple[Array, Any]:
    """Let a little of what is negative through: ``y = max(x, 0) + a · min(x, 0)``.

    Gradient: the slope is 1 where x > 0 and a elsewhere (also at the kink, as in PyTorch), so no unit ever stops
    learning as a ReLU does whose inputs are all negative.

    Parameters
    ----------
    x : any shape.
    negative_slope : a.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`leaky_relu_backward` needs.

    Notes
    -----
    Source: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".
    """
    y = np.maximum(x, 0)
    y += negative_slope * np.minimum(x, 0)
    return y, (x, negative_slope)


def leaky_relu_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (1 if x > 0 else a)``.

    A product with a mask is faster than ``np.where``, in which the processor cannot guess what comes next.
    """
    x, negative_slope = cache
    return dy * (x > 0) + negative_slope * dy * (x <= 0)


class LeakyReLU(Activation):
    """``y = max(x, 0) + a · min(x, 0)``; see :func:`leaky_relu_forward`.

    Parameters
    ----------
    negative_slope : a.
    """

    _forward = staticmethod(leaky_relu_forward)
    _backward = staticmethod(leaky_relu_backward)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.options = (negative_slope,)


def prelu_forward(x: Array, weight: Array) -> tuple[Array, Any]:
    """A leaky ReLU that learns its slope: ``y = max(x, 0) + a · min(x, 0)``, one a for all or one a channel.

    Derivation of the gradient: ``∂y/∂x`` is 1 where x > 0 and a elsewhere; ``∂y/∂a = min(x, 0)``. As one a serves
    many elements, its gradient sums ``dy · min(x, 0)`` over all of them.

    Parameters
    ----------
    x : (N, C, ...); any shape if there is a single a.
    weight : (C,) or (1,), the slopes a.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`prelu_backward` needs.

    Notes
    -----
    Source: He et al. 2015, "Delving deep into rectifiers", section 2.1.
    """
    slope = weight if weight.size == 1 else weight.reshape(-1, *[1] * (x.ndim - 2))  # (C, 1, 1): along axis 1 of x
    y = np.maximum(x, 0)
    y += slope * np.minimum(x, 0)
    return y, (x, slope)


def prelu_backward(dy: Array, cache: Any) -> tuple[Array, Array]:
    """Return ``dx``, of the input's shape, and ``dweight`` (C,) or (1,)."""
    x, slope = cache
    dx = dy * (x > 0) + slope * dy * (x <= 0)
    axes = None if slope.size == 1 else (0, *range(2, x.ndim))  # all but the channel
    dweight = (dy * np.minimum(x, 0)).sum(axis=axes)
    return dx, dweight.reshape(-1)


class PReLU(Layer):
    """A leaky ReLU with learned slopes; see :func:`prelu_forward`.

    Parameters
    ----------
    num_parameters : 1, one slope for everything, or C, one for each channel (axis 1).
    init : the slopes to start from.
    dtype : of the slopes.

    Raises
    ------
    ValueError : neither 1 nor the number of channels of the input.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, dtype: Any = np.float32) -> None:
        if num_parameters < 1:
            raise ValueError(f"PReLU: num_parameters must be 1 or the number of channels, got {num_parameters}")
        self.weight = Parameter(np.full(num_parameters, init, dtype))

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        channels = self.weight.size
        if channels > 1 and (x.ndim < 2 or x.shape[1] != channels):
            raise ValueError(f"x: got shape {x.shape}, expected (N, {channels}, ...): PReLU has a slope per channel")
        y, cache = prelu_forward(x, self.weight.data)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        dx, dweight = prelu_backward(dy, self.recall())
        self.weight.grad += dweight
        return dx

    def __repr__(self) -> str:
        return f"PReLU({self.weight.size})"


def elu_forward(x: Array, alpha: float = 1.0, scale: float = 1.0) -> tuple[Array, Any]:
    """Approach -α smoothly on the left: ``y = s · (max(x, 0) + α (e^{min(x, 0)} - 1))``.

    Gradient: the slope is s where x > 0; elsewhere ``s α eˣ = y + s α``, which needs only the output.

    Parameters
    ----------
    x : any shape.
    alpha : α, positive.
    scale : s; 1 for ELU, 1.0507 for SELU.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`elu_backward` needs.

    Notes
    -----
    ``expm1(x)`` is eˣ - 1 without the cancellation at small x.
    Source: Clevert, Unterthiner and Hochreiter 2016, "Fast and accurate deep network learning by exponential linear
    units", section 3.
    """
    y = np.expm1(np.minimum(x, 0))
    y *= alpha
    y += np.maximum(x, 0)
    y *= scale
    return y, (y, alpha, scale)


def elu_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (s if y > 0 else y + s α)``."""
    y, alpha, scale = cache
    return dy * np.where(y > 0, scale, y + scale * alpha)


class ELU(Activation):
    """``y = max(x, 0) + α (e^{min(x, 0)} - 1)``; see :func:`elu_forward`.

    Parameters
    ----------
    alpha : α, positive: what y approaches on the left is -α.
    """

    _forward = staticmethod(elu_forward)
    _backward = staticmethod(elu_backward)

    def __init__(self, alpha: float = 1.0) -> None:
        if not alpha > 0:
            raise ValueError(f"ELU: alpha must be positive, got {alpha}: on the left y approaches -alpha")
        self.options = (alpha,)


class SELU(Activation):
    """ELU with the α and scale that pull mean and variance towards 0 and 1, layer after layer; see `elu_forward`.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks", section 2.
    """

    _forward = staticmethod(elu_forward)
    _backward = staticmethod(elu_backward)
    ALPHA, SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

    def __init__(self) -> None:
        self.options = (self.ALPHA, self.SCALE)

    def __repr__(self) -> str:
        return "SELU()"


def tanh_forward(x: Array) -> tuple[Array, Any]:
    """Squash to (-1, 1): ``y = tanh(x)``.

    Gradient: ``tanh'(x) = 1 - tanh(x)²``, which needs only the output.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`tanh_backward` needs.
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

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`sigmoid_backward` needs.
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


def softplus_forward(x: Array, beta: float = 1.0, threshold: float = 20.0) -> tuple[Array, Any]:
    """A ReLU with a rounded corner: ``y = log(1 + e^{βx}) / β``, and y = x where βx is above the threshold.

    Gradient: ``y' = β e^{βx} / (1 + e^{βx}) / β = σ(βx)``, and 1 above the threshold.

    Parameters
    ----------
    x : any shape.
    beta : β, positive; the larger, the sharper the corner.
    threshold : on βx. The formula below needs none; it is there because PyTorch's results have it.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`softplus_backward` needs.

    Notes
    -----
    Computed as ``max(z, 0) + log1p(e^{-|z|})`` with z = βx, in which nothing can overflow.
    Source: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".
    """
    z = beta * x
    y = np.log1p(np.exp(-np.abs(z)))
    y += np.maximum(z, 0)
    y /= beta
    np.copyto(y, x, where=z > threshold)
    return y, (x, beta, threshold)


def softplus_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · σ(βx)``, and ``dy`` above the threshold."""
    x, beta, threshold = cache
    z = beta * x
    return np.where(z > threshold, dy, dy * sigmoid(z))


class Softplus(Activation):
    """``y = log(1 + e^{βx}) / β``; see :func:`softplus_forward`.

    Parameters
    ----------
    beta : β, positive.
    threshold : where βx is above it, y = x.
    """

    _forward = staticmethod(softplus_forward)
    _backward = staticmethod(softplus_backward)

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        if not beta > 0:
            raise ValueError(f"Softplus: beta must be positive, got {beta}")
        self.options = (beta, threshold)
