"""Missing values: how many, which go together, and whether it tells something that they are missing."""

import numpy as np

from groundup.applications.audit.columns import Column
from groundup.applications.audit.statistics import bins_of, difference_of_shares, permutation_test, power, predicted
from groundup.applications.audit.table import Table
from groundup.applications.finding import Finding, listed, many

FEW, MANY = 0.05, 0.5  # shares of missing values: below, a note; above, more is missing than known
ENOUGH = 10  # rows with and without a value that a test needs
ROWS = 20_000  # rows that the tests look at


def check(table: Table) -> list[Finding]:
    """Look at the gaps of every column."""
    found = _empty(table) + _shares(table) + _target(table)
    groups = _groups(table)
    return found + _together(table, groups) + _depends(table, groups) + _tells(table, groups)


def _empty(table: Table) -> list[Finding]:
    empty = [column for column in table.columns if column.kind == "empty"]
    if not empty:
        return []
    return [
        Finding(
            "missing", "warning",
            f"Empty: {listed(column.name for column in empty)}",
            f"{len(empty)} of {len(table.columns)} columns hold no value at all.",
            "An empty column teaches nothing, and some tools fail on it.",
            "Ask whether something was lost on the way; if not, drop it.",
            tuple(column.name for column in empty),
            {"columns": len(empty)},
        )
    ]  # fmt: skip


def _shares(table: Table) -> list[Finding]:
    with_gaps = [column for column in table.columns if column.kind != "empty" and column.missing.any()]
    if not with_gaps:
        return []
    with_gaps.sort(key=lambda column: -column.missing.mean())
    shares = {column.name: float(column.missing.mean()) for column in with_gaps}
    whole = int((~np.any([column.missing for column in with_gaps], axis=0)).sum())
    most = next(iter(shares.values()))
    return [
        Finding(
            "missing", "note" if most < FEW else "warning",
            f"Missing values in {listed(shares)}",
            f"`{with_gaps[0].name}` lacks {most:.1%} of its values"
            + (f", and {many(len(shares) - 1, 'other column')} some too" if len(shares) > 1 else "")
            + f". {whole:,} of {table.rows:,} rows ({whole / table.rows:.0%}) have no gap in any column.",
            "Dropping the rows with gaps throws away the rest of them, and distorts the data unless the gaps are there "
            "by pure chance. Filling them with the mean invents values that look like measured ones.",
            "Find out why they are missing. Fill numbers with the median and add a column that says where (in "
            "scikit-learn `SimpleImputer(add_indicator=True)`), learned from the training rows alone; give categories "
            "a level \"missing\"."
            + (" Above one half, ask whether the column is worth keeping." if most > MANY else ""),
            tuple(shares),
            {"shares": shares, "complete_rows": whole},
            {"kind": "missing", "shares": shares},
        )
    ]  # fmt: skip


def _target(table: Table) -> list[Finding]:
    if table.target is None or not table.target.column.missing.any():
        return []
    lacking = int(table.target.column.missing.sum())
    share = lacking / table.rows
    return [
        Finding(
            "missing", "warning" if share > 0.01 else "note",
            f"The target `{table.target.name}` is missing in {share:.1%} of the rows",
            f"{lacking:,} of {table.rows:,} rows have no answer to learn from or to be measured with.",
            "Rows without a target can't be used. If the answer is missing for a reason, the rest is not a fair "
            "sample.",
            "Drop these rows, after asking why they have no answer; don't fill them in.",
            (table.target.name,),
            {"rows": lacking, "share": share},
        )
    ]  # fmt: skip


def _groups(table: Table) -> list[list[Column]]:
    """Columns whose gaps are in the same rows, but for one row in fifty; only columns with enough gaps and values."""
    groups: list[list[Column]] = []
    for column in table.columns:
        lacking = int(column.missing.sum())
        if column.kind == "empty" or lacking < ENOUGH or table.rows - lacking < ENOUGH:
            continue
        for group in groups:
            either = (group[0].missing | column.missing).sum()
            if (group[0].missing & column.missing).sum() >= 0.98 * either:
                group.append(column)
                break
        else:
            groups.append([column])
    return sorted(groups, key=lambda group: -int(group[0].missing.sum()))


def _together(table: Table, groups: list[list[Column]]) -> list[Finding]:
    blocks = [group for group in groups if len(group) > 1]
    if not blocks:
        return []
    said = [f"{listed(c.name for c in group)} in {int(group[0].missing.sum()):,} rows" for group in blocks[:4]]
    return [
        Finding(
            "missing", "note",
            f"Gaps that come together: {listed(column.name for column in blocks[0])}",
            "Missing in the same rows: " + "; ".join(said) + ".",
            "Values that go missing together have one cause: a question that was not asked, a table that did not "
            "match. Then \"missing\" is a fact about the row and not bad luck of each value.",
            "Name the cause, and make it a column of its own (such as \"has a co-applicant\"): it says in one place "
            "what the gaps say in many.",
            tuple(column.name for group in blocks for column in group),
            {"blocks": [[column.name for column in group] for group in blocks]},
        )
    ]  # fmt: skip


