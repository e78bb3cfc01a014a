"""Categories as numbers: codes for embeddings, and target encoding, in the ways that are right and in one that is not.

Target encoding replaces a category by the mean of the target over its rows. It is one number however many categories
there are. But a rare category's mean is little more than the target of its own row: who fits on such a column reads the
answer off it, in training and nowhere else.
"""

from typing import Literal

import numpy as np
import pandas as pd

from groundup.applications.flights.tables import Column, Table

How = Literal["plain", "smoothed", "out-of-fold", "past"]

WEIGHT = 20.0  # a category's mean is drawn to the overall mean as if it had this many more rows of it
FOLDS = 5
LANDED = 2  # days: the outcomes of a day are all known two days later, when the last flights have landed


class Codes:
    """Numbers categories from 1; 0 is for those seen fewer than ``rare`` times in training, and for unseen ones."""

    def fit(self, values: Column, rare: int = 20) -> "Codes":
        counts = values.value_counts()
        self.numbers = {name: place for place, name in enumerate(sorted(counts.index[counts >= rare]), start=1)}
        self.size = len(self.numbers) + 1
        return self

    def transform(self, values: Column) -> np.ndarray:
        return values.map(self.numbers).fillna(0).to_numpy().astype(np.int32)


class TargetEncoding:
    """A category as the mean of the target over its rows: ȳ_c = (Σ y + w·ȳ) / (n_c + w), ȳ where it was never seen.

    Training and new rows are encoded by different methods, on purpose: a new row is no part of the means, and a
    training row must not be part of its own. After Micci-Barreca (2001), "A preprocessing scheme for high-cardinality
    categorical attributes in classification and prediction problems".

    Parameters
    ----------
    how : what a training row is encoded with. ``"plain"``: the mean over all training rows, its own among them, and
        w = 0 (the mistake); ``"smoothed"``: the same with w = `WEIGHT`; ``"out-of-fold"``: the mean over the other
        folds, where a fold is a set of whole days; ``"past"``: the mean over earlier days whose flights have landed.
    seed : of the folds.
    """

    def __init__(self, how: How, seed: int = 0):
        self.how = how
        self.weight = 0.0 if how == "plain" else WEIGHT
        self.seed = seed

    def fit_transform(self, values: Column, target: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Learn the means from training rows, (N,) each, and return the encoding of these rows, (N,)."""
        self.prior = float(target.mean())
        self.means = self._means(values, target)
        if self.how == "out-of-fold":
            fold = np.random.default_rng(self.seed).permutation(day.max() + 1)[day] % FOLDS
            encoded = np.empty(len(values))
            for number in range(FOLDS):
                inside = fold == number
                encoded[inside] = self._lookup(self._means(values[~inside], target[~inside]), values[inside])
            return encoded
        return self._by_past(values, target, day) if self.how == "past" else self.transform(values)

    def transform(self, values: Column) -> np.ndarray:
        """Encode new rows by the means over all training rows."""
        return self._lookup(self.means, values)

    def _means(self, values: Column, target: np.ndarray) -> Column:
        sums = pd.Series(target).groupby(values.to_numpy()).agg(["sum", "size"])
        return (sums["sum"] + self.weight * self.prior) / (sums["size"] + self.weight)

    def _lookup(self, means: Column, values: Column) -> np.ndarray:
        return values.map(means).fillna(self.prior).to_numpy(dtype=float)

    def _by_past(self, values: Column, target: np.ndarray, day: np.ndarray) -> np.ndarray:
        rows = pd.DataFrame({"value": values.to_numpy(), "day": day, "target": target, "place": np.arange(len(day))})
        daily: Table = rows.groupby(["value", "day"], as_index=False)["target"].agg(["sum", "size"])
        daily[["sum", "size"]] = daily.groupby("value")[["sum", "size"]].cumsum()
        daily["day"] += LANDED  # on this day the sums are known
        found = pd.merge_asof(rows.sort_values("day", kind="stable"), daily.sort_values("day"), on="day", by="value")
        sums, sizes = found["sum"].fillna(0), found["size"].fillna(0)
        encoded = np.empty(len(rows))
        encoded[found["place"]] = (sums + self.weight * self.prior) / (sizes + self.weight)
        return encoded
