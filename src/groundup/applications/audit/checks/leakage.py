"""Leakage: a column that knows the answer, because it was written after it, or is made from it."""

import warnings
from typing import Any

import numpy as np

from groundup.applications.audit.columns import Column
from groundup.applications.audit.statistics import FOLDS, Power, power, power_of
from groundup.applications.audit.table import Table, Target
from groundup.applications.finding import Finding, listed

ROWS = 20_000  # rows on which each column is tried alone
MODEL_ROWS = 8_000  # and on which a model of many columns is
# From which score on a column alone is under suspicion, and from which on it is nearly perfect: area under the ROC
# curve for classes, explained variance for numbers.
STRONG = {"classes": 0.9, "number": 0.8}
PERFECT = {"classes": 0.995, "number": 0.99}
BEYOND = 3  # "far beyond the rest": a third of the error of all other columns together


def check(table: Table) -> list[Finding]:
    """Try each column alone, then compare the strongest with a model of all the others."""
    target = table.target
    if target is None or target.is_constant or len(target.rows) < 50:
        return []
    rows = table.some_rows(ROWS, "leakage", target.rows)
    tried = [
        c
        for c in table.columns
        if c.kind in ("number", "date", "category") or (c.kind == "identifier" and c.holds != "texts")
    ]
    powers = {c.name: power_of(c, target, rows, table.rng(f"leakage {c.name}")) for c in tried}
    found = _renamed(table, target)
    same = {name for finding in found for name in finding.columns}
    suspects = [c for c in tried if powers[c.name].low >= STRONG[target.task] and c.name not in same]
    if not suspects and not found:
        return []
    picture = _picture(target, powers)
    found = [Finding(**{**vars(finding), "picture": picture}) for finding in found]
    # Where many columns are strong, the question is simply easy.
    if len(suspects) > max(2, len(tried) // 3):
        return [*found, _easy(target, suspects, powers)] if suspects else found
    rest = [c for c in tried if c not in suspects and c.name not in same and c.kind != "identifier"]
    together = joint_power(rest, target, table)
    for column in suspects:
        found.append(_suspected(target, column, powers[column.name], together, picture))
    return found


def joint_power(columns: list[Column], target: Target, table: Table) -> Power:
    """Measure a model of several columns together: gradient boosting, cross-validated."""
    if not columns:
        return Power(0.5, 0.5) if target.task == "classes" else Power(0.0, 0.0)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    rows = table.some_rows(MODEL_ROWS, "leakage together", target.rows)
    x = np.stack([column.values[rows] for column in columns], axis=1)
    scores = target.scores[np.searchsorted(target.rows, rows)]
    codes = target.column.codes[rows]
    folds = table.rng("leakage folds").permutation(len(rows)) % FOLDS
    guess = np.tile(scores.mean(axis=0), (len(rows), 1))
    rounds = max(5, 60 // scores.shape[1]) if scores.shape[1] > 3 else 60  # each round grows a tree for each class
    settings: dict[str, Any] = dict(max_iter=rounds, max_leaf_nodes=15, early_stopping=False, random_state=table.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a column that is constant in a fold
        for fold in range(FOLDS):
            train, test = folds != fold, folds == fold
            if target.task == "classes":
                if len(np.unique(codes[train])) < 2:
                    continue
                model = HistGradientBoostingClassifier(**settings).fit(x[train], codes[train])
                guess[np.ix_(test, model.classes_.astype(int))] = model.predict_proba(x[test])
            else:
                model = HistGradientBoostingRegressor(**settings).fit(x[train], scores[train, 0])
                guess[test, 0] = model.predict(x[test])
    return power(guess, scores, target.task == "classes")


def _renamed(table: Table, target: Target) -> list[Finding]:
    """Columns that are the target under another name: each value of one goes with one value of the other."""
    same = []
    for column in table.columns:
        both = target.rows[~column.missing[target.rows]]
        if column.kind not in ("number", "date", "category") or len(both) < 20 or len(column.levels) < 2:
            continue
        pairs = np.unique(np.stack([column.codes[both], target.column.codes[both]]), axis=1)
        values, answers = len(np.unique(pairs[0])), len(np.unique(pairs[1]))
        # One value for each answer. Where each row has a value of its own that says nothing, unless they grow together.
        if pairs.shape[1] != values or values != answers or answers < 2:
            continue
        if answers > 0.5 * len(both) and not _grow_together(column.values[both], target.column.values[both]):
            continue
        if answers <= 0.5 * len(both) or column.holds != "texts":
            same.append(column.name)
    if not same:
        return []
    return [
        Finding(
            "leakage", "problem", f"The target under another name: {listed(same)}",
            f"Each value of {listed(same)} goes with exactly one value of `{target.name}`, in all rows.",
            "The model will copy this column and learn nothing else. It will not be known when the answer is not.",
            "Drop it from what the model sees.",
            tuple(same), {"columns": same},
        )
    ]  # fmt: skip


def _grow_together(first: np.ndarray, second: np.ndarray) -> bool:
    steps = np.diff(second[np.argsort(first, kind="stable")])
    return bool((steps >= 0).all() or (steps <= 0).all())


def _suspected(target: Target, column: Column, alone: Power, rest: Power, picture: dict) -> Finding:
    beyond = (1 - alone.score) * BEYOND < 1 - rest.score
    perfect = alone.score >= PERFECT[target.task]
    measure, chance = ("area under the ROC curve", "0.5") if target.task == "classes" else ("explained variance", "0")
    evidence = (
        f"On rows that it was not learned from, this one column has an {measure} of {alone.score:.3f}; all other "
        f"columns together, in a model, have {rest.score:.3f} ({chance} is chance, 1 perfect)."
    )
    numbers = {"alone": alone.score, "alone_low": alone.low, "rest": rest.score}
    if not beyond and not perfect:
        return Finding(
            "leakage", "note", f"`{column.name}` is a strong predictor", evidence,
            "A strong column is good news, if it is known when the prediction has to be made.",
            "Make sure of that; then use it.", (column.name,), numbers, picture,
        )  # fmt: skip
    return Finding(
        "leakage", "problem" if beyond and perfect else "warning",
        f"`{column.name}` alone {'answers' if perfect else 'nearly answers'} the question", evidence,
        "If it is only known once the answer is (a payment after the default, a discharge after the diagnosis), the "
        "model will be excellent on this table and useless in life.",
        "Ask for this column: when is it written, and by whom? If after the outcome, or because of it, drop it.",
        (column.name,), numbers, picture,
    )  # fmt: skip


def _easy(target: Target, suspects: list[Column], powers: dict[str, Power]) -> Finding:
    best = max(suspects, key=lambda column: powers[column.name].score)
    return Finding(
        "leakage", "note", f"Many columns answer alone: {listed(column.name for column in suspects)}",
        f"The best of them, `{best.name}`, has {powers[best.name].score:.3f} by itself (1 is perfect).",
        "Where many columns are strong the question is easy, or they all come from after the answer.",
        "Ask of each when it is known; start with the simplest model.",
        tuple(column.name for column in suspects), {"powers": {c.name: powers[c.name].score for c in suspects}},
        _picture(target, powers),
    )  # fmt: skip


def _picture(target: Target, powers: dict[str, Power]) -> dict:
    best = sorted(powers.items(), key=lambda item: -item[1].score)[:10]
    chance = 0.5 if target.task == "classes" else 0.0
    label = (
        "area under the ROC curve, each column alone" if chance else "explained variance of ranks, each column alone"
    )
    return {"kind": "powers", "label": label, "chance": chance, "scores": {n: max(p.score, 0.0) for n, p in best}}
