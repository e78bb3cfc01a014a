"""What a column holds: numbers, dates, categories, texts or names of rows, found out from the cells as written."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from groundup.applications.audit.parsing import is_missing, read_dates, read_numbers

Kind = Literal["number", "date", "category", "text", "identifier", "constant", "empty"]

MOST = 0.9  # a column is of numbers, or dates, when so many of its cells are; the others are strays
_ID_NAME = re.compile(r"(^|[_ .-])(id|uuid|guid|key|rownames?|index|nr|no)$|^unnamed|[a-z]I[dD]$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Column:
    """One column, its distinct values numbered: row i holds ``levels[codes[i]]``, or nothing where the code is −1.

    Parameters
    ----------
    name, kind : as found.
    codes : (N,) the number of each row's value.
    levels : (L,) the distinct values, sorted: float64 for numbers, datetime64 for dates, else texts.
    form : how it was written, where that is not plain: ``"$ and separators of thousands"``, the format of a date.
    strays : texts among numbers or dates, and how often each; they count as missing.
    facts : what else was noticed in reading.
    """

    name: str
    kind: Kind
    codes: np.ndarray
    levels: np.ndarray
    form: str = ""
    strays: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def missing(self) -> np.ndarray:
        """(N,) where there is no value."""
        return self.codes < 0

    @cached_property
    def counts(self) -> np.ndarray:
        """(L,) rows of each level."""
        return np.bincount(self.codes[~self.missing], minlength=len(self.levels))

    @property
    def holds(self) -> Literal["numbers", "dates", "texts"]:
        """What the levels are, whatever the kind: the name of a row can be a number."""
        kind = self.levels.dtype.kind
        return "numbers" if kind == "f" else "dates" if kind == "M" else "texts"

    @cached_property
    def values(self) -> np.ndarray:
        """(N,) float64, NaN where missing: numbers as they are, dates as days since 1970, of texts the codes."""
        if self.holds == "dates":
            levels = self.levels.astype("datetime64[s]").astype(float) / 86400
        else:
            levels = self.levels if self.holds == "numbers" else np.arange(len(self.levels), dtype=float)
        return np.where(self.missing, np.nan, levels[self.codes]) if len(levels) else np.full(len(self), np.nan)

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers only."""
        return self.holds == "numbers" and bool(np.all(self.levels == np.round(self.levels)))

    def shown(self, level: int) -> str:
        """One of its values, by number, as a reader would write it."""
        value = self.levels[level]
        if self.holds == "dates":
            return str(value.astype("datetime64[s]")).replace("T00:00:00", "")
        if self.holds == "numbers":
            return f"{value:.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:.6g}"
        return str(value)

    def take(self, rows: np.ndarray) -> "Column":
        """The same column with these rows only; levels stay, also those that no row has any more."""
        return Column(self.name, self.kind, self.codes[rows], self.levels, self.form, self.strays, self.facts)


def read_columns(frame: pd.DataFrame) -> list[Column]:
    """Find out what each column of a frame holds; columns of texts are read, others say it by their type."""
    return [read_column(str(name), frame.iloc[:, place]) for place, name in enumerate(frame.columns)]


def read_column(name: str, values: Any) -> Column:
    """Find out what one column holds.

    Parameters
    ----------
    name : its name; it helps to know the names of rows.
    values : (N,) texts as written in a file, or a Series or array of any type.
    """
    series = pd.Series(values)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if pd.api.types.is_datetime64_any_dtype(series):
        stamps: Any = series
        return _from_values(name, "date", stamps.dt.tz_localize(None).to_numpy("datetime64[us]"))
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        return _from_values(name, "number", series.to_numpy(dtype=float, na_value=np.nan))
    cells = series.to_numpy(dtype=object)
    return _from_texts(name, [c if isinstance(c, str) else "" if pd.isna(c) else str(c) for c in cells])