def _depends(table: Table, groups: list[list[Column]]) -> list[Finding]:
    """Which column tells best where another has its gaps?"""
    rows = table.some_rows(ROWS, "missing depends")
    told: dict[str, tuple[str, float]] = {}
    for number, group in enumerate(groups[:20]):
        mask = group[0].missing[rows]
        if min(mask.sum(), (~mask).sum()) < 3 * ENOUGH:
            continue
        scores = np.stack([mask, ~mask], axis=1).astype(float)
        best = ("", 0.0, 0.0)
        for column in table.predictors:
            # A column with gaps of its own in the same rows would tell nothing new.
            if column in group or (mask & column.missing[rows]).sum() > 0.5 * mask.sum():
                continue
            guess = predicted(bins_of(column, rows), scores, table.rng(f"missing {number}"))
            strength = power(guess, scores, classes=True)
            best = max(best, (column.name, strength.score, strength.low), key=lambda item: item[2])
        if best[2] > 0.6:
            told[group[0].name] = best[:2]
    if not told:
        return []
    said = [f"those of `{name}` from `{by}` (AUC {area:.2f})" for name, (by, area) in list(told.items())[:4]]
    name, (by, _) = next(iter(told.items()))
    return [
        Finding(
            "missing", "note",
            f"The gaps of `{name}` depend on `{by}`",
            "Where the gaps are can be told: " + "; ".join(said) + ". An AUC of 0.5 would be chance, 1 certainty.",
            "The gaps are not there by pure chance, so the rows without gaps are not a fair sample of all rows. What "
            "depends on columns that are there can be made good by them (\"missing at random\").",
            f"Keep `{by}` among the columns when you fill the gaps, and don't drop the rows that have them.",
            (name, by),
            {"told_by": {name: {"column": by, "auc": area} for name, (by, area) in told.items()}},
        )
    ]  # fmt: skip


def _tells(table: Table, groups: list[list[Column]]) -> list[Finding]:
    """Do rows with a gap have another target than the rest? Tested for all gaps together, by permutation."""
    target = table.target
    if target is None or target.is_constant:
        return []
    rows = table.some_rows(ROWS, "missing tells", target.rows)
    masks = np.array([group[0].missing[rows] for group in groups], dtype=bool).reshape(len(groups), len(rows)).T
    usable = (masks.sum(axis=0) >= ENOUGH) & ((~masks).sum(axis=0) >= ENOUGH)
    masks, groups = masks[:, usable], [group for group, ok in zip(groups, usable) if ok]
    if not groups:
        return []
    scores = target.scores[np.searchsorted(target.rows, rows)]
    p_values = permutation_test(masks, scores, table.rng("missing tells"))
    found = []
    for mask, group, p in zip(masks.T, groups, p_values):
        if p <= 0.01:
            found.append(_told(table, group, mask, scores, float(p)))
    return found


def _told(table: Table, group: list[Column], mask: np.ndarray, scores: np.ndarray, p: float) -> Finding:
    target = table.target
    assert target is not None
    gaps, rest = int(mask.sum()), int((~mask).sum())
    name = listed(column.name for column in group)
    if target.task == "classes":
        k = int(np.abs(scores[mask].mean(axis=0) - scores[~mask].mean(axis=0)).argmax())
        hits, others = int(scores[mask, k].sum()), int(scores[~mask, k].sum())
        gap, low, high = difference_of_shares(hits, gaps, others, rest)
        what = f"of class `{target.classes[k]}`"
        evidence = (
            f"Where {name} is missing, {hits / gaps:.1%} of {gaps:,} rows are {what}; elsewhere {others / rest:.1%} of "
            f"{rest:,}. The difference is {100 * gap:+.1f} points (95% interval {100 * low:+.1f} to {100 * high:+.1f})"
        )
        numbers = {"share_missing": hits / gaps, "share_present": others / rest}
        picture = {
            "kind": "shares", "label": f"share {what}".replace("`", ""),
            "groups": [[f"{group[0].name} missing", hits, gaps], [f"{group[0].name} known", others, rest]],
        }  # fmt: skip
        matters = min(abs(low), abs(high)) >= 0.02 and low * high > 0
    else:
        first, second = scores[mask, 0], scores[~mask, 0]
        gap = float(first.mean() - second.mean())
        reach = 1.96 * float(np.sqrt(first.var() / gaps + second.var() / rest))
        low, high = gap - reach, gap + reach
        evidence = (
            f"Where {name} is missing ({gaps:,} rows), `{target.name}` has the mean place {first.mean():.0%} in the "
            f"order of all values (0%: smallest, 100%: largest); elsewhere {second.mean():.0%}. The difference is "
            f"{100 * gap:+.1f} points (95% interval {100 * low:+.1f} to {100 * high:+.1f})"
        )
        numbers = {"place_missing": float(first.mean()), "place_present": float(second.mean())}
        picture = None
        matters = min(abs(low), abs(high)) >= 0.02 and low * high > 0
    return Finding(
        "missing", "warning" if matters else "note",
        f"That {name} is missing tells about the target",
        f"{evidence}. Chance alone, over all columns with gaps, does as much in at most {1000 * p:.0f} of "
        "1,000 shuffled tables.",
        "The gap itself carries information: a model that fills it silently loses it, and dropping these rows changes "
        "the mix of the target. It can also be a leak: a value that is only filled in once the outcome is known.",
        "Keep an indicator column. Ask when the value is filled in: if after the outcome, neither value nor indicator "
        "may be used.",
        tuple(column.name for column in group),
        numbers | {"difference": gap, "low": low, "high": high, "p": p},
        picture,
    )  # fmt: skip
