"""Mistakes that look like success: what each promises on held-out rows, and what it delivers later.

Each trial is the same gradient boosting, with one thing done wrong. The promise is what its author would report, from
rows that were held out in the author's way. The delivery is the same fitted model on November and December, given what
is known two hours before departure and judged by what became of the flights.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from groundup.applications import metrics
from groundup.applications.flights.knowledge import LATE, Departures, weather_of_the_hour
from groundup.applications.flights.learners import Learner
from groundup.applications.flights.measuring import sigmoid
from groundup.applications.flights.tables import Table
from groundup.applications.preprocessing import Rows
from groundup.data import FlightTables


@dataclass(frozen=True)
class Trial:
    """What one author does.

    Parameters
    ----------
    table, labels : the data as the author has them, for all flights.
    train, check : the rows that are learned from, and those that are held out to be reported on.
    extra : columns of numbers that the author adds.
    live : the table as it would be at the moment of the prediction, where it is another.
    """

    table: Table
    labels: np.ndarray
    train: np.ndarray
    check: np.ndarray
    extra: tuple[str, ...] = ()
    live: Table = None


def honest(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    return Trial(flights.known, flights.event, rows.train, rows.validation)


def departure_delay(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    """The column stands beside the others, and two hours before departure it is not known of any flight."""
    table = flights.known.assign(dep_delay=flights.record["dep_delay"])
    return Trial(table, flights.event, rows.train, rows.validation, ("dep_delay",), table.assign(dep_delay=np.nan))


def tail_number(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    """A column that says whether the tail number is missing; it is, where the flight was cancelled later."""
    missing = flights.record["tailnum"].isna().astype(float)
    table = flights.known.assign(no_tail=missing)
    return Trial(table, flights.event, rows.train, rows.validation, ("no_tail",), table.assign(no_tail=0.0))


def random_split(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    """Rows of January to October are held out at random, with the date: a day's other flights tell how it went."""
    order = np.random.default_rng(seed).permutation(np.concatenate([rows.train, rows.validation]))
    check, train = np.split(order, [len(rows.validation)])
    return Trial(flights.known.assign(day=flights.day), flights.event, np.sort(train), np.sort(check), ("day",))


def weather_to_come(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    """The documented join, on origin and hour, brings weather that is still to come."""
    weather = weather_of_the_hour(flights.record, tables.weather)
    table = flights.known.assign(**{name: weather[name] for name in weather})
    return Trial(table, flights.event, rows.train, rows.validation, (), flights.known)


def dropped(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    """Rows with a missing delay are dropped, so cancelled flights are neither learned from nor counted."""
    arrived = flights.record["arr_delay"].notna().to_numpy()
    train, check = (part[arrived[part]] for part in (rows.train, rows.validation))
    return Trial(flights.known, flights.event, train, check)


def called_punctual(flights: Departures, rows: Rows, tables: FlightTables, seed: int) -> Trial:
    """The label is `arr_delay > 30`, which is false of a missing delay: cancelled flights count as on time."""
    labels = (flights.record["arr_delay"] > LATE).to_numpy().astype(int)
    return Trial(flights.known, labels, rows.train, rows.validation)


RANDOM = ("random_split",)  # what changes with the seed
Author = Callable[[Departures, Rows, FlightTables, int], Trial]
AUTHORS: dict[str, tuple[str, Author]] = {
    "honest": ("none of these", honest),
    "departure_delay": ("departure delay as a feature", departure_delay),
    "tail_number": ("missing tail number as a feature", tail_number),
    "random_split": ("random split, with the date", random_split),
    "weather_to_come": ("weather of the departure hour", weather_to_come),
    "dropped": ("incomplete rows dropped", dropped),
    "called_punctual": ("cancelled flights labelled on time", called_punctual),
}


def promise_and_delivery(
    learner: Learner, author: Author, flights: Departures, rows: Rows, tables: FlightTables, seed: int
) -> dict[str, float]:
    """Carry out one trial: ROC-AUC and average precision, as promised and as delivered."""
    trial = author(flights, rows, tables, seed)
    learner = replace(learner, encoding="none", numbers=(*learner.numbers, *trial.extra))
    train, check = trial.train, trial.check
    fitted = learner.fit(trial.table.iloc[train], trial.labels[train], flights.day[train], seed)
    live = trial.table if trial.live is None else trial.live
    promised = metrics.ranking(trial.labels[check], fitted.decision_function(trial.table.iloc[check]))
    scores = fitted.decision_function(live.iloc[rows.test])
    delivered = metrics.ranking(flights.event[rows.test], scores)
    return {
        **{f"promised_{name}": value for name, value in promised.items()},
        **{f"delivered_{name}": value for name, value in delivered.items()},
        "promised_share": float(trial.labels[check].mean()),
        "expected_share": float(sigmoid(scores).mean()),
    }
