"""Drift: do the rows that a model will be used on look like those that it learns from?"""

from typing import Any

import numpy as np
from scipy import stats

from groundup.applications.audit.checks.duplicates import row_hashes
from groundup.applications.audit.checks.leakage import joint_power
from groundup.applications.audit.columns import Column
from groundup.applications.audit.table import Table, Target
from groundup.applications.finding import Finding, listed

LARGE = 0.1  # a distance between distributions from which on a shift is worth a warning
SURE = 0.001  # the p-value, over all columns, below which a shift is not chance
LEAST = 30


def check(table: Table, later: np.ndarray, names: tuple[str, str], leave_out: tuple[str, ...] = ()) -> list[Finding]:
    """Compare two parts of one table.

    Parameters
    ----------
    later : (N,) True for the rows of the second part (the test file, or the later rows).
    names : what the parts are called, such as ``("training", "test")``.
    leave_out : columns that differ by construction, such as the time that the table was cut by.
    """
    sizes = [int((~later).sum()), int(later.sum())]
    if min(sizes) < LEAST:
        return [
            Finding(
                "drift", "note", f"Too few rows to compare {names[0]} and {names[1]}",
                f"There are {sizes[0]:,} and {sizes[1]:,}, and each part needs {LEAST}.",
                "Of so few rows nobody can say whether they are others or differ by chance, so nothing was compared.",
                "Compare with more rows.", (), {"rows": sizes},
            )
        ]  # fmt: skip
    columns = [c for c in table.predictors if c.name not in leave_out]
    found = _shared(table, later, names)
    shifts = [(c, *_distance(c, later)) for c in columns]
    number = max(1, len(columns))
    moved = [(c, size) for c, size, p in shifts if p * number < SURE]
    moved.sort(key=lambda pair: -pair[1])
    for column, size in moved[:10]:
        found.append(_moved(column, later, size, names))
    if len(moved) > 10:
        more = [c.name for c, _ in moved[10:]]
        found.append(
            Finding(
                "drift", "note", f"Other columns that moved: {listed(more)}", f"{len(more)} more columns differ.",
                "See above.", "See above.", tuple(more),
            )
        )  # fmt: skip
    return found + _target_moved(table, later, names) + _together(table, columns, later, names)


def _distance(column: Column, later: np.ndarray) -> tuple[float, float]:
    """How far two distributions are apart, from 0 to 1, and the p-value of it being chance.

    Numbers: the largest distance between the cumulative distributions (Kolmogorov-Smirnov). Categories: the share of
    rows that would have to change category (total variation), tested by chi-square. A column that is missing in
    another share of the rows has moved too.
    """
    known = ~column.missing
    gaps = np.array([[column.missing[part].sum(), known[part].sum()] for part in (~later, later)])
    rates = gaps[:, 0] / gaps.sum(axis=1)
    size, p = abs(float(rates[0] - rates[1])), 1.0
    if gaps[:, 0].sum() and gaps[:, 1].sum():
        p = _p_value((stats.fisher_exact if gaps.min() < 5 else stats.chi2_contingency)(gaps))
    first, second = column.values[known & ~later], column.values[known & later]
    if min(len(first), len(second)) < LEAST:
        return size, p
    if column.holds == "texts" or len(column.levels) <= 20:
        counts = np.stack([np.bincount(part, minlength=len(column.levels)) for part in
                           (column.codes[known & ~later], column.codes[known & later])]).astype(float)  # fmt: skip
        size_2, p_2 = _of_counts(counts)
    else:
        size_2, p_2 = (float(number) for number in tuple(stats.ks_2samp(first, second, method="asymp"))[:2])
    return (size_2, p_2) if p_2 <= p else (size, p)


