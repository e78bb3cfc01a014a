"""Numbers that can't be right: codes for "unknown", mixed units, outliers."""

from typing import Any

import numpy as np

from groundup.applications.audit.columns import Column
from groundup.applications.audit.table import Table
from groundup.applications.finding import Finding, many, number

CODES = (-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999)
# How one unit is so many of another.
UNITS = {
    10: "millimetres and centimetres, or a shifted decimal point", 100: "a share and a percentage, or cents and euros",
    1000: "grams and kilograms, or thousands", 1e6: "millions", 12: "months and years, or feet and inches",
    60: "minutes and hours", 3600: "seconds and hours", 24: "hours and days", 7: "days and weeks",
    365.25: "days and years", 2.54: "centimetres and inches", 3.2808: "feet and metres",
    2.2046: "pounds and kilograms", 28.35: "grams and ounces", 3.7854: "litres and gallons",
}  # fmt: skip
LEAST = 50  # values that a judgement needs


def check(table: Table) -> list[Finding]:
    """Look at every column of numbers by itself."""
    found: list[Finding] = []
    columns = [c for c in table.all_columns if c.kind == "number" and c.counts.sum() >= LEAST]
    for column in columns:
        code, values = _coded(column)
        found += code
        found += _far(column, values, len(columns))
    return found


def _coded(column: Column) -> tuple[list[Finding], np.ndarray]:
    """Look for codes at the ends of the order; return the finding, and the values that are left."""
    levels, counts = column.levels, column.counts
    keep = np.ones(len(levels), dtype=bool)
    for place in (0, len(levels) - 1):
        if len(levels) >= 4 and _is_code(levels, counts, place):
            keep[place] = False
    values = np.repeat(levels[keep], counts[keep])
    if keep.all():
        return [], values
    codes = {float(levels[i]): int(counts[i]) for i in np.flatnonzero(~keep)}
    said = " and ".join(f"{number(code)} ({n:,} rows)" for code, n in codes.items())
    return [
        Finding(
            "disguised missing", "warning", f"`{column.name}` has a code among its numbers: {said.split(' (')[0]}",
            f"{said}, while all other values lie between {number(values.min())} and {number(values.max())}.",
            "Such a number stands for \"unknown\", or for \"and above\". Taken for a value it shifts the mean and the "
            "scale of the whole column.",
            "Look it up in the description of the data. If it means unknown, make it missing when you read the file "
            f"(`pandas.read_csv(..., na_values={{{column.name!r}: [{', '.join(f'{c:g}' for c in codes)}]}})`).",
            (column.name,), {"codes": {f"{code:g}": n for code, n in codes.items()}},
            _histogram(column, np.isin(levels, list(codes))),
        )
    ], values  # fmt: skip


