"""Normalisation: shift and scale each row of numbers to mean 0 and variance 1.

LayerNorm, GroupNorm and InstanceNorm differ only in what counts as a row: all features of an example, a group of
its channels, or one of its channels. RMSNorm does not shift. BatchNorm, whose rows go through the whole batch and
which behaves differently in evaluation, has a file of its own.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def unchanged(mean: Array) -> Array:
    return mean


def standardize_forward(x: Array, eps: float, whole: Callable[[Array], Array] = unchanged) -> tuple[Array, Any]:
    """Give each row mean 0 and variance 1: ``x̂ = (x - μ) / σ`` with ``σ = √(variance + ε)``.

    Derivation of the gradient: μ and σ depend on every element of the row, so ``dx̂ᵢ`` reaches ``xⱼ`` by three ways:
    directly (``1/σ``), through the mean (``-1/Mσ``) and through σ (``∂σ/∂xⱼ = x̂ⱼ/M``, hence ``-x̂ᵢ x̂ⱼ/Mσ``). Summed
    over i, with the means taken over the row:

        ``dx = (dx̂ - mean(dx̂) - x̂ · mean(dx̂ · x̂)) / σ``

    Parameters
    ----------
    x : (R, M), rows to be standardised.
    eps : ε, inside the root, so that a row of equal numbers is not divided by zero.
    whole : turns means over these rows into means over the whole rows, if ``x`` is only a part of each: the rest is in
        other processes (see :func:`groundup.scratch.group.batch_mean`).

    Returns
    -------
    normalized : x̂ (R, M)
    cache : x̂ and 1/σ (R, 1), which :func:`standardize_backward` needs, then mean and variance (R,).

    Notes
    -----
    The variance takes a second pass over the data: ``E[x²] - μ²`` subtracts two almost equal numbers when the mean
    is large, and in float32 nothing right is left, perhaps not even the sign.
    ``np.vecdot(x, x)`` is the sum of squares of each row without an array of squares.
    """
    mean = whole(x.mean(axis=1))  # (R,)
    normalized = x - mean[:, None]  # (R, M)
    variance = whole(np.vecdot(normalized, normalized) / x.shape[1])  # (R,)
    inverse_std = 1 / np.sqrt(variance + eps)[:, None]  # (R, 1)
    normalized *= inverse_std
    return normalized, (normalized, inverse_std, mean, variance)


def standardize_backward(dnormalized: Array, cache: Any) -> Array:
    """Return ``dx = (dx̂ - mean(dx̂) - x̂ · mean(dx̂ · x̂)) / σ`` (R, M); see :func:`standardize_forward`."""
    normalized, inverse_std, *_ = cache
    M = normalized.shape[1]
    slope = np.vecdot(dnormalized, normalized)[:, None] / M  # (R, 1), mean(dx̂ · x̂)
    dx = normalized * -slope
    dx += dnormalized
    dx -= dnormalized @ np.full(
        (M, 1), 1 / M, dx.dtype
    )  # (R, 1), mean(dx̂): as a product several times faster than mean
    dx *= inverse_std
    return dx


def layer_norm_forward(x: Array, weight: Array | None, bias: Array | None, eps: float = 1e-5) -> tuple[Array, Any]:
    """Standardise all features of each example: ``y = γ · (x - μ) / σ + β``; see :func:`standardize_forward`.

    Derivation of the gradient: every row is multiplied by the same γ, so ``dγ = Σ dy · x̂`` and ``dβ = Σ dy`` over
    the rows, and ``dx̂ = dy · γ`` goes back through the standardisation.

    Parameters
    ----------
    x : (R, D), one row for each example (or each place of a sequence).
    weight, bias : γ and β (D,), or None.
    eps : ε.

    Returns
    -------
    y : (R, D)
    cache : what :func:`layer_norm_backward` needs.

    Notes
    -----
    Source: Ba, Kiros and Hinton 2016, "Layer normalization", section 3.
    """
    normalized, cache = standardize_forward(x, eps)
    y = normalized.copy() if weight is None else normalized * weight
    if bias is not None:
        y += bias
    return y, (cache, weight)


def layer_norm_backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Return ``dx`` (R, D), ``dweight`` and ``dbias`` (D,); see :func:`layer_norm_forward`."""
    inner, weight = cache
    dweight = np.einsum("rd,rd->d", dy, inner[0])  # Σ dy · x̂ without an array of products
    dbias = np.ones(len(dy), dy.dtype) @ dy  # Σ dy, as a product several times faster than sum
    dnormalized = dy if weight is None else dy * weight
    return standardize_backward(dnormalized, inner), dweight, dbias


