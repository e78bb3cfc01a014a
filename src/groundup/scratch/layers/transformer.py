"""The blocks of a Transformer: attention, which mixes places, and two linear layers, which work on each place alone.

Each of the two is added to its input (a residual connection), and normalised. Where the norm stands is a choice:

- **post-norm**, ``x = norm(x + f(x))``: the original. Every gradient passes through all norms on its way down.
- **pre-norm**, ``x = x + f(norm(x))``: the sum runs through the network untouched, and so does its gradient. Trains
  without a warm-up of the learning rate; GPT-2 and its successors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.layer import Layer, Sequential
from groundup.scratch.layers.activations import ReLU
from groundup.scratch.layers.attention import MultiHeadAttention
from groundup.scratch.layers.dropout import Dropout
from groundup.scratch.layers.gated_activations import GELU
from groundup.scratch.layers.key_value_cache import KeyValueCache
from groundup.scratch.layers.linear import Linear
from groundup.scratch.layers.normalization import LayerNorm

Array = np.ndarray

ACTIVATIONS = {"relu": ReLU, "gelu": GELU, "gelu_tanh": lambda: GELU("tanh")}


class TransformerLayer(Layer):
    """What encoder and decoder layers share: self-attention, two linear layers, and two norms around them."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: str,
        layer_norm_eps: float,
        norm_first: bool,
        causal: bool,
        rng: np.random.Generator,
        dtype: Any,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
        self.norm_first = norm_first
        self.self_attn = MultiHeadAttention(d_model, nhead, dropout, causal=causal, rng=rng, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, rng=rng, dtype=dtype)
        self.activation = ACTIVATIONS[activation]()
        self.dropout = dropout_layer(dropout, rng)
        self.linear2 = Linear(dim_feedforward, d_model, rng=rng, dtype=dtype)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, dtype=dtype)
        self.dropout1 = dropout_layer(dropout, rng)
        self.dropout2 = dropout_layer(dropout, rng)

    def feed_forward(self, x: Array) -> Array:
        """Return ``W₂ f(W₁ x + b₁) + b₂``, the same at every place; Vaswani et al. 2017, section 3.3."""
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def feed_forward_backward(self, dy: Array) -> Any:
        return self.linear1.backward(self.activation.backward(self.dropout.backward(self.linear2.backward(dy))))


def dropout_layer(p: float, rng: np.random.Generator) -> Layer:
    """Return Dropout, or for p = 0 an empty Sequential, which passes everything on."""
    return Dropout(p, rng=rng) if p else Sequential()


