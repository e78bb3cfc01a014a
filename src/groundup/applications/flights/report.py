"""The page of the flight study; every number and figure is one of the stored results."""

from typing import TYPE_CHECKING, Any

from groundup.applications.flights import report_data
from groundup.applications.flights.words import (
    MONTHS,
    difference,
    interval,
    judged,
    mean,
    megabytes,
    percent,
    sentences,
    shown,
    spread,
)
from groundup.applications.model_card import add_card

if TYPE_CHECKING:
    from groundup.report import Page


def add_to(page: "Page", result: dict[str, Any], alone: bool = False) -> "Page":
    """Add the study to a page. By default it is one section with subsections; ``alone``, its parts are sections."""
    level = 2 if alone else 3
    if not alone:
        page.section("Which flights come late, or not at all?")
    for heading, part in (
        ("", _opening),
        ("What is known, and when", report_data.moment),
        ("The data, and what is wrong with them", report_data.data),
        ("What is missing is not missing at random", report_data.missing),
        ("Mistakes that look like success", report_data.mistakes),
        ("The careful way", _careful),
        ("Thousands of flight numbers", _encodings),
        ("What each piece of knowledge is worth", _knowledge),
        ("Can the probabilities be believed?", _calibration),
        ("Batches from the disk", _memory),
    ):
        if heading:
            page.section(heading, level=level)
        part(page, result)
    return add_card(page, result["card"])


def _opening(page: "Page", result: dict[str, Any]) -> None:
    models, facts, found, fixed = result["models"], result["data"], result["verdict"], result["fixed"]
    winner, leak = found["ranking"][0], result["mistakes"]["departure_delay"]
    page.text(
        f"{facts['rows']:,} flights were to leave New York in 2013. {facts['prevalence']:.1%} of them arrived more "
        f"than {fixed['late']} minutes late, or did not arrive: {facts['late']:,} late, {facts['cancelled']:,} "
        f"cancelled, {facts['diverted']:,} diverted. Who wants to warn travellers {fixed['ahead'] // 60} hours before "
        "departure knows the timetable, the weather so far, and which earlier flights have left. The table holds much "
        "more than that, and every column of it is an invitation to cheat."
    )
    metrics = models[winner]["metrics"]
    page.numbers(
        [
            (
                f"{mean(leak, 'promised_roc_auc'):.2f}",
                "ROC-AUC promised, with the departure delay as a feature",
                f"Delivered two hours before departure: {mean(leak, 'delivered_roc_auc'):.2f}. Guessing: 0.50.",
            ),
            (
                f"{mean(metrics, 'roc_auc'):.2f}",
                f"ROC-AUC of the best honest model, {models[winner]['name']}",
                f"On {facts['parts']['test']['rows']:,} flights of November and December.",
            ),
            (
                f"{mean(metrics, 'average_precision'):.2f}",
                "its average precision",
                f"Knowing nothing: {facts['parts']['test']['event']:.2f}. The departure board alone: "
                f"{mean(models['board']['metrics'], 'average_precision'):.2f}.",
            ),
            (
                f"{mean(metrics, 'recall'):.0%}",
                "of the late and cancelled flights found",
                f"{mean(metrics, 'precision'):.0%} of its flags are right.",
            ),
        ]
    )
    first, *others = sentences(result)
    page.note(f"**The verdict.** {first}\n\n{' '.join(others)}")


