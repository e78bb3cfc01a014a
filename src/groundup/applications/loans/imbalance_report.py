"""What the loan study says: its verdict and its page, computed from stored results. No data, no model comes in here."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from groundup.applications.metrics import Duel, duel
from groundup.applications.model_card import add_card

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page

MEASURES = {
    "AP": "average_precision",
    "ROC-AUC": "roc_auc",
    "balanced acc.": "balanced_accuracy",
    "accuracy": "accuracy",
    "P@R": "precision_at_recall",
    "R@P": "recall_at_precision",
}


def verdict(models: dict[str, Any]) -> dict[str, Any]:
    """Rank the contestants by mean average precision; compare the first with the second and with the lender's rate."""
    contestants = [key for key, model in models.items() if model["role"] == "contestant"]
    ranked = sorted(contestants, key=lambda key: _mean(models, key, "average_precision"), reverse=True)
    winner, second = ranked[:2]
    return {
        "ranking": ranked,
        "over_second": asdict(_duel(models, winner, second)),
        "over_rate": asdict(_duel(models, winner, "rate")),
    }


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    models, facts = result["models"], result["data"]
    found = verdict(models)
    winner, second = found["ranking"][:2]
    lead, over_rate = Duel(**found["over_second"]), Duel(**found["over_rate"])
    splits = f"{result['seeds']} splits" if result["seeds"] > 1 else "one split"
    said = [
        f"Best at ranking the loans: {models[winner]['name']}, with an average precision of {_ap(models, winner)} "
        f"over {splits}; knowing nothing gives {facts['prevalence']:.3f}, perfection 1."
    ]

    other = f"{models[second]['name']} ({_ap(models, second)})"
    if lead.clear:
        said.append(f"Its lead over {other} is clear: {_gap(lead)} on the same splits, more than twice the spread.")
    elif lead.spread is None:
        said.append(f"Next comes {other}: one split can't tell whether they differ.")
    else:
        said.append(
            f"But call it a tie: the lead over {other} is {_gap(lead)} on the same splits, less than twice its own "
            f"spread, with {lead.wins} of {lead.seeds} splits won."
        )
    if winner != "network":
        train = facts["parts"]["train"]
        said.append(
            f"So the neural network does not come first. It has {train['rows']:,} loans to learn from, "
            f"{train['bad']} of them bad: little for a flexible model."
        )
    elif not lead.clear:
        said.append(
            "The neural network comes first, but not by enough to prefer it to a model that is easier to explain."
        )

    rate = f"the interest rate alone ({_ap(models, 'rate')}; difference {_gap(over_rate)})"
    if over_rate.clear and over_rate.difference > 0:
        said.append(f"It is clearly better than {rate}, which the lender had already computed.")
    else:
        said.append(f"It is not clearly better than {rate}: the lender's own price says most of what there is to say.")

    recall, precision = _mean(models, winner, "recall"), _mean(models, winner, "precision")
    if precision is not None:
        use = "Enough to ask a second question, too little to refuse a loan." if precision < 0.5 else ""
        said.append(
            f"With its threshold it finds {recall:.0%} of the bad loans, and {precision:.0%} of the loans that it "
            f"flags are bad. {use}".strip()
        )
    return said


