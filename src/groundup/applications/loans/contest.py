"""The contest: three learners with four settings each, and the lender's own price as the baseline."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from groundup.applications.loans.applicants import Applicants, Table, with_meaning
from groundup.applications.loans.leakage import columns
from groundup.applications.loans.learners import NAMES, USUAL, Judged, Matrix, build, choose, platt, prepare
from groundup.applications.loans.pooled import Pool, clear
from groundup.applications.metrics import duel, summary
from groundup.applications.preprocessing import Rows


@dataclass(frozen=True, eq=False)
class Round:
    """One round of one target: the matrices, every contender as chosen on validation, and the best of them there.

    Parameters
    ----------
    chance : (T,) probabilities of the test rows by the best contender, after Platt scaling on validation.
    chance_validation : the same of the validation rows (on which the scaling was fitted).
    """

    rows: Rows
    seed: int
    x: Matrix
    contenders: dict[str, Judged]
    best: str
    chance: np.ndarray
    chance_validation: np.ndarray


def play(
    applicants: Applicants,
    rounds: Sequence[Rows],
    seeds: Sequence[int],
    target: str,
    say: Callable[[str], None],
    seen: str = "application",
) -> list[Round]:
    """Carry out the contest; the test rows are scored, and nothing is chosen by them.

    ``seen`` is one of `leakage.SETS`: the application alone, or the lender's judgement too.
    """
    features, labels = columns(applicants.table, seen), applicants.target(target)
    played = []
    for number, (rows, seed) in enumerate(zip(rounds, seeds), start=1):
        say(f"loans: contest ({target}, {seen}), round {number} of {len(rounds)}")
        x = prepare(features, rows, "indicator")
        contenders = {kind: choose(kind, x, labels, rows, seed) for kind in NAMES}
        best = max(contenders, key=lambda kind: contenders[kind].quality)
        repair = platt(labels[rows.validation], contenders[best].validation)
        chances = repair(contenders[best].test), repair(contenders[best].validation)
        played.append(Round(rows, seed, x, contenders, best, *chances))
    return played


def describe(applicants: Applicants, played: Sequence[Round], target: str) -> dict[str, Any]:
    """Measure the contenders on the test rows, rank them, and say whether the first is clearly ahead.

    It is where both the interval over the loans and the duel over the rounds leave zero out: the one knows of the luck
    of the test rows, the other of the luck of training and of the dealing.
    """
    labels, pool = applicants.target(target), Pool.of([one.rows for one in played])
    scores = {kind: [one.contenders[kind].test for one in played] for kind in NAMES}
    if target == "behind":  # of the grade, the rate is the other name
        scores["rate"] = [_rate(applicants.table)[one.rows.test] for one in played]
    measured = {kind: pool.auc(labels, one) for kind, one in scores.items()}
    ranked = sorted(NAMES, key=lambda kind: measured[kind]["value"], reverse=True)
    lead = pool.gain(labels, scores[ranked[0]], scores[ranked[1]])
    over_rounds = duel(*(measured[kind]["values"] for kind in ranked[:2]))
    return {
        "events": int(labels[pool.rows].sum()),
        "rows": len(pool.rows),
        "auc": measured,
        "average_precision": {
            kind: summary([float(average_precision_score(labels[o.rows.test], s)) for o, s in zip(played, one)])
            for kind, one in scores.items()
        },
        "settings": {kind: [_written(one.contenders[kind].setting) for one in played] for kind in NAMES},
        "validation": {kind: summary([one.contenders[kind].quality for one in played]) for kind in NAMES},
        "best_on_validation": [one.best for one in played],
        "ranking": ranked,
        "lead": lead,
        "over_rounds": asdict(over_rounds),
        "tie": not (clear(lead) and over_rounds.clear),
        "over_rate": pool.gain(labels, scores[ranked[0]], scores["rate"]) if "rate" in scores else None,
    }


def over_time(applicants: Applicants, seed: int) -> dict[str, Any] | None:
    """Train on January and February, test on March: is the next month harder than other rows of the same ones?

    A logistic regression with a setting that nothing was chosen by. None where a month is not there.
    """
    later = (applicants.table["issue_month"] == "Mar-2018").to_numpy()
    if later.all() or not later.any():
        return None
    past, march = np.flatnonzero(~later), np.flatnonzero(later)
    rows = Rows(past, past[:1], march)  # nothing is chosen, so nothing is validated
    x, pool = prepare(with_meaning(applicants.table), rows, "indicator"), Pool.of([rows])
    found: dict[str, Any] = {"train": len(past), "test": len(march)}
    for target in ("behind", "dear"):
        labels = applicants.target(target)
        model = build("logistic", seed, **USUAL["logistic"]).fit(x.train, labels[past])
        found[target] = pool.auc(labels, [model.decision_function(x.test)])
    return found


def _rate(table: Table) -> np.ndarray:
    return table["interest_rate"].to_numpy(float)


def _written(setting: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in setting.items())
