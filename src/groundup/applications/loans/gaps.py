"""What is missing, what the gaps have to do with the target and with other columns, and ways to deal with them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundup.applications.audit.checks import missing
from groundup.applications.audit.statistics import difference_of_shares, permutation_test
from groundup.applications.audit.table import make_table
from groundup.applications.loans.applicants import (
    AFTERWARDS,
    LENDER,
    Applicants,
    Table,
    as_given,
    own_income_only,
    with_meaning,
)
from groundup.applications.loans.learners import USUAL, Filling, judge, prepare
from groundup.applications.loans.pooled import Pool
from groundup.applications.preprocessing import Rows

MEANINGS = {
    "annual_income_joint": "one applicant: there is no second income",
    "verification_income_joint": "one applicant: no second income to verify",
    "debt_to_income_joint": "one applicant: there are no joint debts",
    "months_since_90d_late": "never 90 days late",
    "months_since_last_delinq": "never delinquent (nearly: see below)",
    "months_since_last_credit_inquiry": "no inquiry in the last two years",
    "emp_title": "no employer, or none given",
    "emp_length": "no employer, or none given",
    "num_accounts_120d_past_due": "nowhere said; where known, it is always 0",
    "debt_to_income": "own income 0 or 1: nothing to divide by",
}


def without_gaps(table: Table) -> Table:
    """The application without the columns that have gaps."""
    return as_given(table).drop(columns=[name for name in MEANINGS if name != "emp_title"])


# Name to what it is, the view of the table, what is put into the gaps, and who can take it.
WAYS: dict[str, tuple[str, Any, Filling, tuple[str, ...]]] = {
    "dropped": ("columns with gaps dropped", without_gaps, "indicator", ("logistic", "boosting")),
    "mean": ("the mean put in", as_given, "mean", ("logistic", "boosting")),
    "indicator": ("the mean, and a column that says where", as_given, "indicator", ("logistic", "boosting")),
    "nothing": ("left to the tree as they are", as_given, "nothing", ("boosting",)),
    "meaning": ("said for what they are", with_meaning, "indicator", ("logistic", "boosting")),
}


def describe(applicants: Applicants, rows: Rows, seed: int) -> dict[str, Any]:
    """Look at the gaps of the training rows: do they tell about the targets, and which column tells where they are?

    The tests are those of ``groundup audit``: a permutation test, corrected for asking about all columns at once.
    """
    table = applicants.table.iloc[rows.train]
    names = [name for name in MEANINGS if table[name].isna().any()]
    masks = np.stack([table[name].isna().to_numpy() for name in names], axis=1)
    found: dict[str, Any] = {}
    for target in ("behind", "dear"):
        labels = applicants.target(target)[rows.train]
        scores = np.stack([1.0 - labels, labels], axis=1)
        chances = permutation_test(masks, scores, np.random.default_rng(seed))
        for name, mask, chance in zip(names, masks.T, chances.tolist()):
            counts = [int(labels[mask].sum()), int(mask.sum()), int(labels[~mask].sum()), int((~mask).sum())]
            gap, low, high = difference_of_shares(*counts)
            found.setdefault(name, {})[target] = {
                "missing": counts[0] / counts[1], "known": counts[2] / counts[3],
                "value": gap, "low": low, "high": high, "p": chance,
            }  # fmt: skip
    seen = table.drop(columns=[*AFTERWARDS, *LENDER, "loan_status"])
    told: dict[str, Any] = {}
    for one in missing.check(make_table(seen.assign(behind=applicants.behind[rows.train]), "behind", seed)):
        told |= one.numbers.get("told_by", {})
    clean = table["account_never_delinq_percent"] == 100
    return {
        "columns": {
            name: {
                "share": float(table[name].isna().mean()),
                "meaning": MEANINGS[name],
                "told_by": told.get(name),
                **found[name],
            }
            for name in sorted(names, key=lambda name: -int(table[name].isna().sum()))
        },
        "rows": len(table),
        "complete": int(table.notna().all(axis=1).sum()),
        "complete_single": int(table.drop(columns=[n for n in names if "joint" in n]).notna().all(axis=1).sum()),
        "past_due_values": sorted(set(table["num_accounts_120d_past_due"].dropna().tolist())),
        # the "never" that is not quite one
        "never_but_stained": int((table["months_since_last_delinq"].isna() & ~clean).sum()),
        "never": int(table["months_since_last_delinq"].isna().sum()),
    }


def compare(applicants: Applicants, rounds: Sequence[Rows], seeds: Sequence[int]) -> dict[str, Any]:
    """Measure each way with each learner that can take it, for both targets; settings are the same for all ways."""
    pool, found = Pool.of(rounds), {}
    for target in ("behind", "dear"):
        labels = applicants.target(target)
        scores: dict[str, list[np.ndarray]] = {}
        for name, (_, view, filling, kinds) in WAYS.items():
            features = view(applicants.table)
            for rows, seed in zip(rounds, seeds):
                x = prepare(features, rows, filling)
                for kind in kinds:
                    judged = judge(kind, USUAL[kind], x, labels, rows, seed)
                    scores.setdefault(f"{kind} {name}", []).append(judged.test)
        found[target] = [
            {"learner": key.split()[0], "way": key.split()[1], "auc": pool.auc(labels, one)}
            | {"over_mean": None if key.endswith(" mean") else pool.gain(labels, one, scores[f"{key.split()[0]} mean"])}
            for key, one in scores.items()
        ]
    return {"ways": {name: way[0] for name, way in WAYS.items()}, **found}


def joint(applicants: Applicants, rounds: Sequence[Rows], seeds: Sequence[int]) -> dict[str, Any]:
    """Joint applications taken for what they are (a household), against the second applicant not looked at."""
    table = applicants.table
    is_joint = (table["application_type"] == "joint").to_numpy()
    views = {"household": with_meaning(table), "alone": own_income_only(table)}
    pool = Pool.of(rounds)
    own = np.expm1(views["alone"].loc[is_joint, "annual_income"])
    both = np.expm1(views["household"].loc[is_joint, "annual_income"])
    found: dict[str, Any] = {
        "joint": int(is_joint.sum()),
        "behind": {
            "joint": float(applicants.behind[is_joint].mean()),
            "single": float(applicants.behind[~is_joint].mean()),
        },
        "income": {"own": float(own.median()), "household": float(both.median())},
        "debt": {
            "own": float(table.loc[is_joint, "debt_to_income"].median()),
            "household": float(table.loc[is_joint, "debt_to_income_joint"].median()),
        },
        "rows": [],
    }
    some = is_joint[pool.rows]
    among = Pool(pool.rows[some], pool.round[some])
    for target in ("behind", "dear"):
        labels = applicants.target(target)
        scores: dict[str, list[np.ndarray]] = {name: [] for name in views}
        for name, features in views.items():
            for rows, seed in zip(rounds, seeds):
                x = prepare(features, rows, "indicator")
                scores[name].append(judge("logistic", USUAL["logistic"], x, labels, rows, seed).test)
        parted = {
            name: [one[is_joint[rows.test]] for one, rows in zip(lists, rounds)] for name, lists in scores.items()
        }
        found["rows"].append(
            {
                "target": target,
                **{name: among.auc(labels, parted[name]) for name in views},
                "gain": among.gain(labels, parted["household"], parted["alone"]),
                "gain_all": pool.gain(labels, scores["household"], scores["alone"]),
            }
        )
    return found
