"""Negative sampling: learn vectors of words by telling the word that was there from words drawn at random."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.losses.binary import decay, sigmoids
from groundup.scratch.losses.loss import Loss, reduce, spread

Array = np.ndarray


def negative_sampling_forward(center: Array, context: Array, reduction: str = "mean") -> tuple[Any, Any]:
    """Ask of each context word whether it was really there: ``ℓ = -log σ(u₀·v) - Σₖ log σ(-uₖ·v)``, in nats.

    v is the vector of the word in the centre, u₀ that of a word near it, and u₁ to u_K those of words drawn at random.
    A softmax would need the products with all words of the vocabulary; this needs K + 1.

    Derivation of the gradient: with the scores ``sₖ = uₖ·v`` this is binary cross-entropy, whose answer is yes for
    k = 0 and no for the others. From ``(log σ)'(s) = σ(-s)``: ``∂ℓ/∂s₀ = -σ(-s₀)`` and ``∂ℓ/∂sₖ = σ(sₖ)``. The
    score is a product, so ``dv = Σₖ dsₖ uₖ`` and ``duₖ = dsₖ v``.

    Parameters
    ----------
    center : v, (N, D).
    context : u, (N, 1 + K, D): first the word that was there, then K that were drawn.
    reduction : "mean" over N, "sum" or "none".

    Returns
    -------
    loss : scalar, or (N,) for "none".
    cache : what :func:`negative_sampling_backward` needs.

    Notes
    -----
    Source: Mikolov et al. 2013, "Distributed representations of words and phrases and their compositionality",
    section 2.2, equation 4 (which is maximised: its sign is the opposite).
    """
    scores = (context @ center[:, :, None])[:, :, 0]  # (N, 1 + K)
    e = decay(scores)
    against = scores.copy()  # a no's loss is log(1 + eˢ) = log(1 + e^-|s|) + max(s, 0); a yes has -s for s
    against[:, 0] *= -1
    losses = (np.log1p(e) + np.maximum(against, 0)).sum(axis=1)
    return reduce(losses, reduction), (center, context, scores, e, reduction)


def negative_sampling_backward(dloss: Any, cache: Any) -> tuple[Array, Array]:
    """Return ``dcenter`` (N, D) and ``dcontext`` (N, 1 + K, D)."""
    center, context, scores, e, reduction = cache
    p_yes, p_no = sigmoids(scores, e)
    dscores = p_yes  # (N, 1 + K)
    dscores[:, 0] = -p_no[:, 0]
    dscores *= spread(dloss, (len(scores),), reduction, scores.dtype)[:, None]
    dcenter = (dscores[:, None, :] @ context)[:, 0]
    dcontext = dscores[:, :, None] * center[:, None, :]
    return dcenter, dcontext


class NegativeSampling(Loss):
    """The loss of skip-gram word vectors; see :func:`negative_sampling_forward`.

    Raises
    ------
    TypeError : an input is not an array of floats.
    ValueError : the shapes do not fit.
    """

    def forward(self, center: Array, context: Array) -> Any:
        check_float("center", center)
        check_float("context", context)
        check_shape("center", center, ("N", "D"), "one vector for each pair of words")
        check_shape("context", context, ("N", "1 + K", "D"), "first the word that was there, then those drawn")
        N, D = center.shape
        check_shape("context", context, (N, "1 + K", D), f"center has shape {center.shape}")
        if context.shape[1] == 0:
            raise ValueError(f"context: got shape {context.shape}, expected (N, 1 + K, D): the word there is missing")
        loss, cache = negative_sampling_forward(center, context, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> tuple[Array, Array]:
        return negative_sampling_backward(dloss, self.recall())
