"""Measures on the test split: what a fitted model is worth, and by how much the luck of the days could move it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from groundup.applications import metrics
from groundup.applications.intervals import Interval, bootstrap

RECALL, PRECISION = 0.5, 0.5  # the fixed points of the two measures that need one
RESAMPLES = 500  # of the days, for intervals
GRID = np.linspace(0.02, 1, 50)  # recalls at which precision is drawn


class DailyPrecision:
    """The average precision of scores when some days count several times and others not at all.

    The average precision is Σ (R_k − R_{k−1}) P_k over the thresholds k, as in scikit-learn. To draw days again only
    the weights of the rows change and never their order, so they are sorted once: a bootstrap needs hundreds of draws.

    Parameters
    ----------
    labels, scores : (N,) as everywhere.
    day : (N,) the day of each row, a number from 0.
    """

    def __init__(self, labels: np.ndarray, scores: np.ndarray, day: np.ndarray):
        order = np.argsort(-scores, kind="stable")
        self.day, self.labels = day[order], labels[order].astype(float)
        self.ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # rows of equal score come together
        self.known: dict[bytes, float] = {}

    def __call__(self, weights: np.ndarray) -> float:
        """Return the average precision with a weight for each day; NaN where no event has any weight."""
        key = weights.tobytes()
        if key not in self.known:
            counted = weights[self.day].astype(float)
            events = np.cumsum(counted * self.labels)[self.ends]
            flagged = np.cumsum(counted)[self.ends]
            precision = events / np.maximum(flagged, 1)
            gained = np.diff(events, prepend=0.0)
            self.known[key] = float(gained @ precision / events[-1]) if events[-1] else float("nan")
        return self.known[key]


def day_interval(first: Sequence[DailyPrecision], second: Sequence[DailyPrecision] = ()) -> Interval:
    """Return the interval of a model's average precision over whole days drawn again, the mean over its seeds.

    With ``second``, the interval of ``first - second``, of two models on the same days. The flights of one day share
    its storms: flights drawn one by one would make the interval far too narrow.
    """
    days = 1 + max(int(one.day.max()) for one in first)

    def statistic(drawn: np.ndarray) -> float:
        weights = np.bincount(drawn, minlength=days)
        means = [np.mean([one(weights) for one in models]) for models in (first, second) if models]
        return float(means[0] - (means[1] if second else 0.0))

    return bootstrap(statistic, np.arange(days), resamples=RESAMPLES)


def finish(labels: np.ndarray, scores: np.ndarray) -> tuple[float, Callable[[np.ndarray], np.ndarray]]:
    """Make the last choices on the validation split: a threshold, and a repair of the probabilities (Platt 1999)."""
    platt = LogisticRegression(C=np.inf).fit(scores[:, None], labels)  # infinite C: no regularisation
    return metrics.choose_threshold(labels, scores), lambda new: platt.predict_proba(new[:, None])[:, 1]


def measure(labels: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return what scores are worth as a ranking and, at a threshold chosen before, as decisions."""
    return {
        **metrics.ranking(labels, scores),
        **metrics.decisions(labels, scores >= threshold),
        "precision_at_recall": metrics.precision_at_recall(labels, scores, RECALL),
        "recall_at_precision": metrics.recall_at_precision(labels, scores, PRECISION),
    }


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Return the probabilities that logits stand for."""
    return 1 / (1 + np.exp(-scores))


def summaries(seeds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Summarise every measure over the seeds."""
    return {name: metrics.summary([one[name] for one in seeds]) for name in seeds[0]}
