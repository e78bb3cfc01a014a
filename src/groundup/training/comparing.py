"""``groundup runs``: which runs there are, what they chose, what came out; as a table and as curves in one picture."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from groundup.console import out, print_json
from groundup.errors import UsageError
from groundup.training.config import TrainConfig
from groundup.training.folder import read_json
from groundup.training.settings import flat, from_dict

EXPERIMENTS = ("sweep.json", "ablation.json")  # the file that makes a folder one of an experiment
IRRELEVANT = ("device", "checkpoint_every", "deterministic")  # choices that do not change what is learnt


@dataclass(frozen=True)
class RunInfo:
    """What the folder of a run says of it."""

    folder: str
    config: dict[str, Any]  # flat: {"optimizer.lr": 0.1}
    state: str  # "finished", or how far it came
    epochs: int  # complete ones
    best_epoch: int | None
    validation: dict[str, float]  # in the best epoch so far
    test: dict[str, Any]  # the numbers among the metrics; empty while the run is not finished
    parameters: int | None
    seconds: float
    history: list[dict[str, Any]]


def find_runs(folders: Sequence[Path]) -> list[RunInfo]:
    """Return the runs in these folders and all folders below them, in the order of their names.

    The many runs of an experiment (a sweep, an ablation) are left out, unless its own folder is given.

    Raises
    ------
    UsageError : a folder does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}. Runs are in the folder runs, unless --folder was given.")
    homes: set[Path] = set()
    for folder in folders:
        apart = find_experiments([folder])
        found = (file.parent for file in folder.rglob("config.json"))
        homes |= {home for home in found if not any(experiment in home.parents for experiment in apart)}
    return [info for info in map(read_run, sorted(homes, key=_natural)) if info]


def find_experiments(folders: Sequence[Path]) -> list[Path]:
    """Return the folders of experiments below these folders."""
    files = (file for folder in folders for name in EXPERIMENTS for file in folder.glob(f"*/**/{name}"))
    return sorted({file.parent for file in files}, key=_natural)


def read_run(folder: Path) -> RunInfo | None:
    """Return what a folder says of its run; None if it holds none that this version can read."""
    try:
        config = from_dict(TrainConfig, json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (UsageError, OSError, ValueError):
        return None
    try:
        history = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):  # not there so far, or damaged: `--resume` writes it anew
        history = []
    summary = read_json(folder / "summary.json")
    best_epoch = history[-1]["best_epoch"] if history else None
    best = history[best_epoch - 1] if best_epoch else {}
    return RunInfo(
        folder=str(folder),
        config=flat(config),
        state="finished" if summary else f"epoch {len(history)} of {config.epochs}",
        epochs=len(history),
        best_epoch=best_epoch,
        validation={name.removeprefix("validation_"): best[name] for name in best if name.startswith("validation_")},
        test={name: value for name, value in summary.get("test", {}).items() if isinstance(value, (int, float))},
        parameters=summary.get("parameters"),
        seconds=summary.get("seconds", sum(record["seconds"] for record in history)),
        history=history,
    )


def differences(runs: Sequence[RunInfo]) -> list[str]:
    """Return the names of the choices in which the runs are not all alike."""
    names = dict.fromkeys(name for run in runs for name in run.config if name not in IRRELEVANT)
    return [name for name in names if len({json.dumps(run.config.get(name), default=str) for run in runs}) > 1]


def show(folders: Sequence[Path], picture: Path | None, as_json: bool) -> None:
    """Print the runs in ``folders`` as tables, one a data set, or as JSON; draw their curves into ``picture``."""
    runs = find_runs(folders or [Path("runs")])
    if picture:
        draw(runs, picture)
    if as_json:
        print_json({"runs": [asdict(run) for run in runs], "differences": differences(runs)})
        return
    if not runs:
        out.print("No runs here. To make one: groundup train lenet --data digits")
    for name, group in by_data(runs).items():
        print_table(name, tabulate(group))
    experiments = find_experiments(folders or [Path("runs")])
    if experiments:
        commands = ", ".join(f"groundup runs {folder}" for folder in experiments)
        out.print(f"The runs of experiments have tables of their own: {commands}", markup=False, soft_wrap=True)
    if picture:
        out.print(f"Curves: {picture}", markup=False, soft_wrap=True)


