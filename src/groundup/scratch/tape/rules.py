"""The table of derivatives: each primitive operation, and one rule for the gradient of each of its inputs.

A rule gets ``dy``, the gradient of the result, then the result ``y``, the inputs and the options of the operation, and
returns the gradient of its input. For functions of single numbers it is the derivative from school, times ``dy``.

Two ideas return again and again, each the mirror of the other:

- What is *used several times* gets the *sum* of the gradients (broadcasting, a repeated index).
- What is *summed* passes its gradient on to *every* summand.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def unbroadcast(dy: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: sum over the axes along which an array of this shape was repeated."""
    if np.shape(dy) == shape:
        return dy
    dy = dy.sum(axis=tuple(range(dy.ndim - len(shape))))  # axes that were put in front
    return dy.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)  # axes that were stretched


def restore_axes(y: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Put the axes that a reduction of ``x`` has removed back in, with length 1."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


def scatter(dy: Array, x: Array, index: Any) -> Array:
    """Return zeros of x's shape with ``dy`` added at ``index``; an index that occurs twice receives twice."""
    dx = np.zeros_like(x)
    np.add.at(dx, index, dy)
    return dx


def max_share(dy: Array, y: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Give ``dy`` to the largest element; equals share it, as in PyTorch's ``amax``."""
    winners = x == restore_axes(y, x, axis, keepdims)
    shares = winners.sum(axis=axis, keepdims=True, dtype=x.dtype)
    return restore_axes(dy, x, axis, keepdims) * winners / shares


# operation: (forward, rule for the first input, rule for the second)
RULES: dict[str, tuple[Callable[..., Any], ...]] = {
    # arithmetic
    "add": (np.add, lambda dy, y, a, b: dy, lambda dy, y, a, b: dy),
    "subtract": (np.subtract, lambda dy, y, a, b: dy, lambda dy, y, a, b: -dy),
    "multiply": (np.multiply, lambda dy, y, a, b: dy * b, lambda dy, y, a, b: dy * a),
    "divide": (np.divide, lambda dy, y, a, b: dy / b, lambda dy, y, a, b: -dy * y / b),
    "power": (
        np.power,
        lambda dy, y, a, b: dy * b * a ** np.where(b == 0, 1, b - 1),  # for b = 0 no 1/a, which may be infinite
        lambda dy, y, a, b: dy * y * np.log(np.where((a == 0) & (b >= 0), 1, a)),  # 0ᵇ stays 0: its slope in b is 0
    ),
    "negative": (np.negative, lambda dy, y, x: -dy),
    "matmul": (
        np.matmul,
        lambda dy, y, a, b: dy @ b.mT,  # (..., N, O) times (..., O, I): as in a linear layer
        lambda dy, y, a, b: a.mT @ dy,
    ),
    # functions of each element
    "exp": (np.exp, lambda dy, y, x: dy * y),
    "log": (np.log, lambda dy, y, x: dy / x),
    "sqrt": (np.sqrt, lambda dy, y, x: dy / (2 * y)),
    "tanh": (np.tanh, lambda dy, y, x: dy * (1 - y * y)),
    "where": (
        lambda a, b, mask: np.where(mask, a, b),
        lambda dy, y, a, b, mask: np.where(mask, dy, 0),
        lambda dy, y, a, b, mask: np.where(mask, 0, dy),
    ),
    # reductions
    "sum": (
        lambda x, axis, keepdims: x.sum(axis=axis, keepdims=keepdims),
        lambda dy, y, x, axis, keepdims: np.broadcast_to(restore_axes(dy, x, axis, keepdims), x.shape),
    ),
    "max": (lambda x, axis, keepdims: x.max(axis=axis, keepdims=keepdims), max_share),
    # rearrangements: the gradient is rearranged back
    "reshape": (lambda x, shape: x.reshape(shape), lambda dy, y, x, shape: dy.reshape(x.shape)),
    "transpose": (lambda x, axes: x.transpose(axes), lambda dy, y, x, axes: dy.transpose(np.argsort(axes))),
    "swapaxes": (
        lambda x, first, second: x.swapaxes(first, second),
        lambda dy, y, x, first, second: dy.swapaxes(first, second),
    ),
    "getitem": (lambda x, index: x[index], lambda dy, y, x, index: scatter(dy, x, index)),
}
