"""The distance from one distribution to another."""

from typing import Any

import numpy as np

from groundup.scratch.losses.loss import Loss, check_pair, reduce, spread

Array = np.ndarray


def kl_divergence_forward(
    log_q: Array, target: Array, log_target: bool = False, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Measure how far the prediction q is from the distribution p: ``ℓ = p (log p - log q)``, in nats.

    Summed over the classes this is ``KL(p ‖ q)``: the extra surprise of someone who believes q while p is true.
    Where ``p = 0`` the term is 0 (the limit of ``p log p``), also when ``log q = -∞``; PyTorch gives NaN there.

    Gradient: ``∂ℓ/∂log q = -p``. Only q is differentiated: p is the target.

    Parameters
    ----------
    log_q : log-probabilities, such as :func:`log_softmax` returns; any shape, classes usually last.
    target : probabilities p, of the same shape; with ``log_target``, their logarithms.
    reduction : "mean" over every *element*, as in PyTorch, which is KL divided by the number of classes; "batchmean"
        divides the sum by the length N of the first axis, and is the KL of the definition; "sum" or "none".

    Returns
    -------
    loss : scalar, or of the input's shape for "none".
    cache : what :func:`kl_divergence_backward` needs.

    Source: Kullback and Leibler 1951, "On information and sufficiency", section 2.
    """
    if log_target:
        p, log_p = np.exp(target), target
    else:
        p, log_p = target, np.log(np.where(target == 0, 1, target))
    possible = p != 0
    losses = p * (np.where(possible, log_p, 0) - np.where(possible, log_q, 0))
    reduction, count = ("mean", len(log_q)) if reduction == "batchmean" else (reduction, None)
    return reduce(losses, reduction, count), (p, reduction, count)


def kl_divergence_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlog_q``, of its shape."""
    p, reduction, count = cache
    return -p * spread(dloss, p.shape, reduction, p.dtype, count)


class KLDivergence(Loss):
    """Kullback-Leibler divergence, in nats; see :func:`kl_divergence_forward`.

    The default is PyTorch's "mean", over elements (it announces that this will become "batchmean"); you probably
    want ``reduction="batchmean"``, the mean over examples.

    Raises
    ------
    TypeError : the prediction is not an array of floats.
    ValueError : the shapes differ; a target is negative although ``log_target`` is False.
    """

    reductions = ("mean", "batchmean", "sum", "none")

    def __init__(self, reduction: str = "mean", *, log_target: bool = False) -> None:
        super().__init__(reduction)
        self.log_target = log_target

    def forward(self, log_q: Array, target: Array) -> Any:
        target = check_pair(log_q, target, "log_q")
        if not self.log_target and target.size and target.min() < 0:
            hint = "for log-probabilities pass log_target=True"
            raise ValueError(f"target: found {target.min()}, expected probabilities (at least 0): {hint}")
        loss, cache = kl_divergence_forward(log_q, target, self.log_target, self.reduction)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return kl_divergence_backward(dloss, self.recall())
