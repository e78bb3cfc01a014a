"""The page of the second part, second half: the contest, costs, probabilities, and who bears the errors."""

from typing import TYPE_CHECKING, Any

from groundup.applications.loans.full_words import (
    OWNERS,
    TARGETS,
    difference,
    dollars,
    interval,
    points,
    share,
)
from groundup.applications.loans.groups import FEW, implied, judged
from groundup.applications.loans.learners import NAMES

if TYPE_CHECKING:
    from groundup.report import Page

LABELS = NAMES | {"rate": "the lender's interest rate alone"}


def contest(page: "Page", found: dict[str, Any]) -> None:
    """Three learners with four settings each."""
    page.text(
        "Each contender has four settings, of which the best ROC-AUC on validation is kept. ROC-AUC and not average "
        "precision, for with 36 events in a test part the latter hangs on two or three loans. A lead is clear where "
        "neither the luck of the test loans (the interval) nor that of the rounds (twice the spread) explains it."
    )
    for key, caption in (
        ("behind", "Who is behind, from the application"),
        ("lender", "Who is behind, from the application and the lender's judgement"),
        ("dear", "Who is dear, from the application"),
    ):
        one = found["contest"][key]
        rows = [*one["ranking"], *(["rate"] if "rate" in one["auc"] else [])]
        lead = "a tie" if one["tie"] else "a clear lead"
        over = f"; first less the rate alone {difference(one['over_rate'])}" if one["over_rate"] else ""
        page.table(
            ["contender", "ROC-AUC", "average precision"],
            [[LABELS[kind], interval(one["auc"][kind]), _spread(one["average_precision"][kind])] for kind in rows],
            f"{caption}: {one['events']:,} events among {one['rows']:,} tested loans. First less second "
            f"{difference(one['lead'])}{_rounds(one['over_rounds'])}: {lead}{over}.",
            best=max(range(len(rows)), key=lambda place: one["auc"][rows[place]]["value"]),
        )

    later = found["over_time"]
    if later:
        same = {target: _usual(found["ways"][target]) for target in ("behind", "dear")}
        page.text(
            f"Is the next month harder? A logistic regression (C = 0.1) that learned from the {later['train']:,} loans "
            f"of January and February ranks the {later['test']:,} of March with a ROC-AUC of "
            f"{interval(later['behind'])} for who is behind and {interval(later['dear'])} for who is dear; with rows "
            f"dealt at random it had {interval(same['behind'])} and {interval(same['dear'])}."
        )


def _rounds(duel: dict[str, Any]) -> str:
    return "" if duel["spread"] is None else f", spread over the rounds {duel['spread']:.3f}"


def _usual(ways: list[dict[str, Any]]) -> dict[str, float]:
    return next(one["auc"] for one in ways if (one["learner"], one["way"]) == ("logistic", "meaning"))


def costs(page: "Page", found: dict[str, Any]) -> None:
    """What each threshold costs, and under which assumptions refusing would pay."""
    table = found["costs"]["application"]
    mean = table["mean_costs"]
    gone = table["charged_off"]
    seen = f"; of the {gone['loans']} charged off {gone['share_owed']:.0%} were still owed" if gone["loans"] else ""
    page.text(
        f"Errors have prices, and the loans name them. To refuse a loan that would be on time loses the interest of "
        f"these months: ${mean['refuse']:,.0f} on average. To grant one that falls behind puts at risk what is owed; "
        f"if {table['lost']:.0%} of it is lost, that costs ${mean['miss']:,.0f}, the interest taken off. How much is "
        f"lost is an assumption{seen}, and most who are late are not charged off. With honest probabilities p, "
        f"refusing is right where p · c_miss > (1 − p) · c_refuse: above "
        f"c_refuse / (c_refuse + c_miss) = {mean['refuse'] / (mean['refuse'] + mean['miss']):.3f}."
    )
    for side, words in (
        ("application", "A model that sees the application."),
        ("lender", "An investor's model, which sees grade and rate too."),
    ):
        one = found["costs"][side]
        page.table(
            ["rule", "threshold", "refused", "late ones refused", "cost of 1,000 loans", "against granting all"],
            [
                [r["name"], "–" if r["threshold"] is None else f"{r['threshold']:.3f}", f"{r['refused']:.1%}",
                 f"{r['found']:.1%}", dollars(r["cost"]), dollars(r["against_all"])]
                for r in one["rules"]
            ],
            f"{words} Thousands of dollars, each loan with its own money; against the right "
            "decision for every loan, which would cost nothing. Below zero: cheaper than granting all.",
        )  # fmt: skip
    page.text(
        "Half is no threshold for a rare event: hardly any probability reaches it. The best balanced accuracy, with "
        "which the first part flags loans to look at, weighs the two errors by how rare they are and not by what "
        "they cost: no threshold to refuse by. Closed form and search agree as far as the probabilities are honest "
        "and the validation rows many; 36 late loans are not many."
    )
    page.table(
        ["of what is owed, lost", "threshold", "refused", "late ones refused", "granting all costs", "against it"],
        [
            [f"{s['lost']:.0%}", f"{s['threshold']:.3f}", f"{s['refused']:.1%}", f"{s['found']:.1%}", dollars(s["all"]),
             dollars(s["against_all"])]
            for s in table["sensitivity"]
        ],
        "The threshold in closed form under other assumptions; from the application, for 1,000 loans. Where the "
        "interval holds zero, these loans can't say whether refusing pays.",
    )  # fmt: skip


