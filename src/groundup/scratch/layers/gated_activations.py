"""Gated activations: the input times a gate, between 0 and 1, that the input itself opens.

A ReLU is ``x · [x > 0]``: a gate that is shut or open. Those here open gradually, so that the slope is continuous:
GELU with the normal distribution, SiLU with the sigmoid, Hardswish with a straight ramp, Mish with a tanh. In SwiGLU
one half of the features opens the gate for the other half.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.layers.activations import Activation, sigmoid
from groundup.scratch.special import normal_cdf

Array = np.ndarray

_SQRT_2_PI = float(np.sqrt(2 / np.pi))

BLOCK = 32768  # float32: 128 KiB an array, so that the handful of arrays in a formula fits into a processor's cache


def blocks(size: int) -> Iterator[slice]:
    """Cut a long array into parts: of ten passes over a part nine find it in the cache, over the whole none does."""
    return (slice(start, start + BLOCK) for start in range(0, size, BLOCK))


def memory_order(x: Array) -> tuple[int, ...]:
    """Return the axes of x from the outermost in memory to the innermost; convolutions do not have them in order."""
    return tuple(sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis])))


def to_flat(x: Array, axes: tuple[int, ...]) -> Array:
    """Return x as one long row, read in the order of ``axes``: no copy, if that is how it lies in memory."""
    return x.transpose(axes).reshape(-1)


def from_flat(flat: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Return a view of the given shape: the way back from :func:`to_flat`."""
    return flat.reshape([shape[axis] for axis in axes]).transpose([axes.index(axis) for axis in range(len(axes))])


def gelu_forward(x: Array) -> tuple[Array, Any]:
    """Gate by the normal distribution: ``y = x · Φ(x)``, Φ(x) the probability of a normal variable below x.

    Gradient: by the product rule ``y' = Φ(x) + x · φ(x)``, where ``φ = Φ' = e^{-x²/2} / √(2π)``.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`gelu_backward` needs.

    Notes
    -----
    See :func:`groundup.scratch.special.normal_cdf` for how Φ is computed, and how fast.
    Source: Hendrycks and Gimpel 2016, "Gaussian error linear units (GELUs)", section 2.
    """
    cdf = normal_cdf(x)
    return x * cdf, (x, cdf)


def gelu_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (Φ(x) + x · φ(x))``; in place, as each line is a pass over the whole array."""
    x, cdf = cache
    dx = np.minimum(np.abs(x), 40)  # e^{-40²/2} is 0, and a larger x might overflow when squared
    dx *= dx
    dx *= -0.5
    np.exp(dx, out=dx)
    dx *= x
    dx *= 0.5 * _SQRT_2_PI
    dx += cdf
    dx *= dy
    return dx


def gelu_tanh_forward(x: Array) -> tuple[Array, Any]:
    """Approximate GELU: ``y = x · (1 + tanh u) / 2`` with ``u = √(2/π) (x + 0.044715 x³)``.

    It differs from GELU by less than 0.0005. As ``(1 + tanh u) / 2 = σ(2u)``, with ``s = σ(2u)`` the derivation is
    ``y = x s`` and ``y' = s + x · s (1 - s) · 2u'``, where ``u' = √(2/π) (1 + 3 · 0.044715 x²)``.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`gelu_tanh_backward` needs.

    Notes
    -----
    Source: Hendrycks and Gimpel 2016, section 2; this is the one that GPT-2 uses.
    """
    axes = memory_order(x)
    flat = to_flat(x, axes)
    y, gate = np.empty_like(flat), np.empty_like(flat)
    with np.errstate(over="ignore"):  # a huge x: the gate is 0 or 1, and an infinite u gives just that
        for part in blocks(flat.size):
            a, s = flat[part], gate[part]
            np.multiply(a, a, out=s)
            s *= -2 * _SQRT_2_PI * 0.044715
            s -= 2 * _SQRT_2_PI
            s *= a  # -2u of the formula
            np.exp(s, out=s)
            s += 1
            np.divide(1, s, out=s)  # σ(2u)
            np.multiply(a, s, out=y[part])
    return from_flat(y, x.shape, axes), (flat, gate, axes)


def gelu_tanh_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (s + x · s (1 - s) · 2u')``."""
    flat, gate, axes = cache
    upstream = to_flat(dy, axes)
    dx = np.empty_like(flat)
    for part in blocks(flat.size):
        s, d = gate[part], dx[part]
        a = np.maximum(flat[part], -1e3)  # beyond ±1000, s (1 - s) is 0, and must not be multiplied with an overflow
        np.minimum(a, 1e3, out=a)  # (np.clip takes twice as long)
        np.multiply(a, a, out=d)
        d *= 6 * _SQRT_2_PI * 0.044715
        d += 2 * _SQRT_2_PI  # 2u'
        d *= a
        d *= np.subtract(1, s, out=a)
        d += 1
        d *= s
        d *= upstream[part]
    return from_flat(dx, dy.shape, axes)


class GELU(Activation):
    """``y = x · Φ(x)``; see :func:`gelu_forward` and, for the approximation, :func:`gelu_tanh_forward`.

    Parameters
    ----------
    approximate : "none", or "tanh" for the approximation, which is faster.
    """

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: approximate must be 'none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        y, cache = gelu_forward(x) if self.approximate == "none" else gelu_tanh_forward(x)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        if self.approximate == "none":
            return gelu_backward(dy, self.recall())
        return gelu_tanh_backward(dy, self.recall())

    def __repr__(self) -> str:
        return f"GELU(approximate={self.approximate!r})"