def _of_counts(counts: np.ndarray) -> tuple[float, float]:
    shares = counts / counts.sum(axis=1, keepdims=True)
    size = float(np.abs(shares[0] - shares[1]).sum() / 2)
    order = np.argsort(-counts.sum(axis=0))
    frequent = counts[:, order][:, counts.sum(axis=0)[order] >= 10]
    rare = counts.sum(axis=1) - frequent.sum(axis=1)
    if rare.sum() > 0:
        frequent = np.concatenate([frequent, rare[:, None]], axis=1)
    if frequent.shape[1] < 2:
        return size, 1.0
    # Of many categories the distance is never zero: what chance alone makes of it is taken off.
    n = counts.sum(axis=1)
    pooled = counts.sum(axis=0) / n.sum()
    by_chance = float(np.sqrt(2 / np.pi) * np.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1])).sum() / 2)
    return max(0.0, size - by_chance), _p_value(stats.chi2_contingency(frequent))


def _p_value(test: Any) -> float:
    return float(test.pvalue)


def _moved(column: Column, later: np.ndarray, size: float, names: tuple[str, str]) -> Finding:
    evidence, numbers = _described(column, later, names)
    return Finding(
        "drift", "warning" if size >= LARGE else "note",
        f"`{column.name}` is not the same in {names[0]} and {names[1]}",
        f"{evidence} The distributions are {size:.2f} apart (0: equal, 1: nothing in common), more than chance "
        "explains.",
        "A model is only good where it has seen data. What it learned about the one part may not hold in the other, "
        "and its probabilities will be off.",
        "Find out what changed: the world, the way of measuring, or who is in the table. Then train on data like "
        "those of the use, weigh the rows, or leave the column out if it only tells the parts apart.",
        (column.name,), numbers | {"distance": size}, _picture(column, later, names),
    )  # fmt: skip


def _described(column: Column, later: np.ndarray, names: tuple[str, str]) -> tuple[str, dict]:
    rates = [float(column.missing[part].mean()) for part in (~later, later)]
    said, numbers = "", {"missing": rates}
    if abs(rates[0] - rates[1]) > 0.02:
        said = f"Missing in {rates[0]:.1%} of {names[0]} and {rates[1]:.1%} of {names[1]}. "
    if column.holds == "texts":
        counts = [
            np.bincount(column.codes[part & ~column.missing], minlength=len(column.levels)) for part in (~later, later)
        ]
        new = [column.shown(i) for i in np.flatnonzero((counts[0] == 0) & (counts[1] > 0)).tolist()]
        shares = [count / max(1, count.sum()) for count in counts]
        most = int(np.abs(shares[0] - shares[1]).argmax())
        said += (
            f"`{column.shown(most)}` is {shares[0][most]:.1%} of {names[0]} and {shares[1][most]:.1%} of {names[1]}."
        )
        if new:
            rows = int(counts[1][counts[0] == 0].sum())
            said += f" {len(new)} categories are new in {names[1]} ({listed(new, 3)}; {rows:,} rows)."
        return said, numbers | {"new": new[:20]}
    middles = [int(np.nanargmin(np.abs(column.values - np.nanmedian(column.values[part])))) for part in (~later, later)]
    shown = [column.shown(column.codes[row]) for row in middles]
    return said + f"The median is {shown[0]} in {names[0]} and {shown[1]} in {names[1]}.", numbers | {"medians": shown}


def _picture(column: Column, later: np.ndarray, names: tuple[str, str]) -> dict | None:
    parts = (~later & ~column.missing, later & ~column.missing)
    if column.holds == "texts":
        counts = np.stack([np.bincount(column.codes[part], minlength=len(column.levels)) for part in parts])
        order = np.argsort(-counts.sum(axis=0))[:8]
        shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        return {"kind": "two bars", "label": column.name, "names": list(names),
                "groups": [column.shown(i)[:24] for i in order], "shares": shares[:, order].tolist()}  # fmt: skip
    values = column.values
    low, high = np.nanquantile(values, [0.005, 0.995])
    if high <= low:
        return None
    edges = np.linspace(low, high, 31)
    bars = [np.histogram(np.clip(values[part], low, high), edges)[0] / max(1, part.sum()) for part in parts]
    ticks = np.linspace(low, high, 5)
    dates = column.holds == "dates"
    labels = [str(np.datetime64(int(t), "D")) if dates else f"{t:.3g}" for t in ticks]
    return {"kind": "two histograms", "label": column.name, "names": list(names), "edges": edges.tolist(),
            "bars": [bar.tolist() for bar in bars], "ticks": ticks.tolist(), "tick_labels": labels}  # fmt: skip


