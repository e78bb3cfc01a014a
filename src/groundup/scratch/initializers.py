"""How weights begin: large enough that signals do not fade, small enough that they do not explode."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "fans",
    "gain",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]

Array = np.ndarray
Shape = tuple[int, ...]


def normal(shape: Shape, mean: float, std: float, rng: np.random.Generator, dtype: Any = np.float32) -> Array:
    """Draw from the normal distribution N(mean, std²)."""
    return rng.normal(mean, std, shape).astype(dtype)


def uniform(shape: Shape, low: float, high: float, rng: np.random.Generator, dtype: Any = np.float32) -> Array:
    """Draw from the uniform distribution on [low, high)."""
    return rng.uniform(low, high, shape).astype(dtype)


def truncated_normal(
    shape: Shape,
    mean: float,
    std: float,
    rng: np.random.Generator,
    low: float = -2.0,
    high: float = 2.0,
    dtype: Any = np.float32,
) -> Array:
    """Draw from N(mean, std²), and draw again what falls outside [low, high]: no weight starts as an outlier.

    The bounds are values, as in PyTorch, not multiples of the standard deviation.

    Raises
    ------
    ValueError : fewer than one draw in a thousand would fall between the bounds.
    """
    if not std > 0:
        raise ValueError(f"std must be above 0, got {std}")
    above = [0.5 * math.erfc((bound - mean) / (std * math.sqrt(2))) for bound in (low, high)]
    if not above[0] - above[1] > 1e-3:
        raise ValueError(
            f"a share of {max(above[0] - above[1], 0.0):.1g} of N({mean}, {std}²) lies in [{low}, {high}]: "
            "the bounds are values, not multiples of std; is the mean between them?"
        )
    values = rng.normal(mean, std, shape)
    while (outside := (values < low) | (values > high)).any():
        values[outside] = rng.normal(mean, std, int(outside.sum()))
    return values.astype(dtype)


def orthogonal(shape: Shape, rng: np.random.Generator, gain: float = 1.0, dtype: Any = np.float32) -> Array:
    """Draw a random matrix with orthonormal rows or columns, times ``gain``: it changes no length, in any direction.

    Axes after the first are taken together: (O, I, K, K) is the matrix (O, I·K·K). If it is wide, its rows are
    orthonormal, otherwise its columns. The Q of the QR decomposition of a normal matrix is orthonormal, but which
    sign each column gets is an accident of the algorithm; multiplied with the sign of R's diagonal, all orthogonal
    matrices become equally likely.
    Source: Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    section 3; signs: Mezzadri 2007, "How to generate random matrices from the classical compact groups", section 5.
    """
    if len(shape) < 2:
        raise ValueError(
            f"orthogonal needs a weight of at least two axes (O, I, ...), got shape {shape}: is it a bias?"
        )
    rows, columns = shape[0], int(np.prod(shape[1:]))
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return (gain * (q if rows >= columns else q.T)).reshape(shape).astype(dtype)


def fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs feed one output, and how many outputs one input feeds.

    For a linear weight (O, I) these are I and O; for a convolution's (O, C, K, K) each counts the K·K positions
    of the kernel too.
    """
    if len(shape) < 2:
        raise ValueError(f"fans need a weight of at least two axes (O, I, ...), got shape {shape}: is it a bias?")
    positions = int(np.prod(shape[2:]))
    return shape[1] * positions, shape[0] * positions


GAINS: dict[str, Callable[[float], float]] = {
    "linear": lambda slope: 1.0,
    "sigmoid": lambda slope: 1.0,
    "tanh": lambda slope: 5 / 3,
    "relu": lambda slope: 2**0.5,
    "leaky_relu": lambda slope: (2 / (1 + slope**2)) ** 0.5,
    "selu": lambda slope: 3 / 4,
}


def gain(nonlinearity: str, slope: float = 0.01) -> float:
    """Return the factor by which a nonlinearity's shrinking of the signal is made good.

    ReLU zeroes half of a symmetric signal, which halves its second moment: √2 restores it. The values are
    PyTorch's ``nn.init.calculate_gain``.

    Parameters
    ----------
    nonlinearity : "linear", "sigmoid", "tanh", "relu", "leaky_relu" or "selu".
    slope : of leaky ReLU on the negative side.
    """
    if nonlinearity not in GAINS:
        raise ValueError(f"no gain is known for {nonlinearity!r}, only for {', '.join(GAINS)}")
    return GAINS[nonlinearity](slope)


def kaiming_uniform(
    shape: Shape,
    rng: np.random.Generator,
    nonlinearity: str = "relu",
    slope: float = 0.01,
    mode: str = "fan_in",
    dtype: Any = np.float32,
) -> Array:
    """Draw uniformly with variance gain² / fan_in, so that the forward signal keeps its size through ReLU layers.

    ``mode="fan_out"`` divides by fan_out instead, and keeps the size of the gradients on their way back.

    Derivation: ``Var(Σᵢ wᵢ xᵢ) = fan_in · Var(w) · E[x²]``; set it equal to the previous layer's. A uniform
    distribution on ±a has variance a²/3, hence ``a = gain · √(3 / fan_in)``.
    Source: He et al. 2015, "Delving deep into rectifiers", section 2.2.
    """
    bound = gain(nonlinearity, slope) * np.sqrt(3 / _fan(shape, mode))
    return uniform(shape, -bound, bound, rng, dtype)


def kaiming_normal(
    shape: Shape,
    rng: np.random.Generator,
    nonlinearity: str = "relu",
    slope: float = 0.01,
    mode: str = "fan_in",
    dtype: Any = np.float32,
) -> Array:
    """Draw normally with standard deviation gain / √fan; see :func:`kaiming_uniform`."""
    return normal(shape, 0.0, gain(nonlinearity, slope) / np.sqrt(_fan(shape, mode)), rng, dtype)


def _fan(shape: Shape, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode must be "fan_in" or "fan_out", got {mode!r}')
    return fans(shape)[mode == "fan_out"]


def xavier_uniform(shape: Shape, rng: np.random.Generator, gain: float = 1.0, dtype: Any = np.float32) -> Array:
    """Draw uniformly with variance gain² · 2 / (fan_in + fan_out): a compromise between forward and backward.

    Forward signals keep their size with variance 1/fan_in, gradients with 1/fan_out; the average of the two
    fans serves both. Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep
    feedforward neural networks", equation 16.
    """
    bound = gain * np.sqrt(6 / sum(fans(shape)))
    return uniform(shape, -bound, bound, rng, dtype)


def xavier_normal(shape: Shape, rng: np.random.Generator, gain: float = 1.0, dtype: Any = np.float32) -> Array:
    """Draw normally with standard deviation gain · √(2 / (fan_in + fan_out)); see :func:`xavier_uniform`."""
    return normal(shape, 0.0, gain * np.sqrt(2 / sum(fans(shape))), rng, dtype)
