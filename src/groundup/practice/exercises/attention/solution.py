"""Attention: every query looks at all keys, and takes of each value as much as its key fits.

There are T queries and S keys, each a vector of D numbers; each key has a value, a vector of E numbers. A query fits a
key if their product is large. For each example n of the batch:

    scores[t, s] = query[t] · key[s] / √D            (T, S)
    p[t]         = softmax of scores[t] over s       (T, S): each row sums to 1
    y[t]         = sum over s of p[t, s] value[s]    (T, E)

The product of two vectors of D random numbers grows as √D: the division keeps the softmax from saturating.

A mask (T, S) hides keys from queries, where it is True: the future in a language model, the padding of a short sentence.
A hidden key gets the score -∞, before the softmax, so that e^-∞ = 0 and the others share the whole. Every query sees at
least one key. As always in a softmax, subtract the largest score first.

Backwards, with dy (N, T, E). The last line is a product, so dvalue = pᵀ dy, and dp = dy valueᵀ. The softmax: each
score moves all shares of its row,

    ds[t, s] = p[t, s] (dp[t, s] - sum over j of p[t, j] dp[t, j])

and the scores are a product again: dquery = ds key / √D, dkey = dsᵀ query / √D. Where a key is hidden, p is zero and
so is ds.

Vaswani et al. 2017, "Attention is all you need", section 3.2.1.
"""

import numpy as np


def attention_weights(query, key, mask):
    """Return p (N, T, S) for query (N, T, D), key (N, S, D) and mask (T, S), True where a key is hidden."""
    # your code
    scores = query @ key.transpose(0, 2, 1) / query.shape[-1] ** 0.5
    scores = np.where(mask, -np.inf, scores)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)
    # end of your code


def attention_forward(query, key, value, mask):
    """Return y (N, T, E) for query (N, T, D), key (N, S, D), value (N, S, E), mask (T, S)."""
    # your code
    return attention_weights(query, key, mask) @ value
    # end of your code


def attention_backward(dy, query, key, value, mask):
    """Return dquery (N, T, D), dkey (N, S, D), dvalue (N, S, E) for dy (N, T, E)."""
    # your code
    p = attention_weights(query, key, mask)
    dvalue = p.transpose(0, 2, 1) @ dy
    dp = dy @ value.transpose(0, 2, 1)
    ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))
    scale = query.shape[-1] ** -0.5
    dquery = ds @ key * scale
    dkey = ds.transpose(0, 2, 1) @ query * scale
    return dquery, dkey, dvalue
    # end of your code
