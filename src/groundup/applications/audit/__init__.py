"""Look at a table before a model does: what is wrong with it, why that matters, what to do.

>>> import numpy as np
>>> from groundup.applications import audit, inject
>>> table, _ = inject.leak(inject.clean_table(500, np.random.default_rng(0)), "target", 0.98, np.random.default_rng(1))
>>> result = audit.audit(table, target="target")
>>> [(finding["severity"], finding["columns"]) for finding in result["findings"] if finding["check"] == "leakage"]
[('problem', ('leak',))]

A check reports what chance would not have done: where it tests, the test is corrected for the number of questions
asked. How often it is right is measured with planted faults (`groundup.applications.inject`): see docs/audit.md,
which ``python scripts/score_audit.py`` writes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from groundup.applications.audit.checks import CHECKS, drift
from groundup.applications.audit.columns import Column, read_columns
from groundup.applications.audit.table import Table, Target, make_table, place_of
from groundup.applications.finding import Finding, listed, worst_first
from groundup.errors import UsageError

__all__ = ["audit"]

LATER = 0.2  # the share of the rows that "later" means when a table is cut by time


def audit(
    frame: pd.DataFrame,
    target: str | None = None,
    test: pd.DataFrame | None = None,
    time: str | None = None,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Check a table, and return what was found as plain values, ready for JSON.

    Parameters
    ----------
    frame : the table, one row a case: cells as texts (as `reading.read_table` gives them), or with types.
    target : the column that is to be predicted. Without it, the checks that need it are left out.
    test : rows that a model will be tested or used on; they are compared with ``frame``.
    time : a column of dates or numbers: the last fifth of the rows by it is compared with the others.
    seed : of the samples and shuffles.
    progress : called with a line of text before each check.

    Raises
    ------
    UsageError
        A column that was asked for does not exist, can't be predicted, or can't be put in order.
    """
    if len(frame) == 0:
        raise UsageError("The table has no rows: there are names, and nothing below them.")
    table = make_table(frame, target, seed)
    findings: list[Finding] = []
    for name, (_, check) in CHECKS.items():
        if progress:
            progress(f"audit: {name}")
        findings += check(table)
    if progress and (test is not None or time is not None):
        progress("audit: drift")
    compared = None
    if test is not None:
        more, compared = _with_test(frame, test, table, target, seed)
        findings += more
    elif time is not None:
        more, compared = _over_time(table, time)
        findings += more
    return {
        "rows": table.rows,
        "target": _about_target(table.target),
        "columns": [_about(column) for column in table.all_columns],
        "compared": compared,
        "checks": [*CHECKS, *(["drift"] if compared else [])],
        "findings": [finding.as_dict() for finding in worst_first(findings)],
        "seed": seed,
    }


def _with_test(
    frame: pd.DataFrame, test: pd.DataFrame, table: Table, target: str | None, seed: int
) -> tuple[list[Finding], dict[str, Any]]:
    """Compare with a second table; columns are read together, so that both are understood in the same way."""
    lacking = [name for name in frame.columns if name not in test.columns and name != target]
    new = [name for name in test.columns if name not in frame.columns]
    found = []
    if lacking or new:
        parts = [
            f"Missing in test: {listed(lacking)}" if lacking else "",
            f"Only in test: {listed(new)}" if new else "",
        ]
        found.append(
            Finding(
                "drift", "problem" if lacking else "note", "The two tables do not have the same columns",
                ". ".join(part for part in parts if part) + ".",
                "A model can't use a column that is not there when it is needed.",
                "Train on the columns that both have.", (*lacking, *new), {"missing": lacking, "new": new},
            )
        )  # fmt: skip
    shared = [name for name in frame.columns if name in test.columns]
    if not shared:
        raise UsageError("The two tables share no column: is it the right test file?")
    kinds = {c.name: c.kind for c in table.all_columns}
    for column in read_columns(test.filter(shared)):
        before = kinds[column.name]
        if {column.kind, before} in ({"number", "category"}, {"date", "category"}, {"number", "date"}) and len(
            test
        ) >= 30:
            found.append(
                Finding(
                    "drift", "warning", f"`{column.name}` is of another type in test",
                    f"It holds {_KINDS[before]} in training and {_KINDS[column.kind]} in test.",
                    "What was learned about numbers can't be applied to words.", "Find out which of the two is right.",
                    (column.name,), {"training": before, "test": column.kind},
                )
            )  # fmt: skip
    both = pd.concat([frame.filter(shared), test.filter(shared)], ignore_index=True)
    known = target if target in shared else None
    later = np.arange(len(both)) >= len(frame)
    found += drift.check(make_table(both, known, seed), later, ("training", "test"))
    return found, {"with": "test", "rows": [len(frame), len(test)]}


def _over_time(table: Table, time: str) -> tuple[list[Finding], dict[str, Any]]:
    names = [column.name for column in table.all_columns]
    column = table.all_columns[place_of(time, names, "time")]
    if column.holds == "texts":
        raise UsageError(
            f"--time is {time!r}, which holds words such as {column.shown(0)!r}, expected dates or numbers"
        )
    known = np.flatnonzero(~column.missing)  # rows without a time are neither earlier nor later
    column = column.take(known)
    if len(known) < 2 * drift.LEAST or column.values.min() == column.values.max():
        raise UsageError(f"--time is {time!r}, which does not put the rows in an order: it has too few values")
    cut = np.quantile(column.values, 1 - LATER)
    later = column.values > cut if (column.values > cut).any() else column.values >= cut
    target = table.target and replace(table.target, column=table.target.column.take(known))
    kept = Table([c.take(known) for c in table.columns if c.kind != "identifier"], target, table.seed)
    found = drift.check(kept, later, ("earlier rows", "later rows"), (column.name,))
    return found, {
        "with": "time",
        "column": column.name,
        "from": column.shown(int(column.codes[later].min())),  # levels are sorted
        "rows": [int((~later).sum()), int(later.sum())],
    }


_KINDS = {
    "number": "numbers", "date": "dates", "category": "words", "text": "texts", "identifier": "names of rows",
    "constant": "one value", "empty": "nothing",
}  # fmt: skip


def _about(column: Column) -> dict[str, Any]:
    """One column in a few plain values."""
    about: dict[str, Any] = {
        "name": column.name, "kind": column.kind, "missing": float(column.missing.mean()),
        "different": len(column.levels), "form": column.form,
    }  # fmt: skip
    if len(column.levels) == 0:
        return about | {"summary": ""}
    if column.holds in ("numbers", "dates"):
        known = np.sort(column.codes[~column.missing])
        places = [known[int(share * (len(known) - 1))] for share in (0, 0.5, 1)]
        low, middle, high = (column.shown(int(place)) for place in places)
        return about | {"summary": low if low == high else f"{low} to {high}, median {middle}"}
    order = np.argsort(-column.counts, kind="stable")[:3]
    some = ", ".join(f"{column.shown(int(i))[:24]} ({column.counts[i] / max(1, len(column)):.0%})" for i in order)
    return about | {"summary": some if column.kind != "identifier" else f"{column.shown(0)[:24]}, ..."}


def _about_target(target: Target | None) -> dict[str, Any] | None:
    if target is None:
        return None
    about: dict[str, Any] = {"name": target.name, "task": target.task, "known": len(target.rows)}
    if target.task == "classes":
        about["classes"] = dict(zip(target.classes, target.column.counts.tolist()))
    return about
