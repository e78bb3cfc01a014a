"""The second part: the same lender two years later, all the columns that it wrote down, and what they are good for.

The road: the rows are dealt into rounds before anything is looked at; the gaps are described on training rows, dealt
with in several ways, and planted where the truth is known (`gaps`, `planted`); what is known only afterwards is shown
to a model and taken away again (`leakage`); three learners compete (`contest`); a threshold is set by what errors cost
(`costs`); probabilities are broken and repaired (`probabilities`); and the errors are counted group by group
(`groups`). Every choice is made on validation rows; the test rows of a round are scored once it is over.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from groundup import data
from groundup.applications.loans import contest, costs, gaps, groups, leakage, planted, probabilities
from groundup.applications.loans.applicants import FOLDS, LENDER, Applicants, Table, read, rounds
from groundup.applications.model_card import ModelCard
from groundup.applications.threads import one_thread

CARD = ModelCard(
    model=(
        "In each round the best of a logistic regression, gradient boosting and a small network, four settings each, "
        "chosen on validation; Platt scaling on validation. It is measured here and not kept: what is saved is the "
        "model of the first part."
    ),
    data=(
        "loans_full_schema: 10,000 loans that one platform granted from January to March 2018, as they stood three to "
        "five months after. Who was refused is not in it."
    ),
    licence="GPL-3 (R package openintro); the platform had published the loans.",
    intended_use="To learn from: gaps that mean something, leakage, costs, calibration, and errors by group.",
    not_for=(
        "Granting or refusing loans, or judging how fair this lender was: who applied in vain is not in the table, "
        "nor are age, sex and origin, for which home and state may stand."
    ),
    limits=[
        "178 loans are behind, 7 charged off. That is too few to rank close contenders, to set a threshold that surely "
        "saves money, or to compare how many of the late ones are found in two groups.",
        "The outcome is a snapshot: nearly all the others are still being paid. Loans of January had two months more "
        "to fall behind than those of March. Nothing is said about what becomes of them in the end.",
        "Late or not is known only at the price that the lender set: at another rate the same person might be on time.",
        "What is lost of a loan that is behind is assumed; the answer to other assumptions stands in the table.",
        "'Dear' (grade D or worse) is the lender's own judgement. To predict it well is to imitate the lender.",
        "What it means that `num_accounts_120d_past_due` is missing is nowhere said; it may not have been known then.",
    ],
    harm=(
        "Whoever is refused and would have paid: many for each late one, and more of them among those who rent or own "
        "than among those with a mortgage. The lender, when it grants what is not paid back; but no rule of "
        "refusing was shown to cost it less (see the table)."
    ),
)


def run(
    seeds: int = 5, seed: int = 0, progress: Callable[[str], None] | None = None, table: Table | None = None
) -> dict[str, Any]:
    """Carry out the second part and return its results, ready for JSON.

    Parameters
    ----------
    seeds : in how many rounds; each has other test rows and other initial weights. Five test every loan once.
    seed : equal seeds give equal results.
    progress : called with a line of text before each step.
    table : the data, by default ``loans_full_schema``; fewer rows make a quick trial.
    """
    if seeds < 1:
        raise ValueError(f"got seeds={seeds}, expected at least 1")
    say = progress or (lambda text: None)
    applicants = read(data.load("loans_full_schema") if table is None else table)
    dealt = rounds(applicants, seeds, seed)
    states = np.random.SeedSequence([seed, 1]).generate_state(seeds).tolist()
    with one_thread():
        say("loans: gaps in the second table")
        found: dict[str, Any] = {
            "seeds": seeds,
            "data": _facts(applicants),
            "gaps": gaps.describe(applicants, dealt[0], states[0]),
            "ways": gaps.compare(applicants, dealt, states),
            "joint": gaps.joint(applicants, dealt, states),
        }
        say("loans: gaps put in on purpose")
        found["planted"] = planted.score(applicants, dealt, states)
        say("loans: leakage")
        found["leakage"] = leakage.compare(applicants, dealt, states)
        found |= {"contest": {}, "costs": {}, "probabilities": {}, "groups": {}, "proxies": {}, "own_thresholds": {}}
        for target in ("behind", "dear"):
            played = contest.play(applicants, dealt, states, target, say)
            say(f"loans: measuring ({target})")
            found["contest"][target] = contest.describe(applicants, played, target)
            found["probabilities"][target] = probabilities.compare(applicants, played, target)
            found["groups"][target] = groups.audit(applicants, played, target)
            found["proxies"][target] = groups.proxies(applicants, played, target)
            found["own_thresholds"][target] = groups.own_thresholds(applicants, played, target)
            if target == "behind":
                found["costs"]["application"] = costs.compare(applicants, played)
        played = contest.play(applicants, dealt, states, "behind", say, "lender")
        found["over_time"] = contest.over_time(applicants, states[0])
        found["contest"]["lender"] = contest.describe(applicants, played, "behind")
        found["costs"]["lender"] = costs.compare(applicants, played)
    return found | {"card": asdict(CARD)}


def _facts(applicants: Applicants) -> dict[str, Any]:
    card, table = data.card("loans_full_schema"), applicants.table
    month = table["issue_month"]
    return {
        "name": card.name, "licence": card.licence, "source": card.source, "citation": card.citation,
        "rows": len(table), "columns": table.shape[1], "folds": FOLDS,
        "behind": int(applicants.behind.sum()), "dear": int(applicants.dear.sum()),
        "status": {str(name): int(n) for name, n in table["loan_status"].value_counts().items()},
        "months": {
            name: {
                "loans": int((month == name).sum()),
                "behind": float(applicants.behind[(month == name).to_numpy()].mean()),
            }
            for name in ("Jan-2018", "Feb-2018", "Mar-2018") if (month == name).any()
        },
        "grades": {
            grade: {"loans": len(rows), "behind": float(applicants.behind[rows].mean())}
            for grade, rows in sorted(table.reset_index(drop=True).groupby("grade").groups.items())
        },
        "duplicates": int(table.drop(columns=[*LENDER, "loan_status"]).duplicated().sum()),
    }  # fmt: skip