class TransformerEncoderLayer(TransformerLayer):
    """Self-attention and a feed-forward network, each with a residual connection and a norm.

    Post-norm: ``h = norm₁(x + attention(x))``, ``y = norm₂(h + feed_forward(h))``.
    Pre-norm: ``h = x + attention(norm₁(x))``, ``y = h + feed_forward(norm₂(h))``.
    With ``causal=True`` and pre-norm it is the block of a GPT.

    Parameters
    ----------
    d_model, nhead : width D and heads H; H divides D.
    dim_feedforward : width between the two linear layers.
    dropout : probability, for attention weights, between the linear layers, and on what each residual adds.
    activation : "relu", "gelu" or "gelu_tanh" (the approximation).
    layer_norm_eps : ε of the norms.
    norm_first : pre-norm.
    causal : hide the future.
    rng : source of the initial weights and of dropout.
    dtype : of the parameters.

    Notes
    -----
    Sources: Vaswani et al. 2017, "Attention is all you need", section 3.1 (post-norm); Xiong et al. 2020, "On layer
    normalization in the Transformer architecture", section 3 and figure 1 (pre-norm); Radford et al. 2019, "Language
    models are unsupervised multitask learners", section 2.3 (GPT-2).
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str = "relu",
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        *,
        causal: bool = False,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, causal, rng, dtype
        )

    def forward(
        self,
        x: Array,
        key_padding_mask: Array | None = None,
        attn_mask: Array | None = None,
        cache: KeyValueCache | None = None,
    ) -> Array:
        """Return y (N, T, D) for x (N, T, D); masks and cache as in :meth:`MultiHeadAttention.forward`."""

        def attention(h: Array) -> Array:
            return self.dropout1(self.self_attn(h, None, None, key_padding_mask, attn_mask, cache))

        if self.norm_first:
            x = x + attention(self.norm1(x))
            return x + self.dropout2(self.feed_forward(self.norm2(x)))
        x = self.norm1(x + attention(x))
        return self.norm2(x + self.dropout2(self.feed_forward(x)))

    def backward(self, dy: Array) -> Array:
        if self.norm_first:
            dy = dy + self.norm2.backward(self.feed_forward_backward(self.dropout2.backward(dy)))
            return dy + self.norm1.backward(self.self_attn.backward(self.dropout1.backward(dy)))
        dy = self.norm2.backward(dy)
        dy = self.norm1.backward(dy + self.feed_forward_backward(self.dropout2.backward(dy)))
        return dy + self.self_attn.backward(self.dropout1.backward(dy))


class TransformerDecoderLayer(TransformerLayer):
    """Causal self-attention, then attention to the encoder's output, then a feed-forward network.

    Post-norm: ``h = norm₁(x + attention(x))``, ``h = norm₂(h + attention(h, memory))``,
    ``y = norm₃(h + feed_forward(h))``; pre-norm accordingly.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, rng, dtype : see
        :class:`TransformerEncoderLayer`.
    causal : hide the future from the self-attention; PyTorch expects a mask at each call instead.

    Notes
    -----
    Source: Vaswani et al. 2017, "Attention is all you need", section 3.1.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str = "relu",
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        *,
        causal: bool = True,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, causal, rng, dtype
        )
        self.multihead_attn = MultiHeadAttention(d_model, nhead, dropout, rng=rng, dtype=dtype)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, dtype=dtype)
        self.dropout3 = dropout_layer(dropout, rng)

    def forward(
        self,
        x: Array,
        memory: Array,
        key_padding_mask: Array | None = None,
        memory_key_padding_mask: Array | None = None,
        cache: KeyValueCache | None = None,
    ) -> Array:
        """Return y (N, T, D).

        Parameters
        ----------
        x : (N, T, D)
        memory : (N, S, D), the encoder's output.
        key_padding_mask, memory_key_padding_mask : (N, T) and (N, S), True where x or the memory is only padding.
        cache : of the self-attention, for generation; the memory must be given each time.
        """

        def attention(h: Array) -> Array:
            return self.dropout1(self.self_attn(h, key_padding_mask=key_padding_mask, cache=cache))

        def look_up(h: Array) -> Array:
            return self.dropout2(self.multihead_attn(h, memory, key_padding_mask=memory_key_padding_mask))

        if self.norm_first:
            x = x + attention(self.norm1(x))
            x = x + look_up(self.norm2(x))
            return x + self.dropout3(self.feed_forward(self.norm3(x)))
        x = self.norm1(x + attention(x))
        x = self.norm2(x + look_up(x))
        return self.norm3(x + self.dropout3(self.feed_forward(x)))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """Return ``dx`` (N, T, D) and ``dmemory`` (N, S, D)."""
        if self.norm_first:
            dy = dy + self.norm3.backward(self.feed_forward_backward(self.dropout3.backward(dy)))
            dh, dmemory = self.multihead_attn.backward(self.dropout2.backward(dy))
            dy = dy + self.norm2.backward(dh)
            return dy + self.norm1.backward(self.self_attn.backward(self.dropout1.backward(dy))), dmemory
        dy = self.norm3.backward(dy)
        dy = self.norm2.backward(dy + self.feed_forward_backward(self.dropout3.backward(dy)))
        dh, dmemory = self.multihead_attn.backward(self.dropout2.backward(dy))
        dy = self.norm1.backward(dy + dh)
        return dy + self.self_attn.backward(self.dropout1.backward(dy)), dmemory
