"""word2vec: vectors in which words that occur in like places lie close together (skip-gram, negative sampling)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers import Embedding

Array = np.ndarray


class SkipGram(Layer):
    """Two vectors for each word: one for the word in the centre, one for the word as a neighbour.

    :class:`groundup.scratch.NegativeSampling` is its loss. In the end the centre vectors are what one keeps.

    Parameters
    ----------
    vocabulary, width : V and D.
    rng : source of the initial centre vectors, uniform in ±1/(2D); the neighbours' start at zero.
    dtype : of the parameters.

    Notes
    -----
    Source: Mikolov et al. 2013, "Distributed representations of words and phrases and their compositionality",
    section 2; the initial weights are those of the authors' program.
    """

    def __init__(self, vocabulary: int, width: int, *, rng: np.random.Generator, dtype: Any = np.float32) -> None:
        self.center = Embedding(vocabulary, width, rng=rng, dtype=dtype)
        self.context = Embedding(vocabulary, width, rng=rng, dtype=dtype)
        bound = 0.5 / width
        self.center.weight.data[...] = initializers.uniform((vocabulary, width), -bound, bound, rng, dtype)
        self.context.weight.data[...] = 0

    def forward(self, center: Array, context: Array) -> tuple[Array, Array]:
        """Return vectors: (N, D) of the words in the centre (N,), (N, 1 + K, D) of possible neighbours (N, 1 + K)."""
        center, context = np.asarray(center), np.asarray(context)
        check_shape("center", center, ("N",), "one word for each pair")
        check_shape("context", context, (len(center), "1 + K"), "for each pair the neighbour, then words drawn")
        return self.center(center), self.context(context)

    def backward(self, dcenter: Array, dcontext: Array) -> None:
        """Add to the gradients of both tables; words have none."""
        self.context.backward(dcontext)
        self.center.backward(dcenter)

    def nearest(self, word: int, count: int = 5) -> tuple[Array, Array]:
        """Return the words whose centre vectors point in the most similar directions, and the cosines, best first."""
        table = self.center.weight.data
        directions = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), np.finfo(table.dtype).tiny)
        cosines = directions @ directions[word]
        cosines[word] = -np.inf  # itself
        best = np.argsort(-cosines, kind="stable")[:count]
        return best, cosines[best]


# -- from a text to pairs of words -----------------------------------------------------------------------------


def words(text: str) -> list[str]:
    """Return the words of an English text, in lower case, without punctuation."""
    return re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower())


def count_words(text: Iterable[str], at_least: int = 5) -> tuple[list[str], Array]:
    """Return the words that occur often enough, the most frequent first, and how often, (V,)."""
    counts = [(word, n) for word, n in Counter(text).most_common() if n >= at_least]
    return [word for word, _ in counts], np.array([n for _, n in counts], np.int64)


def keep_probability(counts: Array, threshold: float = 1e-3) -> Array:
    """Return with what probability each word stays in the text: ``min(1, √(t / f))``, f its share of all words.

    "the" stands next to everything and so says little about any of it. Each pass over the text leaves out frequent
    words at random, which also brings rarer ones closer together.

    Source: Mikolov et al. 2013, section 2.3, equation 5, with t near 1e-5 for texts of a billion words; a short
    text needs a larger t, or too little is left.
    """
    return np.minimum(1, np.sqrt(threshold * counts.sum() / counts))


def skip_gram_pairs(tokens: Array, window: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return all pairs of a word and a neighbour, centres (P,) and contexts (P,), in random order.

    For each place a reach from 1 to ``window`` is drawn, and every word within it is a neighbour; so near ones are
    met more often than far ones. The definition is two loops, over places and over neighbours; here it is one, over
    the ``window`` distances, each for all places at once.

    Parameters
    ----------
    tokens : (T,), the words of a text as numbers.
    window : the largest distance, at least 1.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    reach = rng.integers(1, window + 1, len(tokens))
    centers, contexts = [tokens[:0]], [tokens[:0]]
    for distance in range(1, min(window, len(tokens) - 1) + 1):
        near = reach >= distance
        before, after = tokens[:-distance], tokens[distance:]
        centers += [before[near[:-distance]], after[near[distance:]]]
        contexts += [after[near[:-distance]], before[near[distance:]]]
    center, context = np.concatenate(centers), np.concatenate(contexts)
    order = rng.permutation(len(center))
    return center[order], context[order]


class Noise:
    """Draws words at random, frequent ones more often: ``P(w) ∝ count(w)^0.75``.

    The power lies between the counts themselves (words like "the" all the time) and equal chances (rare words).

    Source: Mikolov et al. 2013, section 2.2.
    """

    def __init__(self, counts: Array, power: float = 0.75) -> None:
        shares = counts.astype(np.float64) ** power
        self.up_to = shares.cumsum() / shares.sum()  # (V,), the distribution function

    def draw(self, shape: Sequence[int], rng: np.random.Generator) -> Array:
        """Return words of this shape."""
        return self.up_to.searchsorted(rng.random(tuple(shape)), side="right").clip(max=len(self.up_to) - 1)
