"""A table with nothing wrong, to plant faults in: what a check finds in it is a false alarm."""

import numpy as np
import pandas as pd

REGIONS = ("north", "south", "east", "west", "centre")
CITIES = ("Zürich", "Genève", "Basel", "Bern", "Lausanne", "Winterthur", "Neuchâtel", "Chur")


def clean_table(rows: int, rng: np.random.Generator, classes: int = 2) -> pd.DataFrame:
    """Return customers of a made-up shop: columns of the shapes that real ones have, and a ``target`` to predict.

    Bell-shaped (``height``), skewed (``income``), heavy-tailed (``balance``), counts with many zeros (``visits``),
    whole numbers (``age``), columns that hang together (``spending`` follows income), balanced and unequal categories,
    a date. The target depends on several columns, on none of them alone, and on chance.

    Parameters
    ----------
    rows : at least 20.
    classes : how many balanced classes the target has (``"class 1"``, ...); 0 makes it a number.
    """
    if rows < 20 or classes < 0 or classes == 1:
        raise ValueError(
            f"got {rows} rows and {classes} classes, expected at least 20 rows, and 0 or at least 2 classes"
        )
    age = rng.integers(18, 80, rows)
    income = np.exp(rng.normal(10.5, 0.6, rows))
    spending = income**0.7 * np.exp(rng.normal(0, 0.5, rows))
    chances = np.arange(len(CITIES), 0, -1) / np.arange(1, len(CITIES) + 1).sum()
    region, city = rng.integers(len(REGIONS), size=rows), rng.choice(len(CITIES), rows, p=chances)
    visits = rng.poisson(0.8 * np.exp(rng.normal(0, 0.7, rows)))
    score = 0.6 * (age - 49) / 18 + 0.8 * np.log(spending / income**0.7) / 0.5 + 0.3 * np.minimum(visits, 5)
    score = score + 0.4 * (region == 0) + rng.logistic(0, 1, rows)
    if classes:
        place = np.argsort(np.argsort(score))
        target = np.array([f"class {number}" for number in range(1, classes + 1)])[place * classes // rows]
    else:
        target = np.round(50 + 10 * score, 3)
    return pd.DataFrame(
        {
            "joined": pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1200, rows), unit="D"),
            "age": age,
            "height": np.round(rng.normal(171, 9.5, rows), 1),
            "income": np.round(income, 2),
            "spending": np.round(spending, 2),
            "balance": np.round(1000 * rng.standard_t(4, rows), 2),
            "visits": visits,
            "region": np.array(REGIONS)[region],
            "city": np.array(CITIES)[city],
            "member": rng.choice(["yes", "no"], rows),
            "target": target,
        }
    )
