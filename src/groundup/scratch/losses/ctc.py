"""Connectionist temporal classification: learn a sequence without knowing when each of its symbols occurs."""

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_labels, check_shape
from groundup.scratch.losses.loss import Loss, reduce, spread

Array = np.ndarray


def ctc_forward(
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    blank: int = 0,
    zero_infinity: bool = False,
    reduction: str = "mean",
) -> tuple[Any, Any]:
    """Measure the surprise at a target sequence, whatever the times of its symbols: ``ℓ = -log p(target)``, in nats.

    At each time the network emits one of C symbols or none (the *blank*, written _). A path is one symbol for each
    time; it spells the target if that remains after merging repeats and then dropping blanks: ``cc_aa_t`` and
    ``_c_a_ttt`` both spell *cat*. ``p(target)`` is the sum of the probabilities of all paths that spell it.

    There are exponentially many (``naive.ctc`` walks through them all), but they share their beginnings. Write the
    target with blanks around each symbol (``_c_a_t_``: the L = 2S + 1 states); a path moves through the states from
    left to right. At each step it stays, goes one on, or, from one symbol to a *different* one, leaves out the blank
    between. So the probability ``α_t(s)`` of all beginnings that are in state s at time t obeys

    ``α_t(s) = (α_{t-1}(s) + α_{t-1}(s-1) + [may skip] α_{t-1}(s-2)) · p_t(symbol s)``

    and ``p(target)`` is the sum of α over the last two states at the last time. All of it is done with logarithms,
    for the products of hundreds of probabilities underflow. Only time is a loop: all examples and all states of a
    time are computed at once.

    Gradient: with ``β_t(s)`` the probability of all endings *after* time t, ``α_t(s) β_t(s) / p(target)`` is the
    probability that the path is in state s at time t, given the target. ``log p_t(k)`` enters p once for each path
    that emits k at t, so ``∂ℓ/∂log p_t(k) = -Σ_{s: symbol k} α_t(s) β_t(s) / p(target)``: minus the expected number
    of times that k is emitted.

    Parameters
    ----------
    log_probs : (T, N, C), log-probabilities (a log-softmax over C), time first as in PyTorch.
    targets : (N, S), symbols in 0..C-1 without the blank; what lies beyond an example's length is not read.
    input_lengths : (N,), 1 to T: the times of each example that count.
    target_lengths : (N,), 0 to S.
    blank : the index of "no symbol".
    zero_infinity : count a target that no path can spell as a loss of 0 instead of ∞.
    reduction : "mean" divides each loss by the length of its target (by 1 if it is empty) and then takes the mean
        over N, as PyTorch does; "sum" or "none".

    Returns
    -------
    loss : scalar, or (N,) for "none".
    cache : what :func:`ctc_backward` needs.

    Notes
    -----
    A target is impossible if the input is shorter than its symbols plus the blanks that must part equal
    neighbours; its loss is ∞. Its gradient is 0 here, for no small change makes it possible; PyTorch gives NaN.

    PyTorch's gradient with respect to ``log_probs`` is ``exp(log_probs)`` larger than the derivative (within each
    input length): it already contains the log-softmax that it assumes before it, so that with one the gradients
    with respect to the *logits* agree. Ours is the derivative, which finite differences confirm.

    Source: Graves et al. 2006, "Connectionist temporal classification", sections 3 and 4. Their β includes time t.
    """
    T, N, _ = log_probs.shape
    dtype = log_probs.dtype
    states = extend(targets, target_lengths, blank)  # (N, L)
    emitted = np.take_along_axis(log_probs, states[None], axis=2)  # (T, N, L)
    skips = np.zeros(states.shape, bool)  # whether state s can be reached from s - 2
    skips[:, 2:] = (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])
    skip_cost = np.where(skips, 0, -np.inf).astype(dtype)  # (N, L), to be added to a logarithm

    alpha = np.full((T, N, states.shape[1] + 2), -np.inf, dtype)  # two states before the first, never reached
    alpha[:1, :, 2:4] = emitted[:1, :, :2]  # start with a blank or with the first symbol
    for t in range(1, T):
        before = alpha[t - 1]
        arrive = np.logaddexp(before[:, 2:], before[:, 1:-1])
        alpha[t, :, 2:] = np.logaddexp(arrive, before[:, :-2] + skip_cost) + emitted[t]

    example, end = np.arange(N), 2 * target_lengths  # the last blank; the last symbol, if any, is one before
    last = alpha[input_lengths - 1, example]  # (N, L + 2)
    log_p = np.logaddexp(last[example, end + 2], last[example, end + 1])  # (N,)
    impossible = log_p == -np.inf
    losses = -log_p
    if zero_infinity:
        losses[impossible] = 0
    log_p[impossible] = np.inf  # divides by ∞ in the gradient: no state of an impossible target is ever visited
    if reduction == "mean":
        losses = losses / np.maximum(target_lengths, 1).astype(dtype)
    cache = (log_probs.shape, states, emitted, alpha[:, :, 2:], skip_cost, log_p)
    return reduce(losses, reduction), (*cache, input_lengths, target_lengths, reduction)


