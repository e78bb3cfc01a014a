"""Flights by later months: a model of January to April, asked month by month until December, and kept alive or not.

The features are those of the study ``flights``: what is known two hours before departure. Here they stay as they are,
and the question is how long a model lasts. May is the last month that is known: settings are chosen on it, and
probabilities repaired. Everything that a later month is predicted with is older than that month.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics as sklearn_metrics
from sklearn.linear_model import LogisticRegression

from groundup.applications import metrics
from groundup.applications.flights.knowledge import Departures, prepare
from groundup.applications.flights.learners import Fitted, Kind, Learner
from groundup.applications.flights.measuring import sigmoid
from groundup.applications.intervals import bootstrap
from groundup.applications.shift import honesty
from groundup.applications.shift.month_drift import drift
from groundup.data import FlightTables

KNOWN, WINDOW = 5, 4  # May; months to train on, before the one that repairs the probabilities
LATER = tuple(range(KNOWN + 1, 13))
SETTINGS: dict[Kind, tuple[dict[str, Any], ...]] = {
    "boosting": tuple({"learning_rate": 0.15, "max_iter": 60, "max_leaf_nodes": leaves} for leaves in (4, 8, 16)),
    "logistic": ({"C": 0.001}, {"C": 0.01}, {"C": 0.1}),
}
KINDS = {"boosting": "gradient boosting", "logistic": "logistic regression"}
WAYS = {
    "constant": "no model: the share of January to April for all",
    "old": "the model of January to April, as it is",
    "temperature": "its temperature from May",
    "repaired": "its probabilities repaired on May (Platt)",
    "monthly": "repaired again each month, on the month before",
    "window": "trained again each month on four months, repaired on the last",
    "all": "trained again each month on all months, repaired on the last",
    "fresh": "trained again each month on all months, as it is",
}
Predictions = dict[str, np.ndarray]  # way to the probabilities of all flights of the later months


@dataclass(frozen=True)
class Calendar:
    """The flights, and the rows of each month."""

    flights: Departures

    def rows(self, months: Sequence[int]) -> np.ndarray:
        return np.flatnonzero(np.isin(self.flights.month, months))

    def events(self, rows: np.ndarray) -> np.ndarray:
        return self.flights.event[rows]

    def fit(self, learner: Learner, rows: np.ndarray) -> Fitted:
        known, day = self.flights.known.iloc[rows], self.flights.day[rows]
        return learner.fit(known, self.events(rows), day, seed=0)

    def scores(self, model: Fitted, rows: np.ndarray) -> np.ndarray:
        return model.decision_function(self.flights.known.iloc[rows])


def measure(tables: FlightTables, seeds: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Choose on May, predict each later month in every way, and measure.

    ``seeds`` are for what is drawn: the random split, and the rows for the search for drift. Learning has nothing
    random in it.
    """
    say("joining the tables")
    calendar = Calendar(prepare(tables))
    say("choosing on May")
    learner, trials = choose(calendar)
    early = list(range(KNOWN - WINDOW, KNOWN))
    old = calendar.fit(learner, calendar.rows(early))
    p = predict(calendar, learner, old, say)
    later = calendar.rows(LATER)
    split = [random_split(calendar, learner, old, seed, say) for seed in seeds]
    say("drift of the months")
    return {
        "trained": early,
        "known": KNOWN,
        "later": list(LATER),
        "flights": {"trained": len(calendar.rows(early)), "known": len(calendar.rows([KNOWN])), "later": len(later)},
        "learner": KINDS[learner.kind],
        "trials": trials,
        "ways": WAYS,
        "months": [month_by_month(calendar, p, month) for month in LATER],
        **overall(calendar, p),
        "random_split": {
            side: {name: metrics.summary([one[side][name] for one in split]) for name in split[0][side]}
            for side in split[0]
        },
        "drift": drift(calendar.flights, calendar.scores(old, np.arange(len(calendar.flights.event))), early, seeds),
    }


def choose(calendar: Calendar) -> tuple[Learner, list[dict[str, Any]]]:
    """Try three settings of two learners on January to April; the least log loss on May decides."""
    train, known = calendar.rows(range(KNOWN - WINDOW, KNOWN)), calendar.rows([KNOWN])
    tried = []
    for kind, settings in SETTINGS.items():
        for setting in settings:
            learner = Learner(kind, "none", setting)
            scores = calendar.scores(calendar.fit(learner, train), known)
            tried.append((learner, _log_loss(calendar.events(known), sigmoid(scores))))
    best = min(tried, key=lambda one: one[1])[0]
    return best, [
        {"learner": KINDS[one.kind], "setting": {k: float(v) for k, v in one.setting.items()}, "log_loss": loss}
        for one, loss in tried
    ]