def by_data(runs: Sequence[RunInfo]) -> dict[str, list[RunInfo]]:
    """Group the runs by their data set: other numbers can't be compared."""
    names = dict.fromkeys(str(run.config["data"]) for run in runs)
    return {name: [run for run in runs if run.config["data"] == name] for name in names}


def tabulate(runs: Sequence[RunInfo]) -> list[dict[str, str]]:
    """Return the rows of a table of runs on one data set: column -> what stands there, in all rows the same columns.

    A choice in which all runs agree has no column, and neither has perplexity, which is the exponential of the loss.
    """
    from groundup.training.run_page import duration, in_words, write_number

    columns = {"model": "model"} | {name: short_name(name, differences(runs)) for name in differences(runs)}
    finished = all(run.state == "finished" for run in runs)
    rows = [
        {
            "run": run.folder,
            **{heading: _short(run.config.get(name)) for name, heading in columns.items()},
            **({} if finished else {"state": run.state}),
            **{
                f"{split} {in_words(name)}": write_number(name, value)
                for split, scores in (("validation", run.validation), ("test", run.test))
                for name, value in scores.items()
                if name != "perplexity"
            },
            "time": duration(run.seconds),
        }
        for run in runs
    ]
    headings = dict.fromkeys(heading for row in rows for heading in row if heading != "time")
    return [{heading: row.get(heading, "-") for heading in (*headings, "time")} for row in rows]


def short_name(name: str, names: Sequence[str]) -> str:
    """Return a short name of a choice: optimizer.lr is lr, unless another choice would be that too."""
    short = name.rpartition(".")[2]
    return short if [other.rpartition(".")[2] for other in names].count(short) == 1 else name


def print_table(title: str, rows: list[dict[str, str]]) -> None:
    """Print rows, all with the same columns, on standard output: numbers to the right, nothing cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold")
    for heading in rows[0]:
        is_number = all(row[heading][:1] in "-0123456789" for row in rows)
        heading = heading.replace(" ", "\n", 1)  # "validation loss" is wide above numbers
        table.add_column(heading, justify="right" if is_number else "left", vertical="bottom", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row.values()))  # not markup: a folder may be called [bold]
    width = out.measure(table, options=out.options.update(width=1000)).maximum
    Console(highlight=False, width=max(width, out.width)).print(table)  # wider than the screen rather than cut


def draw(runs: Sequence[RunInfo], path: Path) -> None:
    """Draw the curves of all runs over each other: a picture (.png, .svg) or a page (.html) with the tables."""
    if path.suffix not in (".png", ".svg", ".html"):
        raise UsageError(f"--picture is {path}; expected a name that ends in .png, .svg or .html.")
    runs = [run for run in runs if run.history]
    if not runs:
        raise UsageError("There is nothing to draw: no run has come to the end of an epoch.")
    from groundup import plots
    from groundup.report import Page
    from groundup.runs import write_atomically
    from groundup.training.run_page import save_picture

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".html":
        figure = plots.learning_curves({run.folder: _curves(run) for run in runs})
        write_atomically(path, lambda temporary: save_picture(figure, temporary, path.suffix[1:]))
        return
    page = Page("Runs side by side", f"{len(runs)} runs. The choices in which they differ have a column of their own.")
    for name, group in by_data(runs).items():
        rows = tabulate(group)
        page.section(name).table(list(rows[0]), [list(row.values()) for row in rows])
        figure = plots.learning_curves({run.folder: _curves(run) for run in group})
        page.figure(figure, "Training loss and validation metrics.", f"Learning curves of {len(group)} runs on {name}.")
    page.write(path)


def _curves(run: RunInfo) -> dict[str, list[float]]:
    names = {"train_loss": "training loss"} | {
        name: name.replace("_", " ") for name in run.history[0] if name.startswith("validation_")
    }
    return {words: [record[name] for record in run.history] for name, words in names.items()}


def _natural(path: Path) -> list[Any]:
    """Sort run-2 before run-10."""
    import re

    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(path))]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else str(value)