def summary(result: dict[str, Any]) -> "Table":
    """Return the comparison as a table for the terminal."""
    from rich.table import Table

    models = result["models"]
    table = Table(box=None, header_style="bold")
    table.add_column("model", no_wrap=True)
    for header in ("average precision", "ROC-AUC", "accuracy", "bad found", "flags right"):
        table.add_column(header, justify="right", no_wrap=header == "average precision")
    winner = verdict(models)["ranking"][0]
    for key in _shown(models):
        share = [_percent(_mean(models, key, measure)) for measure in ("accuracy", "recall", "precision")]
        row = (models[key]["name"], _ap(models, key), f"{_mean(models, key, 'roc_auc'):.3f}", *share)
        table.add_row(*row, style="bold" if key == winner else "")
    return table


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page; every number and figure is one of ``result``.

    By default it is one section with subsections; ``alone``, for a page about nothing else, its parts are sections.
    """
    level = 2 if alone else 3
    if not alone:
        page.section("Which loans go bad?")
    _opening(page, result)
    page.section("The data, and what is wrong with them", level=level)
    _data(page, result["data"])
    page.section("The naive way", level=level)
    _naive(page, result)
    page.section("The careful way", level=level)
    _careful(page, result)
    page.section("What each repair changed", level=level)
    _repairs(page, result)
    page.section("Can the probabilities be believed?", level=level)
    _calibration(page, result)
    return add_card(page, result["card"], level=level)


def _opening(page: "Page", result: dict[str, Any]) -> None:
    models, facts, naive = result["models"], result["data"], result["naive"]
    winner, test = verdict(models)["ranking"][0], facts["parts"]["test"]
    page.text(
        f"A lender knew {facts['columns']} things about each of {facts['rows']:,} loans. {facts['bad']} of them "
        f"went bad, about one in {1 / facts['prevalence']:.0f}. Can a model say which? The data are real, and the "
        "first model that one would try looks excellent and is useless."
    )
    page.numbers(
        [
            (
                f"{naive['majority']['accuracy']['mean']:.1%}",
                "accuracy without learning anything",
                "Say 'good' for everyone.",
            ),
            (
                f"{naive['network_plain']['found']['mean']:.3g} of {test['bad']}",
                "bad loans found by the naive network",
                f"Its accuracy: {naive['network_plain']['accuracy']['mean']:.1%}.",
            ),
            (
                f"{_mean(models, winner, 'found'):.0f} of {test['bad']}",
                "bad loans found the careful way",
                f"At the price of flagging {_mean(models, winner, 'false_alarms'):.0f} of "
                f"{test['rows'] - test['bad']:,} good ones.",
            ),
            (
                f"{_mean(models, winner, 'average_precision'):.3f}",
                f"average precision, {models[winner]['name']}",
                f"Knowing nothing: {facts['prevalence']:.3f}. Interest rate alone: "
                f"{_mean(models, 'rate', 'average_precision'):.3f}.",
            ),
        ]
    )
    first, *others = sentences(result)
    page.note(f"**The verdict.** {first}\n\n{' '.join(others)}")


def _data(page: "Page", facts: dict[str, Any]) -> None:
    from groundup import plots

    page.text(
        f"`{facts['name']}`: {facts['rows']:,} loans of the first quarter of 2016 that a lending platform made "
        f"public. Licence: {facts['licence']}. Source: {facts['source']}"
    )
    page.points(
        [
            f"**Imbalance.** {facts['prevalence']:.1%} of the loans are bad. A measure that counts all loans "
            "alike is a measure of the good ones.",
            "**Labels that are not final.** 'Good' includes loans that were still being paid when the data were "
            "collected, and some of those may go bad later: such labels are called censored.",
            "**The lender has already judged.** Rate and sub-grade come from the lender's own view of "
            "the risk. A model that reads them repeats that judgement in part; one model below works without them.",
            "**Only granted loans.** Who was refused is not in the table, so nothing tells how they would have paid.",
            f"**Unknown, written as a value.** {facts['unknown_employment']} borrowers have the employment length "
            f"`emp_unk`, and {facts['no_income']} an income of zero. A count of empty cells finds "
            f"{facts['missing_cells']}.",
            "**One quarter.** Other years, other rates, another economy: nothing says that it carries over.",
            f"**People behind the rows.** The borrower's state (there are {facts['states']}) can stand for things "
            "that a lender must not use. This is a study of method, not a model to deploy.",
        ]
    )
    grades, sizes = facts["bad_by_grade"], facts["loans_by_grade"]
    page.figure(
        plots.bars(
            [f"grade {grade} ({sizes[grade]:,} loans)" for grade in grades],
            [100 * share for share in grades.values()],
            label="bad loans, % of the grade",
            baseline=100 * facts["prevalence"],
            form="{:.1f}",
        ),
        "Bad loans in each of the lender's grades. The dashed line is the share among all loans.",
        "Bar chart, share of bad loans: " + ", ".join(f"grade {g} {share:.1%}" for g, share in grades.items()) + ".",
    )


def _naive(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, naive, test = result["models"], result["naive"], result["data"]["parts"]["test"]
    winner = verdict(models)["ranking"][0]
    page.text(
        "Train a network, flag a loan when its probability of going bad is at least 0.5, report the accuracy: "
        f"{naive['network_plain']['accuracy']['mean']:.1%}. It sounds like success. But saying 'good' for "
        f"everyone has {naive['majority']['accuracy']['mean']:.1%}, and the left matrix shows what that hides.\n\n"
        "The network is not broken. A loan with four times the usual chance of going bad is still far more "
        "likely to be paid back, so hardly any probability reaches 0.5. The mistakes are the threshold and the measure."
    )
    figures = []
    for what, counts in (
        ("The naive network, threshold 0.5", naive["network_plain"]),
        (f"The best ranking ({models[winner]['name']}), threshold chosen on validation", models[winner]["metrics"]),
    ):
        caught, alarms = round(counts["found"]["mean"]), round(counts["false_alarms"]["mean"])
        good = test["rows"] - test["bad"]
        matrix = [[good - alarms, alarms], [test["bad"] - caught, caught]]
        figures.append(
            (
                plots.confusion_matrix(matrix, ["good", "bad"]),
                f"{what}. Loans of the test split, mean over the splits; the shade is the share of the row.",
                f"{what}: of {test['bad']} bad loans {caught} are flagged, of {good:,} good loans {alarms}.",
            )
        )
    page.figures(figures)


def _careful(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, facts, curves, fixed = result["models"], result["data"], result["curves"], result["fixed"]
    parts, shown = facts["parts"], _shown(models)
    page.points(
        [
            f"**Split first.** {parts['train']['rows']:,} loans to train, {parts['validation']['rows']:,} to "
            f"choose, {parts['test']['rows']:,} to test, with the same share of bad ones in each. The test split "
            "is used once, after every choice.",
            "**Fit on the training split alone.** Medians, means and categories are learned there; a category "
            "never seen before has its place.",
            "**Features that a lender would reason with.** Payment and debt beside the income, logarithms of "
            "money and counts, grades in their order, unknown as missing.",
            "**Give the rare class its weight** in the loss, or draw it more often (resampling).",
            "**Choose the threshold on validation**, here the one with the best balanced accuracy.",
            "**Repair the probabilities** on validation (Platt scaling), for weights distort them.",
            "**Honest baselines, equal budgets.** Each learner tries three settings and keeps the one with the "
            "best average precision on validation. The variants of the network use the network's.",
            f"**Several seeds.** All of it {result['seeds']} times, each with a new split and new initial weights.",
        ]
    )
    page.table(
        ["model", *MEASURES],
        [[models[key]["name"], *(_spread(models, key, name) for name in MEASURES.values())] for key in shown],
        f"Test split, mean ± standard deviation over {result['seeds']} seeds; higher is better. AP: average "
        "precision, the area under the precision-recall curve, by which the models are ranked. P@R: precision "
        f"where {fixed['recall']:.0%} of the bad loans are found. R@P: share found while {fixed['precision']:.0%} "
        f"of the flags are right; a dash where no threshold gets there{_undefined(models)}.",
        best=shown.index(verdict(models)["ranking"][0]),
    )
    page.figure(
        plots.precision_recall(
            {models[key]["name"]: (curves["precision"][key], curves["recall"]) for key in shown if key != "majority"},
            facts["prevalence"],
        ),
        "Precision over recall on the test split, mean over the splits. Whoever wants to find more of the bad "
        "loans (to the right) must flag more good ones (down).",
        f"Precision-recall curves. Where {fixed['recall']:.0%} of the bad loans are found, the precision is "
        + ", ".join(f"{_mean(models, key, 'precision_at_recall'):.3f} for {models[key]['name']}" for key in shown)
        + ".",
    )


def _repairs(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models = result["models"]
    keys = ["network", "network_plain", "network_resampled", "logistic", "logistic_raw", "logistic_blind"]
    page.text(
        "One thing taken away or exchanged at a time, and the same splits compared; a change counts as clear "
        "when it is more than twice its own spread."
    )
    page.points(_changes(models))
    page.figure(
        plots.bars(
            [models[key]["name"] for key in keys],
            [_mean(models, key, "average_precision") for key in keys],
            [models[key]["metrics"]["average_precision"]["std"] or 0 for key in keys],
            label="average precision on the test split",
            baseline=result["data"]["prevalence"],
            form="{:.3f}",
        ),
        "Whiskers: one standard deviation over the splits. Dashed: knowing nothing.",
        "Bar chart, average precision: " + ", ".join(f"{models[key]['name']} {_ap(models, key)}" for key in keys) + ".",
    )
    histories = result["curves"]["histories"]
    page.figure(
        plots.learning_curves({models[key]["name"]: history for key, history in histories.items()}),
        "The three networks of the first split in training. Their losses can't be compared with each other, for "
        "weights and resampling change what is counted; their average precision can.",
        "Learning curves. Validation average precision after the last epoch: "
        + ", ".join(f"{models[k]['name']} {h['validation average precision'][-1]:.3f}" for k, h in histories.items())
        + ".",
    )


def _calibration(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, curves, prevalence = result["models"], result["curves"]["reliability"], result["data"]["prevalence"]
    page.text(
        "Of the loans that are given a probability of 20%, one in five should go bad. The network trained with "
        f"weights is off by {_spread(models, 'network', 'raw_ece')} on average (the expected calibration error, "
        "ECE): weights show it a world in which half of the loans are bad. Without weights the error is "
        f"{_spread(models, 'network_plain', 'raw_ece')}. Platt scaling, fitted on validation, brings the network "
        f"with weights to {_spread(models, 'network', 'ece')}; it does not change the order of the loans."
    )
    page.table(
        ["model", "Brier, raw", "Brier, repaired", "ECE, raw", "ECE, repaired"],
        [
            [models[k]["name"], *(_spread(models, k, m) for m in ("raw_brier", "brier", "raw_ece", "ece"))]
            for k in models
        ],
        "Lower is better. Brier: mean squared error of the probability. ECE: in ten bins of equally many loans. "
        "A dash: the score is not a probability. Giving every loan the average risk has a Brier score of "
        f"{prevalence * (1 - prevalence):.3f}, so the Brier score hardly tells these models apart.",
    )
    lines = {"with weights, raw": "network raw", "with weights, repaired": "network repaired"}
    lines |= {"without weights, raw": "network_plain raw"}
    last = {key: (curves[key]["predicted"][-1], curves[key]["observed"][-1]) for key in lines.values()}
    page.figure(
        plots.reliability(
            {name: (curves[key]["predicted"], curves[key]["observed"]) for name, key in lines.items()}, "bad loan"
        ),
        "The network's probabilities and what came of them, in ten bins of equally many test loans, all splits "
        "together. On the dashed line, probabilities mean what they say.",
        "Reliability curves. In the bin of the highest risk: "
        + "; ".join(f"{name}, predicted {last[key][0]:.0%}, observed {last[key][1]:.0%}" for name, key in lines.items())
        + ".",
    )


def _changes(models: dict[str, Any]) -> list[str]:
    """One sentence for each change: did the ranking of the loans get better?"""
    questions = (
        ("network", "network_plain", "Weights in the loss"),
        ("network_resampled", "network_plain", "Resampling"),
        ("logistic", "logistic_raw", "The features, against the columns as they come,"),
        ("logistic", "logistic_blind", "Seeing the lender's rate and grade"),
    )
    said = []
    for after, before, what in questions:
        gap = _duel(models, after, before)
        better = "clearly improved" if gap.difference > 0 else "clearly worsened"
        said.append(f"{what} {better if gap.clear else 'made no clear difference to'} the ranking: {_gap(gap)}.")
    return said


def _shown(models: dict[str, Any]) -> list[str]:
    return [key for key, model in models.items() if model["role"] != "ablation"]


def _undefined(models: dict[str, Any]) -> str:
    """Say which means rest on fewer seeds, because on the others the precision was out of reach."""
    said = ""
    for key in _shown(models):
        measured = models[key]["metrics"]["recall_at_precision"]
        if 0 < measured["defined"] < len(measured["values"]):
            said += f"; {models[key]['name']} got there on {measured['defined']} of {len(measured['values'])} seeds"
    return said


def _duel(models: dict[str, Any], first: str, second: str) -> Duel:
    values = [models[key]["metrics"]["average_precision"]["values"] for key in (first, second)]
    return duel(*values)


def _gap(found: Duel) -> str:
    """The difference with its sign, a real minus, and no sign where it rounds to zero."""
    difference = f"{found.difference:+.3f}".replace("-", "−")
    difference = "0.000" if difference[1:] == "0.000" else difference
    return difference + ("" if found.spread is None else f" ± {found.spread:.3f}")


def _mean(models: dict[str, Any], key: str, measure: str) -> Any:
    return models[key]["metrics"][measure]["mean"]


def _ap(models: dict[str, Any], key: str) -> str:
    return _spread(models, key, "average_precision")


def _spread(models: dict[str, Any], key: str, measure: str) -> str:
    """``mean ± std`` of one measure; a dash where it is undefined."""
    found = models[key]["metrics"].get(measure)
    if found is None or found["mean"] is None:
        return "–"
    return f"{found['mean']:.3f}" + ("" if found["std"] is None else f" ± {found['std']:.3f}")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
