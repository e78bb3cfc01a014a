"""The contenders of the second part, each with four settings to choose from, and the steps before them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from groundup.applications.loans.applicants import Table, numeric
from groundup.applications.networks import TabularNetwork
from groundup.applications.preprocessing import Rows

Filling = Literal["mean", "indicator", "nothing"]

NAMES = {"logistic": "logistic regression", "boosting": "gradient boosting", "network": "neural network"}
# The same budget for everyone: four settings, of which the best ROC-AUC on validation is kept.
SETTINGS: dict[str, tuple[dict[str, Any], ...]] = {
    "logistic": ({"C": 0.001}, {"C": 0.01}, {"C": 0.1}, {"C": 1.0}),
    "boosting": (
        {"learning_rate": 0.05, "max_iter": 60, "max_leaf_nodes": 2},
        {"learning_rate": 0.05, "max_iter": 60, "max_leaf_nodes": 6},
        {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 6},
        {"learning_rate": 0.1, "max_iter": 200, "max_leaf_nodes": 12},
    ),
    "network": (
        {"hidden": (16,), "dropout": 0.2, "weight_decay": 0.01},
        {"hidden": (16,), "dropout": 0.5, "weight_decay": 1.0},
        {"hidden": (64,), "dropout": 0.5, "weight_decay": 1.0},
        {"hidden": (32, 16), "dropout": 0.3, "weight_decay": 0.1},
    ),
}
USUAL = {"logistic": {"C": 0.1}, "boosting": SETTINGS["boosting"][1]}  # where a comparison is not about settings


def preprocessor(features: Table, filling: Filling) -> ColumnTransformer:
    """Return the unfitted step from features to a matrix of numbers; what it fills gaps with is learned by ``fit``.

    ``"mean"``: the mean, and of categories the most frequent one. ``"indicator"``: the same, and a column of 0 and 1
    that says where. ``"nothing"``: gaps stay NaN, for learners that take them, and a category is a level "missing".
    """
    numbers = numeric(features)
    words = [name for name in features if name not in numbers]
    fill = [] if filling == "nothing" else [SimpleImputer(strategy="mean", add_indicator=filling == "indicator")]
    fill_words = [SimpleImputer(strategy="most_frequent")] if filling == "mean" else []
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=100, sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(*fill, StandardScaler()), numbers),
            ("words", make_pipeline(*fill_words, encoder), words),
        ]
    )


def build(kind: str, seed: int, balanced: bool = False, **setting: Any) -> Any:
    """Return an untrained learner with ``fit`` and ``decision_function`` (a logit)."""
    if kind == "network":
        return TabularNetwork(seed=seed, balance="weights" if balanced else "none", **setting)
    weight = "balanced" if balanced else None
    if kind == "logistic":
        return LogisticRegression(class_weight=weight, max_iter=2000, **setting)
    fixed: dict[str, Any] = {"min_samples_leaf": 40, "max_bins": 63, "early_stopping": False, "random_state": seed}
    return HistGradientBoostingClassifier(class_weight=weight, **fixed, **setting)


@dataclass(frozen=True)
class Matrix:
    """One view of the table as numbers, by steps fitted on the training rows."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def prepare(features: Table, rows: Rows, filling: Filling) -> Matrix:
    """Learn what fills the gaps, means and categories from the training rows; apply it to all three parts."""
    train, validation, test = (features.iloc[part] for part in (rows.train, rows.validation, rows.test))
    steps = preprocessor(features, filling).fit(train)
    return Matrix(*(np.asarray(steps.transform(part)) for part in (train, validation, test)))


@dataclass(frozen=True)
class Judged:
    """What a chosen model says of validation and test rows, as logits."""

    kind: str
    setting: dict[str, Any]
    quality: float  # ROC-AUC on validation
    validation: np.ndarray
    test: np.ndarray


def judge(kind: str, setting: dict[str, Any], x: Matrix, labels: np.ndarray, rows: Rows, seed: int, **how: Any):
    """Fit one setting on the training rows, and return what it says of the others."""
    model = build(kind, seed, **how, **setting).fit(x.train, labels[rows.train])
    validation = model.decision_function(x.validation)
    quality = float(roc_auc_score(labels[rows.validation], validation))
    return Judged(kind, setting, quality, validation, model.decision_function(x.test))


def choose(kind: str, x: Matrix, labels: np.ndarray, rows: Rows, seed: int) -> Judged:
    """Try the settings of one contender; keep the one that ranks the validation rows best."""
    return max((judge(kind, s, x, labels, rows, seed) for s in SETTINGS[kind]), key=lambda one: one.quality)


def platt(labels: np.ndarray, logits: np.ndarray):
    """Return the step from logits to probabilities after Platt (1999), fitted on these (validation) rows."""
    line = LogisticRegression(C=np.inf).fit(logits[:, None], labels)
    return lambda scores: line.predict_proba(scores[:, None])[:, 1]
