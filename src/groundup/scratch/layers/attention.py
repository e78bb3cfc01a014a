"""Attention: every place of a sequence looks at other places, and takes from those that fit what it needs.

Each query is compared with all keys; the better a key fits, the more of its value is taken. In a mask, ``True`` hides:
that key may not be looked at (as in ``torch.nn.MultiheadAttention``). Letters: N batch, H heads of queries, G heads of
keys and values, T queries, S keys, d width of a head, D width of the model.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers.dropout import dropout_forward
from groundup.scratch.layers.embedding import RotaryEmbedding
from groundup.scratch.layers.key_value_cache import KeyValueCache, check_cache
from groundup.scratch.layers.linear import Linear, linear_backward, linear_forward
from groundup.scratch.layers.masks import hidden_keys
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def attention_weights(scores: Array, hidden: Array | None = None, causal: bool = False) -> Array:
    """Turn scores into shares: ``p = softmax(scores)`` over the keys, zero where a key is hidden.

    Parameters
    ----------
    scores : (..., T, S), overwritten.
    hidden : booleans that broadcast to the scores, True where a query may not look.
    causal : hide the future. The last query stands at the last key: query t sees the keys 0 to t + S - T.

    Returns
    -------
    p : (..., T, S), each row sums to 1; a row with every key hidden is zero, so such a query takes nothing.

    Notes
    -----
    A hidden key gets the score -∞, and ``e^-∞ = 0``. Subtracting the row's largest score keeps every exponent at 0 or
    below. Where all are hidden that largest score would be -∞, and -∞ - (-∞) is not a number: the smallest float
    takes its place, everything becomes 0, and a sum of 0 is replaced by 1 before the division.
    """
    T, S = scores.shape[-2:]
    if causal and T > 1:  # a single query, the last, sees everything
        future = np.arange(S) > np.arange(T)[:, None] + (S - T)  # (T, S)
        hidden = future if hidden is None else hidden | future
    if hidden is not None:
        scores += np.where(hidden, -np.inf, 0).astype(scores.dtype)  # one small array, broadcast over the heads
    scores -= scores.max(axis=-1, keepdims=True, initial=float(np.finfo(scores.dtype).min))
    p = np.exp(scores, out=scores)
    total = p @ np.ones(S, p.dtype)  # the row sums; on short rows this is several times faster than sum
    total[total == 0] = 1
    p *= (1 / total)[..., None]
    return p


def attention_forward(
    query: Array,
    key: Array,
    value: Array,
    hidden: Array | None = None,
    causal: bool = False,
    dropout: float = 0.0,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Any]:
    """Take from every value as much as its key fits the query: ``y = softmax(q kᵀ / √d) v``.

    Without the factor ``1/√d`` the scores, sums of d products, would grow with d, and the softmax would saturate.

    Derivation of the gradient: with ``s = q kᵀ/√d`` and ``p = softmax(s)``, ``y = p v`` is a product, so
    ``dv = pᵀ dy`` and ``dp = dy vᵀ``. Softmax has ``∂pᵢ/∂sⱼ = pᵢ ([i = j] - pⱼ)``, hence
    ``ds = p · (dp - Σⱼ pⱼ dpⱼ)``, and that sum is ``Σⱼ pⱼ (dy · vⱼ) = dy · y``: a product of two rows of length d
    instead of S. Last, s is again a product: ``dq = ds k/√d`` and ``dk = dsᵀ q/√d``.

    Parameters
    ----------
    query : (N, H, T, d)
    key, value : (N, G, S, d) and (N, G, S, e). With G < H, each H/G neighbouring query heads share one head of keys and
        values (grouped queries); G divides H.
    hidden, causal : see :func:`attention_weights`; hidden broadcasts to (N, H, T, S).
    dropout, rng : the probability with which each weight is set to zero (see :func:`dropout_forward`), and its source.

    Returns
    -------
    y : (N, H, T, e), in memory (N, T, H, e), so that :func:`merge_heads` moves nothing.
    cache : what :func:`attention_backward` needs.

    Notes
    -----
    The definition is :func:`groundup.scratch.naive.attention`. What makes it fast: one matrix product for each head
    (NumPy hands each to BLAS, because the last axis of every operand lies together or is the transpose of one that
    does); the scores, the largest array, are made once, become the weights in place, and are kept for backward; the
    factor 1/√d goes to q, and the transposing to k and v, which are smaller.

    Sources: Vaswani et al. 2017, "Attention is all you need", section 3.2.1; grouped queries: Ainslie et al. 2023,
    "GQA: Training generalized multi-query Transformer models from multi-head checkpoints", section 2.2.
    """
    (N, H, T, d), (G, S, e) = query.shape, value.shape[1:]
    grouped = (N, G, H // G, T)  # heads that share keys lie side by side
    q = np.multiply(query, 1 / math.sqrt(d), order="C")
    scores = q.reshape(*grouped, d) @ transposed(key)[:, :, None]  # (N, G, H/G, T, S)
    p = attention_weights(scores.reshape(N, H, T, S), hidden, causal).reshape(*grouped, S)
    kept, mask = p, None
    if dropout:
        assert rng is not None
        kept, mask = dropout_forward(p, dropout, rng)
    y = np.empty((N, T, H, e), query.dtype).transpose(0, 2, 1, 3)  # (N, H, T, e)
    np.matmul(kept, value[:, :, None], out=y.reshape(*grouped, e))
    return y, (q, key, value, p, mask, y)


def attention_backward(dy: Array, cache: Any, out: list[Array] | None = None) -> list[Array]:
    """Return ``dquery`` (N, H, T, d), ``dkey`` (N, G, S, d), ``dvalue`` (N, G, S, e); see :func:`attention_forward`.

    Parameters
    ----------
    dy : (N, H, T, e)
    out : three arrays of these shapes to write into, where the caller already knows where they belong.
    """
    q, key, value, p, mask, y = cache
    (N, G, r, T, S), d, e = p.shape, key.shape[-1], value.shape[-1]  # r query heads share a key head
    dquery, dkey, dvalue = out or [np.empty(x.shape, x.dtype) for x in (q, key, value)]
    grouped_dy = dy.reshape(N, G, r, T, e)

    ds = grouped_dy @ transposed(value)[:, :, None]  # (N, G, r, T, S), dp so far
    kept = p
    if mask is not None:
        ds *= mask
        kept = p * mask
    ds -= np.vecdot(dy, y).reshape(N, G, r, T, 1)
    ds *= p

    np.matmul(ds, key[:, :, None], out=dquery.reshape(N, G, r, T, d))
    dquery *= 1 / math.sqrt(d)
    # The gradient of a shared head is the sum over the r heads that share it: with their queries in one long list
    # of r·T rows, the matrix product takes that sum too.
    np.matmul(ds.reshape(N, G, r * T, S).mT, q.reshape(N, G, r * T, d), out=dkey)
    np.matmul(kept.reshape(N, G, r * T, S).mT, grouped_dy.reshape(N, G, r * T, e), out=dvalue)
    return [dquery, dkey, dvalue]


def transposed(x: Array) -> Array:
    """Return a copy of x with its last two axes exchanged; small matrix products run faster on it than on a view."""
    return np.ascontiguousarray(x.mT)


def split_heads(x: Array, parts: int, heads: int) -> Array:
    """Return a view of x (N, T, parts·heads·d) as (parts, N, heads, T, d)."""
    N, T, D = x.shape
    return x.reshape(N, T, parts, heads, D // (parts * heads)).transpose(2, 0, 3, 1, 4)


def merge_heads(x: Array) -> Array:
    """Return x (N, H, T, d) as (N, T, H·d); without moving anything if that is how it lies in memory."""
    N, H, T, d = x.shape
    return x.transpose(0, 2, 1, 3).reshape(N, T, H * d)


def check_heads(width: int, heads: int) -> None:
    """Raise ValueError unless the heads can divide the width among themselves."""
    if heads < 1 or width < 1 or width % heads:
        raise ValueError(f"the heads share the width equally: got width {width} and {heads} heads, {width}/{heads}")


class MultiHeadAttention(Layer):
    """Several attentions side by side, each in its own d = D/H features; see :func:`attention_forward`.

    ``y = concat(head₁, ..., head_H) W_oᵀ + b_o`` with ``headₕ = attention(q W_qᵀ, k W_kᵀ, v W_vᵀ)`` on the features
    of head h. One head can look at one thing only; several look at several.

    Parameters
    ----------
    embed_dim, num_heads : D and H; H divides D.
    dropout : probability with which an attention weight is dropped in training.
    bias : whether the four projections have biases.
    causal : hide the future (PyTorch says so at every call instead, with ``is_causal`` and a mask).
    rng : source of the initial weights (Xavier uniform for the first three, biases zero, as PyTorch's) and of dropout.
    dtype : of the parameters.

    Raises
    ------
    ValueError : the heads do not divide the width; inputs or masks do not fit.

    Notes
    -----
    The axes are always (N, T, D), PyTorch's ``batch_first=True``. Masks are booleans. A query for which every key is
    hidden takes nothing (its attention is 0; PyTorch's module gives NaN).

    Source: Vaswani et al. 2017, "Attention is all you need", section 3.2.2.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        causal: bool = False,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        check_heads(embed_dim, num_heads)
        self.num_heads, self.dropout, self.causal, self.rng = num_heads, dropout, causal, rng
        D = embed_dim
        self.in_proj_weight = Parameter(initializers.xavier_uniform((3 * D, D), rng, dtype=dtype))
        self.in_proj_bias = Parameter(np.zeros(3 * D, dtype)) if bias else None
        self.out_proj = Linear(D, D, bias, rng=rng, dtype=dtype)
        if self.out_proj.bias:
            self.out_proj.bias.data[...] = 0

    def forward(
        self,
        query: Array,
        key: Array | None = None,
        value: Array | None = None,
        key_padding_mask: Array | None = None,
        attn_mask: Array | None = None,
        cache: KeyValueCache | None = None,
    ) -> Array:
        """Return y (N, T, D).

        Parameters
        ----------
        query : (N, T, D)
        key, value : (N, S, D). Without both, self-attention: all three are the query. Without value, it is the key.
        key_padding_mask : (N, S), True where a key is only padding.
        attn_mask : (T, S) or (N·H, T, S), True where a query may not look at a key.
        cache : of the tokens before these; in evaluation, for causal self-attention.
        """
        sources = [x for x in (query, key, value) if x is not None]
        if key is None and value is not None:
            raise ValueError("got a value without a key")
        D = self.out_proj.weight.shape[1]
        for name, x in zip(("query", "key", "value"), sources):
            check_float(name, x)
            check_shape(name, x, ("N", "T", D), "batch, time and width, in this order")
        if any(x.shape[:2] != sources[1].shape[:2] for x in sources[2:]) or len(sources[-1]) != len(query):
            raise ValueError(f"query {query.shape}, key and value {[x.shape for x in sources[1:]]} do not go together")

        # Whatever comes from the same source is one matrix product: for self-attention q, k and v.
        projections, heads = [], []
        for x, (rows, parts) in zip(sources, self._shares(len(sources))):
            bias = self.in_proj_bias.data[rows] if self.in_proj_bias else None
            projected, projection = linear_forward(x, self.in_proj_weight.data[rows], bias)
            projections.append(projection)
            heads.extend(split_heads(projected, parts, self.num_heads))
        q, k, v = heads
        if cache is not None:
            check_cache(self, self.causal and len(sources) == 1)
            k, v = cache.extend(k, v)

        hidden = hidden_keys(attn_mask, key_padding_mask, (*q.shape[:3], k.shape[2]))
        dropout = self.dropout if self.training else 0.0
        y, attention = attention_forward(q, k, v, hidden, self.causal, dropout, self.rng)
        self.remember((projections, attention, [x.shape for x in sources]))
        return self.out_proj(merge_heads(y))

    def backward(self, dy: Array) -> Any:
        """Return the gradient of each array that was given: dquery alone, or with dkey, or with dkey and dvalue."""
        projections, attention, shapes = self.recall()
        shares = self._shares(len(shapes))
        dprojected = [np.empty((*shape[:2], parts * shape[2]), dy.dtype) for shape, (_, parts) in zip(shapes, shares)]
        views = [v for d, (_, parts) in zip(dprojected, shares) for v in split_heads(d, parts, self.num_heads)]
        dmerged: Any = self.out_proj.backward(dy)  # (N, T, D)
        dheads = split_heads(dmerged, 1, self.num_heads)[0]  # (N, H, T, d)
        attention_backward(dheads, attention, out=views)  # writes q, k and v side by side: nothing to put together

        dsources = []
        for d, projection, (rows, _) in zip(dprojected, projections, shares):
            dx, dweight, dbias = linear_backward(d, projection)
            self.in_proj_weight.grad[rows] += dweight
            if self.in_proj_bias:
                self.in_proj_bias.grad[rows] += dbias
            dsources.append(dx)
        return dsources[0] if len(dsources) == 1 else tuple(dsources)

    def _shares(self, sources: int) -> list[tuple[slice, int]]:
        """Return for each source its rows of ``in_proj_weight`` and how many of q, k and v they make."""
        D = self.out_proj.weight.shape[1]
        ends = {1: (0, 3), 2: (0, 1, 3), 3: (0, 1, 2, 3)}[sources]
        return [(slice(a * D, b * D), b - a) for a, b in pairwise(ends)]

    def __repr__(self) -> str:
        causal = ", causal=True" if self.causal else ""
        return f"MultiHeadAttention({self.out_proj.weight.shape[1]}, {self.num_heads}{causal})"


class GroupedQueryAttention(Layer):
    """Self-attention in which several query heads share one head of keys and values.

    What generation has to keep and to read for every token, the keys and values, shrinks by the factor G/H. With
    ``num_kv_heads`` 1 this is multi-query attention, with ``num_heads`` multi-head attention.

    Parameters
    ----------
    embed_dim, num_heads, num_kv_heads : D, H and G; H divides D, G divides H.
    dropout, causal, rng, dtype : see :class:`MultiHeadAttention`; weights start as :class:`Linear`'s.
    bias : whether the four projections have biases. (That of the keys adds the same to all scores of a query, which the
        softmax does not notice: its gradient is zero, unless the keys are turned afterwards.)
    rotary : tell the positions by turning queries and keys; see
        :func:`groundup.scratch.layers.embedding.rotary_forward`.

    Raises
    ------
    ValueError : the numbers do not divide; inputs or masks do not fit.

    Notes
    -----
    Sources: Shazeer 2019, "Fast Transformer decoding: One write-head is all you need", section 3 (one head); Ainslie et
    al. 2023, "GQA", section 2.2 (groups).
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        num_kv_heads: int,
        dropout: float = 0.0,
        bias: bool = False,
        *,
        causal: bool = False,
        rotary: bool = False,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        check_heads(embed_dim, num_heads)
        if num_kv_heads < 1 or num_heads % num_kv_heads:
            raise ValueError(
                f"query heads must be a multiple of key heads, so that equally many share each: got {num_heads} and "
                f"{num_kv_heads}"
            )
        self.num_heads, self.num_kv_heads = num_heads, num_kv_heads
        self.dropout, self.causal, self.rng = dropout, causal, rng
        d = embed_dim // num_heads
        self.q_proj = Linear(embed_dim, num_heads * d, bias, rng=rng, dtype=dtype)
        self.k_proj = Linear(embed_dim, num_kv_heads * d, bias, rng=rng, dtype=dtype)
        self.v_proj = Linear(embed_dim, num_kv_heads * d, bias, rng=rng, dtype=dtype)
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng, dtype=dtype)
        self.rotary = RotaryEmbedding(d) if rotary else None

    def forward(
        self,
        x: Array,
        key_padding_mask: Array | None = None,
        attn_mask: Array | None = None,
        cache: KeyValueCache | None = None,
    ) -> Array:
        """Return y (N, T, D) for x (N, T, D); masks and cache as in :meth:`MultiHeadAttention.forward`."""
        check_float("x", x)
        check_shape("x", x, ("N", "T", self.q_proj.weight.shape[1]), "batch, time and width, in this order")
        q = split_heads(self.q_proj(x), 1, self.num_heads)[0]  # (N, H, T, d)
        k = split_heads(self.k_proj(x), 1, self.num_kv_heads)[0]  # (N, G, T, d)
        v = split_heads(self.v_proj(x), 1, self.num_kv_heads)[0]
        if self.rotary:
            start = cache.length if cache else 0
            q, k = self.rotary(q, start), self.rotary(k, start)
        if cache is not None:
            check_cache(self, self.causal)
            k, v = cache.extend(k, v)
        hidden = hidden_keys(attn_mask, key_padding_mask, (*q.shape[:3], k.shape[2]))
        dropout = self.dropout if self.training else 0.0
        y, attention = attention_forward(q, k, v, hidden, self.causal, dropout, self.rng)
        self.remember(attention)
        return self.out_proj(merge_heads(y))

    def backward(self, dy: Array) -> Array:
        dmerged: Any = self.out_proj.backward(dy)  # (N, T, D)
        dheads = split_heads(dmerged, 1, self.num_heads)[0]  # (N, H, T, d)
        dq, dk, dv = attention_backward(dheads, self.recall())
        if self.rotary:
            dk = self.rotary.backward(dk)  # last in, first out: k was turned after q
            dq = self.rotary.backward(dq)
        dx: Any = self.q_proj.backward(merge_heads(dq))
        dx += self.k_proj.backward(merge_heads(dk))
        dx += self.v_proj.backward(merge_heads(dv))
        return dx

    def __repr__(self) -> str:
        D = self.q_proj.weight.shape[1]
        return f"GroupedQueryAttention({D}, {self.num_heads}, {self.num_kv_heads}{', causal=True' * self.causal})"