def probabilities(page: "Page", found: dict[str, Any]) -> None:
    """Weights, and three repairs."""
    from groundup import plots

    page.text(
        "Balanced class weights show a learner a world in which every second loan is behind, and it believes it. They "
        "multiply all odds by the same number, so the number can be taken out again: logit p = logit q + logit of the "
        "true share (the prior correction, no data needed). Platt scaling fits a line on validation, isotonic "
        "regression a staircase, for which a few dozen events are few."
    )
    for target in ("behind", "dear"):
        one = found["probabilities"][target]
        page.table(
            ["learner", "trained", "expects", "ECE", "Brier", "log loss", "ROC-AUC"],
            [
                [NAMES[r["learner"]], one["ways"][r["way"]], f"{r['mean']['mean']:.1%}", _spread(r["ece"]),
                 f"{r['brier']['mean']:.4f}", f"{r['log_loss']['mean']:.3f}", f"{r['auc']['mean']:.3f}"]
                for r in one["rows"]
            ],
            f"Who is {TARGETS[target]}? Test rows, mean over {found['seeds']} rounds; {one['share']:.1%} are. Lower is "
            "better, but for ROC-AUC.",
        )  # fmt: skip
    curves = found["probabilities"]["dear"]["curves"]
    shown = {words: f"logistic {way}" for way, words in found["probabilities"]["dear"]["ways"].items()}
    last = {words: (curves[key]["predicted"][-1], curves[key]["observed"][-1]) for words, key in shown.items()}
    page.figure(
        plots.reliability({w: (curves[k]["predicted"], curves[k]["observed"]) for w, k in shown.items()}, "dear loan"),
        "Logistic regression for dear loans, all rounds together, ten bins of equally many loans.",
        "In the bin of the highest risk: "
        + "; ".join(f"{words}, predicted {p:.0%}, observed {o:.0%}" for words, (p, o) in last.items())
        + ".",
    )


def groups(page: "Page", found: dict[str, Any]) -> None:
    """The same decision, group by group."""
    page.text(
        "One threshold for all, set on validation: the tenth with the highest risk is refused. A star marks what "
        "differs from all other loans by more than chance, with the level made stricter for the number of groups; "
        f"of a group with fewer than {FEW} events nothing is said about how many are found or how many flags are "
        "right. States with few loans are counted by region."
    )
    for target in ("behind", "dear"):
        one = found["groups"][target]
        rows = [r for by in one["groups"].values() for r in by]
        page.table(
            ["group", "loans", "events", "share", "refused", "refused wrongly", "found", "observed less predicted"],
            [
                [OWNERS.get(r["group"], r["group"]), f"{r['loans']:,}", str(r["events"]), _marked(r, "event"),
                 _marked(r, "selected"), _marked(r, "wrongly"), _marked(r, "found"),
                 points(r["gap"]) + ("*" if judged(r, "gap") else "")]
                for r in rows
            ],
            f"{TARGETS[target].capitalize()}: {one['selected']:.1%} are refused, {one['wrongly']:.1%} of those without "
            f"the event; {one['found']:.1%} of the events are found, {one['precision']:.1%} of the refused have it. "
            "In percent, with 95% intervals; last column in points.",
        )  # fmt: skip
    page.text(
        "Who is hurt: of the refused, the many who would have been on time. A group that is refused more often has "
        "more of them, also where the predictions are as honest for it as for others. And of those who were never "
        "granted a loan, no table says anything."
    )


