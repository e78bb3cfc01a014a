"""Faults put into data on purpose, with the truth about where they are: so that a repair, or a check, can be scored.

>>> import numpy as np
>>> from groundup.applications import inject
>>> labels = np.array([0, 1, 0, 1, 1, 0, 0, 1])
>>> noisy, wrong = inject.noisy_labels(labels, inject.symmetric_noise(2, rate=0.3), np.random.default_rng(0))
>>> bool((noisy[~wrong] == labels[~wrong]).all() and (noisy[wrong] != labels[wrong]).all())
True

Every function takes arrays or pandas frames, leaves them as they are, and returns a pair: the changed copy and the
truth. Of cells, the truth is a mask that is True exactly where a value was changed; of rows, it is the numbers of the
rows that each row of the copy comes from. Randomness is an argument, ``rng``: the same state gives the same faults.
A ``rate`` is a chance for each cell or row by itself, so the share that is changed is close to it, not equal to it.

Where each kind of fault is: missing values in `inject.missing`, wrong labels in `inject.labels`, rows (imbalance,
shift, duplicates) in `inject.rows`, wrong values (outliers, units, text) in `inject.cells`, whole columns (leakage) in
`inject.columns`. `inject.clean` makes a table with nothing wrong, to put them in.
"""

from groundup.applications.inject.cells import (
    disguised_missing,
    mojibake,
    numbers_as_text,
    outliers,
    spelling_variants,
    unit_mixup,
)
from groundup.applications.inject.clean import clean_table
from groundup.applications.inject.columns import constant, identifier, leak
from groundup.applications.inject.labels import noisy_labels, pairwise_noise, symmetric_noise
from groundup.applications.inject.missing import (
    missing_at_random,
    missing_completely_at_random,
    missing_not_at_random,
)
from groundup.applications.inject.rows import covariate_shift, duplicates, imbalance, label_shift, near_duplicates

__all__ = [
    "clean_table",
    "constant",
    "covariate_shift",
    "disguised_missing",
    "duplicates",
    "identifier",
    "imbalance",
    "label_shift",
    "leak",
    "missing_at_random",
    "missing_completely_at_random",
    "missing_not_at_random",
    "mojibake",
    "near_duplicates",
    "noisy_labels",
    "numbers_as_text",
    "outliers",
    "pairwise_noise",
    "spelling_variants",
    "symmetric_noise",
    "unit_mixup",
]
