"""What the loan study says: its verdict and its page, both computed from stored results; no data or model comes in here."""

from typing import TYPE_CHECKING, Any

from groundup.applications.metrics import Duel, duel

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page


def verdict(models: dict[str, Any]) -> dict[str, Any]:
    """Rank the contestants by mean average precision and compare the first with the second and with the lender's rate."""
    contestants = [key for key, model in models.items() if model["role"] == "contestant"]
    ranked = sorted(contestants, key=lambda key: models[key]["metrics"]["average_precision"]["mean"], reverse=True)
    winner, second = ranked[:2]
    return {
        "ranking": ranked,
        "winner": winner,
        "second": second,
        "over_second": _plain(_duel(models, winner, second)),
        "over_rate": _plain(_duel(models, winner, "rate")),
    }


def sentences(result: dict[str, Any]) -> list[str]:
    """Say in plain words what the numbers mean; every word that judges follows from a number."""
    models, facts = result["models"], result["data"]
    found = verdict(models)
    winner, second = found["winner"], found["second"]
    lead, rate = Duel(**found["over_second"]), Duel(**found["over_rate"])
    name, ap = models[winner]["name"], _mean(models, winner, "average_precision")
    splits = f"{result['seeds']} splits" if result["seeds"] > 1 else "one split"
    said = [
        f"{name.capitalize()} ranks the loans best: average precision {_spread(models, winner, 'average_precision')} "
        f"over {splits}, against {facts['prevalence']:.3f} for knowing nothing."
    ]
    others = _spread(models, second, "average_precision")
    if lead.clear:
        said.append(
            f"Its lead over {models[second]['name']} ({others}) is clear: {lead.difference:+.3f} on average, more than "
            f"twice its spread over the splits ({lead.spread:.3f})."
        )
    elif lead.spread is None:
        said.append(
            f"{models[second]['name'].capitalize()} reaches {others}: one split can't tell whether that differs."
        )
    else:
        said.append(
            f"Call it a tie: the lead over {models[second]['name']} ({others}) is {lead.difference:+.3f}, within the "
            f"spread of the splits ({lead.spread:.3f}), and it leads on {lead.wins} of {lead.seeds}."
        )
    if winner != "network":
        share = facts["parts"]["train"]
        said.append(
            f"So the neural network does not win here. With {share['rows']:,} training loans of which {share['bad']} are "
            "bad, there is little that a flexible model could learn and a simple one could not."
        )
    elif not lead.clear:
        said.append(
            "The neural network comes first, but not by enough to prefer it to a model that is easier to explain."
        )
    if rate.clear and rate.difference > 0:
        said.append(
            f"It clearly beats a ranking by the interest rate alone ({_spread(models, 'rate', 'average_precision')})."
        )
    else:
        below = "not clearly better than" if rate.difference > 0 else "no better than"
        said.append(
            f"And it is {below} the interest rate alone ({_spread(models, 'rate', 'average_precision')}): the lender's "
            "own price already says most of what these columns tell."
        )
    recall, precision = _mean(models, winner, "recall"), _mean(models, winner, "precision")
    if precision is not None:
        said.append(
            f"With its threshold it finds {recall:.0%} of the bad loans, and of 100 loans that it flags {100 * precision:.0f} "
            f"are bad ({ap / facts['prevalence']:.1f} times the average precision of chance): "
            + (
                "enough to ask a second question, far too little to refuse a loan."
                if precision < 0.5
                else "worth acting on."
            )
        )
    return said


