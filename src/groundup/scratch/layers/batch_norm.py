"""Batch normalisation: standardise each channel over the batch, and remember its statistics for evaluation."""

from collections.abc import Callable
from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.group import batch_count, batch_mean
from groundup.scratch.layer import Layer
from groundup.scratch.layers.normalization import standardize_forward, unchanged
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def channel_first(x: Array) -> tuple[int, ...]:
    """Return the axes of ``x`` (N, C, ...) with the channel first, the others as they lie in memory, outermost first.

    Convolutions return arrays whose memory has the channel outermost, and perhaps the batch innermost. With the axes
    in this order, :func:`channel_rows` is a view: nothing is copied, and each row lies in one piece of memory.
    """
    return (1, *sorted({*range(x.ndim)} - {1}, key=lambda axis: -x.strides[axis]))


def channel_rows(x: Array, axes: tuple[int, ...]) -> Array:
    """Return ``x`` (N, C, ...) as (C, M), all values of a channel in one row, M = N · positions."""
    return x.transpose(axes).reshape(x.shape[1], x.size // x.shape[1])


def channel_images(rows: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """Return ``rows`` (C, M) as a view of shape (N, C, ...): the way back from :func:`channel_rows`."""
    return rows.reshape([shape[axis] for axis in axes]).transpose(np.argsort(axes))


def batch_norm_forward(
    x: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float = 1e-5,
    whole: Callable[[Array], Array] = unchanged,
) -> tuple[Array, Any]:
    """Standardise each channel over batch and positions: ``y = γ · (x - μ) / σ + β`` with ``σ = √(variance + ε)``.

    Derivation of the gradient: ``dβ = Σ dy`` and ``dγ = Σ dy · x̂`` over the M values of the channel. Through the
    standardisation (see ``standardize_forward``), with ``dx̂ = γ · dy``,

        ``dx = (dx̂ - mean(dx̂) - x̂ · mean(dx̂ · x̂)) / σ = γ/σ · (dy - dβ/M - x̂ · dγ/M)``:

    the two means are the gradients of β and γ, already there.

    Parameters
    ----------
    x : (N, C, ...)
    weight, bias : γ and β (C,), or None.
    eps : ε, inside the root.
    whole : turns means over these examples into means over the batch, if other processes have the rest of it; see
        :func:`groundup.scratch.group.batch_mean`. Nothing else of the formulas changes.

    Returns
    -------
    y : (N, C, ...), the channel outermost in memory, the other axes as those of x.
    cache : what :func:`batch_norm_backward` needs; its first entry is the mean and variance (C,) of each channel.

    Notes
    -----
    The variance is the mean of the squared deviations: divided by M, not M - 1.
    Source: Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", section 3 (algorithm 1).
    """
    axes = channel_first(x)
    rows = channel_rows(x, axes)  # (C, M)
    normalized, (_, inverse_std, mean, variance) = standardize_forward(rows, eps, whole)
    y = normalized.copy() if weight is None else normalized * weight[:, None]
    if bias is not None:
        y += bias[:, None]
    return channel_images(y, x.shape, axes), ((mean, variance), normalized, inverse_std, weight, axes, whole)


def batch_norm_backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Return ``dx`` (N, C, ...), ``dweight`` and ``dbias`` (C,); see :func:`batch_norm_forward`."""
    _, normalized, inverse_std, weight, axes, whole = cache
    rows = channel_rows(dy, axes)  # (C, M), in the order of x̂
    M = rows.shape[1]
    dbias = rows @ np.ones(M, rows.dtype)  # Σ dy, as a product several times faster than sum
    dweight = np.vecdot(rows, normalized)  # Σ dy · x̂ without an array of products
    shift, slope = whole(np.stack([dbias, dweight]) / M)  # the two means over the batch, in one exchange
    dx = normalized * -slope[:, None]
    dx += rows
    dx -= shift[:, None]
    dx *= inverse_std if weight is None else inverse_std * weight[:, None]
    return channel_images(dx, dy.shape, axes), dweight, dbias


class BatchNorm1d(Layer):
    """Standardise each feature over the batch, for (N, C) or (N, C, L); see :func:`batch_norm_forward`.

    In training the mean and variance are those of the batch, so each example's output depends on the others', and
    the running statistics move towards them. In evaluation the running statistics take their place: an example's
    output is then its own.

    Parameters
    ----------
    num_features : C.
    eps : ε, added to the variance.
    momentum : how far the running statistics move: ``running = (1 - momentum) · running + momentum · batch``
        (PyTorch's meaning, the opposite of an optimizer's). None: the average over all batches so far.
    affine : whether to learn γ and β.
    dtype : of the parameters and the running statistics.

    Attributes
    ----------
    running_mean, running_var : (C,); the variance divided by M - 1, an unbiased estimate (while the batch itself is
        normalised by the variance divided by M; algorithms 1 and 2 of the paper).
    num_batches_tracked : how many batches they have seen.

    Raises
    ------
    ValueError : the input has another shape; or, in training, one value for each channel.
    """

    buffers = ("running_mean", "running_var", "num_batches_tracked")
    shapes: tuple[tuple[str, ...], ...] = ((), ("L",))  # what may follow (N, C)

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        *,
        dtype: Any = np.float32,
    ) -> None:
        if num_features < 1:
            raise ValueError(f"{type(self).__name__}: num_features must be at least 1, got {num_features}")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, dtype)) if affine else None
        self.running_mean = np.zeros(num_features, dtype)
        self.running_var = np.ones(num_features, dtype)
        self.num_batches_tracked = np.array(0)

    def forward(self, x: Array) -> Array:
        self.check(x)
        weight, bias = (p.data if p else None for p in (self.weight, self.bias))
        if not self.training:
            return self.evaluate(x, weight, bias)
        y, cache = batch_norm_forward(x, weight, bias, self.eps, batch_mean)
        self.track(cache[0], batch_count(x.size // self.num_features))
        self.remember(cache)
        return y

    def check(self, x: Array) -> None:
        """Raise unless x has the right shape and, in training, something to take a variance of."""
        check_float("x", x)
        if x.ndim - 2 not in map(len, self.shapes) or x.shape[1] != self.num_features:
            expected = " or ".join(f"({', '.join(('N', str(self.num_features), *s))})" for s in self.shapes)
            raise ValueError(f"x: got shape {x.shape}, expected {expected}: the channels are the second axis")
        if self.training and batch_count(x.size // self.num_features) <= 1:
            raise ValueError(
                f"x: got shape {x.shape}: {type(self).__name__} in training needs more than one value for each "
                "channel to take a variance of; a last batch of one example, or eval() forgotten?"
            )

    def evaluate(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        """Normalise with the running statistics instead of the batch's."""
        column = (-1, *[1] * (x.ndim - 2))  # (C, 1, 1): along axis 1 of x
        scale = 1 / np.sqrt(self.running_var + self.eps)
        if weight is not None:
            scale *= weight
        y = x - self.running_mean.reshape(column)
        y *= scale.reshape(column)
        if bias is not None:
            y += bias.reshape(column)
        return y

    def track(self, statistics: tuple[Array, Array], count: int) -> None:
        """Move the running statistics, in place, towards the mean and variance of ``count`` values a channel."""
        mean, variance = statistics
        self.num_batches_tracked += 1
        step = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean += step * (mean - self.running_mean)
        self.running_var += step * (variance * (count / (count - 1)) - self.running_var)

    def backward(self, dy: Array) -> Array:
        dx, dweight, dbias = batch_norm_backward(dy, self.recall())
        if self.weight and self.bias:
            self.weight.grad += dweight
            self.bias.grad += dbias
        return dx

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.num_features}, eps={self.eps}, momentum={self.momentum})"


class BatchNorm2d(BatchNorm1d):
    """Standardise each channel over batch and positions, for images (N, C, H, W); see :class:`BatchNorm1d`."""

    shapes = (("H", "W"),)