def silu_forward(x: Array) -> tuple[Array, Any]:
    """Gate by the sigmoid: ``y = x · σ(x)``, also known as swish.

    Gradient: as ``σ' = σ (1 - σ)``, ``y' = σ + x σ (1 - σ) = σ · (1 + x (1 - σ))``.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`silu_backward` needs.

    Notes
    -----
    Source: Hendrycks and Gimpel 2016, section 2 (SiLU); Ramachandran, Zoph and Le 2017, "Searching for activation
    functions" (swish).
    """
    gate = sigmoid(x)
    return x * gate, (x, gate)


def silu_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · σ(x) · (1 + x (1 - σ(x)))``."""
    x, gate = cache
    dx = 1 - gate
    dx *= x
    dx += 1
    dx *= gate
    dx *= dy
    return dx


class SiLU(Activation):
    """``y = x · σ(x)``; see :func:`silu_forward`."""

    _forward = staticmethod(silu_forward)
    _backward = staticmethod(silu_backward)


def mish_forward(x: Array) -> tuple[Array, Any]:
    """Gate by the tanh of softplus: ``y = x · t`` with ``t = tanh(log(1 + eˣ))``.

    Gradient: ``y' = t + x t'``, and by the chain rule ``t' = (1 - t²) · σ(x)``, σ being softplus's derivative.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`mish_backward` needs.

    Notes
    -----
    Softplus as ``max(x, 0) + log1p(e^{-|x|})`` cannot overflow.
    Source: Misra 2019, "Mish: a self regularized non-monotonic activation function".
    """
    gate = np.tanh(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))
    return x * gate, (x, gate)


def mish_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (t + x (1 - t²) σ(x))``."""
    x, gate = cache
    return dy * (gate + x * (1 - gate * gate) * sigmoid(x))


class Mish(Activation):
    """``y = x · tanh(log(1 + eˣ))``; see :func:`mish_forward`."""

    _forward = staticmethod(mish_forward)
    _backward = staticmethod(mish_backward)


def hardswish_forward(x: Array) -> tuple[Array, Any]:
    """Gate by a straight ramp: ``y = x · r`` with ``r = min(max(x + 3, 0), 6) / 6``; swish without an exponential.

    Gradient: 0 left of -3, 1 right of 3, and on the ramp ``(x (x + 3) / 6)' = x/3 + 1/2``; at the two corners the
    slope outside is taken.

    Parameters
    ----------
    x : any shape.

    Returns
    -------
    y : of the same shape.
    cache : what :func:`hardswish_backward` needs.

    Notes
    -----
    Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.
    """
    gate = np.clip(x + 3, 0, 6)
    gate /= 6
    return x * gate, x


def hardswish_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx = dy · (0 if x < -3, x/3 + 1/2 on the ramp, 1 if x > 3)``."""
    x = cache
    return dy * np.where(np.abs(x) < 3, x / 3 + 0.5, x >= 3)


class Hardswish(Activation):
    """``y = x · min(max(x + 3, 0), 6) / 6``; see :func:`hardswish_forward`."""

    _forward = staticmethod(hardswish_forward)
    _backward = staticmethod(hardswish_backward)


def swiglu_forward(x: Array) -> tuple[Array, Any]:
    """One half gates the other: ``y = SiLU(a) · b`` with x = [a, b], split in the middle of the last axis.

    Derivation of the gradient: ``db = dy · SiLU(a)``, and ``da = dy · b · SiLU'(a)`` with
    ``SiLU'(a) = σ(a) (1 + a (1 - σ(a)))``; the two lie side by side as a and b do.

    Parameters
    ----------
    x : (..., 2F)

    Returns
    -------
    y : (..., F)
    cache : what :func:`swiglu_backward` needs.

    Notes
    -----
    Source: Shazeer 2020, "GLU variants improve Transformer", section 2. There a and b are two projections of one
    input, ``SiLU(xW) · (xV)``; here they come from one ``Linear(D, 2F)`` before this layer, whose weight is W and V
    stacked: one matrix product instead of two.
    """
    a, b = np.split(x, 2, axis=-1)  # (..., F) each
    gate = sigmoid(a)
    return a * gate * b, (a, b, gate)


def swiglu_backward(dy: Array, cache: Any) -> Array:
    """Return ``dx`` (..., 2F): da and db side by side."""
    a, b, gate = cache
    da = dy * b * gate * (1 + a * (1 - gate))
    db = dy * a * gate
    return np.concatenate([da, db], axis=-1)


class SwiGLU(Activation):
    """``y = SiLU(a) · b`` with x = [a, b], for use after a Linear of 2F outputs; see :func:`swiglu_forward`.

    Raises
    ------
    ValueError : the last axis of the input cannot be halved.
    """

    _forward = staticmethod(swiglu_forward)
    _backward = staticmethod(swiglu_backward)

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        if x.ndim == 0 or x.shape[-1] % 2:
            raise ValueError(
                f"x: got shape {x.shape}, expected (..., 2F): SwiGLU halves the last axis; "
                "give the Linear before it twice as many outputs as you want?"
            )
        return super().forward(x)
