"""The page of the second part, first half: the data, their gaps, and leakage. Every number is one of the results."""

from typing import TYPE_CHECKING, Any

from groundup.applications.loans import full_decisions
from groundup.applications.loans.full_words import TARGETS, difference, interval, points, sentences, signed
from groundup.applications.loans.learners import NAMES
from groundup.applications.model_card import add_card

if TYPE_CHECKING:
    from groundup.report import Page


def add_to(page: "Page", found: dict[str, Any]) -> "Page":
    """Add the second part: a section with subsections, and its card."""
    page.section("A second table: gaps, leaks, costs, and who bears the errors")
    for heading, part in (
        ("", _opening),
        ("What is missing, and what it means", _gaps),
        ("Ways to deal with gaps", _ways),
        ("Two applicants are a household", _joint),
        ("Gaps put in on purpose", _planted),
        ("What is known only afterwards", _leakage),
        ("The contest", full_decisions.contest),
        ("A threshold by what errors cost", full_decisions.costs),
        ("Weights break probabilities", full_decisions.probabilities),
        ("Who bears the errors?", full_decisions.groups),
        ("To leave a column out does not hide it", full_decisions.proxies),
        ("Fair in one way is unfair in another", full_decisions.impossible),
    ):
        if heading:
            page.section(heading, level=3)
        part(page, found)
    return add_card(page, found["card"], level=3)


def _opening(page: "Page", found: dict[str, Any]) -> None:
    facts = found["data"]
    months = ", ".join(f"{name[:3]} {one['behind']:.1%}" for name, one in facts["months"].items())
    page.text(
        f"`{facts['name']}`: {facts['rows']:,} loans of the same lender, granted in the first quarter of 2018, with "
        f"all {facts['columns']} columns. Licence: {facts['licence']}. Source: {facts['source']}"
    )
    status = ", ".join(f"{name} {count:,}" for name, count in facts["status"].items())
    page.points(
        [
            f"**What became of them.** {status}. {facts['behind']} are **behind**: in grace period, late or charged "
            "off. Nearly all the others are still being paid, so this is a snapshot and no final outcome (the labels "
            "are censored). Nothing here says how many will be lost in the end.",
            f"**Few events.** {facts['behind']} are too few for fine distinctions; the intervals say which. So each "
            f"loan is tested once: five rounds of three fifths to train, a fifth to validate, a fifth to test.",
            f"**A second target, with power.** {facts['dear']:,} loans are **dear**: of grade D or worse. That is the "
            "lender's judgement, not an outcome, and who predicts it imitates the lender. But it is there for every "
            "loan, and so often that it can tell two ways of filling gaps apart.",
            f"**Exposure.** Behind by month of issue: {months}. Loans of January had longer to fall behind. The split "
            "is at random within the quarter, with equal shares of both targets; the month is not among the features.",
            f"**Doubles.** Rows that are equal in all columns but the outcome: {facts['duplicates']}.",
        ]
    )
    page.note("**What the second table says.**\n\n" + "\n\n".join(sentences(found)))


def _gaps(page: "Page", found: dict[str, Any]) -> None:
    gaps = found["gaps"]
    columns = gaps["columns"]
    page.text(
        f"Whoever drops rows with gaps keeps {gaps['complete']} of {gaps['rows']:,} training rows, "
        f"{gaps['complete_single']:,} without the columns of joint applications. Nearly every gap is an answer: "
        "'never', 'nobody', 'not employed'. The tests are those of `groundup audit`: shuffled targets, corrected for "
        "asking about all columns at once."
    )
    page.table(
        ["column", "missing", "what it means", "told by", "behind: difference", "p", "dear: difference", "p"],
        [
            [
                name.replace("_", " "),
                f"{one['share']:.1%}",
                one["meaning"],
                one["told_by"]["column"].replace("_", " ") if one["told_by"] else "–",
                points(one["behind"]), f"{one['behind']['p']:.3f}",
                points(one["dear"]), f"{one['dear']['p']:.3f}",
            ]
            for name, one in columns.items()
        ],
        "Training rows of the first round. Difference: share of the event where the column is missing, less where it "
        "is known, in points, with a 95% interval. Told by: the column that says best where the gaps are (columns "
        "whose gaps come together are asked once, few gaps not at all).",
    )  # fmt: skip
    past = columns.get("num_accounts_120d_past_due")
    if past and gaps["past_due_values"] == [0.0]:
        page.text(
            "`num_accounts_120d_past_due` is 0 wherever it is known: as a number it is worth nothing, and a mean put "
            f"into its gaps makes it constant. Yet {past['behind']['missing']:.1%} of the loans where it is missing "
            f"are behind, {past['behind']['known']:.1%} of the others. What the gap means is nowhere said, nor when "
            "it was known: before such a column is used, someone must ask."
        )
    page.text(
        f"Meaning is not perfect either: of {gaps['never']:,} who were 'never' delinquent, "
        f"{gaps['never_but_stained']} have a record that was not always clean (`account_never_delinq_percent` below "
        "100)."
    )


