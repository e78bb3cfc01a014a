"""The first part, in imbalance: one loan in twenty goes bad, and an accuracy of 95% means nothing.

The road: say what is wrong with the data; do it the naive way and look at the failure in numbers; then split first, fit
every step on the training part alone, give the rare class its weight, choose the threshold on validation, repair the
probabilities, and compare with honest baselines over several splits. The test part is used once for each split,
after every choice has been made: `choose` does not see it, `measure` changes nothing.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from groundup import data
from groundup.applications import metrics
from groundup.applications.loans.imbalance_report import verdict
from groundup.applications.loans.views import VIEWS
from groundup.applications.model_card import ModelCard
from groundup.applications.networks import TabularNetwork
from groundup.applications.preprocessing import Rows, split_rows, table_preprocessor
from groundup.applications.saved_model import ColumnSeen, SavedModel
from groundup.applications.threads import one_thread

CARD = ModelCard(
    model=(
        "The best of a logistic regression, gradient boosting and a small network, chosen on validation; Platt scaling "
        "and a threshold, both from validation too."
    ),
    data="lending_club: loans of one platform, granted in the first quarter of 2016. Who was refused is not in it.",
    licence="MIT (R package modeldata); the platform had published the loans.",
    intended_use="To learn from: what imbalance does to a model, to accuracy and to probabilities.",
    not_for=(
        "Deciding about people. It knows a country, a year and a lender; it has seen only loans that this lender "
        "granted, at prices that this lender set."
    ),
    limits=[
        "Labels are not final: loans still being paid count as good.",
        "Applicants unlike those of early 2016, or of another lender: nothing is known about how it does there.",
        "It flags about ten good loans for each bad one that it finds (see the table).",
        "The state of the borrower is among its inputs, and may stand for things that must not decide.",
    ],
    harm=(
        "Someone who would have paid is refused or asked to pay more, and never learns why; the lender loses the money "
        "of a loan that it took for good. The first happens far more often."
    ),
)


class Everyone:
    """The majority's answer: every loan gets the same score."""

    def fit(self, x: np.ndarray, labels: np.ndarray):
        return self

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x))


class OneColumn(Everyone):
    """No model at all: the score is the first column."""

    def decision_function(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0]


@dataclass(frozen=True)
class Candidate:
    """One way to answer: a name, a role in the comparison, a view of the data, and the settings to choose from."""

    name: str
    role: str  # "baseline", "contestant" (the verdict is between these), or "ablation" (one thing taken away)
    build: Callable[..., Any]
    view: str = "features"
    settings: tuple[dict[str, Any], ...] = ({},)
    logits: bool = True  # whether the score is meant as a logit, so that its sigmoid claims to be a probability
    settings_of: str = ""  # take the settings chosen for this candidate instead


def logistic(seed: int, **setting: Any) -> LogisticRegression:
    return LogisticRegression(class_weight="balanced", max_iter=2000, **setting)


def boosting(seed: int, **setting: Any) -> HistGradientBoostingClassifier:
    fixed: dict[str, Any] = {
        "class_weight": "balanced",
        "min_samples_leaf": 40,
        "max_bins": 63,
        "early_stopping": False,
    }
    return HistGradientBoostingClassifier(random_state=seed, **fixed, **setting)


def network(seed: int, balance: str = "weights", **setting: Any) -> TabularNetwork:
    return TabularNetwork(seed=seed, balance=balance, **setting)


