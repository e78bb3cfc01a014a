"""What ``groundup train`` prints when the run is over, and ``groundup models``."""

from pathlib import Path

from rich.markup import escape

from groundup.console import out, print_json
from groundup.training.config import TrainConfig


def train_and_report(config: TrainConfig, folder: Path | None, as_json: bool) -> None:
    """Train, then print the result on standard output."""
    from groundup.training.run import train

    result = train(config, folder=folder)
    if as_json:
        print_json(result.summary())
        return
    best = result.history[result.best_epoch - 1]
    name, _ = result.task.best
    scores = {key.removeprefix("validation_"): value for key, value in best.items()}
    out.print(
        f"[bold]Test split:[/] {result.task.words(result.test)}",
        f"Validation: {result.task.words(scores)}, in epoch {result.best_epoch} of {config.epochs}: of all epochs the "
        f"{'best' if name == 'loss' else 'best ' + name}, so its weights were tested",
        f"{result.parameters:,} parameters, {result.seconds:.1f} s, everything in {escape(str(result.folder))}",
        sep="\n",
        soft_wrap=True,
    )


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
                    "parameters": card.parameters,
                }
                for card in cards
            ]
        )
        return
    from rich.table import Table

    table = Table("name", "model", "year", "paper", box=None)
    table.add_column("parameters", justify="right")
    for card in cards:
        table.add_row(card.name, card.title, str(card.year), card.paper, f"{card.parameters:,}")
    out.print(table)
