"""The summary of a run as a page and a picture: what came out, how it went, what was chosen, how to go on from here."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from groundup import data, models, plots
from groundup.report import Page
from groundup.runs import write_atomically
from groundup.training.config import TrainConfig
from groundup.training.settings import flat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from groundup.training.run import TrainResult

History = Sequence[Mapping[str, Any]]


def write(result: "TrainResult") -> None:
    """Write ``report.html`` and ``curves.png`` into the folder of the run."""
    figure = plots.learning_curves(curves(result.history))
    write_atomically(result.folder / "curves.png", lambda path: save_picture(figure, path))
    page(result, figure).write(result.folder / "report.html")


def page(result: "TrainResult", figure: "Figure") -> Page:
    """Return the page."""
    config, history = result.config, result.history
    card = models.describe(config.model)
    scores = [
        (write_number(name, value), f"{in_words(name)} on the test split", "")
        for name, value in result.test.items()
        if isinstance(value, (int, float))
    ]
    first, last = history[0], history[-1]
    found = f"Test split: {result.task.words(result.test)}." if result.test else "The test split was left unseen."
    page = Page(f"{card.title} on {config.data}", found)
    page.numbers(
        [
            *scores,
            (f"{result.parameters:,}", "parameters", ""),
            (duration(result.seconds), "training, validation and test", ""),
        ]
    )
    if result.unverified:
        page.note(not_original(str(config.data), result.unverified))
    page.section("How it went")
    page.figure(
        figure,
        f"{len(history)} of {config.epochs} epochs ({result.stopped}). Validation examples are not learnt from; "
        f"they choose the best epoch, number {result.best_epoch}, whose weights were "
        f"{'tested once, at the end' if result.test else 'kept'}.",
        f"Learning curves over {len(history)} epochs. The training loss goes from {first['train_loss']:.3f} to "
        f"{last['train_loss']:.3f}, the validation loss from {first['validation_loss']:.3f} to "
        f"{last['validation_loss']:.3f}.",
    )
    if result.sample:
        page.section("What it makes", "A sample, made when training was over; it is in `sample.txt` too.")
        page.code(result.sample)
    page.section("What was chosen", "All other choices have their defaults.")
    page.table(["choice", "value"], [[name, str(value)] for name, value in chosen(config).items()])
    page.section("To go on")
    page.text("The same run again; any option after it changes a choice:")
    page.code(f"groundup train --config {result.folder / 'config.json'}")
    page.text("What it got wrong, and a look inside; and all runs side by side:")
    page.code(f"groundup evaluate {result.folder}\ngroundup runs")
    return page


def not_original(name: str, files: Sequence[str]) -> str:
    """Return the warning for a data set of which some files are not the original."""
    return (
        f"**The data are {data.NOT_ORIGINAL}** of {name}: {', '.join(files)} differs from the published file and was "
        "taken with `--unverified`. The numbers may differ from those on the original."
    )


def curves(history: History) -> dict[str, dict[str, list[float]]]:
    """Return the history as :func:`groundup.plots.learning_curves` takes it: training and validation in one panel."""
    found: dict[str, dict[str, list[float]]] = {"training": {"loss": [record["train_loss"] for record in history]}}
    names = [name for name in history[0] if name.startswith("validation_")] if history else []
    found["validation"] = {name.removeprefix("validation_"): [record[name] for record in history] for name in names}
    return found


def chosen(config: TrainConfig) -> dict[str, Any]:
    """Return the choices that differ from their defaults, and the first few in any case."""
    defaults = flat(TrainConfig())
    always = ("model", "data", "epochs", "batch_size", "seed", "optimizer.name", "optimizer.lr", "schedule.name")
    return {
        name.replace("_", "-"): value
        for name, value in flat(config).items()
        if name in always or defaults.get(name) != value
    }


def write_number(name: str, value: float | None) -> str:
    """Write a metric as one reads it: accuracies in percent, BLEU with one digit, the rest with four."""
    if value is None:
        return "-"
    if "accuracy" in name:
        return f"{value:.2%}"
    return f"{value:.1f}" if name == "bleu" else f"{value:.4f}"


def in_words(name: str) -> str:
    return {"bleu": "BLEU", "top5_accuracy": "top-5 accuracy"}.get(name, name.replace("_", " "))


def duration(seconds: float) -> str:
    """Write 75 seconds as 1 min 15 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def save_picture(figure: "Figure", path: Any, form: str = "png") -> None:
    """Save a figure on paper-coloured ground: the house style's own ground is transparent."""
    figure.savefig(path, format=form, dpi=150, facecolor=plots.PAPER)