def _from_texts(name: str, cells: list[str]) -> Column:
    codes, written = pd.factorize(np.array(cells, dtype=object))
    texts, bare = [text.strip() for text in written], set(written) - {""}
    counts = np.bincount(codes, minlength=len(texts))
    known = np.array([not is_missing(text) for text in texts], dtype=bool)
    facts: dict[str, Any] = {
        # words that pandas reads as missing without a word: "NA" may be Namibia
        "null_words": {text: int(n) for text, n, ok in zip(texts, counts, known) if text and not ok},
        # values with white space around them, and those of them that occur without it too
        "padded": int(sum(n for text, n in zip(written, counts) if text != text.strip() != "")),
        "padded_twins": int(sum(n for text, n in zip(written, counts) if text != text.strip() in bare)),
    }
    if not known.any():
        return Column(name, "empty", np.full(len(cells), -1), np.array([], dtype=object), facts=facts)
    present = int(counts[known].sum())

    for kind in ("number", "date"):
        parsed = read_numbers(texts, known) if kind == "number" else read_dates(texts, known, counts)
        fits = ~pd.isna(parsed.values)
        facts |= {f"{kind}_share": float(counts[fits].sum() / present), f"{kind}_levels": int(fits.sum())}
        if facts[f"{kind}_share"] >= MOST:
            strays = {texts[i]: int(counts[i]) for i in np.flatnonzero(known & ~fits)}
            return _from_values(name, kind, parsed.values[codes], parsed.form, strays, facts | parsed.facts)
        facts |= {"leading_zeros": True} if "leading_zeros" in parsed.facts else {}

    levels = sorted({text for text, ok in zip(texts, known) if ok})
    place = {text: number for number, text in enumerate(levels)}
    numbered = np.array([place[text] if ok else -1 for text, ok in zip(texts, known)])
    column = Column(name, "category", numbered[codes], np.array(levels, dtype=object), facts=facts)
    return _with_kind(column, _kind_of_texts(column))


def _from_values(
    name: str,
    kind: Kind,
    values: np.ndarray,
    form: str = "",
    strays: dict[str, int] | None = None,
    facts: dict[str, Any] | None = None,
) -> Column:
    """Number the distinct numbers or dates."""
    unknown = np.isnat(values) if kind == "date" else ~np.isfinite(values)
    levels, numbered = np.unique(values[~unknown], return_inverse=True)
    codes = np.full(len(values), -1)
    codes[~unknown] = numbered
    column = Column(name, kind, codes, levels, form, strays or {}, facts or {})
    return _with_kind(column, "identifier" if kind == "number" and _names_rows(column) else kind)


def _with_kind(column: Column, kind: Kind) -> Column:
    if len(column.levels) == 0:
        kind = "empty"
    elif len(column.levels) == 1 and not column.missing.any():
        kind = "constant"
    return Column(column.name, kind, column.codes, column.levels, column.form, column.strays, column.facts)


def _names_rows(column: Column) -> bool:
    """Whether whole numbers look like the names of rows and not like a measurement.

    They do when most are different and the column's name says so; or when no two are the same, and they are numbered
    through (1 to N in any order) or spread as evenly as drawn numbers are: amounts and counts crowd together, and then
    some are equal.
    """
    n = len(column) - int(column.missing.sum())
    if n < 30 or not column.is_whole:
        return False
    if len(column.levels) > n / 2 and _ID_NAME.search(column.name):
        return True
    if len(column.levels) < n:
        return False
    low, high = column.levels[0], column.levels[-1]
    if high - low + 1 <= 1.1 * n:
        return not (low >= 1700 and high <= 2200)  # years
    steps = np.abs((column.levels - low) / (high - low) - np.arange(n) / (n - 1))
    return n >= 200 and bool(steps.max() < 1.22 / np.sqrt(n))  # Kolmogorov and Smirnov: even, at the level of 10%


def _kind_of_texts(column: Column) -> Kind:
    levels, present = [str(text) for text in column.levels[:2000]], int(column.counts.sum())
    words = np.mean([text.count(" ") + 1 for text in levels])
    length = np.mean([len(text) for text in levels])
    if len(column.levels) >= 30 and len(column.levels) >= 0.999 * present and words < 1.5 and length <= 64:
        return "identifier"
    if len(column.levels) >= 30 and len(column.levels) > 0.5 * present and (words >= 3 or length > 64):
        return "text"
    return "category"
