"""Is my gradient right? Ask the definition of a derivative.

    from groundup.scratch import Linear, check_gradients
    report = check_gradients(Linear(7, 5, rng=rng), x)
    print(report)            # one line for dx, weight and bias, with the largest relative error
    assert report.passed

Work in float64: a finite difference subtracts two almost equal numbers, which in float32 leaves three digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundup.scratch.layer import Layer

__all__ = ["GradientReport", "check_gradients", "numerical_gradient", "relative_error"]

Array = np.ndarray


def relative_error(mine: Array, right: Array) -> float:
    """Return the largest deviation, in units of the largest right value: ``max|mine - right| / max|right|``.

    Zero if both are zero everywhere; infinite if the shapes differ, if anything but the right value is NaN or
    infinite, or if the right value is zero everywhere and mine is not.
    """
    mine, right = np.asarray(mine), np.asarray(right)
    if mine.shape != right.shape:
        return float("inf")
    if right.size == 0:
        return 0.0
    if not (np.isfinite(mine).all() and np.isfinite(right).all()):
        return 0.0 if np.array_equal(mine, right, equal_nan=True) else float("inf")
    deviation, scale = np.abs(mine - right).max(), np.abs(right).max()
    if scale == 0:
        return 0.0 if deviation == 0 else float("inf")
    return float(deviation / scale)


def numerical_gradient(f: Callable[[], float], x: Array, step: float = 1e-6) -> Array:
    """Return ``df/dx`` by central differences: ``(f(x + h) - f(x - h)) / 2h`` for one element after the other.

    The error of the formula falls with h², that of rounding grows with 1/h; in float64 h near 1e-6 leaves about
    nine right digits.

    Parameters
    ----------
    f : reads ``x`` and returns a scalar; called twice for every element.
    x : float64 array; changed in place during the call and restored.
    step : h, scaled by ``max(1, |x|)``.
    """
    if x.dtype != np.float64:
        raise TypeError(f"finite differences need float64, got {x.dtype}: float32 leaves too few digits to judge by")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        value = x[index]
        h = step * max(1.0, abs(value))
        x[index] = value + h
        above = f()
        x[index] = value - h
        below = f()
        x[index] = value
        gradient[index] = (above - below) / (2 * h)
    return gradient


@dataclass(frozen=True)
class GradientReport:
    """The largest relative error of each gradient: of the inputs (``dx`` ...) and of the parameters, by name."""

    errors: dict[str, float]
    tolerance: float

    @property
    def passed(self) -> bool:
        return all(error <= self.tolerance for error in self.errors.values())

    def __str__(self) -> str:
        width = max(map(len, self.errors), default=0)
        verdicts = (
            f"{name:<{width}}  {error:.1e}  {'ok' if error <= self.tolerance else 'WRONG'}"
            for name, error in self.errors.items()
        )
        return "\n".join(verdicts)


def check_gradients(
    layer: Layer, *inputs: Array, rng: np.random.Generator | None = None, tolerance: float = 1e-6
) -> GradientReport:
    """Compare every gradient of a layer with finite differences.

    The scalar that is differentiated is ``Σ dy · y`` with a *random* dy. A plain sum of the outputs would not
    do: for softmax or batch norm it is constant, so its gradient is zero, and a backward that returns zeros
    would pass.

    Parameters
    ----------
    layer : any :class:`Layer`, losses included; it is converted to float64 in place.
    inputs : what ``forward`` takes; arrays of floats are checked, others (labels) are passed on.
    rng : source of dy; by default with a seed of its own. (If dy had the numbers of x, drawn with the same seed, the
        gradient of a norm would be almost zero, and what is compared would be rounding.)
    tolerance : largest relative error allowed.

    Returns
    -------
    report : prints as a table; ``report.passed`` is the verdict.
    """
    rng = rng or np.random.default_rng([2, 71, 828])
    layer.astype(np.float64)
    arrays: list[Any] = [
        np.array(x, np.float64) if isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating) else x
        for x in inputs
    ]
    forward = repeatable(layer)
    layer.zero_grad()
    outputs = as_tuple(forward(*arrays))
    upstream = [rng.standard_normal(np.shape(y)) for y in outputs]
    gradients = as_tuple(layer.backward(*upstream))

    def scalar() -> float:
        outputs = as_tuple(forward(*arrays))
        layer.train(layer.training)  # drops what was remembered
        return float(sum((y * dy).sum() for y, dy in zip(outputs, upstream)))

    errors = {}
    floats = [i for i, x in enumerate(arrays) if isinstance(x, np.ndarray) and x.dtype == np.float64]
    for i, gradient in zip(floats, gradients):
        if gradient is not None:  # the gradient of a target, for which nobody asks
            name = "dx" if len(gradients) == 1 else f"dx{i}"
            errors[name] = relative_error(gradient, numerical_gradient(scalar, arrays[i]))
    for name, p in layer.named_parameters():
        errors[name] = relative_error(p.grad, numerical_gradient(scalar, p.data))
    return GradientReport(errors, tolerance)


def as_tuple(value: Any) -> tuple:
    """Return a tuple as it is, and anything else as a tuple of one: layers may have several inputs or outputs."""
    return value if isinstance(value, tuple) else (value,)


def repeatable(layer: Layer) -> Callable[..., Any]:
    """Return the layer's forward such that every call draws the same random numbers and starts from the same buffers.

    A finite difference compares two forwards; with another dropout mask in each it would compare two functions.
    """
    generators = [
        value for part in walk(layer) for value in vars(part).values() if isinstance(value, np.random.Generator)
    ]
    states = [generator.bit_generator.state for generator in generators]
    buffers = [(value, value.copy()) for _, value in layer.named_buffers()]

    def forward(*inputs: Any) -> Any:
        for generator, state in zip(generators, states):
            generator.bit_generator.state = state
        for value, start in buffers:
            value[...] = start
        return layer.forward(*inputs)

    return forward


def walk(layer: Layer) -> Iterator[Layer]:
    """Yield the layer and everything below it."""
    yield layer
    for _, child in layer.children():
        yield from walk(child)
