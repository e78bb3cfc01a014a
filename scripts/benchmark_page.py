"""What the scripts that publish benchmarks share: measure, store every number, and make a page of them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "benchmarks"


def publish(command: list[str], stored: Path, key: str, page: Path, template: str, row: Callable[[Any], str]) -> None:
    """Write ``stored`` (unless the script was called with ``--no-measuring``) and, from what it holds, ``page``.

    Parameters
    ----------
    command : after ``groundup``; prints one JSON document.
    stored : where that document is kept.
    key : of the measurements in the document, each of which ``row`` makes a line of the table.
    page : the Markdown file, made from ``template`` with the document's numbers, those of the machine, and the rows.
    """
    if "--no-measuring" not in sys.argv[1:]:
        done = subprocess.run(
            [sys.executable, "-m", "groundup.cli", *command], stdout=subprocess.PIPE, text=True, check=True
        )
        stored.write_text(done.stdout, encoding="utf-8")
    results = json.loads(stored.read_text(encoding="utf-8"))
    rows = "\n".join(row(measurement) for measurement in results.pop(key))
    text = template.format(command=" ".join(command), rows=rows, **results.pop("machine"), **results)
    page.write_text(text, encoding="utf-8")
    print(text)


def ratio(b: dict[str, Any]) -> str:
    """Return the ratio of a measurement with its range over the rounds."""
    return f"**{b['ratio']:.2f}** ({min(b['ratios']):.2f} to {max(b['ratios']):.2f})"
