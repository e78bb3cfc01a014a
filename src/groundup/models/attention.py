"""Scaled dot-product attention with several heads (Vaswani et al., 2017), which every Transformer here imports.

Paper
    "Attention is all you need", NeurIPS 2017. Implemented: section 3.2 with figure 2 and equation 1.
Parameters
    4 D^2 + 4 D for width D: queries, keys, values and output, each a matrix (D, D) and a bias.
Deviations
    - The projections have biases, as in the authors' later code, BERT, GPT-2 and torch.nn.MultiheadAttention; the
      paper's formula has none (``bias=False``).
    - The matrices W_i^Q of all heads lie in one, one head below the other, so that a single product makes the queries
      of all heads; the same for keys and values.

The formula is written out in :func:`attention`. Its largest array is the scores, T x S numbers for every head of every
example; :func:`fused_attention` is PyTorch's kernel, which walks through the keys in blocks and never stores them
(Dao et al., 2022, "FlashAttention"). Outputs and gradients are the same; tests/models/test_multi_head.py proves it.

Letters: N batch, T queries, S keys, H heads, D width of the model, d = D/H width of a head.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.settings import require_dropout


def attention(
    q: Tensor, k: Tensor, v: Tensor, hidden: Tensor | None = None, causal: bool = False, dropout: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Take from every value as much as its key fits the query: ``y = softmax(q kᵀ / √d) v``, equation 1.

    The scores are sums of d products, so their standard deviation grows as √d. Without the division by √d the softmax
    would soon put all weight on one key, and its gradient would vanish (section 3.2.1, footnote 4).

    Parameters
    ----------
    q, k, v : (N, H, T, d), (N, H, S, d), (N, H, S, d)
    hidden : booleans that broadcast to (N, H, T, S), True where a query may not look at a key.
    causal : hide the future. The last query stands at the last key: query t sees the keys 0 to t + S - T.
    dropout : the probability with which each weight is set to zero.

    Returns
    -------
    y : (N, H, T, d)
    weights : (N, H, T, S) before dropout; each row sums to 1, and a row whose keys are all hidden is zero.
    """
    hidden = _join(hidden, causal, q, k)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (N, H, T, S)
    if hidden is not None:
        # The lowest number, not -inf: where all keys are hidden, softmax of -inf would be 0/0.
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1)
    if hidden is not None:
        weights = weights.masked_fill(hidden, 0)
    return F.dropout(weights, dropout) @ v, weights


def fused_attention(
    q: Tensor, k: Tensor, v: Tensor, hidden: Tensor | None = None, causal: bool = False, dropout: float = 0.0
) -> Tensor:
    """Return the y of :func:`attention`, from PyTorch's fused kernel: faster, and without the array of weights."""
    halves = (torch.bfloat16, torch.float16)
    if q.device.type == "cpu" and q.dtype in halves and q.requires_grad and torch.is_grad_enabled():
        # Gradients of short sequences take the CPU's kernel several times as long in 16 bits as in 32.
        with torch.autocast("cpu", enabled=False):
            y = fused_attention(q.float(), k.float(), v.float(), hidden, causal, dropout)
        return y.to(q.dtype)
    if hidden is None and causal and q.shape[-2] == k.shape[-2]:
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True)
    hidden = _join(hidden, causal, q, k)
    return F.scaled_dot_product_attention(q, k, v, None if hidden is None else ~hidden, dropout)  # there True shows


def _join(hidden: Tensor | None, causal: bool, q: Tensor, k: Tensor) -> Tensor | None:
    """Return one mask of what is hidden: the given one, and for causal attention the future."""
    T, S = q.shape[-2], k.shape[-2]
    if not causal or T == 1:  # a single query, the last, sees everything
        return hidden
    future = torch.ones(T, S, dtype=torch.bool, device=q.device).triu(1 + S - T)
    return future if hidden is None else hidden | future