class LayerNorm(Layer):
    """Standardise the last axes of the input; see :func:`layer_norm_forward`.

    Parameters
    ----------
    normalized_shape : D, or the sizes of the last axes, which are normalised together.
    eps : ε, added to the variance.
    elementwise_affine : whether to learn γ (and β).
    bias : whether to learn β; only with ``elementwise_affine``.
    dtype : of the parameters.

    Raises
    ------
    ValueError : the last axes of the input have other sizes.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        self.normalized_shape, self.eps = last_axes("LayerNorm", normalized_shape), eps
        self.weight = Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, dtype)) if elementwise_affine and bias else None

    def forward(self, x: Array) -> Array:
        weight, bias = (p.data.reshape(-1) if p else None for p in (self.weight, self.bias))
        y, cache = layer_norm_forward(as_rows(x, self.normalized_shape), weight, bias, self.eps)
        self.remember(cache)
        return y.reshape(x.shape)

    def backward(self, dy: Array) -> Array:
        rows = dy.reshape(-1, math.prod(self.normalized_shape))
        dx, dweight, dbias = layer_norm_backward(rows, self.recall())
        if self.weight:
            self.weight.grad += dweight.reshape(self.normalized_shape)
        if self.bias:
            self.bias.grad += dbias.reshape(self.normalized_shape)
        return dx.reshape(dy.shape)

    def __repr__(self) -> str:
        return f"LayerNorm({self.normalized_shape}, eps={self.eps})"


def rms_norm_forward(x: Array, weight: Array | None, eps: float) -> tuple[Array, Any]:
    """Divide each row by its root mean square: ``y = γ · x / r`` with ``r = √(mean(x²) + ε)``.

    A layer norm that does not subtract the mean. Derivation of the gradient, with ``x̂ = x / r``: as
    ``∂r/∂xⱼ = x̂ⱼ/M``, ``dx = (dx̂ - x̂ · mean(dx̂ · x̂)) / r``; and ``dx̂ = dy · γ``, ``dγ = Σ dy · x̂`` over the rows.

    Parameters
    ----------
    x : (R, D)
    weight : γ (D,), or None.
    eps : ε, inside the root.

    Returns
    -------
    y : (R, D)
    cache : what :func:`rms_norm_backward` needs.

    Notes
    -----
    Source: Zhang and Sennrich 2019, "Root mean square layer normalization", section 4.
    """
    inverse_rms = 1 / np.sqrt(np.vecdot(x, x) / x.shape[1] + eps)[:, None]  # (R, 1)
    normalized = x * inverse_rms
    y = normalized if weight is None else normalized * weight
    return y, (normalized, inverse_rms, weight)


def rms_norm_backward(dy: Array, cache: Any) -> tuple[Array, Array]:
    """Return ``dx`` (R, D) and ``dweight`` (D,); see :func:`rms_norm_forward`."""
    normalized, inverse_rms, weight = cache
    dweight = np.einsum("rd,rd->d", dy, normalized)
    dnormalized = dy if weight is None else dy * weight
    slope = np.vecdot(dnormalized, normalized)[:, None] / dy.shape[1]  # (R, 1), mean(dx̂ · x̂)
    dx = normalized * -slope
    dx += dnormalized
    dx *= inverse_rms
    return dx, dweight


class RMSNorm(Layer):
    """Divide the last axes of the input by their root mean square; see :func:`rms_norm_forward`.

    Parameters
    ----------
    normalized_shape : D, or the sizes of the last axes, which are normalised together.
    eps : ε, added to the mean square; by default the spacing of the input's floats at 1, as PyTorch's.
    elementwise_affine : whether to learn γ.
    dtype : of the parameter.

    Raises
    ------
    ValueError : the last axes of the input have other sizes.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        self.normalized_shape, self.eps = last_axes("RMSNorm", normalized_shape), eps
        self.weight = Parameter(np.ones(self.normalized_shape, dtype)) if elementwise_affine else None

    def forward(self, x: Array) -> Array:
        rows = as_rows(x, self.normalized_shape)
        eps = float(np.finfo(x.dtype).eps) if self.eps is None else self.eps
        y, cache = rms_norm_forward(rows, self.weight.data.reshape(-1) if self.weight else None, eps)
        self.remember(cache)
        return y.reshape(x.shape)

    def backward(self, dy: Array) -> Array:
        dx, dweight = rms_norm_backward(dy.reshape(-1, math.prod(self.normalized_shape)), self.recall())
        if self.weight:
            self.weight.grad += dweight.reshape(self.normalized_shape)
        return dx.reshape(dy.shape)

    def __repr__(self) -> str:
        return f"RMSNorm({self.normalized_shape}, eps={self.eps})"


def last_axes(name: str, normalized_shape: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return the sizes of the axes to normalise as a tuple; raise ValueError unless they are positive."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or min(shape) < 1:
        raise ValueError(f"{name}: normalized_shape must be one or more positive sizes, got {normalized_shape}")
    return shape


def as_rows(x: Array, shape: tuple[int, ...]) -> Array:
    """Return ``x`` (..., *shape) as (R, M), one row for each place on the leading axes."""
    check_float("x", x)
    check_shape("x", x, ("...", *shape), "normalized_shape must be the sizes of the last axes of the input")
    return x.reshape(-1, math.prod(shape))
