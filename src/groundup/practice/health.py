"""Is this training healthy? Questions to ask of any script, in NumPy or PyTorch, before believing its numbers.

>>> from groundup.practice import health
>>> print(health.starting_loss(0.23, classes=10))
suspicious: the first loss is 0.23; a network that knows nothing has log(10) = 2.30

Each question is a function that looks and returns a :class:`Finding`; print it. Models are those of
``groundup.scratch`` or of PyTorch, or anything else with ``named_parameters()``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Finding:
    """What a question came to: whether it is as it should be, in a sentence, and lines that show it."""

    healthy: bool
    text: str
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((f"{'healthy' if self.healthy else 'suspicious'}: {self.text}", *self.lines))


# -- the loss ------------------------------------------------------------------------------------------------------


def starting_loss(loss: float, classes: int) -> Finding:
    """Is the first loss, of an untrained network, about log(K)? That is the cross-entropy of K equal probabilities.

    Further away than 0.5 nats is suspicious: another reduction, probabilities instead of logits, or inputs of
    enormous size.
    """
    expected = float(np.log(classes))
    text = f"the first loss is {loss:.2f}; a network that knows nothing has log({classes}) = {expected:.2f}"
    return Finding(abs(loss - expected) <= 0.5, text)


def learns_one_batch(step: Callable[[], float], steps: int = 300) -> Finding:
    """Can the network learn one batch by heart? ``step()`` takes a step on always the same batch, and returns the loss.

    The loss should fall to less than a tenth. If it does, then network, loss, backward and optimizer work together, and
    the fault is in the data or in the order of things; if not, look there first.
    """
    losses = [float(step()) for _ in range(steps)]
    text = f"on one batch the loss went from {losses[0]:.3g} to {losses[-1]:.3g} in {steps} steps"
    return Finding(losses[-1] < losses[0] / 10, text)


# -- gradients and weights -----------------------------------------------------------------------------------------


def gradients(model: Any) -> Finding:
    """How large is the gradient of each parameter, and which share of it is exactly 0? Call it behind ``backward``.

    Some zeros are normal (units that are off, pixels that are always white). A parameter with nearly nothing else gets
    no message from the loss: a layer that is cut off, dead units, or numbers too small for their type.
    """
    lines, dead = [], []
    for name, weights, gradient in _parameters(model):
        if gradient is None:
            lines.append(f"  {name:<20} no gradient")
            dead.append(name)
            continue
        zeros, length = float(np.mean(gradient == 0)), _length(gradient)
        lines.append(f"  {name:<20} length {length:<9.3g} of weights {_length(weights):<9.3g} zeros {zeros:.0%}")
        if zeros > 0.9:
            dead.append(name)
    text = f"hardly any gradient in {', '.join(dead)}" if dead else "every parameter has a gradient"
    return Finding(not dead, text, tuple(lines))


def moves(model: Any, step: Callable[[], Any]) -> Finding:
    """How far does ``step()``, a step of the optimizer, move each parameter, relative to its length?

    About a thousandth is usual, and more in the first steps. Nothing at all: the optimizer does not know the parameter,
    it has no gradient, or the learning rate is gone. More than half: the learning rate or the gradient is too large.
    """
    before = {name: weights.copy() for name, weights, _ in _parameters(model)}
    step()
    lines, strange = [], []
    for name, weights, _ in _parameters(model):
        moved = _length(weights - before[name]) / max(_length(before[name]), 1e-12)
        lines.append(f"  {name:<20} moved by {moved:.1e} of its length")
        if not 1e-6 < moved < 0.5:
            strange.append(name)
    text = f"too little or too much moves in {', '.join(strange)}" if strange else "every parameter moves a little"
    return Finding(not strange, text, tuple(lines))


# -- what comes out ------------------------------------------------------------------------------------------------


def are_probabilities(outputs: Any) -> Finding:
    """Are these logits, as a cross-entropy with its own softmax wants them, or are they probabilities already?"""
    outputs = _array(outputs)
    already = bool(outputs.min() >= 0 and np.allclose(outputs.sum(axis=-1), 1, atol=1e-4))
    if already:
        return Finding(False, "every row is at least 0 and sums to 1: probabilities, where the loss wants logits")
    return Finding(True, f"no probabilities: numbers from {outputs.min():.3g} to {outputs.max():.3g}")


def same_twice(evaluate: Callable[[], Any]) -> Finding:
    """Does ``evaluate()``, called twice, say the same? If not, chance is in it, such as a dropout that goes on."""
    first, second = _array(evaluate()), _array(evaluate())
    away = float(np.abs(first - second).max())
    if away == 0:
        return Finding(True, "twice the same")
    return Finding(
        False, f"called twice it differs, by up to {away:.3g}: by chance, or by what the first call left behind"
    )


def predictions(predicted: Any, labels: Any) -> Finding:
    """How often is each class predicted, and how often does it occur? Three times or a third as often is suspicious."""
    classes = np.union1d(_array(predicted), _array(labels))
    said, true = ([float(np.mean(_array(a) == c)) for c in classes] for a in (predicted, labels))
    lines = tuple(f"  class {c}: predicted {s:.0%}, is {t:.0%}" for c, s, t in zip(classes, said, true))
    strange = [str(c) for c, s, t in zip(classes, said, true) if abs(s - t) > 0.02 and not t / 3 <= s <= 3 * t]
    text = f"far too often or too rarely: class {', '.join(strange)}" if strange else "about as often as they occur"
    return Finding(not strange, text, lines)


# -- what goes in --------------------------------------------------------------------------------------------------


def alike(a: Any, b: Any) -> Finding:
    """Are two tables (N, I), such as training and new data, alike in mean and spread of every column?

    Unlike is a mean that is half a standard deviation of ``a`` away, or a spread twice or half as large.
    """
    a, b = (_array(x).reshape(len(x), -1).astype(np.float64) for x in (a, b))
    spread = np.maximum(a.std(axis=0), 1e-12)
    shift, ratio = (b.mean(axis=0) - a.mean(axis=0)) / spread, b.std(axis=0) / spread
    unlike = np.flatnonzero((np.abs(shift) > 0.5) | (((ratio > 2) | (ratio < 0.5)) & (a.std(axis=0) > 0)))
    lines = tuple(
        f"  column {i}: mean {a[:, i].mean():.3g} and {b[:, i].mean():.3g}, "
        f"spread {a[:, i].std():.3g} and {b[:, i].std():.3g}"
        for i in unlike[:10]
    )
    text = f"{len(unlike)} of {a.shape[1]} columns are unlike" if len(unlike) else "alike in every column"
    return Finding(not len(unlike), text, lines)


def telling_columns(x: Any, y: Any) -> Finding:
    """Does a single column of x (N, I) say nearly everything about y (N,)? A correlation above 0.99 is too good."""
    x, y = _array(x).reshape(len(x), -1).astype(np.float64), np.ravel(_array(y)).astype(np.float64)
    x, y = x - x.mean(axis=0), y - y.mean()
    correlation = x.T @ y / np.maximum(np.sqrt((x**2).sum(axis=0) * (y**2).sum()), 1e-12)
    best = int(np.argmax(np.abs(correlation)))
    text = f"the most telling column is number {best}, with a correlation of {correlation[best]:.3f}"
    return Finding(bool(abs(correlation[best]) <= 0.99), text)


def keeps_its_label(x: Any, y: Any, batch_x: Any, batch_y: Any) -> Finding:
    """Has each row of a batch the label that the same row has in the data x (N, ...), y (N,)?"""
    labels = {row.tobytes(): label for row, label in zip(_array(x), _array(y))}
    own = [labels.get(row.tobytes()) for row in _array(batch_x)]
    wrong = [(mine, given) for mine, given in zip(own, _array(batch_y)) if mine is None or mine != given]
    if not wrong:
        return Finding(True, f"all {len(own)} rows have their own label")
    lines = tuple(f"  labelled {given}, and in the data it is {mine}" for mine, given in wrong[:5])
    return Finding(False, f"{len(wrong)} of {len(own)} rows have another label than in the data", lines)


def _parameters(model: Any) -> Iterator[tuple[str, Array, Array | None]]:
    """Yield the name, the numbers and the gradient of each parameter, as arrays."""
    for name, p in model.named_parameters():
        yield name, _array(p.data), None if p.grad is None else _array(p.grad)


def _array(value: Any) -> Array:
    """Return what NumPy or PyTorch holds as an array."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _length(x: Array) -> float:
    return float(np.linalg.norm(np.ravel(x).astype(np.float64)))
