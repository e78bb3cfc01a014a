"""``groundup evaluate``: what a trained model is worth, in numbers and pictures, from the folder of its run."""

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.markup import escape
from torch import Tensor, nn

from groundup import data
from groundup.console import out, print_json, progress
from groundup.errors import GroundupError
from groundup.runs import write_json
from groundup.training.devices import make_fabric
from groundup.training.predictions import load_predictions, save_predictions
from groundup.training.tasks import Task, make_task
from groundup.training.tasks.task import Split
from groundup.training.trained import load_model, run_config

# Where the numbers of an evaluation come from, in words for the page.
MEASURED = "measured now, with the weights of the best epoch"
STORED = "computed from the predictions that training stored when it looked at the test split, once"
SUMMARY = "taken from the summary that training wrote when it looked at the test split, once"
AGAIN = "measured now: the test split was looked at again, because training stored nothing of its look"
FIRST = "measured now: the first look at the test split, which training did not look at"


@dataclass(frozen=True, eq=False)
class Inspection:
    """An evaluation with everything that was needed for it."""

    document: dict[str, Any]  # what evaluation.json holds
    task: Task
    model: nn.Module  # in evaluation mode
    predictions: dict[str, Tensor]  # what the model said of each row of the split; empty if the task keeps nothing


def evaluate_and_report(folder: Path, split: Split, as_json: bool) -> None:
    """Evaluate the run in ``folder``, write evaluation.json and evaluation.html into it, and print the result."""
    from groundup.training import inspection_page

    result = inspect(folder, split)
    write_json(folder / "evaluation.json", result.document)
    page = inspection_page.build(result).write(folder / "evaluation.html")
    if as_json:
        print_json(result.document)
        return
    document = result.document
    out.print(
        f"[bold]{split.capitalize()} split[/] of {escape(document['data'])}, {document['rows']:,} rows: "
        f"{escape(result.task.words(document['metrics']))}",
        f"The numbers are {document['source']}.",
        *(f"{escape(document['data'])}: {data.NOT_ORIGINAL}" for _ in document["unverified"][:1]),
        f"With pictures: {escape(str(page))}",
        sep="\n",
        soft_wrap=True,
    )


def inspect(folder: Path, split: Split) -> Inspection:
    """Evaluate the best weights of a run on one split of its data.

    The test split was measured when training came to its end. That measurement is used again, see
    :mod:`groundup.training.predictions`; if it can't be, the document says that the split was looked at once more.

    Raises
    ------
    GroundupError : ``folder`` holds no run, or one without weights so far.
    """
    start = time.perf_counter()
    config = run_config(folder)
    fabric = make_fabric(replace(config, device="auto"))  # the run may come from a machine with another device
    task = make_task(config, fabric.device)
    model = load_model(folder, config, task.settings, fabric.device)

    summary = _summary(folder)
    known = summary.get("test") or {}  # empty too where training left the test split unseen
    predictions = load_predictions(folder, "test") if split == "test" else {}
    if predictions:
        source, scores = STORED, known
    elif split == "test" and known and not task.needs_predictions:
        source, scores = SUMMARY, known
    else:
        source = MEASURED if split != "test" else AGAIN if known else FIRST
        progress.print(f"Measuring {task.sizes[split]:,} rows of the {split} split.", soft_wrap=True)
        scores, predictions = task.measure(fabric.setup_module(model), split)
        if split == "test":
            save_predictions(predictions, folder, split)  # so that nobody has to look a third time
            if summary and not known:
                write_json(folder / "summary.json", summary | {"test": scores})
    document = {
        "folder": str(folder),
        "model": config.model,
        "data": config.data,
        "seed": config.seed,
        "split": split,
        "rows": task.sizes[split],
        "source": source,
        "test_looked_at_again": source == AGAIN,
        "unverified": list(data.unverified(config.data or "")),
        "parameters": summary.get("parameters"),
        "best_epoch": summary.get("best_epoch"),
        "metrics": scores | task.examine(predictions),
        "seconds": time.perf_counter() - start,
        "config": asdict(config),
    }
    return Inspection(document, task, model, predictions)


def _summary(folder: Path) -> dict[str, Any]:
    """Return what training wrote at its end; an empty dictionary if it has not come to it."""
    path = folder / "summary.json"
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise GroundupError(f"{path} is not a summary in JSON: {error}") from None
