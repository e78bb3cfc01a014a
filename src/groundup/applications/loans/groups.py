"""Are the errors shared out fairly? Across home ownership and across states, with intervals, and with what it costs.

The decision that is looked at: the tenth of the applicants with the highest predicted risk is refused (the threshold
comes from validation). The words, of a group: *selected*, the share that is refused; *found* (the true positive rate),
the share refused of those with the event; *refused wrongly* (the false positive rate), the share refused of those
without it; *precision*, the share of the refused that have the event; *calibration gap*, how often the event came less
how often it was predicted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from groundup.applications.loans.applicants import Applicants, Table, with_meaning
from groundup.applications.loans.contest import Round
from groundup.applications.loans.learners import judge, prepare
from groundup.applications.loans.pooled import LEVEL, Pool, clear, interval
from groundup.applications.metrics import summary

REFUSED = 0.1
LARGE = 500  # a state with fewer loans is counted with the others of its region
FEW = 30  # with fewer events than this, a group's "found" is shown with its interval and not judged
REGIONS = {
    "Northeast": "CT ME MA NH RI VT NJ NY PA",
    "Midwest": "IL IN MI OH WI IA KS MN MO NE ND SD",
    "South": "DE FL GA MD NC SC VA DC WV AL KY MS TN AR LA OK TX",
    "West": "AZ CO ID MT NV NM UT WY AK CA HI OR WA",
}  # of the Census Bureau
REGION_OF = {state: region for region, states in REGIONS.items() for state in states.split()}
MEASURES = ("event", "selected", "found", "wrongly", "precision", "gap")


def groupings(table: Table) -> dict[str, np.ndarray]:
    """Return the group of each row, by home ownership and by state; small states are put together by region."""
    counts = table["state"].value_counts()
    large = set(counts.index[counts >= LARGE])
    states = [s if s in large else f"other {REGION_OF.get(s, 'states')}" for s in table["state"]]
    return {"homeownership": table["homeownership"].to_numpy(object), "state": np.array(states, dtype=object)}


def sums(flagged: np.ndarray, labels: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return what all measures are made of, (M, 5): 1, the event, refused, both, the predicted probability."""
    return np.stack([np.ones(len(labels)), labels, flagged, flagged * labels, chance], axis=1).astype(float)


def measures(total: np.ndarray) -> dict[str, np.ndarray]:
    """Return the measures from sums (..., 5) over a group; NaN where there is nobody of whom to take the share."""
    loans, events, refused, hits, chance = np.moveaxis(total, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "event": events / loans,
            "selected": refused / loans,
            "found": hits / events,
            "wrongly": (refused - hits) / (loans - events),
            "precision": hits / refused,
            "gap": (events - chance) / loans,
        }


def describe(pool: Pool, group: np.ndarray, labels: np.ndarray, flagged: np.ndarray, chance: np.ndarray) -> list[dict]:
    """Measure every group, with intervals of the measure and of its difference from all the other loans together.

    The differences have intervals at a level that is stricter as there are more groups (Bonferroni): so many questions
    are asked that one in twenty would be answered wrongly by chance alone.
    """
    names, each = sorted(set(group)), sums(flagged, labels, chance)
    strict = 1 - (1 - LEVEL) / len(names)
    drawn_total = pool.weights @ each
    rows = []
    for name in names:
        part = each * (group == name)[:, None]
        inside, drawn = part.sum(axis=0), pool.weights @ part
        here, there = measures(inside), measures(each.sum(axis=0) - inside)
        drawn_here, drawn_there = measures(drawn), measures(drawn_total - drawn)
        found: dict[str, Any] = {"group": name, "loans": int(inside[0]), "events": int(inside[1])}
        for measure in MEASURES:
            found[measure] = interval(float(here[measure]), drawn_here[measure])
            found[f"{measure} against the rest"] = interval(
                float(here[measure] - there[measure]), drawn_here[measure] - drawn_there[measure], strict
            )
        rows.append(found)
    return rows


def judged(row: dict[str, Any], measure: str) -> bool:
    """Whether a group differs from the rest by more than chance does, and has events enough to say so."""
    enough = row["events"] >= FEW or measure not in ("found", "precision")
    return enough and clear(row[f"{measure} against the rest"])


