"""Wrong values in one column: outliers, mixed units, codes for "unknown", and text where something else should be."""

from typing import Any

import numpy as np
import pandas as pd

from groundup.applications.inject.tables import Column, Table, check_rate, column_of, draw, numbers, with_values


def outliers(
    table: Table, column: Column, rate: float, rng: np.random.Generator, size: float = 10.0
) -> tuple[Table, np.ndarray]:
    """Throw numbers far from the rest: mean ± ``size`` standard deviations, give or take one, on either side.

    Returns
    -------
    The changed copy, and a mask (N,): True where the value was replaced. A missing value stays missing.
    """
    values = numbers(column_of(table, column), "an outlier is a number far from the others")
    mask = _chosen(values, rate, rng)
    side = rng.choice([-1.0, 1.0], len(values))
    far = np.nanmean(values) + side * (size + rng.normal(0, 1, len(values))) * np.nanstd(values)
    return with_values(table, column, np.where(mask, far, values)), mask


def unit_mixup(
    table: Table, column: Column, rate: float, rng: np.random.Generator, factor: float = 1000.0
) -> tuple[Table, np.ndarray]:
    """Write some numbers in another unit: times ``factor`` (1000: grams among kilograms; 0.3048: metres among feet).

    Returns
    -------
    The changed copy, and a mask (N,): True where the value was changed (zero stays zero, and is not marked).
    """
    values = numbers(column_of(table, column), "a unit belongs to a number")
    mask = _chosen(values, rate, rng) & (values != 0) & (factor != 1)
    return with_values(table, column, np.where(mask, values * factor, values)), mask


def disguised_missing(
    table: Table, column: Column, rate: float, rng: np.random.Generator, code: Any = -999
) -> tuple[Table, np.ndarray]:
    """Write a code where a value is unknown, such as −999 among numbers or ``"unknown"`` among names.

    Returns
    -------
    The changed copy, and a mask (N,): True where the code was written over another value.
    """
    values = column_of(table, column)
    mask = draw(rate, len(values), rng) & ~np.asarray(pd.isna(values)) & np.asarray(values != code)
    if isinstance(values, pd.Series):
        if isinstance(code, str) and not pd.api.types.is_string_dtype(values):
            values = values.astype(object)  # text among numbers: pandas calls such a column an object
        return with_values(table, column, values.mask(mask, code)), mask
    return with_values(table, column, np.where(mask, np.asarray(code), values)), mask


def numbers_as_text(table: pd.DataFrame, column: str, form: str = "${:,.2f}") -> tuple[pd.DataFrame, np.ndarray]:
    """Write a column of numbers as people do, by a format such as ``"${:,.2f}"`` or ``"{:.1f} kg"``.

    Returns
    -------
    The changed copy, and a mask (N,): True where a number was written (what is missing stays missing).
    """
    values = numbers(column_of(table, column), "only numbers can be written as text")
    mask = np.isfinite(values)
    written = [form.format(value) if known else None for value, known in zip(values, mask)]
    return table.assign(**{column: pd.Series(written, index=table.index, dtype="str")}), mask


def spelling_variants(
    table: pd.DataFrame, column: str, rate: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Write some categories another way: in capitals, in small letters, or with a space before or after.

    Returns
    -------
    The changed copy, and a mask (N,): True where the spelling differs from what it was.
    """
    check_rate(rate)
    values = column_of(table, column)
    chosen = draw(rate, len(values), rng) & ~np.asarray(pd.isna(values))
    ways = (str.upper, str.lower, lambda text: text + " ", lambda text: " " + text)
    way = rng.integers(len(ways), size=len(values))
    written = [
        ways[w](str(value)) if change else value for value, change, w in zip(values.to_list(), chosen, way.tolist())
    ]
    changed = np.array([new != old for new, old in zip(written, values.to_list())]) & chosen
    return table.assign(**{column: pd.Series(written, index=table.index, dtype="str")}), changed


def mojibake(table: pd.DataFrame, column: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Spoil the accents of a text column: its UTF-8 bytes read as Windows-1252, so that é becomes Ã©.

    Returns
    -------
    The changed copy, and a mask (N,): True where the text differs (pure ASCII stays as it is).
    """
    values = column_of(table, column)
    spoiled = [
        text.encode("utf-8").decode("cp1252", errors="replace") if isinstance(text, str) else text
        for text in values.to_list()
    ]
    changed = np.array([isinstance(new, str) and new != old for new, old in zip(spoiled, values.to_list())])
    return table.assign(**{column: pd.Series(spoiled, index=table.index, dtype="str")}), changed


def _chosen(values: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    check_rate(rate)
    return draw(rate, len(values), rng) & np.isfinite(values)
