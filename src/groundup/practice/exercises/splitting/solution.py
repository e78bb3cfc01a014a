"""Splitting a table: what is tested must not have been seen in training.

A split gives two arrays of row numbers, train and test: every row is in exactly one of them. A share ``fraction`` of the
rows goes to the test, rounded: round(fraction * how many). Which rows may go depends on what the table is.

Stratified. A rare class may be missing from a small test by bad luck. So each class gives its own share, drawn at random:
a class of 20 rows gives round(fraction * 20).

By group. Rows of one patient, one user, one photographed scene resemble each other: with some of them in training, the
rest is no honest test. So whole groups go, drawn at random: round(fraction * how many groups), however many rows they have.

By time. Who forecasts knows the past alone: the last rows in time are the test. Nothing is drawn here. The table need not be
in the order of time.
"""

import numpy as np


def stratified_split(labels, fraction, rng):
    """Return train, test: the row numbers of both parts, for the class numbers ``labels`` (N,); rng draws."""
    # your code
    test = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        test.append(rows[: round(fraction * len(rows))])
    test = np.concatenate(test)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return train, test
    # end of your code


def group_split(groups, fraction, rng):
    """Return train, test: the row numbers of both parts, for the group number of each row (N,); rng draws."""
    # your code
    names = rng.permutation(np.unique(groups))
    chosen = names[: round(fraction * len(names))]
    tested = np.isin(groups, chosen)
    return np.flatnonzero(~tested), np.flatnonzero(tested)
    # end of your code


def time_split(times, fraction):
    """Return train, test: the row numbers of both parts, for the time of each row (N,), all different."""
    # your code
    order = np.argsort(times)
    cut = len(times) - round(fraction * len(times))
    return order[:cut], order[cut:]
    # end of your code
