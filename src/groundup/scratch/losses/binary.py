"""Losses for yes or no: one logit for each question, which may be one an example or several.

All three see the prediction through the *margin*: positive where the sign of the logit is right, and the larger
the surer.
"""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float
from groundup.scratch.losses.loss import Loss, check_pair, check_positive, check_signs, reduce, spread

Array = np.ndarray


def decay(x: Array) -> Array:
    """Return ``e^-|x|``, from which sigmoid and softplus of both x and -x follow; it cannot overflow."""
    e = np.abs(x)
    e *= -1
    return np.exp(e)


def sigmoids(x: Array, e: Array) -> tuple[Array, Array]:
    """Return ``σ(x)`` and ``σ(-x) = 1 - σ(x)``, both accurate in both tails; ``e`` is :func:`decay` of x."""
    # σ(|x|) is 1/(1 + e) and σ(-|x|) is e/(1 + e). So above the line stands 1 or e. As e is at most 1, a maximum with 1
    # or 0 chooses; unlike np.where it has no branch, which the processor would have to guess.
    yes = np.maximum(e, (x >= 0).astype(x.dtype))
    no = np.maximum(e, (x <= 0).astype(x.dtype))
    whole = 1 + e
    yes /= whole
    no /= whole
    return yes, no


def bce_with_logits_forward(
    logits: Array, target: Array, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Measure the surprise at the answer: ``ℓ = -w [p y log σ(x) + (1 - y) log(1 - σ(x))]``, in nats.

    Computed without the sigmoid, which would round to 0 or 1 before its logarithm is taken:
    ``-log σ(x) = log(1 + e⁻ˣ) = max(-x, 0) + log(1 + e^-|x|)``, and likewise ``-log(1 - σ(x))`` with -x for x.

    Gradient: ``(log σ)'(x) = σ(-x)``, so ``∂ℓ/∂x = w [(1 - y) σ(x) - p y σ(-x)]``; for w = p = 1 that is ``σ(x) - y``.

    Parameters
    ----------
    logits : x, any shape.
    target : y, of the same shape, 0 to 1.
    weight : w, weights of the elements; broadcast against the logits.
    pos_weight : p, how many times more a yes counts than a no; broadcast against the logits, so (C,) for (N, C).
        The number of noes over the number of yeses balances the two.
    reduction : "mean" over every element (not over the weights, as in PyTorch), "sum" or "none".

    Returns
    -------
    loss : scalar, or of the logits' shape for "none".
    cache : what :func:`bce_with_logits_backward` needs.
    """
    e = decay(logits)
    yes = target if pos_weight is None else target * np.asarray(pos_weight, logits.dtype)
    no = 1 - target
    if weight is not None:
        weight = np.asarray(weight, logits.dtype)
        yes, no = yes * weight, no * weight
    # As max(-x, 0) = max(x, 0) - x, the sum of both terms is (yes + no) (log(1 + e^-|x|) + max(x, 0)) - yes x.
    losses, straight = np.log1p(e), np.maximum(logits, 0)
    if weight is not None or pos_weight is not None:  # else yes + no = 1
        losses *= yes + no
        straight *= yes + no
    straight -= yes * logits
    losses += straight
    return reduce(losses, reduction), (logits, e, yes, no, reduction)


def bce_with_logits_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlogits``, of their shape."""
    logits, e, yes, no, reduction = cache
    dlogits, p_no = sigmoids(logits, e)
    dlogits *= no
    p_no *= yes
    dlogits -= p_no
    dlogits *= spread(dloss, logits.shape, reduction, logits.dtype)
    return dlogits


class BCEWithLogits(Loss):
    """Sigmoid and binary cross-entropy in one, in nats; see :func:`bce_with_logits_forward`.

    ``weight`` and ``pos_weight`` are part of the state, as in PyTorch.

    Raises
    ------
    TypeError : the logits are not an array of floats.
    ValueError : logits and target differ in shape, or a target lies outside 0 to 1.
    """

    weight: Array | None
    pos_weight: Array | None

    def __init__(self, reduction: str = "mean", *, weight: Any = None, pos_weight: Any = None) -> None:
        super().__init__(reduction, weight=weight, pos_weight=pos_weight)

    def forward(self, logits: Array, target: Array) -> Any:
        target = check_zero_to_one(check_pair(logits, target, "logits"))
        for name in self.buffers:
            check_broadcast(name, getattr(self, name), logits)
        loss, cache = bce_with_logits_forward(logits, target, self.weight, self.pos_weight, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return bce_with_logits_backward(dloss, self.recall())


def check_zero_to_one(target: Array) -> Array:
    """Return the target; raise ValueError unless it lies in 0 to 1."""
    if target.size and not (target.min() >= 0 and target.max() <= 1):  # also if there is a NaN, which passes no test
        wrong = target[~((target >= 0) & (target <= 1))]
        hint = "turn -1 and +1 into 0 and 1 with (target + 1) / 2" if wrong[0] == -1 else "the target is a probability"
        raise ValueError(f"target: found {wrong[0]}, expected 0 to 1: {hint}")
    return target


def check_broadcast(name: str, weight: Array, logits: Array) -> None:
    """Raise ValueError unless ``weight`` can be spread over the logits."""
    try:
        fits = np.broadcast_shapes(weight.shape, logits.shape) == logits.shape
    except ValueError:
        fits = False
    if not fits:
        hint = "its last axis is the logits' last axis, or 1"
        raise ValueError(f"{name}: got shape {weight.shape}, which does not spread over logits {logits.shape}: {hint}")


def focal_forward(
    logits: Array, target: Array, gamma: float = 2.0, alpha: float | None = 0.25, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Measure surprise, but count the easy examples less: ``ℓ = -α_t (1 - p_t)^γ log p_t``, in nats.

    ``p_t`` is the probability given to the right answer: with the margin ``t = x`` for a yes and ``-x`` for a no,
    ``p_t = σ(t)``. An example that is right with ``p_t = 0.9`` counts 100 times less than in cross-entropy
    (γ = 2), so that millions of easy noes do not drown a few yeses.

    Gradient: let ``q = 1 - p_t = σ(-t)`` and ``s = -log p_t``. Then ``dq/dt = -q p_t`` and ``ds/dt = -q``, so
    ``dℓ/dt = -α_t q^γ (γ p_t s + q)``; and ``dt/dx`` is +1 or -1.

    Parameters
    ----------
    logits : x, any shape.
    target : 0 or 1, of the same shape.
    gamma : γ ≥ 0, the focusing parameter; 0 gives (weighted) binary cross-entropy.
    alpha : weight of a yes, 0 to 1; a no weighs ``1 - alpha``. None: both weigh 1.
    reduction : "mean" over every element, "sum" or "none". For detection the paper takes the sum and divides it by
        the number of anchors that are assigned to an object.

    Source: Lin et al. 2017, "Focal loss for dense object detection", section 3.
    """
    sign = 2 * target - 1
    margin = sign * logits
    e = decay(margin)
    surprise = np.maximum(-margin, 0) + np.log1p(e)
    right, wrong = sigmoids(margin, e)  # p_t and 1 - p_t
    scale = wrong**gamma
    if alpha is not None:
        scale *= np.where(target > 0, alpha, 1 - alpha).astype(logits.dtype)
    return reduce(scale * surprise, reduction), (sign, surprise, right, wrong, scale, gamma, reduction)


def focal_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlogits``, of their shape."""
    sign, surprise, right, wrong, scale, gamma, reduction = cache
    dmargin = -scale * (gamma * right * surprise + wrong)
    return sign * dmargin * spread(dloss, sign.shape, reduction, sign.dtype)


class Focal(Loss):
    """Binary cross-entropy that turns to the hard examples; see :func:`focal_forward`.

    PyTorch itself has no such loss; its twin is the formula composed of PyTorch's functions, whose gradient comes
    from autograd.

    Raises
    ------
    TypeError : the logits are not an array of floats.
    ValueError : logits and target differ in shape; a target is neither 0 nor 1; gamma below 0, alpha outside 0 to 1.
    """

    def __init__(self, reduction: str = "mean", *, gamma: float = 2.0, alpha: float | None = 0.25) -> None:
        super().__init__(reduction)
        check_positive("gamma", gamma, zero=True)
        if alpha is not None and not 0 <= alpha <= 1:
            raise ValueError(f"alpha must be 0 to 1 (a no weighs 1 - alpha), or None, got {alpha}")
        self.gamma, self.alpha = gamma, alpha

    def forward(self, logits: Array, target: Array) -> Any:
        target = check_pair(logits, target, "logits")
        wrong = target[(target != 0) & (target != 1)]
        if wrong.size:
            raise ValueError(f"target: found {wrong[0]}, expected 0 or 1: focal loss knows no answer in between")
        loss, cache = focal_forward(logits, target, self.gamma, self.alpha, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return focal_backward(dloss, self.recall())


def hinge_forward(scores: Array, target: Array, margin: float = 1.0, reduction: str = "mean") -> tuple[Any, Any]:
    """Ask for the right sign with room to spare: ``ℓ = max(0, m - y s)``, the loss of support vector machines.

    Gradient: ``-y`` where the margin is not yet reached (``y s < m``), else 0: an example that is right by enough
    no longer pulls. At the kink we take 0.

    Parameters
    ----------
    scores : s, any shape.
    target : y, -1 or +1, of the same shape.
    margin : m > 0.
    reduction : "mean" over every element, "sum" or "none".

    Source: Cortes and Vapnik 1995, "Support-vector networks", whose sum of slacks ``ξ ≥ 1 - y s`` it is.
    """
    shortfall = np.maximum(margin - target * scores, 0)
    return reduce(shortfall, reduction), (shortfall, target, reduction)


def hinge_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dscores``, of their shape."""
    shortfall, target, reduction = cache
    return -target * (shortfall > 0) * spread(dloss, target.shape, reduction, target.dtype)


class Hinge(Loss):
    """The binary margin loss of support vector machines, ``max(0, m - y s)``; see :func:`hinge_forward`.

    Not PyTorch's ``HingeEmbeddingLoss`` (which takes distances: s itself where y = +1) nor its ``MultiMarginLoss``
    (one score for each of several classes). PyTorch has no module for this one; its twin is the formula composed
    of PyTorch's functions.

    Raises
    ------
    TypeError : the scores are not an array of floats.
    ValueError : scores and target differ in shape; a target is neither -1 nor +1; the margin is not above 0.
    """

    def __init__(self, reduction: str = "mean", *, margin: float = 1.0) -> None:
        super().__init__(reduction)
        check_positive("margin", margin)
        self.margin = margin

    def forward(self, scores: Array, target: Array) -> Any:
        check_float("scores", scores)
        target = check_signs(target, scores.shape, scores.dtype)
        loss, cache = hinge_forward(scores, target, self.margin, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return hinge_backward(dloss, self.recall())
