"""Gaps put in on purpose, of the three kinds that Rubin told apart: only so can a repair be held against the truth.

The column is the total limit of an applicant's cards, which is known for everyone. Values go missing by lot, or where
another column (the income) is large, or where the limit *itself* is large; in training and in test rows alike.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression

from groundup.applications import inject
from groundup.applications.loans.applicants import Applicants, with_meaning
from groundup.applications.loans.learners import USUAL, Matrix, judge, prepare
from groundup.applications.loans.pooled import Pool
from groundup.applications.metrics import summary
from groundup.applications.preprocessing import Rows

COLUMN, GIVEN, RATE, STRENGTH = "total_debit_limit", "annual_income", 0.4, 2.0
KINDS = {
    "complete": "nothing missing (not to be had)",
    "mcar": "completely at random (MCAR): by lot",
    "mar": "at random (MAR): where the income is large",
    "mnar": "not at random (MNAR): where the limit itself is large",
}
REPAIRS = {
    "rows": "rows with a gap dropped from training",
    "mean": "the mean put in",
    "indicator": "the mean, and a column that says where",
    "regression": "a guess from the other columns (linear regression)",
}


def plant(features: Any, kind: str, rng: np.random.Generator) -> tuple[Any, np.ndarray]:
    """Return a copy with gaps, and the mask (N,) of where they are."""
    if kind == "mar":
        return inject.missing_at_random(features, COLUMN, GIVEN, RATE, rng, STRENGTH)
    if kind == "mnar":
        return inject.missing_not_at_random(features, COLUMN, RATE, rng, STRENGTH)
    changed, mask = inject.missing_completely_at_random(features, RATE, rng, columns=[COLUMN])
    return changed, np.asarray(mask.any(axis=1))


def score(applicants: Applicants, rounds: Sequence[Rows], seeds: Sequence[int]) -> dict[str, Any]:
    """Plant, repair, and hold against the truth; the target is whether a loan is dear.

    ``bias``: the mean of the column as the repair has it, less the true mean, in true standard deviations, on the
    training rows. ``error``: the root mean squared error of what was put in, in the same unit (1 is a guess of the true
    mean). ``auc``: of a logistic regression on test rows with gaps of the same kind, repaired in the same way.
    """
    whole, labels, pool = with_meaning(applicants.table), applicants.dear, Pool.of(rounds)
    scores: dict[str, list[np.ndarray]] = {"complete": []}
    measured: dict[str, list[tuple[float, float | None]]] = {}
    for rows, seed in zip(rounds, seeds):
        truth = prepare(whole, rows, "mean")  # its columns of numbers are standardised: unit and zero are the truth's
        scores["complete"].append(_auc(truth, labels, rows, seed))
        for kind in ("mcar", "mar", "mnar"):
            gappy, mask = plant(whole, kind, np.random.default_rng(seed))
            for repair in REPAIRS:
                x, kept = _repaired(repair, gappy, whole, mask, rows)
                key = f"{kind} {repair}"
                scores.setdefault(key, []).append(_auc(x, labels, kept, seed))
                measured.setdefault(key, []).append(_held_against(repair, gappy, whole, mask, rows))
    return {
        "column": COLUMN, "given": GIVEN, "rate": RATE, "strength": STRENGTH,
        "kinds": KINDS, "repairs": REPAIRS,
        "complete": pool.auc(labels, scores["complete"]),
        "rows": [
            {
                "kind": key.split()[0], "repair": key.split()[1],
                "bias": summary([one[0] for one in pairs]), "error": summary([one[1] for one in pairs]),
                "auc": pool.auc(labels, scores[key]), "lost": pool.gain(labels, scores[key], scores["complete"]),
            }
            for key, pairs in measured.items()
        ],
    }  # fmt: skip


def _auc(x: Matrix, labels: np.ndarray, rows: Rows, seed: int) -> np.ndarray:
    return judge("logistic", USUAL["logistic"], x, labels, rows, seed).test


def _filled(repair: str, gappy: Any, mask: np.ndarray, rows: Rows) -> Any:
    """The table with its gaps filled by what the training rows teach."""
    known = gappy[COLUMN].iloc[rows.train]
    if repair != "regression":
        return gappy.assign(**{COLUMN: gappy[COLUMN].fillna(known.mean())})
    others = prepare(gappy.drop(columns=COLUMN), rows, "mean")
    there = ~mask[rows.train]
    line = LinearRegression().fit(others.train[there], known.to_numpy()[there])
    values = gappy[COLUMN].to_numpy(float).copy()
    for part, x in ((rows.train, others.train), (rows.validation, others.validation), (rows.test, others.test)):
        values[part] = np.where(mask[part], line.predict(x), values[part])
    return gappy.assign(**{COLUMN: values})


def _repaired(repair: str, gappy: Any, whole: Any, mask: np.ndarray, rows: Rows) -> tuple[Matrix, Rows]:
    if repair == "indicator":
        return prepare(gappy, rows, "indicator"), rows
    if repair == "rows":  # a new row can't be dropped: it gets the mean of the rows that were kept
        rows = Rows(rows.train[~mask[rows.train]], rows.validation, rows.test)
    return prepare(_filled(repair, gappy, mask, rows), rows, "mean"), rows


def _held_against(repair: str, gappy: Any, whole: Any, mask: np.ndarray, rows: Rows) -> tuple[float, float | None]:
    truth = whole[COLUMN].iloc[rows.train].to_numpy(float)
    gone, unit = mask[rows.train], truth.std()
    if repair == "rows":
        return float((truth[~gone].mean() - truth.mean()) / unit), None
    filled = _filled(repair, gappy, mask, rows)[COLUMN].iloc[rows.train].to_numpy(float)
    error = np.sqrt(np.mean((filled - truth)[gone] ** 2)) / unit
    return float((filled.mean() - truth.mean()) / unit), float(error)
