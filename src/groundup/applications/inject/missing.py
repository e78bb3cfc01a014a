"""Missing values of the three kinds that Rubin told apart (1976, "Inference and missing data").

- completely at random (MCAR): nothing says which values are missing. Only rows are lost, nothing is distorted.
- at random (MAR): what is missing depends on *other* columns, which are there to be seen. A model of the gap from those
  columns can repair it; dropping rows distorts.
- not at random (MNAR): what is missing depends on the missing value *itself*: the rich don't tell their income. No
  method can repair it from the data alone; that it is missing is information.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from groundup.applications.inject.tables import (
    Column,
    Table,
    chances_by_value,
    check_rate,
    column_of,
    draw,
    with_values,
)


def missing_completely_at_random(
    table: Table, rate: float, rng: np.random.Generator, columns: Sequence[Any] | None = None
) -> tuple[Table, np.ndarray]:
    """Remove every value with the same chance.

    Parameters
    ----------
    table : a frame, or an array (N, I) or (N,). Whole numbers become float, for only those have a NaN.
    rate : the chance of each value.
    columns : the columns in which values are removed, by default all.

    Returns
    -------
    The changed copy, and a mask of the table's shape: True where a value was removed. What was missing before is not
    marked.
    """
    check_rate(rate)
    if np.ndim(table) == 1:
        return _removed(table, None, rate, rng)
    names = list(table.columns) if isinstance(table, pd.DataFrame) else list(range(np.shape(table)[1]))
    chosen = names if columns is None else list(columns)
    mask = np.zeros(np.shape(table), dtype=bool)
    for column in chosen:
        column_of(table, column)  # an unknown column is an error
        table, mask[:, names.index(column)] = _removed(table, column, rate, rng)
    return (table if chosen else table.copy()), mask


def missing_at_random(
    table: Table, column: Column, given: Column, rate: float, rng: np.random.Generator, strength: float = 2.0
) -> tuple[Table, np.ndarray]:
    """Remove values of one column where *another* is large: p = sigmoid(a + strength · z(given)), p = rate on average.

    Parameters
    ----------
    table : a frame, or an array (N, I).
    column : the column that loses values.
    given : the column that it depends on; categories count in sorted order.
    rate : the chance on average.
    strength : change of the log-odds over one standard deviation of the order of ``given``; 0 is completely at random.

    Returns
    -------
    The changed copy, and a mask (N,): True where the value was removed.
    """
    if given == column:
        raise ValueError(f"got the column {column!r} twice: what depends on itself is missing_not_at_random")
    return _removed(table, column, chances_by_value(column_of(table, given), rate, strength), rng)


def missing_not_at_random(
    table: Table, column: Column, rate: float, rng: np.random.Generator, strength: float = 2.0
) -> tuple[Table, np.ndarray]:
    """Remove values of one column where they are large *themselves*: p = sigmoid(a + strength · z(value)).

    Parameters
    ----------
    table : a frame, or an array (N, I), or (N,) with ``column`` None.
    column : the column that loses values.
    rate : the chance on average.
    strength : change of the log-odds over one standard deviation of the order; negative, small values go missing.

    Returns
    -------
    The changed copy, and a mask (N,): True where the value was removed.
    """
    return _removed(table, column, chances_by_value(column_of(table, column), rate, strength), rng)


def _removed(
    table: Table, column: Column, chances: np.ndarray | float, rng: np.random.Generator
) -> tuple[Table, np.ndarray]:
    values = column_of(table, column)
    mask = draw(chances, len(values), rng) & ~np.asarray(pd.isna(values))
    if isinstance(values, pd.Series):
        if pd.api.types.is_bool_dtype(values):
            values = values.astype(object)  # a bool has no missing value
        return with_values(table, column, values.mask(mask)), mask
    values = np.asarray(values)
    if values.dtype.kind in "iub":
        values = values.astype(float)
    elif values.dtype.kind in "US":
        values = values.astype(object)
    values = values.copy()
    if mask.any():
        values[mask] = None if values.dtype == object else np.nan
    return with_values(table, column, values), mask
