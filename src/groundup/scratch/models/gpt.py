"""A GPT: a stack of causal Transformer blocks that predicts the next token at every place of a text."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_shape
from groundup.scratch.layer import Layer, Sequential
from groundup.scratch.layers import Embedding, LayerNorm, LearnedPositions, Linear
from groundup.scratch.layers.attention import check_heads
from groundup.scratch.layers.key_value_cache import KeyValueCache
from groundup.scratch.layers.transformer import TransformerEncoderLayer, dropout_layer

Array = np.ndarray


class GPT(Layer):
    """Read tokens (N, T), return for each place the logits (N, T, V) of the token that follows.

    Tokens and positions become vectors, which are added; pre-norm blocks; a last norm; a linear layer to the
    vocabulary. No place sees what follows it, so one forward trains T predictions.

    Parameters
    ----------
    vocabulary, context : V, and the longest sequence.
    layers, heads, width : number of blocks, heads in each, and D; the heads divide the width.
    dropout : probability.
    tied : whether the last layer uses the embedding's weight: what a token means as input, it means as output.
    rng : source of the initial weights and of dropout.
    dtype : of the parameters.

    Raises
    ------
    ValueError : no layers, heads that do not divide the width, or a sequence longer than the context.

    Notes
    -----
    Source: Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.3 (GPT-2): GELU in
    its tanh form, hidden layers of width 4 D, and weights that begin small where the residual connections add, by
    1/√(2 · layers). The first scale, 0.02, is that of Radford et al. 2018, "Improving language understanding by
    generative pre-training", section 4.1.
    """

    def __init__(
        self,
        *,
        vocabulary: int,
        context: int,
        layers: int = 4,
        heads: int = 4,
        width: int = 128,
        dropout: float = 0.0,
        tied: bool = True,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        check_heads(width, heads)
        if layers < 1:
            raise ValueError(f"layers must be at least 1, got {layers}")
        self.context = context
        self.token_embedding = Embedding(vocabulary, width, rng=rng, dtype=dtype)
        self.position_embedding = LearnedPositions(context, width, rng=rng, dtype=dtype)
        self.dropout = dropout_layer(dropout, rng)
        self.blocks = Sequential(
            *(
                TransformerEncoderLayer(
                    width, heads, 4 * width, dropout, "gelu_tanh", norm_first=True, causal=True, rng=rng, dtype=dtype
                )
                for _ in range(layers)
            )
        )
        self.norm = LayerNorm(width, dtype=dtype)
        self.head = Linear(width, vocabulary, bias=False, rng=rng, dtype=dtype)
        self._initialize(rng, layers)
        if tied:
            self.head.weight = self.token_embedding.weight  # one Parameter: both uses add to its gradient

    def _initialize(self, rng: np.random.Generator, layers: int) -> None:
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                p.data[...] = 0
            elif "norm" not in name:
                adds = name.endswith(("out_proj.weight", "linear2.weight"))
                std = 0.02 / math.sqrt(2 * layers) if adds else 0.02
                p.data[...] = initializers.normal(p.shape, 0.0, std, rng, p.data.dtype)

    def new_caches(self) -> list[KeyValueCache]:
        """Return empty caches, one for each block, for generation in evaluation mode."""
        return [KeyValueCache(self.context) for _ in self.blocks]

    def forward(self, tokens: Array, caches: list[KeyValueCache] | None = None) -> Array:
        """Return logits (N, T, V).

        Parameters
        ----------
        tokens : (N, T) whole numbers from 0 to V-1.
        caches : of the tokens before these, from :meth:`new_caches`; afterwards they hold these too.
        """
        tokens = np.asarray(tokens)
        check_shape("tokens", tokens, ("N", "T"), "for a single text write tokens[None]")
        x = self.token_embedding(tokens)  # (N, T, D)
        x = self.dropout(self.position_embedding(x, caches[0].length if caches else 0))
        for i, block in enumerate(self.blocks):
            x = block(x, cache=caches[i] if caches else None)
        return self.head(self.norm(x))

    def backward(self, dlogits: Array) -> None:
        """Add to the gradient of every parameter; tokens have none."""
        dx: Any = self.head.backward(dlogits)
        dx = self.blocks.backward(self.norm.backward(dx))
        self.token_embedding.backward(self.position_embedding.backward(self.dropout.backward(dx)))
