"""A threshold by what errors cost, in money that is taken from the loans themselves.

Refusing a loan that would have been on time loses the interest that it paid until the snapshot. Granting one that falls
behind puts at risk what is still owed; a share of it is lost, less the interest that had come in. Both count the same
months, so they can be compared. How much of what is owed by those behind is lost in the end, the table can't say (seven
loans were charged off): `LOST` is an assumption, and the answer is given for others too.

With honest probabilities p the best rule is known without trying: refuse where p · c_miss > (1 - p) · c_refuse, that is

    p > c_refuse / (c_refuse + c_miss).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from groundup.applications import metrics
from groundup.applications.loans.applicants import Applicants, Table
from groundup.applications.loans.contest import Round
from groundup.applications.loans.pooled import Pool

LOST = 0.5
LOST_TRIED = (0.1, 0.25, 0.5, 0.75, 1.0)
RULES = {
    "all": "grant all",
    "half": "refuse from probability 0.5",
    "f1": "threshold with the best F1 on validation",
    "balanced": "threshold with the best balanced accuracy on validation",
    "empirical": "threshold with the lowest cost on validation",
    "closed": "threshold in closed form, from the mean costs",
    "own": "each loan's own threshold, from its own rate",
    "none": "refuse all",
}


def money(table: Table, lost: float = LOST) -> tuple[np.ndarray, np.ndarray]:
    """Return, in dollars for each loan, what refusing it would lose if it is on time, and granting it if it is not."""
    interest = table["paid_interest"].to_numpy(float)
    owed = (table["loan_amount"] - table["paid_principal"]).to_numpy(float)
    return interest, lost * owed - interest


def closed_form(refuse: float, miss: float) -> float:
    """Return the probability from which refusing costs less: c_refuse / (c_refuse + c_miss)."""
    return refuse / (refuse + miss)


def cost(refused: np.ndarray, behind: np.ndarray, refuse: np.ndarray, miss: np.ndarray) -> np.ndarray:
    """Return what each decision costs against the right one, (N,) in dollars: 0 where it was right."""
    return np.where(refused, (1 - behind) * refuse, behind * miss)


def cheapest(chance: np.ndarray, behind: np.ndarray, refuse: np.ndarray, miss: np.ndarray) -> float:
    """Return the threshold (refuse from it on) with the lowest cost on these rows; infinity refuses nobody."""
    order = np.argsort(-chance, kind="stable")
    steps = np.where(behind[order] == 1, -miss[order], refuse[order])  # what refusing one more changes
    total = np.concatenate([[0.0], steps.cumsum()])
    ends = np.concatenate([[True], np.diff(chance[order], append=-np.inf) < 0])  # equal chances can't be told apart
    best = int(np.flatnonzero(ends)[np.argmin(total[ends])])
    return float(chance[order][best - 1]) if best else np.inf


def best_f1(chance: np.ndarray, behind: np.ndarray) -> float:
    """Return the threshold with the highest F1, 2 · found / (flagged + events), on these rows."""
    order = np.argsort(-chance, kind="stable")
    f1 = 2 * behind[order].cumsum() / (np.arange(1, len(order) + 1) + behind.sum())
    return float(chance[order][np.argmax(f1)])


def thresholds(one: Round, applicants: Applicants, lost: float = LOST) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the threshold of each rule, from training and validation rows alone, and the mean costs of training."""
    table, behind = applicants.table, applicants.behind
    refuse, miss = money(table, lost)
    train, check = one.rows.train, one.rows.validation
    late = behind[train] == 1
    means = {"refuse": float(refuse[train][~late].mean()), "miss": float(miss[train][late].mean())}
    # The interest of the months until the snapshot as a share of the year's, by which a loan's own is foretold.
    rate = (table["interest_rate"] / 100).to_numpy(float)
    yearly = rate * table["loan_amount"].to_numpy(float)
    years = float(refuse[train][~late].sum() / yearly[train][~late].sum())
    own = rate[one.rows.test] * years
    labels, chance = behind[check], one.chance_validation
    return {
        "all": np.inf,
        "half": 0.5,
        "f1": best_f1(chance, labels),
        "balanced": metrics.choose_threshold(labels, chance),
        "empirical": cheapest(chance, labels, refuse[check], miss[check]),
        "closed": closed_form(means["refuse"], means["miss"]),
        "own": own / lost,  # interest / (interest + lost - interest), both as shares of the amount
        "none": -np.inf,
    }, means


def compare(applicants: Applicants, played: Sequence[Round]) -> dict[str, Any]:
    """Put every rule to the test rows, in dollars for 1,000 loans, and the closed form under other assumptions."""
    pool = Pool.of([one.rows for one in played])
    tables = [thresholds(one, applicants) for one in played]
    costs = {rule: _flags(played, [chosen[rule] for chosen, _ in tables]) for rule in RULES}
    charge = _charge(applicants, pool, LOST)
    granted = charge(costs["all"])
    sensitivity = []
    for lost in LOST_TRIED:
        other = [thresholds(one, applicants, lost) for one in played]
        refused = _flags(played, [chosen["closed"] for chosen, _ in other])
        charged = _charge(applicants, pool, lost)
        against = charged(refused) - charged(costs["all"])
        sensitivity.append(
            {
                "lost": lost,
                "threshold": float(np.mean([chosen["closed"] for chosen, _ in other])),
                "refused": float(refused.mean()),
                "found": _share(refused, applicants.behind[pool.rows]),
                "all": pool.mean(1000 * charged(costs["all"])),
                "against_all": pool.mean(1000 * against),
            }
        )
    gone = applicants.table[applicants.table["loan_status"] == "Charged Off"]
    return {
        "lost": LOST,
        "charged_off": {
            "loans": len(gone),
            "share_owed": float((1 - gone["paid_principal"] / gone["loan_amount"]).mean()) if len(gone) else None,
        },
        "mean_costs": {name: float(np.mean([means[name] for _, means in tables])) for name in ("refuse", "miss")},
        "highest": float(max(one.chance.max() for one in played)),
        "rules": [
            {
                "rule": rule,
                "name": name,
                "threshold": _mean_threshold([chosen[rule] for chosen, _ in tables]),
                "refused": float(costs[rule].mean()),
                "found": _share(costs[rule], applicants.behind[pool.rows]),
                "cost": pool.mean(1000 * charge(costs[rule])),
                "against_all": pool.mean(1000 * (charge(costs[rule]) - granted)),
            }
            for rule, name in RULES.items()
        ],
        "sensitivity": sensitivity,
    }


def _charge(applicants: Applicants, pool: Pool, lost: float) -> Callable[[np.ndarray], np.ndarray]:
    refuse, miss = (one[pool.rows] for one in money(applicants.table, lost))
    return lambda refused: cost(refused, applicants.behind[pool.rows], refuse, miss)


def _flags(played: Sequence[Round], limits: Sequence[Any]) -> np.ndarray:
    return np.concatenate([one.chance >= limit for one, limit in zip(played, limits)])


def _share(refused: np.ndarray, behind: np.ndarray) -> float:
    return float(refused[behind == 1].mean())


def _mean_threshold(limits: Sequence[Any]) -> float | None:
    """The mean over the rounds; None where a rule has no finite one in some round (it refuses nobody, or all)."""
    means = [float(np.mean(limit)) for limit in limits]
    return float(np.mean(means)) if np.isfinite(means).all() else None