def _is_code(levels: np.ndarray, counts: np.ndarray, place: int) -> bool:
    """Whether the smallest or largest value is a usual code, repeated, and set apart from the rest."""
    value, n = levels[place], counts.sum()
    rest, weights = np.delete(levels, place), np.delete(counts, place)
    if counts[place] < max(3, 0.002 * n) or counts[place] > 0.4 * n:
        return False
    gap = abs(value - (rest[0] if place == 0 else rest[-1]))
    spread = rest[-1] - rest[0]
    if value == 0:  # a weight of zero: nobody else comes near it
        middle = np.repeat(rest, weights)[int(weights.sum()) // 2]
        steps = np.diff(rest)
        return place == 0 and len(rest) >= 20 and rest[0] > 0.25 * middle and gap > 10 * np.median(steps)
    if value not in CODES:
        return False
    if value < 0 <= rest[0] and (value != -1 or counts[place] > 3 * np.median(weights) or rest[0] > 0):
        return True
    return gap > 0.5 * spread and abs(value) >= 99


def _far(column: Column, values: np.ndarray, columns: int) -> list[Finding]:
    """Look for values that lie apart from the rest, on either side."""
    found = [group for side in (1, -1) if (group := _apart(values, side, columns)) is not None]
    if not found:
        return []
    far = np.concatenate([values[group] for group in found])
    near = values[~np.any(found, axis=0)]
    odd = np.isin(column.levels, far)
    factor = _unit(far, near) if len(found) == 1 else None  # a unit moves all its values to one side
    if factor is not None:
        return [_mixed(column, far, near, factor, odd)]
    low, high = np.quantile(near, [0.01, 0.99])
    return [
        Finding(
            "outliers", "warning", f"{many(len(far), 'value')} of `{column.name}` far from all others",
            f"{_examples(far)}, while 98 of 100 of the others lie between {number(low)} and {number(high)}. The "
            "distance to the next value is larger than the tail of the others makes likely.",
            "They may be slips of the pen, codes, or rare truths. A mean, a scale or a squared error listens to them "
            "more than to all the rest.",
            "Look at these rows. Repair or remove what is wrong; keep what is true, and use what does not mind: "
            "logarithms, ranks, medians, an absolute error.",
            (column.name,), {"values": len(far), "share": len(far) / len(values)}, _histogram(column, odd),
        )
    ]  # fmt: skip


def _mixed(column: Column, far: np.ndarray, near: np.ndarray, factor: float, odd: np.ndarray) -> Finding:
    ratio = np.median(np.abs(far)) / np.median(np.abs(near))
    size = factor if factor >= 1 else 1 / factor
    return Finding(
        "units", "warning", f"`{column.name}` seems to mix two units",
        f"{many(len(far), 'value')} ({len(far) / (len(far) + len(near)):.1%}) form a group with the median "
        f"{number(np.median(far))}; the others have {number(np.median(near))}. That is {ratio:.3g} times, and "
        f"{factor:.4g} would be {UNITS[min(UNITS, key=lambda unit: abs(unit - size))]}.",
        "A model sees one scale and takes the others for outliers; means and scalings are of neither unit.",
        "Find out where they come from (another source, another form) and convert them; if it can't be known, make "
        "them missing.",
        (column.name,), {"values": len(far), "share": len(far) / (len(far) + len(near)), "factor": factor},
        _histogram(column, odd),
    )  # fmt: skip


def _apart(values: np.ndarray, side: int, columns: int) -> np.ndarray | None:
    """Return the mask of the values that lie apart on one side, or None. Equal values count once.

    In a tail that falls like a power, d^−a, the gaps between the logarithms of the largest distances from the median
    are exponential: k · a · log(d_k / d_{k+1}) has mean 1 (Rényi 1953). So a gap below which k values are left has the
    p-value (d_k / d_{k+1})^(−k·a). The exponent a is estimated from the values inside (Hill 1975). Nearly all tails
    fall faster, so the p-values are too large rather than too small.
    """
    values = _bell(values)
    signed = side * (values - np.median(values))
    distance = np.unique(signed[signed > 0])[::-1]
    inside = max(15, len(distance) // 10)
    most = min(len(distance) - inside - 1, len(distance) // 3)
    if most < 1:
        return None
    logs = np.log(distance)
    k = np.arange(1, most + 1)
    sums = np.concatenate([[0], np.cumsum(logs)])
    hill = (sums[k + inside] - sums[k]) / inside - logs[k + inside]
    gap = logs[k - 1] - logs[k]
    log_p = -k * gap / np.maximum(hill, 1e-3) + np.log(2 * most * columns)
    best = int(log_p.argmin())
    if log_p[best] > np.log(1e-4) or gap[best] < np.log(1.3):
        return None
    return signed > (distance[best] + distance[best + 1]) / 2


def _bell(values: np.ndarray) -> np.ndarray:
    """Take logarithms of positive values if that makes their distribution more even."""
    if values.min() <= 0:
        return values
    logs = np.log(values)
    return logs if abs(_lean(logs)) < abs(_lean(values)) else values


def _lean(values: np.ndarray) -> float:
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return float((high + low - 2 * middle) / (high - low)) if high > low else 0.0


def _unit(far: np.ndarray, near: np.ndarray) -> float | None:
    """The factor between units that takes the others to the group apart, or None."""
    if len(far) < 10 or (far == 0).any() or np.sign(np.median(far)) != np.sign(np.median(near)):
        return None
    first, second = np.log(np.abs(far)), np.log(np.abs(near[near != 0]))
    spreads = [float(np.subtract(*np.quantile(part, [0.75, 0.25])) / 1.35) for part in (first, second)]
    if min(spreads) <= 0 or not 0.4 < spreads[0] / spreads[1] < 2.5:
        return None
    distance = float(np.median(first) - np.median(second))
    reach = 0.02 + 2.5 * max(spreads) * np.sqrt(1.57 * (1 / len(first) + 1 / len(second)))
    factors = [f for unit in UNITS for f in (unit, 1 / unit)]
    nearest = min(factors, key=lambda factor: abs(distance - np.log(factor)))
    return nearest if abs(distance - np.log(nearest)) < reach else None


def _examples(far: np.ndarray) -> str:
    some = sorted(set(far.tolist()), key=abs, reverse=True)[:3]
    return (
        "Such as " + ", ".join(number(value) for value in some)
        if len(some) < len(far)
        else ", ".join(number(value) for value in some)
    )


def _histogram(column: Column, odd: np.ndarray) -> dict[str, Any]:
    """The values as a histogram on a scale that shows both groups, the odd ones apart."""
    levels, counts = column.levels, column.counts
    middle = np.median(np.repeat(levels[~odd], counts[~odd]))
    spread = np.subtract(*np.quantile(np.repeat(levels[~odd], counts[~odd]), [0.75, 0.25])) or 1.0
    scaled = np.arcsinh((levels - middle) / spread)
    edges = np.histogram_bin_edges(scaled, 40)
    bars = [np.histogram(scaled[part], edges, weights=counts[part])[0].tolist() for part in (~odd, odd)]
    ticks = [float(middle + spread * np.sinh(t)) for t in np.linspace(edges[0], edges[-1], 6)]
    return {
        "kind": "histogram", "label": column.name, "edges": edges.tolist(), "bars": bars,
        "names": ["the rest", "found"], "ticks": np.linspace(edges[0], edges[-1], 6).tolist(),
        "tick_labels": [number(float(f"{tick:.3g}")) for tick in ticks],
    }  # fmt: skip
