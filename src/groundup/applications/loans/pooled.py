"""Measures over the test rows of all rounds together, with bootstrap intervals over the loans.

The same draws as those of `groundup.applications.intervals`, kept as how often each loan was drawn: then a share, a
cost or an area is computed for all resamples at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from groundup.applications.preprocessing import Rows

RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Pool:
    """The test rows of all rounds, one after the other.

    Parameters
    ----------
    rows : (M,) row numbers of the table.
    round : (M,) which round each comes from. Scores of different rounds come from different models.
    """

    rows: np.ndarray
    round: np.ndarray

    @staticmethod
    def of(rounds: Sequence[Rows]) -> "Pool":
        number = np.repeat(np.arange(len(rounds)), [len(rows.test) for rows in rounds])
        return Pool(np.concatenate([rows.test for rows in rounds]), number)

    @cached_property
    def weights(self) -> np.ndarray:
        """(R, M) how often each row is drawn in each resample: whole loans, however many rounds tested them."""
        loans, place = np.unique(self.rows, return_inverse=True)
        rng = np.random.default_rng(0)
        drawn = [np.bincount(rng.integers(len(loans), size=len(loans)), minlength=len(loans)) for _ in range(RESAMPLES)]
        return np.array(drawn, dtype=np.float64)[:, place]

    def mean(self, values: np.ndarray, among: np.ndarray | None = None) -> dict[str, Any]:
        """The mean of a value of each row (among some of them), with its interval."""
        inside = np.ones(len(values)) if among is None else among.astype(float)
        drawn = (self.weights @ (inside * values)) / (self.weights @ inside)
        return interval(float((inside * values).sum() / inside.sum()), drawn)

    def auc(self, labels: np.ndarray, scores: Sequence[np.ndarray]) -> dict[str, Any]:
        """The ROC-AUC within each round, and an interval of their mean; ``scores`` has one array for each round."""
        values, resampled = self._areas(labels, scores)
        std = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return {"values": values.tolist(), "std": std, **interval(float(values.mean()), resampled)}

    def gain(self, labels: np.ndarray, scores: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> dict[str, Any]:
        """How much better the mean ROC-AUC is than with other scores of the same loans, with its interval."""
        (first, drawn), (second, drawn_too) = (self._areas(labels, one) for one in (scores, other))
        return interval(float(first.mean() - second.mean()), drawn - drawn_too)

    def _areas(self, labels: np.ndarray, scores: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """The area in each round, and (R,) the mean over the rounds in each resample."""
        events, places = labels[self.rows], [self.round == number for number in range(len(scores))]
        values = [areas(events[one], score, np.ones((1, len(score))))[0] for one, score in zip(places, scores)]
        drawn = [areas(events[one], score, self.weights[:, one]) for one, score in zip(places, scores)]
        return np.array(values), np.mean(drawn, axis=0)


def areas(events: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the area under the ROC curve for each of many weightings of the rows.

    It is the chance that an event scores higher than another row, ties counting half. The rows are sorted once, however
    many resamples there are: a row that is drawn twice has weight 2.

    Parameters
    ----------
    events : (M,) of 0 and 1.
    scores : (M,).
    weights : (R, M).

    Returns
    -------
    (R,); NaN where no event has weight, or nothing else has.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)  # of each run of equal scores
    hits = np.add.reduceat((weights * events)[:, order], starts, axis=1)
    rest = np.add.reduceat((weights * (1 - events))[:, order], starts, axis=1)
    pairs = hits.sum(axis=1) * rest.sum(axis=1)
    won = (hits * (rest.cumsum(axis=1) - rest / 2)).sum(axis=1)
    return np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def interval(value: float, drawn: np.ndarray, level: float = LEVEL) -> dict[str, Any]:
    """Return a value with the middle ``level`` of what the resamples gave; NaN among them is left out."""
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return {"value": value, "low": float(low), "high": float(high)}


def clear(found: dict[str, Any]) -> bool:
    """Whether the interval of a difference leaves zero out."""
    return found["low"] > 0 or found["high"] < 0