class KeyValueCache:
    """The keys and values of the places seen so far: in generation each new token computes its own alone.

    One cache belongs to one attention layer and one batch of sequences. A new one is empty.
    """

    def __init__(self) -> None:
        self.k: Tensor | None = None  # (N, H, S, d)
        self.v: Tensor | None = None

    def __len__(self) -> int:
        """Return the number of places kept, S."""
        return 0 if self.k is None else self.k.shape[-2]

    def extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append k and v, both (N, H, T, d), and return all that are kept, (N, H, S + T, d)."""
        if self.k is not None and self.v is not None:
            if self.k.shape[0] != k.shape[0]:
                raise ValueError(
                    f"the cache holds {self.k.shape[0]} sequences, got {k.shape[0]}: new caches for a new batch"
                )
            k, v = torch.cat([self.k, k], dim=-2), torch.cat([self.v, v], dim=-2)
        self.k, self.v = k, v
        return k, v

    def select(self, rows: Tensor) -> "KeyValueCache":
        """Return a cache of these sequences of the batch, int64, which may repeat, for a search that goes on there."""
        other = KeyValueCache()
        if self.k is not None and self.v is not None:
            other.k, other.v = self.k[rows], self.v[rows]
        return other


class MultiHeadAttention(nn.Module):
    """H attentions side by side, each over its own projection of width d = D/H; section 3.2.2, figure 2 (right).

    ``MultiHead(Q, K, V) = Concat(head_1, ..., head_H) W^O`` with ``head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)``.

    Parameters
    ----------
    width : D.
    heads : H, which divides D.
    dropout : probability with which an attention weight is set to zero, in training.
    bias : add a bias to the projections.

    Notes
    -----
    First weights: Xavier-uniform (Glorot and Bengio, 2010), biases zero. torch.nn.MultiheadAttention keeps ``q_proj``,
    ``k_proj`` and ``v_proj``, in this order, as one ``in_proj_weight`` (3 D, D).
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0, bias: bool = True) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise UsageError(f"{heads} heads do not divide a width of {width}: each head takes width / heads features.")
        require_dropout(dropout, "the dropout of attention weights")
        self.heads, self.dropout = heads, dropout
        self.q_proj = nn.Linear(width, width, bias)  # W^Q
        self.k_proj = nn.Linear(width, width, bias)  # W^K
        self.v_proj = nn.Linear(width, width, bias)  # W^V
        self.out_proj = nn.Linear(width, width, bias)  # W^O
        self.recorded: list[Tensor] | None = None  # see attention_maps
        for layer in (self.q_proj, self.k_proj, self.v_proj, self.out_proj):
            nn.init.xavier_uniform_(layer.weight)
            if bias:
                nn.init.zeros_(layer.bias)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        *,
        hidden: Tensor | None = None,
        padding: Tensor | None = None,
        causal: bool = False,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """Return y (N, T, D).

        Parameters
        ----------
        x : (N, T, D), where the queries come from; keys and values too, unless memory is given.
        memory : (N, S, D), where keys and values come from: the encoder's output, seen from a decoder.
        hidden : booleans that broadcast to (N, H, T, S), True where a query may not look at a key.
        padding : (N, S) booleans, True for keys that are only padding.
        causal : hide the future from each query.
        cache : keys and values of earlier places, to which those of this call are added; S counts them all. With a
            memory, which stays the same from call to call, the first call computes them and the others take them.
        """
        self._check(x, "x", "T")
        q = self._heads(self.q_proj(x))  # (N, H, T, d)
        if memory is not None and cache is not None and cache.k is not None and cache.v is not None:
            k, v = cache.k, cache.v
        else:
            seen = x if memory is None else memory
            self._check(seen, "memory", "S")
            k = self._heads(self.k_proj(seen))  # (N, H, S, d)
            v = self._heads(self.v_proj(seen))
            if cache is not None:
                k, v = cache.extend(k, v)
        hidden = _with_padding(hidden, padding, k)
        dropout = self.dropout if self.training else 0.0
        if self.recorded is None:
            y = fused_attention(q, k, v, hidden, causal, dropout)
        else:
            y, weights = attention(q, k, v, hidden, causal, dropout)
            self.recorded.append(weights.detach())
        return self.out_proj(y.transpose(1, 2).flatten(2))  # heads side by side: (N, H, T, d) -> (N, T, D)

    def _heads(self, x: Tensor) -> Tensor:
        """Split the width among the heads: (N, T, D) -> (N, H, T, d)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def _check(self, x: Tensor, name: str, length: str) -> None:
        width = self.out_proj.in_features
        if x.ndim != 3 or x.shape[-1] != width:
            raise ValueError(
                f"{name}: got shape {tuple(x.shape)}, expected (N, {length}, {width}): batch, time and width"
            )


def _with_padding(hidden: Tensor | None, padding: Tensor | None, k: Tensor) -> Tensor | None:
    """Hide keys that are only padding, for every head and query."""
    for name, mask in (("hidden", hidden), ("padding", padding)):
        if mask is not None and mask.dtype != torch.bool:
            raise TypeError(f"{name} must hold booleans (True hides), got {mask.dtype}: use mask == 0, or mask < 0")
    if padding is None:
        return hidden
    N, S = k.shape[0], k.shape[-2]
    if padding.shape != (N, S):
        raise ValueError(
            f"padding: got shape {tuple(padding.shape)}, expected (N, S) = {(N, S)}: one boolean for each key"
        )
    padding = padding[:, None, None, :]  # (N, 1, 1, S)
    return padding if hidden is None else hidden | padding


@contextmanager
def attention_maps(model: nn.Module) -> Iterator[dict[str, list[Tensor]]]:
    """Record the attention weights of every :class:`MultiHeadAttention` inside ``model``, to look at them.

    >>> with attention_maps(model) as maps:
    ...     model(x)
    >>> maps["blocks.0.attention"][0]  # (N, H, T, S), of the first call of this layer

    Yields
    ------
    maps : the module's name -> its weights (N, H, T, S), one tensor a call, before dropout and without gradient.
    """
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, MultiHeadAttention)}
    maps: dict[str, list[Tensor]] = {name: [] for name in layers}
    try:
        for name, layer in layers.items():
            layer.recorded = maps[name]
        yield maps
    finally:
        for layer in layers.values():
            layer.recorded = None
