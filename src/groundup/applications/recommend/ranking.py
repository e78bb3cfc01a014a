"""How good a list of recommendations is, judged against all films that the user has not rated yet.

A recommender's only product is the top of a list. So all that counts is where the films that someone went on to like
stand in it; the films that nobody asks about (the negatives) are all others, not a sample of them.
"""

import numpy as np

from groundup.applications.recommend.ratings import Matrix

TOP = 20  # length of the list that is shown


def ranks(scores: np.ndarray, hidden: Matrix, seed: int = 0) -> np.ndarray:
    """Return the place of each film in each user's list, (U, I), from 1; films in ``hidden`` go to the end.

    Equal scores are ordered by chance: an order by number would favour old films.
    """
    shuffle = np.random.default_rng(seed).permutation(scores.shape[1])
    shown = np.array(scores, dtype=np.float32)
    shown[hidden.nonzero()] = -np.inf
    order = shuffle[np.argsort(-shown[:, shuffle], axis=1, kind="stable")]
    place = np.empty(order.shape, np.int32)
    np.put_along_axis(place, order, np.arange(1, order.shape[1] + 1, dtype=np.int32)[None], axis=1)
    return place


def per_user(place: np.ndarray, liked: Matrix, top: int = TOP) -> dict[str, np.ndarray]:
    """Return recall, NDCG and reciprocal rank of each user, (U,) each; NaN for those who liked nothing.

    With r the places of the liked films:

    - recall@k: the share of them with r <= k, of at most k (who liked more than k can't see all of them);
    - NDCG@k: sum over r <= k of 1 / log2(1 + r), divided by the largest sum possible (Järvelin and Kekäläinen 2002,
      "Cumulated gain-based evaluation of IR techniques");
    - reciprocal rank: 1 / the smallest r; its mean is the MRR.
    """
    count = liked.sum(axis=1).astype(int)
    users, films = liked.nonzero()
    r = place[users, films].astype(float)
    n = len(count)
    possible = np.minimum(count, top)
    gains = np.concatenate([[0], np.cumsum(1 / np.log2(1 + np.arange(1, top + 1)))])
    best = np.full(n, np.inf)
    np.minimum.at(best, users, r)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 is NaN, which is what is promised
        return {
            "recall": np.bincount(users, r <= top, n) / possible,
            "ndcg": np.bincount(users, np.where(r <= top, 1 / np.log2(1 + r), 0), n) / gains[possible],
            "mrr": np.where(count > 0, 1 / best, np.nan),
        }


def sampled(scores: np.ndarray, hidden: Matrix, liked: Matrix, negatives: int, top: int, seed: int) -> np.ndarray:
    """Return the hit rate of each user, (U,), the wrong way: each liked film among a few others drawn at random.

    The share of the liked films that stand among the first ``top`` of themselves and ``negatives`` films drawn from
    those that the user has neither rated nor goes on to like.
    """
    rng = np.random.default_rng(seed)
    found = np.full(len(scores), np.nan)
    taken = (hidden + liked).tocsr()
    for user in range(len(scores)):
        films = liked.indices[liked.indptr[user] : liked.indptr[user + 1]]
        if not len(films):
            continue
        free = np.setdiff1d(np.arange(scores.shape[1]), taken.indices[taken.indptr[user] : taken.indptr[user + 1]])
        others = scores[user, rng.choice(free, (len(films), negatives))]
        own = scores[user, films][:, None]
        ahead = (others > own).sum(1) + rng.binomial((others == own).sum(1), 0.5)
        found[user] = (ahead < top).mean()
    return found


def lists(place: np.ndarray, top: int = TOP) -> np.ndarray:
    """Return the films of each user's list, (U, top), best first."""
    return np.argsort(place, axis=1)[:, :top]


def bias(shown: np.ndarray, popularity: np.ndarray, head: int) -> dict[str, float]:
    """Return what lists (U, k) do to the catalogue: films shown at all, how popular they are, the share of the head.

    ``popularity`` (I,) is each film's number of ratings in training, ``head`` how many of the most rated films are
    looked at.
    """
    top = np.argsort(-popularity, kind="stable")[:head]
    return {
        "shown": float(len(np.unique(shown))),
        "popularity": float(popularity[shown].mean()),
        "head": float(np.isin(shown, top).mean()),
    }
