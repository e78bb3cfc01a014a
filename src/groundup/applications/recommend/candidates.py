"""The recommenders that are compared, and how each one's settings are chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundup.applications.recommend.embeddings import (
    HistoryEmbeddings,
    PairEmbeddings,
    RatingEmbeddings,
    SoftmaxEmbeddings,
)
from groundup.applications.recommend.neighbours import ItemNeighbours, LinearItems, Popularity
from groundup.applications.recommend.ranking import per_user, ranks
from groundup.applications.recommend.ratings import Matrix, Parts, Ratings


@dataclass
class Chance:
    """Any order: the floor under everything."""

    seed: int = 0

    def fit(self, seen: Matrix) -> "Chance":
        return self

    def scores(self, seen: Matrix) -> np.ndarray:
        return np.random.default_rng(self.seed).random(seen.shape, np.float32)


@dataclass(frozen=True)
class Candidate:
    """One way to recommend: its name, its role, what it learns from, how it is built, the settings to choose from."""

    name: str
    role: str  # "baseline", "contestant" (the verdict is between these), or "ablation" (shown for what it lacks)
    build: Callable[..., Any]
    settings: tuple[dict[str, Any], ...] = ({},)
    seeded: bool = False
    evidence: str = "liked"  # or "seen": every film rated; or "stars": the ratings themselves

    def fitted(self, ratings: Ratings, rows: np.ndarray, seed: int, epochs: int | None, setting: dict[str, Any]) -> Any:
        """Return a model that has learned from these rows alone; ``epochs`` stands in for the setting's own."""
        if self.seeded:
            setting = setting | {"seed": seed} | ({} if epochs is None else {"epochs": epochs})
        model = self.build(**setting)
        if self.evidence == "stars":
            shape = (ratings.users, ratings.films)
            return model.fit(ratings.user[rows], ratings.film[rows], ratings.stars[rows], shape)
        return model.fit(self.history(ratings, rows))

    def history(self, ratings: Ratings, rows: np.ndarray) -> Matrix:
        """Return what the model is told about each user, (U, I)."""
        return ratings.liked(rows) if self.evidence == "liked" else ratings.seen(rows)


# The same budget for every learner: three settings, of which the one with the best NDCG on validation is kept.
LINEAR = ({"penalty": 100.0}, {"penalty": 300.0}, {"penalty": 1000.0})
CANDIDATES = {
    "chance": Candidate("chance", "baseline", Chance),
    "popularity": Candidate("popularity", "baseline", Popularity),
    "neighbours": Candidate(
        "item neighbours", "contestant", ItemNeighbours,
        ({"k": 50, "shrink": 10.0}, {"k": 200, "shrink": 10.0}, {"k": 200, "shrink": 50.0}),
    ),
    "linear": Candidate("linear items (EASE)", "contestant", LinearItems, LINEAR),
    "pairs": Candidate(
        "embeddings, pairs (BPR)", "contestant", PairEmbeddings,
        ({"epochs": 10}, {"epochs": 20, "learning_rate": 0.005, "weight_decay": 0.5}, {"epochs": 10, "width": 64}),
        seeded=True,
    ),
    "softmax": Candidate(
        "embeddings, softmax", "contestant", SoftmaxEmbeddings,
        (
            {"epochs": 40, "learning_rate": 0.03, "weight_decay": 1.0},
            {"epochs": 40, "learning_rate": 0.03, "weight_decay": 2.0},
            {"epochs": 20, "learning_rate": 0.1, "weight_decay": 1.0},
        ),
        seeded=True,
    ),
    "history": Candidate(
        "embeddings of the history", "contestant", HistoryEmbeddings,
        (
            {"learning_rate": 0.02, "weight_decay": 2.0},
            {"learning_rate": 0.01, "weight_decay": 1.0},
            {"learning_rate": 0.02, "weight_decay": 4.0},
        ),
        seeded=True,
    ),
    "linear_seen": Candidate("linear items, from all seen", "ablation", LinearItems, LINEAR, evidence="seen"),
    "stars": Candidate(
        "embeddings, stars (RMSE)", "ablation", RatingEmbeddings,
        ({"weight_decay": 0.3}, {"weight_decay": 1.0}, {"weight_decay": 1.0, "epochs": 40}),
        seeded=True, evidence="stars",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """A setting, and how well it did on validation."""

    setting: dict[str, Any]
    score: float


def choose(candidate: Candidate, ratings: Ratings, parts: Parts, seed: int, epochs: int | None) -> Choice:
    """Fit each setting on the training rows; keep the best on validation.

    The best has the highest mean NDCG; of the one that guesses stars, the lowest RMSE, since that is its aim.
    """
    hidden, liked = ratings.seen(parts.train), ratings.liked(parts.validation)
    best = Choice({}, -np.inf)
    for setting in candidate.settings:
        model = candidate.fitted(ratings, parts.train, seed, epochs, setting)
        if candidate.evidence == "stars":
            score = -rmse(model, ratings, parts.validation)
        else:
            place = ranks(model.scores(candidate.history(ratings, parts.train)), hidden)
            score = float(np.nanmean(per_user(place, liked)["ndcg"]))
        if score > best.score:
            best = Choice(setting, score)
    return best


def rmse(model: RatingEmbeddings, ratings: Ratings, rows: np.ndarray) -> float:
    """Return the root of the mean squared error of predicted stars."""
    errors = model.stars(ratings.user[rows], ratings.film[rows]) - ratings.stars[rows]
    return float(np.sqrt(np.mean(errors**2)))
