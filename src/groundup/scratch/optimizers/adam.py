"""Adam and its descendants: a step size of its own for every weight, and momentum."""

import math
from collections.abc import Iterable

import numpy as np

from groundup.scratch.optimizers.optimizer import Optimizer, check_betas
from groundup.scratch.parameter import Parameter

__all__ = ["Adam", "AdamW", "NAdam", "RAdam"]

Array = np.ndarray


class Adam(Optimizer):
    """Give every weight its own step size, from the mean m and the mean square v of its recent gradients.

    ``m ← β₁ m + (1-β₁) g``, ``v ← β₂ v + (1-β₂) g²``, ``w ← w - lr · m̂ / (√v̂ + ε)`` with ``m̂ = m / (1-β₁ᵗ)`` and
    ``v̂ = v / (1-β₂ᵗ)``: both averages start at zero, and the division makes good for that.

    Parameters
    ----------
    parameters, lr, weight_decay : see :class:`Optimizer`; the decay is added to the gradient.
    betas : β₁ and β₂.
    eps : ε, added outside the root.

    Notes
    -----
    Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1.
    """

    arrays = ("m", "v")
    m: Array
    v: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        check_betas(betas)
        super().__init__(parameters, lr, weight_decay)
        self.betas, self.eps = betas, eps
        self._buffer = np.empty_like(self.data[: self.block])  # fresh memory would cost more than the arithmetic

    def update_averages(self, g: Array, part: slice) -> tuple[Array, Array, Array]:
        """Bring m and v up to date; return both, and memory of their size to calculate in."""
        m, v, buffer = self.m[part], self.v[part], self._buffer[: g.size]
        b1, b2 = self.betas
        m *= b1
        m += np.multiply(g, 1 - b1, out=buffer)
        v *= b2
        np.multiply(g, g, out=buffer)
        buffer *= 1 - b2
        v += buffer
        return m, v, buffer

    def update(self, w: Array, g: Array, part: slice) -> None:
        m, v, buffer = self.update_averages(g, part)
        # lr · m̂ / (√v̂ + ε) = size · m / (√v + ε √c₂): both corrections are now in two numbers, not in the arrays
        # (the last lines of the paper's section 2).
        c1, c2 = 1 - self.betas[0] ** self.steps, 1 - self.betas[1] ** self.steps
        size = self.lr * math.sqrt(c2) / c1
        np.sqrt(v, out=buffer)
        buffer += self.eps * math.sqrt(c2)
        np.divide(m, buffer, out=buffer)
        buffer *= size
        w -= buffer


class AdamW(Adam):
    """Adam with decoupled weight decay: ``w ← (1 - lr · λ) w``, then Adam's step from the gradient alone.

    In Adam a decay inside the gradient is divided by √v̂ like the rest of it: weights with large gradients hardly
    decay. Here all decay at the same rate.

    Parameters
    ----------
    parameters, lr, betas, eps : see :class:`Adam`.
    weight_decay : λ.

    Notes
    -----
    Source: Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2; the decay is
    multiplied with the learning rate as in PyTorch.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
        self.decoupled = True


class NAdam(Adam):
    """Adam with Nesterov's look ahead: a step uses the momentum that the *next* step would use.

    With ``μₜ = β₁ (1 - ½ · 0.96^(t ψ))``:
    ``w ← w - lr · [(1-μₜ) g / (1 - μ₁⋯μₜ) + μₜ₊₁ m / (1 - μ₁⋯μₜ₊₁)] / (√v̂ + ε)``.

    Parameters
    ----------
    parameters, lr, betas, eps, weight_decay : see :class:`Adam`.
    momentum_decay : ψ, how fast μ grows from about β₁/2 towards β₁.
    decoupled_weight_decay : decay as :class:`AdamW` does.

    Notes
    -----
    Source: Dozat 2016, "Incorporating Nesterov momentum into Adam", in PyTorch's form.
    """

    numbers = ("steps", "mu_product")

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
        if not momentum_decay >= 0:
            raise ValueError(f"momentum_decay must not be negative, got {momentum_decay}")
        self.decoupled, self.momentum_decay = decoupled_weight_decay, momentum_decay
        self.mu_product = 1.0

    def mu(self, step: int) -> float:
        return self.betas[0] * (1 - 0.5 * 0.96 ** (step * self.momentum_decay))

    def advance(self) -> None:
        self.mu_product *= self.mu(self.steps)

    def update(self, w: Array, g: Array, part: slice) -> None:
        m, v, buffer = self.update_averages(g, part)
        now, following = self.mu(self.steps), self.mu(self.steps + 1)
        root = np.sqrt(v, out=buffer)
        root /= math.sqrt(1 - self.betas[1] ** self.steps)
        root += self.eps
        step = (1 - now) / (1 - self.mu_product) * g
        step += following / (1 - self.mu_product * following) * m
        step /= root
        w -= self.lr * step


class RAdam(Adam):
    """Adam that does not rescale while the mean square v rests on too few gradients to be trusted.

    ``ρ∞ = 2/(1-β₂) - 1`` is the length of a simple average as long as v's, and ``ρₜ = ρ∞ - 2t β₂ᵗ/(1-β₂ᵗ)`` its
    length so far. Up to 5: ``w ← w - lr · m̂``. Beyond: ``w ← w - lr · r · m̂ / √v̂`` with the rectification
    ``r = √[(ρₜ-4)(ρₜ-2)ρ∞ / ((ρ∞-4)(ρ∞-2)ρₜ)]``, which rises to 1: a warm-up that needs no tuning.

    Parameters
    ----------
    parameters, lr, betas, eps, weight_decay : see :class:`Adam`; as in PyTorch, ε is added to √v, not to √v̂.
    decoupled_weight_decay : decay as :class:`AdamW` does.

    Notes
    -----
    Source: Liu et al. 2020, "On the variance of the adaptive learning rate and beyond", algorithm 2.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
        self.decoupled = decoupled_weight_decay

    def update(self, w: Array, g: Array, part: slice) -> None:
        m, v, buffer = self.update_averages(g, part)
        t, (b1, b2) = self.steps, self.betas
        c1, c2 = 1 - b1**t, 1 - b2**t
        longest = 2 / (1 - b2) - 1
        length = longest - 2 * t * b2**t / c2
        if length <= 5:
            w -= np.multiply(m, self.lr / c1, out=buffer)
            return
        r = math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
        np.sqrt(v, out=buffer)
        buffer += self.eps
        np.divide(m, buffer, out=buffer)
        buffer *= self.lr * r * math.sqrt(c2) / c1
        w -= buffer
