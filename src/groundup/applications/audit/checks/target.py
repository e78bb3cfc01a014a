"""The target by itself: a constant, classes that are rare, rows in the order of the answer, numbers that lean."""

import numpy as np

from groundup.applications.audit.statistics import wilson
from groundup.applications.audit.table import Table, Target
from groundup.applications.finding import Finding, listed, number

RARE, UNEVEN = 0.2, 0.5  # the smallest class, compared with an even share: below, a warning; a note
FEW = 10


def check(table: Table) -> list[Finding]:
    """Look at the column that is to be predicted."""
    target = table.target
    if target is None:
        return []
    if target.is_constant:
        return [
            Finding(
                "imbalance", "problem", f"The target `{target.name}` has one value only",
                f"It is `{target.classes[0]}` in all {len(target.rows):,} rows where it is known.",
                "There is nothing to tell apart, so nothing can be learned.",
                "Is the table a part that was filtered by the answer? Take the rows of the other classes too.",
                (target.name,),
            )
        ]  # fmt: skip
    return (_classes(target) if target.task == "classes" else _numbers(target)) + _order(target)


def _classes(target: Target) -> list[Finding]:
    counts, names = target.column.counts, target.classes
    total, least = int(counts.sum()), int(counts.argmin())
    evenness = counts.min() / total * len(counts)
    tiny = [names[i] for i in np.flatnonzero(counts < FEW)]
    if evenness >= UNEVEN and not tiny:
        return []
    low, high = wilson(int(counts[least]), total)
    most = int(counts.argmax())
    return [
        Finding(
            "imbalance", "warning" if evenness < RARE or tiny else "note",
            f"Rare: class `{names[least]}` is {counts[least] / total:.1%} of the rows",
            f"{counts[least]:,} of {total:,} rows (95% interval {low:.1%} to {high:.1%}). Saying `{names[most]}` "
            f"every time is right for {counts[most] / total:.1%}."
            + (f" Classes of fewer than {FEW} rows: {listed(tiny)}." if tiny else ""),
            "Accuracy then measures the frequent class: a model that learned nothing looks good. And a split by pure "
            "chance can leave a part with hardly any of the rare class.",
            "Split with equal shares (stratified). Report the precision and recall of the rare class, average "
            "precision or balanced accuracy, beside what a constant answer gets. Weigh the classes or move the "
            "threshold."
            + (" Classes of so few rows can't be measured: put them together, or collect more." if tiny else ""),
            (target.name,),
            {
                "counts": dict(zip(names, counts.tolist())),
                "majority": float(counts[most] / total),
                "smallest": float(counts[least] / total),
            },
            {"kind": "counts", "counts": dict(zip(names, counts.tolist()))},
        )
    ]  # fmt: skip


def _numbers(target: Target) -> list[Finding]:
    values = target.column.values[target.rows]
    low, middle, high = np.quantile(values, [0.01, 0.5, 0.99])
    lean = (high + low - 2 * middle) / (high - low) if high > low else 0.0
    found = []
    if lean > 0.6 and values.min() >= 0:
        found.append(
            Finding(
                "imbalance", "note", f"The target `{target.name}` leans to one side",
                f"Its median is {number(middle)}, while one value in a hundred is above {number(high)}.",
                "A squared error listens mostly to the few largest values.",
                "Predict its logarithm, or use an absolute error; report the error in the units that matter.",
                (target.name,), {"median": float(middle), "high": float(high)},
            )
        )  # fmt: skip
    return found


def _order(target: Target) -> list[Finding]:
    """Do neighbours in the file have the same answer more often than by chance?"""
    codes = target.column.codes[target.rows]
    if target.task != "classes" or len(codes) < 50:
        return []
    shares = target.column.counts / target.column.counts.sum()
    chance, same = float((shares**2).sum()), float((codes[1:] == codes[:-1]).mean())
    z = (same - chance) / np.sqrt(chance * (1 - chance) / (len(codes) - 1))
    if z < 6 or same < (chance + 1) / 2:
        return []
    return [
        Finding(
            "order", "note", f"The rows are in the order of `{target.name}`",
            f"A row has the same class as the row before it in {same:.0%} of the cases; in random order it would be "
            f"{chance:.0%}.",
            "Cutting off the last fifth as a test part would test on classes that were never trained.",
            "Shuffle before splitting. If neighbours belong together (one patient, one session), split by these "
            "groups.",
            (target.name,), {"same": same, "chance": chance},
        )
    ]  # fmt: skip
