"""Bootstrap intervals: how much a measured number would move if other examples had been drawn."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A measured value, and the range in which it would lie for most other samples of the same size."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(
    statistic: Callable[..., float],
    *arrays: np.ndarray,
    groups: np.ndarray | None = None,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a percentile bootstrap interval of ``statistic(*arrays)``.

    Rows are drawn with replacement, as many as there are, and the statistic is computed again; the interval holds the
    middle ``level`` of what comes out (Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 13).
    It tells of the luck of the test rows alone: the luck of the training (seeds, splits) is seen by training again.

    Rows that belong together (the flights of a day, the ratings of a person) are no independent evidence. Then give
    ``groups``: whole groups are drawn, and the interval is as wide as it should be.

    Parameters
    ----------
    statistic : takes the resampled arrays, returns a number; a resample for which it returns NaN (such as one without
        a single event) is left out.
    arrays : (N, ...) each; the same rows are drawn from all of them.
    groups : (N,), which rows belong together; by default each row is a group of its own.
    resamples, level, seed : how often, which share of the results the interval holds, and of the draws.

    Raises
    ------
    ValueError : arrays of different lengths, or fewer than two rows or groups.
    """
    lengths = {len(array) for array in (*arrays, *([] if groups is None else [groups]))}
    if len(lengths) != 1:
        raise ValueError(f"got arrays of {sorted(lengths)} rows, expected as many rows in each, groups too")
    n = lengths.pop()
    if groups is None:
        members, sizes = np.arange(n), np.ones(n, int)
    else:
        _, place = np.unique(groups, return_inverse=True)
        members, sizes = np.argsort(place, kind="stable"), np.bincount(place)  # the rows, group after group
    if len(sizes) < 2:
        raise ValueError(f"got {len(sizes)} rows or groups, expected at least 2: one alone says nothing about others")
    ends = np.cumsum(sizes)
    rng = np.random.default_rng(seed)
    found = np.empty(resamples)
    for number in range(resamples):
        drawn = rng.integers(len(sizes), size=len(sizes))
        if groups is None:
            rows = drawn
        else:  # the rows of each drawn group, one group after the other
            length = sizes[drawn]
            steps = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
            rows = members[np.repeat(ends[drawn] - length, length) + steps]
        found[number] = statistic(*(array[rows] for array in arrays))
    low, high = np.nanquantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(*arrays)), float(low), float(high))
