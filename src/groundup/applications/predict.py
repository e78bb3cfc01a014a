"""The command ``groundup predict``: score the rows of a CSV file with the model that a case study saved."""

import sys
from pathlib import Path

import numpy as np

from groundup.applications.finding import many
from groundup.console import out, print_json, progress
from groundup.errors import GroundupError, UsageError, missing_package


def run(folder: Path, file: Path, output: Path | None, as_json: bool) -> None:
    """Score one file; see ``groundup predict --help``."""
    try:
        from groundup.applications.audit.reading import read_table
        from groundup.applications.saved_model import SavedModel
        from groundup.report import write_text
    except ModuleNotFoundError as error:
        raise missing_package(error.name or "pandas", "applications") from None
    if output is not None and output.is_dir():
        raise UsageError(f"--output is {output}, which is a folder; expected a file, such as {output / 'scores.csv'}")
    if output is not None and output.exists() and output.samefile(file):
        raise UsageError(f"--output is {output}, the file to be scored: it would be lost. Give another name.")
    model = SavedModel.load(folder)
    reading = read_table(file, rows=None)
    if reading.short or reading.long:
        raise UsageError(
            f"{file} has {many(reading.short, 'row')} with fewer cells than there are names, and "
            f"{many(reading.long, 'row')} with more: which cell belongs to which column is not clear."
        )
    frame, remarks = model.read(reading.frame)
    scores = model.predict(frame).rename_axis("row")
    flagged = int(np.sum(scores["prediction"] == model.event))
    for remark in remarks:
        progress.print(f"Note: {remark}", markup=False, soft_wrap=True)
    if as_json:
        rows = scores.reset_index().to_dict(orient="records")
        print_json({"rows": len(scores), "flagged": flagged, "event": model.event, "remarks": remarks, "scores": rows})
        return
    text = scores.to_csv(float_format="%.6f", lineterminator="\n")
    if output is None:
        sys.stdout.write(text)
    else:
        try:
            write_text(output, text)
        except OSError as error:
            raise GroundupError(f"Could not write {output}: {error.strerror}") from None
        out.print(f"The scores: {output}", markup=False, soft_wrap=True)
    progress.print(
        f"{many(len(scores), 'row')}, {flagged:,} of them predicted {model.target} = {model.event}.", markup=False
    )
