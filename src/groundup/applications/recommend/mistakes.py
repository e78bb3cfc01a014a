"""Mistakes that make a recommender look better than it is, each made on purpose and measured before the test.

All of it learns from the training part and is scored on validation, or on what a mistake takes for it.
"""

from typing import Any

import numpy as np

from groundup.applications.recommend.candidates import CANDIDATES, Choice, rmse
from groundup.applications.recommend.neighbours import LinearItems, Popularity
from groundup.applications.recommend.ranking import TOP, bias, lists, per_user, ranks, sampled
from groundup.applications.recommend.ratings import Parts, Ratings, at_random

NEGATIVES, FEW = 100, 10  # films drawn at random, and the length of the list among them
WELL_KNOWN = 20  # training ratings of a film that a "dense core" would keep


def wrong_measure(ratings: Ratings, parts: Parts, choice: Choice, seed: int, epochs: int | None) -> dict[str, Any]:
    """Guess stars: the RMSE of the mean, of film and user means, and of embeddings; and what the last would recommend.

    Biases are means of what remains, drawn towards zero by ten ratings' worth.
    """
    train, held = parts.train, parts.validation
    mean = ratings.stars[train].mean()

    def drawn_in(of: np.ndarray, rest: np.ndarray, size: int) -> np.ndarray:
        return np.bincount(of, rest, size) / (np.bincount(of, minlength=size) + 10)

    film = drawn_in(ratings.film[train], ratings.stars[train] - mean, ratings.films)
    user = drawn_in(ratings.user[train], ratings.stars[train] - mean - film[ratings.film[train]], ratings.users)
    guess = mean + film[ratings.film[held]] + user[ratings.user[held]]
    model = CANDIDATES["stars"].fitted(ratings, train, seed, epochs, choice.setting)
    seen, liked = ratings.seen(train), ratings.liked(held)
    count = np.asarray(seen.sum(axis=0))
    found: dict[str, Any] = {
        "rmse": {
            "mean": float(np.sqrt(np.mean((mean - ratings.stars[held]) ** 2))),
            "biases": float(np.sqrt(np.mean((guess - ratings.stars[held]) ** 2))),
            "embeddings": rmse(model, ratings, held),
        },
        "ndcg": {},
        "few": {},  # the share of recommended films that fewer than ten people have rated
    }
    scores = {
        "popularity": Popularity().fit(seen).scores(seen),
        "biases": np.repeat(film[None], ratings.users, axis=0),
        "embeddings": model.scores(seen),
    }
    for name, score in scores.items():
        place = ranks(score, seen)
        found["ndcg"][name] = _mean(per_user(place, liked)["ndcg"])
        found["few"][name] = float((count[lists(place)] < 10).mean())
    return found


def sampled_negatives(scores: dict[str, np.ndarray], ratings: Ratings, parts: Parts, seed: int) -> dict[str, Any]:
    """Score the same lists against all films, and against a hundred drawn at random; ``scores`` by candidate."""
    hidden, liked = ratings.seen(parts.train), ratings.liked(parts.validation)
    return {
        name: {
            "full": _mean(per_user(ranks(score, hidden), liked, FEW)["recall"]),
            "sampled": _mean(sampled(score, hidden, liked, NEGATIVES, FEW, seed)),
        }
        for name, score in scores.items()
    }


def random_split(ratings: Ratings, parts: Parts, choices: dict[str, Choice], seed: int) -> dict[str, Any]:
    """Divide by time and at random in the same shares; the same models, NDCG on validation.

    ``known`` is how well known the films to be found are: their mean number of ratings in training.
    """
    found: dict[str, Any] = {"known": {}}
    for how, divided in {"time": parts, "random": at_random(ratings, seed)}.items():
        hidden, liked = ratings.seen(divided.train), ratings.liked(divided.validation)
        found["known"][how] = float(np.asarray(hidden.sum(axis=0))[liked.nonzero()[1]].mean())
        for name in ("popularity", "neighbours", "linear"):
            candidate = CANDIDATES[name]
            model = candidate.fitted(ratings, divided.train, seed, None, choices[name].setting)
            place = ranks(model.scores(candidate.history(ratings, divided.train)), hidden)
            found.setdefault(name, {})[how] = _mean(per_user(place, liked)["ndcg"])
    return found


def dense_core(ratings: Ratings, parts: Parts, choices: dict[str, Choice]) -> dict[str, Any]:
    """Forget the films that few have rated, in the list and in the test, as is often done before the split."""
    hidden, liked = ratings.seen(parts.train), ratings.liked(parts.validation)
    known = np.flatnonzero(np.asarray(hidden.sum(axis=0)) >= WELL_KNOWN)
    found: dict[str, Any] = {"films": len(known), "likes_kept": float(liked[:, known].sum() / liked.sum())}
    history = ratings.liked(parts.train)
    for name, model in {"popularity": Popularity(), "linear": LinearItems(**choices["linear"].setting)}.items():
        scores = model.fit(history).scores(history)
        found[name] = {
            "all": _mean(per_user(ranks(scores, hidden), liked)["ndcg"]),
            "core": _mean(per_user(ranks(scores[:, known], hidden[:, known]), liked[:, known])["ndcg"]),
        }
    return found


def known_future(ratings: Ratings, parts: Parts) -> dict[str, float]:
    """Count popularity before the split, with the likes that are to be foretold among them."""
    hidden, liked = ratings.seen(parts.train), ratings.liked(parts.validation)
    found = {}
    for name, rows in {"past": parts.train, "everything": parts.before_test}.items():
        model = Popularity().fit(ratings.liked(rows))
        found[name] = _mean(per_user(ranks(model.scores(hidden), hidden), liked)["ndcg"])
    return found


def one_date(ratings: Ratings) -> dict[str, float]:
    """Cut at one date for all, after 80% of the ratings: how much of what follows is of users and films not yet known.

    No model is scored here: it is a fact about the data, and why each user's own time is cut instead.
    """
    cut = np.quantile(ratings.time, 0.8)
    before, after = ratings.time <= cut, ratings.time > cut
    return {
        "year": float(1970 + cut / (365.25 * 24 * 3600)),
        "new_users": float((~np.isin(ratings.user[after], ratings.user[before])).mean()),
        "new_films": float((~np.isin(ratings.film[after], ratings.film[before])).mean()),
        "both_known": len(np.intersect1d(ratings.user[after], ratings.user[before])),
    }


def list_bias(ratings: Ratings, rows: np.ndarray, place: np.ndarray, head: int) -> dict[str, float]:
    """Return how the lists lean towards films that many have rated in these rows."""
    return bias(lists(place, TOP), np.asarray(ratings.seen(rows).sum(axis=0)), head)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))
