"""Cold start: users of whom little is known, and films that few have seen."""

from typing import Any

import numpy as np

from groundup.applications.recommend.candidates import CANDIDATES, Choice
from groundup.applications.recommend.ranking import TOP, per_user, ranks
from groundup.applications.recommend.ratings import LIKED, Matrix, Parts, Ratings

KNOWN = (0, 1, 2, 5, 10, 20, 50)  # liked films of a newcomer that the model is told
FOLDS = 5
NEWCOMERS = ("popularity", "linear", "history")  # the models that need no vector of the user's own
SIZES = ((0, 10), (11, 30), (31, 100), (101, None))  # liked films before the test


def newcomers(
    ratings: Ratings, parts: Parts, choices: dict[str, Choice], seed: int, epochs: int | None
) -> dict[str, Any]:
    """Hide a fifth of the users altogether, five times; then tell the model their first few liked films.

    The models learn from the other users' ratings before the test. The newcomers' test part is what is to be foretold;
    their ratings before the test are hidden from the lists, told or not, so that every n has the same task.
    """
    rng = np.random.default_rng(seed)
    fold = rng.permutation(ratings.users) % FOLDS
    rows = parts.before_test[np.argsort(ratings.time[parts.before_test], kind="stable")]
    hidden, liked = ratings.seen(rows), ratings.liked(parts.test)
    found: dict[str, Any] = {name: {n: np.full(ratings.users, np.nan) for n in KNOWN} for name in NEWCOMERS}
    for number in range(FOLDS):
        new = fold == number
        learned = rows[~new[ratings.user[rows]]]
        for name in NEWCOMERS:
            model = CANDIDATES[name].fitted(ratings, learned, seed, epochs, choices[name].setting)
            for n in KNOWN:
                told = first_liked(ratings, rows, n)
                place = ranks(model.scores(told[new]), hidden[new])
                found[name][n][new] = per_user(place, liked[new])["ndcg"]
    return {
        "known": list(KNOWN),
        "ndcg": {name: [float(np.nanmean(found[name][n])) for n in KNOWN] for name in NEWCOMERS},
    }


def first_liked(ratings: Ratings, rows: np.ndarray, n: int) -> Matrix:
    """Return the first ``n`` liked films of each user, (U, I); ``rows`` are in the order of time."""
    rows = rows[ratings.stars[rows] >= LIKED]
    rows = rows[np.argsort(ratings.user[rows], kind="stable")]
    count = np.bincount(ratings.user[rows], minlength=ratings.users)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    return ratings.seen(rows[place < n])


def by_history(ratings: Ratings, parts: Parts, ndcg: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return the mean NDCG of users with few and with many liked films before the test; ``ndcg`` by candidate."""
    size = np.asarray(ratings.liked(parts.before_test).sum(axis=1)).astype(int)
    rows = []
    for low, high in SIZES:
        chosen = (size >= low) & (size <= (np.inf if high is None else high))
        if (chosen & ~np.isnan(next(iter(ndcg.values())))).any():
            means = {name: float(np.nanmean(values[chosen])) for name, values in ndcg.items()}
            rows.append({"low": low, "high": high, "users": int(chosen.sum()), "ndcg": means})
    return rows


def thirds(ratings: Ratings, parts: Parts) -> np.ndarray:
    """Return each film's third, (I,): 0 for the most liked films, which have a third of all likes before the test.

    1 for those with the next third, 2 for all others, and 3 for films that nobody has liked by then.
    """
    count = np.asarray(ratings.liked(parts.before_test).sum(axis=0))
    order = np.argsort(-count, kind="stable")
    before = np.cumsum(count[order]) - count[order]
    third = np.empty(len(count), int)
    third[order] = np.minimum(3 * before / count.sum(), 2).astype(int)
    third[count == 0] = 3
    return third


def by_popularity(third: np.ndarray, place: np.ndarray, liked: Matrix) -> list[float]:
    """Return the share of likes of each third that stand in the list, (4)."""
    users, films = liked.nonzero()
    hit = place[users, films] <= TOP
    return [float(hit[third[films] == number].mean()) if (third[films] == number).any() else 0.0 for number in range(4)]