def _target_moved(table: Table, later: np.ndarray, names: tuple[str, str]) -> list[Finding]:
    target = table.target
    if (
        target is None
        or target.is_constant
        or min((~target.column.missing & part).sum() for part in (later, ~later)) < LEAST
    ):
        return []
    size, p = _distance(target.column, later)
    if p > SURE:
        return []
    evidence, numbers = _described(_as_named(target), later, names)
    return [
        Finding(
            "drift", "warning" if size >= LARGE / 2 else "note",
            f"The target `{target.name}` itself is not the same in {names[0]} and {names[1]}",
            f"{evidence} The distributions are {size:.2f} apart, more than chance explains.",
            "Where the answers are mixed differently, thresholds and probabilities that were right before are wrong.",
            "Find out which mix the model will meet. Then correct the probabilities for it, or choose the threshold "
            "on such data.",
            (target.name,), numbers | {"distance": size}, _picture(_as_named(target), later, names),
        )
    ]  # fmt: skip


def _as_named(target: Target) -> Column:
    """The target as categories, if it is of classes: then their shares are what is compared."""
    if target.task == "number" or target.column.holds == "texts":
        return target.column
    column = target.column
    return Column(column.name, "category", column.codes, np.array(target.classes, dtype=object))


def _together(table: Table, columns: list[Column], later: np.ndarray, names: tuple[str, str]) -> list[Finding]:
    """Can a model tell from which part a row is? Then something has moved, if only in the way columns go together."""
    if not columns:
        return []
    part = Column("part", "category", later.astype(int), np.array(list(names), dtype=object))
    found = joint_power(columns, Target(part, "classes"), table)
    if found.low <= 0.55:
        return []
    return [
        Finding(
            "drift", "warning" if found.low > 0.65 else "note", f"A model can tell {names[0]} from {names[1]}",
            f"Asked which part a row is from, it has an area under the ROC curve of {found.score:.2f} on rows that it "
            "has not seen; 0.5 would be chance.",
            "It uses all columns together, so it also notices what none of them shows alone.",
            "Look at the columns named above first. If none is, columns go together in another way than before.",
            (), {"auc": found.score, "low": found.low},
        )
    ]  # fmt: skip


def _shared(table: Table, later: np.ndarray, names: tuple[str, str]) -> list[Finding]:
    """Rows of the second part that are also in the first."""
    columns = [c for c in table.columns if c.kind in ("number", "date", "category", "text") and len(c.levels) > 1]
    if len(columns) < 2:
        return []
    hashes = row_hashes(columns, table.rng("shared rows"))[0]
    both = int(np.isin(hashes[later], hashes[~later]).sum())
    # How many would be equal by coincidence? As many as rows of one part have equals in the same part.
    half = np.flatnonzero(~later)
    half = table.rng("shared rows by chance").permutation(half)
    cut = min(int(later.sum()), len(half) // 2)
    chance = int(np.isin(hashes[half[:cut]], hashes[half[cut:]]).sum()) / max(1, cut) * int(later.sum())
    share = both / int(later.sum())
    if both == 0 or both < 3 + 2 * chance or share < 0.002:
        return []
    return [
        Finding(
            "duplicates", "problem" if share >= 0.01 else "warning",
            f"{both:,} rows of {names[1]} are also in {names[0]}",
            f"{share:.1%} of the rows of {names[1]} are equal, in every column but the target and names of rows, to a "
            f"row of {names[0]}; within {names[0]} alone, such equality is rarer.",
            "The model is tested on rows that it was trained on: the score says how well it remembers.",
            "Remove from one part what is in the other, and find out how it got there: often the split came after "
            "copying, oversampling or joining.",
            (), {"rows": both, "share": share},
        )
    ]  # fmt: skip
