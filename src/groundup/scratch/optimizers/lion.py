"""Lion: only the sign of the momentum counts."""

from collections.abc import Iterable

import numpy as np

from groundup.scratch.optimizers.optimizer import Optimizer, check_betas
from groundup.scratch.parameter import Parameter

__all__ = ["Lion"]

Array = np.ndarray


class Lion(Optimizer):
    """Move every weight by the same amount, in the direction of its momentum.

    ``w ← w - lr · (sign(β₁ m + (1-β₁) g) + λ w)``, then ``m ← β₂ m + (1-β₂) g``. One average instead of Adam's two.
    Since every weight moves by lr in every step, lr should be three to ten times smaller than for Adam, and λ as
    many times larger (the paper, section 5).

    Parameters
    ----------
    parameters, lr, weight_decay : see :class:`Optimizer`; the decay is decoupled.
    betas : β₁, of the blend whose sign is taken, and β₂, of the average that is kept.

    Notes
    -----
    Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
    """

    arrays = ("m",)
    m: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        check_betas(betas)
        super().__init__(parameters, lr, weight_decay, decoupled=True)
        self.betas = betas

    def update(self, w: Array, g: Array, part: slice) -> None:
        m, (b1, b2) = self.m[part], self.betas
        w -= self.lr * np.sign(b1 * m + (1 - b1) * g)
        m *= b2
        m += (1 - b2) * g
