"""What ``groundup train`` prints when the run is over, and ``groundup models``."""

from pathlib import Path

from groundup import data
from groundup.console import out, print_json
from groundup.errors import UsageError
from groundup.training.config import TrainConfig
from groundup.training.settings import flat


def train_and_report(config: TrainConfig, resumed: Path | None, folder: Path | None, as_json: bool) -> None:
    """Train, or go on with the run in the folder ``resumed``, then print the result on standard output."""
    if resumed and (config != TrainConfig() or folder):
        given = [name for name, value in flat(config).items() if flat(TrainConfig()).get(name) != value]
        raise UsageError(
            f"--resume goes on with the choices in {resumed / 'config.json'}: leave out "
            f"{', '.join([*given, *(['folder'] if folder else [])])}."
        )
    from groundup.training.run import resume, train

    result = resume(resumed) if resumed else train(config, folder=folder)
    if as_json:
        print_json(result.summary())
        return
    best = "" if result.task.best[0] == "loss" else f" {result.task.best[0]}"
    out.print(
        f"Test split: {result.task.words(result.test)}",
        f"Validation: {result.task.words(result.validation)}, in epoch {result.best_epoch} of {len(result.history)}, "
        f"the best{best}; its weights were tested",
        f"{result.parameters:,} parameters, {result.seconds:.1f} s, everything in {result.folder}",
        sep="\n",
        soft_wrap=True,
        markup=False,
    )
    if result.unverified:
        names = ", ".join(result.unverified)
        out.print(f"{result.config.data}: {data.NOT_ORIGINAL} ({names})", soft_wrap=True, markup=False)
    if result.sample:
        out.print(f"\n{result.sample}", soft_wrap=True, markup=False)


def list_models(as_json: bool) -> None:
    """Print every registered model on standard output."""
    from groundup import models

    cards = [models.describe(name) for name in models.names()]
    if as_json:
        print_json(
            [
                {
                    "name": card.name,
                    "title": card.title,
                    "paper": card.paper,
                    "year": card.year,
                    "task": card.task,
                    "parameters": card.parameters,
                }
                for card in cards
            ]
        )
        return
    from rich.table import Table

    table = Table("name", "model", box=None)
    table.add_column("parameters", justify="right")
    table.add_column("paper")
    for card in cards:
        authors = card.paper.partition(":")[0].replace(" et al.", "").split(", ")
        paper = f"{authors[0]}{' et al.' if len(authors) > 1 or ' et al.' in card.paper else ''} {card.year}"
        table.add_row(card.name, card.title, f"{card.parameters:,}", paper)
    out.print(table)
    out.print("The titles of the papers: groundup models --json", style="dim")
