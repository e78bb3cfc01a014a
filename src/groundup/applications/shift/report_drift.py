"""The page of the study: what detectors notice, and what that says about harm."""

from typing import TYPE_CHECKING, Any

import numpy as np

from groundup.applications.shift.words import BEARABLE, percent, power

if TYPE_CHECKING:
    from groundup.report import Page

CASES = {
    "mix": "another mix of classes: 0 to 4 four times as often",
    "few": "one image in ten is full of noise",
    "meaning": "ones and sevens are counted as each other",
}


def noticed(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    drift = result["drift"]
    names, sizes, middle = drift["names"], drift["batches"], drift["middle"]
    severities = sorted({row["severity"] for row in drift["rows"]})
    page.text(
        "In use there are no labels. Five detectors compare a batch of images with the clean validation images: a "
        "linear classifier that tries to tell the two apart, on the pixels or on the network's features; the "
        "distribution of its confidence, by the Kolmogorov-Smirnov distance or the population stability index; and the "
        "mix of the predicted classes. All have the same budget of false alarms: each has the threshold that it "
        f"exceeds in {drift['wanted']:.0%} of the cases when validation images are compared with validation images, in "
        "batches of the same size."
    )
    page.figure(
        plots.lines(
            {
                words: (
                    severities,
                    [drift["false_alarms"][str(middle)][name]["mean"] if s == 0 else power(drift, name, middle, s)
                     for s in severities],
                )
                for name, words in names.items()
            },
            "severity (0: clean, so every alarm is false)",
            "share of batches with an alarm",
        ),
        f"Batches of {middle} images, mean over six corruptions and all seeds.",
        "; ".join(f"{words}: {power(drift, name, middle):.0%} on average" for name, words in names.items()),
    )  # fmt: skip
    page.table(
        ["an alarm in", *(f"{kind}, {size}" for size in sizes for kind in ("corrupted", "clean"))],
        [
            [words, *(cell for size in sizes for cell in (
                f"{power(drift, name, size):.1%}", percent(drift["false_alarms"][str(size)][name]["mean"])))]
            for name, words in names.items()
        ],
        f"Share of the batches with an alarm, by images in a batch; {drift['repeats']} batches for each corruption, "
        f"severity and seed. On clean batches {drift['wanted']:.0%} are wanted; what differs is luck of the "
        "validation images, with which all are compared, and of the test images, from which the batches are drawn.",
    )  # fmt: skip
    mistakes = drift["mistakes"]
    page.text(
        f"**A threshold from a book.** A population stability index of {drift['rule']} or more is often called a "
        "drift, whatever the size of the batch. But the index of a small batch is large by chance alone. **Training "
        "images to compare with.** A network may be surer about images that it learned from, and then every new batch "
        "differs from them, changed or not. Here, at the limit of the textbook, " + _surer(mistakes, sizes)
    )
    words = {
        "rule of thumb": f"stability index over {drift['rule']}",
        "training images": "Kolmogorov-Smirnov at 5%, against training images",
        "validation images": "Kolmogorov-Smirnov at 5%, against validation images",
    }
    page.table(
        ["false alarms, on clean test images", *(f"batches of {size}" for size in sizes)],
        [[words[name], *(percent(found[str(size)]) for size in sizes)] for name, found in mistakes.items()],
        "All look at how sure the network is. Mean over the seeds.",
    )


def _surer(mistakes: dict[str, dict[str, float]], sizes: list[int]) -> str:
    largest = str(max(sizes))
    alarms = {name: mistakes[f"{name} images"][largest] for name in ("training", "validation")}
    said = " and ".join(f"{value:.1%} against {name} images" for name, value in alarms.items())
    dear = alarms["training"] > alarms["validation"] + 0.05
    return f"batches of {largest} give false alarms in {said}: " + (
        "that is the price."
        if dear
        else "here it costs nothing; a network that is surer of its training images would pay."
    )


def _needless(drift: dict[str, Any], name: str) -> str:
    """The share of alarms at corruptions that cost hardly any accuracy."""
    rows = [row for row in drift["rows"] if row["severity"] > 0 and row["lost"] < BEARABLE]
    return f"{np.mean([row['alarms'][str(drift['middle'])][name] for row in rows]):.0%}" if rows else "–"


def gap(page: "Page", result: dict[str, Any]) -> None:
    from groundup.applications.shift import pictures

    drift = result["drift"]
    names, middle, largest = drift["names"], drift["middle"], max(drift["batches"])
    rows = [row for row in drift["rows"] if row["severity"] > 0]
    page.text(
        "A detector says that something has changed. Whether it matters, it does not say. High on the left are the "
        "changes that are noticed and do no harm. Where the points of a detector rise with the harm, it at least looks "
        "at the right thing."
    )
    shown = {name: names[name] for name in ("pixels", "confidence", "classes")}
    page.figure(
        pictures.harm(rows, middle, shown),
        f"A point for each corruption and severity, batches of {middle}.",
        "Scatter plot of alarms over lost accuracy. "
        + "; ".join(
            f"{words}: {_needless(drift, name)} alarms where less than {100 * BEARABLE:.0f} points are lost"
            for name, words in shown.items()
        ),
    )
    orders = drift["orders_harm"]
    page.table(
        ["detector", "order, against the harm", "needless alarms"],
        [
            [
                words,
                "–" if orders[name] is None else f"{orders[name]:.2f}",
                _needless(drift, name),
            ]
            for name, words in names.items()
        ],
        f"Spearman's rank correlation of a detector's number (batches of {largest}) and the accuracy lost, over the "
        f"corruptions and severities (1: the same order); and the needless alarms, the share of batches of {middle} "
        f"with an alarm at those that cost less than {100 * BEARABLE:.0f} points.",
    )
    page.text("Three more changes, in batches of " + f"{largest}:")
    page.points(
        [f"**{case}**, {words}: accuracy {percent(drift['cases'][case]['accuracy'])}" for case, words in CASES.items()]
    )
    page.table(
        ["batches with an alarm", "nothing changed", *drift["cases"]],
        [
            [
                words,
                percent(drift["false_alarms"][str(largest)][name]["mean"]),
                *(percent(found["alarms"][name]) for found in drift["cases"].values()),
            ]
            for name, words in names.items()
        ],
        f"Clean accuracy: {percent(drift['clean_accuracy'])}. When the meaning of the labels changes the images stay "
        "the same, so only labels can show it. Whoever watches a model needs a few of them, all the time.",
    )
