"""The command ``groundup apply``: carry out a case study, store its results, and build its page from them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from groundup.applications import STUDIES, study
from groundup.console import out, print_json, progress
from groundup.errors import GroundupError, UsageError, missing_package

if TYPE_CHECKING:
    from rich.table import Table


def run(name: str | None, seeds: int, seed: int, folder: Path | None, as_json: bool) -> None:
    """Carry out one study, or list them all; see ``groundup apply --help``."""
    if name is None:
        print_json(STUDIES) if as_json else out.print(_list())
        return
    if name not in STUDIES:
        study(name)  # raises the error that names the nearest
    if seeds < 1:
        raise UsageError(f"--seeds is {seeds}, expected at least 1: each seed is one split of the data")
    if seed < 0:
        raise UsageError(f"--seed is {seed}, expected 0 or more")
    folder = folder or Path("runs", name)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--folder is {folder}, which is a file, expected a folder")
    try:
        import matplotlib  # noqa: F401  the page needs it: better to fail now than after the work

        from groundup.report import Page, write_text
    except ModuleNotFoundError as error:
        raise missing_package(error.name or "matplotlib", "applications") from None
    case = study(name)
    with progress.status(f"{name}: loading the data") as status:
        result = case.run(seeds=seeds, seed=seed, progress=status.update)
    try:
        stored = write_text(folder / "results.json", json.dumps(result, indent=1, allow_nan=False) + "\n")
        # From here on, only what is stored: the page and the printed numbers can't say anything else.
        result = json.loads(stored.read_text(encoding="utf-8"))
        page = case.add_to(Page(case.TITLE, case.QUESTION), result, alone=True).write(folder / "report.html")
        model = case.final_model(result).save(folder / "model") if hasattr(case, "final_model") else None
    except OSError as error:
        raise GroundupError(f"Could not write to {folder}: {error.strerror}") from None
    if as_json:
        print_json(result)
        return
    out.print(f"[bold]{case.TITLE}[/] {case.QUESTION}\n", soft_wrap=True)
    out.print(case.summary(result))
    out.print()
    for sentence in case.sentences(result):
        out.print(sentence, markup=False)
    out.print(f"\nThe page: {page}\nThe numbers: {stored}", markup=False, soft_wrap=True)
    if model:
        out.print(
            f"The model: {model}; `groundup predict {folder} FILE.csv` scores new rows", markup=False, soft_wrap=True
        )


def _list() -> "Table":
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("study")
    table.add_column("about")
    for name, about in STUDIES.items():
        table.add_row(name, about)
    table.caption = "Carry one out: groundup apply loans"
    table.caption_justify = "left"
    return table
