"""Before Adam: a step size of its own for every weight, from the size of its past gradients."""

from collections.abc import Iterable

import numpy as np

from groundup.scratch.optimizers.optimizer import Optimizer, check_decay
from groundup.scratch.parameter import Parameter

__all__ = ["Adadelta", "Adagrad", "RMSprop"]

Array = np.ndarray


class Adagrad(Optimizer):
    """Divide each step by the root of the sum of all squared gradients so far.

    ``s ← s + g²``, ``w ← w - lr/(1 + (t-1) η) · g / (√s + ε)``. Weights that are rarely used, such as those of rare
    words, keep large steps; but s only grows, so in the end every step becomes tiny.

    Parameters
    ----------
    parameters, lr, weight_decay : see :class:`Optimizer`; the decay is added to the gradient.
    lr_decay : η.
    initial_accumulator_value : where s starts.
    eps : ε, added outside the root.

    Notes
    -----
    Source: Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization", the diagonal version.
    """

    arrays = ("total",)
    total: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        if not (lr_decay >= 0 and initial_accumulator_value >= 0):
            raise ValueError(
                f"lr_decay and initial_accumulator_value must not be negative, "
                f"got {lr_decay} and {initial_accumulator_value}"
            )
        super().__init__(parameters, lr, weight_decay)
        self.lr_decay, self.eps = lr_decay, eps
        self.total += initial_accumulator_value

    def update(self, w: Array, g: Array, part: slice) -> None:
        s = self.total[part]
        s += g * g
        lr = self.lr / (1 + (self.steps - 1) * self.lr_decay)
        w -= lr * g / (np.sqrt(s) + self.eps)


class RMSprop(Optimizer):
    """Divide each step by the root of a moving average of squared gradients: Adagrad that forgets.

    ``v ← α v + (1-α) g²``, ``w ← w - lr · g / (√v + ε)``; with momentum, ``b ← μ b + g / (√v + ε)`` and
    ``w ← w - lr · b``. Centered, v is replaced by ``v - ḡ²``, the variance, with ḡ the moving average of g.

    Parameters
    ----------
    parameters, lr, weight_decay : see :class:`Optimizer`; the decay is added to the gradient.
    alpha : α.
    eps : ε, added outside the root.
    momentum : μ, 0 to below 1.
    centered : divide by the standard deviation instead of the root mean square.

    Notes
    -----
    Source: Tieleman and Hinton 2012, lecture 6.5 of "Neural networks for machine learning"; centered: Graves 2013,
    "Generating sequences with recurrent neural networks", section 4.2.
    """

    v: Array
    mean: Array
    velocity: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        check_decay("alpha", alpha)
        check_decay("momentum", momentum)
        self.arrays = ("v", *(("mean",) if centered else ()), *(("velocity",) if momentum else ()))
        super().__init__(parameters, lr, weight_decay)
        self.alpha, self.eps, self.momentum, self.centered = alpha, eps, momentum, centered

    def update(self, w: Array, g: Array, part: slice) -> None:
        v = self.v[part]
        v *= self.alpha
        v += (1 - self.alpha) * g * g
        if self.centered:
            mean = self.mean[part]
            mean *= self.alpha
            mean += (1 - self.alpha) * g
            # For gradients that hardly vary, rounding can make the variance slightly negative.
            v = np.maximum(v - mean * mean, 0)
        step = g / (np.sqrt(v) + self.eps)
        if self.momentum:
            velocity = self.velocity[part]
            velocity *= self.momentum
            velocity += step
            step = velocity
        w -= self.lr * step


class Adadelta(Optimizer):
    """Choose steps in the unit of the weights themselves, so that no learning rate needs to be found.

    ``v ← ρ v + (1-ρ) g²``, ``Δ = √(d + ε) / √(v + ε) · g``, ``d ← ρ d + (1-ρ) Δ²``, ``w ← w - lr · Δ``. The fraction
    compares how large recent steps were with how large recent gradients were; ε is inside the roots, and gets the
    first step going.

    Parameters
    ----------
    parameters, lr, weight_decay : see :class:`Optimizer`; the decay is added to the gradient.
    rho : ρ.
    eps : ε.

    Notes
    -----
    Source: Zeiler 2012, "ADADELTA: an adaptive learning rate method", algorithm 1.
    """

    arrays = ("v", "d")
    v: Array
    d: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
    ) -> None:
        check_decay("rho", rho)
        super().__init__(parameters, lr, weight_decay)
        self.rho, self.eps = rho, eps

    def update(self, w: Array, g: Array, part: slice) -> None:
        v, d = self.v[part], self.d[part]
        v *= self.rho
        v += (1 - self.rho) * g * g
        step = np.sqrt(d + self.eps) / np.sqrt(v + self.eps) * g
        d *= self.rho
        d += (1 - self.rho) * step * step
        w -= self.lr * step
