"""How often is the audit right? Plant a fault in a clean table and count how often it is found; plant none, and count.

``python scripts/score_audit.py`` writes the counts into docs/audit.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from groundup.applications import inject
from groundup.applications.audit import audit
from groundup.applications.audit.reading import read_table
from groundup.applications.finding import SEVERITIES, Severity

Rng = np.random.Generator
# A planted fault: the table, and where the fault is one between two tables, the test table.
Planted = tuple[pd.DataFrame, pd.DataFrame | None]


@dataclass(frozen=True)
class Case:
    """One fault: how it is planted, and what has to be found for it.

    Parameters
    ----------
    name : what is planted.
    plant : (clean table, rng) -> (table, test table or None).
    check : the check that has to find it.
    column : a column that the finding has to name, if any.
    severity : what the finding has to be at least; a note is enough where nothing is wrong, only good to know.
    says : words that the title must have, to tell the findings of one check apart.
    also : other checks that may speak up, because the fault is one for them too.
    """

    name: str
    plant: Callable[[pd.DataFrame, Rng], Planted]
    check: str
    column: str = ""
    severity: Severity = "warning"
    says: str = ""
    also: tuple[str, ...] = ()

    def found_in(self, findings: list[dict[str, Any]]) -> bool:
        """Whether one of the findings is the planted fault."""
        enough = SEVERITIES[: SEVERITIES.index(self.severity) + 1]
        return any(
            finding["check"] == self.check
            and finding["severity"] in enough
            and (not self.column or self.column in finding["columns"])
            and self.says in finding["title"]
            for finding in findings
        )


def _one(fault: Callable[..., tuple[pd.DataFrame, Any]], *values: Any, **named: Any) -> Callable[..., Planted]:
    """A fault of one table: called with the table, ``values``, and the generator if it takes one."""

    def plant(table: pd.DataFrame, rng: Rng) -> Planted:
        takes_rng = "rng" in signature(fault).parameters
        return fault(table, *values, **named, **({"rng": rng} if takes_rng else {}))[0], None

    return plant


def _halves(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    half = len(table) // 2
    return table.iloc[:half].reset_index(drop=True), table.iloc[half:].reset_index(drop=True)


def _shifted(fault: Callable[..., tuple[pd.DataFrame, Any]], *values: Any) -> Callable[..., Planted]:
    """The second half of the table becomes the test table, and the fault is in it alone."""

    def plant(table: pd.DataFrame, rng: Rng) -> Planted:
        first, second = _halves(table)
        return first, fault(second, *values, rng)[0]

    return plant


def _shared(table: pd.DataFrame, rng: Rng) -> Planted:
    first, second = _halves(table)
    again = first.iloc[rng.choice(len(first), len(second) // 20, replace=False)]
    return first, pd.concat([second, again], ignore_index=True)


def _dates(table: pd.DataFrame, rng: Rng) -> Planted:
    return table.assign(joined=table["joined"].dt.strftime("%d.%m.%Y")), None


def _leak_in_noise(table: pd.DataFrame, rng: Rng) -> Planted:
    """A number that is low for one class and high for the other, with some overlap: the later balance of an account."""
    known = pd.Series(table["target"]).rank(method="dense").to_numpy()
    return table.assign(leak=np.round(100 + 30 * known + rng.normal(0, 8, len(table)), 2)), None


CASES = (
    Case("leak: a copy of the target", _one(inject.leak, "target", 1.0), "leakage", "leak", "problem"),
    Case("leak: right in 98 of 100 rows", _one(inject.leak, "target", 0.98), "leakage", "leak"),
    Case("leak: right in 90 of 100 rows", _one(inject.leak, "target", 0.9), "leakage", "leak"),
    Case("leak: a number that follows the target", _leak_in_noise, "leakage", "leak"),
    Case("imbalance: one class is 3%", _one(inject.imbalance, "target", "class 1", 0.03), "imbalance", "target"),
    Case("5% of the rows copied", _one(inject.duplicates, 0.05), "duplicates", says="copied"),
    Case("5% of the rows nearly copied", _one(inject.near_duplicates, 0.05, keep=["target"]), "near-duplicates",
         also=("spelling",)),
    Case("missing at random: 10% of income, by age", _one(inject.missing_at_random, "income", "age", 0.1), "missing",
         "age", "note", "depend on"),
    Case("missing not at random: 20% of spending", _one(inject.missing_not_at_random, "spending", 0.2), "missing",
         "spending", "note", "tells about the target"),
    Case("missing by the target: 10% of height", _one(inject.missing_at_random, "height", "target", 0.1, strength=1.0),
         "missing", "height", says="tells about the target"),
    Case("missing completely at random: 10%", _one(inject.missing_completely_at_random, 0.1, columns=["age", "city"]),
         "missing", "city", says="Missing values"),
    Case("−999 for unknown: 2% of age", _one(inject.disguised_missing, "age", 0.02), "disguised missing", "age"),
    Case("'?' for unknown: 2% of region", _one(inject.disguised_missing, "region", 0.02, code="?"), "disguised missing",
         "region"),
    Case("text among numbers: 2% of age", _one(inject.disguised_missing, "age", 0.02, code="n.a."), "mixed types",
         "age"),
    Case("outliers: 1% at ten deviations", _one(inject.outliers, "height", 0.01), "outliers", "height"),
    Case("outliers: 1%, in heavy tails", _one(inject.outliers, "balance", 0.01, size=15.0), "outliers", "balance"),
    Case("units: 3% of income × 1000", _one(inject.unit_mixup, "income", 0.03), "units", "income"),
    Case("units: 3% of height × 0.01", _one(inject.unit_mixup, "height", 0.03, factor=0.01), "units", "height"),
    Case("units: 3% of height × 2.54", _one(inject.unit_mixup, "height", 0.03, factor=2.54), "units", "height"),
    Case("numbers as text: $1,234.56", _one(inject.numbers_as_text, "income"), "numbers as text", "income"),
    Case("dates as text: 31.12.2024", _dates, "dates as text", "joined", "note"),
    Case("spellings: 5% of region", _one(inject.spelling_variants, "region", 0.05), "spelling", "region"),
    Case("broken letters: Zürich", _one(inject.mojibake, "city"), "encoding", "city"),
    Case("a constant column", _one(inject.constant), "constant", "constant"),
    Case("a column that names the row", _one(inject.identifier), "identifier", "id"),
    Case("test: older customers", _shifted(inject.covariate_shift, "age", 0.5), "drift", "age"),
    Case("test: another mix of classes", _shifted(inject.imbalance, "target", "class 1", 0.25), "drift", "target"),
    Case("test: one row in twenty is in training", _shared, "duplicates", says="also in"),
)  # fmt: skip


def score(
    cases: tuple[Case, ...] = CASES, rows: int = 1000, seeds: int = 20, progress: Callable[[str], None] | None = None
) -> list[dict[str, Any]]:
    """Plant each fault in ``seeds`` clean tables, write each to a CSV file, and count how often it is found.

    Returns
    -------
    For each case its ``name``, ``found`` of ``seeds``, and ``other``: findings above "note" that were not planted.
    """
    results = []
    for case in cases:
        if progress:
            progress(f"score: {case.name}")
        found = other = 0
        for seed in range(seeds):
            table, test = case.plant(
                inject.clean_table(rows, np.random.default_rng(seed)), np.random.default_rng([seed, 1])
            )
            findings = audit(written(table), "target", written(test) if test is not None else None, seed=seed)[
                "findings"
            ]
            found += case.found_in(findings)
            other += not all(f["severity"] == "note" or f["check"] in (case.check, *case.also) for f in findings)
        results.append({"name": case.name, "found": found, "seeds": seeds, "rows": rows, "other": other})
    return results


def false_alarms(rows: int, seeds: int, classes: int = 2, gaps: float = 0.0, test: bool = False) -> dict[str, Any]:
    """Audit clean tables and count those with a finding above "note".

    ``gaps`` is a share of values that are missing completely at random, which is no fault in what it tells: only the
    finding that there are gaps is allowed then. With ``test``, the table is compared with a second one like it.
    """
    alarms: list[str] = []
    tables = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 2])
        table, second = inject.clean_table(rows, rng, classes), inject.clean_table(rows, rng, classes)
        if gaps:
            names = [name for name in table if name != "target"]
            table, _ = inject.missing_completely_at_random(table, gaps, rng, names)
        findings = audit(written(table), "target", written(second) if test else None, seed=seed)["findings"]
        loud = [
            f["title"] for f in findings if f["severity"] != "note" and not f["title"].startswith("Missing values in")
        ]
        # That the gaps tell something is not true here, however quietly it is said.
        loud += [f["title"] for f in findings if "tells about" in f["title"] and f["severity"] == "note"]
        tables += bool(loud)
        alarms += loud
    return {
        "rows": rows,
        "classes": classes,
        "gaps": gaps,
        "test": test,
        "seeds": seeds,
        "tables": tables,
        "alarms": alarms,
    }


def markdown(planted: list[dict[str, Any]], clean: list[dict[str, Any]]) -> str:
    """Return the page docs/audit.md from the results of `score` and `false_alarms`."""
    rows = [f"| {r['name']} | {r['found']} of {r['seeds']} | {r['other']} |" for r in planted]
    found, tables = sum(r["found"] for r in planted), sum(r["seeds"] for r in planted)
    clean_rows = [
        f"| {r['rows']:,} | {r['classes'] or 'a number'} | {r['gaps']:.0%} | {'yes' if r['test'] else 'no'} "
        f"| {r['tables']} of {r['seeds']} | {'; '.join(r['alarms']) or '-'} |"
        for r in clean
    ]
    alarms, audited = sum(r["tables"] for r in clean), sum(r["seeds"] for r in clean)
    return "\n".join(
        [
            "# How often is the audit right?",
            "",
            "Written by `python scripts/score_audit.py`. The tables are those of "
            "`groundup.applications.inject.clean_table`, each written to a CSV file and read again. They are made up: "
            "how often the faults of real tables are found, these counts do not say.",
            "",
            "## Planted faults",
            "",
            f"One fault is planted in a clean table of {planted[0]['rows']:,} rows. Found means: by the check that it "
            "is meant for, in the right column. The last column counts the tables in which another check gave a "
            "warning or a problem that was not planted.",
            "",
            "| fault | found | tables with another finding |",
            "|---|---|---|",
            *rows,
            f"| **all** | **{found} of {tables}** | **{sum(r['other'] for r in planted)}** |",
            "",
            "## Clean tables",
            "",
            "Nothing is planted, but for values that are missing completely at random where it says so. A table is "
            "suspected when it gets a warning or a problem.",
            "",
            "| rows | target: classes | missing | with a second table | suspected | of what |",
            "|---|---|---|---|---|---|",
            *clean_rows,
            f"| | | | **all** | **{alarms} of {audited}** | |",
            "",
        ]
    )


def written(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame as a CSV file would hold it: all texts."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        frame.to_csv(path, index=False)
        return read_table(path, rows=None).frame
