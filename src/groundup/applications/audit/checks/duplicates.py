"""Rows that occur twice: exactly, or nearly. Copies on both sides of a split make a model look better than it is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from groundup.applications.audit.columns import Column
from groundup.applications.audit.parsing import fold
from groundup.applications.audit.table import Table
from groundup.applications.finding import Finding, many

WORTH = 0.01  # share of copies from which on they matter
NEAR = 0.1  # a row is a near-copy when its nearest neighbour is ten times nearer than the second nearest
ROWS = 6_000  # rows among which near-copies are sought

WHY = (
    "If a row and its copy fall on both sides of a split, the model is tested on what it has learned by heart, and "
    "its score is too good. Copies also count double in training."
)


def check(table: Table) -> list[Finding]:
    """Look for copies of rows; columns that name the row are left out, for they hide copies."""
    columns = [c for c in table.all_columns if c.kind not in ("identifier", "constant", "empty") and len(c.levels) > 1]
    if len(columns) < 2 or table.rows < 20:
        return []
    return _exact(table, columns) + _contradictions(table) + _near(table, columns)


def row_hashes(columns: list[Column], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (N,) one number for each row, and (C, N) the part of each column in it.

    Each value of each column gets a random number of 64 bits, and a row the sum of its values' (Zobrist 1970). Equal
    rows have equal sums; different ones don't, but for odds of one in 10¹⁹. Subtracting a column's part compares the
    rows without that column.
    """
    parts = np.empty((len(columns), len(columns[0])), dtype=np.uint64)
    for part, column in zip(parts, columns):
        table = rng.integers(0, 2**64 - 1, len(column.levels) + 1, dtype=np.uint64)
        part[:] = table[column.codes]  # code −1, missing, takes the last
    return parts.sum(axis=0, dtype=np.uint64), parts


def copies(hashes: np.ndarray) -> int:
    """How many rows repeat an earlier one."""
    return len(hashes) - len(np.unique(hashes))


