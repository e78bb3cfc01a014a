"""Cutting the data into batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Array = np.ndarray


def batches(
    x: Array, y: Array, size: int, rng: np.random.Generator | None = None, drop_last: bool = False
) -> Iterator[tuple[Array, Array]]:
    """Yield the examples in batches; each exactly once, in a random order if ``rng`` is given.

    Parameters
    ----------
    x, y : arrays with one example a row.
    size : examples in a batch; the last may be smaller, or is left out with ``drop_last``.
    rng : source of the order; None keeps the order of the data.

    Raises
    ------
    ValueError : ``x`` and ``y`` differ in length, or the size is not positive.
    """
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} examples and y has {len(y)}: were they split or shuffled apart?")
    if size < 1:
        raise ValueError(f"a batch holds at least 1 example, got {size}")
    order = np.arange(len(x)) if rng is None else rng.permutation(len(x))
    stop = len(x) - len(x) % size if drop_last else len(x)
    for start in range(0, stop, size):
        chosen = order[start : start + size]
        yield x[chosen], y[chosen]
