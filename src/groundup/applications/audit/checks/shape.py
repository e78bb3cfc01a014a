"""Columns that teach nothing, or too much by heart: constants, names of rows, twins, too many categories."""

from collections import defaultdict

import numpy as np

from groundup.applications.audit.columns import Column
from groundup.applications.audit.table import Table
from groundup.applications.finding import Finding, listed

NEARLY = 0.995  # the share of one value that makes a column nearly constant
RARE = 10  # a category of fewer rows teaches little
FEW_ROWS = 100


def check(table: Table) -> list[Finding]:
    """Look at the shape of the table and of each column."""
    return _size(table) + _constant(table) + _identifiers(table) + _twins(table) + _categories(table)


def _size(table: Table) -> list[Finding]:
    found = []
    if table.rows < FEW_ROWS:
        found.append(
            Finding(
                "size", "note", f"Only {table.rows} rows",
                "Many checks need more; that they found nothing means little here.",
                "With so few rows a score depends on the split more than on the model.",
                "Repeat everything over many splits (repeated cross-validation), and keep the model simple.",
                (), {"rows": table.rows},
            )
        )  # fmt: skip
    if len(table.predictors) >= table.rows:
        found.append(
            Finding(
                "size", "warning", "More columns than rows",
                f"{len(table.predictors)} columns, {table.rows} rows.",
                "With as many columns as rows even a straight line fits chance perfectly.",
                "Regularise strongly, choose columns inside the cross-validation, or get more rows.",
                (), {"rows": table.rows, "columns": len(table.predictors)},
            )
        )  # fmt: skip
    return found


def _constant(table: Table) -> list[Finding]:
    constant = [column for column in table.columns if column.kind == "constant"]
    nearly = {
        column.name: float(column.counts.max() / table.rows)
        for column in table.predictors
        if len(column.levels) > 1 and table.rows >= 200 and column.counts.max() >= NEARLY * table.rows
    }
    found = []
    if constant:
        found.append(
            Finding(
                "constant", "warning", f"Always the same: {listed(column.name for column in constant)}",
                "; ".join(f"`{c.name}` is `{c.shown(0)}` in all rows" for c in constant[:4]) + ".",
                "A column with one value tells no row from another, and scaling it divides by zero.",
                "Drop it, after asking whether it should vary: it may be a filter, or a join that failed.",
                tuple(column.name for column in constant),
            )
        )  # fmt: skip
    if nearly:
        found.append(
            Finding(
                "constant", "note", f"Nearly always the same: {listed(nearly)}",
                "; ".join(f"`{name}` has one value in {nearly[name]:.2%} of the rows" for name in list(nearly)[:4])
                + ".",
                "The few other rows can fall into one part of a split, and the column is constant in the other.",
                "Keep it if the rare value matters; otherwise drop it.",
                tuple(nearly), {"shares": nearly},
            )
        )  # fmt: skip
    return found


def _identifiers(table: Table) -> list[Finding]:
    names = [column for column in table.columns if column.kind == "identifier"]
    if not names:
        return []
    # Numbers that only grow down the file may be its line numbers, or time in a series.
    counted = all(c.holds == "numbers" and bool((np.diff(c.values[~c.missing]) > 0).all()) for c in names)
    return [
        Finding(
            "identifier", "note" if counted else "warning",
            f"Names of rows: {listed(column.name for column in names)}",
            "; ".join(f"`{c.name}` has {len(c.levels):,} values ({c.shown(0)}, {c.shown(1)}, ...)" for c in names[:4])
            + f" in {table.rows:,} rows.",
            "No new row has a value that was seen in training, so all that can be learned from it is by heart. Numbers "
            "given in order also tell when a row came, which can leak the target.",
            "Leave it out of what the model sees; keep it to find the row again. If one name occurs in several rows (a "
            "patient, a device), split by it: all rows of a name on one side.",
            tuple(column.name for column in names),
        )
    ]  # fmt: skip


def _twins(table: Table) -> list[Finding]:
    """Columns that say the same in other words: one value of the first always goes with one of the second."""
    groups: dict[bytes, list[str]] = defaultdict(list)
    for column in table.predictors:
        if len(column.levels) > 1:
            groups[_pattern(column)].append(column.name)
    twins = [names for names in groups.values() if len(names) > 1]
    if not twins:
        return []
    return [
        Finding(
            "twins", "note", f"The same twice: {listed(twins[0])}",
            "; ".join(f"each value of `{names[0]}` goes with one of {listed(names[1:])}" for names in twins[:4]) + ".",
            "Two columns that say the same bring no information, and what a model learns is divided between them at "
            "random: weights and importances can't be read any more.",
            "Keep one of them.",
            tuple(name for names in twins for name in names), {"groups": twins},
        )
    ]  # fmt: skip


def _pattern(column: Column) -> bytes:
    """What stays of a column when its values are renamed: each row says which earlier row had its value first.

    Where most rows have a value of their own, any two columns would look alike; then it is their order that stays.
    """
    known = column.codes[column.codes >= 0]
    if len(column.levels) > len(known) / 2:
        if column.holds == "texts":
            return column.name.encode()  # its own alone
        ranks = np.where(column.codes < 0, -1, column.codes)
        if len(known) and known[0] > known[-1]:
            ranks = np.where(column.codes < 0, -1, len(column.levels) - 1 - column.codes)
        return ranks.astype(np.int64).tobytes()
    _, first, inverse = np.unique(column.codes, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64).tobytes()


def _categories(table: Table) -> list[Finding]:
    found = []
    many = {
        column.name: len(column.levels)
        for column in table.columns
        if column.kind == "category" and len(column.levels) > 50 and column.counts.sum() / len(column.levels) < 20
    }
    if many:
        name, levels = max(many.items(), key=lambda item: item[1])
        each = table.rows / levels
        found.append(
            Finding(
                "categories", "warning" if levels >= 100 and each < 5 else "note",
                f"Many categories: {listed(many)}",
                f"`{name}` has {levels:,} of them, {each:.1f} rows for each on average.",
                "One column for each category (one-hot) makes a wide table in which most columns have a handful of "
                "ones, and the mean of the target for each category (target encoding) remembers single rows.",
                "Put the rare ones together, use what a category is known for (its region, its size), encode the "
                "target out of fold (scikit-learn: `TargetEncoder`), or learn an embedding.",
                tuple(many), {"levels": many},
            )
        )  # fmt: skip
    if table.rows >= 200:
        rare = {
            column.name: int((column.counts[column.counts > 0] < RARE).sum())
            for column in table.predictors
            if column.kind == "category"
            and len(column.levels) <= 50
            and (column.counts[column.counts > 0] < RARE).any()
        }
        if rare:
            found.append(
                Finding(
                    "categories", "note", f"Rare categories in {listed(rare)}",
                    "; ".join(f"`{name}` has {rare[name]} with fewer than {RARE} rows" for name in list(rare)[:4])
                    + ".",
                    "What is learned from a handful of rows is chance, and a category can be in the test part without "
                    "being in the training part: then many tools fail.",
                    "Put them together, and give unknown ones a place (`OneHotEncoder(min_frequency=..., "
                    "handle_unknown=\"infrequent_if_exist\")`).",
                    tuple(rare), {"rare": rare},
                )
            )  # fmt: skip
    return found
