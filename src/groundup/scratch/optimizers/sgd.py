"""Stochastic gradient descent, with momentum."""

from collections.abc import Iterable

import numpy as np

from groundup.scratch.optimizers.optimizer import Optimizer, check_decay
from groundup.scratch.parameter import Parameter

__all__ = ["SGD"]

Array = np.ndarray


class SGD(Optimizer):
    """Stochastic gradient descent: ``v ← μ v + (1-δ) g``, ``w ← w - lr · v``.

    Momentum averages gradients over about 1/(1-μ) steps: noise cancels, the common direction adds up. With
    Nesterov's variant the step is ``g + μ v``: it looks ahead to where the velocity is about to carry the weights.
    The first step sets v = g, undampened, as in PyTorch.

    Parameters
    ----------
    parameters, lr, weight_decay : see :class:`Optimizer`; the decay is added to the gradient.
    momentum : μ, 0 to below 1.
    dampening : δ, by how much a new gradient is scaled down.
    nesterov : look ahead; needs momentum and no dampening.

    Notes
    -----
    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning", section 2.
    PyTorch's form, where the learning rate is outside the velocity.
    """

    velocity: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        check_decay("momentum", momentum)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(f"nesterov needs momentum and no dampening, got momentum={momentum}, {dampening=}")
        self.momentum, self.dampening, self.nesterov = momentum, dampening, nesterov
        self.arrays = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, weight_decay)

    def update(self, w: Array, g: Array, part: slice) -> None:
        if self.momentum:
            v = self.velocity[part]
            v *= self.momentum
            v += g if self.steps == 1 or not self.dampening else (1 - self.dampening) * g
            g = g + self.momentum * v if self.nesterov else v
        w -= self.lr * g
