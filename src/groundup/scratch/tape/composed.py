"""Well-known functions written as they stand in the papers, out of primitive operations.

Nothing is derived here: the tape finds the gradients. So each is evidence for the kernel pair of the same name, whose
gradient was derived by hand, and shows what such a derivation saves: these are slower, and keep every step in memory.
"""

import math
from typing import Any

import numpy as np

from groundup.scratch.tape.functions import exp, log, sqrt, tanh, where
from groundup.scratch.tape.value import Array, Value, matmul


def relu(x: Value) -> Value:
    """Return ``max(x, 0)``."""
    return where(x.data > 0, x, 0.0)


def sigmoid(x: Value) -> Value:
    """Return ``1 / (1 + e⁻ˣ)``."""
    return 1 / (1 + exp(-x))


def gelu(x: Value) -> Value:
    """Return GELU in its tanh form, ``x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))``.

    Source: Hendrycks and Gimpel 2016, section 2.
    """
    return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def variance(x: Value, axis: Any = None, keepdims: bool = False) -> Value:
    """Return the mean squared deviation from the mean (divided by n, not n - 1)."""
    deviation = x - x.mean(axis, keepdims=True)
    return (deviation * deviation).mean(axis, keepdims)


def layer_norm(x: Value, weight: Any, bias: Any, eps: float = 1e-5) -> Value:
    """Return ``(x - mean) / √(variance + ε) · weight + bias`` over the last axis, (..., D).

    Source: Ba, Kiros and Hinton 2016, section 3.
    """
    centred = x - x.mean(-1, keepdims=True)
    return centred / sqrt(variance(x, -1, keepdims=True) + eps) * weight + bias


def softmax(x: Value, axis: int = -1) -> Value:
    """Return ``e^{xᵢ} / Σⱼ e^{xⱼ}``; the maximum is subtracted as a constant, since it cancels."""
    e = exp(x - x.data.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def cross_entropy(logits: Value, labels: Array) -> Value:
    """Return the mean of ``-log softmax(zₙ)[labelₙ]``, in nats; logits (N, C), labels (N,)."""
    shifted = logits - logits.data.max(-1, keepdims=True)
    log_p = shifted - log(exp(shifted).sum(-1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def attention(q: Value, k: Value, v: Value, mask: Array | None = None) -> Value:
    """Return ``softmax(q kᵀ / √D) v``; (..., T, D) each, and where the mask is False nothing is looked at.

    Source: Vaswani et al. 2017, section 3.2.1.
    """
    scores = matmul(q, k.swapaxes(-1, -2)) / math.sqrt(q.shape[-1])  # (..., T, T)
    if mask is not None:
        scores = where(np.broadcast_to(mask, scores.shape), scores, -np.inf)
    return softmax(scores) @ v