# The same budget for every learner: three settings, of which the best average precision on validation is kept.
REGULARISATION = ({"C": 0.001}, {"C": 0.01}, {"C": 0.1})
CANDIDATES = {
    "majority": Candidate("'good' for everyone", "baseline", lambda seed: Everyone(), "rate", logits=False),
    "rate": Candidate("interest rate alone", "baseline", lambda seed: OneColumn(), "rate", logits=False),
    "logistic": Candidate("logistic regression", "contestant", logistic, settings=REGULARISATION),
    "boosting": Candidate(
        "gradient boosting", "contestant", boosting,
        settings=(
            {"learning_rate": 0.1, "max_iter": 25, "max_leaf_nodes": 8},
            {"learning_rate": 0.1, "max_iter": 35, "max_leaf_nodes": 4},
            {"learning_rate": 0.2, "max_iter": 50, "max_leaf_nodes": 2},
        ),
    ),
    "network": Candidate(
        "neural network", "contestant", network,
        settings=(
            {"hidden": (16,), "dropout": 0.2, "weight_decay": 0.01},
            {"hidden": (32,), "dropout": 0.5, "weight_decay": 1.0},
            {"hidden": (32, 16), "dropout": 0.3, "weight_decay": 0.1},
        ),
    ),
    "network_plain": Candidate(
        "network without weights", "ablation", lambda seed, **s: network(seed, "none", **s), settings_of="network"
    ),
    "network_resampled": Candidate(
        "network, resampled", "ablation", lambda seed, **s: network(seed, "resample", **s), settings_of="network"
    ),
    "logistic_raw": Candidate("logistic, columns as they come", "ablation", logistic, "raw", REGULARISATION),
    "logistic_blind": Candidate("logistic, lender's view hidden", "ablation", logistic, "no lender", REGULARISATION),
}  # fmt: skip


