"""``groundup train-scratch``: train a model made by hand, test it once, show what it has learnt.

runs/scratch-lenet-mnist-seed0/
    results.json    every choice, the history, the scores on the test split
    weights.npz     the weights, named as PyTorch would
    *.png           what the terminal showed, if matplotlib is installed
"""

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from groundup import data, scratch
from groundup.console import out, print_json, progress
from groundup.errors import GroundupError, UsageError
from groundup.recipes import find, recipes
from groundup.recipes.exhibits import Exhibit
from groundup.recipes.recipe import Recipe, Settings
from groundup.runs import new_folder, write_json


def run(
    model: str | None,
    data_name: str | None,
    epochs: int | None,
    batch_size: int | None,
    lr: float | None,
    seed: int,
    folder: Path | None,
    as_json: bool,
    workers: int | None = None,
) -> None:
    """Do what the command line asked for; options left out are None."""
    if model is None:
        list_recipes(as_json)
        return
    recipe = find(model)
    name = data_set(recipe, data_name)
    given = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "workers": workers}
    settings = replace(recipe.settings[name], **{key: value for key, value in given.items() if value is not None})
    if seed < 0:
        raise UsageError(f"--seed is {seed}; expected 0 or more.")
    document, exhibits, summary = train(recipe, name, settings, seed, folder)
    if as_json:
        print_json(document)
        return
    for exhibit in exhibits:
        out.print(f"\n{escape(exhibit.title)}\n", style="bold")
        out.print(exhibit.terminal())
    out.print(
        f"\n{summary}",
        f"{document['parameters']:,} parameters, {document['seconds']:.1f} s, "
        f"everything in {escape(document['folder'])}",
        sep="\n",
        soft_wrap=True,
    )


def data_set(recipe: Recipe, name: str | None) -> str:
    """Return the name of the data set to train on; raise UsageError if the recipe can't work with it."""
    if name is None:
        return next(iter(recipe.settings))
    if name not in recipe.settings:
        data.card(name)  # knows whether the name is wrong altogether, and suggests others
        raise UsageError(f"{recipe.name} does not learn from {name}. It accepts: {', '.join(recipe.settings)}.")
    return name


def train(
    recipe: Recipe, name: str, settings: Settings, seed: int, folder: Path | None
) -> tuple[dict[str, Any], list[Exhibit], str]:
    """Carry out a recipe and write the files of the run.

    Returns
    -------
    document, exhibits, summary : what ``results.json`` holds, what there is to look at, a sentence about the result.

    Raises
    ------
    GroundupError : training diverged, and the last good weights are in the run's folder; or a process died.
    """
    started = time.perf_counter()
    rng = np.random.default_rng(seed)
    examples = recipe.examples(data.load(name), rng)
    model = recipe.model(examples, rng)
    home = new_folder(folder or Path("runs") / f"scratch-{recipe.name}-{name}-seed{seed}")
    document: dict[str, Any] = {
        "model": recipe.name,
        "data": name,
        "seed": seed,
        **asdict(settings),
        "parameters": sum(p.size for p in model.parameters()),
        "examples": {part: len(getattr(examples, part)[0]) for part in ("train", "validation", "test")},
        "folder": str(home),
    }
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # the loop itself notices when numbers overflow
            history = recipe.train(model, examples, settings, rng, sys.stderr)
    except scratch.Diverged as error:
        scratch.save(model, home / "weights.npz")
        raise GroundupError(f"{error}. The last good weights are in {home / 'weights.npz'}.") from None
    except scratch.WorkerDied as error:
        raise GroundupError(str(error)) from None
    scratch.save(model, home / "weights.npz")
    result = recipe.test(model, examples, rng)
    document |= {
        "history": scratch.history_dict(history),
        "test": result.scores,
        "seconds": time.perf_counter() - started,
    }
    write_json(home / "results.json", document)
    document["pictures"] = draw(result.exhibits, home)
    return document, result.exhibits, result.summary


def draw(exhibits: list[Exhibit], folder: Path) -> list[str]:
    """Write a picture of each exhibit that has one, and return the files; none without matplotlib."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        progress.print("No pictures were written: they need matplotlib (pip install matplotlib).")
        return []
    figures = {exhibit.name: figure for exhibit in exhibits if (figure := exhibit.figure()) is not None}
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=150, facecolor="white")
    return [str(folder / f"{name}.png") for name in figures]


def list_recipes(as_json: bool) -> None:
    """Print what can be trained, and on which data sets."""
    if as_json:
        print_json(
            [
                {"name": r.name, "about": r.about, "data": {name: asdict(s) for name, s in r.settings.items()}}
                for r in recipes().values()
            ]
        )
        return
    table = Table("model", "what it is", "data sets", box=None)
    for recipe in recipes().values():
        table.add_row(recipe.name, recipe.about, ", ".join(recipe.settings))
    out.print(table)
