"""What all faults need of a table, be it a pandas frame or an array: a column, a changed copy, chances by value."""

from typing import Any

import numpy as np
import pandas as pd

Table = Any  # a pandas frame or a NumPy array; what comes back is of the same kind
Column = Any  # the name of a frame's column, or the number of an array's; None for an array of one dimension


def column_of(table: Table, column: Column) -> Any:
    """Return one column: a Series of a frame, a view (N,) of an array."""
    if isinstance(table, pd.DataFrame):
        if column not in table.columns:
            raise ValueError(f"got column {column!r}, expected one of {list(table.columns)}")
        return table[column]
    table = np.asarray(table)
    if table.ndim == 1:
        if column is not None:
            raise ValueError(f"got column {column!r} for an array of one dimension, expected None")
        return table
    if not isinstance(column, int | np.integer) or not 0 <= column < table.shape[1]:
        raise ValueError(f"got column {column!r}, expected a number from 0 to {table.shape[1] - 1}")
    return table[:, column]


def with_values(table: Table, column: Column, values: Any) -> Table:
    """Return a copy in which one column has other values; an array takes the type that can hold them all."""
    if isinstance(table, pd.DataFrame):
        return table.assign(**{column: values}) if isinstance(column, str) else _assigned(table, column, values)
    table, values = np.asarray(table), np.asarray(values)
    if table.ndim == 1:
        return values.copy()
    copy = table.astype(np.result_type(table, values) if values.dtype != object else object)
    copy[:, column] = values
    return copy


def take(table: Table, rows: np.ndarray) -> Table:
    """Return a copy that has these rows, in this order; a frame's rows are numbered anew."""
    if isinstance(table, pd.DataFrame | pd.Series):
        return table.iloc[rows].reset_index(drop=True)
    return np.asarray(table)[rows]


def numbers(values: Any, what: str) -> np.ndarray:
    """Return a column as float64; one that is not of numbers is an error."""
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise ValueError(f"got a column of {getattr(values, 'dtype', type(values))}, expected numbers: {what}")
    return np.asarray(values, dtype=float)


def draw(chances: np.ndarray | float, size: Any, rng: np.random.Generator) -> np.ndarray:
    """Return a mask: True with these chances, independently."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}, expected a numpy Generator: numpy.random.default_rng(0)")
    return rng.random(size) < chances


def check_rate(rate: float, name: str = "rate") -> None:
    """Refuse what is no chance."""
    if not 0 <= rate <= 1:
        raise ValueError(f"got {name} {rate}, expected a chance from 0 to 1")


def chances_by_value(values: Any, rate: float, strength: float) -> np.ndarray:
    """Return a chance for each row that grows with its value, and is ``rate`` on average.

    p = sigmoid(a + strength · z), where z is the place of the value in their order, shifted and scaled to mean 0 and
    standard deviation 1, and a is solved for. Categories are taken in sorted order; a missing value has z = 0.
    Strength 0 makes all chances equal; a negative one makes small values the likely ones.

    Parameters
    ----------
    values : (N,) numbers or categories.
    rate : the mean of the chances, strictly between 0 and 1 (at 0 and 1 there is nothing to depend on).
    strength : the change of the log-odds over one standard deviation.
    """
    check_rate(rate)
    series = pd.Series(np.asarray(values))
    if rate in (0, 1):
        return np.full(len(series), float(rate))
    if not pd.api.types.is_numeric_dtype(series):
        codes, _ = pd.factorize(series, sort=True)
        series = pd.Series(codes).where(codes >= 0)
    place = series.rank().to_numpy(dtype=float, na_value=np.nan)
    spread = np.nanstd(place) if np.isfinite(place).any() else 0.0
    z = np.zeros(len(place)) if spread == 0 else np.nan_to_num((place - np.nanmean(place)) / spread)
    low, high = -60.0 - abs(strength) * 10, 60.0 + abs(strength) * 10
    for _ in range(100):  # bisection: the mean chance grows with a
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(middle + strength * z).mean() < rate else (low, middle)
    return _sigmoid((low + high) / 2 + strength * z)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))  # never overflows


def _assigned(table: pd.DataFrame, column: Any, values: Any) -> pd.DataFrame:
    copy = table.copy()
    copy[column] = values
    return copy