def _ways(page: "Page", found: dict[str, Any]) -> None:
    ways = found["ways"]
    page.text(
        "The same learners, the same settings; only what is done about the gaps differs. Said for what they are: "
        "months since an event become 1 / (1 + years), which is 0 for never; income and debts are those of the "
        "household; no employer is a fact of its own."
    )
    order = list(ways["ways"])
    for target in ("behind", "dear"):
        rows = sorted(ways[target], key=lambda one: (one["learner"] != "logistic", order.index(one["way"])))
        page.table(
            ["learner", "gaps", "ROC-AUC", "against the mean put in"],
            [
                [NAMES[one["learner"]], ways["ways"][one["way"]], interval(one["auc"]),
                 difference(one["over_mean"]) if one["over_mean"] else "–"]
                for one in rows
            ],
            f"Who is {TARGETS[target]}? Mean over {found['seeds']} rounds, with a 95% interval over the loans.",
        )  # fmt: skip


def _joint(page: "Page", found: dict[str, Any]) -> None:
    joint = found["joint"]
    page.text(
        f"{joint['joint']:,} loans were asked for by two. The median income of the first applicant is "
        f"${joint['income']['own']:,.0f}, of both ${joint['income']['household']:,.0f}; debt to income falls from "
        f"{joint['debt']['own']:.1f}% to {joint['debt']['household']:.1f}%. Who ignores the joint columns because "
        "they are mostly empty judges a household by half of it. Behind are "
        f"{joint['behind']['joint']:.1%} of the joint loans and {joint['behind']['single']:.1%} of the others."
    )
    page.table(
        ["who is", "second applicant ignored", "as a household", "difference", "difference, all loans"],
        [
            [TARGETS[one["target"]], interval(one["alone"]), interval(one["household"]), difference(one["gain"]),
             difference(one["gain_all"])]
            for one in joint["rows"]
        ],
        "ROC-AUC of a logistic regression among the joint applications alone; last column, among all.",
    )  # fmt: skip


def _planted(page: "Page", found: dict[str, Any]) -> None:
    planted = found["planted"]
    page.text(
        f"Of real gaps the truth is not known. So {planted['rate']:.0%} of `{planted['column']}`, which is known for "
        f"all, are removed: by lot, or where `{planted['given']}` is large, or where the value itself is large. Now "
        "each repair can be held against what was there. With nothing removed the ROC-AUC for dear loans is "
        f"{interval(planted['complete'])}."
    )
    page.table(
        ["gaps", "repair", "mean of the column, off by", "error of what was put in", "ROC-AUC, change"],
        [
            [planted["kinds"][one["kind"]], planted["repairs"][one["repair"]], signed(one["bias"]["mean"]),
             "–" if one["error"]["mean"] is None else f"{one['error']['mean']:.3f}", difference(one["lost"])]
            for one in planted["rows"]
        ],
        "In standard deviations of the (logarithm of the) column; training rows, mean over the rounds. Change: against "
        "nothing missing, on test rows with gaps of the same kind.",
    )  # fmt: skip
    bias = {(one["kind"], one["repair"]): signed(one["bias"]["mean"]) for one in planted["rows"]}
    page.text(
        "By lot, every repair leaves the mean where it is. What depends on a column that is there, a guess from the "
        f"other columns makes good ({bias['mar', 'mean']} becomes {bias['mar', 'regression']}). What depends "
        f"on the value itself, it can't make good ({bias['mnar', 'mean']} becomes "
        f"{bias['mnar', 'regression']}; the other columns know a part of it). For predicting, that matters less: "
        "there, a column that says where the gaps are is information, most of all when they depend on the value."
    )


def _leakage(page: "Page", found: dict[str, Any]) -> None:
    from groundup import plots

    leak = found["leakage"]
    names = leak["sets"] | {"delivered": "the same model on the day of the application"}
    page.text(
        "A loan that is behind has paid less than it should have: balance and payments give the answer away. On the "
        "day of the application the balance is the whole amount and nothing is paid; there the same model must be "
        "used. Grade and rate are another matter: the lender's own judgement, known before the money is paid out. An "
        "investor who chooses among granted loans may use them. The lender may not: it would be asking itself."
    )
    page.table(
        ["learner", "columns", "ROC-AUC, who is behind"],
        [[NAMES[one["learner"]], names[one["set"]], interval(one["auc"])] for one in leak["rows"]],
        f"Mean over {found['seeds']} rounds with a 95% interval over the loans.",
    )
    rows = [one for one in leak["rows"] if one["learner"] == "logistic"]
    page.figure(
        plots.bars(
            ["application", "and lender", "and payments", "... on the day"],
            [one["auc"]["value"] for one in rows],
            [(one["auc"]["high"] - one["auc"]["low"]) / 2 for one in rows],
            label="ROC-AUC of logistic regression",
            baseline=0.5,
            form="{:.3f}",
        ),
        "What it promises, and what it delivers. Whiskers: half the 95% interval.",
        "Bar chart: " + ", ".join(f"{names[one['set']]} {one['auc']['value']:.3f}" for one in rows) + ".",
    )
