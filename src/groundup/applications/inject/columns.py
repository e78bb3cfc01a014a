"""Whole columns that should not be there: one that knows the answer, one that says nothing, one that names the row."""

from typing import Any

import numpy as np
import pandas as pd

from groundup.applications.inject.tables import check_rate, draw


def leak(
    table: pd.DataFrame, target: Any, strength: float, rng: np.random.Generator, name: str = "leak"
) -> tuple[pd.DataFrame, np.ndarray]:
    """Add a column that knows the target: in each row, with chance ``strength``, it is this row's own target.

    In the other rows it is the target of a row drawn at random, so its values are as frequent as the target's whatever
    the strength. Of a target of numbers, the correlation with the column is ``strength``, on average.

    Parameters
    ----------
    table : the frame.
    target : (N,) values, or the name of a column.
    strength : 0, the column knows nothing; 1, it is the target.

    Returns
    -------
    The copy with the column, and a mask (N,): True where the column was given the row's own target.
    """
    check_rate(strength, "strength")
    _check_new(table, name)
    values = table[target] if isinstance(target, str) else pd.Series(target)
    if len(values) != len(table):
        raise ValueError(f"got {len(values)} targets for {len(table)} rows, expected as many")
    own = draw(strength, len(table), rng)
    source = np.where(own, np.arange(len(table)), rng.integers(len(table), size=len(table)))
    return table.assign(**{name: values.iloc[source].set_axis(table.index)}), own


def constant(table: pd.DataFrame, value: Any = "EUR", name: str = "constant") -> tuple[pd.DataFrame, str]:
    """Add a column with the same value in every row; the truth is its name."""
    _check_new(table, name)
    return table.assign(**{name: value}), name


def identifier(table: pd.DataFrame, rng: np.random.Generator, name: str = "id") -> tuple[pd.DataFrame, str]:
    """Add a column that names the row, a number of its own for each in random order; the truth is its name."""
    _check_new(table, name)
    return table.assign(**{name: 100_000 + rng.permutation(len(table))}), name


def _check_new(table: pd.DataFrame, name: str) -> None:
    if name in table.columns:
        raise ValueError(f"got the name {name!r}, which the table has already: choose another")