def predict(calendar: Calendar, learner: Learner, old: Fitted, say: Callable[[str], None]) -> Predictions:
    """Return the probabilities of all later flights, month after month, in every way."""
    known, early = calendar.rows([KNOWN]), calendar.rows(range(KNOWN - WINDOW, KNOWN))
    repair = platt(calendar.scores(old, known), calendar.events(known))
    heat = two_class_temperature(calendar.scores(old, known), calendar.events(known))
    found: dict[str, list[np.ndarray]] = {way: [] for way in WAYS}
    for month in LATER:
        say(f"training again for month {month}")
        rows, last = calendar.rows([month]), calendar.rows([month - 1])
        scores = calendar.scores(old, rows)
        again = {"window": range(month - 1 - WINDOW, month - 1), "all": range(1, month - 1)}
        if month == LATER[0]:  # January to April are both the last four months and all
            models = dict.fromkeys(again, old)
        else:
            models = {way: calendar.fit(learner, calendar.rows(list(months))) for way, months in again.items()}
        fresh = calendar.fit(learner, calendar.rows(list(range(1, month))))
        found["constant"].append(np.full(len(rows), calendar.events(early).mean()))
        found["old"].append(sigmoid(scores))
        found["temperature"].append(sigmoid(scores / heat))
        found["repaired"].append(repair(scores))
        found["monthly"].append(platt(calendar.scores(old, last), calendar.events(last))(scores))
        found["fresh"].append(sigmoid(calendar.scores(fresh, rows)))
        for way, model in models.items():
            mended = platt(calendar.scores(model, last), calendar.events(last))
            found[way].append(mended(calendar.scores(model, rows)))
    return {way: np.concatenate(values) for way, values in found.items()}


def platt(scores: np.ndarray, events: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Fit sigmoid(a · score + b) to outcomes (Platt 1999), and return it: a stretches, b moves the share of events."""
    model = LogisticRegression(C=np.inf).fit(scores[:, None], events)  # infinite C: no regularisation
    return lambda new: model.predict_proba(new[:, None])[:, 1]


def two_class_temperature(scores: np.ndarray, events: np.ndarray) -> float:
    """Return the temperature of logits (N,) of one event: that of the two logits 0 and ``score``."""
    return honesty.temperature(np.column_stack([np.zeros(len(scores)), scores]), events)


def month_by_month(calendar: Calendar, p: Predictions, month: int) -> dict[str, Any]:
    """Return every way's measures in one month."""
    inside = calendar.flights.month[calendar.rows(LATER)] == month
    events = calendar.events(calendar.rows([month]))
    ways = {way: _measures(events, values[inside]) for way, values in p.items()}
    return {"month": month, "flights": len(events), "event": float(events.mean()), "ways": ways}


def _measures(events: np.ndarray, p: np.ndarray) -> dict[str, float]:
    return {
        "roc_auc": float(sklearn_metrics.roc_auc_score(events, p)),
        "log_loss": _log_loss(events, p),
        "expected": float(p.mean()),
        **metrics.calibration(events, p),
    }


def overall(calendar: Calendar, p: Predictions) -> dict[str, Any]:
    """Return every way's measures over all later months, and its log loss less that of the old model.

    Whole days are drawn again for the intervals: the flights of a day share its storms.
    """
    rows = calendar.rows(LATER)
    events = calendar.events(rows)
    number = np.unique(calendar.flights.day[rows], return_inverse=True)[1]
    flights = np.bincount(number)
    losses = {way: -np.log(np.where(events == 1, values, 1 - values)) for way, values in p.items()}

    def interval(values: np.ndarray) -> list[float]:
        sums = np.bincount(number, weights=values)  # of a day: what is drawn are days, so their sums are enough
        return list(bootstrap(lambda s, n: float(s.sum() / n.sum()), sums, flights))

    ranking = sorted(WAYS, key=lambda way: losses[way].mean())
    return {
        "days": len(flights),
        "overall": {way: _measures(events, values) for way, values in p.items()},
        "ranking": ranking,
        "against_old": {way: interval(losses[way] - losses["old"]) for way in WAYS if way != "old"},
        "lead": interval(losses[ranking[0]] - losses[ranking[1]]),
    }


def random_split(
    calendar: Calendar, learner: Learner, old: Fitted, seed: int, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Return what is promised and delivered when a fifth of January to May is held out at random, and by time (May).

    At random, the held out flights are neighbours of the training flights: the same storms, the same days.
    """
    say("a random split")
    rows = np.random.default_rng(seed).permutation(calendar.rows(range(1, KNOWN + 1)))
    held_out, train = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    mixed = calendar.fit(learner, np.sort(train))
    parts = {
        "promised": (mixed, np.sort(held_out)),
        "delivered": (mixed, calendar.rows(LATER)),
        "promised by May": (old, calendar.rows([KNOWN])),
        "delivered after May": (old, calendar.rows(LATER)),
    }
    return {
        name: _measures(calendar.events(asked), sigmoid(calendar.scores(model, asked)))
        for name, (model, asked) in parts.items()
    }


def _log_loss(events: np.ndarray, p: np.ndarray) -> float:
    return float(-np.log(np.where(events == 1, p, 1 - p)).mean())
