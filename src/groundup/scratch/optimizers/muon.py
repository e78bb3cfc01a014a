"""Muon: the momentum of a matrix, made orthogonal."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

import numpy as np

from groundup.scratch.optimizers.optimizer import Optimizer, check_decay
from groundup.scratch.parameter import Parameter

__all__ = ["Muon", "newton_schulz"]

Array = np.ndarray
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def newton_schulz(
    matrix: Array, steps: int = 5, coefficients: tuple[float, float, float] = COEFFICIENTS, eps: float = 1e-7
) -> Array:
    """Return almost the nearest orthogonal matrix: ``U Vᵀ`` of ``U S Vᵀ``, but without a decomposition.

    Each step is ``X ← aX + b(XXᵀ)X + c(XXᵀ)²X``, which leaves the singular vectors alone and maps every singular
    value s to ``as + bs³ + cs⁵``. The coefficients are chosen to lift small values fast, not to converge: after five
    steps the singular values lie between about 0.7 and 1.2, which is good enough.

    Parameters
    ----------
    matrix : (R, C), not changed.
    steps, coefficients : how often, and a, b, c.
    eps : the smallest norm that is divided by; a matrix of zeros stays zero.

    Returns
    -------
    x : (R, C).

    Notes
    -----
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks", who calculate in bfloat16;
    here the dtype of the matrix is kept.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix  # (R, C) with R <= C, so that XXᵀ is the smaller product
    x = x / max(float(np.linalg.norm(x)), eps)  # the largest singular value is then at most 1
    a, b, c = coefficients
    for _ in range(steps):
        gram = x @ x.T  # (R, R)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Step by the momentum of each weight matrix, made orthogonal: in all directions by the same amount.

    ``M ← μ M + (1-μ) G``, ``W ← (1 - lr · λ) W - lr · s · orthogonal(M)``, or with Nesterov's look ahead of
    ``(1-μ) G + μ M``. A gradient is often dominated by few directions; made orthogonal, the rare ones count as much.

    For matrices only: give biases, norms, embeddings, convolutions and the last layer to another optimizer, and put
    both together with :class:`Combined`.

    Parameters
    ----------
    parameters : each (R, C).
    lr, weight_decay : see :class:`Optimizer`; the decay is decoupled.
    momentum : μ, 0 to below 1.
    nesterov : look ahead.
    ns_coefficients, eps, ns_steps : see :func:`newton_schulz`.
    adjust_lr_fn : s, which makes one learning rate fit all shapes. ``"original"``: ``√max(1, R/C)``.
        ``"match_rms_adamw"``: ``0.2 √max(R, C)``, so that steps are as large as AdamW's typically are.

    Raises
    ------
    ValueError : a parameter is not a matrix, or an option is out of its range.

    Notes
    -----
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; momentum is an average, as in
    PyTorch, not a sum, which orthogonality does not notice. ``match_rms_adamw``: Liu et
    al. 2025, "Muon is scalable for LLM training", section 2.2.
    """

    arrays = ("m",)
    m: Array

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str = "original",
    ) -> None:
        parameters = list(parameters)
        for p in parameters:
            if len(p.shape) != 2:
                raise ValueError(
                    f"Muon trains matrices (R, C), got a parameter of shape {p.shape}: "
                    "give it to AdamW, and put both together with Combined(Muon(...), AdamW(...))"
                )
        check_decay("momentum", momentum)
        if adjust_lr_fn not in ("original", "match_rms_adamw"):
            raise ValueError(f'adjust_lr_fn must be "original" or "match_rms_adamw", got {adjust_lr_fn!r}')
        super().__init__(parameters, lr, weight_decay, decoupled=True)
        self.momentum, self.nesterov, self.adjust_lr_fn = momentum, nesterov, adjust_lr_fn
        self.ns_coefficients, self.eps, self.ns_steps = ns_coefficients, eps, ns_steps
        starts = accumulate((p.size for p in parameters), initial=0)
        self._shapes = {start: p.shape for start, p in zip(starts, parameters)}

    def slices(self) -> Iterator[slice]:
        """Yield one part for each matrix: orthogonality is a property of the whole."""
        return (slice(start, start + rows * columns) for start, (rows, columns) in self._shapes.items())

    def update(self, w: Array, g: Array, part: slice) -> None:
        m, (rows, columns) = self.m[part], self._shapes[part.start]
        m *= self.momentum
        m += (1 - self.momentum) * g
        step = (1 - self.momentum) * g + self.momentum * m if self.nesterov else m
        step = newton_schulz(step.reshape(rows, columns), self.ns_steps, self.ns_coefficients, self.eps)
        if self.adjust_lr_fn == "original":
            size = max(1, rows / columns) ** 0.5
        else:
            size = 0.2 * max(rows, columns) ** 0.5
        w -= self.lr * size * step.ravel()