def audit(applicants: Applicants, played: Sequence[Round], target: str) -> dict[str, Any]:
    """Look at the decisions for one target, by each grouping, under one threshold for all."""
    labels, pool = applicants.target(target), Pool.of([one.rows for one in played])
    chance = np.concatenate([one.chance for one in played])
    flagged = np.concatenate([one.chance >= np.quantile(one.chance_validation, 1 - REFUSED) for one in played])
    known = labels[pool.rows]
    return {
        "selected": float(flagged.mean()),
        "found": float(flagged[known == 1].mean()),
        "precision": float(known[flagged].mean()),
        "wrongly": float(flagged[known == 0].mean()),
        "groups": {
            by: describe(pool, group[pool.rows], known, flagged, chance)
            for by, group in groupings(applicants.table).items()
        },
    }


def implied(event: float, precision: float, found: float) -> float:
    """Return the false positive rate that the other three numbers leave no choice about.

    FPR = p / (1 - p) · (1 - PPV) / PPV · TPR (Chouldechova 2017, "Fair prediction with disparate impact"): where the
    base rates p differ, groups with equal PPV and TPR can't have equal FPR.
    """
    return event / (1 - event) * (1 - precision) / precision * found


def proxies(applicants: Applicants, played: Sequence[Round], target: str) -> dict[str, Any]:
    """Leave home ownership and state out: do the differences go, and can the rest of the columns tell them anyway?"""
    labels, table = applicants.target(target), applicants.table
    pool = Pool.of([one.rows for one in played])
    features = {"with": with_meaning(table)}
    features["without"] = features["with"].drop(columns=["homeownership", "state"])
    owns = table["homeownership"].to_numpy(object)
    asked = {
        "rents": (owns == "RENT").astype(int),
        "has a mortgage": (owns == "MORTGAGE").astype(int),
        "lives in California": (table["state"] == "CA").to_numpy(int),
    }
    selected: dict[str, list[np.ndarray]] = {"with": [], "without": []}
    aucs: dict[str, list[np.ndarray]] = {"with": [], "without": []}
    told: dict[str, list[float]] = {name: [] for name in asked}
    for one in played:
        for name, view in features.items():
            x = prepare(view, one.rows, "indicator")
            made = judge("logistic", {"C": 0.1}, x, labels, one.rows, one.seed)
            selected[name].append(made.test >= np.quantile(made.validation, 1 - REFUSED))
            aucs[name].append(made.test)
            if name == "without":
                for who, truth in asked.items():
                    model = LogisticRegression(C=0.1, max_iter=2000).fit(x.train, truth[one.rows.train])
                    told[who].append(float(roc_auc_score(truth[one.rows.test], model.decision_function(x.test))))
    shares: dict[str, Any] = {}
    for by, group in groupings(table).items():
        of = group[pool.rows]
        flags = {name: np.concatenate(lists) for name, lists in selected.items()}
        shares[by] = {
            group_name: {name: float(flags[name][of == group_name].mean()) for name in flags}
            for group_name in sorted(set(of))
        }
    return {
        "told": {who: summary(values) for who, values in told.items()},
        "selected": shares,
        "auc": {name: pool.auc(labels, scores) for name, scores in aucs.items()},
    }


def own_thresholds(applicants: Applicants, played: Sequence[Round], target: str) -> dict[str, Any]:
    """One threshold for all, against a threshold for each kind of home ownership that makes false positives equal.

    Both refuse about the same share of those without the event; thresholds come from validation.
    """
    labels, pool = applicants.target(target), Pool.of([one.rows for one in played])
    group = groupings(applicants.table)["homeownership"]
    known, of = labels[pool.rows], group[pool.rows]
    flags: dict[str, list[np.ndarray]] = {"one": [], "own": []}
    for one in played:
        check, test = one.rows.validation, one.rows.test
        calm = labels[check] == 0
        limit = float(np.quantile(one.chance_validation[calm], 1 - REFUSED))
        limits = {
            name: float(np.quantile(one.chance_validation[calm & (group[check] == name)], 1 - REFUSED))
            for name in set(group)
        }
        flags["one"].append(one.chance >= limit)
        flags["own"].append(one.chance >= np.array([limits[name] for name in group[test]]))
    found: dict[str, Any] = {}
    for way, lists in flags.items():
        flagged = np.concatenate(lists)
        rates = {name: float(flagged[(of == name) & (known == 0)].mean()) for name in sorted(set(of))}
        right = {name: float(known[flagged & (of == name)].mean()) for name in sorted(set(of))}
        found[way] = {
            "wrongly": rates,
            "spread": max(rates.values()) - min(rates.values()),
            "precision": right,
            "found": pool.mean(flagged, known == 1),
            "refused": float(flagged.mean()),
        }
    own, same = (np.concatenate(flags[way]).astype(float) for way in ("own", "one"))
    found["difference"] = pool.mean(own - same, known == 1)
    return found