def _careful(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, found, fixed, curves = result["models"], result["verdict"], result["fixed"], result["curves"]
    page.points(
        [
            "**Split by time, first.** Choices are made on September and October; November and December are used once, "
            "after every choice.",
            "**Fit on the training part alone.** Medians, means, categories and encodings are learned there.",
            "**Honest baselines, equal budgets.** Each learner tries three settings, without the flight number and "
            "with it, and keeps the best of six on validation.",
            f"**{result['seeds']} seeds** for everything that is random: initial weights, the order of the batches, "
            "dropout, folds. Logistic regression and gradient boosting have nothing random in them: fitted again on "
            "the same rows they are the same. They are fitted once and have no spread.",
            f"**Intervals over days.** The luck of the test split is in its {found['days']} days, not in its flights: "
            "those of one day share its storms. So whole days are drawn again.",
        ]
    )
    rows = shown(models)
    intervals = found["intervals"]
    page.table(
        ["model", "average precision", "95% interval", "ROC-AUC", "P@R", "R@P", "found", "flags right"],
        [
            [
                models[key]["name"],
                spread(models[key]["metrics"], "average_precision"),
                f"{intervals[key]['low']:.3f}–{intervals[key]['high']:.3f}" if key in intervals else "–",
                spread(models[key]["metrics"], "roc_auc"),
                *(
                    percent(mean(models[key]["metrics"], name))
                    for name in ("precision_at_recall", "recall_at_precision", "recall", "precision")
                ),
            ]
            for key in rows
        ],
        f"Test split, mean ± standard deviation over {result['seeds']} seeds, and the interval over whole days. P@R: "
        f"precision where {fixed['recall']:.0%} of the late and cancelled flights are found. R@P: share found while "
        f"{fixed['precision']:.0%} of the flags are right. Found and flags right: at the threshold chosen on "
        "validation.",
        best=rows.index(found["ranking"][0]),
    )
    page.figure(
        plots.precision_recall(
            {models[key]["name"]: (curves["precision"][key], curves["recall"]) for key in (*found["ranking"], "board")},
            result["data"]["parts"]["test"]["event"],
        ),
        "Precision over recall on the test split, mean over the seeds.",
        "Precision-recall curves. Average precision: "
        + ", ".join(f"{models[key]['name']} {interval(intervals[key])}" for key in (*found["ranking"], "board"))
        + ".",
    )
    page.table(
        ["learner", "setting", "without flight number", "with it", "encoded as"],
        [
            [
                models[kind]["name"],
                without["setting"],
                f"{without['validation']:.3f}",
                f"{within['validation']:.3f}",
                within["encoding"],
            ]
            for kind, trials in result["trials"].items()
            for without, within in zip(trials[: len(trials) // 2], trials[len(trials) // 2 :])
        ],
        "All that was tried: average precision on validation. The best of each learner went on.",
    )


HOW = {
    "none": "left out",
    "one-hot": "one column each",
    "embedding": "a learned vector each",
    "plain": "mean of the target, own row included",
    "smoothed": "the same, smoothed",
    "out-of-fold": "mean over other folds of days",
    "past": "mean over earlier days",
}


def _encodings(page: "Page", result: dict[str, Any]) -> None:
    models, facts, changes = result["models"], result["data"], result["verdict"]["changes"]
    count = facts["categories"]["flight"]
    page.text(
        f"Airline and flight number together have {count:,} values, and {facts['flights_unseen']['test']:.0%} of the "
        "flights of the test split bear one that training never saw. Such a column can be left out; get a column for "
        "each value (one-hot); a learned vector for each (embedding); or be replaced by the mean of the target over "
        "the flights of that number (target encoding).\n\n"
        "The last is done wrong most easily. `groupby(flight).mean()` over the training rows puts the answer of each "
        "row into its own feature. The model trusts the feature, looks better in training, and has nothing to trust "
        "later. Done right, a row's own outcome is not in its mean: the mean is over other folds (of whole days, for a "
        "day's flights share their fate), or over days that are past."
    )
    rows = []
    for key, model in models.items():
        kind, encoding, metrics = model["kind"], model["encoding"], model["metrics"]
        if key not in (kind, f"{kind}, {encoding}"):
            continue  # another ablation
        rows.append(
            [
                models[kind]["name"] + (" *" if key == kind else ""),
                HOW[encoding],
                f"{mean(metrics, 'training_precision'):.3f}",
                f"{mean(metrics, 'validation_precision'):.3f}",
                spread(metrics, "average_precision"),
                "–" if key == kind else difference(changes[key]),
                "the choice" if key == kind else judged(changes[key]),
            ]
        )
    rows.sort(key=lambda row: row[0].rstrip(" *"))  # learner by learner
    page.table(
        ["learner", "flight number", "training", "validation", "test", "less the choice", ""],
        rows,
        "Average precision. *: the encoding that validation chose. The difference is on the test split, with its 95% "
        "interval over whole days. Among the training flights more were late, so training can be compared down a "
        "column, not along a row.",
    )


def _knowledge(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    models, found = result["models"], result["verdict"]
    keys = {
        "schedule": "the timetable alone",
        "schedule and weather": "and the weather",
        "boosting": "and the departure board",
        "board": "the board alone, no model",
    }
    page.text(
        "The same gradient boosting, told less. The board is the share of recent departures that had not left in time: "
        "at this airport, of this airline, in the whole city. Compared with the full model: the timetable alone "
        f"{difference(found['changes']['schedule'])}, timetable and weather "
        f"{difference(found['changes']['schedule and weather'])}."
    )
    values = [mean(models[key]["metrics"], "average_precision") for key in keys]
    page.figure(
        plots.bars(
            list(keys.values()),
            values,
            [models[key]["metrics"]["average_precision"]["std"] or 0 for key in keys],
            label="average precision on the test split",
            baseline=result["data"]["parts"]["test"]["event"],
            form="{:.3f}",
        ),
        "Gradient boosting with more and more knowledge. Dashed: knowing nothing.",
        "Bar chart of average precision: "
        + ", ".join(f"{name} {value:.3f}" for name, value in zip(keys.values(), values))
        + ".",
    )
    order = found["changes"]["network, in order"]
    page.text(
        "The network's batches are shuffled. Read in the order of the file, which is that of time, each batch is half "
        f"a day: its average precision changes by {difference(order)} ({judged(order)})."
    )


def _calibration(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots
    from groundup.applications.flights import pictures

    models, found, curves = result["models"], result["verdict"], result["curves"]
    winner = found["ranking"][0]
    months = curves["months"][winner]
    metrics = models[winner]["metrics"]
    helps = mean(metrics, "brier") < mean(metrics, "raw_brier")
    page.text(
        "Of the flights that are given a probability of 30%, three in ten should come late or not at all. The usual "
        "repair (Platt scaling) is fitted on validation. But validation is an autumn with few delays, and the repair "
        f"learns its share with the rest: for {models[winner]['name']} the Brier score goes from "
        f"{mean(metrics, 'raw_brier'):.4f} to {mean(metrics, 'brier'):.4f}, so here the repair "
        + ("helps." if helps else "does harm: a model is best calibrated on data like those to come.")
    )
    page.table(
        ["model", "Brier, raw", "Brier, repaired", "ECE, raw", "ECE, repaired"],
        [
            [
                models[key]["name"],
                *(spread(models[key]["metrics"], name) for name in ("raw_brier", "brier", "raw_ece", "ece")),
            ]
            for key in ("logistic", "boosting", "network")
        ],
        "Lower is better. Brier: mean squared error of the probability. ECE: expected calibration error, in ten bins "
        "of equally many flights.",
    )
    lines = {f"{models[key]['name']}, raw": f"{key} raw" for key in found["ranking"]}
    lines |= {f"{models[winner]['name']}, repaired": f"{winner} repaired"}
    reliability = curves["reliability"]
    page.figures(
        [
            (
                plots.reliability(
                    {
                        name: (reliability[key]["predicted"], reliability[key]["observed"])
                        for name, key in lines.items()
                    },
                    "late or cancelled flight",
                ),
                "Probabilities and what came of them, in ten bins of equally many test flights, all seeds together.",
                "Reliability curves. In the bin of the highest risk: "
                + "; ".join(
                    f"{name}, predicted {reliability[key]['predicted'][-1]:.0%}, "
                    f"observed {reliability[key]['observed'][-1]:.0%}"
                    for name, key in lines.items()
                )
                + ".",
            ),
            (
                pictures.months(
                    months, {"observed": "came", "raw": "expected, raw", "repaired": "expected, repaired"}, (10.5,)
                ),
                f"Late and cancelled flights that {models[winner]['name']} expected, and those that came. Validation "
                "is left of the dashed line.",
                "Line chart by month: "
                + "; ".join(
                    f"{MONTHS[one['month']]}, came {one['observed']:.1%}, expected {one['raw']:.1%} raw, "
                    f"{one['repaired']:.1%} repaired"
                    for one in months
                )
                + ".",
            ),
        ]
    )


def _memory(page: "Page", result: dict[str, Any]) -> None:
    from groundup.applications.flights import pictures

    found = result["memory"]
    process = f" The whole study held at most {megabytes(found['process'])}." if found["process"] else ""
    page.text(
        f"As pandas tables the flights take {megabytes(found['pandas'])}; this much fits anywhere. A dense matrix with "
        f"a column for each category would be {found['dense_columns']:,} columns wide and take "
        f"{megabytes(found['dense'])} for the training rows alone (computed, not measured). The network needs none: "
        f"its rows lie in a file of {megabytes(found['file'])}, {found['record']} bytes each, with a category as one "
        "number. Blocks of neighbouring rows are read in random order, 64 blocks at a time are held and shuffled, and "
        "batches are cut from them. So memory stays the same however long the file grows." + process
    )
    page.figure(
        pictures.memory(found),
        "The most memory that NumPy and Python held while an epoch of shuffled batches was made, measured at an "
        "eighth, a quarter, half and all of the training flights.",
        "Line chart of peak memory: "
        + "; ".join(
            f"{count:,} rows, streamed {megabytes(streamed)}, whole {megabytes(whole)}"
            for count, streamed, whole in zip(found["rows"], found["streamed"], found["whole"])
        )
        + ".",
    )
