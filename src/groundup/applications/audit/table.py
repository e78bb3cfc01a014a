"""The table under audit: its columns, the one that is to be predicted, and a fixed source of chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from groundup.applications.audit.columns import Column, read_columns
from groundup.errors import UsageError

MOST_CLASSES = 100  # a target of more different texts is a name, not a class
FEW_NUMBERS = 20  # a target of whole numbers, no more different ones than this, is taken for classes


@dataclass(frozen=True, eq=False)
class Target:
    """The column to predict, on the rows where it is known.

    Parameters
    ----------
    column : as read, with all N rows.
    task : ``"classes"`` or ``"number"``.
    """

    column: Column
    task: Literal["classes", "number"]

    @property
    def name(self) -> str:
        return self.column.name

    @cached_property
    def rows(self) -> np.ndarray:
        """(M,) the numbers of the rows where the target is known."""
        return np.flatnonzero(~self.column.missing)

    @cached_property
    def classes(self) -> list[str]:
        """The names of the classes, in the order of the codes."""
        return [self.column.shown(level) for level in range(len(self.column.levels))]

    @cached_property
    def scores(self) -> np.ndarray:
        """(M, K) one column for each class, 1 where a row is of it; (M, 1) of a number, its place among all in [0, 1].

        Places instead of numbers: one enormous value can't decide everything.
        """
        if self.task == "classes":
            return (self.column.codes[self.rows][:, None] == np.arange(len(self.column.levels))).astype(float)
        ranks = pd.Series(self.column.values[self.rows]).rank().to_numpy()
        return ((ranks - 0.5) / len(ranks))[:, None]

    @property
    def is_constant(self) -> bool:
        return len(self.column.levels) < 2


@dataclass(frozen=True, eq=False)
class Table:
    """What the checks look at.

    Parameters
    ----------
    columns : all of them but the target, in their order.
    target : the column to predict, or None.
    seed : where all draws come from; each check draws from a generator of its own, so that none disturbs another.
    names : what the rows are called, by default their numbers from 0.
    """

    columns: list[Column]
    target: Target | None = None
    seed: int = 0
    names: Sequence[Any] | None = None

    @property
    def rows(self) -> int:
        return len(self.all_columns[0])

    def row_name(self, row: int) -> str:
        """What the reader calls a row: its index in the frame, which for a file is its place among the data rows."""
        return str(row if self.names is None else self.names[row])

    @property
    def all_columns(self) -> list[Column]:
        return [*self.columns, *([self.target.column] if self.target else [])]

    @property
    def predictors(self) -> list[Column]:
        """The columns that a model could learn from: neither empty nor constant, nor free text, nor names of rows."""
        return [column for column in self.columns if column.kind in ("number", "date", "category")]

    def rng(self, check: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *check.encode()])

    def some_rows(self, most: int, check: str, of: np.ndarray | None = None) -> np.ndarray:
        """At most so many row numbers, ascending, drawn at random from all (or from ``of``)."""
        rows = np.arange(self.rows) if of is None else of
        return rows if len(rows) <= most else np.sort(self.rng(check).choice(rows, most, replace=False))


def make_table(frame: pd.DataFrame, target: str | None = None, seed: int = 0) -> Table:
    """Read the columns of a frame, and set the target apart.

    Raises
    ------
    UsageError
        There is no such target, nothing of it is known, or it can't be predicted; or there is no other column.
    """
    columns = read_columns(frame)
    if target is None:
        return Table(columns, None, seed, list(frame.index))
    answer = columns[place_of(target, [column.name for column in columns], "target")]
    others = [column for column in columns if column is not answer]
    if not others:
        raise UsageError(f"The table has one column only, {answer.name!r}: there is nothing to predict it from.")
    if answer.kind == "empty":
        strays = f" (it says {', '.join(map(repr, answer.strays))})" if answer.strays else ""
        raise UsageError(f"The target {answer.name!r} is missing in all {len(answer):,} rows{strays}.")
    return Table(others, Target(answer, _task(answer)), seed, list(frame.index))


def place_of(name: str, names: Sequence[str], what: str) -> int:
    """Find a column by its name; an unknown one is answered with the nearest names."""
    if name in names:
        return names.index(name)
    small = {known.lower().strip(): known for known in reversed(names)}
    near = [small[key] for key in get_close_matches(name.lower().strip(), small, n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {_shortened(names)}."
    raise UsageError(f"There is no column {name!r} (asked for as the {what}). {hint}")


def _task(column: Column) -> Literal["classes", "number"]:
    if column.holds == "texts":
        if len(column.levels) > MOST_CLASSES:
            raise UsageError(
                f"The target {column.name!r} has {len(column.levels):,} different texts in {len(column):,} rows, "
                f"expected numbers or at most {MOST_CLASSES} classes: is it a name instead of an answer?"
            )
        return "classes"
    few = column.is_whole and len(column.levels) <= min(FEW_NUMBERS, max(2, len(column) // 10))
    return "classes" if few else "number"


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
