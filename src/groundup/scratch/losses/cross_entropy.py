"""Losses for one class out of C: cross-entropy from logits, and from log-probabilities (NLL)."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_labels, check_shape
from groundup.scratch.losses.loss import Loss, reduce, spread

Array = np.ndarray

IGNORE = -100  # the label that PyTorch, too, leaves out by default


# -- the softmax and its logarithm -----------------------------------------------------------------------------


def shift(z: Array) -> tuple[Array, Array]:
    """Return ``z - max z`` over the last axis, and that maximum: no exponent is then above 0.

    Where a row holds only -∞ nothing is subtracted: -∞ - (-∞) would be NaN.
    """
    largest = z.max(axis=-1, keepdims=True)
    largest[largest == -np.inf] = 0
    return z - largest, largest


def row_sums(x: Array) -> Array:
    """Return the sums over the last axis; a product with ones is several times faster than ``sum`` on short rows."""
    return x @ np.ones(x.shape[-1], x.dtype)


def logsumexp(z: Array) -> Array:
    """Return ``log Σⱼ e^{zⱼ}`` over the last axis, without overflow: ``m + log Σⱼ e^{zⱼ - m}`` with m the largest.

    A row of -∞ alone gives -∞, the logarithm of an empty sum, and no warning.
    """
    shifted, largest = shift(z)
    with np.errstate(divide="ignore"):  # log 0 = -∞ is the right answer
        return np.log(np.exp(shifted, out=shifted).sum(axis=-1)) + largest[..., 0]


def log_softmax(logits: Array) -> Array:
    """Return ``log(e^{zᵢ} / Σⱼ e^{zⱼ})`` over the last axis, without overflow.

    Subtracting the largest logit changes nothing (it cancels in the fraction), but then no exponent exceeds 0.
    A logit of -∞ is an impossible class. In a row of -∞ alone no class is possible: all its logarithms are -∞
    (PyTorch's are NaN).
    """
    shifted, _ = shift(logits)
    totals = np.exp(shifted).sum(axis=-1, keepdims=True)
    totals[totals == 0] = 1
    shifted -= np.log(totals)
    return shifted


# -- what the losses of this file share ------------------------------------------------------------------------


def class_last(x: Array) -> Array:
    """Return (N, C, d₁, ...) as rows (M, C), one for each position; for (N, C) that is a view."""
    return np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])


def class_second(rows: Array, shape: tuple[int, ...]) -> Array:
    """Return rows (M, C) in the ``shape`` (N, C, d₁, ...) that they came from: the inverse of :func:`class_last`."""
    n, c, *rest = shape
    return np.moveaxis(rows.reshape(n, *rest, c), -1, 1)


def weigh(labels: Array, weight: Any, ignore_index: int, dtype: Any) -> tuple[Array, Array]:
    """Return labels (M,) that can serve as indices, and how much each counts (M,): 0 if it is to be ignored."""
    kept = labels != ignore_index
    safe = np.where(kept, labels, 0)
    amounts = kept.astype(dtype)
    if weight is not None:
        amounts *= np.asarray(weight, dtype)[safe]
    return safe, amounts


def weight_of(labels: Array, weight: Array | None, ignore_index: int) -> float:
    """Return the sum of the weights of all labels that are not ignored."""
    kept = labels[labels != ignore_index]
    # Clipped: that a label is out of range, forward says.
    return float(kept.size if weight is None else weight.take(kept, mode="clip").sum())


# -- cross-entropy ---------------------------------------------------------------------------------------------


def cross_entropy_forward(
    logits: Array, labels: Array, weight: Any = None, ignore_index: int = IGNORE, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Measure the surprise at the right class: ``ℓₙ = -w_y log softmax(zₙ)_y`` with ``y = labelₙ``, in nats.

    Derivation: ``ℓ = w_y (log Σⱼ e^{zⱼ} - z_y)``, so
    ``∂ℓ/∂zᵢ = w_y (e^{zᵢ} / Σⱼ e^{zⱼ} - [i = y]) = w_y (softmax(z)ᵢ - [i = y])``.

    What makes it fast: there is one array of the logits' size. It holds first z - max z, then in its place the
    exponentials; backward needs only to scale these, and computes none again.

    Parameters
    ----------
    logits : (N, C) or (N, C, d₁, ...), unnormalised log-probabilities: no softmax before this loss. A logit of
        -∞ is a class that cannot be.
    labels : (N,) or (N, d₁, ...), ints in 0..C-1.
    weight : (C,), w, what an example of each class counts; None: 1.
    ignore_index : the label of positions that do not count: their loss and gradient are 0.
    reduction : "mean" divides the sum by ``Σₙ w_y`` over what is not ignored (so by the number of labels if there
        are no weights), "sum" or "none". If everything is ignored, or the batch is empty, the mean is NaN with a
        gradient of zeros, as in PyTorch: it is no loss of 0, and weights come to no harm.

    Returns
    -------
    loss : scalar, or of the labels' shape for "none".
    cache : what :func:`cross_entropy_backward` needs.

    Notes
    -----
    In a row of -∞ alone no class is possible; the softmax counts as zero everywhere, so the loss is ∞ and the
    gradient finite. PyTorch's are NaN, even if the label of the row is ignored.
    """
    shifted, _ = shift(class_last(logits))  # (M, C)
    index, amounts = weigh(labels.reshape(-1), weight, ignore_index, logits.dtype)  # (M,)
    right = shifted[np.arange(len(index)), index]  # (M,)
    exps = np.exp(shifted, out=shifted)
    totals = row_sums(exps)  # (M,)
    totals[totals == 0] = 1
    losses = amounts * np.where(amounts == 0, 0, np.log(totals) - right)  # no weight, no loss: 0 · ∞ = 0
    count = amounts.sum()
    loss = reduce(losses.reshape(labels.shape), reduction, count)
    return loss, (exps, totals, index, amounts, count, labels.shape, logits.shape, reduction)


def cross_entropy_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlogits``: softmax minus one-hot, times the gradient of each position's loss."""
    exps, totals, index, amounts, count, labels_shape, shape, reduction = cache
    scale = amounts * spread(dloss, labels_shape, reduction, exps.dtype, count).reshape(-1)  # (M,)
    dlogits = exps * (scale / totals)[:, None]  # (M, C)
    dlogits[np.arange(len(index)), index] -= scale
    return class_second(dlogits, shape)


def soft_cross_entropy_forward(
    logits: Array, target: Array, count: Any = None, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Measure the surprise that is expected if the classes come as the target says: ``ℓₙ = -Σᵢ tₙᵢ log softmax(zₙ)ᵢ``.

    Derivation: ``ℓ = (Σⱼ tⱼ) log Σⱼ e^{zⱼ} - Σⱼ tⱼ zⱼ``, so ``∂ℓ/∂zᵢ = (Σⱼ tⱼ) softmax(z)ᵢ - tᵢ``. The targets
    of a distribution add up to 1; with class weights and label smoothing they need not.

    Parameters
    ----------
    logits : (N, C) or (N, C, d₁, ...).
    target : what each class counts, of the same shape. Where it is 0 a logit of -∞ does no harm.
    count : what the mean divides by; by default the number of positions.
    reduction : "mean", "sum" or "none".

    Returns
    -------
    loss : scalar in nats, or (N, d₁, ...) for "none".
    cache : what :func:`soft_cross_entropy_backward` needs.
    """
    log_p = log_softmax(class_last(logits))  # (M, C)
    t = class_last(target)
    losses = -row_sums(t * np.where(t == 0, 0, log_p))  # (M,)
    losses = losses.reshape(logits.shape[0], *logits.shape[2:])
    return reduce(losses, reduction, count), (log_p, t, losses.shape, logits.shape, count, reduction)


def soft_cross_entropy_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlogits``: softmax times the whole target, minus the target, times each position's gradient."""
    log_p, t, losses_shape, shape, count, reduction = cache
    dlogits = np.exp(log_p)  # softmax
    dlogits *= t.sum(axis=1)[:, None]
    dlogits -= t
    dlogits *= spread(dloss, losses_shape, reduction, log_p.dtype, count).reshape(-1)[:, None]
    return class_second(dlogits, shape)


def smooth(
    labels: Array, shape: tuple[int, ...], smoothing: float, weight: Any, ignore_index: int, dtype: Any
) -> tuple[Array, Any]:
    """Return labels as a smoothed target for :func:`soft_cross_entropy_forward`, and what its mean divides by.

    The right class keeps ``1 - ε`` and all C classes, the right one too, share ε equally; then each class counts
    with its weight. As in PyTorch the mean divides by the weights of the right classes, as without smoothing.
    """
    index, amounts = weigh(labels.reshape(-1), weight, ignore_index, dtype)
    rows = np.empty((len(index), shape[1]), dtype)
    rows[:] = smoothing / shape[1] if weight is None else np.asarray(weight, dtype) * (smoothing / shape[1])
    rows[labels.reshape(-1) == ignore_index] = 0
    rows[np.arange(len(index)), index] += amounts * (1 - smoothing)
    return class_second(rows, shape), amounts.sum()


class CrossEntropy(Loss):
    """Softmax and negative log-likelihood in one, in nats; see :func:`cross_entropy_forward`.

    Parameters
    ----------
    reduction : "mean", "sum" or "none".
    weight : (C,), what an example of each class counts; part of the state.
    ignore_index : the label that does not count.
    label_smoothing : ε, 0 to 1: the right class is wanted with ``1 - ε`` only, and ε is shared by all; then logits
        need not grow for ever. A class with a logit of -∞ gets its share too, and the loss is infinite. Source:
        Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision", section 7.

    Instead of class indices the target may be probabilities: floats of the logits' shape (N, C, ...); see
    :func:`soft_cross_entropy_forward`. Its mean is over positions, also with weights, as in PyTorch.

    Raises
    ------
    TypeError : the logits are not floats, or the labels neither whole numbers nor probabilities.
    ValueError : the shapes do not fit, or a label is out of range.
    """

    weight: Array | None

    def __init__(
        self,
        reduction: str = "mean",
        *,
        weight: Any = None,
        ignore_index: int = IGNORE,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction, weight=weight)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be 0 to 1, got {label_smoothing}")
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, logits: Array, labels: Array) -> Any:
        labels = np.asarray(labels)
        check_float("logits", logits)
        soft = np.issubdtype(labels.dtype, np.floating) and labels.shape == logits.shape
        check_classes("logits", logits, labels, self.weight, None if soft else self.ignore_index)
        if soft:
            target, count = self.soft_target(labels, logits), None
        elif self.label_smoothing:
            epsilon, dtype = self.label_smoothing, logits.dtype
            target, count = smooth(labels, logits.shape, epsilon, self.weight, self.ignore_index, dtype)
        else:
            loss, cache = cross_entropy_forward(logits, labels, self.weight, self.ignore_index, self.reduction)
            self.remember((cross_entropy_backward, cache))
            return loss
        loss, cache = soft_cross_entropy_forward(logits, target, count, self.reduction)
        self.remember((soft_cross_entropy_backward, cache))
        return loss

    def amount(self, labels: Array) -> float:
        labels = np.asarray(labels)
        if np.issubdtype(labels.dtype, np.floating):  # probabilities, whose mean is over positions
            return len(labels)
        return weight_of(labels, self.weight, self.ignore_index)

    def soft_target(self, probabilities: Array, logits: Array) -> Array:
        """Return given probabilities, smoothed and weighted."""
        classes = logits.shape[1]
        target = probabilities.astype(logits.dtype, copy=False)
        if self.label_smoothing:
            target = target * (1 - self.label_smoothing) + self.label_smoothing / classes
        if self.weight is not None:
            target = target * self.weight.astype(logits.dtype).reshape(-1, *[1] * (logits.ndim - 2))
        return target

    def backward(self, dloss: Any = 1.0) -> Array:
        backward, cache = self.recall()
        return backward(dloss, cache)


# -- negative log-likelihood -----------------------------------------------------------------------------------


def nll_forward(
    log_p: Array, labels: Array, weight: Any = None, ignore_index: int = IGNORE, reduction: str = "mean"
) -> tuple[Any, Any]:
    """Measure the surprise at the right class, given log-probabilities: ``ℓₙ = -w_y log pₙ_y``, in nats.

    Gradient: ``∂ℓ/∂log pᵢ = -w_y [i = y]``. It knows nothing of the other classes: that probabilities add up to 1 is
    the business of the log-softmax before it. Both together are :func:`cross_entropy_forward`.

    Parameters
    ----------
    log_p : (N, C) or (N, C, d₁, ...), log-probabilities.
    labels, weight, ignore_index, reduction : as for :func:`cross_entropy_forward`.

    Returns
    -------
    loss : scalar, or of the labels' shape for "none".
    cache : what :func:`nll_backward` needs.
    """
    rows = class_last(log_p)  # (M, C)
    index, amounts = weigh(labels.reshape(-1), weight, ignore_index, log_p.dtype)  # (M,)
    right = rows[np.arange(len(index)), index]
    losses = -amounts * np.where(amounts == 0, 0, right)
    count = amounts.sum()
    loss = reduce(losses.reshape(labels.shape), reduction, count)
    return loss, (index, amounts, count, labels.shape, log_p.shape, reduction)


def nll_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlog_p``, of its shape: zeros but at the right classes."""
    index, amounts, count, labels_shape, shape, reduction = cache
    rows = np.zeros((len(index), shape[1]), amounts.dtype)
    scale = amounts * spread(dloss, labels_shape, reduction, amounts.dtype, count).reshape(-1)  # (M,)
    rows[np.arange(len(index)), index] = -scale
    return class_second(rows, shape)


class NLL(Loss):
    """Negative log-likelihood of log-probabilities, in nats; see :func:`nll_forward`.

    Takes what :func:`log_softmax` returns; for logits use :class:`CrossEntropy`.

    Raises
    ------
    TypeError : the log-probabilities are not floats, or the labels not whole numbers.
    ValueError : the shapes do not fit, or a label is out of range.
    """

    weight: Array | None

    def __init__(self, reduction: str = "mean", *, weight: Any = None, ignore_index: int = IGNORE) -> None:
        super().__init__(reduction, weight=weight)
        self.ignore_index = ignore_index

    def forward(self, log_p: Array, labels: Array) -> Any:
        labels = np.asarray(labels)
        check_float("log_p", log_p)
        check_classes("log_p", log_p, labels, self.weight, self.ignore_index)
        loss, cache = nll_forward(log_p, labels, self.weight, self.ignore_index, self.reduction)
        self.remember(cache)
        return loss

    def amount(self, labels: Array) -> float:
        return weight_of(np.asarray(labels), self.weight, self.ignore_index)

    def backward(self, dloss: Any = 1.0) -> Array:
        return nll_backward(dloss, self.recall())


def check_classes(name: str, scores: Array, labels: Array, weight: Array | None, ignore_index: int | None) -> None:
    """Raise unless scores (N, C, ...), labels (N, ...) and weight (C,) fit; no ``ignore_index``: no labels to check."""
    if scores.ndim < 2 or scores.shape[1] == 0:
        hint = "one row of class scores for each example"
        raise ValueError(f"{name}: got shape {scores.shape}, expected (N, C) or (N, C, d1, ...): {hint}")
    classes = scores.shape[1]
    if weight is not None:
        check_shape("weight", weight, (classes,), f"one weight for each of the {classes} classes")
    if ignore_index is None:
        return
    expected = (scores.shape[0], *scores.shape[2:])
    hint = f"one class index for each row of {name}"
    if labels.shape == scores.shape and labels.shape != expected:
        hint = "labels in one-hot form? Take labels.argmax(axis=1), or floats if they are probabilities"
    elif sorted(labels.shape) == sorted(expected) or labels.shape == scores.shape[:-1]:
        hint = f"the classes are axis 1 of {name}, as in PyTorch: move them there with np.moveaxis({name}, -1, 1)?"
    check_shape("labels", labels, expected, hint)
    check_labels("labels", labels[labels != ignore_index], classes)