def summary(result: dict[str, Any]) -> "Table":
    """Return the comparison as a table for the terminal."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", caption_justify="left")
    for number, column in enumerate(HEADERS):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=number == 0)
    winner = verdict(result["models"])["winner"]
    for key, model in result["models"].items():
        if model["role"] != "ablation":
            table.add_row(*_row(result["models"], key), style="bold" if key == winner else "")
    return table


def add_to(page: "Page", result: dict[str, Any]) -> "Page":
    """Add the study to a page: one section with subsections. All numbers and figures are those of ``result``."""
    from groundup import plots

    models, facts, curves = result["models"], result["data"], result["curves"]
    naive, winner = result["naive"], verdict(models)["winner"]
    parts, prevalence = facts["parts"], facts["prevalence"]
    accuracy = naive["majority"]["accuracy"]["mean"]
    one_in = round(1 / prevalence)
    page.section(
        "Which loans go bad?",
        f"A lender knows {facts['columns']} things about each of {facts['rows']:,} loans. {facts['bad']} of them went "
        f"bad, about one in {one_in}. Can a model say which? The data are real, and the first model that one would try "
        "looks excellent and is useless.",
    )
    page.numbers(
        [
            (f"{accuracy:.1%}", "accuracy of a model that learned nothing", "It says 'good' for everyone."),
            (
                f"{_share_found(result)}",
                "bad loans found by the naive network",
                f"Its accuracy is {naive['network_plain']['accuracy']['mean']:.1%}.",
            ),
            (
                f"{_mean(models, winner, 'recall'):.0%}",
                f"of the bad loans found by {models[winner]['name']}",
                f"{_mean(models, winner, 'false_alarms'):.0f} of {parts['test']['rows'] - parts['test']['bad']:,} good "
                "loans are flagged as well.",
            ),
            (
                f"{_mean(models, winner, 'average_precision'):.3f}",
                "average precision of the best model",
                f"Knowing nothing: {prevalence:.3f}. Perfect: 1.",
            ),
        ]
    )
    page.note("**The verdict.** " + " ".join(sentences(result)))

    page.section("The data, and what is wrong with them", level=3)
    page.text(
        f"`{facts['name']}`: {facts['rows']:,} loans of the first quarter of 2016 that a lending platform made public. "
        f"Licence: {facts['licence']}. Source: {facts['source']}. Citation: {facts['citation']}"
    )
    page.points(
        [
            f"**Imbalance.** {prevalence:.1%} of the loans are bad. Any measure that counts all loans alike is about the "
            "good ones.",
            "**Labels that are not final.** 'Good' includes loans that were still being paid when the data were "
            "collected. Some of them went bad later: such labels are called censored.",
            "**The lender has already judged.** Interest rate and sub-grade come from the lender's own risk model. "
            "A model that reads them partly repeats that judgement; below, one works without them.",
            "**Only granted loans.** Who was refused is not in the table, so nothing here can tell how they would have paid.",
            f"**Unknown, written as a value.** {facts['unknown_employment']} borrowers have the employment length "
            f"`emp_unk`, and {facts['no_income']} an income of zero: missing values that no count of empty cells "
            f"({facts['missing_cells']}) shows.",
            "**One quarter.** Other years, other interest rates, another economy: nothing here says that it carries over.",
            f"**People behind the rows.** The borrower's state ({facts['states']} of them) can stand for things that a "
            "lender must not use. This is a study of method, not a model to deploy.",
        ]
    )
    grades = facts["bad_by_grade"]
    page.figure(
        plots.bars(
            [f"grade {grade} ({facts['loans_by_grade'][grade]:,})" for grade in grades],
            [100 * share for share in grades.values()],
            label="bad loans, % of the grade (number of loans in brackets)",
            baseline=100 * prevalence,
            form="{:.1f}",
        ),
        "How many loans of each of the lender's grades went bad. The dashed line is the average of all loans.",
        "Bar chart of the share of bad loans by grade: "
        + ", ".join(f"{grade} {share:.1%}" for grade, share in grades.items()),
    )

    page.section("The naive way", level=3)
    page.text(
        f"Train a network, flag a loan when its probability of going bad is 0.5 or more, report the accuracy: "
        f"{naive['network_plain']['accuracy']['mean']:.1%}. It sounds like success. But 'good' for everyone has "
        f"{accuracy:.1%}, and the confusion matrix shows what the accuracy hides.\n\n"
        "Nothing is broken. A loan whose chance of going bad is four times the average is still far more likely to be "
        "paid back, so a threshold of 0.5 flags almost nobody. The mistakes are the threshold and the measure."
    )
    for key, text in (
        ("naive", "The naive network, threshold 0.5"),
        ("careful", f"{models[winner]['name'].capitalize()}, threshold chosen on validation"),
    ):
        counts = naive["network_plain"] if key == "naive" else models[winner]["metrics"]
        bad, good = parts["test"]["bad"], parts["test"]["rows"] - parts["test"]["bad"]
        caught, alarms = round(counts["found"]["mean"]), round(counts["false_alarms"]["mean"])
        page.figure(
            plots.confusion_matrix([[good - alarms, alarms], [bad - caught, caught]], ["good", "bad"]),
            f"{text}: loans of the test split, mean over the splits.",
            f"Confusion matrix. {text}: of {bad} bad loans {caught} are flagged, of {good} good loans {alarms}.",
        )

    page.section("The careful way", level=3)
    page.points(
        [
            f"**Split first.** {parts['train']['rows']:,} loans to train, {parts['validation']['rows']:,} to choose, "
            f"{parts['test']['rows']:,} to test, each with the same share of bad ones. The test split is used once, "
            "after all choices.",
            "**Fit on the training split alone.** Medians, means and categories are learned there, and a category never "
            "seen before has its place.",
            "**Features a lender would reason with.** Payment and debt beside the income, logarithms of money and counts, "
            "grades in their order, unknown as missing.",
            "**Give the rare class its weight** in the loss, or draw it more often (resampling).",
            "**Choose the threshold on validation**, here for the best balanced accuracy.",
            "**Repair the probabilities** on validation (Platt scaling): weights distort them.",
            "**Honest baselines, equal budget.** Each learner may try three settings and keeps the one with the best "
            "average precision on validation; the variants of the network and no others inherit its setting.",
            f"**Several seeds.** All of it {result['seeds']} times, each with a new split and new initial weights: "
            "mean ± standard deviation.",
        ]
    )
    shown = [key for key in models if models[key]["role"] != "ablation"]
    page.table(
        HEADERS,
        [_row(models, key) for key in shown],
        f"Test split, mean ± standard deviation over {result['seeds']} seeds. AP: average precision, the area under the "
        f"precision-recall curve. P@R: precision at a recall of {result['fixed']['recall']:.0%}. R@P: recall at a "
        f"precision of {result['fixed']['precision']:.0%}; a dash where no threshold reaches it"
        f"{_undefined(models)}. Brier: mean squared error of the repaired probabilities. Lower is better for Brier, "
        "higher for all others.",
        best=shown.index(winner),
    )
    page.figure(
        plots.precision_recall(
            {models[k]["name"]: (curves["precision"][k], curves["recall"]) for k in shown if k != "majority"},
            prevalence,
        ),
        "Precision over recall on the test split, mean over the splits. To find more of the bad loans (right), more "
        "good ones must be flagged (down).",
        "Precision-recall curves. At a recall of one half the precision is "
        + ", ".join(f"{_mean(models, k, 'precision_at_recall'):.3f} for {models[k]['name']}" for k in shown),
    )

    page.section("What each repair changed", level=3)
    changed = ["network", "network_plain", "network_resampled", "logistic", "logistic_raw", "logistic_blind"]
    page.text(" ".join(_changes(models)))
    page.figure(
        plots.bars(
            [models[key]["name"] for key in changed],
            [_mean(models, key, "average_precision") for key in changed],
            [models[key]["metrics"]["average_precision"]["std"] or 0 for key in changed],
            label="average precision on the test split (dashed: knowing nothing)",
            baseline=prevalence,
            form="{:.3f}",
        ),
        "The network and logistic regression with one thing changed at a time; whiskers of one standard deviation.",
        "Bar chart of average precision: "
        + ", ".join(f"{models[key]['name']} {_spread(models, key, 'average_precision')}" for key in changed),
    )
    page.figure(
        plots.learning_curves({models[key]["name"]: history for key, history in curves["histories"].items()}),
        "Training of the network in the first split. The losses are not comparable with each other: weights and "
        "resampling change what is counted.",
        "Learning curves of the three variants of the network: training loss and validation average precision by epoch.",
    )

    page.section("Can the probabilities be believed?", level=3)
    page.text(
        f"Of the loans given 20%, one in five should go bad. The network with weights is off by "
        f"{_spread(models, 'network', 'raw_ece')} on average (expected calibration error), because weights make it believe "
        f"in a world where half of the loans are bad; without weights the error is "
        f"{_spread(models, 'network_plain', 'raw_ece')}. Platt scaling on validation brings the weighted network to "
        f"{_spread(models, 'network', 'ece')}, and leaves its ranking as it was."
    )
    rows = [
        [models[k]["name"], *(_spread(models, k, m) for m in ("raw_brier", "brier", "raw_ece", "ece"))] for k in models
    ]
    page.table(
        ["model", "Brier, raw", "Brier, repaired", "ECE, raw", "ECE, repaired"],
        rows,
        "Lower is better. Repaired: Platt scaling fitted on validation. ECE in ten bins of equally many loans. "
        f"A model that gives every loan the average risk has a Brier score of {prevalence * (1 - prevalence):.4f}.",
    )
    lines = {
        "with weights, raw": "network raw", "with weights, repaired": "network repaired", "no weights, raw": "network_plain raw",
    }  # fmt: skip
    page.figure(
        plots.reliability(
            {
                n: (curves["reliability"][k]["predicted"], curves["reliability"][k]["observed"])
                for n, k in lines.items()
            },
            "bad loan",
        ),
        "Predicted against observed, in ten bins of equally many test loans of all splits. On the dashed line, "
        "probabilities mean what they say.",
        f"Reliability curves of the network. With weights the highest bin predicts "
        f"{curves['reliability']['network raw']['predicted'][-1]:.0%} and "
        f"{curves['reliability']['network raw']['observed'][-1]:.0%} go bad; repaired it predicts "
        f"{curves['reliability']['network repaired']['predicted'][-1]:.0%}.",
    )
    return page


HEADERS = ["model", "AP", "ROC-AUC", "balanced accuracy", "accuracy", "P@R", "R@P", "Brier"]


def _row(models: dict[str, Any], key: str) -> list[str]:
    names = (
        "average_precision",
        "roc_auc",
        "balanced_accuracy",
        "accuracy",
        "precision_at_recall",
        "recall_at_precision",
    )
    return [models[key]["name"], *(_spread(models, key, name) for name in names), _spread(models, key, "brier")]


def _changes(models: dict[str, Any]) -> list[str]:
    """One sentence for each thing that was changed: did the ranking of the loans get better?"""
    questions = (
        ("network", "network_plain", "Weights in the loss"),
        ("network_resampled", "network_plain", "Resampling"),
        ("logistic", "logistic_raw", "The features"),
        ("logistic", "logistic_blind", "Seeing the lender's rate and grade"),
    )
    said = []
    for after, before, what in questions:
        gap = _duel(models, after, before)
        spread = "" if gap.spread is None else f" ± {gap.spread:.3f}"
        if gap.clear:
            effect = "raised" if gap.difference > 0 else "lowered"
            said.append(f"{what} clearly {effect} the average precision ({gap.difference:+.3f}{spread}).")
        else:
            said.append(f"{what} made no clear difference to the ranking ({gap.difference:+.3f}{spread}).")
    return said


def _share_found(result: dict[str, Any]) -> str:
    found = result["naive"]["network_plain"]["found"]["mean"]
    return f"{found:.3g} of {result['data']['parts']['test']['bad']}"


def _undefined(models: dict[str, Any]) -> str:
    """Say which rows rest on fewer seeds, because their precision was out of reach on the others."""
    partly = [m for m in models.values() if 0 < m["metrics"]["recall_at_precision"]["defined"] < len(m["thresholds"])]
    return "".join(
        f"; {m['name']}: {m['metrics']['recall_at_precision']['defined']} of {len(m['thresholds'])} seeds"
        for m in partly
    )


def _duel(models: dict[str, Any], first: str, second: str) -> Duel:
    values = [models[key]["metrics"]["average_precision"]["values"] for key in (first, second)]
    return duel(*values)


def _plain(found: Duel) -> dict[str, Any]:
    return {"difference": found.difference, "spread": found.spread, "wins": found.wins, "seeds": found.seeds}


def _mean(models: dict[str, Any], key: str, measure: str) -> Any:
    return models[key]["metrics"][measure]["mean"]


def _spread(models: dict[str, Any], key: str, measure: str) -> str:
    """``mean ± std`` of one measure; a dash where it is undefined."""
    found = models[key]["metrics"].get(measure)
    if found is None or found["mean"] is None:
        return "–"
    return f"{found['mean']:.3f}" + ("" if found["std"] is None else f" ± {found['std']:.3f}")
