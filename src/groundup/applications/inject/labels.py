"""Wrong labels: a transition matrix says how often each class is taken for each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from groundup.applications.inject.tables import check_rate


def symmetric_noise(classes: int, rate: float) -> np.ndarray:
    """Return the matrix of mistakes that know no likeness: with chance ``rate``, any of the *other* classes.

    T[i, i] = 1 − rate and T[i, j] = rate / (K − 1). (Some papers let the drawn class be the true one; then a noise of
    r means r · (K − 1) / K here.)
    """
    _check(classes, rate)
    matrix = np.full((classes, classes), rate / (classes - 1))
    np.fill_diagonal(matrix, 1 - rate)
    return matrix


def pairwise_noise(classes: int, rate: float) -> np.ndarray:
    """Return the matrix of mistakes between neighbours: with chance ``rate``, the *next* class (the last: the first).

    It is harder than `symmetric_noise`: at a rate of 0.5 the wrong class is as frequent as the right one. Han et al.
    2018, "Co-teaching", Figure 2(a), call it pair flipping.
    """
    _check(classes, rate)
    return (1 - rate) * np.eye(classes) + rate * np.roll(np.eye(classes), 1, axis=1)


def noisy_labels(
    labels: Any, transition: np.ndarray, rng: np.random.Generator, classes: Sequence[Any] | None = None
) -> tuple[Any, np.ndarray]:
    """Replace labels by wrong ones.

    Parameters
    ----------
    labels : (N,) classes: numbers or names, in an array or a Series.
    transition : (K, K); ``transition[i, j]`` is the chance that a label of class i becomes class j. Rows sum to 1.
    classes : the K classes in the order of the matrix, by default those that occur, sorted.

    Returns
    -------
    The changed copy, and a mask (N,): True where the label is now wrong.
    """
    values = np.asarray(labels)
    names = np.unique(values) if classes is None else np.asarray(list(classes))
    transition = np.asarray(transition, dtype=float)
    if transition.shape != (len(names), len(names)):
        raise ValueError(f"got a transition of shape {transition.shape} for {len(names)} classes, expected a square")
    if (transition < 0).any() or not np.allclose(transition.sum(axis=1), 1):
        raise ValueError(f"got a transition whose rows sum to {transition.sum(axis=1)}, expected chances that sum to 1")
    order = np.argsort(names, kind="stable")
    place = np.clip(np.searchsorted(names, values, sorter=order), 0, len(names) - 1)
    codes = order[place]
    if not (names[codes] == values).all():
        raise ValueError(f"got labels that are not among the classes {names.tolist()}")
    edges = np.cumsum(transition, axis=1)[:, :-1]  # the last class takes what is left: no label falls past it
    drawn = (rng.random(len(values))[:, None] >= edges[codes]).sum(axis=1)
    wrong = drawn != codes
    noisy = np.where(wrong, names[drawn], values).astype(values.dtype)
    if isinstance(labels, pd.Series):
        return pd.Series(noisy, index=labels.index, name=labels.name).astype(labels.dtype), wrong
    return noisy, wrong


def _check(classes: int, rate: float) -> None:
    if classes < 2:
        raise ValueError(f"got {classes} classes, expected at least 2: a label can only be wrong if there is another")
    check_rate(rate)
