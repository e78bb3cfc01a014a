"""Clipping: no single batch may throw the weights far away."""

from collections.abc import Iterable

import numpy as np

from groundup.scratch.parameter import Parameter

__all__ = ["InfiniteGradient", "clip_grad_norm", "clip_grad_value"]


class InfiniteGradient(ValueError):
    """A gradient is NaN, infinite or too large to be squared."""


def clip_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> float:
    """Scale all gradients, in place, such that their common norm is at most ``max_norm``; return what it was.

    ``g ← g · min(1, max_norm / (‖g‖ + 1e-6))`` with ``‖g‖² = Σ gᵢ²`` over every weight of every parameter: the
    direction stays, only the length changes. Call it between ``backward`` and ``step``.

    Parameters
    ----------
    parameters : whose ``grad`` is clipped, such as ``model.parameters()``.
    max_norm : the largest length, above 0.

    Returns
    -------
    norm : ``‖g‖`` before clipping; worth watching, since a growing norm announces divergence.

    Raises
    ------
    ValueError : ``max_norm`` is not above 0.
    InfiniteGradient : a gradient is NaN, infinite or too large to be squared; clipping would spread it to all others.
        Nothing has been changed.

    Notes
    -----
    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1. The 1e-6 is
    PyTorch's.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be above 0, got {max_norm}")
    parameters = list(parameters)
    norm = sum(float(np.vdot(p.grad, p.grad)) for p in parameters) ** 0.5
    if not np.isfinite(norm):
        wrong = next(p for p in parameters if not np.isfinite(np.vdot(p.grad, p.grad)))
        raise InfiniteGradient(
            f"the gradient of {wrong} is NaN, infinite, or so large that its square is: did the loss diverge? "
            "Try a smaller learning rate"
        )
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        for p in parameters:
            p.grad *= factor
    return norm


def clip_grad_value(parameters: Iterable[Parameter], clip_value: float) -> None:
    """Limit every single gradient to ``[-clip_value, clip_value]``, in place; the direction may change.

    Raises
    ------
    ValueError : ``clip_value`` is not above 0, or a gradient is NaN, which has no limit.
    """
    if not clip_value > 0:
        raise ValueError(f"clip_value must be above 0, got {clip_value}")
    parameters = list(parameters)
    for p in parameters:
        if np.isnan(p.grad).any():
            raise ValueError(f"the gradient of {p} holds NaN: did the loss diverge? Try a smaller learning rate")
    for p in parameters:
        np.clip(p.grad, -clip_value, clip_value, out=p.grad)
