"""The command ``groundup audit``: read a CSV file, check it, store what was found, and build the page from it."""

import json
from pathlib import Path
from typing import Literal

from groundup.applications.finding import SEVERITIES, many
from groundup.console import out, plain, print_json, progress
from groundup.errors import GroundupError, UsageError, missing_package


def run(
    file: Path,
    target: str | None,
    test: Path | None,
    time: str | None,
    rows: int,
    seed: int,
    folder: Path | None,
    fail_on: Literal["never", "problem", "warning"],
    as_json: bool,
) -> None:
    """Audit one file; see ``groundup audit --help``."""
    if seed < 0:
        raise UsageError(f"--seed is {seed}, expected 0 or more")
    if rows < 20:
        raise UsageError(f"--rows is {rows}, expected at least 20: fewer rows tell nothing about a table")
    if test is not None and time is not None:
        raise UsageError(
            "Got --test and --time: compare with a second file, or the file's later rows with its earlier ones"
        )
    folder = folder or Path("runs", f"audit-{file.stem}")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--folder is {folder}, which is a file, expected a folder")
    try:
        import matplotlib  # noqa: F401  the page needs it: better to fail now than after the work

        from groundup.applications.audit import audit
        from groundup.applications.audit.checks.file import about, check
        from groundup.applications.audit.reading import read_table
        from groundup.applications.audit.report import page_of, summary, verdict
        from groundup.report import write_text
    except ModuleNotFoundError as error:
        raise missing_package(error.name or "pandas", "applications") from None
    with progress.status(f"reading {file.name}") as status:
        reading = read_table(file, rows, seed, status.update)
        if len(reading.header) == 1:
            raise UsageError(
                f"{file} has one column only, {reading.header[0][:60]!r}: there is nothing to compare it with. Are its "
                "cells divided by something other than comma, semicolon, tab or vertical bar?"
            )
        other = read_table(test, rows, seed, status.update) if test is not None else None
        result = audit(reading.frame, target, other.frame if other else None, time, seed, status.update)
    result = {"file": about(reading), "test": about(other) if other else None} | result
    result["findings"] = [*(finding.as_dict() for finding in check(reading)), *result["findings"]]
    result["findings"].sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    try:
        text = json.dumps(plain(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        stored = write_text(folder / "results.json", text)
        # From here on, only what is stored: the page and the printed table can't say anything else.
        result = json.loads(stored.read_text(encoding="utf-8"))
        page = page_of(result).write(folder / "report.html")
    except OSError as error:
        raise GroundupError(f"Could not write to {folder}: {error.strerror}") from None
    if as_json:
        print_json(result)
    else:
        out.print(f"[bold]{result['rows']:,} rows, {len(result['columns'])} columns.[/] Looked at: "
                  f"{result['file']['looked_at']}.\n")  # fmt: skip
        out.print(summary(result))
        out.print(verdict(result), markup=False)
        out.print(f"\nThe page: {page}\nThe numbers: {stored}", markup=False, soft_wrap=True)
    if fail_on != "never":
        counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
        bad = sum(finding["severity"] in counted for finding in result["findings"])
        if bad:
            raise GroundupError(f"{many(bad, 'finding')} of severity {' or '.join(counted)} (--fail-on {fail_on}).")
