"""By how much the luck of the test rows could move an average precision, where rows come in groups."""

from collections.abc import Sequence

import numpy as np

from groundup.applications.intervals import Interval, bootstrap

RESAMPLES = 500


class GroupedPrecision:
    """The average precision of scores when some groups count several times and others not at all.

    The average precision is Σ (R_k − R_{k−1}) P_k over the thresholds k, as in scikit-learn. To draw groups again only
    the weights of the rows change and never their order, so they are sorted once: a bootstrap needs hundreds of draws.

    Parameters
    ----------
    labels, scores : (N,) labels 0 and 1, scores that grow with the chance of 1.
    group : (N,) the group of each row, a number from 0: the days of flights, say, or reviews that are copies.
    """

    def __init__(self, labels: np.ndarray, scores: np.ndarray, group: np.ndarray):
        order = np.argsort(-scores, kind="stable")
        self.group, self.labels = group[order], labels[order].astype(float)
        self.ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # rows of equal score come together
        self.known: dict[bytes, float] = {}

    def __call__(self, weights: np.ndarray) -> float:
        """Return the average precision with a weight for each group; NaN where no event has any weight."""
        key = weights.tobytes()
        if key not in self.known:
            counted = weights[self.group].astype(float)
            events = np.cumsum(counted * self.labels)[self.ends]
            flagged = np.cumsum(counted)[self.ends]
            precision = events / np.maximum(flagged, 1)
            gained = np.diff(events, prepend=0.0)
            self.known[key] = float(gained @ precision / events[-1]) if events[-1] else float("nan")
        return self.known[key]


def precision_interval(first: Sequence[GroupedPrecision], second: Sequence[GroupedPrecision] = ()) -> Interval:
    """Return the interval of a model's average precision over whole groups drawn again, the mean over its seeds.

    With ``second``, the interval of ``first - second``, of two models on the same rows. Rows of one group (the flights
    of a stormy day) share their luck: drawn one by one they would make the interval far too narrow.
    """
    groups = 1 + max(int(one.group.max()) for one in first)

    def statistic(drawn: np.ndarray) -> float:
        weights = np.bincount(drawn, minlength=groups)
        means = [np.mean([one(weights) for one in models]) for models in (first, second) if models]
        return float(means[0] - (means[1] if second else 0.0))

    return bootstrap(statistic, np.arange(groups), resamples=RESAMPLES)