@dataclass
class Chosen:
    """A model with every choice made, before the test part is touched."""

    candidate: Candidate
    preprocessor: ColumnTransformer
    model: Any
    setting: dict[str, Any]
    threshold: float
    quality: float  # average precision on validation
    platt: LogisticRegression = field(repr=False)

    def scores(self, loans: pd.DataFrame) -> np.ndarray:
        return self.model.decision_function(self.preprocessor.transform(VIEWS[self.candidate.view](loans)))

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities repaired after Platt (1999): the sigmoid of a line through the scores, fitted on validation."""
        return self.platt.predict_proba(scores[:, None])[:, 1]


@dataclass(frozen=True)
class Prepared:
    """One view of the data as numbers, by steps that were fitted on the training rows."""

    preprocessor: ColumnTransformer
    train: np.ndarray
    validation: np.ndarray


def prepare(view: str, loans: pd.DataFrame, rows: Rows) -> Prepared:
    """Learn medians, means and categories from the training rows; apply them to the training and validation rows."""
    train, validation = (VIEWS[view](loans.iloc[part]) for part in (rows.train, rows.validation))
    numeric = [name for name in train if pd.api.types.is_numeric_dtype(train[name])]
    preprocessor = table_preprocessor(numeric, [name for name in train if name not in numeric]).fit(train)
    x, x_validation = (np.asarray(preprocessor.transform(table)) for table in (train, validation))
    return Prepared(preprocessor, x, x_validation)


def choose(
    candidate: Candidate,
    prepared: Prepared,
    bad: np.ndarray,
    rows: Rows,
    seed: int,
    settings: tuple[dict[str, Any], ...],
) -> Chosen:
    """Fit one candidate on the training rows and make its choices on the validation rows: setting, threshold, Platt."""
    bad_train, bad_validation = bad[rows.train], bad[rows.validation]
    best, model, setting, scores = -1.0, None, {}, np.empty(0)
    for trial in settings:
        fitted = candidate.build(seed, **trial)
        watch = {"watch": (prepared.validation, bad_validation)} if isinstance(fitted, TabularNetwork) else {}
        fitted.fit(prepared.train, bad_train, **watch)
        trial_scores = fitted.decision_function(prepared.validation)
        quality = float(average_precision_score(bad_validation, trial_scores))
        if quality > best:
            best, model, setting, scores = quality, fitted, trial, trial_scores
    platt = LogisticRegression(C=np.inf).fit(scores[:, None], bad_validation)  # infinite C: no regularisation
    threshold = metrics.choose_threshold(bad_validation, scores)
    return Chosen(candidate, prepared.preprocessor, model, setting, threshold, best, platt)


def choose_all(loans: pd.DataFrame, bad: np.ndarray, rows: Rows, seed: int) -> dict[str, Chosen]:
    """Make the choices for every candidate on one split, from its training and validation rows."""
    prepared = {view: prepare(view, loans, rows) for view in VIEWS}
    chosen: dict[str, Chosen] = {}
    for key, candidate in CANDIDATES.items():
        settings = (chosen[candidate.settings_of].setting,) if candidate.settings_of else candidate.settings
        chosen[key] = choose(candidate, prepared[candidate.view], bad, rows, seed, settings)
    return chosen


RECALL, PRECISION = 0.5, 0.10  # the fixed points of the two measures that need one
GRID = np.linspace(0.02, 1, 50)  # recalls at which precision is drawn


def measure(chosen: Chosen, loans: pd.DataFrame, bad: np.ndarray) -> dict[str, Any]:
    """Measure a finished model on rows it has never seen: every number that the report shows."""
    scores = chosen.scores(loans)
    repaired = chosen.probabilities(scores)
    found: dict[str, Any] = metrics.ranking(bad, scores) | metrics.decisions(bad, scores >= chosen.threshold)
    found["precision_at_recall"] = metrics.precision_at_recall(bad, scores, RECALL)
    found["recall_at_precision"] = metrics.recall_at_precision(bad, scores, PRECISION)
    found |= metrics.calibration(bad, repaired)
    raw = 1 / (1 + np.exp(-scores)) if chosen.candidate.logits else None
    naive = metrics.decisions(bad, raw >= 0.5) if raw is not None else metrics.decisions(bad, np.zeros(len(bad), bool))
    return {
        "metrics": found
        | ({f"raw_{k}": v for k, v in metrics.calibration(bad, raw).items()} if raw is not None else {}),
        "naive": naive,
        "precision": metrics.precision_curve(bad, scores, GRID),
        "raw": raw,
        "repaired": repaired,
    }


def run(
    seeds: int = 5,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    loans: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Carry out the study and return its results, ready for JSON.

    Parameters
    ----------
    seeds : how many times everything is done; each time with a new split and new initial weights.
    seed : equal seeds give equal results.
    progress : called with a line of text before each split.
    loans : the data, by default ``lending_club``; fewer rows make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    loans = data.load("lending_club") if loans is None else loans
    bad = (loans["Class"] == "bad").to_numpy().astype(int)
    table = loans.drop(columns="Class")
    split_seeds = np.random.SeedSequence(seed).generate_state(seeds).tolist()
    splits = [split_rows(bad, split_seed) for split_seed in split_seeds]
    runs: list[dict[str, dict[str, Any]]] = []
    with one_thread():
        for number, (rows, split_seed) in enumerate(zip(splits, split_seeds), start=1):
            if progress:
                progress(f"loans: split {number} of {seeds}")
            chosen = choose_all(table, bad, rows, split_seed)
            test, bad_test = table.iloc[rows.test], bad[rows.test]
            runs.append({key: measure(c, test, bad_test) | {"chosen": c, "bad": bad_test} for key, c in chosen.items()})
    models = {key: _over_seeds(key, [one[key] for one in runs]) for key in CANDIDATES}
    return {
        "study": "loans",
        "seeds": seeds,
        "seed": seed,
        "fixed": {"recall": RECALL, "precision": PRECISION},
        "data": _facts(loans, bad, splits[0]),
        "naive": {key: _summaries([one[key]["naive"] for one in runs]) for key in ("majority", "network_plain")},
        "models": models,
        "verdict": verdict(models),
        "curves": _curves(runs),
        "card": asdict(CARD),
    }


def final_model(result: dict[str, Any], loans: pd.DataFrame | None = None) -> SavedModel:
    """Return the model to keep: the contestant that was best on validation, as it was trained on the first split.

    It is chosen by validation alone, so what the study says of its test result stays true.
    """
    loans = data.load("lending_club") if loans is None else loans
    bad = (loans["Class"] == "bad").to_numpy().astype(int)
    table = loans.drop(columns="Class")
    contestants = [key for key, candidate in CANDIDATES.items() if candidate.role == "contestant"]
    key = max(contestants, key=lambda name: result["models"][name]["validation"]["mean"])
    seed = int(np.random.SeedSequence(result["seed"]).generate_state(1)[0])
    rows, candidate = split_rows(bad, seed), CANDIDATES[key]
    with one_thread():
        chosen = choose(candidate, prepare(candidate.view, table, rows), bad, rows, seed, candidate.settings)
    return SavedModel(
        study="loans", view=candidate.view, target="Class", event="bad", other="good",
        columns=tuple(ColumnSeen.of(column) for _, column in table.iloc[rows.train].items()),
        preprocessor=chosen.preprocessor, model=chosen.model,
        slope=float(np.ravel(chosen.platt.coef_)[0]), intercept=float(np.ravel(chosen.platt.intercept_)[0]),
        threshold=chosen.threshold, card=result["card"],
    )  # fmt: skip


def _facts(loans: pd.DataFrame, bad: np.ndarray, rows: Rows) -> dict[str, Any]:
    card = data.card("lending_club")
    grades = pd.Series(bad).groupby(loans["sub_grade"].str[0].to_numpy()).agg(["mean", "size"])
    return {
        "name": card.name, "licence": card.licence, "source": card.source, "citation": card.citation,
        "rows": len(loans), "columns": loans.shape[1] - 1, "bad": int(bad.sum()), "prevalence": float(bad.mean()),
        "parts": {
            part: {"rows": len(r), "bad": int(bad[r].sum())}
            for part, r in (("train", rows.train), ("validation", rows.validation), ("test", rows.test))
        },
        "unknown_employment": int((loans["emp_length"] == "emp_unk").to_numpy().sum()),
        "no_income": int((loans["annual_inc"] <= 0).to_numpy().sum()),
        "missing_cells": int(loans.isna().to_numpy().sum()),
        "states": len(set(loans["addr_state"])),
        "bad_by_grade": dict(zip(grades.index, grades["mean"].tolist())),
        "loans_by_grade": dict(zip(grades.index, grades["size"].tolist())),
    }  # fmt: skip


def _summaries(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: metrics.summary([one[name] for one in seeds]) for name in seeds[0]}


def _over_seeds(key: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Everything about one model that the report shows."""
    candidate, chosen = CANDIDATES[key], [one["chosen"] for one in runs]
    return {
        "name": candidate.name,
        "role": candidate.role,
        "settings": [re.sub(r"[{}']", "", str(c.setting)) for c in chosen],
        # 'good' for everyone has no finite threshold; JSON has no infinity
        "thresholds": [c.threshold if np.isfinite(c.threshold) else None for c in chosen],
        "validation": metrics.summary([c.quality for c in chosen]),
        "metrics": _summaries([one["metrics"] for one in runs]),
    }


def _curves(runs: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Precision averaged over the seeds; reliability with the seeds' test rows pooled; the first seed's training."""
    curves: dict[str, Any] = {
        "recall": GRID.tolist(),
        "precision": {key: np.mean([one[key]["precision"] for one in runs], axis=0).tolist() for key in CANDIDATES},
        "reliability": {},
        "histories": {},
    }
    for key in ("network", "network_plain"):
        labels = np.concatenate([one[key]["bad"] for one in runs])
        for kind in ("raw", "repaired"):
            probabilities = np.concatenate([one[key][kind] for one in runs])
            curves["reliability"][f"{key} {kind}"] = metrics.reliability(labels, probabilities)
    for key in ("network", "network_plain", "network_resampled"):
        curves["histories"][key] = runs[0][key]["chosen"].model.history
    return curves
