"""Three networks a second time: on the tape, as functions of their weights.

``groundup.scratch.models`` builds the same networks from layers, each with its backward. Here only the forward is
written down. Both compute the same losses and gradients, to the last digits (``tests/scratch/test_tape_networks.py``):

    model = mlp([64, 32, 10], rng=rng)
    logits = networks.mlp(networks.leaves(model), x)     # the weights of the model, driven by the tape
    tape.cross_entropy(logits, labels).backward()        # the gradients are in model.parameters(), for the optimizer
"""

from typing import Any

import numpy as np

from groundup.scratch.layer import Layer
from groundup.scratch.tape import composed, kernels
from groundup.scratch.tape.value import Array, Value, matmul

Weights = dict[str, Value]


def leaves(model: Layer) -> Weights:
    """Return the parameters of a model as Values, by name; a weight with two names adds up the gradients of both."""
    return {name: Value(p) for name, p in model.named_parameters()}


def linear(w: Weights, name: str, x: Any) -> Value:
    """Return ``x Wᵀ + b``, from primitive operations."""
    y = matmul(x, w[f"{name}.weight"].T)
    return y + w[f"{name}.bias"] if f"{name}.bias" in w else y


def mlp(w: Weights, x: Array) -> Value:
    """Return the logits of :func:`groundup.scratch.models.mlp`, from primitive operations only."""
    h = linear(w, "1", x.reshape(len(x), -1))
    for i in range(3, 2 * (len(w) // 2), 2):  # 1, 3, 5 ...: the places of the linear layers in the model
        h = linear(w, str(i), composed.relu(h))
    return h


def small_cnn(w: Weights, x: Array) -> Value:
    """Return the logits of :func:`groundup.scratch.models.small_cnn`, from kernel pairs of the layers."""
    conv2d, max_pool2d, relu = map(kernels.find, ("conv2d", "max_pool2d", "relu"))
    h: Any = x  # (N, 1, 8, 8)
    for i in ("0", "3"):
        h = conv2d(h, w[f"{i}.weight"], w[f"{i}.bias"], padding=(1, 1))
        h = max_pool2d(relu(h), (2, 2))
    h = h.reshape(len(x), -1)  # (N, 128)
    return linear(w, "9", composed.relu(linear(w, "7", h)))


def gpt(w: Weights, tokens: Array, heads: int) -> Value:
    """Return the logits (N, T, V) of :class:`groundup.scratch.models.GPT`, from primitive operations only."""
    T = tokens.shape[1]
    past = np.tril(np.ones((T, T), bool))  # (T, T): who may look at whom
    x = w["token_embedding.weight"][tokens] + w["position_embedding.weight"][:T]  # (N, T, D)
    for i in range(1 + max(int(name.split(".")[1]) for name in w if name.startswith("blocks."))):
        x = x + attention(w, f"blocks.{i}.self_attn", norm(w, f"blocks.{i}.norm1", x), heads, past)
        hidden = composed.gelu(linear(w, f"blocks.{i}.linear1", norm(w, f"blocks.{i}.norm2", x)))
        x = x + linear(w, f"blocks.{i}.linear2", hidden)
    return linear(w, "head", norm(w, "norm", x))


def norm(w: Weights, name: str, x: Value) -> Value:
    return composed.layer_norm(x, w[f"{name}.weight"], w[f"{name}.bias"])


def attention(w: Weights, name: str, x: Value, heads: int, past: Array) -> Value:
    """Return the output (N, T, D) of multi-head self-attention."""
    N, T, D = x.shape
    qkv = x @ w[f"{name}.in_proj_weight"].T + w[f"{name}.in_proj_bias"]  # (N, T, 3·D)
    q, k, v = qkv.reshape(N, T, 3, heads, D // heads).transpose(2, 0, 3, 1, 4)  # each (N, heads, T, D/heads)
    y = composed.attention(q, k, v, past)
    return linear(w, f"{name}.out_proj", y.swapaxes(1, 2).reshape(N, T, D))
