"""Losses that learn distances: what belongs together moves together, what does not moves apart."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.losses.loss import Loss, check_positive, check_signs, reduce, spread

Array = np.ndarray

TINY = 1e-12  # added to squared lengths, as PyTorch does: a vector of zeros has no direction


def cosine_embedding_forward(
    x1: Array, x2: Array, target: Array, margin: float = 0.0, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Turn pairs towards each other (y = +1), or apart until their cosine is below a margin (y = -1).

    With ``c = x₁·x₂ / (|x₁| |x₂|)``: ``ℓ = 1 - c`` where y = +1, ``max(0, c - m)`` where y = -1.

    Gradient: ``∂c/∂x₁ = x₂ / (|x₁| |x₂|) - c x₁ / |x₁|²`` (and the same with 1 and 2 exchanged): the other
    vector, less its part along this one, for length does not change an angle.

    Parameters
    ----------
    x1, x2 : (N, D).
    target : (N,), -1 or +1.
    margin : m, -1 to 1; 0 asks for a right angle at least.
    reduction : "mean" over N, "sum" or "none".

    Returns
    -------
    loss : scalar, or (N,) for "none".
    cache : what :func:`cosine_embedding_backward` needs.
    """
    square1, square2 = (x1 * x1).sum(axis=1) + TINY, (x2 * x2).sum(axis=1) + TINY  # (N,)
    lengths = np.sqrt(square1) * np.sqrt(square2)  # the product of the squares could overflow
    cosine = (x1 * x2).sum(axis=1) / lengths
    losses = np.where(target > 0, 1 - cosine, np.maximum(cosine - margin, 0))
    slope = np.where(target > 0, -1, cosine > margin).astype(x1.dtype)  # dℓ/dc
    return reduce(losses, reduction), (x1, x2, square1, square2, lengths, cosine, slope, reduction)


def cosine_embedding_backward(dloss: Any, cache: Any) -> tuple[Array, Array]:
    """Return ``dx1`` and ``dx2``, (N, D)."""
    x1, x2, square1, square2, lengths, cosine, slope, reduction = cache
    dcosine = slope * spread(dloss, slope.shape, reduction, slope.dtype)  # (N,)
    across = (dcosine / lengths)[:, None]
    dx1 = across * x2 - (dcosine * cosine / square1)[:, None] * x1
    dx2 = across * x1 - (dcosine * cosine / square2)[:, None] * x2
    return dx1, dx2


class CosineEmbedding(Loss):
    """A loss on the angle between pairs; see :func:`cosine_embedding_forward`.

    Raises
    ------
    TypeError : an input is not an array of floats.
    ValueError : the shapes do not fit; a target is neither -1 nor +1; the margin is outside -1 to 1.
    """

    def __init__(self, reduction: str = "mean", *, margin: float = 0.0) -> None:
        super().__init__(reduction)
        if not -1 <= margin <= 1:
            raise ValueError(f"margin must be -1 to 1, as a cosine is, got {margin}")
        self.margin = margin

    def forward(self, x1: Array, x2: Array, target: Array) -> Any:
        check_vectors(x1=x1, x2=x2)
        target = check_signs(target, (len(x1),), x1.dtype)
        loss, cache = cosine_embedding_forward(x1, x2, target, self.margin, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> tuple[Array, Array]:
        return cosine_embedding_backward(dloss, self.recall())


def triplet_margin_forward(
    anchor: Array, positive: Array, negative: Array, margin: float = 1.0, eps: float = 1e-6, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Keep an anchor nearer to its like than to anything else: ``ℓ = max(0, |a - p + ε| - |a - n + ε| + m)``.

    Gradient: that of a length ``|v|`` is the direction ``v / |v|``. With the directions u from p and w from n to
    the anchor, ``da = u - w``, ``dp = -u`` and ``dn = w`` where the loss is positive; elsewhere, at a length of
    zero, and at the kink, 0.

    Parameters
    ----------
    anchor, positive, negative : (N, D): an example, one of the same class, one of another.
    margin : m > 0, in the unit of the distance, which is Euclidean (PyTorch's ``p=2``).
    eps : ε, added to each difference, as PyTorch does.
    reduction : "mean" over N, "sum" or "none".

    Returns
    -------
    loss : scalar, or (N,) for "none".
    cache : what :func:`triplet_margin_backward` needs.

    Source: Schroff et al. 2015, "FaceNet: a unified embedding for face recognition and clustering", section 3.1,
    which squares the distances; without squares as in Balntas et al. 2016, "Learning local feature descriptors with
    triplets and shallow convolutional neural networks".
    """
    near, far = anchor - positive + eps, anchor - negative + eps  # (N, D)
    d_near, d_far = np.sqrt((near * near).sum(axis=1)), np.sqrt((far * far).sum(axis=1))  # (N,)
    losses = np.maximum(d_near - d_far + margin, 0)
    near /= np.where(d_near == 0, 1, d_near)[:, None]  # from here on directions
    far /= np.where(d_far == 0, 1, d_far)[:, None]
    return reduce(losses, reduction), (near, far, losses > 0, reduction)


def triplet_margin_backward(dloss: Any, cache: Any) -> tuple[Array, Array, Array]:
    """Return ``danchor``, ``dpositive`` and ``dnegative``, (N, D)."""
    near, far, active, reduction = cache
    pull = (active * spread(dloss, active.shape, reduction, near.dtype))[:, None]  # (N, 1)
    dpositive, dnegative = -pull * near, pull * far
    return -dpositive - dnegative, dpositive, dnegative


class TripletMargin(Loss):
    """A loss on the distances within triplets; see :func:`triplet_margin_forward`.

    Raises
    ------
    TypeError : an input is not an array of floats.
    ValueError : the shapes differ; the margin is not above 0, or eps below 0.
    """

    def __init__(self, reduction: str = "mean", *, margin: float = 1.0, eps: float = 1e-6) -> None:
        super().__init__(reduction)
        check_positive("margin", margin)
        check_positive("eps", eps, zero=True)
        self.margin, self.eps = margin, eps

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Any:
        check_vectors(anchor=anchor, positive=positive, negative=negative)
        loss, cache = triplet_margin_forward(anchor, positive, negative, self.margin, self.eps, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> tuple[Array, Array, Array]:
        return triplet_margin_backward(dloss, self.recall())


def check_vectors(**inputs: Array) -> None:
    """Raise unless all are float arrays (N, D) of one shape; the first sets it."""
    first = next(iter(inputs))
    for name, x in inputs.items():
        check_float(name, x)
        check_shape(name, x, ("N", "D"), "one vector for each example")
        check_shape(name, x, inputs[first].shape, f"every example needs a vector in {first} and in {name}")
