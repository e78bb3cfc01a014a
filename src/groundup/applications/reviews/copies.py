"""Reviews that are copies of each other, word for word or nearly: found, grouped, and planted.

Two texts are compared by their shingles, the runs of three words in them (Broder 1997, "On the resemblance and
containment of documents"): the Jaccard similarity |A ∩ B| / |A ∪ B| is 1 for equal texts, and nearly 0 for two that
were written independently, for they share words but hardly runs of words. All pairs that share a shingle are counted at
once by a product of sparse matrices; for millions of texts one would estimate the same number by MinHash.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

from groundup.applications.reviews.cleaning import words

LENGTH = 3  # words of a shingle
ALIKE = 0.5  # texts at least this similar are copies


class Pairs(NamedTuple):
    """Pairs of texts, first < second, with their Jaccard similarity, (P,) each."""

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray


def shingles(text: str) -> list[str]:
    """Return the runs of `LENGTH` words of a cleaned text; a shorter text is one run."""
    found = words(text)
    return [" ".join(found[i : i + LENGTH]) for i in range(max(1, len(found) - LENGTH + 1))]


def alike(texts: np.ndarray, least: float = ALIKE) -> Pairs:
    """Return all pairs of cleaned texts whose similarity is at least ``least`` (above 0)."""
    counted: Any = CountVectorizer(binary=True).set_params(analyzer=shingles)
    has = counted.fit_transform(texts)  # (N, S)
    sizes = np.asarray(has.sum(axis=1)).ravel()
    shared = sparse.triu(has @ has.T, k=1).tocoo()
    similarity = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    kept = similarity >= least
    return Pairs(shared.row[kept], shared.col[kept], similarity[kept])


def groups(texts: np.ndarray, least: float = ALIKE) -> np.ndarray:
    """Return the number of the group of each cleaned text, (N,): copies, and copies of copies, are of one group."""
    pairs, n = alike(texts, least), len(texts)
    links = sparse.coo_matrix((np.ones(len(pairs.first)), (pairs.first, pairs.second)), shape=(n, n))
    return connected_components(links, directed=False)[1]


def split_groups(group: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Divide rows into two parts, about ``share`` of them in the second; no group is in both.

    Returns
    -------
    Row numbers of the first part and of the second, ascending.
    """
    names = rng.permutation(np.unique(group))
    second = np.isin(group, names[: round(share * len(names))])
    return np.flatnonzero(~second), np.flatnonzero(second)


def plant(
    texts: np.ndarray, labels: np.ndarray, rate: float, rng: np.random.Generator, lost: float = 0.03
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Copy each review with chance ``rate``, as shops do that show a review under every size of a product.

    In a copy each word is lost with chance ``lost``, so that a search for equal texts finds few of them.

    Returns
    -------
    The texts and the labels with the copies at the end, and for each the number of the review that it shows.
    """
    copied = np.flatnonzero(rng.random(len(texts)) < rate)
    new = [" ".join(word for word in texts[row].split() if rng.random() >= lost) for row in copied]
    source = np.concatenate([np.arange(len(texts)), copied])
    return np.concatenate([texts, np.array(new, dtype=object)]), labels[source], source