def pairs(hashes: np.ndarray) -> int:
    """How many pairs of rows are equal."""
    counts = np.unique(hashes, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def are_copies(hashes: np.ndarray, parts: np.ndarray, columns: list[Column]) -> bool:
    """Tell copies from rows that are equal by coincidence.

    In a table of three short columns, many rows are equal and none is a copy. So take a column away: some more pairs of
    rows are equal now. If equal rows are coincidences, those pairs agree in the column that was taken away about as
    often as any two rows do; copies agree always. Columns that hang together agree more often than by chance even so:
    therefore each column is tried, and all have to speak for copies.
    """
    same, equal = copies(hashes), pairs(hashes)
    agreement = np.array([((column.counts / max(1, column.counts.sum())) ** 2).sum() for column in columns])
    telling = agreement <= max(0.5, agreement.min())  # that two rows are both "no" says little
    for part, chance, tell in zip(parts, agreement, telling):
        if not tell:
            continue
        without = hashes - part
        if equal / pairs(without) < (1 + chance) / 2 or stats.binom.sf(same - 1, copies(without), chance) > 1e-4:
            return False
    return True


def _exact(table: Table, columns: list[Column]) -> list[Finding]:
    hashes, parts = row_hashes(columns, table.rng("duplicates"))
    same = copies(hashes)
    if same == 0:
        return []
    share = same / table.rows
    _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
    example = int(first[counts.argmax()])
    numbers = {"rows": same, "share": share, "most": int(counts.max())}
    evidence = (
        f"{same:,} of {many(table.rows, 'row')} ({share:.1%}) repeat an earlier one in every column that does not name "
        "the row"
    )
    if not are_copies(hashes, parts, columns):
        return [
            Finding(
                "duplicates", "note", f"{many(same, 'row')} equal to another row", evidence + ". With so few different "
                "values in the columns, rows can be equal without being copies.", WHY,
                "Ask whether equal rows are the same case recorded twice; if so, keep one.", (), numbers,
            )
        ]  # fmt: skip
    return [
        Finding(
            "duplicates", "problem" if share >= 0.1 else "warning" if share >= WORTH else "note",
            f"{many(same, 'row')} copied from other rows",
            f"{evidence}; one of them occurs {counts.max()} times (first in row {table.row_name(example)}). Chance "
            "can't explain it: rows that agree in all other columns agree in the last one too.",
            WHY, "Find out where they come from. If they are the same case, keep one (`DataFrame.drop_duplicates`), "
            "before splitting.",
            (), numbers,
            {"kind": "rows", "rows": _examples(table, columns, np.flatnonzero(hashes == hashes[example])[:3].tolist())},
        )
    ]  # fmt: skip


def _examples(table: Table, columns: list[Column], rows: Sequence[int]) -> dict[str, Any]:
    """Some rows as they read, the first columns of them."""
    shown = columns[:8]
    cells = [[c.shown(int(c.codes[row])) if c.codes[row] >= 0 else "" for c in shown] for row in rows]
    named = [[table.row_name(row), *read] for row, read in zip(rows, cells)]
    return {"headers": ["row", *(column.name for column in shown)], "cells": named}


def _contradictions(table: Table) -> list[Finding]:
    """Rows that are equal in everything but the target: the best model can't be right for all of them."""
    target, columns = table.target, [c for c in table.columns if c.kind in ("number", "date", "category", "text")]
    if target is None or target.task != "classes" or target.is_constant or not columns:
        return []
    hashes = row_hashes(columns, table.rng("contradictions"))[0][target.rows]
    codes = target.column.codes[target.rows]
    _, group = np.unique(hashes, return_inverse=True)
    cells = np.unique(np.stack([group, codes]), axis=1, return_counts=True)
    of_group = np.zeros(group.max() + 1)
    np.maximum.at(of_group, cells[0][0], cells[1])
    wrong = int(len(codes) - of_group.sum())
    if wrong < WORTH * len(codes):
        return []
    return [
        Finding(
            "duplicates", "note", f"{many(wrong, 'row')} contradict others that are equal in all but `{target.name}`",
            f"A model that sees these columns can be right for {1 - wrong / len(codes):.1%} of the rows at most.",
            "Equal rows with different answers are wrong labels, or cases that these columns can't tell apart.",
            "Look at some of them. Repair wrong labels; otherwise no model can do better, and that is good to know.",
            (target.name,), {"rows": wrong, "best_accuracy": 1 - wrong / len(codes)},
        )
    ]  # fmt: skip


def _near(table: Table, columns: list[Column]) -> list[Finding]:
    rows = table.some_rows(ROWS, "near-duplicates")
    hashes = row_hashes(columns, table.rng("near-duplicates"))[0][rows]
    rows = rows[np.unique(hashes, return_index=True)[1]]  # exact copies have been told already
    if len(rows) < 50 or len(columns) < 3:
        return []
    parts = _embedded(columns, rows, table.rng("near-duplicates"))
    nearest, ratio = _neighbours(np.concatenate(parts, axis=1))
    # A pair that differs in one column only is what a table of few values has by coincidence; copies that were
    # disturbed differ in several, or in their spelling alone.
    apart = sum((part != part[nearest]).any(axis=1).astype(int) for part in parts)
    rng = table.rng("near-duplicates by chance")
    shuffled = _neighbours(np.concatenate([rng.permutation(part) for part in parts], axis=1))[1]
    # By chance: (d1/d2)^d is uniform in d dimensions, and the median of d1/d2 tells d. In tables of few values, where
    # that does not hold, the same table with each column shuffled shows what chance does.
    dimensions = np.log(0.5) / np.log(np.clip(np.median(ratio), 1e-3, 0.999))
    expected = max(NEAR**dimensions, float((shuffled < NEAR).mean()))
    near = (ratio < NEAR) & (apart != 1)
    close = int(near.sum())
    surplus = close - expected * len(rows)
    if stats.binom.sf(close - 1, len(rows), min(1.0, expected)) > 1e-6 or surplus < max(5, 0.005 * len(rows)):
        return []
    share = surplus / len(rows)
    first = int(np.flatnonzero(near)[ratio[near].argmin()])
    pair = [int(rows[first]), int(rows[nearest[first]])]
    shown = [table.row_name(row) for row in pair]
    numbers = {"rows": close, "looked_at": len(rows), "expected": expected * len(rows), "share": share}
    differ = [c for c in columns if c.codes[pair[0]] != c.codes[pair[1]]]
    return [
        Finding(
            "near-duplicates", "warning" if share >= WORTH else "note",
            f"About {surplus:,.0f} of {len(rows):,} rows have a near-copy",
            f"{close:,} rows lie ten times nearer to one other row than to any third; by chance it would be about "
            f"{expected * len(rows):,.0f}. For example, rows {shown[0]} and {shown[1]} differ "
            f"only a little, in {len(differ)} of {len(columns)} columns.",
            WHY + " Small differences (rounding, spelling, a second measurement) hide them from a search for equals.",
            "Look at such pairs. If they are the same case, keep one; if they are one person or device at several "
            "times, split by person or device, so that both rows fall on the same side.",
            (), numbers,
            {"kind": "rows", "rows": _examples(table, [*differ, *(c for c in columns if c not in differ)], pair)},
        )
    ]  # fmt: skip


def _embedded(columns: list[Column], rows: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Each column as coordinates, so that rows have distances.

    Numbers: shifted and scaled by median and interquartile range, the far ones drawn nearer. Texts: a random point of
    the unit sphere in four dimensions for each value, the same for values that read alike. Missing: far from all.
    """
    parts = []
    for column in columns:
        if column.holds == "texts":
            _, same = np.unique([fold(str(level)) for level in column.levels], return_inverse=True)
            points = rng.normal(size=(same.max() + 2, 4))
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            codes = column.codes[rows]
            parts.append(points[np.where(codes < 0, same.max() + 1, same[codes])])
        else:
            values = column.values[rows]
            low, middle, high = np.nanquantile(values, [0.25, 0.5, 0.75]) if np.isfinite(values).any() else (0, 0, 0)
            spread = (high - low) / 1.35 or np.nanstd(values) or 1.0
            parts.append(np.nan_to_num(np.arcsinh((values - middle) / spread), nan=5.0)[:, None])
    return parts


def _neighbours(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (M,) the nearest row of each, and its distance over that of the second nearest.

    All distances are computed, a block of rows at a time: in many dimensions no search tree is faster.
    """
    nearest, ratio = np.empty(len(places), dtype=int), np.empty(len(places))
    squares = (places**2).sum(axis=1)
    for start in range(0, len(places), 500):
        block = np.arange(start, min(start + 500, len(places)))
        distance = squares - 2 * places[block] @ places.T  # the row's own square is the same for all
        distance[np.arange(len(block)), block] = np.inf
        two = np.argpartition(distance, 2, axis=1)[:, :2]
        exact = np.sqrt(((places[two] - places[block][:, None]) ** 2).sum(axis=2))
        order = exact.argsort(axis=1)
        two, exact = np.take_along_axis(two, order, axis=1), np.take_along_axis(exact, order, axis=1)
        # Two neighbours at distance 0 read alike: such rows are near-copies too.
        nearest[block], ratio[block] = two[:, 0], exact[:, 0] / np.where(exact[:, 1] > 0, exact[:, 1], np.inf)
    return nearest, ratio