def ctc_backward(dloss: Any, cache: Any) -> Array:
    """Return ``dlog_probs`` (T, N, C): minus the expected emissions, times the gradient of each example's loss."""
    shape, states, emitted, alpha, skip_cost, log_p, input_lengths, target_lengths, reduction = cache
    beta = endings(emitted, skip_cost, input_lengths, target_lengths)
    posterior = alpha + beta  # (T, N, L), from here on log α β / p
    posterior -= log_p[:, None]
    np.exp(posterior, out=posterior)
    scale = spread(dloss, log_p.shape, reduction, log_p.dtype)  # (N,)
    if reduction == "mean":
        scale = scale / np.maximum(target_lengths, 1).astype(log_p.dtype)
    posterior *= -scale[:, None]
    dlog_probs = np.zeros(shape, log_p.dtype)
    time, example = np.ogrid[: shape[0], : shape[1]]
    # The states that emit the same symbol add up, which `dlog_probs[...] += ` would not do.
    np.add.at(dlog_probs, (time[:, :, None], example[:, :, None], states[None]), posterior)
    return dlog_probs


def endings(emitted: Array, skip_cost: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """Return ``log β`` (T, N, L): of all endings after time t of a path that is in state s at t; see ctc_forward.

    The recursion of α, backwards: ``β_t(s) = Σ β_{t+1}(s') p_{t+1}(symbol s')`` over the states s' that follow s.
    """
    T, N, L = emitted.shape
    final = np.full((N, L), -np.inf, emitted.dtype)  # at its last time a path must be in one of the last two states
    example, end = np.arange(N), 2 * target_lengths
    final[example, np.maximum(end - 1, 0)] = 0
    final[example, end] = 0
    beta = np.full((T, N, L), -np.inf, emitted.dtype)
    onward = np.full((N, L + 2), -np.inf, emitted.dtype)  # two states after the last, from which nothing ends
    skip = np.full((N, L), -np.inf, emitted.dtype)
    for t in reversed(range(T)):
        if t + 1 < T:
            onward[:, :L] = beta[t + 1] + emitted[t + 1]
            skip[:, : L - 2] = onward[:, 2:L] + skip_cost[:, 2:]
            beta[t] = np.logaddexp(np.logaddexp(onward[:, :L], onward[:, 1:-1]), skip)
        ends = input_lengths == t + 1
        beta[t, ends] = final[ends]
    return beta


def extend(targets: Array, target_lengths: Array, blank: int) -> Array:
    """Return the states (N, 2S + 1): the target with a blank before, between and after its symbols."""
    N, S = targets.shape
    states = np.full((N, 2 * S + 1), blank)
    states[:, 1::2] = np.where(np.arange(S) < target_lengths[:, None], targets, blank)
    return states


class CTC(Loss):
    """Surprise at a sequence without alignment, in nats; see :func:`ctc_forward`.

    ``forward(log_probs, targets, input_lengths, target_lengths)``: (T, N, C), (N, S), (N,), (N,).

    Raises
    ------
    TypeError : the log-probabilities are not floats, or anything else not whole numbers.
    ValueError : shapes, lengths or symbols do not fit, or a target contains the blank.
    """

    def __init__(self, reduction: str = "mean", *, blank: int = 0, zero_infinity: bool = False) -> None:
        super().__init__(reduction)
        if blank < 0:
            raise ValueError(f"blank must be an index of a class (0 or more), got {blank}")
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array) -> Any:
        targets, lengths_in, lengths_out = map(np.asarray, (targets, input_lengths, target_lengths))
        check_sequences(log_probs, targets, lengths_in, lengths_out, self.blank)
        options = (self.blank, self.zero_infinity, self.reduction)
        loss, cache = ctc_forward(log_probs, targets, lengths_in, lengths_out, *options)
        self.remember(cache)
        return loss

    def backward(self, dloss: Any = 1.0) -> Array:
        return ctc_backward(dloss, self.recall())


def check_sequences(log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int) -> None:
    """Raise unless the arguments of :func:`ctc_forward` fit together."""
    check_float("log_probs", log_probs)
    check_shape("log_probs", log_probs, ("T", "N", "C"), "time comes first, then the batch")
    T, N, C = log_probs.shape
    if blank >= C:
        raise ValueError(
            f"blank is {blank}, but log_probs has only {C} classes, 0 to {C - 1}: the blank is one of them"
        )
    check_shape("targets", targets, (N, "S"), f"one padded row of symbols for each of the {N} examples")
    for name, lengths, low, high in (
        ("input_lengths", input_lengths, 1, T),
        ("target_lengths", target_lengths, 0, targets.shape[1]),
    ):
        check_shape(name, lengths, (N,), "one length for each example")
        if not np.issubdtype(lengths.dtype, np.integer):
            raise TypeError(f"{name} must hold whole numbers, got {lengths.dtype}")
        wrong = lengths[(lengths < low) | (lengths > high)]
        if wrong.size:
            raise ValueError(f"{name}: found {wrong[0]}, expected {low} to {high}, the length of what was given")
    symbols = targets[np.arange(targets.shape[1]) < target_lengths[:, None]]
    check_labels("targets", symbols, C)
    if (symbols == blank).any():
        hint = "it marks the times without a symbol; move the symbols up by one, or choose another blank"
        raise ValueError(f"targets: found {blank}, which is the blank: {hint}")
