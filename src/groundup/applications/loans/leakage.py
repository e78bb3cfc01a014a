"""What a model promises when it is shown what is known only afterwards, and what it delivers when it is used."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup.applications.loans.applicants import AFTERWARDS, LENDER, Applicants, Table, with_meaning
from groundup.applications.loans.learners import NAMES, USUAL, prepare
from groundup.applications.loans.learners import build as build_learner
from groundup.applications.loans.pooled import Pool
from groundup.applications.preprocessing import Rows

SETS = {
    "application": "what the applicant said, and the credit bureau",
    "lender": "... and the lender's grade, rate and instalment",
    "afterwards": "... and balance and payments, known afterwards",
}
GRADES = {name: place for place, name in enumerate("ABCDEFG")}


def columns(table: Table, which: str) -> Table:
    """Return the features of one of the sets, each with all of the one before."""
    features = with_meaning(table)
    if which == "application":
        return features
    sub_grade = 5 * table["grade"].map(GRADES) + table["sub_grade"].str[1].astype(float)
    features = features.assign(sub_grade=sub_grade, **{name: table[name] for name in LENDER[2:]})
    if which == "lender":
        return features
    return features.assign(**{name: table[name] for name in AFTERWARDS})


def on_the_day(table: Table) -> Table:
    """The same loans on the day they are asked for: all of it is owed, nothing is paid."""
    owed = {"balance": table["loan_amount"].astype(float)}
    return table.assign(**owed, **dict.fromkeys(AFTERWARDS[1:], 0.0))


def compare(applicants: Applicants, rounds: Sequence[Rows], seeds: Sequence[int]) -> dict[str, Any]:
    """Predict who is behind from each set, and then ask the model of the last one as it would be asked in use."""
    labels, pool = applicants.behind, Pool.of(rounds)
    scores: dict[str, list[np.ndarray]] = {}
    tables = {which: columns(applicants.table, which) for which in SETS}
    day = columns(on_the_day(applicants.table), "afterwards")
    for rows, seed in zip(rounds, seeds):
        for which, features in tables.items():
            x = prepare(features, rows, "indicator")
            asked = prepare_like(features, day, rows) if which == "afterwards" else None
            for kind in ("logistic", "boosting"):
                model = build_learner(kind, seed, **USUAL[kind]).fit(x.train, labels[rows.train])
                scores.setdefault(f"{kind} {which}", []).append(model.decision_function(x.test))
                if asked is not None:
                    scores.setdefault(f"{kind} delivered", []).append(model.decision_function(asked))
    return {
        "sets": SETS,
        "rows": [
            {"learner": key.split()[0], "set": key.split()[1], "auc": pool.auc(labels, one)}
            for key, one in sorted(scores.items(), key=lambda item: list(NAMES).index(item[0].split()[0]))
        ],
    }


def prepare_like(features: Table, other: Table, rows: Rows) -> np.ndarray:
    """The test rows of another table, by steps fitted on the training rows of the first."""
    both = features.copy()
    both.iloc[rows.test] = other.iloc[rows.test]
    return prepare(both, rows, "indicator").test
