"""The part of an evaluation's page that is about images: what was confused, how sure it was, what the network sees."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from groundup import plots
from groundup.report import Page
from groundup.training import exhibits

if TYPE_CHECKING:
    from groundup.training.tasks.images import Images
    from groundup.training.tasks.task import Split


def add_to(page: Page, task: "Images", model: nn.Module, split: "Split", predictions: dict[str, Tensor]) -> None:
    """Add everything there is to see; the feature maps and the attention are always those of validation images."""
    metrics = task.examine(predictions)
    _classes(page, metrics, task.classes)
    _calibration(page, metrics)
    _mistakes(page, metrics, task, split, predictions)
    _inside(page, task, model)


def _classes(page: Page, metrics: dict[str, Any], classes: tuple[str, ...]) -> None:
    page.section("Which classes it knows")
    page.figure(
        plots.confusion_matrix(metrics["confusion"], classes),
        "What was taken for what: a row a true class, a column a guess. A perfect reader would fill the diagonal.",
        f"Confusion matrix of {len(classes)} classes; {metrics['accuracy']:.1%} of the counts lie on the diagonal.",
    )
    pairs = exhibits.frequent_confusions(metrics["confusion"], classes)
    if pairs:
        page.table(
            ["true class", "taken for", "times", "share"],
            [[truth, guess, f"{times:,}", f"{share:.1%}"] for truth, guess, times, share in pairs],
            "The most frequent confusions, and which share of the true class they are.",
        )
    page.table(
        ["class", "precision", "recall", "F1", "support"],
        [
            [row["class"], *(_percent(row[key]) for key in ("precision", "recall", "f1")), f"{row['support']:,}"]
            for row in metrics["per_class"]
        ],
        "Precision: of what was called so, the share that is so. Recall: of what is so, the share that was called so. "
        "F1: their harmonic mean. Support: how many there are.",
    )


def _calibration(page: Page, metrics: dict[str, Any]) -> None:
    found = metrics["calibration"]
    page.section(
        "Does it know when it does not know?",
        "Each guess comes with a probability. If a model is honest, of the guesses that it is 80% sure of, 80% are "
        f"right. Here the two differ by **{found['ece']:.1%}** on average (expected calibration error), by at most "
        f"{found['mce']:.1%} in any one bin.",
    )
    page.figure(
        plots.calibration(found["bins"], metrics["examples"]),
        "Above: how often guesses of each confidence were right; a bar below the dashed line is a model too sure of "
        "itself. Below: how many guesses are so sure. A bar of few guesses says little.",
        f"Reliability diagram with {len(found['bins'])} bins; the expected calibration error is {found['ece']:.3f}.",
    )


def _mistakes(
    page: Page, metrics: dict[str, Any], task: "Images", split: "Split", predictions: dict[str, Tensor]
) -> None:
    wrong = round(metrics["examples"] * (1 - metrics["accuracy"]))
    page.section("Its worst mistakes")
    if not wrong:
        page.text("None: every guess was right.")
        return
    mistakes = exhibits.worst_mistakes(predictions["logits"], predictions["labels"], task.classes)
    shown = "All of them" if wrong == len(mistakes) else f"{len(mistakes)} of {wrong:,}"
    page.figure(
        exhibits.mistakes_figure(task.images(split, torch.tensor([m.row for m in mistakes])), mistakes),
        f"{shown}, the worst first: the truth, what it was taken for, and how sure the model was. Some labels are "
        "wrong themselves, and some images would puzzle a person too.",
        f"{len(mistakes)} small images with the true class and the guess below each.",
    )


def _inside(page: Page, task: "Images", model: nn.Module) -> None:
    labels = task.splits["validation"][1].cpu()
    rows = torch.stack([(labels == label).nonzero()[0, 0] for label in labels.unique()[:4]])
    x, _ = task.batch("validation", rows)
    stages = exhibits.feature_map_figures(model, x[:1])
    page.section(
        "What its layers see",
        "One image of the validation split, and what the stages of the network make of it: bright where a unit answers "
        "strongly. Early maps still look like the image, later ones say where on a coarse grid something was found.",
    )
    page.figure(
        plots.gallery(task.images("validation", rows[:1]).numpy(), limits=(0, 1)),
        f"The image: {task.classes[int(labels[rows[0]])]}.",
        "One small image.",
    )
    for name, figure, caption in stages:
        page.figure(figure, f"`{name}`: {caption}", f"Small grey pictures, the maps of the layer {name}.")
    drawn = exhibits.attention_figure(model, x)
    if drawn:
        figure, columns = drawn
        page.section(
            "Where it looks",
            "A Transformer cuts the image into patches, and each layer decides how much to take from each. The images "
            "are dimmed where little attention goes; the last column follows it through all layers.",
        )
        page.figure(
            figure,
            f"From left to right: {', '.join(columns)}; mean over the heads.",
            f"{len(x)} images, each beside the same image dimmed by the attention of {len(columns) - 1} layers.",
        )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
