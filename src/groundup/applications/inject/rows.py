"""Faults of whole rows: too few of a class, another population than in training, rows that occur twice."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from groundup.applications.inject.tables import Column, Table, chances_by_value, check_rate, column_of, draw, take


def label_shift(
    table: Table, labels: Any, shares: Mapping[Any, float], rng: np.random.Generator
) -> tuple[Table, np.ndarray]:
    """Drop rows at random until the classes have these shares: p(y) changes, p(x | y) does not.

    As many rows as possible are kept, so some class loses none.

    Parameters
    ----------
    table : a frame or array with N rows.
    labels : (N,) the class of each row, or the name of a frame's column.
    shares : the wanted share of each class, such as ``{"bad": 0.05}``. Classes that are not named keep their
        proportions among themselves, and share what is left.

    Returns
    -------
    The copy with fewer rows, and the numbers of the rows that it has, ascending.
    """
    values = np.asarray(table[labels] if isinstance(labels, str) and isinstance(table, pd.DataFrame) else labels)
    if len(values) != len(table):
        raise ValueError(f"got {len(values)} labels for {len(table)} rows, expected as many")
    present, counts = np.unique(values, return_counts=True)
    unknown = [name for name in shares if name not in present]
    if unknown:
        raise ValueError(f"got shares of {unknown}, expected classes that occur: {present.tolist()}")
    named = sum(shares.values())
    others = sum(count for name, count in zip(present, counts) if name not in shares)
    if min(shares.values(), default=0) < 0 or named > 1 + 1e-9 or (others == 0 and abs(named - 1) > 1e-9):
        raise ValueError(f"got shares that sum to {named:g}, expected shares of one whole")
    wanted = np.array([shares[n] if n in shares else (1 - named) * c / others for n, c in zip(present, counts)])
    size = min(count / share for count, share in zip(counts, wanted) if share > 1e-12)
    kept = [
        rng.permutation(np.flatnonzero(values == name))[: round(size * share)] for name, share in zip(present, wanted)
    ]
    rows = np.sort(np.concatenate(kept))
    return take(table, rows), rows


def imbalance(table: Table, labels: Any, rare: Any, share: float, rng: np.random.Generator) -> tuple[Table, np.ndarray]:
    """Make one class rare: `label_shift` with the share of a single class."""
    check_rate(share, "share")
    return label_shift(table, labels, {rare: share}, rng)


def covariate_shift(
    table: Table, column: Column, rate: float, rng: np.random.Generator, strength: float = 2.0
) -> tuple[Table, np.ndarray]:
    """Keep rows by the value of one column: p(x) changes, p(y | x) does not.

    A row is kept with the chance sigmoid(a + strength · z(value)), ``rate`` on average.

    Returns
    -------
    The copy with fewer rows, and the numbers of the rows that it has, ascending.
    """
    values = column_of(table, column)
    rows = np.flatnonzero(draw(chances_by_value(values, rate, strength), len(values), rng))
    return take(table, rows), rows


def duplicates(table: Table, rate: float, rng: np.random.Generator) -> tuple[Table, np.ndarray]:
    """Copy each row with chance ``rate``; the copies stand at the end.

    Returns
    -------
    The longer table, and for each of its rows the number of the row it shows: 0 to N − 1, then the copied ones.
    """
    check_rate(rate)
    copied = np.flatnonzero(draw(rate, len(table), rng))
    source = np.concatenate([np.arange(len(table)), copied])
    return take(table, source), source


def near_duplicates(
    table: Table, rate: float, rng: np.random.Generator, size: float = 0.01, keep: Sequence[Any] = ()
) -> tuple[Table, np.ndarray]:
    """Copy each row with chance ``rate``, with the small differences that hide a copy from a search for equal rows.

    Fractional numbers are moved by a normal draw of ``size`` standard deviations of their column. In one text of each
    copy, a letter changes its case or a space is added at the end. Whole numbers, dates and pandas categories stay.

    Parameters
    ----------
    keep : columns of a frame that stay as they are, such as the target.

    Returns
    -------
    As `duplicates`.
    """
    longer, source = duplicates(table, rate, rng)
    first = len(table)
    copies = len(longer) - first
    if isinstance(longer, np.ndarray):
        if longer.dtype.kind == "f":
            longer[first:] += rng.normal(0, size, longer[first:].shape) * np.nanstd(table, axis=0)
        return longer, source
    changing = [name for name in longer.columns if name not in keep]
    texts = [name for name in changing if pd.api.types.is_string_dtype(longer[name])]
    chosen = rng.integers(max(1, len(texts)), size=copies)
    for name in changing:
        values = longer[name]
        if pd.api.types.is_float_dtype(values):
            moved = values.to_numpy(dtype=float, na_value=np.nan).copy()
            moved[first:] += rng.normal(0, size, copies) * np.nanstd(moved[:first])
            longer[name] = moved
        elif name in texts:
            written = values.to_list()
            for row in first + np.flatnonzero(chosen == texts.index(name)):
                if isinstance(written[row], str) and written[row]:
                    written[row] = _misprint(written[row], rng)
            longer[name] = pd.Series(written, dtype=values.dtype)
    return longer, source


def _misprint(text: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(len(text)))
    letter = text[place].swapcase()
    return text + " " if letter == text[place] else text[:place] + letter + text[place + 1 :]
