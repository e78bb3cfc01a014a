"""Measures on the test split: what a fitted model is worth."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from groundup.applications import metrics

RECALL, PRECISION = 0.5, 0.5  # the fixed points of the two measures that need one
GRID = np.linspace(0.02, 1, 50)  # recalls at which precision is drawn


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
