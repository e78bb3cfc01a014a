"""How sure can one be? Tests and intervals that the checks share, so that chance is not reported as a finding."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from groundup.applications.audit.columns import Column
from groundup.applications.audit.table import Target

ROUNDS = 999  # permutations: the smallest p-value that they can show is 1 / 1000
FOLDS = 5
BINS = 32


def permutation_test(masks: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ask, for many masks at once: do the rows that it marks have another mean score than the rest?

    The statistic of a mask is the chi-square of its table with the classes, or the squared standardised difference of
    mean ranks. The scores are shuffled among the rows 999 times; each time the *largest* statistic of all masks is
    kept. The p-value of a mask is the share of shuffles whose largest reaches its own. So it is already corrected for
    asking many questions: where nothing is going on, the smallest of all p-values is below 0.01 in one table of a
    hundred (Westfall and Young 1993, "Resampling-based multiple testing", the single-step maxT).

    Parameters
    ----------
    masks : (M, C) bool.
    scores : (M, K), as of `Target`.

    Returns
    -------
    (C,) p-values.
    """
    rows = len(masks)
    share = masks.mean(axis=0)
    marks = (masks - share) / np.sqrt(np.maximum(share * (1 - share), 1e-12) * rows)  # (M, C)
    spread = scores.std(axis=0)
    z = (scores - scores.mean(axis=0)) / np.where(spread == 0, np.inf, spread)  # (M, K)
    weight = 1 - scores.mean(axis=0) if scores.shape[1] > 1 else np.ones(1)  # makes the sum a chi-square

    def statistic(values: np.ndarray) -> np.ndarray:
        return ((marks.T @ values) ** 2) @ weight

    observed = statistic(z)
    largest = np.array([statistic(z[rng.permutation(rows)]).max() for _ in range(ROUNDS)])
    return (1 + (largest[:, None] >= observed * (1 - 1e-9)).sum(axis=0)) / (ROUNDS + 1)


def difference_of_shares(hits: int, rows: int, other_hits: int, other_rows: int) -> tuple[float, float, float]:
    """Return the difference of two shares and its 95% interval (Newcombe 1998, method 10: from Wilson's intervals)."""
    (low, high), (other_low, other_high) = wilson(hits, rows), wilson(other_hits, other_rows)
    share, other = hits / rows, other_hits / other_rows
    gap = share - other
    return (
        gap,
        gap - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        gap + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Return the 95% interval of a share (Wilson 1927); it stays within 0 and 1, and is honest for few rows."""
    z = 1.959964
    middle = (hits + z**2 / 2) / (rows + z**2)
    reach = z * sqrt(hits * (rows - hits) / rows + z**2 / 4) / (rows + z**2)
    return max(0.0, middle - reach), min(1.0, middle + reach)


@dataclass(frozen=True)
class Power:
    """How well one column alone predicts the target, on rows that it was not learned from.

    Parameters
    ----------
    score : of classes, the area under the ROC curve, one class against the rest, weighted by size: 0.5 is chance, 1
        perfect. Of numbers, the share of the variance of their ranks that is explained: 0 is nothing, 1 all.
    low : a bound that chance alone puts the true score below in about one case of a hundred.
    """

    score: float
    low: float


def power_of(column: Column, target: Target, rows: np.ndarray, rng: np.random.Generator) -> Power:
    """Measure the simplest model there is: in each bin of the column, the mean of the target.

    Numbers are cut into 32 bins of equally many rows, categories are bins by themselves, and "missing" is one more.
    The mean of a bin comes from the other four fifths of the rows (cross-validation), drawn towards the overall mean
    where a bin has few rows.

    Parameters
    ----------
    rows : numbers of rows on which to measure, a part of ``target.rows``.
    """
    scores = target.scores[np.searchsorted(target.rows, rows)]
    return power(predicted(bins_of(column, rows), scores, rng), scores, target.task == "classes")


def power(guess: np.ndarray, scores: np.ndarray, classes: bool) -> Power:
    """Score guesses (M, K) of the target's scores (M, K)."""
    if not classes:
        error, variance = ((guess - scores) ** 2)[:, 0], scores.var()
        explained = 1 - error.mean() / variance
        return Power(float(explained), float(explained - 2.33 * error.std() / variance / sqrt(len(scores))))
    areas, variances, weights = [], [], []
    for k in range(scores.shape[1]):
        hits = int(scores[:, k].sum())
        if 0 < hits < len(scores):
            area = area_under_curve(scores[:, k] == 1, guess[:, k])
            areas.append(area)
            variances.append(_variance_of_area(area, hits, len(scores) - hits))
            weights.append(hits)
    if not areas:
        return Power(0.5, 0.5)
    shares = np.array(weights) / sum(weights)
    score = float(shares @ areas)
    return Power(score, score - 2.33 * float(shares @ np.sqrt(variances)))


def area_under_curve(labels: np.ndarray, guess: np.ndarray) -> float:
    """Return the chance that a row with the label has a larger guess than one without (ties count half)."""
    ranks = stats.rankdata(guess)
    hits = int(labels.sum())
    return float((ranks[labels].sum() - hits * (hits + 1) / 2) / (hits * (len(labels) - hits)))


def bins_of(column: Column, rows: np.ndarray, bins: int = BINS) -> np.ndarray:
    """(M,) the number of the bin of each row, from 0; missing is a bin of its own."""
    if column.holds == "texts" or len(column.levels) <= bins:
        return column.codes[rows] + 1
    values = column.values[rows]
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, bins + 1)[1:-1])) if np.isfinite(values).any() else []
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, side="right"))


def predicted(bins: np.ndarray, scores: np.ndarray, rng: np.random.Generator, prior: float = 2.0) -> np.ndarray:
    """(M, K) the mean score of each row's bin, computed without the row's own fold."""
    folds = rng.permutation(len(bins)) % FOLDS
    number, guess = int(bins.max()) + 1, np.empty_like(scores)
    for k in range(scores.shape[1]):
        cell = bins * FOLDS + folds
        sums = np.bincount(cell, scores[:, k], number * FOLDS).reshape(number, FOLDS)
        counts = np.bincount(cell, minlength=number * FOLDS).reshape(number, FOLDS)
        mean = scores[:, k].mean()
        others = sums.sum(axis=1, keepdims=True) - sums, counts.sum(axis=1, keepdims=True) - counts
        guess[:, k] = ((others[0] + prior * mean) / (others[1] + prior))[bins, folds]
    return guess


def _variance_of_area(area: float, hits: int, others: int) -> float:
    """Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve"."""
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    return max(
        0.0,
        (area * (1 - area) + (hits - 1) * (first - area**2) + (others - 1) * (second - area**2)) / (hits * others),
    )
