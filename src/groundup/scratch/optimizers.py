"""Optimizers: from gradients to better weights.

All parameters are moved into one flat buffer (:func:`groundup.scratch.parameter.flatten`), so that a step is a
handful of operations on one long array, in place, however many layers there are.
"""

import math
from collections.abc import Iterable

import numpy as np

from groundup.scratch.parameter import Parameter, flatten

__all__ = ["SGD", "Adam", "Optimizer"]

Array = np.ndarray


class Optimizer:
    """What all optimizers share: the flat buffers, ``zero_grad``, and a state that can be saved.

    Parameters
    ----------
    parameters : what to train, such as ``model.parameters()``.
    lr : learning rate; a schedule may change it between steps.
    """

    # Names of the arrays and counters that belong to the state.
    state: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        if not lr >= 0:
            raise ValueError(f"the learning rate must not be negative, got {lr}")
        self.parameters = list(parameters)
        self.data, self.grad = flatten(self.parameters)  # (P,), (P,)
        self.lr = lr

    def zero_grad(self) -> None:
        """Set every gradient to zero: ``backward`` adds, so each step must start from nothing."""
        self.grad[...] = 0

    def step(self) -> None:
        """Update every parameter from its gradient."""
        first = self.parameters[0]
        if not np.shares_memory(first.data, self.data) or not np.shares_memory(first.grad, self.grad):
            raise RuntimeError(
                "the parameters have moved since this optimizer was made: "
                "make it after astype(), and after any optimizer over a larger set of parameters"
            )
        self.update()

    def update(self) -> None:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of the state, each array of shape (P,) or ()."""
        return {name: np.array(getattr(self, name)) for name in ("lr", *self.state)}

    def load_state_dict(self, state: dict[str, Array]) -> None:
        """Restore a state from :meth:`state_dict`."""
        expected = {"lr", *self.state}
        if set(state) != expected:
            raise KeyError(f"the state has {sorted(state)}, {type(self).__name__} needs {sorted(expected)}")
        for name in expected:
            value, mine = state[name], np.asarray(getattr(self, name))
            if np.shape(value) != mine.shape:
                raise ValueError(f"{name} has shape {np.shape(value)} in the state, {mine.shape} here")
            # Numbers stay Python's: a NumPy float64 would drag float32 arrays up to float64.
            setattr(self, name, np.asarray(value).item() if mine.ndim == 0 else np.array(value, mine.dtype))


class SGD(Optimizer):
    """Stochastic gradient descent: ``v ← μ v + g``, ``w ← w - lr · v``, with g the gradient plus ``λ w``.

    Momentum averages gradients over about 1/(1-μ) steps: noise cancels, the common direction adds up. The first
    step sets v = g, as in PyTorch.

    Parameters
    ----------
    parameters, lr : see :class:`Optimizer`.
    momentum : μ, 0 to below 1.
    weight_decay : λ of the penalty ``λ/2 ‖w‖²``.

    Notes
    -----
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """

    state = ("velocity", "steps")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), got {momentum}: at 1 nothing is ever forgotten")
        self.momentum, self.weight_decay = momentum, weight_decay
        self.velocity = np.zeros_like(self.data if momentum else self.data[:0])
        self.steps = 0

    def update(self) -> None:
        g = self.grad
        if self.weight_decay:
            g = g + self.weight_decay * self.data
        if self.momentum:
            # The velocity starts at zero, so the first step gives v = g by itself.
            self.velocity *= self.momentum
            self.velocity += g
            g = self.velocity
        self.data -= self.lr * g
        self.steps += 1


class Adam(Optimizer):
    """Give every weight its own step size, from the mean m and the mean square v of its recent gradients.

    ``m ← β₁ m + (1-β₁) g``, ``v ← β₂ v + (1-β₂) g²``, ``w ← w - lr · m̂ / (√v̂ + ε)`` with ``m̂ = m / (1-β₁ᵗ)`` and
    ``v̂ = v / (1-β₂ᵗ)``: both averages start at zero, and the division makes good for that.

    Parameters
    ----------
    parameters, lr : see :class:`Optimizer`.
    betas : β₁ and β₂.
    eps : ε, added outside the root.
    weight_decay : λ, added to the gradient as ``λ w``.

    Notes
    -----
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    state = ("m", "v", "steps")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        if not all(0 <= b < 1 for b in betas):
            raise ValueError(f"betas must be in [0, 1), got {betas}")
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.m, self.v = np.zeros_like(self.data), np.zeros_like(self.data)
        self.steps = 0
        self._buffer = np.empty_like(self.data)  # reused in every step: fresh memory costs more than arithmetic

    def update(self) -> None:
        (b1, b2), buffer = self.betas, self._buffer
        self.steps += 1
        g = self.grad
        if self.weight_decay:
            g = g + self.weight_decay * self.data
        self.m *= b1
        self.m += np.multiply(g, 1 - b1, out=buffer)
        self.v *= b2
        np.multiply(g, g, out=buffer)
        buffer *= 1 - b2
        self.v += buffer
        # lr · m̂ / (√v̂ + ε), with the two corrections taken out of the arrays into two numbers
        c1, c2 = 1 - b1**self.steps, 1 - b2**self.steps
        np.sqrt(self.v, out=buffer)
        buffer *= 1 / math.sqrt(c2)
        buffer += self.eps
        np.divide(self.m, buffer, out=buffer)
        buffer *= self.lr / c1
        self.data -= buffer
