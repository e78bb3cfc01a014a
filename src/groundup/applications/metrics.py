"""Measures for a yes-or-no question whose answer is seldom yes, and summaries of them over several seeds.

Labels are 0 and 1 (1 is the rare event); scores are any numbers that grow with the risk; probabilities lie in [0, 1].
What scikit-learn has (average precision, ROC-AUC, Brier score) is taken from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics


def recall_at_precision(labels: np.ndarray, scores: np.ndarray, precision: float) -> float | None:
    """Return the largest recall at which the precision is still at least ``precision``.

    None when no threshold reaches that precision: then there is no such recall, and 0 would be an invention.
    """
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores)
    reached = precisions[:-1] >= precision  # the last point, (1, 0), is a convention and flags nobody
    return float(recalls[:-1][reached].max()) if reached.any() else None


def precision_at_recall(labels: np.ndarray, scores: np.ndarray, recall: float) -> float:
    """Return the best precision among the thresholds that find at least the share ``recall`` of the events."""
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores)
    return float(precisions[recalls >= recall].max())


def precision_curve(labels: np.ndarray, scores: np.ndarray, recalls: np.ndarray) -> np.ndarray:
    """Return the precision at the strictest threshold that reaches each recall (a step function, no interpolation).

    At given recalls, the curves of several seeds can be averaged.
    """
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    precision, recall = precision[::-1], recall[::-1]  # recall now grows: the threshold falls
    return precision[np.searchsorted(recall, recalls, side="left")]


def choose_threshold(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the threshold with the highest balanced accuracy when ``score >= threshold`` flags a case.

    Balanced accuracy is the mean of the shares of events and of non-events that are classified rightly, so the
    highest one lies where recall minus false alarm rate peaks (Youden 1950, "Index for rating diagnostic tests").
    """
    false_alarms, recalls, thresholds = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return float(thresholds[np.argmax(recalls - false_alarms)])


def decisions(labels: np.ndarray, flagged: np.ndarray) -> dict[str, float | int | None]:
    """Return what a yes-or-no decision is worth: accuracy, balanced accuracy, recall, precision, counts.

    The precision is None when nobody is flagged.
    """
    events, calm = labels == 1, labels == 0
    recall, passed = float(flagged[events].mean()), float((~flagged[calm]).mean())
    return {
        "accuracy": float((flagged == events).mean()),
        "balanced_accuracy": (recall + passed) / 2,
        "recall": recall,
        "precision": float(events[flagged].mean()) if flagged.any() else None,
        "flagged": int(flagged.sum()),
        "found": int((flagged & events).sum()),
        "false_alarms": int((flagged & calm).sum()),
    }


def ranking(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return how well scores put the events first, whatever the threshold: average precision and ROC-AUC."""
    return {
        "average_precision": float(metrics.average_precision_score(labels, scores)),
        "roc_auc": float(metrics.roc_auc_score(labels, scores)),
    }


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> dict[str, list[float]]:
    """Compare predicted with observed frequencies in bins of equally many cases.

    Equal counts, not equal widths: where events are rare nearly all probabilities are small, and bins of equal width
    would put nearly all cases in the first. Equal probabilities stay in one bin, so that order does not matter.

    Returns
    -------
    ``predicted`` (the mean probability), ``observed`` (the share of events) and ``count``, for each bin.
    """
    edges = np.unique(np.quantile(probabilities, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, probabilities, side="left")
    groups = [place == number for number in np.unique(place)]
    return {
        "predicted": [float(probabilities[group].mean()) for group in groups],
        "observed": [float(labels[group].mean()) for group in groups],
        "count": [int(group.sum()) for group in groups],
    }


def calibration(labels: np.ndarray, probabilities: np.ndarray, bins: int = 10) -> dict[str, float]:
    """Return how honest probabilities are: the Brier score and the expected calibration error (ECE).

    Brier: the mean over the cases of (p - label)². ECE: the mean over the cases of |predicted - observed| of the bin
    they are in, with the bins of `reliability` (Naeini et al. 2015, section "Calibration Metrics").
    """
    table = reliability(labels, probabilities, bins)
    gaps = np.abs(np.subtract(table["predicted"], table["observed"]))
    return {
        "brier": float(metrics.brier_score_loss(labels, probabilities)),
        "ece": float(np.average(gaps, weights=table["count"])),
    }


def summary(values: Sequence[float | int | None]) -> dict[str, Any]:
    """Summarise one measure over the seeds: mean, sample standard deviation, the values themselves.

    Seeds at which the measure is undefined (None) are left out of mean and deviation; ``defined`` counts the others.
    """
    known = [float(value) for value in values if value is not None]
    return {
        "mean": float(np.mean(known)) if known else None,
        "std": float(np.std(known, ddof=1)) if len(known) > 1 else None,
        "values": list(values),
        "defined": len(known),
    }


@dataclass(frozen=True)
class Duel:
    """Two models on the same splits: ``first - second``, its mean and standard deviation, and the splits first won."""

    difference: float
    spread: float | None
    wins: int
    seeds: int

    @property
    def clear(self) -> bool:
        """Whether the difference is larger than twice its spread over the seeds.

        The bar is high because splits of one data set overlap, so the seeds are not independent: for five seeds and
        a test split of a fifth, twice the spread is close to the 5% level of the t-test that Nadeau and Bengio
        correct for this overlap (2003, "Inference for the generalization error", section 3).
        """
        return self.spread is not None and abs(self.difference) > 2 * self.spread


def duel(first: Sequence[float], second: Sequence[float]) -> Duel:
    """Compare two models seed by seed; the values at one place must come from the same split."""
    gaps = np.subtract(first, second)
    spread = float(np.std(gaps, ddof=1)) if len(gaps) > 1 else None
    return Duel(float(gaps.mean()), spread, int((gaps > 0).sum()), len(gaps))
