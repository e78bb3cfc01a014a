"""Split rows into two parts at random, each with the same mix of labels."""

from typing import Any

import numpy as np

from groundup.data.dataset import Split


def split(x: Any, y: Any, fraction: float, rng: np.random.Generator, stratify: bool = True) -> tuple[Split, Split]:
    """Split ``x`` and ``y`` into two parts that share no row and leave none out, in random order.

    The first part gets round(fraction · N) of the N rows. Stratified, a class with n rows gives fraction · n of
    them to the first part, rounded down or up so that the sum is right (largest remainder first).

    Parameters
    ----------
    x, y : arrays or pandas objects with N rows each.
    fraction : share of the first part, between 0 and 1: ``train, validation = split(x, y, 0.9, rng)``.
    rng : the same generator state gives the same split.
    stratify : give both parts the same mix of the labels ``y``; otherwise draw from all rows alike.

    Raises
    ------
    ValueError
        ``x`` and ``y`` differ in length, the fraction is not between 0 and 1, or a part would be empty.
    TypeError
        ``rng`` is not a ``numpy.random.Generator``.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}, expected a numpy Generator: numpy.random.default_rng(0)")
    rows = len(y)
    if len(x) != rows:
        raise ValueError(f"x has {len(x)} rows and y has {rows}: expected as many labels as rows")
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}, expected a share between 0 and 1, such as 0.9 for nine rows in ten")
    count = round(fraction * rows)
    if count in (0, rows):
        raise ValueError(f"fraction {fraction} of {rows} rows leaves a part empty")

    if stratify:
        first = _stratified(np.asarray(y), count, fraction, rng)
    else:
        first = rng.permutation(rows)[:count]
    second = np.setdiff1d(np.arange(rows), first)
    rng.shuffle(first)
    rng.shuffle(second)
    return Split(_take(x, first), _take(y, first)), Split(_take(x, second), _take(y, second))


def _stratified(y: np.ndarray, count: int, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Choose ``count`` row numbers such that each class gives its share."""
    _, labels, sizes = np.unique(y, return_inverse=True, return_counts=True)
    quotas = sizes * fraction
    given = np.floor(quotas).astype(int)
    missing = count - given.sum()
    given[np.argsort(given - quotas, kind="stable")[:missing]] += 1  # the largest remainders are rounded up
    return np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:n] for label, n in enumerate(given)])


def _take(rows: Any, index: np.ndarray) -> Any:
    return rows.iloc[index] if hasattr(rows, "iloc") else np.asarray(rows)[index]
