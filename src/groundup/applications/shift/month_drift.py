"""Drift of the flights, month by month, beside what a month does to itself: days differ even when nothing has moved."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from groundup.applications import metrics
from groundup.applications.flights.knowledge import NUMBERS, Departures
from groundup.applications.shift.drift import stability

ROWS = 3000  # of each side, for the classifier


def drift(flights: Departures, scores: np.ndarray, trained: Sequence[int], seeds: Sequence[int]) -> dict[str, Any]:
    """Compare every later month with the months of the training, without any outcome.

    ``auc``: how well a classifier that learned on half of the days tells the month's flights from the training's, on
    the other days. ``stability``: the index of the old model's scores. ``column``: the feature with the largest index.

    ``by rows`` and ``by days``: the training months divided in two at random, flight by flight and day by day. Nothing
    has drifted between these halves, so this is what the numbers are when there is no drift.
    """
    rng = np.random.default_rng(seeds[0])
    x, early = flights.known[list(NUMBERS)].to_numpy(float), np.isin(flights.month, trained)
    months = []
    for month in range(max(trained) + 1, 13):
        inside = flights.month == month
        index = {name: _stability(x[early, place], x[inside, place]) for place, name in enumerate(NUMBERS)}
        most = max(index, key=lambda name: index[name])
        months.append(
            {
                "month": month,
                "auc": tell_apart(x, flights.day, early, inside, rng),
                "stability": _stability(scores[early], scores[inside]),
                "column": most,
                "column_stability": index[most],
            }
        )
    halves: dict[str, dict[str, list[float]]] = {n: {"auc": [], "stability": []} for n in ("by rows", "by days")}
    for seed in seeds:
        chance = np.random.default_rng(seed)
        of_day = chance.permutation(flights.day.max() + 1)[flights.day] % 2 == 0
        for name, first in (("by rows", chance.random(len(early)) < 0.5), ("by days", of_day)):
            halves[name]["auc"].append(tell_apart(x, flights.day, early & first, early & ~first, chance))
            halves[name]["stability"].append(_stability(scores[early & first], scores[early & ~first]))
    return {
        "months": months,
        "nothing": {
            name: {key: metrics.summary(values) for key, values in found.items()} for name, found in halves.items()
        },
    }


def tell_apart(
    x: np.ndarray, day: np.ndarray, first: np.ndarray, second: np.ndarray, rng: np.random.Generator
) -> float:
    """Return the area under the ROC curve of a classifier that tells ``second`` from ``first``.

    It learns on half of the days and is asked about the others. Asked about other flights of the same days it would
    only have to know the days again, by their weather, and any two sets of days would look like drift.

    Parameters
    ----------
    x : (N, D). day : (N,). first, second : (N,) masks.
    """
    learns = rng.permutation(day.max() + 1)[day] % 2 == 0
    parts = []
    for half in (learns, ~learns):
        sides = [np.flatnonzero(side & half) for side in (first, second)]
        rows = np.concatenate([rng.permutation(side)[:ROWS] for side in sides])
        parts.append((x[rows], second[rows]))
    fixed: dict[str, Any] = {"max_iter": 30, "max_leaf_nodes": 8, "early_stopping": False, "random_state": 0}
    model = HistGradientBoostingClassifier(**fixed).fit(*parts[0])
    return float(roc_auc_score(parts[1][1], model.predict_proba(parts[1][0])[:, 1]))


def _stability(reference: np.ndarray, values: np.ndarray) -> float:
    known = reference[~np.isnan(reference)]
    return float(stability(known, values[~np.isnan(values)][None])[0])
