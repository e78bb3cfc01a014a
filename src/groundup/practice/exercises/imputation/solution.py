"""Missing values: fill them without looking at the test.

A gap in a table is a nan. nan equals nothing, not even itself, so x == np.nan is always False: np.isnan(x) finds the gaps.
Three rules:

    Fill with a number of the training part     the column's median there. The test must not have a say in it, or the result is
                                                better than it will be in use
    Keep the fact                               that a value is missing may tell something (a test that no doctor ordered), so
                                                each column gets a companion: 1 where there was a gap, else 0
    The same columns always                     also for a column that has gaps in the test alone

After that the columns are standardised, (x - mean) / std, again with numbers of the training part alone, of its filled
columns. std divides by N, not by N - 1. A column without any spread is not divided: its std counts as 1. The
companions stay 0 and 1.
"""

import numpy as np


def medians(x):
    """Return the median (I,) of each column of x (N, I), over the values that are there; 0 where there are none."""
    # your code
    found = np.zeros_like(x[0])
    for column in range(x.shape[1]):
        values = x[~np.isnan(x[:, column]), column]
        if len(values):
            found[column] = np.median(values)
    return found
    # end of your code


def fill(x, values):
    """Return two arrays (N, I): x with values (I,) in its gaps, and where they were, 1 for a gap and 0 for a value."""
    # your code
    missing = np.isnan(x)
    return np.where(missing, values, x), missing.astype(x.dtype)
    # end of your code


def prepare(train, test):
    """Return train and test ready for a model: for (N, I) and (M, I) an (N, 2 I) and an (M, 2 I).

    First come the I filled and standardised columns, then their I companions.
    """
    # your code
    values = medians(train)
    train, train_gaps = fill(train, values)
    test, test_gaps = fill(test, values)
    mean, std = train.mean(axis=0), train.std(axis=0)
    std[std == 0] = 1
    return np.hstack([(train - mean) / std, train_gaps]), np.hstack([(test - mean) / std, test_gaps])
    # end of your code
