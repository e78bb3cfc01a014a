"""Group and instance normalisation: standardise the channels of each image on its own, in groups or one by one."""

import math
from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers.normalization import standardize_backward, standardize_forward
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def group_norm_forward(
    x: Array, groups: int, weight: Array | None, bias: Array | None, eps: float = 1e-5
) -> tuple[Array, Any]:
    """Standardise each group of channels of each example: ``y = γ_c · (x - μ) / σ + β_c``.

    One group is a layer norm over the whole image, as many groups as channels an instance norm. No statistics of
    the batch enter, so it works as well with two images a batch as with two hundred.

    Derivation of the gradient: a channel's γ and β serve all examples and positions, so ``dγ = Σ dy · x̂`` and
    ``dβ = Σ dy`` over these; ``dx̂ = dy · γ`` goes back through :func:`standardize_backward`.

    Parameters
    ----------
    x : (N, C, ...)
    groups : G, a divisor of C.
    weight, bias : γ and β (C,), or None.
    eps : ε, inside the root.

    Returns
    -------
    y : (N, C, ...)
    cache : what :func:`group_norm_backward` needs.

    Notes
    -----
    Source: Wu and He 2018, "Group normalization", section 3.
    """
    N, C = x.shape[:2]
    rows = x.reshape(N * groups, C // groups * math.prod(x.shape[2:]))  # (N·G, C/G · positions)
    normalized, inner = standardize_forward(rows, eps)
    images = normalized.reshape(N, C, math.prod(x.shape[2:]))  # (N, C, positions)
    y = images.copy() if weight is None else images * weight[:, None]
    if bias is not None:
        y += bias[:, None]
    return y.reshape(x.shape), (inner, weight)


def group_norm_backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Return ``dx`` (N, C, ...), ``dweight`` and ``dbias`` (C,); see :func:`group_norm_forward`."""
    inner, weight = cache
    rows = inner[0].shape  # (N·G, C/G · positions)
    images = dy.reshape(*dy.shape[:2], math.prod(dy.shape[2:]))  # (N, C, positions)
    dweight = np.einsum("ncp,ncp->c", images, inner[0].reshape(images.shape))
    dbias = images.sum(axis=(0, 2))
    dnormalized = images if weight is None else images * weight[:, None]
    return standardize_backward(dnormalized.reshape(rows), inner).reshape(dy.shape), dweight, dbias


class GroupNorm(Layer):
    """Standardise groups of channels of each example; see :func:`group_norm_forward`.

    Parameters
    ----------
    num_groups, num_channels : G and C; G divides C.
    eps : ε, added to the variance.
    affine : whether to learn γ and β.
    dtype : of the parameters.

    Raises
    ------
    ValueError : G does not divide C, the input has another number of channels, or only one value a group.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, dtype: Any = np.float32
    ) -> None:
        if num_groups < 1 or num_channels < 1 or num_channels % num_groups:
            raise ValueError(
                f"{type(self).__name__}: {num_channels} channels cannot be split into {num_groups} equal groups: "
                "the number of groups must divide that of channels"
            )
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight = Parameter(np.ones(num_channels, dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_channels, dtype)) if affine else None

    def forward(self, x: Array) -> Array:
        self.check(x)
        weight, bias = (p.data if p else None for p in (self.weight, self.bias))
        y, cache = group_norm_forward(x, self.num_groups, weight, bias, self.eps)
        self.remember(cache)
        return y

    def check(self, x: Array) -> None:
        """Raise unless x is (N, C, ...)."""
        check_float("x", x)
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ValueError(
                f"x: got shape {x.shape}, expected (N, {self.num_channels}, ...): the channels are the second axis"
            )

    def backward(self, dy: Array) -> Array:
        dx, dweight, dbias = group_norm_backward(dy, self.recall())
        if self.weight and self.bias:
            self.weight.grad += dweight
            self.bias.grad += dbias
        return dx

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.num_groups}, {self.num_channels}, eps={self.eps})"


class InstanceNorm1d(GroupNorm):
    """Standardise each channel of each example, (N, C, L), on its own: a group norm with one channel a group.

    Parameters
    ----------
    num_features : C.
    eps : ε, added to the variance.
    affine : whether to learn γ and β; as PyTorch's, by default not.
    dtype : of the parameters.

    Raises
    ------
    ValueError : the input has another shape, or only one position: its variance would be zero.

    Notes
    -----
    Source: Ulyanov, Vedaldi and Lempitsky 2016, "Instance normalization: the missing ingredient for fast
    stylization", section 2.
    """

    axes: tuple[str, ...] = ("L",)

    def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False, *, dtype: Any = np.float32) -> None:
        super().__init__(num_features, num_features, eps, affine, dtype=dtype)

    def check(self, x: Array) -> None:
        check_float("x", x)
        check_shape("x", x, ("N", self.num_channels, *self.axes), f"{type(self).__name__} takes (N, C, positions)")
        if self.training and math.prod(x.shape[2:]) == 1:
            raise ValueError(
                f"x: got shape {x.shape}: one position a channel has no variance, every output would be 0; "
                "too many strides or poolings before this layer?"
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.num_channels}, eps={self.eps})"


class InstanceNorm2d(InstanceNorm1d):
    """Standardise each channel of each image, (N, C, H, W), on its own; see :class:`InstanceNorm1d`."""

    axes = ("H", "W")
