"""A Transformer block: attention and a small network, each behind a norm, each added to what went in.

The pieces are known, and given below: linear layers, layer normalisation, GELU, and causal self-attention. What is new
is how they are put together. x is (N, T, D): N sentences of T words, D numbers for each.

**Heads.** Attention is done several times side by side, each time in K = D / H of the D features: head h has the
features h K to (h + 1) K - 1. So the D features are cut into (H, K), and the heads moved to the front, where the matrix
products leave them alone:

    split_heads: (N, T, D) -> (N, H, T, K)           merge_heads: (N, H, T, K) -> (N, T, D), the way back

**The block.** Each half reads a normalised copy, and adds what it finds to the stream:

    h = x + attention(norm1(x))
    y = h + w2 gelu(w1 norm2(h) + b1) + b2

Backwards, where a value was used twice (x by the norm and by the sum, and h too) its gradients add up:

    dh = dy + what comes back through the second half
    dx = dh + what comes back through the first half

The parameters come in a dictionary p, and their gradients go back in one with the same names:

    gain1, shift1 (D,)   w_qkv (3 D, D)   w_out (D, D)   gain2, shift2 (D,)   w1 (F, D)   b1 (F,)   w2 (D, F)   b2 (D,)

This is the pre-norm block, GPT-2's. Vaswani et al. 2017, "Attention is all you need", section 3; the place of the norm:
Xiong et al. 2020, "On layer normalization in the Transformer architecture", section 3.
"""

import numpy as np


def split_heads(x, heads):
    """Return x (N, T, D) as (N, heads, T, D / heads)."""
    # your code
    N, T, D = x.shape
    return x.reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)
    # end of your code


def merge_heads(x):
    """Return x (N, H, T, K) as (N, T, H K)."""
    # your code
    N, H, T, K = x.shape
    return x.transpose(0, 2, 1, 3).reshape(N, T, H * K)
    # end of your code


# Given: each forward returns y and a cache, each backward takes dy and that cache.


def linear_forward(x, w, b):
    """Return y (N, T, O) = x wᵀ + b, for x (N, T, I), w (O, I), b (O,); and the cache."""
    return x @ w.T + b, (x, w)


def linear_backward(dy, cache):
    """Return dx, dw, db."""
    x, w = cache
    return dy @ w, np.einsum("nto,nti->oi", dy, x), dy.sum(axis=(0, 1))


def norm_forward(x, gain, shift, eps=1e-5):
    """Return y (N, T, D): each x[n, t] with mean 0 and variance 1, times gain, plus shift (D,); and the cache."""
    centred = x - x.mean(axis=-1, keepdims=True)
    inverse_std = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    return centred * inverse_std * gain + shift, (centred * inverse_std, inverse_std, gain)


def norm_backward(dy, cache):
    """Return dx, dgain, dshift."""
    normalised, inverse_std, gain = cache
    d = dy * gain
    mean = d.mean(axis=-1, keepdims=True)
    along = (d * normalised).mean(axis=-1, keepdims=True)
    return (d - mean - normalised * along) * inverse_std, (dy * normalised).sum(axis=(0, 1)), dy.sum(axis=(0, 1))


def gelu_forward(x):
    """Return y, GELU in its tanh form; and the cache."""
    tanh = np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + tanh), (x, tanh)


def gelu_backward(dy, cache):
    """Return dx."""
    x, tanh = cache
    return dy * 0.5 * (1 + tanh + x * (1 - tanh**2) * (2 / np.pi) ** 0.5 * (1 + 3 * 0.044715 * x**2))


def attention_forward(x, w_qkv, w_out, heads):
    """Return y (N, T, D), causal self-attention of x (N, T, D) with this many heads; and the cache."""
    q, k, v = (split_heads(part, heads) for part in np.split(x @ w_qkv.T, 3, axis=-1))  # each (N, H, T, K)
    scores = q @ k.mT * q.shape[-1] ** -0.5  # (N, H, T, T)
    scores = np.where(np.triu(np.ones(scores.shape[-2:], bool), 1), -np.inf, scores)  # the future is hidden
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    merged = merge_heads(p @ v)
    return merged @ w_out.T, (x, w_qkv, w_out, heads, q, k, v, p, merged)


def attention_backward(dy, cache):
    """Return dx, dw_qkv, dw_out."""
    x, w_qkv, w_out, heads, q, k, v, p, merged = cache
    dheads = split_heads(dy @ w_out, heads)
    dp = dheads @ v.mT
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True)) * q.shape[-1] ** -0.5
    dqkv = np.concatenate([merge_heads(part) for part in (ds @ k, ds.mT @ q, p.mT @ dheads)], axis=-1)
    return dqkv @ w_qkv, np.einsum("nto,nti->oi", dqkv, x), np.einsum("nto,nti->oi", dy, merged)


def block_forward(x, p, heads):
    """Return y (N, T, D), and a cache of your own: whatever block_backward needs."""
    # your code
    n1, norm1 = norm_forward(x, p["gain1"], p["shift1"])
    a, attention = attention_forward(n1, p["w_qkv"], p["w_out"], heads)
    h = x + a
    n2, norm2 = norm_forward(h, p["gain2"], p["shift2"])
    u, linear1 = linear_forward(n2, p["w1"], p["b1"])
    g, gelu = gelu_forward(u)
    m, linear2 = linear_forward(g, p["w2"], p["b2"])
    y = h + m
    return y, (norm1, attention, norm2, linear1, gelu, linear2)
    # end of your code


def block_backward(dy, cache):
    """Return dx (N, T, D), and a dictionary with the gradient of each parameter, under the parameter's name."""
    # your code
    norm1, attention, norm2, linear1, gelu, linear2 = cache
    d = {}
    dg, d["w2"], d["b2"] = linear_backward(dy, linear2)
    du = gelu_backward(dg, gelu)
    dn2, d["w1"], d["b1"] = linear_backward(du, linear1)
    dh_half, d["gain2"], d["shift2"] = norm_backward(dn2, norm2)
    dh = dy + dh_half
    dn1, d["w_qkv"], d["w_out"] = attention_backward(dh, attention)
    dx_half, d["gain1"], d["shift1"] = norm_backward(dn1, norm1)
    dx = dh + dx_half
    return dx, d
    # end of your code