def proxies(page: "Page", found: dict[str, Any]) -> None:
    """What leaving home and state out changes."""
    told = found["proxies"]["behind"]["told"]
    page.text(
        "Take home ownership and state out of the features, and the model can't be unfair about them? The other "
        "columns know: "
        + "; ".join(f"who {who} is told by them with a ROC-AUC of {one['mean']:.2f}" for who, one in told.items())
        + ". (The number of mortgages, for one, is among the columns.)"
    )
    rows = []
    for target in ("behind", "dear"):
        for name, shares in found["proxies"][target]["selected"]["homeownership"].items():
            rows.append([target, OWNERS.get(name, name), f"{shares['with']:.1%}", f"{shares['without']:.1%}"])
    auc = {t: found["proxies"][t]["auc"] for t in ("behind", "dear")}
    page.table(
        ["target", "group", "refused, with the columns", "refused, without"],
        rows,
        "Logistic regression; the tenth with the highest risk is refused. ROC-AUC with and without: behind "
        f"{auc['behind']['with']['value']:.3f} and {auc['behind']['without']['value']:.3f}, dear "
        f"{auc['dear']['with']['value']:.3f} and {auc['dear']['without']['value']:.3f}.",
    )


def impossible(page: "Page", found: dict[str, Any]) -> None:
    """Why calibration and equal error rates can't be had together, and what equal error rates cost."""
    rows = found["groups"]["dear"]["groups"]["homeownership"]
    page.text(
        "Two wishes: a risk of 20% should mean 20% in every group (calibration), and the good ones of every group "
        "should be refused equally often (equal error rates). Where the shares of the event differ, both can't be had "
        "by one honest score, unless it never errs: the group with more events has more people at high risk, "
        "so more of its good ones lie beyond the threshold. It is arithmetic, "
        "FPR = p / (1 − p) · (1 − PPV) / PPV · TPR, and holds here to the last digit:"
    )
    page.table(
        ["group", "share dear (p)", "flags right (PPV)", "found (TPR)", "refused wrongly (FPR)", "by the formula"],
        [
            [OWNERS.get(r["group"], r["group"]),
             *(f"{r[name]['value']:.1%}" for name in ("event", "precision", "found", "wrongly")),
             f"{implied(*(r[name]['value'] for name in ('event', 'precision', 'found'))):.1%}"]
            for r in rows
        ],
        "Dear loans, one threshold for all.",
    )  # fmt: skip
    lines = []
    for target in ("behind", "dear"):
        one = found["own_thresholds"][target]
        for way, words in (("one", "one for all"), ("own", "one for each group")):
            lines.append(
                [target, words, *(f"{rate:.1%}" for rate in one[way]["wrongly"].values()), f"{one[way]['spread']:.1%}",
                 share(one[way]["found"])]
            )  # fmt: skip
    names = [OWNERS.get(name) or name for name in found["own_thresholds"]["behind"]["one"]["wrongly"]]
    cost = found["own_thresholds"]
    page.table(
        ["target", "threshold", *names, "spread", "events found"],
        lines,
        "Share of the loans without the event that are refused, by group, when thresholds are set on validation so "
        "that it is a tenth overall, or in each group. Events found, own less one: behind "
        f"{points(cost['behind']['difference'])} points, dear {points(cost['dear']['difference'])} points.",
    )
    page.text(
        "Thresholds by group treat two people of the same predicted risk differently because of a group; one threshold "
        "lets the good ones of a group pay more often for the others. Which of the two is wrong is no question of "
        "statistics, and in lending the law has a say in it."
    )


def _marked(row: dict[str, Any], measure: str) -> str:
    return share(row[measure]) + ("*" if judged(row, measure) else "")


def _spread(found: dict[str, Any]) -> str:
    return f"{found['mean']:.3f}" + ("" if found["std"] is None else f" ± {found['std']:.3f}")
