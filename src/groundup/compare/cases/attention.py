"""Attention and Transformer blocks."""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.compare.case import labels, layer, normal
from groundup.compare.gpt_twin import TorchGPT
from groundup.scratch.models import GPT


class Attention(nn.MultiheadAttention):
    """PyTorch's module for one, two or three sources, with the future hidden or not."""

    def __init__(self, width: int, heads: int, *, causal: bool = False, **options) -> None:
        super().__init__(width, heads, batch_first=True, **options)
        self.causal = causal

    def forward(self, query, key=None, value=None, key_padding_mask=None, attn_mask=None):
        key = query if key is None else key
        value = key if value is None else value
        if self.causal:
            attn_mask = future(query.shape[1])
        return super().forward(query, key, value, key_padding_mask, need_weights=False, attn_mask=attn_mask)[0]


def future(T: int) -> torch.Tensor:
    """True where a key comes after the query."""
    return torch.ones(T, T, dtype=torch.bool).triu(1)


class GroupedAttention(nn.Module):
    """Projections around PyTorch's function, which has grouped queries; the rotation as complex multiplication."""

    def __init__(self, width, heads, kv_heads, *, bias=False, causal=False, rotary=False) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.causal, self.rotary = heads, kv_heads, causal, rotary
        self.q_proj = nn.Linear(width, width, bias)
        self.k_proj = nn.Linear(width, width // heads * kv_heads, bias)
        self.v_proj = nn.Linear(width, width // heads * kv_heads, bias)
        self.out_proj = nn.Linear(width, width, bias)

    def forward(self, x, key_padding_mask=None):
        q = self.q_proj(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k = self.k_proj(x).unflatten(-1, (self.kv_heads, -1)).transpose(1, 2)
        v = self.v_proj(x).unflatten(-1, (self.kv_heads, -1)).transpose(1, 2)
        if self.rotary:
            q, k = turned(q), turned(k)
        mask = None if key_padding_mask is None else ~key_padding_mask[:, None, None, :]  # there, True means seen
        y = F.scaled_dot_product_attention(q, k, v, mask, is_causal=self.causal, enable_gqa=True)
        return self.out_proj(y.transpose(1, 2).flatten(2))


def turned(x: torch.Tensor) -> torch.Tensor:
    """Return the rotary embedding of x (..., T, d): pair i of position t, as a complex number, times e^(iθ)."""
    T, d = x.shape[-2:]
    angles = torch.outer(torch.arange(T), 10_000 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d))
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).flatten(-2)


class EncoderLayer(nn.TransformerEncoderLayer):
    def __init__(self, *sizes, causal=False, activation="relu", norm_first=False, layer_norm_eps=1e-5) -> None:
        if activation == "gelu_tanh":
            activation = partial(F.gelu, approximate="tanh")
        options = {"dropout": 0.0, "batch_first": True, "activation": activation}
        super().__init__(*sizes, norm_first=norm_first, layer_norm_eps=layer_norm_eps, **options)
        self.causal = causal

    def forward(self, x, key_padding_mask=None):
        mask = future(x.shape[1]) if self.causal else None
        return super().forward(x, mask, key_padding_mask)


class DecoderLayer(nn.TransformerDecoderLayer):
    def __init__(self, *sizes, norm_first) -> None:
        super().__init__(*sizes, dropout=0.0, batch_first=True, norm_first=norm_first)

    def forward(self, x, memory, key_padding_mask=None, memory_key_padding_mask=None):
        return super().forward(
            x,
            memory,
            tgt_mask=future(x.shape[1]),
            tgt_key_padding_mask=key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
        )


def padding(N: int, S: int):
    """Return an input: True where each of N sequences has ended, the first after 1 token, the next after 3, ..."""
    lengths = np.arange(1, 2 * N, 2)[:, None] % S + (N == 1)
    return lambda rng: np.arange(S) >= lengths


CASES = [
    layer(
        gu.MultiHeadAttention,
        lambda rng: gu.MultiHeadAttention(6, 2, rng=rng),
        normal(2, 5, 6),
        twin=lambda: Attention(6, 2),
    ),
    layer(
        gu.MultiHeadAttention,
        lambda rng: gu.MultiHeadAttention(6, 3, bias=False, causal=True, rng=rng),
        normal(2, 5, 6),
        twin=lambda: Attention(6, 3, bias=False, causal=True),
        label="causal, no bias",
    ),
    layer(
        gu.MultiHeadAttention,
        lambda rng: gu.MultiHeadAttention(6, 2, rng=rng),
        normal(3, 2, 6),
        normal(3, 7, 6),
        twin=lambda: Attention(6, 2),
        label="cross",
    ),
    layer(
        gu.MultiHeadAttention,
        lambda rng: gu.MultiHeadAttention(6, 2, rng=rng),
        normal(3, 2, 6),
        normal(3, 7, 6),
        normal(3, 7, 6),
        padding(3, 7),
        lambda rng: np.arange(7) > rng.integers(0, 7, (6, 2, 1)),
        twin=lambda: Attention(6, 2),
        label="query, key, value, both masks",
    ),
    layer(
        gu.MultiHeadAttention,
        lambda rng: gu.MultiHeadAttention(6, 2, dropout=0.3, rng=rng),
        normal(2, 5, 6),
        twin=None,
        label="dropout",
        evidence="PyTorch draws other masks; finite differences with the mask held fixed, and the tests",
    ),
    layer(
        gu.GroupedQueryAttention,
        lambda rng: gu.GroupedQueryAttention(12, 6, 2, rng=rng),
        normal(2, 5, 12),
        twin=lambda: GroupedAttention(12, 6, 2),
    ),
    layer(
        gu.GroupedQueryAttention,
        lambda rng: gu.GroupedQueryAttention(12, 6, 3, rng=rng),
        normal(3, 5, 12),
        padding(3, 5),
        twin=lambda: GroupedAttention(12, 6, 3),
        label="padding",
    ),
    layer(
        gu.GroupedQueryAttention,
        lambda rng: gu.GroupedQueryAttention(12, 3, 1, bias=True, causal=True, rotary=True, rng=rng),
        normal(2, 5, 12),
        twin=lambda: GroupedAttention(12, 3, 1, bias=True, causal=True, rotary=True),
        label="causal, rotary, bias, one key head",
    ),
    layer(
        gu.TransformerEncoderLayer,
        lambda rng: gu.TransformerEncoderLayer(6, 2, 5, 0.0, rng=rng),
        normal(3, 5, 6),
        padding(3, 5),
        twin=lambda: EncoderLayer(6, 2, 5),
        label="post-norm, padding",
    ),
    layer(
        gu.TransformerEncoderLayer,
        lambda rng: gu.TransformerEncoderLayer(6, 2, 5, 0.0, "gelu", 1e-3, norm_first=True, rng=rng),
        normal(2, 5, 6),
        twin=lambda: EncoderLayer(6, 2, 5, activation="gelu", layer_norm_eps=1e-3, norm_first=True),
        label="pre-norm, GELU",
    ),
    layer(
        gu.TransformerEncoderLayer,
        lambda rng: gu.TransformerEncoderLayer(6, 2, 5, 0.2, "gelu_tanh", norm_first=True, causal=True, rng=rng),
        normal(2, 5, 6),
        twin=None,
        label="pre-norm, causal, dropout",
        evidence="PyTorch draws other masks; finite differences with the masks held fixed",
    ),
    layer(
        gu.TransformerDecoderLayer,
        lambda rng: gu.TransformerDecoderLayer(6, 2, 5, 0.0, rng=rng),
        normal(2, 3, 6),
        normal(2, 5, 6),
        twin=lambda: DecoderLayer(6, 2, 5, norm_first=False),
        label="post-norm",
    ),
    layer(
        gu.TransformerDecoderLayer,
        lambda rng: gu.TransformerDecoderLayer(6, 2, 5, 0.0, norm_first=True, rng=rng),
        normal(3, 2, 6),
        normal(3, 5, 6),
        padding(3, 2),
        padding(3, 5),
        twin=lambda: DecoderLayer(6, 2, 5, norm_first=True),
        label="pre-norm, padding",
    ),
    layer(
        GPT,
        lambda rng: GPT(vocabulary=7, context=5, layers=2, heads=2, width=4, tied=False, rng=rng),
        labels(2, 3, classes=7),
        twin=lambda: TorchGPT(7, 5, 2, 2, 4),
    ),
]
