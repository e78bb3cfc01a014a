"""The file itself: its encoding, its names, rows that are too long or too short."""

from collections import Counter
from typing import Any

import numpy as np

from groundup.applications.audit.parsing import read_numbers
from groundup.applications.audit.reading import DELIMITERS, Reading
from groundup.applications.finding import Finding, listed, many


def about(reading: Reading) -> dict[str, Any]:
    """What the report says about a file."""
    return {
        "name": reading.path.name,
        "bytes": reading.size,
        "rows": reading.rows,
        "looked_at": reading.looked_at(),
        "complete": reading.complete,
        "encoding": {"utf-8-sig": "UTF-8 with a byte order mark", "cp1252": "Windows-1252"}.get(
            reading.encoding, reading.encoding.upper()
        ),
        "delimiter": DELIMITERS[reading.delimiter],
    }


def check(reading: Reading) -> list[Finding]:
    """Look at what a frame does not show any more."""
    return _names(reading) + _rows(reading) + _encoding(reading)


def _names(reading: Reading) -> list[Finding]:
    names = [name.strip() for name in reading.header]
    if len(names) > 1 and _all_numbers(names):
        return [
            Finding(
                "header", "problem", "The first line looks like data, not like names",
                f"It reads {listed(names)}.",
                "The first row is lost, and columns that are called by their first value can't be understood.",
                "Write names into the first line (with pandas: `read_csv(header=None, names=[...])`).",
            )
        ]  # fmt: skip
    twice = [name for name, times in Counter(names).items() if name and times > 1]
    unnamed = names.count("")
    if not twice and not unnamed:
        return []
    said = [
        f"{listed(twice)} more than once" if twice else "",
        f"{many(unnamed, 'column')} without one" if unnamed else "",
    ]
    only_index = unnamed == 1 and not names[0] and not twice
    return [
        Finding(
            "header", "note" if only_index else "warning", "Names of columns that are missing or not unique",
            f"Among the {len(names)} names: " + "; ".join(part for part in said if part) + ".",
            "pandas renames such columns by itself (`Unnamed: 0`, `price.1`), and soon nobody knows which is which."
            + (" A first column without a name is usually the row numbers of an earlier export." if only_index else ""),
            "Give every column a name of its own" + (", or drop the row numbers." if only_index else "."),
            tuple(twice), {"twice": twice, "unnamed": unnamed},
        )
    ]  # fmt: skip


def _all_numbers(names: list[str]) -> bool:
    known = np.array([bool(name) for name in names])
    values = read_numbers(names, known).values
    years = np.all((values >= 1700) & (values <= 2200) & (values == np.round(values)))  # one column a year is a habit
    return bool(known.all() and np.isfinite(values).all() and not years)


def _rows(reading: Reading) -> list[Finding]:
    odd = reading.short + reading.long
    if not odd:
        return []
    share = odd / max(1, reading.rows)
    return [
        Finding(
            "rows", "problem" if share > 0.05 else "warning", f"{many(odd, 'row')} with too many or too few cells",
            f"The header has {len(reading.header)} names; {many(reading.long, 'row')} of {reading.rows:,} have more "
            f"cells, {reading.short:,} have fewer. Here, what was too much was cut off and what was lacking is "
            "missing.",
            "A cell that holds the delimiter without quotation marks, or a line that breaks in the middle, moves all "
            "later cells of the row into wrong columns.",
            "Find these rows in the file and repair them, or write the file again with quotation marks around texts "
            "(pandas stops at such rows, or drops them with `on_bad_lines=\"skip\"`).",
            (), {"long": reading.long, "short": reading.short, "share": share},
        )
    ]  # fmt: skip


def _encoding(reading: Reading) -> list[Finding]:
    if reading.encoding in ("utf-8", "utf-8-sig"):
        return []
    return [
        Finding(
            "encoding", "note", "The file is not UTF-8",
            f"It was read as {about(reading)['encoding']}"
            + (", the usual encoding of older Windows programs." if reading.encoding == "cp1252" else "."),
            "`pandas.read_csv` expects UTF-8: it stops with an error, or shows broken letters.",
            f"Read it with `encoding={reading.encoding!r}`, look whether accents are right, and save it as UTF-8.",
            (), {"encoding": reading.encoding},
        )
    ]  # fmt: skip
