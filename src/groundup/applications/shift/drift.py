"""Detectors of drift: numbers that grow when a batch without labels no longer looks like the images of before.

Each takes what it looks at of a reference (n, ...) and of B batches (B, m, ...), and returns one number for each batch.
What number is too large depends on m: see `detection`, where every detector is given the same rate of false alarms.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from groundup.applications.shift.contest import CLASSES

PSI_BINS, RIDGE = 10, 1.0


def kolmogorov(reference: np.ndarray, batches: np.ndarray) -> np.ndarray:
    """Return the largest distance between two cumulative distributions, the statistic of Kolmogorov and Smirnov.

    The distance of two step functions is largest at a step of one of them, so all values are tried.

    Parameters
    ----------
    reference, batches : (n,) and (B, m).

    Returns
    -------
    (B,), from 0 to 1.
    """
    known = np.sort(reference)
    found = np.empty(len(batches))
    for place, batch in enumerate(np.sort(batches, axis=1)):
        values = np.concatenate([known, batch])
        first = np.searchsorted(known, values, side="right") / len(known)
        second = np.searchsorted(batch, values, side="right") / len(batch)
        found[place] = np.abs(first - second).max()
    return found


def stability(reference: np.ndarray, batches: np.ndarray) -> np.ndarray:
    """Return the population stability index, Σ_b (q_b - p_b) ln(q_b / p_b) over ten bins, that bankers use.

    The bins hold equally many values of the reference, or nearly where values are equal. An empty one would make the
    logarithm infinite, so half a value is added to each.

    Parameters
    ----------
    reference, batches : (n,) and (B, m).

    Returns
    -------
    (B,), 0 or more. A rule of thumb calls 0.2 or more a drift, whatever m: but without any drift the mean is about
    (bins - 1) · (1/n + 1/m) where each bin gets several values.
    """
    # Values of the reference as borders, each bin with its upper one: so none is empty of the reference.
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, PSI_BINS + 1)[1:-1], method="inverted_cdf"))
    edges = edges[edges < reference.max()]
    p, q = (_shares(np.searchsorted(edges, values), len(edges) + 1) for values in (reference[None], batches))
    return ((q - p) * np.log(q / p)).sum(axis=1)


def class_mix(reference: np.ndarray, batches: np.ndarray) -> np.ndarray:
    """Return Σ_k (q_k - p_k)² / p_k over the shares of the predicted classes: chi-square without the factor m.

    Parameters
    ----------
    reference, batches : (n,) and (B, m), classes as numbers.

    Returns
    -------
    (B,), 0 or more.
    """
    p, q = (_shares(values, CLASSES) for values in (reference[None], batches))
    return ((q - p) ** 2 / p).sum(axis=1)


def _shares(places: np.ndarray, bins: int) -> np.ndarray:
    """The share of each bin in each row of (B, m), with half a value more in every bin: (B, bins)."""
    counts = (places[:, :, None] == np.arange(bins)).sum(axis=1) + 0.5
    return counts / counts.sum(axis=1, keepdims=True)


def classifier(reference: np.ndarray, batches: np.ndarray) -> np.ndarray:
    """Return how well a linear classifier tells a batch from the reference, as an area under the ROC curve.

    Half of both sides trains and the other half is asked, then the other way round: the classifier two-sample test
    (Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests"). If nothing has moved it can only guess, 0.5.
    The classifier is the linear discriminant w = (C + λI)⁻¹ (mean of the batch - mean of the reference), with the
    reference's covariance C in units of its standard deviations: a formula, so thousands of batches are quick.

    Parameters
    ----------
    reference, batches : (n, D) and (B, m, D), m at least 2.

    Returns
    -------
    (B,), from 0 to 1.
    """
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    scale = np.where(deviation > 1e-6, deviation, 1.0)  # a pixel that never has ink is left as it is
    reference, batches = (reference - mean) / scale, (batches - mean) / scale
    areas = []
    for half in (0, 1):
        own, other = reference[half::2], reference[1 - half :: 2]
        inverse = np.linalg.inv(np.cov(own.T) + RIDGE * np.eye(own.shape[1]))
        w = (batches[:, half::2].mean(axis=1) - own.mean(axis=0)) @ inverse  # (B, D)
        asked = batches[:, 1 - half :: 2]
        scores = np.concatenate([w @ other.T, np.einsum("bmd,bd->bm", asked, w)], axis=1)
        # The area is the share of pairs in which the batch's row has the higher score: a sum of ranks (Mann-Whitney).
        ranks, m = rankdata(scores, axis=1)[:, len(other) :], asked.shape[1]
        areas.append((ranks.sum(axis=1) - m * (m + 1) / 2) / (m * len(other)))
    return np.mean(areas, axis=0)


class Detector(NamedTuple):
    """What a detector looks at, and the number that it makes of it."""

    looks_at: str
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray]
    words: str


DETECTORS = {
    "pixels": Detector("pixels", classifier, "classifier on the pixels"),
    "features": Detector("features", classifier, "classifier on the features"),
    "confidence": Detector("confidence", kolmogorov, "confidence (Kolmogorov-Smirnov)"),
    "stability": Detector("confidence", stability, "confidence (stability index)"),
    "classes": Detector("classes", class_mix, "mix of the predicted classes"),
}
